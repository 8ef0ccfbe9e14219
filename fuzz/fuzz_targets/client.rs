//! Headers that name a client, with anything in them: the walk says what a plain one says, which joins all lines and splits
//! them from the left, and what a proxy appends decides, whatever a client had written before.
#![no_main]

#[allow(dead_code)] // other targets use all of it
#[path = "support/written.rs"]
mod written;

use std::net::{IpAddr, SocketAddr};
use std::sync::LazyLock;

use arbitrary::Arbitrary;
use ipgate::client::{Client, ClientRule, Found, Header, NoClient};
use ipgate::{Gate, List, canonical_address};
use libfuzzer_sys::fuzz_target;
use written::Bits;

#[derive(Debug, Arbitrary)]
struct Input<'a> {
    is_peer_trusted: bool,
    is_required: bool,
    lines: Vec<Vec<Piece<'a>>>,
}

/// What lines are written of.
#[derive(Debug, Arbitrary)]
enum Piece<'a> {
    Raw(&'a [u8]),
    Address(Bits),
    /// Of a trusted proxy.
    Trusted(u16),
    Word(u8),
}

const WORDS: [&str; 20] = [
    ",",
    ", ",
    "\"",
    "\\",
    "for=",
    "For=\"",
    ";",
    "proto=https;",
    "[",
    "]",
    ":443",
    ":65536",
    "unknown",
    "_x",
    "%eth0",
    "\t",
    " ",
    "host=\"a, b\"",
    "255.255.255.255",
    ",,",
];
const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));
const STRANGER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 9));

static TRUSTED: LazyLock<Gate> =
    LazyLock::new(|| Gate::new(&"10.0.0.0/8:lb".parse::<List>().expect("a list")));

fn write(line: &[Piece<'_>]) -> Vec<u8> {
    let mut text = Vec::new();
    for piece in line {
        match piece {
            Piece::Raw(bytes) => text.extend_from_slice(bytes),
            Piece::Address(bits) => text.extend(bits.address().to_string().bytes()),
            Piece::Trusted(host) => text.extend(format!("10.0.{}.{}", host >> 8, host & 255).bytes()),
            Piece::Word(word) => text.extend(WORDS[usize::from(*word) % WORDS.len()].bytes()),
        }
    }
    text
}

fn is_trusted(address: IpAddr) -> bool {
    matches!(address, IpAddr::V4(v4) if v4.octets()[0] == 10)
}

/// An address, with the standard library's parsers.
fn read(element: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(element).ok()?.trim_matches([' ', '\t']);
    if text.contains('%') {
        return None;
    }
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let (host, port) = text.rsplit_once(':').unwrap_or((text, ""));
    let in_brackets = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let with_port = || {
        let is_port = matches!(port.len(), 1..=5)
            && port.bytes().all(|byte| byte.is_ascii_digit())
            && port.parse::<u16>().is_ok();
        let host = in_brackets.or_else(|| (!host.contains(':')).then_some(host))?;
        host.parse().ok().filter(|_| is_port)
    };
    let address: Option<IpAddr> = bare.parse().ok().or_else(with_port);
    assert!(text.parse::<SocketAddr>().is_err() || address.is_some() || port.len() > 5, "{text}");
    address.map(canonical_address)
}

/// The walk, from the left over the joined lines: the plainest way to say it.
fn golden(peer: IpAddr, is_required: bool, lines: &[Vec<u8>]) -> Result<(IpAddr, Found), ()> {
    if !is_trusted(peer) {
        return Ok((peer, Found::Peer));
    }
    if lines.is_empty() {
        return if is_required { Err(()) } else { Ok((peer, Found::WithoutHeader)) };
    }
    let elements: Vec<&[u8]> = lines.iter().flat_map(|line| line.split(|byte| *byte == b',')).collect();
    if elements.len() > 64 || lines.iter().map(Vec::len).sum::<usize>() > 4096 {
        return Err(());
    }
    for (nth, element) in (1..).zip(elements.iter().rev()) {
        let address = read(element).ok_or(())?;
        if !is_trusted(address) {
            return Ok((address, Found::Element { nth }));
        }
    }
    let nth = u8::try_from(elements.len()).expect("at most 64");
    Ok((read(elements[0]).ok_or(())?, Found::Leftmost { nth }))
}

fn parts(client: Result<Client, NoClient>) -> Result<(IpAddr, Found), ()> {
    client.map(|client| (client.address(), client.found())).map_err(|_| ())
}

fuzz_target!(|input: Input<'_>| {
    let mut lines: Vec<Vec<u8>> = input.lines.iter().map(|line| write(line)).collect();
    let peer = if input.is_peer_trusted { PEER } else { STRANGER };
    let rule = |header: Header| ClientRule::behind(TRUSTED.clone(), header).require_header(input.is_required);
    let list = rule(Header::XForwardedFor);
    let found = list.find(peer, &lines);
    assert_eq!(parts(found), golden(peer, input.is_required, &lines));
    let forwarded = rule(Header::Forwarded);
    let single = rule("X-Real-IP".parse().expect("a header"));
    for rule in [&list, &forwarded, &single] {
        let why = rule.explain(peer, &lines);
        assert_eq!(why.outcome(), rule.find(peer, &lines));
        let _ = why.to_string();
        let hops = why.hops().iter().all(|hop| is_trusted(hop.address()) && hop.label() == Some("lb"));
        assert!(hops && (is_trusted(peer) || why.hops().is_empty()));
    }
    if let [line] = &lines[..]
        && input.is_peer_trusted
    {
        assert_eq!(
            single.find(peer, &lines).ok().map(Client::address),
            read(line).filter(|_| line.len() <= 4096)
        );
    }

    // A proxy appends to the last line, or in a line of its own.
    let size = lines.iter().map(Vec::len).sum::<usize>();
    let commas = lines.iter().flatten().filter(|byte| **byte == b',').count();
    if !input.is_peer_trusted || size > 3900 || commas + lines.len() > 60 {
        return;
    }
    let expected = Ok((STRANGER, Found::Element { nth: 1 }));
    let appended: [(&ClientRule, &[u8]); 3] = [
        (&list, b"203.0.113.9"),
        (&forwarded, b"for=203.0.113.9"),
        (&forwarded, br#"for="203.0.113.9:80";host="a, b\", for=10.0.0.1";proto=https"#),
    ];
    for (rule, element) in appended {
        lines.push(element.to_vec());
        assert_eq!(parts(rule.find(PEER, &lines)), expected);
        lines.pop();
        if let Some(last) = lines.last_mut() {
            let before = last.len();
            last.extend_from_slice(b", ");
            last.extend_from_slice(element);
            assert_eq!(parts(rule.find(PEER, &lines)), expected);
            lines.last_mut().expect("there is one").truncate(before);
        }
    }
});
