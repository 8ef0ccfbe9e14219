//! What other programs got wrong, a test each. A client that they let in or kept out is named as it is, or refused.

use ipgate::client::{Found, NoClient, NotAnAddress};
use ipgate::{Gate, List};

use crate::{address, behind, find};

const PROXIES: &str = "10.0.0.0/8:lb,2001:db8::/32:edge";

/// ingress-nginx#1000: whoever came straight was whoever the header said.
#[test]
fn a_spoofed_header_never_wins_over_a_peer_that_is_no_proxy() {
    for header in ["X-Forwarded-For", "Forwarded", "X-Real-IP"] {
        let rule = behind(PROXIES, header);
        for line in ["192.0.2.7", "for=192.0.2.7", "10.0.0.1, 10.0.0.2", "unknown", ""] {
            assert_eq!(find(&rule, "203.0.113.9", &[line]), Ok(address("203.0.113.9")), "{header}: {line}");
        }
    }
}

/// The same through a proxy, which appends the peer to what the client had claimed.
#[test]
fn what_a_client_claims_is_further_left_than_what_a_proxy_saw() {
    let rule = behind(PROXIES, "X-Forwarded-For");
    let spoofed =
        ["192.0.2.7, 203.0.113.9", "192.0.2.7,unknown,203.0.113.9", ", ,203.0.113.9", "\",203.0.113.9"];
    for line in spoofed {
        assert_eq!(find(&rule, "10.0.0.1", &[line]), Ok(address("203.0.113.9")), "{line}");
    }
    assert_eq!(
        find(&rule, "10.0.0.1", &["192.0.2.7", "203.0.113.9"]),
        Ok(address("203.0.113.9")),
        "two lines"
    );
}

/// traefik#10561: where the only element was a proxy that was to be left out, there was no address.
#[test]
fn one_element_that_is_a_trusted_proxy_is_the_client() {
    let rule = behind(PROXIES, "X-Forwarded-For");
    let client = rule.find(address("10.0.0.1"), &["10.0.0.2"]).unwrap();
    assert_eq!((client.address(), client.found()), (address("10.0.0.2"), Found::Leftmost { nth: 1 }));
}

/// traefik#5321: a number of proxies was counted off by one. Proxies are known by address here, so a chain may be of any
/// length.
#[test]
fn proxies_are_known_and_not_counted() {
    let rule = behind(PROXIES, "X-Forwarded-For");
    let mut line = "6.6.6.6, 203.0.113.9".to_owned();
    for proxies in 0..20 {
        let client = rule.find(address("10.0.0.1"), &[&*line]).unwrap();
        assert_eq!(
            (client.address(), client.found()),
            (address("203.0.113.9"), Found::Element { nth: proxies + 1 })
        );
        line += ", 10.0.0.2";
    }
}

/// traefik#5816: who was on the list by the header or by the peer came in.
#[test]
fn a_client_is_one_address_and_never_the_peer_as_well() {
    let rule = behind(PROXIES, "X-Forwarded-For");
    let gate = Gate::new(&"10.0.0.0/8:office,192.0.2.7:partner".parse::<List>().unwrap());
    let stranger = rule.find(address("10.0.0.1"), &["203.0.113.9"]).unwrap();
    assert!(!gate.is_allowed(stranger.address()), "the peer is on the list, the client is not");
    let claims = rule.find(address("203.0.113.9"), &["192.0.2.7"]).unwrap();
    assert!(!gate.is_allowed(claims.address()), "what it claims is on the list, the peer is not");
}

