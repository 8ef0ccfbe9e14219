//! What an entry looks like: the accepting half of the grammar.
//!
//! An entry that is not accepted is looked at again by `diagnose`, which says why; that keeps the path of
//! good entries short and free of allocation.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv4Subnets, Ipv6Net, Ipv6Subnets};
use memchr::memchr;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_while};
use nom::character::complete::char;
use nom::combinator::{all_consuming, map_opt, opt, value};
use nom::error::ErrorKind;
use nom::sequence::{delimited, preceded};
use nom::{IResult, Parser};

use super::label;
use super::text::{EntryText, needs_brackets};
use super::until::Until;
use crate::address::{PrefixText, canonical_prefix, leading_decimal, leading_v4, leading_v6};

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
    /// A prefix whose host bits may be set; `bare` where it is an address without length or brackets.
    Prefix { given: IpNet, bare: bool },
    /// First and last address, in order.
    RangeV4 { first: Ipv4Addr, last: Ipv4Addr },
    /// First and last address, in order.
    RangeV6 { first: Ipv6Addr, last: Ipv6Addr },
}

impl Target {
    /// The fewest prefixes that cover the target exactly, not yet canonical.
    pub(super) fn for_each_prefix(self, mut each: impl FnMut(IpNet)) {
        match self {
            Target::Prefix { given, .. } => each(given),
            Target::RangeV4 { first, last } => Ipv4Subnets::new(first, last, 0).map(IpNet::V4).for_each(each),
            Target::RangeV6 { first, last } => Ipv6Subnets::new(first, last, 0).map(IpNet::V6).for_each(each),
            Target::All => {
                each(IpNet::V4(Ipv4Net::default()));
                each(IpNet::V6(Ipv6Net::default()));
            }
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::All => f.write_str("all"),
            Target::RangeV4 { first, last } => write!(f, "{first}-{last}"),
            Target::RangeV6 { first, last } => write!(f, "{first}-{last}"),
            Target::Prefix { given, .. } => PrefixText(canonical_prefix(*given).prefix).fmt(f),
        }
    }
}

impl fmt::Display for Item<'_> {
    /// Canonical text of the whole item: ranges and `all` stay what they are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let needs_brackets = match self.target {
            Target::Prefix { given, .. } => {
                needs_brackets(canonical_prefix(given).prefix, self.label.is_some())
            }
            _ => false,
        };
        let Item { deny, target, label, until } = *self;
        EntryText { deny, target, needs_brackets, label, until }.fmt(f)
    }
}

/// Reads one trimmed piece of a list whole. Each step looks at the next byte before it calls a parser: most
/// entries end early, and lists hold millions of them.
pub(super) fn item(piece: &str) -> Option<Item<'_>> {
    let (deny, rest) = match piece.strip_prefix('!') {
        Some(rest) => (true, rest),
        None => (false, piece),
    };
    let (rest, target) = target(rest).ok()?;
    if rest.is_empty() {
        return Some(Item { deny, target, label: None, until: None });
    }
    let parts = (opt(preceded(char(':'), label_text)), opt(until));
    let (_, (label, until)) = all_consuming(parts).parse(rest).ok()?;
    Some(Item { deny, target, label: label.flatten(), until })
}

fn target(input: &str) -> IResult<&str, Target> {
    match input.as_bytes().first() {
        Some(b'[') => bracketed(input),
        Some(b'0'..=b'9') => alt((in_family::<Ipv4Addr>, in_family::<Ipv6Addr>)).parse(input),
        _ => alt((in_family::<Ipv6Addr>, value(Target::All, tag("all")))).parse(input),
    }
}

/// An address family, as far as its text differs.
trait Family: Copy + PartialOrd + Into<IpAddr> {
    const BITS: u8;

    /// The address at the start of a text, and how many bytes it takes.
    fn leading(text: &[u8]) -> Option<(Self, usize)>;

    fn range(first: Self, last: Self) -> Target;
}

