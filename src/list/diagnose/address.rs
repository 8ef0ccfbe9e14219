//! Mistakes in one address, and words where an address belongs.

use super::advice::Advice;
use super::length::{is_cut_ipv6, octets, written_length};
use super::problem::{Problem, say, target};
use super::token::Token;
use super::words::EVERYONE;
use crate::address::parse_v6;
use crate::list::diagnostic::Code;

pub(super) fn ipv6(named: Token<'_>) -> Option<Problem> {
    let text = named.text;
    if let Some(problem) = cut_ipv6(named) {
        return Some(problem);
    }
    if text.matches(':').count() < 2 {
        return None;
    }
    let labelled = text.rmatch_indices(':').find_map(|(at, _)| {
        let (address, label) = (text.get(..at)?, text.get(at + 1..)?);
        parse_v6(address).map(|_| (address, label))
    });
    let meant_whole = |label: &str| {
        let is_dotted = label.contains('.') && label.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let is_groups = text.bytes().all(|b| b.is_ascii_hexdigit() || b == b':');
        is_dotted || is_groups && (text.contains(":::") || text.matches("::").count() > 1)
    };
    if let Some((address, label)) = labelled.filter(|(_, label)| !meant_whole(label)) {
        if label.is_empty() {
            let message = format!("`{text}` ends in a colon");
            return Some(named.problem(Code::NotAnAddress, message, target(address)));
        }
        let message =
            format!("an IPv6 address with a label stands in brackets, or `{label}` could be part of it");
        let body = Advice::Body(format!("[{address}]:{label}"));
        return Some(named.problem(Code::LabelNeedsBrackets, message, body));
    }
    let wrong = text.split(['/', ':']).find(|g| {
        g.len() > 4 && !g.contains('.') || g.contains(|c: char| !c.is_ascii_hexdigit() && c != '.')
    });
    let message = match wrong {
        Some(group) => format!("`{group}` is no group of an IPv6 address: up to four hexadecimal digits"),
        None if text.contains(":::") || text.matches("::").count() > 1 => {
            format!("`{text}` has more than one `::`")
        }
        None => format!("`{text}` is no IPv6 address: eight groups, or fewer with one `::`"),
    };
    let advice = say("write an address such as `2001:db8::1` or a prefix such as `2001:db8::/32`");
    Some(named.problem(Code::NotAnAddress, message, advice))
}

/// `2001:41d0` and `2400:cb00/32`: the missing groups are zero where a length says how many count.
fn cut_ipv6(named: Token<'_>) -> Option<Problem> {
    let (groups, length) = split_length(named.text);
    if !is_cut_ipv6(groups) {
        return None;
    }
    let message = format!("`{groups}` has {} of eight groups, and no `::`", groups.split(':').count());
    let advice = match length.map(|length| written_length(length, 128)) {
        Some(Some(length)) => target(format_args!("{groups}::/{length}")),
        _ => say("put `::` where groups are left out, and a length behind it where a network is meant"),
    };
    Some(named.problem(Code::NotAnAddress, message, advice))
}

/// An address and the text of its length.
fn split_length(text: &str) -> (&str, Option<&str>) {
    text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)))
}

pub(super) fn ipv4(named: Token<'_>) -> Option<Problem> {
    let (address, length) = split_length(named.text);
    let token = Token { text: address, ..named };
    let is_number = |octet: &str| !octet.is_empty() && octet.bytes().all(|b| b.is_ascii_digit());
    let is_hex = |octet: &str| {
        octet
            .strip_prefix("0x")
            .or_else(|| octet.strip_prefix("0X"))
            .is_some_and(|h| !h.is_empty() && h.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    let octets: Vec<&str> = address.split('.').collect();
    if octets.iter().any(|o| is_hex(o)) && octets.iter().all(|o| is_hex(o) || is_number(o)) {
        let message = "IPv4 is written in decimal octets, not in hexadecimal";
        return Some(token.problem(Code::HexIpv4, message, in_decimal(named.text)));
    }
    if !octets.iter().all(|o| is_number(o) || o.is_empty()) || !address.contains(|c: char| c.is_ascii_digit())
    {
        return None;
    }
    if octets.len() > 4 {
        let message = format!("`{address}` has {} octets, an IPv4 address has four", octets.len());
        return Some(token.problem(
            Code::NotAnAddress,
            message,
            say("write a comma where two addresses ran together"),
        ));
    }
    if octets.contains(&"") {
        let message = format!("`{address}` has an empty octet");
        return Some(token.problem(Code::NotAnAddress, message, Advice::example()));
    }
    if let Some(large) =
        octets.iter().find(|o| o.trim_start_matches('0').len() > 3 || o.parse().is_ok_and(|n: u32| n > 255))
        && octets.len() > 1
    {
        let token = Token::within(named.text, large).at(named.start);
        let message = format!("`{large}` is beyond 255");
        return Some(token.problem(Code::OctetRange, message, say("write four octets from 0 to 255")));
    }
    if octets.len() < 4 {
        let message = format!("`{address}` has {} of four octets", octets.len());
        // Without a length the missing octets are a guess, which is left to the person who writes.
        let advice = match length {
            Some(_) => in_decimal(named.text),
            None => say("write all four octets, and a length where a network is meant"),
        };
        return Some(token.problem(Code::ShortIpv4, message, advice));
    }
    let zeroed = octets.iter().find(|o| o.len() > 1 && o.starts_with('0'))?;
    let message = format!("the octet `{zeroed}` has a leading zero, which some programs read as octal");
    Some(token.problem(Code::LeadingZero, message, in_decimal(named.text)))
}

/// The same address in four decimal octets, with the length that is written behind it.
fn in_decimal(text: &str) -> Advice {
    let (_, length) = split_length(text);
    let address = octets(text).map(|octets| octets.address);
    match (address, length.map(|length| written_length(length, 32))) {
        (Some(address), None) => target(address),
        (Some(address), Some(Some(length))) => target(format_args!("{address}/{length}")),
        _ => say("write four decimal octets, and a length from 0 to 32 where a network is meant"),
    }
}

/// Words: other spellings of `all`, and host names.
pub(super) fn word(named: Token<'_>) -> Option<Problem> {
    let text = named.text;
    if EVERYONE.iter().any(|word| text.eq_ignore_ascii_case(word)) {
        if text == "all" {
            return None;
        }
        let message = format!("`{text}` is not a word that lists know");
        return Some(named.problem(Code::NotAnAddress, message, target("all")));
    }
    let name = text.split('/').next().unwrap_or(text).trim_end_matches('.');
    let is_host = text.eq_ignore_ascii_case("localhost") || name.contains('.');
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '*');
    (is_host && name.chars().all(plain) && name.contains(|c: char| c.is_ascii_alphabetic())).then(|| {
        let message = format!("`{name}` is a host name, and names are not looked up");
        named.problem(Code::Hostname, message, say("write the addresses it stands for"))
    })
}
