//! An element of `Forwarded` (RFC 7239).

use std::net::IpAddr;

use super::elements::is_escaped;
use super::node::{self, NotAnAddress, trimmed};
use crate::address::Address;

/// Reads the address of one element of `Forwarded`: `for=192.0.2.60;proto=http`, `For="[2001:db8:cafe::17]:4711"`.
///
/// Addresses as they are often written, with colons and brackets outside of quotes, are taken too. O(n) for n bytes.
///
/// # Errors
///
/// [`NotAnAddress`]: the element is not what RFC 7239 writes, has no `for` or several, or its `for` is no address. One with
/// a backslash in it is none: no proxy writes an address so.
///
/// ```
/// use ipgate::client::{NotAnAddress, parse_forwarded};
/// assert_eq!(parse_forwarded(br#"for="[2001:db8::1]:4711";proto=https"#), Ok("2001:db8::1".parse()?));
/// assert_eq!(parse_forwarded(b"for=_secret"), Err(NotAnAddress::Hidden));
/// assert_eq!(parse_forwarded(b"proto=https"), Err(NotAnAddress::Malformed));
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
pub fn parse_forwarded(element: &[u8]) -> Result<IpAddr, NotAnAddress> {
    read(element).map(IpAddr::from)
}

pub(super) fn read(element: &[u8]) -> Result<Address, NotAnAddress> {
    match trimmed(element) {
        [] => Err(NotAnAddress::Empty),
        element => node::read(node_of(element).ok_or(NotAnAddress::Malformed)?),
    }
}

/// What `for` says, without quotes.
fn node_of(element: &[u8]) -> Option<&[u8]> {
    let mut rest = element;
    let mut node = None;
    loop {
        let (name, behind) = token(rest);
        let (value, behind) = value(behind.strip_prefix(b"=")?)?;
        if name.is_empty() {
            return None;
        }
        if name.eq_ignore_ascii_case(b"for") && node.replace(value).is_some() {
            return None;
        }
        rest = match trimmed(behind) {
            [] => return node,
            [b';', rest @ ..] => trimmed(rest),
            _ => return None,
        };
    }
}

/// A value at the start, in quotes or not, and what is behind it.
fn value(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let Some(quoted) = text.strip_prefix(b"\"") else {
        let is_end = |byte: &u8| !(is_token(*byte) || matches!(byte, b':' | b'[' | b']'));
        let (value, behind) = text.split_at(text.iter().position(is_end).unwrap_or(text.len()));
        return (!value.is_empty()).then_some((value, behind));
    };
    let close = quoted.iter().enumerate().position(|(at, byte)| *byte == b'"' && !is_escaped(quoted, at));
    let (value, behind) = quoted.split_at(close?);
    Some((value, behind.strip_prefix(b"\"")?))
}

/// A token at the start, and what is behind it.
fn token(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(text.iter().position(|byte| !is_token(*byte)).unwrap_or(text.len()))
}

/// What RFC 9110 lets a token have.
pub(super) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_an_element() {
        for (element, expected) in [
            ("for=192.0.2.60;proto=http;by=203.0.113.43", "192.0.2.60"),
            (r#" For="[2001:db8:cafe::17]:4711""#, "2001:db8:cafe::17"),
            ("proto=https; for=[2001:db8::1]:80 ;host=x", "2001:db8::1"),
            (r#"host="a;for=6.6.6.6";for=192.0.2.1"#, "192.0.2.1"),
            (r#"host="a\";for=6.6.6.6;x=\"";for=192.0.2.1"#, "192.0.2.1"),
            (r#"FOR="192.0.2.1""#, "192.0.2.1"),
            (r#"for=192.0.2.1;host="""#, "192.0.2.1"),
        ] {
            assert_eq!(parse_forwarded(element.as_bytes()), Ok(expected.parse().unwrap()), "{element}");
        }
    }

    #[test]
    fn what_names_no_address() {
        for (element, expected) in [
            ("", NotAnAddress::Empty),
            (" \t", NotAnAddress::Empty),
            ("for=unknown", NotAnAddress::Unknown),
            (r#"for="unknown""#, NotAnAddress::Unknown),
            ("for=_gazonk", NotAnAddress::Hidden),
            (r#"for="""#, NotAnAddress::Empty),
            (r#"for="fe80::1%25eth0""#, NotAnAddress::Zone),
            (r#"for="192.0.2.\4\3:4711""#, NotAnAddress::Unreadable),
            (r#"for="203.0.113.7, for=10.9.9.9""#, NotAnAddress::Unreadable),
            ("for=1.1.1.1;for=2.2.2.2", NotAnAddress::Malformed),
            ("for=1.1.1.1;FOR=2.2.2.2", NotAnAddress::Malformed),
            ("proto=http", NotAnAddress::Malformed),
            ("for=", NotAnAddress::Malformed),
            ("for =1.1.1.1", NotAnAddress::Malformed),
            ("for= 1.1.1.1", NotAnAddress::Malformed),
            ("=1.1.1.1", NotAnAddress::Malformed),
            ("for=1.1.1.1;", NotAnAddress::Malformed),
            (r#"for="1.1.1.1"#, NotAnAddress::Malformed),
            (r#"for=1.1.1.1;a""#, NotAnAddress::Malformed),
            (r#"for="1.1.1.1"x"#, NotAnAddress::Malformed),
            ("x for=1.1.1.1", NotAnAddress::Malformed),
            ("for=1.1.1.1, for=2.2.2.2", NotAnAddress::Malformed),
            ("for=\u{fc}", NotAnAddress::Malformed),
            ("192.0.2.1", NotAnAddress::Malformed),
        ] {
            assert_eq!(parse_forwarded(element.as_bytes()), Err(expected), "{element}");
        }
    }
}
