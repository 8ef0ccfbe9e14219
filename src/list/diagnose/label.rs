//! What a label holds that is not its business: an address, a port, an expiry.

use super::expiry::{self, Mention};
use crate::address::address_within;
use crate::invisible::is_invisible;

/// What a label looks like beside being one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning<'a> {
    /// It holds an address, prefix or range, or ends in the word `all`.
    Address(&'a str),
    /// It is the number of a port.
    Port,
    /// It holds an expiry.
    Expiry(Mention<'a>),
}

/// What a label may be meant as. Every label is looked at, so this is quick for most: they lack the marks that addresses
/// (three dots or two colons) and dates (two of their separators) have, and are no number.
pub(super) fn looks_like(label: &str) -> Option<Meaning<'_>> {
    let (mut digits, mut dots, mut colons, mut dashes, mut is_equal) = (0, 0, 0, 0, false);
    for byte in label.bytes() {
        match byte {
            b'0'..=b'9' => digits += 1,
            b'.' => dots += 1,
            b':' => colons += 1,
            b'-' | b'/' => dashes += 1,
            b'=' => is_equal = true,
            _ => {}
        }
    }
    if digits == label.len() {
        return label.parse::<u16>().ok().filter(|port| *port > 0).map(|_| Meaning::Port);
    }
    let address = if dots >= 3 || colons >= 2 { address_within(label) } else { None };
    let expiry = || if is_equal || dots + dashes >= 2 { expiry::mention(label) } else { None };
    address
        .map(Meaning::Address)
        .or_else(|| expiry().map(Meaning::Expiry))
        .or_else(|| all(label).map(Meaning::Address))
}

/// Whether a label that holds invisible characters may be meant as an address or an expiry, with a blank in the place of
/// each or without: `plain` is what is to be seen of it.
pub(in crate::list) fn is_meant_otherwise(label: &str, plain: &str) -> bool {
    let apart = label.replace(is_invisible, " ");
    [plain, &apart]
        .into_iter()
        .any(|text| matches!(looks_like(text), Some(Meaning::Address(_) | Meaning::Expiry(_))))
}

/// The word `all` behind a blank or a bar, at the end.
fn all(label: &str) -> Option<&str> {
    let rest = label.strip_suffix("all")?;
    rest.ends_with([' ', '\t', '|']).then(|| label.get(rest.len()..))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_anywhere() {
        for (label, expected) in [
            ("192.168.0.0/16", Some("192.168.0.0/16")),
            ("0.0.0.0:173.245.48.0/20", Some("0.0.0.0:173.245.48.0/20")),
            ("corp and 192.0.2.3", Some("192.0.2.3")),
            ("a&192.0.2.3", Some("192.0.2.3")),
            ("a -> 192.0.2.3 b", Some("192.0.2.3")),
            ("corp/192.0.2.3", Some("192.0.2.3")),
            ("[2001:db8::1]", Some("2001:db8::1")),
            ("10.0.0.1-10.0.0.9", Some("10.0.0.1-10.0.0.9")),
            ("a all", Some("all")),
            ("office_ABC", None),
            ("v1.2.3.4", None),
            ("1.2.3.4beta", None),
            ("std::vector", None),
            ("a::", None),
            ("overall", None),
            ("call 1.2.3", None),
        ] {
            let found = match looks_like(label) {
                Some(Meaning::Address(found)) => Some(found),
                _ => None,
            };
            assert_eq!(found, expected, "{label:?}");
        }
    }

    #[test]
    fn numbers_are_ports_where_they_can_be() {
        assert_eq!(looks_like("8080"), Some(Meaning::Port));
        for label in ["0", "65536", "12345678901234567890", "80a", "a80"] {
            assert_eq!(looks_like(label), None, "{label:?}");
        }
    }
}
