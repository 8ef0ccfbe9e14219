//! What an entry looks like: the accepting half of the grammar.
//!
//! An entry that is not accepted is looked at again by `diagnose`, which says why; that keeps the path of
//! good entries short and free of allocation.

use std::fmt;
use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Subnets, Ipv6Subnets};
use nom::branch::alt;
use nom::bytes::complete::{tag, take_while, take_while1};
use nom::character::complete::char;
use nom::combinator::{all_consuming, map, map_opt, opt, success, value};
use nom::sequence::{delimited, preceded};
use nom::{IResult, Parser};

use super::entry::{EntryText, needs_brackets};
use super::{Until, label};
use crate::address::{PrefixText, canonical_prefix, parse_length, parse_v4, parse_v6};

/// The two characters that count as blank.
pub(super) const BLANKS: [char; 2] = [' ', '\t'];

/// One entry as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Item<'a> {
    pub(super) deny: bool,
    pub(super) target: Target,
    pub(super) label: Option<&'a str>,
    pub(super) until: Option<Until>,
}

/// The addresses that an entry names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// `0.0.0.0/0` and `::/0`.
    All,
    /// An address and a length that is not longer than it.
    Prefix { address: IpAddr, length: u8, bare: bool },
    /// First and last address, of one family and in order.
    Range { first: IpAddr, last: IpAddr },
}

impl Target {
    /// The fewest prefixes that cover the target exactly, not yet canonical.
    pub(super) fn prefixes(self) -> impl Iterator<Item = (IpAddr, u8)> {
        let (one, four, six) = match self {
            Target::All => (None, Some((0, u32::MAX)), Some((0, u128::MAX))),
            Target::Prefix { address, length, .. } => (Some((address, length)), None, None),
            Target::Range { first: IpAddr::V4(a), last: IpAddr::V4(b) } => {
                (None, Some((a.into(), b.into())), None)
            }
            Target::Range { first: IpAddr::V6(a), last: IpAddr::V6(b) } => {
                (None, None, Some((a.into(), b.into())))
            }
            Target::Range { .. } => (None, None, None), // excluded by the grammar
        };
        let four = four.into_iter().flat_map(|(a, b): (u32, u32)| Ipv4Subnets::new(a.into(), b.into(), 0));
        let six = six.into_iter().flat_map(|(a, b): (u128, u128)| Ipv6Subnets::new(a.into(), b.into(), 0));
        let pair = |net: IpNet| (net.addr(), net.prefix_len());
        one.into_iter().chain(four.map(IpNet::V4).map(pair)).chain(six.map(IpNet::V6).map(pair))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::All => f.write_str("all"),
            Target::Range { first, last } => write!(f, "{first}-{last}"),
            Target::Prefix { address, length, .. } => match canonical_prefix(*address, *length) {
                Some(canonical) => PrefixText(canonical.prefix).fmt(f),
                None => write!(f, "{address}/{length}"), // excluded by the grammar
            },
        }
    }
}

impl fmt::Display for Item<'_> {
    /// Canonical text of the whole item: ranges and `all` stay what they are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let needs_brackets = match self.target {
            Target::Prefix { address, length, .. } => canonical_prefix(address, length)
                .is_some_and(|canonical| needs_brackets(canonical.prefix, self.label.is_some())),
            _ => false,
        };
        EntryText {
            deny: self.deny,
            target: self.target,
            needs_brackets,
            label: self.label,
            until: self.until,
        }
        .fmt(f)
    }
}

/// Reads one trimmed piece of a list whole.
pub(super) fn item(piece: &str) -> Option<Item<'_>> {
    all_consuming((opt(char('!')), target, opt(preceded(char(':'), label_text)), opt(until)))
        .parse(piece)
        .ok()
        .map(|(_, (not, target, label, until))| Item {
            deny: not.is_some(),
            target,
            label: label.flatten(),
            until,
        })
}

fn target(input: &str) -> IResult<&str, Target> {
    alt((ipv4_target, ipv6_target, bracketed, value(Target::All, tag("all")))).parse(input)
}

fn ipv4_target(input: &str) -> IResult<&str, Target> {
    let (rest, first) = ipv4.parse(input)?;
    after_address(rest, first, 32, ipv4)
}

fn ipv6_target(input: &str) -> IResult<&str, Target> {
    let (rest, first) = ipv6.parse(input)?;
    after_address(rest, first, 128, ipv6)
}

/// What may follow an address: `/length`, `-last`, or nothing.
fn after_address<'a>(
    input: &'a str,
    first: IpAddr,
    max: u8,
    address: impl Fn(&'a str) -> IResult<&'a str, IpAddr>,
) -> IResult<&'a str, Target> {
    alt((
        map(length(max), move |length| Target::Prefix { address: first, length, bare: false }),
        map_opt(preceded(char('-'), address), move |last| {
            (first <= last).then_some(Target::Range { first, last })
        }),
        success(Target::Prefix { address: first, length: max, bare: true }),
    ))
    .parse(input)
}

