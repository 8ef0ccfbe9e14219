//! PROXY protocol headers of any bytes: incomplete within the limits alone, the same with more bytes behind, and the address
//! that stands there.
#![no_main]

use std::net::IpAddr;

use arbitrary::Arbitrary;
use ipgate::canonical_address;
use ipgate::client::{NoSource, ProxyHeader, ProxyHeaderError};
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
enum Input<'a> {
    Raw(&'a [u8]),
    Line(&'a [u8]),
    Words(u8, [u8; 4], [u8; 16], u16, &'a [u8]),
    Binary(u8, u8, u16, &'a [u8]),
}

fn bytes(input: &Input<'_>) -> Vec<u8> {
    match input {
        Input::Raw(raw) => raw.to_vec(),
        Input::Line(rest) => [b"PROXY ", *rest].concat(),
        Input::Words(family, v4, v6, port, rest) => {
            let source = if family & 1 == 0 { IpAddr::from(*v4) } else { IpAddr::from(*v6) };
            let family = ["TCP4", "TCP6"][usize::from(family >> 1 & 1)];
            [format!("PROXY {family} {source} {source} {port} {port}\r\n").as_bytes(), rest].concat()
        }
        Input::Binary(command, family, len, rest) => {
            [b"\r\n\r\n\0\r\nQUIT\n", &[*command, *family][..], &len.to_be_bytes(), rest].concat()
        }
    }
}

/// Whom a line of version 1 names.
fn of_line(line: &[u8]) -> Result<IpAddr, NoSource> {
    let line = std::str::from_utf8(line).expect("it was accepted");
    let words: Vec<&str> = line.strip_suffix("\r\n").expect("a whole line").split(' ').collect();
    match words[..] {
        ["PROXY", "UNKNOWN", ..] => Err(NoSource::Unknown),
        ["PROXY", "TCP4", source, _, _, _] => Ok(IpAddr::V4(source.parse().expect("an address"))),
        ["PROXY", "TCP6", source, _, _, _] => Ok(IpAddr::V6(source.parse().expect("an address"))),
        _ => panic!("{line:?} was accepted"),
    }
}

/// Whom a header of version 2 names.
fn of_bytes(header: &[u8]) -> Result<IpAddr, NoSource> {
    match (header[12], header[13] >> 4, header[13] & 15) {
        (0x20, ..) => Err(NoSource::Local),
        (0x21, _, 0) | (0x21, 0, _) => Err(NoSource::Unknown),
        (0x21, 1, 1 | 2) => Ok(IpAddr::from(<[u8; 4]>::try_from(&header[16..20]).expect("four bytes"))),
        (0x21, 2, 1 | 2) => Ok(IpAddr::from(<[u8; 16]>::try_from(&header[16..32]).expect("sixteen bytes"))),
        (0x21, 3, 1 | 2) => Err(NoSource::Unix),
        _ => panic!("{header:x?} was accepted"),
    }
}

fuzz_target!(|input: Input<'_>| {
    let bytes = bytes(&input);
    let whole = ProxyHeader::read(&bytes);
    match whole {
        Ok(ProxyHeader::Incomplete) => {
            let limit = if bytes.first() == Some(&b'P') { ProxyHeader::MAX_V1 } else { ProxyHeader::MAX_V2 };
            assert!(bytes.len() < limit);
        }
        Ok(ProxyHeader::Complete { source, len }) => {
            let header = &bytes[..len];
            let expected = if header[0] == b'P' { of_line(header) } else { of_bytes(header) };
            assert_eq!(source, expected.map(canonical_address));
        }
        Err(_) => {}
    }
    // Once said, it stays; before that it was incomplete.
    let mut said = Ok(ProxyHeader::Incomplete);
    for cut in 0..=bytes.len().min(300) {
        let now = ProxyHeader::read(&bytes[..cut]);
        let is_fixed = said != Ok(ProxyHeader::Incomplete);
        assert!(!is_fixed || now == said, "{said:?}, and then {now:?}");
        said = now;
    }
    if said != Ok(ProxyHeader::Incomplete) {
        assert_eq!(whole, said);
    }
    assert!(ProxyHeader::read(&[&bytes[..], &[0; 5000]].concat()) != Ok(ProxyHeader::Incomplete), "endless");
    let _ = whole.map_err(|error: ProxyHeaderError| error.to_string());
});