impl Family for Ipv4Addr {
    const BITS: u8 = 32;

    fn leading(text: &[u8]) -> Option<(Ipv4Addr, usize)> {
        leading_v4(text)
    }

    fn range(first: Ipv4Addr, last: Ipv4Addr) -> Target {
        Target::RangeV4 { first, last }
    }
}

impl Family for Ipv6Addr {
    const BITS: u8 = 128;

    fn leading(text: &[u8]) -> Option<(Ipv6Addr, usize)> {
        leading_v6(text)
    }

    fn range(first: Ipv6Addr, last: Ipv6Addr) -> Target {
        Target::RangeV6 { first, last }
    }
}

/// `address`, `address/length` or `first-last` of one family. Most entries are nothing but this, so it is read
/// byte by byte.
fn in_family<A: Family>(input: &str) -> IResult<&str, Target> {
    leading(input, leading_in_family::<A>(input.as_bytes()))
}

fn leading_in_family<A: Family>(text: &[u8]) -> Option<(Target, usize)> {
    let (first, at) = A::leading(text)?;
    match text.get(at..)? {
        [b'/', rest @ ..] => {
            let (length, digits) = leading_decimal(rest, A::BITS)?;
            Some((prefix(first.into(), length, false)?, at + 1 + digits))
        }
        [b'-', rest @ ..] => {
            let (last, len) = A::leading(rest)?;
            (first <= last).then(|| (A::range(first, last), at + 1 + len))
        }
        _ => Some((prefix(first.into(), A::BITS, true)?, at)),
    }
}

/// `[address]`, `[address]/length` or `[address/length]`.
fn bracketed(input: &str) -> IResult<&str, Target> {
    map_opt(
        (delimited(char('['), (ipv6, opt(length)), char(']')), opt(length)),
        |((address, inside), outside)| match (inside, outside) {
            (Some(_), Some(_)) => None,
            (length, None) | (None, length) => prefix(address.into(), length.unwrap_or(128), false),
        },
    )
    .parse(input)
}

fn prefix(address: IpAddr, length: u8, bare: bool) -> Option<Target> {
    IpNet::new(address, length).ok().map(|given| Target::Prefix { given, bare })
}

fn ipv6(input: &str) -> IResult<&str, Ipv6Addr> {
    leading(input, leading_v6(input.as_bytes()))
}

/// `/` and the length of an IPv6 prefix.
fn length(input: &str) -> IResult<&str, u8> {
    preceded(char('/'), |input| leading(input, leading_decimal(input.as_bytes(), <Ipv6Addr as Family>::BITS)))
        .parse(input)
}

/// A value read from the first bytes of the input.
fn leading<T>(input: &str, read: Option<(T, usize)>) -> IResult<&str, T> {
    read.and_then(|(value, len)| Some((input.get(len..)?, value)))
        .ok_or_else(|| nom::Err::Error(nom::error::Error::new(input, ErrorKind::Digit)))
}

/// Everything up to an attribute, trimmed; nothing at all is no label.
fn label_text(input: &str) -> IResult<&str, Option<&str>> {
    let end = memchr(b';', input.as_bytes()).unwrap_or(input.len());
    let text = input.get(..end).unwrap_or_default().trim_matches(BLANKS);
    let label = match text.is_empty() {
        true => Some(None),
        false => label::check(text).ok().map(|()| Some(text)),
    };
    leading(input, label.map(|label| (label, end)))
}

/// `;until=…`, blanks around the attribute trimmed.
fn until(input: &str) -> IResult<&str, Until> {
    let blanks = |input| take_while(|c| BLANKS.contains(&c)).parse(input);
    let instant = map_opt(take_while(|c| c != ';'), |text: &str| text.trim_end_matches(BLANKS).parse().ok());
    preceded((blanks, char(';'), blanks, tag("until=")), instant).parse(input)
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
            {
                let mut all = Vec::new();
                item(text).unwrap().target.for_each_prefix(|prefix| all.push(prefix.to_string()));
                all
            }
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
