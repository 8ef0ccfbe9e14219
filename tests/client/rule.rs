//! The rule beside what others got wrong: who is trusted, limits, single addresses, and what is told of it.

use std::net::{IpAddr, Ipv6Addr, SocketAddrV6};

use ipgate::client::{ClientRule, Found, Header, NoClient, NoSource};
use ipgate::{Gate, List, Policy};

use crate::{address, behind, find};

#[test]
fn without_trusted_proxies_the_peer_is_the_client() {
    let no_list = Gate::from_policy(&Policy::new()); // lets everyone in, and is no reason to believe anyone
    assert!(no_list.is_allowed(address("203.0.113.9")));
    for rule in [
        ClientRule::peer(),
        ClientRule::default(),
        behind("", "X-Forwarded-For"),
        ClientRule::behind(no_list.clone(), Header::XForwardedFor),
        ClientRule::behind_proxy_protocol(no_list),
    ] {
        let client = rule.find(address("203.0.113.9"), &["192.0.2.7"]).unwrap();
        assert_eq!((client.address(), client.found()), (address("203.0.113.9"), Found::Peer));
        let client = rule.find_proxied(address("203.0.113.9"), Ok(address("192.0.2.7"))).unwrap();
        assert_eq!((client.address(), client.found()), (address("203.0.113.9"), Found::Peer));
    }
}

/// The lines of a header are not even asked for where the peer is not trusted.
#[test]
fn nothing_is_read_of_whoever_is_not_trusted() {
    #[derive(Clone, Copy)]
    struct Untouchable;
    impl IntoIterator for Untouchable {
        type Item = &'static str;
        type IntoIter = std::array::IntoIter<&'static str, 0>;
        fn into_iter(self) -> Self::IntoIter {
            panic!("the header was read")
        }
    }
    let rule = behind("10.0.0.0/8,!10.9.0.0/16", "X-Forwarded-For");
    assert!(rule.find(address("203.0.113.9"), Untouchable).is_ok());
    assert!(rule.find(address("10.9.0.1"), Untouchable).is_ok());
    assert!(ClientRule::peer().find(address("10.0.0.1"), Untouchable).is_ok());
}

#[test]
fn exceptions_and_expiry_of_the_list_of_proxies_hold() {
    let rule = behind("10.0.0.0/8,!10.9.0.0/16,192.0.2.1;until=2020-01-01", "X-Forwarded-For");
    assert_eq!(find(&rule, "10.0.0.1", &["203.0.113.9, 10.9.0.1"]), Ok(address("10.9.0.1")));
    assert_eq!(find(&rule, "192.0.2.1", &["203.0.113.9"]), Ok(address("192.0.2.1")));
}

#[test]
fn proxies_are_swapped_as_any_list_is() {
    let trusted = Gate::new(&"10.0.0.1".parse::<List>().unwrap());
    let rule = ClientRule::behind(trusted.clone(), Header::XForwardedFor);
    assert_eq!(find(&rule, "10.0.0.1", &["203.0.113.9"]), Ok(address("203.0.113.9")));
    trusted.replace(&"10.0.0.2".parse().unwrap()).unwrap();
    assert_eq!(find(&rule, "10.0.0.1", &["203.0.113.9"]), Ok(address("10.0.0.1")));
    assert_eq!(find(&rule, "10.0.0.2", &["203.0.113.9"]), Ok(address("203.0.113.9")));
}

#[test]
fn mapped_addresses_are_ipv4_everywhere() {
    let rule = behind("10.0.0.0/8", "X-Forwarded-For");
    let line = "::ffff:203.0.113.9, ::ffff:10.0.0.2";
    let client = rule.find(address("::ffff:10.0.0.1"), &[line]).unwrap();
    assert_eq!((client.address(), client.peer()), (address("203.0.113.9"), address("10.0.0.1")));
}

#[test]
fn the_zone_of_a_link_local_peer_is_dropped() {
    let peer = SocketAddrV6::new(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1), 4711, 0, 3);
    let client = behind("fe80::1", "X-Forwarded-For").find(IpAddr::V6(*peer.ip()), &["192.0.2.7"]).unwrap();
    assert_eq!(client.address(), address("192.0.2.7"));
}

#[test]
fn a_peer_without_an_address_has_no_client() {
    for rule in [ClientRule::peer(), behind("all", "X-Forwarded-For")] {
        assert_eq!(rule.find(None, &["192.0.2.7"]), Err(NoClient::NoPeer));
        assert_eq!(rule.find_proxied(None, Ok(address("192.0.2.7"))), Err(NoClient::NoPeer));
    }
}

#[test]
fn a_header_is_bounded() {
    let rule = behind("10.0.0.0/8", "X-Forwarded-For");
    let chain = |proxies: usize| "10.0.0.2,".repeat(proxies) + "203.0.113.9";
    assert_eq!(find(&rule, "10.0.0.1", &[&*chain(63)]), Ok(address("203.0.113.9")));
    assert_eq!(find(&rule, "10.0.0.1", &[&*chain(64)]), Err(NoClient::TooLong));
    assert_eq!(find(&rule, "10.0.0.1", &[&*chain(31), &*chain(31)]), Ok(address("203.0.113.9")));
    assert_eq!(find(&rule, "10.0.0.1", &[&*chain(31), &*chain(32)]), Err(NoClient::TooLong));
    let blank = |blanks: usize| " ".repeat(blanks) + "203.0.113.9";
    assert_eq!(find(&rule, "10.0.0.1", &[&*blank(4096 - 11)]), Ok(address("203.0.113.9")));
    assert_eq!(find(&rule, "10.0.0.1", &[&*blank(4097 - 11)]), Err(NoClient::TooLong));
    assert_eq!(find(&rule, "10.0.0.1", &[&*blank(2048), &*blank(2048)]), Err(NoClient::TooLong));
    // Commas in quotes count, too.
    let forwarded = behind("10.0.0.0/8", "Forwarded");
    let line = |commas: usize| format!("for=203.0.113.9;x=\"{}\"", ",".repeat(commas));
    assert_eq!(find(&forwarded, "10.0.0.1", &[&*line(63)]), Ok(address("203.0.113.9")));
    assert_eq!(find(&forwarded, "10.0.0.1", &[&*line(64)]), Err(NoClient::TooLong));
}

