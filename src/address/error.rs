//! Client addresses that are none, and what is too much about those that proxies write with more around them.

use std::fmt;

use super::text::{parse_v4, parse_v6};
use crate::shown::Shown;

/// A client address that is not an IP address. Its sentence names what is too much, where nothing else is wrong.
///
/// ```
/// let error = ipgate::parse_address("1.2.3.4:5678").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "`1.2.3.4:5678` is not an IP address: the port `:5678` is too much; write `1.2.3.4`"
/// );
/// ```
// Only the text is kept: whoever sends bad addresses costs no more than its copy until someone reads of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressError {
    text: String,
}

impl AddressError {
    pub(super) fn new(text: &str) -> AddressError {
        AddressError { text: text.to_owned() }
    }

    /// The text that could not be read.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not an IP address: ", Shown(&self.text))?;
        if let Some((first, others)) = self.text.split_once(',')
            && Wrapped::read(first).is_some()
        {
            // Which of several is the client's is not for a message to say: others may have written the first.
            return match others.trim() {
                "" => f.write_str("the comma is too much; write one address alone"),
                others => {
                    write!(f, "`{}` behind the comma is too much; write one address alone", Shown(others))
                }
            };
        }
        match Wrapped::read(&self.text) {
            Some(wrapped) => write!(f, "{wrapped}"),
            None => f.write_str(
                "write four decimal octets (10.0.1.7) or IPv6 text (2001:db8::7), without port, length or zone",
            ),
        }
    }
}

impl std::error::Error for AddressError {}

/// An address, and what stands around it.
#[derive(Default)]
struct Wrapped<'t> {
    address: &'t str,
    blanks: bool,
    quotes: bool,
    brackets: bool,
    /// With its `%`; empty for none.
    zone: &'t str,
    /// With its `/`; empty for none.
    length: &'t str,
    /// With its `:`; empty for none.
    port: &'t str,
}

impl<'t> Wrapped<'t> {
    /// Takes a text apart; `None` where what is left is no address.
    fn read(text: &'t str) -> Option<Wrapped<'t>> {
        let trimmed = text.trim();
        let unquoted = ['"', '\'', '`'].iter().find_map(|&q| trimmed.strip_prefix(q)?.strip_suffix(q));
        let core = unquoted.unwrap_or(trimmed).trim();
        let quotes = unquoted.is_some();
        let blanks = core.len() + if quotes { 2 } else { 0 } != text.len();
        let (inside, behind, brackets) = match core.strip_prefix('[') {
            Some(rest) => {
                let (inside, behind) = rest.split_once(']')?;
                (inside, behind, true)
            }
            None => {
                let (inside, behind) = split_before_port(core);
                (inside, behind, false)
            }
        };
        let (port, length) = if behind.starts_with(':') { (behind, "") } else { ("", behind) };
        let (inside, length) = if length.is_empty() { split_before(inside, '/') } else { (inside, length) };
        let (address, zone) = split_before(inside, '%');
        let is_whole = |part: &str| part.is_empty() || part.len() > 1;
        let is_number = |part: &str| is_whole(part) && part.bytes().skip(1).all(|byte| byte.is_ascii_digit());
        let is_length = length.is_empty() || length.starts_with('/');
        let is_address = parse_v4(address).is_some() || parse_v6(address).is_some();
        (is_address && is_number(port) && is_number(length) && is_length && is_whole(zone))
            .then_some(Wrapped { address, blanks, quotes, brackets, zone, length, port })
    }
}

/// The text up to a character, and the rest with it.
fn split_before(text: &str, mark: char) -> (&str, &str) {
    text.find(mark).and_then(|at| text.split_at_checked(at)).unwrap_or((text, ""))
}

/// The text up to a port, which only IPv4 has without brackets.
fn split_before_port(text: &str) -> (&str, &str) {
    let (address, port) = split_before(text, ':');
    if parse_v4(address).is_some() { (address, port) } else { (text, "") }
}

impl fmt::Display for Wrapped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain =
            [(self.blanks, "the blanks"), (self.quotes, "the quotes"), (self.brackets, "the brackets")];
        let plain = plain.into_iter().filter(|(is_there, _)| *is_there).map(|(_, name)| name.to_owned());
        let shown = [("zone", self.zone), ("length", self.length), ("port", self.port)];
        let shown = shown.into_iter().filter(|(_, part)| !part.is_empty());
        let shown = shown.map(|(name, part)| format!("the {name} `{}`", Shown(part)));
        let are_many = self.blanks || self.quotes || self.brackets;
        let parts: Vec<String> = plain.chain(shown).collect();
        let verb = if are_many || parts.len() > 1 { "are" } else { "is" };
        match parts.split_last() {
            Some((last, [])) => f.write_str(last)?,
            Some((last, others)) => write!(f, "{} and {last}", others.join(", "))?,
            None => {}
        }
        write!(f, " {verb} too much; write `{}`", self.address)
    }
}

