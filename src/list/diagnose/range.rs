//! Mistakes in ranges: their families, their order, their brackets, and the label of a range of IPv6.

use std::net::IpAddr;

use super::advice::Advice;
use super::problem::{Problem, say};
use super::token::Token;
use super::words::DASHES;
use crate::address::{canonical_address, parse_v4, parse_v6};
use crate::list::diagnostic::Code;
use crate::list::grammar::{Item, Target};
use crate::list::label::BLANKS;

/// A range as it was probably meant.
struct Meant<'a> {
    first: IpAddr,
    last: IpAddr,
    /// What stands before the label.
    target: &'a str,
    label: Option<&'a str>,
}

/// What is wrong with a range, label and all; a problem of its label alone is none of the range.
pub(super) fn range(body: Token<'_>) -> Option<Problem> {
    let meant = Meant::read(body.text)?;
    let (first, last) = (canonical_address(meant.first), canonical_address(meant.last));
    let (code, message) = if first.is_ipv4() != last.is_ipv4() {
        let message = match (meant.first, meant.last) {
            (IpAddr::V6(_), IpAddr::V6(_)) => {
                "a range has both ends in one family, and an IPv4-mapped address is one of IPv4"
            }
            _ => "a range has both ends in one family",
        };
        return Some(body.problem(Code::Range, message, say("write one range for IPv4 and one for IPv6")));
    } else if meant.target.contains('/') {
        (Code::Range, "a range has addresses at its ends, without lengths")
    } else if !meant.has_plain_dash() {
        (Code::Range, "a range has a plain hyphen between its ends")
    } else if first > last {
        (Code::Range, "a range runs from the lower address to the higher")
    } else if meant.first.is_ipv4() != meant.last.is_ipv4() {
        (Code::Range, "a range has both ends in one spelling, of IPv4 or of IPv6")
    } else if !meant.has_good_brackets() {
        (Code::Brackets, "a range has brackets around each end or around both, and only in IPv6")
    } else if meant.label.is_some() && meant.first.is_ipv6() && !meant.target.contains('[') {
        (
            Code::LabelNeedsBrackets,
            "an IPv6 range with a label stands in brackets, or the label could be part of it",
        )
    } else {
        return None;
    };
    let target = match (first.min(last), first.max(last)) {
        (IpAddr::V4(first), IpAddr::V4(last)) => Target::RangeV4 { first, last },
        (IpAddr::V6(first), IpAddr::V6(last)) => Target::RangeV6 { first, last, bare: false },
        _ => return None,
    };
    let item = Item { deny: false, target, label: meant.label, until: None };
    Some(body.problem(code, message, Advice::Body(item.to_string())))
}

impl<'a> Meant<'a> {
    /// Two addresses with a dash between them, whatever brackets and lengths they have.
    fn read(body: &'a str) -> Option<Meant<'a>> {
        let (dash, mark) = body.char_indices().find(|(_, c)| DASHES.contains(c))?;
        let first = end(body.get(..dash)?)?;
        let last_begins = dash + mark.len_utf8();
        let colons = body.rmatch_indices(':').map(|(at, _)| at).take_while(|at| *at > dash);
        // The longest that can be an address is one: a label follows it.
        std::iter::once(body.len()).chain(colons).find_map(|at| {
            let target = body.get(..at)?;
            let last = end(target.get(last_begins..)?)?;
            let label = body.get(at + 1..).map(|label| label.trim_matches(BLANKS));
            Some(Meant { first, last, target, label: label.filter(|label| !label.is_empty()) })
        })
    }

    fn has_plain_dash(&self) -> bool {
        self.target.contains('-')
    }

    fn has_good_brackets(&self) -> bool {
        let brackets: String = self.target.chars().filter(|c| matches!(c, '[' | ']' | '-')).collect();
        match self.first {
            IpAddr::V4(_) => brackets == "-",
            IpAddr::V6(_) => matches!(brackets.as_str(), "-" | "[]-[]" | "[-]"),
        }
    }
}

/// The address at one end of a range, which may have a length or netmask behind it.
fn end(text: &str) -> Option<IpAddr> {
    let (address, length) = text.split_once('/').unwrap_or((text, ""));
    if !length.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b']')) {
        return None;
    }
    let address = address.trim_matches(['[', ']']);
    parse_v4(address).map(IpAddr::V4).or_else(|| parse_v6(address).map(IpAddr::V6))
}