/// haproxy#2133, #2054, and Azure, whose gateway adds ports.
#[test]
fn brackets_and_ports_are_understood() {
    let rule = behind(PROXIES, "X-Forwarded-For");
    for (line, client) in [
        ("203.0.113.9:4711", "203.0.113.9"),
        ("[2001:db9::1]", "2001:db9::1"),
        ("[2001:db9::1]:443", "2001:db9::1"),
        ("203.0.113.9:4711, [2001:db8::1]:80, 10.0.0.2:1", "203.0.113.9"),
        ("[::ffff:203.0.113.9]:80", "203.0.113.9"),
    ] {
        assert_eq!(find(&rule, "10.0.0.1", &[line]), Ok(address(client)), "{line}");
    }
    let rule = behind(PROXIES, "Forwarded");
    for (line, client) in [
        (r#"for="203.0.113.9:4711""#, "203.0.113.9"),
        (r#"for="[2001:db9::1]""#, "2001:db9::1"),
        (r#"for="[2001:db9::1]:443";proto=https, for="[2001:db8::1]:80""#, "2001:db9::1"),
    ] {
        assert_eq!(find(&rule, "10.0.0.1", &[line]), Ok(address(client)), "{line}");
    }
}

/// rustfs#4461: the last group of an address was taken for a port.
#[test]
fn bare_ipv6_is_not_cut_at_its_last_colon() {
    for (header, line) in [("X-Forwarded-For", "2001:db9::1:443"), ("Forwarded", "for=\"2001:db9::1:443\"")] {
        assert_eq!(find(&behind(PROXIES, header), "10.0.0.1", &[line]), Ok(address("2001:db9::1:443")));
    }
}

/// The same: the first element was taken, which is the client's own.
#[test]
fn forwarded_is_read_from_the_right() {
    let rule = behind(PROXIES, "Forwarded");
    let line = "for=192.0.2.7, for=203.0.113.9;proto=https, for=10.0.0.2";
    assert_eq!(find(&rule, "10.0.0.1", &[line]), Ok(address("203.0.113.9")));
    let lines = ["for=192.0.2.7", "for=203.0.113.9", "for=10.0.0.2;host=\"a, for=192.0.2.7\""];
    assert_eq!(find(&rule, "10.0.0.1", &lines), Ok(address("203.0.113.9")));
}

/// The same: a comma in quotes made two elements of one.
#[test]
fn a_comma_in_quotes_splits_nothing() {
    let refused = |nth, why| Err(NoClient::Element { nth, why });
    let rule = behind(PROXIES, "Forwarded");
    let line = r#"for="203.0.113.7, for=10.9.9.9""#;
    assert_eq!(find(&rule, "10.0.0.1", &[line]), refused(1, NotAnAddress::Unreadable));
    let line = r#"for=192.0.2.7, for=203.0.113.9;host="x, for=10.9.9.9""#;
    assert_eq!(find(&rule, "10.0.0.1", &[line]), Ok(address("203.0.113.9")));
    // A quote that a client has opened swallows nothing of what a proxy writes behind it.
    let line = r#"for="192.0.2.7, for=203.0.113.9"#;
    assert_eq!(find(&rule, "10.0.0.1", &[line]), Ok(address("203.0.113.9")));
    let line = r#"for="192.0.2.7, for=10.0.0.2"#;
    assert_eq!(find(&rule, "10.0.0.1", &[line]), refused(2, NotAnAddress::Malformed));
}

/// `for=unknown` led to another header, or to the peer.
#[test]
fn what_is_no_address_falls_back_to_nothing() {
    for (header, line, nth, why) in [
        ("Forwarded", "for=unknown", 1, NotAnAddress::Unknown),
        ("Forwarded", "for=192.0.2.7, for=_hidden, for=10.0.0.2", 2, NotAnAddress::Hidden),
        ("Forwarded", "for=192.0.2.7, proto=https", 1, NotAnAddress::Malformed),
        ("X-Forwarded-For", "192.0.2.7, unknown", 1, NotAnAddress::Unknown),
        ("X-Forwarded-For", "192.0.2.7, office, 10.0.0.2", 2, NotAnAddress::Unreadable),
        ("X-Forwarded-For", "192.0.2.7,", 1, NotAnAddress::Empty),
        ("X-Forwarded-For", "", 1, NotAnAddress::Empty),
        ("X-Forwarded-For", "192.0.2.7, fe80::1%eth0", 1, NotAnAddress::Zone),
        ("X-Real-IP", "unknown", 1, NotAnAddress::Unknown),
        ("X-Real-IP", "192.0.2.7, 203.0.113.9", 1, NotAnAddress::Unreadable),
    ] {
        let found = find(&behind(PROXIES, header), "10.0.0.1", &[line]);
        assert_eq!(found, Err(NoClient::Element { nth, why }), "{header}: {line}");
    }
}