#[cfg(test)]
mod tests {
    use crate::parse_address;

    #[test]
    fn what_is_too_much_is_named() {
        for (text, told) in [
            ("1.2.3.4:5678", "the port `:5678` is too much; write `1.2.3.4`"),
            ("[2001:db8::1]:443", "the brackets and the port `:443` are too much; write `2001:db8::1`"),
            ("[2001:db8::1]", "the brackets are too much; write `2001:db8::1`"),
            ("[1.2.3.4]:80", "the brackets and the port `:80` are too much; write `1.2.3.4`"),
            ("::ffff:1.2.3.4/128", "the length `/128` is too much; write `::ffff:1.2.3.4`"),
            ("fe80::1%eth0", "the zone `%eth0` is too much; write `fe80::1`"),
            (
                "[fe80::1%eth0]:80",
                "the brackets, the zone `%eth0` and the port `:80` are too much; write `fe80::1`",
            ),
            ("fe80::1%a\u{202e}b", "the zone `%a\\u{202e}b` is too much; write `fe80::1`"),
            ("10.0.0.0/8", "the length `/8` is too much; write `10.0.0.0`"),
            ("[2001:db8::/32]", "the brackets and the length `/32` are too much; write `2001:db8::`"),
            ("'1.2.3.4'", "the quotes are too much; write `1.2.3.4`"),
            ("`::1`", "the quotes are too much; write `::1`"),
            (" 1.2.3.4\n", "the blanks are too much; write `1.2.3.4`"),
            ("\" 1.2.3.4:5\"", "the blanks, the quotes and the port `:5` are too much; write `1.2.3.4`"),
            ("1.2.3.4, 5.6.7.8", "`5.6.7.8` behind the comma is too much; write one address alone"),
            ("1.2.3.4:5,x", "`x` behind the comma is too much; write one address alone"),
            ("1.2.3.4,", "the comma is too much; write one address alone"),
        ] {
            let error = parse_address(text).unwrap_err();
            let shown = text.replace('\n', "\\n").replace('\u{202e}', "\\u{202e}");
            assert_eq!(error.to_string(), format!("`{shown}` is not an IP address: {told}"));
        }
    }

    /// Where anything else is wrong too, no address is told: it would not be the one that was written.
    #[test]
    fn nothing_is_guessed() {
        for text in [
            "",
            "foobar",
            "1.2.3",
            "01.2.3.4:80",
            "1.2.3.4:http",
            "1.2.3.4:",
            "1.2.3.4:80:90",
            "1.2.3.4/8:80",
            "1.2.3.4:80/8",
            "1.2.3.4 5",
            "1.2.3.4/",
            "[2001:db8::1",
            "2001:db8::1]",
            "[2001:db8::1]x",
            "[2001:db8::1]443",
            "[[::1]]",
            "fe80::1%",
            "2001:db8::1:2:3:4:5:443x",
            "\"1.2.3.4'",
            "x,1.2.3.4",
        ] {
            let error = parse_address(text).unwrap_err().to_string();
            assert!(error.ends_with("without port, length or zone"), "{error}");
        }
    }
}
