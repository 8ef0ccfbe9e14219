//! The rule beside a real nginx with `real_ip_recursive on`: thousands of requests from real peers, and its `$remote_addr`.
//!
//! Where both walk over what both read, they name the same client. Where the walk meets something that they read
//! differently on purpose, it is one of the [`Element`]s below, and each says what is expected here, and of nginx.

#![cfg(target_os = "linux")] // other systems have no 127.0.0.2 without setup

#[path = "../../support/bgp.rs"]
#[allow(dead_code, reason = "other tests use more of it")]
mod bgp;
mod server;

use std::net::IpAddr;

use bgp::Random;
use ipgate::client::{Found, NoClient, NotAnAddress};
use ipgate::{canonical_address, ipnet::IpNet};

use crate::{address, behind};
use server::Server;

/// The sets of trusted proxies, each a server of the one nginx.
const TRUSTED: [&[&str]; 4] = [
    &["127.0.0.0/8", "::1/128", "10.0.0.0/8", "2001:db8::/32"],
    &["127.0.0.1/32", "10.0.0.0/8", "10.9.1.0/24", "fd00::/8"],
    &["0.0.0.0/0", "::/0"],
    &["10.0.0.0/8", "2001:db8::/32"],
];
const PEERS: [&str; 4] = ["127.0.0.1", "127.0.0.2", "127.9.9.9", "::1"];
/// For each set and peer.
const REQUESTS: usize = 400;