/// `[address]`, `[address]/length` or `[address/length]`.
fn bracketed(input: &str) -> IResult<&str, Target> {
    map_opt(
        (delimited(char('['), (ipv6, opt(length(128))), char(']')), opt(length(128))),
        |((address, inside), outside)| match (inside, outside) {
            (Some(_), Some(_)) => None,
            (length, None) | (None, length) => {
                Some(Target::Prefix { address, length: length.unwrap_or(128), bare: false })
            }
        },
    )
    .parse(input)
}

fn ipv4(input: &str) -> IResult<&str, IpAddr> {
    let text = take_while1(|c: char| c.is_ascii_digit() || c == '.');
    map_opt(text, |text| parse_v4(text).map(IpAddr::V4)).parse(input)
}

fn ipv6(input: &str) -> IResult<&str, IpAddr> {
    let text = take_while1(|c: char| c.is_ascii_hexdigit() || matches!(c, ':' | '.'));
    map_opt(text, |text| parse_v6(text).map(IpAddr::V6)).parse(input)
}

fn length<'a>(max: u8) -> impl Parser<&'a str, Output = u8, Error = nom::error::Error<&'a str>> {
    let digits = take_while1(|c: char| c.is_ascii_digit());
    preceded(char('/'), map_opt(digits, move |text| parse_length(text, max)))
}

/// Everything up to an attribute, trimmed; nothing at all is no label.
fn label_text(input: &str) -> IResult<&str, Option<&str>> {
    map_opt(take_while(|c| c != ';'), |text: &str| {
        let text = text.trim_matches(BLANKS);
        match text.is_empty() {
            true => Some(None),
            false => label::check(text).ok().map(|()| Some(text)),
        }
    })
    .parse(input)
}

/// `;until=…`, blanks around the attribute trimmed.
fn until(input: &str) -> IResult<&str, Until> {
    let blanks = |input| take_while(|c| BLANKS.contains(&c)).parse(input);
    let instant = map_opt(take_while(|c| c != ';'), |text: &str| text.trim_end_matches(BLANKS).parse().ok());
    preceded((blanks, char(';'), blanks, tag("until=")), instant).parse(input)
}

/// Whether the text of an IPv6 address could also be read as a shorter address and a label:
/// `2001:db8::1:beef` as `2001:db8::1` and `beef`. A dotted tail is never taken for a label.
pub(super) fn is_ambiguous(address: &str) -> bool {
    address.split_once("::").is_some_and(|(_, tail)| tail.contains(':') && !tail.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn canonical(text: &str) -> String {
        item(text).unwrap_or_else(|| panic!("{text:?} is not accepted")).to_string()
    }

    #[test]
    fn canonical_text_of_accepted_items() {
        for (text, expected) in [
            ("1.2.3.4", "1.2.3.4"),
            ("1.2.3.4/32", "1.2.3.4"),
            ("1.2.3.4:", "1.2.3.4"),
            ("10.0.0.5/8: a b ", "10.0.0.0/8:a b"),
            ("!10.0.0.0/8:a:b:c", "!10.0.0.0/8:a:b:c"),
            ("all:x", "all:x"),
            ("10.0.0.1-10.0.0.9", "10.0.0.1-10.0.0.9"),
            ("2001:DB8::1", "2001:db8::1"),
            ("2001:db8::/32:office", "2001:db8::/32:office"),
            ("[2001:db8::1]:office", "[2001:db8::1]:office"),
            ("[2001:db8::]/32", "2001:db8::/32"),
            ("[2001:db8::/32]:x", "2001:db8::/32:x"),
            ("2001:db8::1:beef", "[2001:db8::1:beef]"),
            ("2001:db8::1-2001:db8::9", "2001:db8::1-2001:db8::9"),
            ("::ffff:10.0.0.0/104:x", "10.0.0.0/8:x"),
            ("1.2.3.4 ; until=2026-12-31 ", "1.2.3.4;until=2026-12-31"),
            ("1.2.3.4:x ; until=2026-12-31T00:00:00Z", "1.2.3.4:x;until=2026-12-30"),
        ] {
            assert_eq!(canonical(text), expected, "{text:?}");
            assert_eq!(canonical(expected), expected, "canonical text of {text:?} is its own");
        }
    }

    #[test]
    fn ranges_become_the_fewest_prefixes() {
        let prefixes = |text: &str| -> Vec<String> {
            item(text).unwrap().target.prefixes().map(|(a, l)| format!("{a}/{l}")).collect()
        };
        assert_eq!(
            prefixes("10.0.0.1-10.0.0.6"),
            ["10.0.0.1/32", "10.0.0.2/31", "10.0.0.4/31", "10.0.0.6/32"]
        );
        assert_eq!(prefixes("0.0.0.0-255.255.255.255"), ["0.0.0.0/0"]);
        assert_eq!(prefixes("::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), ["::/0"]);
        assert_eq!(prefixes("::1-::1"), ["::1/128"]);
        assert_eq!(prefixes("all"), ["0.0.0.0/0", "::/0"]);
    }
}