#[test]
fn a_single_address_is_one_line_and_is_demanded() {
    let rule = behind("10.0.0.0/8", "CF-Connecting-IP");
    assert_eq!(find(&rule, "10.0.0.1", &["203.0.113.9"]), Ok(address("203.0.113.9")));
    assert_eq!(
        find(&rule, "10.0.0.1", &["10.0.0.7"]),
        Ok(address("10.0.0.7")),
        "a proxy that asks for itself"
    );
    assert_eq!(find(&rule, "10.0.0.1", &["203.0.113.9", "203.0.113.9"]), Err(NoClient::SeveralLines));
    assert_eq!(find(&rule, "10.0.0.1", &[]), Err(NoClient::NoHeader));
    assert_eq!(find(&rule.require_header(false), "10.0.0.1", &[]), Ok(address("10.0.0.1")));
}

#[test]
fn a_trusted_proxy_without_the_header_speaks_for_itself_unless_it_is_demanded() {
    for header in ["X-Forwarded-For", "Forwarded"] {
        let rule = behind("10.0.0.0/8", header);
        let client = rule.find(address("10.0.0.1"), &[""; 0]).unwrap();
        assert_eq!((client.address(), client.found()), (address("10.0.0.1"), Found::WithoutHeader));
        assert_eq!(find(&rule.require_header(true), "10.0.0.1", &[]), Err(NoClient::NoHeader));
    }
}

#[test]
fn only_what_the_rule_believes_is_believed() {
    let header = behind("10.0.0.0/8", "X-Forwarded-For");
    let named = Ok(address("192.0.2.7"));
    assert_eq!(header.find_proxied(address("10.0.0.1"), named), Err(NoClient::NoHeader));
    let proxied = ClientRule::behind_proxy_protocol(header.trusted().unwrap().clone());
    assert_eq!(find(&proxied, "10.0.0.1", &["192.0.2.7"]), Err(NoClient::NoHeader));
    assert_eq!(find(&proxied, "203.0.113.9", &["192.0.2.7"]), Ok(address("203.0.113.9")));
    for why in [NoSource::Local, NoSource::Unknown, NoSource::Unix] {
        assert_eq!(proxied.find_proxied(address("10.0.0.1"), Err(why)), Err(NoClient::NoSource(why)));
        assert_eq!(proxied.find_proxied(address("203.0.113.9"), Err(why)).unwrap().found(), Found::Peer);
    }
}

#[test]
fn names_of_headers() {
    for (name, lower) in [
        ("X-Forwarded-For", "x-forwarded-for"),
        ("FORWARDED", "forwarded"),
        ("True-Client-IP", "true-client-ip"),
    ] {
        assert_eq!(name.parse::<Header>().unwrap().name(), lower);
    }
    assert_eq!("x-forwarded-FOR".parse(), Ok(Header::XForwardedFor), "never a header with a single address");
    for bad in ["", "X Real", "X-Real-IP:", "X-Réal-IP", "a\r\nb"] {
        let error = bad.parse::<Header>().unwrap_err().to_string();
        assert!(error.contains("is no header's name") && !error.contains('\n'), "{error}");
    }
}

#[test]
fn an_explanation_names_every_hop() {
    let rule = behind("10.0.0.1:lb,10.0.0.2:edge,!10.9.0.0/16", "X-Forwarded-For");
    let told = |peer: &str, lines: &[&str]| rule.explain(address(peer), lines).to_string();
    for (peer, lines, expected) in [
        ("203.0.113.9", &["192.0.2.7"][..], "203.0.113.9 by the peer"),
        (
            "10.0.0.1",
            &["192.0.2.7", "203.0.113.9,10.0.0.2"],
            "203.0.113.9 by x-forwarded-for: element 2 from the right, behind 10.0.0.1:lb (the peer), 10.0.0.2:edge (element 1)",
        ),
        (
            "10.0.0.1",
            &["10.0.0.2"],
            "10.0.0.2 by x-forwarded-for: element 1 from the right, the leftmost of trusted proxies, behind 10.0.0.1:lb (the peer), 10.0.0.2:edge (element 1)",
        ),
        (
            "10.0.0.1",
            &["192.0.2.7, unknown, 10.0.0.2"],
            "no client address: x-forwarded-for: element 2 from the right is `unknown`, behind 10.0.0.1:lb (the peer), 10.0.0.2:edge (element 1)",
        ),
    ] {
        assert_eq!(told(peer, lines), expected);
    }
    let why = rule.explain(address("10.0.0.1"), &["203.0.113.9, 10.0.0.2"]);
    assert_eq!(why.outcome(), rule.find(address("10.0.0.1"), &["203.0.113.9, 10.0.0.2"]));
    let hops: Vec<_> = why.hops().iter().map(|hop| (hop.address(), hop.nth(), hop.label())).collect();
    assert_eq!(hops, [(address("10.0.0.1"), None, Some("lb")), (address("10.0.0.2"), Some(1), Some("edge"))]);
}
