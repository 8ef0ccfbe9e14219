//! Headers of the PROXY protocol: what its description says of them (haproxy.org, proxy-protocol.txt, version 2.2).

use ipgate::client::{NoSource, ProxyHeader, ProxyHeaderError};

use crate::address;

const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";

fn v2(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let len = u16::try_from(rest.len()).unwrap().to_be_bytes();
    [&SIGNATURE[..], &[0x20 | command, family], &len, rest].concat()
}

fn v4() -> Vec<u8> {
    [&[192, 0, 2, 7][..], &[198, 51, 100, 1], &[0x12, 0x67], &[1, 0xbb]].concat()
}

fn v6(source: &str) -> Vec<u8> {
    let ip: std::net::Ipv6Addr = source.parse().unwrap();
    [&ip.octets()[..], &[0; 16], &[0x12, 0x67, 1, 0xbb]].concat()
}

/// A header, and then the request: every start of it is incomplete, and what is behind it is not looked at.
fn whole(header: &[u8]) -> Result<std::net::IpAddr, NoSource> {
    for cut in 0..header.len() {
        assert_eq!(ProxyHeader::read(&header[..cut]), Ok(ProxyHeader::Incomplete), "{cut} bytes");
    }
    let read = |behind: &[u8]| ProxyHeader::read(&[header, behind].concat());
    let alone = read(b"");
    for behind in [&b"GET / HTTP/1.1\r\n\r\n"[..], b"\r\n", &[0; 5000]] {
        assert_eq!(read(behind), alone);
    }
    match alone {
        Ok(ProxyHeader::Complete { source, len }) if len == header.len() => source,
        other => panic!("{other:?}"),
    }
}

#[test]
fn headers_that_name_their_client() {
    for (header, source) in [
        (&b"PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\r\n"[..], "192.0.2.7"),
        (b"PROXY TCP6 2001:db8::1 2001:db8::2 4711 443\r\n", "2001:db8::1"),
        (b"PROXY TCP6 ::ffff:192.0.2.7 2001:db8::2 4711 443\r\n", "192.0.2.7"),
        (&v2(1, 0x11, &v4()), "192.0.2.7"),
        (&v2(1, 0x12, &v4()), "192.0.2.7"),
        (&v2(1, 0x21, &v6("2001:db8::1")), "2001:db8::1"),
        (&v2(1, 0x21, &v6("::ffff:192.0.2.7")), "192.0.2.7"),
        (&v2(1, 0x11, &[&v4()[..], &[3, 0, 4, 1, 2, 3, 4]].concat()), "192.0.2.7"),
    ] {
        assert_eq!(whole(header), Ok(address(source)));
    }
}

#[test]
fn headers_without_an_address_name_nobody() {
    for (header, why) in [
        (&b"PROXY UNKNOWN\r\n"[..], NoSource::Unknown),
        (b"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", NoSource::Unknown),
        (&v2(0, 0x00, &[]), NoSource::Local),
        (&v2(0, 0x11, &v4()), NoSource::Local),
        (&v2(1, 0x00, &[]), NoSource::Unknown),
        (&v2(1, 0x10, &v4()), NoSource::Unknown),
        (&v2(1, 0x31, &[b'/'; 216]), NoSource::Unix),
    ] {
        assert_eq!(whole(header), Err(why));
    }
}

#[test]
fn what_is_no_header_is_refused_at_once() {
    for start in ["GET / HTTP/1.1\r\n", "proxy TCP4", "PROXX", "PING", "\r\n\r\n\0\r\nQUIX", "\x16\x03\x01"] {
        assert_eq!(ProxyHeader::read(start.as_bytes()), Err(ProxyHeaderError::Missing), "{start:?}");
    }
}

#[test]
fn malformed_headers_are_refused() {
    for line in [
        "PROXY TCP4 192.0.2.7 198.51.100.1 4711\r\n",
        "PROXY TCP4 192.0.2.07 198.51.100.1 4711 443\r\n",
        "PROXY TCP4 2001:db8::1 2001:db8::2 4711 443\r\n",
        "PROXY TCP6 192.0.2.7 198.51.100.1 4711 443\r\n",
        "PROXY TCP4  192.0.2.7 198.51.100.1 4711 443\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.1 65536 443\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.1 04711 443\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.1 4711 443 \r\n",
        "PROXY TCP4 unknown 198.51.100.1 4711 443\r\n",
        "PROXY TCP5 192.0.2.7 198.51.100.1 4711 443\r\n",
        "PROXY TCP4 192.0.2.7\r198.51.100.1 4711 443\r\n",
        "PROXY\r\n",
        "PROXY \r\n",
        "PROXYTCP4 192.0.2.7 198.51.100.1 4711 443\r\n",
        "PROXY UDP4 192.0.2.7 198.51.100.1 4711 443\r\n",
    ] {
        assert_eq!(ProxyHeader::read(line.as_bytes()), Err(ProxyHeaderError::Malformed), "{line:?}");
    }
    let short = v2(1, 0x11, &[0; 11]);
    let (mut version, mut command, mut family) = (v2(1, 0x11, &v4()), v2(1, 0x11, &v4()), v2(1, 0x11, &v4()));
    (version[12], command[12], family[13]) = (0x31, 0x22, 0x41);
    for header in [short, version, command, family] {
        assert_eq!(ProxyHeader::read(&header), Err(ProxyHeaderError::Malformed), "{header:x?}");
    }
}

/// Whoever goes on sending is refused at the limit, whatever comes.
#[test]
fn incomplete_is_never_endless() {
    for filler in [b'x', b' ', b'1', b'\r', 0] {
        let line = [&b"PROXY TCP4 "[..], &[filler; 200]].concat();
        assert_eq!(ProxyHeader::read(&line[..106]), Ok(ProxyHeader::Incomplete));
        assert_eq!(ProxyHeader::read(&line[..107]), Err(ProxyHeaderError::TooLong));
        assert_eq!(ProxyHeader::read(&line), Err(ProxyHeaderError::TooLong));
    }
    let longest = v2(1, 0x11, &[&v4()[..], &[0; 4096 - 16 - 12]].concat());
    assert_eq!(longest.len(), ProxyHeader::MAX_V2);
    assert_eq!(whole(&longest), Ok(address("192.0.2.7")));
    let longer = v2(1, 0x11, &[&v4()[..], &[0; 4096 - 16 - 11]].concat());
    assert_eq!(ProxyHeader::read(&longer[..16]), Err(ProxyHeaderError::TooLong), "as soon as it says so");
}