/// An element as it is written, and how it is read.
#[derive(Debug, Clone)]
enum Element {
    /// An address, for both.
    Address(String, IpAddr),
    /// An address here, and none for nginx.
    AddressHere(String, IpAddr),
    /// None here; nginx stops, and has the last trusted proxy for the client.
    Garbage(&'static str, NotAnAddress),
    /// None here; nginx reads something else, or goes on.
    ReadByNginx(&'static str, NotAnAddress),
}

/// What is to be expected of a request.
#[derive(Debug, PartialEq)]
struct Expected {
    here: Result<(IpAddr, Found), NoClient>,
    /// `None` where nginx says something of its own.
    nginx: Option<IpAddr>,
}

fn v4(random: &mut Random) -> IpAddr {
    let tail = random.next().to_be_bytes();
    match random.below(10) {
        0..=3 => IpAddr::from([10, tail[0] % 16, tail[1], tail[2]]),
        4 => IpAddr::from([127, 0, 0, tail[0] % 4]),
        5 => IpAddr::from([10, 9, 1, tail[0]]),
        _ => IpAddr::from([203, 0, 113, tail[0]]),
    }
}

fn v6(random: &mut Random) -> IpAddr {
    let start = [0x2001_0db8_u128 << 96, 0xfd00_u128 << 112, 0x2001_0db9_u128 << 96, 0][random.below(4)];
    let shown = [1, 0x443, random.next() as u128 % 0xffff_ffff + 1][random.below(3)];
    IpAddr::V6((start | shown).into())
}

fn element(random: &mut Random) -> Element {
    let port = 1 + random.below(65535);
    match random.below(100) {
        0..40 => {
            let v4 = v4(random);
            Element::Address(v4.to_string(), v4)
        }
        40..55 => {
            let v4 = v4(random);
            Element::Address(format!("{v4}:{port}"), v4)
        }
        55..70 => {
            let v6 = v6(random);
            Element::Address(v6.to_string(), v6)
        }
        70..80 => {
            let v6 = v6(random);
            Element::Address(format!("[{v6}]:{port}"), v6)
        }
        80..87 => {
            let v4 = v4(random);
            Element::Address(format!("::ffff:{v4}"), v4)
        }
        87..89 => {
            let v6 = v6(random);
            Element::AddressHere(format!("[{v6}]"), v6)
        }
        89..90 => {
            let v4 = v4(random);
            Element::AddressHere(format!("{v4}:0"), v4)
        }
        90..91 => {
            let v4 = v4(random);
            Element::AddressHere(format!("{v4}\t"), v4)
        }
        91..92 => Element::AddressHere("255.255.255.255".to_owned(), address("255.255.255.255")),
        92..97 => {
            let garbage = [
                ("unknown", NotAnAddress::Unknown),
                ("_hidden", NotAnAddress::Hidden),
                ("office", NotAnAddress::Unreadable),
                ("fe80::1%eth0", NotAnAddress::Zone),
                ("256.1.1.1", NotAnAddress::Unreadable),
                ("10.0.0", NotAnAddress::Unreadable),
                ("10.0.0.2:", NotAnAddress::Unreadable),
                ("10.0.0.2:65536", NotAnAddress::Unreadable),
                ("10.0.0.2:http", NotAnAddress::Unreadable),
                ("10.0.0.0/8", NotAnAddress::Unreadable),
                ("\"10.0.0.2\"", NotAnAddress::Unreadable),
                ("[2001:db8::1", NotAnAddress::Unreadable),
                ("2001:db8::1]", NotAnAddress::Unreadable),
                ("1:2:3:4:5:6:7:8:9", NotAnAddress::Unreadable),
                ("unix:", NotAnAddress::Unreadable),
            ];
            let (text, why) = garbage[random.below(garbage.len())];
            Element::Garbage(text, why)
        }
        _ => {
            let read = [
                ("", NotAnAddress::Empty),
                ("10.0.0.3 203.0.113.9", NotAnAddress::Unreadable),
                ("office 203.0.113.9", NotAnAddress::Unreadable),
                ("010.0.0.3", NotAnAddress::Unreadable),
                ("10..0.3", NotAnAddress::Unreadable),
                ("10.0.0.3:000000080", NotAnAddress::Unreadable),
            ];
            let (text, why) = read[random.below(read.len())];
            Element::ReadByNginx(text, why)
        }
    }
}

/// The lines of a request: none, one, or some.
fn lines(random: &mut Random) -> Vec<Vec<Element>> {
    if random.below(400) == 0 {
        let proxy = Element::Address("10.0.0.2".to_owned(), address("10.0.0.2"));
        return vec![vec![proxy; 60], vec![element(random); 5]];
    }
    let lines = [0, 1, 1, 1, 1, 2, 2, 3][random.below(8)];
    (0..lines).map(|_| (0..1 + random.below(5)).map(|_| element(random)).collect()).collect()
}

fn text(random: &mut Random, line: &[Element]) -> String {
    let mut text = String::new();
    for (number, element) in line.iter().enumerate() {
        if number > 0 {
            text += [",", ", ", " ,", ",  "][random.below(4)];
        }
        text += match element {
            Element::Address(text, _) | Element::AddressHere(text, _) => text,
            Element::Garbage(text, _) | Element::ReadByNginx(text, _) => text,
        };
    }
    text
}

/// The rule on what was generated, and not on text.
fn expected(trusted: &[&str], peer: IpAddr, lines: &[Vec<Element>]) -> Expected {
    let trusted: Vec<IpNet> = trusted.iter().map(|net| net.parse().unwrap()).collect();
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    let both = |address: IpAddr, found| Expected { here: Ok((address, found)), nginx: Some(address) };
    if !is_trusted(&peer) {
        return both(peer, Found::Peer);
    }
    if lines.iter().map(Vec::len).sum::<usize>() > 64 {
        return Expected { here: Err(NoClient::TooLong), nginx: None };
    }
    let elements =
        lines.iter().rev().flat_map(|line| line.iter().enumerate().rev().map(move |at| (line, at)));
    let (mut last, mut nth, mut nginx_reads) = (peer, 0, true);
    for (line, (place, element)) in elements {
        nth += 1;
        // Of a line that begins with a comma nginx does not read the first address.
        nginx_reads &= !(place == 1 && matches!(line[0], Element::ReadByNginx("", _)));
        let refused = |why| Err(NoClient::Element { nth, why });
        let address = match *element {
            Element::Address(_, address) => address,
            Element::AddressHere(_, address) => {
                nginx_reads = false;
                address
            }
            Element::Garbage(_, why) => {
                return Expected { here: refused(why), nginx: nginx_reads.then_some(last) };
            }
            Element::ReadByNginx(_, why) => return Expected { here: refused(why), nginx: None },
        };
        if !is_trusted(&address) {
            let here = Ok((address, Found::Element { nth }));
            return Expected { here, nginx: nginx_reads.then_some(address) };
        }
        last = address;
    }
    let found = if nth == 0 { Found::WithoutHeader } else { Found::Leftmost { nth } };
    Expected { here: Ok((last, found)), nginx: nginx_reads.then_some(last) }
}

#[test]
fn the_client_is_whom_a_real_nginx_names() {
    let Some(server) = Server::start(&TRUSTED) else { return };
    let mut random = Random::new(7);
    let (mut alike, mut refused, mut sent) = (0, 0, 0);
    for (set, trusted) in TRUSTED.iter().enumerate() {
        let rule = behind(&trusted.join(","), "X-Forwarded-For");
        for peer in PEERS.map(address) {
            let mut connection = server.connect(set, peer);
            for _ in 0..REQUESTS {
                let generated = lines(&mut random);
                let texts: Vec<String> = generated.iter().map(|line| text(&mut random, line)).collect();
                let expected = expected(trusted, peer, &generated);
                let here = rule.find(peer, &texts).map(|client| (client.address(), client.found()));
                assert_eq!(here, expected.here, "{peer}, {trusted:?} trusted: {texts:?}");
                let nginx = canonical_address(connection.remote_addr(&texts));
                if let Some(expected) = expected.nginx {
                    assert_eq!(nginx, expected, "{peer}, {trusted:?} trusted: {texts:?}");
                    alike += usize::from(here.is_ok());
                }
                refused += usize::from(here.is_err());
                sent += 1;
            }
        }
    }
    // Most of them hold the rule to nginx, and some are in each of the other classes.
    assert!(alike > sent / 2 && refused > sent / 50, "of {sent} requests {alike} alike, {refused} refused");
    println!("{sent} requests: {alike} clients alike, {refused} refused here");
}
