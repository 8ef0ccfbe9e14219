//! One node of a header: an address as proxies write it, and what it is where it is none.

use std::fmt;
use std::net::IpAddr;

use crate::address::{Address, leading_v4, leading_v6};

/// Why an element of a header names no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NotAnAddress {
    /// Nothing stands there: an empty header, two commas in a row, a comma at the end.
    Empty,
    /// `unknown`: the proxy did not know (RFC 7239, section 6.2).
    Unknown,
    /// A name with `_` at its start, which the proxy has put in the place of the address (RFC 7239, section 6.3).
    Hidden,
    /// An address with a zone (`fe80::1%eth0`), which means something on one machine only.
    Zone,
    /// An element of `Forwarded` that RFC 7239 does not know, or without exactly one `for`.
    Malformed,
    /// Anything else.
    Unreadable,
}

impl NotAnAddress {
    /// A stable name, such as `unknown`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            NotAnAddress::Empty => "empty",
            NotAnAddress::Unknown => "unknown",
            NotAnAddress::Hidden => "hidden",
            NotAnAddress::Zone => "zone",
            NotAnAddress::Malformed => "malformed",
            NotAnAddress::Unreadable => "unreadable",
        }
    }
}

impl fmt::Display for NotAnAddress {
    /// What is said of an element: `is empty`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NotAnAddress::Empty => "is empty",
            NotAnAddress::Unknown => "is `unknown`",
            NotAnAddress::Hidden => "is a hidden name",
            NotAnAddress::Zone => "has a zone",
            NotAnAddress::Malformed => "is not what RFC 7239 writes",
            NotAnAddress::Unreadable => "is not an IP address",
        })
    }
}

impl std::error::Error for NotAnAddress {}

/// Reads one address as proxies write it: `192.0.2.7`, `192.0.2.7:4711`, `2001:db8::1`, `[2001:db8::1]`,
/// `[2001:db8::1]:443`, with blanks and tabs around it. The result is canonical (see [`Address`]).
///
/// A port is one to five digits. IPv6 without brackets has none, since nobody knows where it would begin. O(1): an address
/// has at most 45 bytes.
///
/// # Errors
///
/// [`NotAnAddress`] says what stands there instead.
///
/// ```
/// use ipgate::client::{NotAnAddress, parse_node};
/// assert_eq!(parse_node(b" [2001:db8::1]:443"), Ok("2001:db8::1".parse()?));
/// assert_eq!(parse_node(b"192.0.2.7:4711"), Ok("192.0.2.7".parse()?));
/// assert_eq!(parse_node(b"unknown"), Err(NotAnAddress::Unknown));
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
pub fn parse_node(node: &[u8]) -> Result<IpAddr, NotAnAddress> {
    read(node).map(IpAddr::from)
}

#[inline]
pub(super) fn read(node: &[u8]) -> Result<Address, NotAnAddress> {
    let node = trimmed(node);
    if let Some((v4, len)) = leading_v4(node) {
        return behind(node.get(len..)).map(|()| v4.into());
    }
    let (inside, is_bracketed) = match node.strip_prefix(b"[") {
        Some(inside) => (inside, true),
        None => (node, false),
    };
    let found = match leading_v6(inside) {
        Some((v6, len)) => Some((Address::from(v6), len)),
        None if is_bracketed => leading_v4(inside).map(|(v4, len)| (v4.into(), len)),
        None => None,
    };
    let (address, len) = found.ok_or_else(|| what_else(node))?;
    match (inside.get(len..), is_bracketed) {
        (Some([]), false) => Ok(address),
        (Some([b'%', ..]), _) => Err(NotAnAddress::Zone),
        (Some([b']', rest @ ..]), true) => behind(Some(rest)).map(|()| address),
        _ => Err(NotAnAddress::Unreadable),
    }
}

/// What may stand behind an address: nothing, or a port.
#[inline]
fn behind(rest: Option<&[u8]>) -> Result<(), NotAnAddress> {
    match rest {
        Some([]) => Ok(()),
        Some([b':', port @ ..]) if is_port(port) => Ok(()),
        Some([b'%', ..]) => Err(NotAnAddress::Zone),
        _ => Err(NotAnAddress::Unreadable),
    }
}

#[inline]
fn is_port(port: &[u8]) -> bool {
    let number = |port: &[u8]| port.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0'));
    matches!(port.len(), 1..=5) && port.iter().all(u8::is_ascii_digit) && number(port) <= u32::from(u16::MAX)
}

/// Out of line: whatever is no address is rare, and ends a request.
#[cold]
fn what_else(node: &[u8]) -> NotAnAddress {
    match node {
        [] => NotAnAddress::Empty,
        [b'_', ..] => NotAnAddress::Hidden,
        node if node.eq_ignore_ascii_case(b"unknown") => NotAnAddress::Unknown,
        _ => NotAnAddress::Unreadable,
    }
}

/// Without the blanks that may stand around what is listed in a header (RFC 9110, section 5.6.1).
#[inline]
pub(super) fn trimmed(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_an_address() {
        for text in ["192.0.2.7", "192.0.2.7:4711", "[192.0.2.7]:25", " 192.0.2.7\t", "::ffff:192.0.2.7"] {
            assert_eq!(parse_node(text.as_bytes()), Ok([192, 0, 2, 7].into()), "{text}");
        }
        for text in
            ["2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:65535", "[2001:DB8:0::1]:0", "\t2001:db8::1 "]
        {
            assert_eq!(parse_node(text.as_bytes()), Ok("2001:db8::1".parse().unwrap()), "{text}");
        }
        // What looks like a port is a group of the address.
        assert_eq!(parse_node(b"2001:db8::1:443"), Ok("2001:db8::1:443".parse().unwrap()));
        assert_eq!(parse_node(b"[::ffff:192.0.2.7]:80"), Ok([192, 0, 2, 7].into()));
    }

    #[test]
    fn what_is_no_address_is_named() {
        for (text, expected) in [
            ("", NotAnAddress::Empty),
            (" \t", NotAnAddress::Empty),
            ("unknown", NotAnAddress::Unknown),
            ("Unknown", NotAnAddress::Unknown),
            ("_hidden", NotAnAddress::Hidden),
            ("_", NotAnAddress::Hidden),
            ("fe80::1%eth0", NotAnAddress::Zone),
            ("[fe80::1%eth0]:80", NotAnAddress::Zone),
            ("192.0.2.7%1", NotAnAddress::Zone),
        ] {
            assert_eq!(parse_node(text.as_bytes()), Err(expected), "{text}");
        }
        for text in [
            "-",
            "unix:",
            "192.0.2.7:",
            "192.0.2.7:x",
            "192.0.2.7:65536",
            "192.0.2.7:000080",
            "192.0.2.7:+1",
            "192.0.2.7:_port",
            "192.0.2.7,",
            "192.0.2.7 10.0.0.1",
            "192.0.2.7\n",
            "192.0.2.7\0",
            "192.0.2.7/32",
            "[2001:db8::1",
            "2001:db8::1]",
            "[2001:db8::1]443",
            "[2001:db8::1]:",
            "[[::1]]",
            "[]:80",
            ":80",
            "\"192.0.2.7\"",
            "192.0.2.07:80",
            "192.0.2:80",
            "1.2.3.4.5",
            "0x7f.0.0.1",
            "localhost",
            "2001:db8::g",
            "1:2:3:4:5:6:7:8:443",
            "::ffff:1.2.3.4:80",
        ] {
            assert_eq!(parse_node(text.as_bytes()), Err(NotAnAddress::Unreadable), "{text}");
        }
    }
}
