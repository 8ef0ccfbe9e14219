//! Addresses inside other text.

use super::text::{leading_v4, leading_v6};

/// The first address in a text, with the length or the end of a range behind it.
pub(crate) fn address_within(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let begins = |at: usize| {
        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
        bytes.get(at).is_some_and(|byte| byte.is_ascii_hexdigit() || *byte == b':')
            && !before.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_'))
    };
    let at = (0..bytes.len())
        .filter(|at| begins(*at))
        .find(|at| is_address(bytes.get(*at..).unwrap_or_default()))?;
    let rest = text.get(at..)?;
    let len = rest
        .find(|c: char| !c.is_ascii_hexdigit() && !matches!(c, '.' | ':' | '/' | '-'))
        .unwrap_or(rest.len());
    rest.get(..len).map(|found| found.trim_end_matches(['-', ':', '/']))
}

/// Whether an address begins a text: one with a digit, and without a letter behind it, for `dead::beef` is a name.
fn is_address(text: &[u8]) -> bool {
    let len = leading_v4(text).map(|(_, len)| len).or_else(|| leading_v6(text).map(|(_, len)| len));
    let Some((address, rest)) = len.and_then(|len| text.split_at_checked(len)) else { return false };
    let is_name = rest.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_');
    address.iter().any(u8::is_ascii_digit) && !is_name
}
