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
use nom::sequence::preceded;
use nom::{IResult, Parser};

use super::label::{self, BLANKS};
use super::text::{EntryText, TargetText};
use super::until::Until;
use crate::address::{
    MAPPED, address_within, canonical_address, canonical_prefix, leading_decimal, leading_v4, leading_v6,
};

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
    /// First and last address, in order, neither of them an IPv4-mapped one; `bare` where they stand without
    /// brackets.
    RangeV6 { first: Ipv6Addr, last: Ipv6Addr, bare: bool },
}

impl Target {
    /// The most prefixes that a target stands for: two for each bit of IPv6.
    pub(super) const MOST_PREFIXES: usize = 256;

    /// How many prefixes [`Target::for_each_prefix`] gives.
    pub(super) fn count(self) -> usize {
        let mut count = 0;
        self.for_each_prefix(|_| count += 1);
        count
    }

    /// The fewest prefixes that cover the target exactly, not yet canonical. `::ffff:0:0/96` is none of a range
    /// of IPv6 that spans it: it would stand for every IPv4 address.
    pub(super) fn for_each_prefix(self, mut each: impl FnMut(IpNet)) {
        match self {
            Target::Prefix { given, .. } => each(given),
            Target::RangeV4 { first, last } => Ipv4Subnets::new(first, last, 0).map(IpNet::V4).for_each(each),
            Target::RangeV6 { first, last, .. } => {
                let is_v6 = |piece: &IpNet| matches!(canonical_prefix(*piece).prefix, IpNet::V6(_));
                Ipv6Subnets::new(first, last, 0).map(IpNet::V6).filter(is_v6).for_each(each);
            }
            Target::All => {
                each(IpNet::V4(Ipv4Net::default()));
                each(IpNet::V6(Ipv6Net::default()));
            }
        }
    }

    /// Whether it is of IPv6 alone although `::ffff:0:0/96` lies in it: IPv4 clients do not match it.
    pub(super) fn covers_mapped(self) -> bool {
        match self {
            Target::Prefix { given: IpNet::V4(_), .. } | Target::RangeV4 { .. } | Target::All => false,
            Target::Prefix { given, .. } => canonical_prefix(given).covers_mapped,
            Target::RangeV6 { first, last, .. } => (first..=last).contains(&MAPPED),
        }
    }

    /// The canonical text, as it stands with a label behind it or without.
    pub(super) fn text(self, labelled: bool) -> TargetText {
        match self {
            Target::All => TargetText::All,
            Target::Prefix { given, .. } => {
                TargetText::Prefix { prefix: canonical_prefix(given).prefix, labelled }
            }
            Target::RangeV4 { first, last } => TargetText::RangeV4 { first, last },
            Target::RangeV6 { first, last, .. } => TargetText::RangeV6 { first, last, labelled },
        }
    }
}

impl fmt::Display for Item<'_> {
    /// Canonical text of the whole item: ranges and `all` stay what they are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Item { deny, target, label, until } = *self;
        EntryText { deny, target: target.text(label.is_some()), label, until }.fmt(f)
    }
}

/// Reads one trimmed piece of a list whole. Each step looks at the next byte before it calls a parser: most
/// entries end early, and lists hold millions of them.
pub(super) fn item(piece: &str) -> Option<Item<'_>> {
    item_with(piece, |label| label::check(label).is_ok())
}

/// Reads one trimmed piece whose label would be one but for characters that nobody sees: the item as it stands, with
/// that label in it.
pub(super) fn item_with_invisible(piece: &str) -> Option<Item<'_>> {
    item_with(piece, |label| label::visible(label).is_some())
}

