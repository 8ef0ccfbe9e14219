//! Lengths, netmasks, octets and groups as people write them, as far as they say one thing only.

use std::net::Ipv4Addr;

use super::token::Token;
use crate::address::{leading_v4, parse_length, parse_v4};

/// The prefix length that a contiguous IPv4 netmask stands for, or an inverted one: `255.0.0.0`, `0.255.255.255`.
/// `0.0.0.0` is everyone as the one and a single host as the other, and so stands for nothing here.
pub(super) fn netmask_length(mask: &str) -> Option<u8> {
    let bits = u32::from(parse_v4(mask)?);
    if bits == 0 {
        return None;
    }
    let length = |bits: u32| {
        let ones = bits.leading_ones();
        (bits.checked_shl(ones).unwrap_or(0) == 0).then_some(u8::try_from(ones).ok()?)
    };
    length(bits).or_else(|| length(!bits))
}

/// Whether a text is a netmask that is none of the addresses people list.
pub(super) fn is_netmask(text: &str) -> bool {
    let begins = text.starts_with("255.") || text.starts_with("0.");
    begins && netmask_length(text).is_some()
}

/// The length that stands behind `/`, where it says one thing only: a number, with zeros or a sign before it and
/// no digits but of another length behind it, or a netmask. Everyone, `/0`, is read from zeros alone.
pub(super) fn written_length(text: &str, max: u8) -> Option<u8> {
    let dotted = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    if let Some(length) = text.get(..dotted).and_then(netmask_length).filter(|_| max == 32) {
        return Some(length);
    }
    let text = text.strip_prefix('+').unwrap_or(text);
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    let number = digits.trim_start_matches('0');
    let ends = rest.starts_with('/') || !rest.contains(|c: char| c.is_ascii_digit());
    match number {
        "" => (!digits.is_empty() && ends && !rest.starts_with(char::is_alphabetic)).then_some(0),
        _ => parse_length(number, max).filter(|_| ends),
    }
}

/// What stands behind an address as its length: `/8`, ` / 8`, ` netmask 255.0.0.0`, ` 255.0.0.0`. The length, if
/// it can be read, and how many bytes it takes; `None` where nothing of the kind stands there.
pub(super) fn length_behind(text: &str, max: u8) -> Option<(Option<u8>, usize)> {
    let blanks = |text: &str| text.len() - text.trim_start_matches([' ', '\t', ']']).len();
    let lead = blanks(text);
    let rest = text.get(lead..)?;
    if let Some(behind) = rest.strip_prefix('/') {
        let skip = blanks(behind);
        let value = behind.get(skip..)?;
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '+');
        let len = value.find(|c| !is_part(c)).unwrap_or(value.len());
        return Some((written_length(value.get(..len)?, max), lead + 1 + skip + len));
    }
    let word = ["netmask", "mask"].iter().find_map(|word| rest.strip_prefix(word)).unwrap_or(rest);
    let mask = word.trim_start_matches([' ', '\t']);
    let mask = mask.split([' ', '\t', ';', ',']).next()?;
    let end = Token::within(text, mask).start + mask.len();
    (max == 32 && lead > 0 && is_netmask(mask)).then(|| (netmask_length(mask), end))
}

/// An IPv4 address as people write it.
pub(super) struct Octets {
    /// With zeros for what is missing.
    pub(super) address: Ipv4Addr,
    /// Bytes that it takes.
    pub(super) len: usize,
    /// Some of its octets are missing.
    pub(super) cut: bool,
}

/// Octets at the start of a text: four, or fewer with `/` behind them; in decimal with any zeros before them, or
/// in hexadecimal.
pub(super) fn octets(text: &str) -> Option<Octets> {
    if let Some((address, len)) = leading_v4(text.as_bytes()) {
        return Some(Octets { address, len, cut: false });
    }
    let len =
        text.find(|c: char| !c.is_ascii_hexdigit() && !matches!(c, '.' | 'x' | 'X')).unwrap_or(text.len());
    let run = text.get(..len)?.trim_end_matches('.');
    let values: Vec<u32> = run.split('.').map(number).collect::<Option<_>>()?;
    if let [whole] = *values.as_slice()
        && run.starts_with(['0'])
        && run.contains(['x', 'X'])
    {
        return Some(Octets { address: whole.into(), len: run.len(), cut: false });
    }
    let mut octets: Vec<u8> = values.iter().map(|value| u8::try_from(*value).ok()).collect::<Option<_>>()?;
    let cut = octets.len() < 4;
    if cut && !text.get(run.len()..)?.starts_with('/') {
        return None;
    }
    octets.resize(octets.len().max(4), 0);
    let address: [u8; 4] = octets.try_into().ok()?; // none of five octets
    Some(Octets { address: address.into(), len: run.len(), cut })
}

/// A number as octets are written: decimal, or hexadecimal behind `0x`.
fn number(text: &str) -> Option<u32> {
    let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => (hex, 16),
        None => (text, 10),
    };
    // More digits than any number needs are no slip of the pen.
    let is_number = digits.len() <= 10 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    is_number.then(|| u32::from_str_radix(digits, radix).ok())?
}

/// Whether a text is groups of IPv6 of which some are missing: `2001:41d0`, `fe80:1`.
pub(super) fn is_cut_ipv6(text: &str) -> bool {
    let mut groups = text.split(':');
    let is_group =
        |group: &str| (1..=4).contains(&group.len()) && group.bytes().all(|b| b.is_ascii_hexdigit());
    let first = groups.next().unwrap_or_default();
    let count = groups.clone().count();
    (1..7).contains(&count) && first.len() >= 3 && is_group(first) && groups.all(is_group)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_says_one_thing_only() {
        for (text, expected) in [
            ("8", Some(8)),
            ("08", Some(8)),
            ("+8", Some(8)),
            ("29x", Some(29)),
            ("29.", Some(29)),
            ("29\"", Some(29)),
            ("29/29", Some(29)),
            ("16/24", Some(16)),
            ("255.0.0.0", Some(8)),
            ("0.0.0.255", Some(24)),
            ("0", Some(0)),
            ("00", Some(0)),
            ("255.0.255.0", None),
            ("33", None),
            ("-1", None),
            ("", None),
            ("0x18", None),
            ("1e1", None),
            ("2.4", None),
            ("3!2", None),
            ("8|192.0.2.0/24", None),
            ("0.0", None),
            ("999", None),
        ] {
            assert_eq!(written_length(text, 32), expected, "{text:?}");
        }
        assert_eq!(written_length("48", 128), Some(48));
        assert_eq!(written_length("255.0.0.0", 128), None);
    }
}
