//! Addresses and prefix lengths as text: what stands at the start of a text, and what a whole text is.

use std::net::{Ipv4Addr, Ipv6Addr};

/// A decimal number of at most `max` at the start of a text, without sign or leading zero and not
/// followed by another digit: the number, and how many bytes it takes.
#[inline]
pub(crate) fn leading_decimal(text: &[u8], max: u8) -> Option<(u8, usize)> {
    let digit = |at: usize| text.get(at).map(|byte| byte.wrapping_sub(b'0')).filter(|digit| *digit < 10);
    let first = digit(0)?;
    let Some(second) = digit(1) else { return (first <= max).then_some((first, 1)) };
    if first == 0 {
        return None;
    }
    let two = first * 10 + second;
    let Some(third) = digit(2) else { return (two <= max).then_some((two, 2)) };
    let three = two.checked_mul(10)?.checked_add(third)?;
    (three <= max && digit(3).is_none()).then_some((three, 3))
}

/// Four decimal octets at the start of a text, not followed by a digit or a dot: the address, and how many
/// bytes it takes.
#[inline]
pub(crate) fn leading_v4(text: &[u8]) -> Option<(Ipv4Addr, usize)> {
    let (first, mut len) = leading_decimal(text, u8::MAX)?;
    let mut octets = [first, 0, 0, 0];
    for octet in octets.iter_mut().skip(1) {
        let rest = text.get(len..)?.strip_prefix(b".")?;
        let (value, digits) = leading_decimal(rest, u8::MAX)?;
        *octet = value;
        len += 1 + digits;
    }
    (text.get(len) != Some(&b'.')).then_some((Ipv4Addr::from(octets), len))
}

/// Four decimal octets, and nothing else: no leading zeros, no short forms.
pub(crate) fn parse_v4(text: &str) -> Option<Ipv4Addr> {
    leading_v4(text.as_bytes()).filter(|&(_, len)| len == text.len()).map(|(address, _)| address)
}

/// RFC 4291 text, dotted tail included, without zone id or brackets, and nothing else.
pub(crate) fn parse_v6(text: &str) -> Option<Ipv6Addr> {
    leading_v6(text.as_bytes()).filter(|&(_, len)| len == text.len()).map(|(address, _)| address)
}

/// RFC 4291 text at the start of a text, not followed by a hexadecimal digit, a colon or a dot: the address,
/// and how many bytes it takes.
pub(crate) fn leading_v6(text: &[u8]) -> Option<(Ipv6Addr, usize)> {
    let mut address = Groups::default();
    let mut at = 0;
    if text.starts_with(b"::") {
        (address.before_gap, at) = (Some(0), 2);
    }
    loop {
        let rest = text.get(at..)?;
        let (group, digits) = leading_hex(rest);
        match rest.get(digits) {
            Some(b'.') => {
                let (tail, len) = leading_v4(rest)?;
                if rest.get(len).is_some_and(|byte| byte.is_ascii_hexdigit() || *byte == b':') {
                    return None;
                }
                let [high, low] = [tail.to_bits() >> 16, tail.to_bits() & 0xffff];
                address = address.push(high as u16)?.push(low as u16)?;
                return Some((address.whole()?, at + len));
            }
            Some(b':') if digits > 0 => {
                address = address.push(group)?;
                at += digits + 1;
                if text.get(at) == Some(&b':') && address.before_gap.replace(address.count).is_none() {
                    at += 1;
                }
            }
            Some(byte) if byte.is_ascii_hexdigit() || *byte == b':' => return None,
            _ if digits > 0 => return Some((address.push(group)?.whole()?, at + digits)),
            _ => return (text.get(..at)?.ends_with(b"::")).then_some((address.whole()?, at)),
        }
    }
}

/// At most four hexadecimal digits at the start of a text: their value, and how many there are.
#[inline]
fn leading_hex(text: &[u8]) -> (u16, usize) {
    let (mut value, mut digits) = (0, 0);
    for byte in text.iter().take(4) {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' | b'A'..=b'F' => (byte | 0x20) - b'a' + 10,
            _ => break,
        };
        value = value << 4 | u16::from(digit);
        digits += 1;
    }
    (value, digits)
}

/// The groups of an IPv6 address as they are read.
#[derive(Debug, Clone, Copy, Default)]
struct Groups {
    bits: u128,
    count: u32,
    /// How many stand before `::`.
    before_gap: Option<u32>,
}

impl Groups {
    #[inline]
    fn push(self, group: u16) -> Option<Groups> {
        (self.count < 8).then_some(Groups {
            bits: self.bits << 16 | u128::from(group),
            count: self.count + 1,
            ..self
        })
    }

    /// The address, with `::` filled by at least one group of zeros.
    #[inline]
    fn whole(self) -> Option<Ipv6Addr> {
        let Some(before) = self.before_gap else { return (self.count == 8).then_some(self.bits.into()) };
        let missing = 8u32.checked_sub(self.count).filter(|missing| *missing > 0)?;
        let after_bits = 16 * (self.count - before);
        let low = self.bits & ((1 << after_bits) - 1); // at most seven groups
        let high = self.bits >> after_bits << after_bits;
        Some((high.checked_shl(16 * missing).unwrap_or(0) | low).into())
    }
}

/// A prefix length: decimal digits without sign or leading zero, at most `max`.
pub(crate) fn parse_length(text: &str, max: u8) -> Option<u8> {
    leading_decimal(text.as_bytes(), max).filter(|&(_, len)| len == text.len()).map(|(length, _)| length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_plain_decimals() {
        for (text, expected) in [
            ("0", Some(0)),
            ("8", Some(8)),
            ("32", Some(32)),
            ("33", None),
            ("08", None),
            ("00", None),
            ("+8", None),
            ("-1", None),
            ("", None),
            (" 8", None),
            ("8 ", None),
            ("1000", None),
            ("255.0.0.0", None),
        ] {
            assert_eq!(parse_length(text, 32), expected, "{text:?}");
        }
    }

    /// The standard library's parser is the independent implementation.
    #[test]
    fn octets_are_read_as_the_standard_library_reads_them() {
        for text in [
            "1.2.3.4",
            "0.0.0.0",
            "255.255.255.255",
            "256.1.1.1",
            "1.2.3",
            "1.2.3.4.",
            "1.2.3.4.5",
            "01.2.3.4",
            "1.2.3.04",
            "1..2.3",
            ".1.2.3",
            "1.2.3.4x",
            "+1.2.3.4",
            "1.2.3.1234",
            "",
            "1.2.3.00",
            "300.2.3.4",
        ] {
            assert_eq!(parse_v4(text), text.parse().ok(), "{text:?}");
        }
    }

    #[test]
    fn groups_are_read_as_the_standard_library_reads_them() {
        const TOKENS: [&str; 9] = ["::", ":", "1", "a:B:0", "00fF", "12345", "1.2.3.4", "1.2", "g"];
        const LONGEST: u32 = 6;
        for number in 0..TOKENS.len().pow(LONGEST) {
            let (mut text, mut left) = (String::new(), number);
            while left > 0 {
                text.push_str(TOKENS[left % TOKENS.len()]);
                left /= TOKENS.len();
            }
            assert_eq!(parse_v6(&text), text.parse().ok(), "{text:?}");
        }
    }
}