#[inline(always)]
fn item_with(piece: &str, is_label: impl Fn(&str) -> bool) -> Option<Item<'_>> {
    let (deny, rest) = match piece.strip_prefix('!') {
        Some(rest) => (true, rest),
        None => (false, piece),
    };
    let (rest, target) = target(rest).ok()?;
    if rest.is_empty() {
        return Some(Item { deny, target, label: None, until: None });
    }
    let parts = (opt(preceded(char(':'), |text| label_text(text, &is_label))), opt(until));
    let (_, (label, until)) = all_consuming(parts).parse(rest).ok()?;
    let label = label.flatten();
    // `all:10.0.0.0/8` would let in everyone for the sake of one.
    let is_one_of_all = target == Target::All && label.is_some_and(|label| address_within(label).is_some());
    (!is_one_of_all).then_some(Item { deny, target, label, until })
}

fn target(input: &str) -> IResult<&str, Target> {
    match input.as_bytes().first() {
        Some(b'[') => bracketed(input),
        Some(b'0'..=b'9') => alt((in_family::<Ipv4Addr>, in_family::<Ipv6Addr>)).parse(input),
        _ => alt((in_family::<Ipv6Addr>, value(Target::All, tag("all")))).parse(input),
    }
}

/// An address family, as far as its text differs.
trait Family: Copy + Into<IpAddr> {
    const BITS: u8;

    /// The address at the start of a text, and how many bytes it takes.
    fn leading(text: &[u8]) -> Option<(Self, usize)>;
}

impl Family for Ipv4Addr {
    const BITS: u8 = 32;

    fn leading(text: &[u8]) -> Option<(Ipv4Addr, usize)> {
        leading_v4(text)
    }
}

impl Family for Ipv6Addr {
    const BITS: u8 = 128;

    fn leading(text: &[u8]) -> Option<(Ipv6Addr, usize)> {
        leading_v6(text)
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
            Some((range(first.into(), last.into(), true)?, at + 1 + len))
        }
        _ => Some((prefix(first.into(), A::BITS, true)?, at)),
    }
}

/// `[address]`, `[address]/length`, `[address/length]`, `[first]-[last]` or `[first-last]`.
fn bracketed(input: &str) -> IResult<&str, Target> {
    let (rest, first) = preceded(char('['), ipv6).parse(input)?;
    let last = preceded(alt((tag("]-["), tag("-"))), ipv6);
    let range = map_opt((last, char(']')), |(last, _)| range(first.into(), last.into(), false));
    let prefix =
        map_opt((opt(length), char(']'), opt(length)), |(inside, _, outside)| match (inside, outside) {
            (Some(_), Some(_)) => None,
            (length, None) | (None, length) => prefix(first.into(), length.unwrap_or(128), false),
        });
    alt((range, prefix)).parse(rest)
}

/// A range, where both ends are of one family and in order. An IPv4-mapped end is one of IPv4.
fn range(first: IpAddr, last: IpAddr, bare: bool) -> Option<Target> {
    match (canonical_address(first), canonical_address(last)) {
        (IpAddr::V4(first), IpAddr::V4(last)) if first <= last => Some(Target::RangeV4 { first, last }),
        (IpAddr::V6(first), IpAddr::V6(last)) if first <= last => Some(Target::RangeV6 { first, last, bare }),
        _ => None,
    }
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
fn label_text(input: &str, is_label: impl Fn(&str) -> bool) -> IResult<&str, Option<&str>> {
    let end = memchr(b';', input.as_bytes()).unwrap_or(input.len());
    let text = input.get(..end).unwrap_or_default().trim_matches(BLANKS);
    let label = match text.is_empty() {
        true => Some(None),
        false => is_label(text).then_some(Some(text)),
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
            ("[2001:db8::1]-[2001:db8::9]", "2001:db8::1-2001:db8::9"),
            ("[2001:db8::1-2001:db8::9]:x", "[2001:db8::1]-[2001:db8::9]:x"),
            ("2001:db8::1-2001:db8::9:beef", "[2001:db8::1]-[2001:db8::9:beef]"),
            ("[::ffff:a00:1]-[::ffff:10.0.0.9]:x", "10.0.0.1-10.0.0.9:x"),
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
