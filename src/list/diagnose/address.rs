//! Mistakes in one address, and words where an address belongs.

use std::net::Ipv4Addr;

use super::problem::{Problem, Token, is_entry, write};
use crate::address::{parse_length, parse_v6};
use crate::list::diagnostic::Code;

pub(super) fn ipv6(target: Token<'_>) -> Option<Problem> {
    let text = target.text;
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
            return Some(target.problem(
                Code::NotAnAddress,
                format!("`{text}` ends in a colon"),
                write(address),
            ));
        }
        let message =
            format!("an IPv6 address with a label stands in brackets, or `{label}` could be part of it");
        return Some(target.problem(
            Code::LabelNeedsBrackets,
            message,
            write(format_args!("[{address}]:{label}")),
        ));
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
    Some(target.problem(
        Code::NotAnAddress,
        message,
        "write an address such as `2001:db8::1` or a prefix such as `2001:db8::/32`",
    ))
}

pub(super) fn ipv4(target: Token<'_>) -> Option<Problem> {
    let (address, length) = match target.text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (target.text, None),
    };
    let token = Token { text: address, ..target };
    let is_number = |octet: &str| !octet.is_empty() && octet.bytes().all(|b| b.is_ascii_digit());
    let is_hex = |octet: &str| {
        octet
            .strip_prefix("0x")
            .or_else(|| octet.strip_prefix("0X"))
            .is_some_and(|h| !h.is_empty() && h.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    let octets: Vec<&str> = address.split('.').collect();
    let suffix =
        length.filter(|l| parse_length(l, 32).is_some()).map_or_else(String::new, |l| format!("/{l}"));
    if octets.iter().any(|o| is_hex(o)) && octets.iter().all(|o| is_hex(o) || is_number(o)) {
        let value = |o: &&str| match o.get(2..) {
            Some(hex) if is_hex(o) => u32::from_str_radix(hex, 16).ok(),
            _ => o.parse().ok(),
        };
        let numbers: Option<Vec<u32>> = octets.iter().map(value).collect();
        let decimal = match numbers.as_deref() {
            Some([number]) => Some(Ipv4Addr::from(*number)),
            Some([a, b, c, d]) => octet_address([*a, *b, *c, *d]),
            _ => None,
        };
        let suggestion = decimal.map_or_else(|| write("10.0.0.0/8"), |a| write(format_args!("{a}{suffix}")));
        return Some(token.problem(
            Code::HexIpv4,
            "IPv4 is written in decimal octets, not in hexadecimal",
            suggestion,
        ));
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
            "write a comma where two addresses ran together",
        ));
    }
    if octets.contains(&"") {
        return Some(token.problem(
            Code::NotAnAddress,
            format!("`{address}` has an empty octet"),
            write("10.0.1.0/24"),
        ));
    }
    if let Some(large) =
        octets.iter().find(|o| o.trim_start_matches('0').len() > 3 || o.parse().is_ok_and(|n: u32| n > 255))
        && octets.len() > 1
    {
        let token = Token::within(target.text, large);
        let token = Token { start: target.start + token.start, ..token };
        return Some(token.problem(
            Code::OctetRange,
            format!("`{large}` is beyond 255"),
            "write four octets from 0 to 255",
        ));
    }
    if octets.len() < 4 {
        return Some(short_ipv4(token, &octets, length));
    }
    let plain = octets.iter().map(|o| o.parse().ok()).collect::<Option<Vec<u32>>>()?;
    let decimal = octet_address(plain.try_into().ok()?)?;
    let zeroed = octets.iter().find(|o| o.len() > 1 && o.starts_with('0'))?;
    let message = format!("the octet `{zeroed}` has a leading zero, which some programs read as octal");
    Some(token.problem(Code::LeadingZero, message, write(format_args!("{decimal}{suffix}"))))
}

fn octet_address(octets: [u32; 4]) -> Option<Ipv4Addr> {
    let mut bytes = [0; 4];
    for (byte, octet) in bytes.iter_mut().zip(octets) {
        *byte = u8::try_from(octet).ok()?;
    }
    Some(Ipv4Addr::from(bytes))
}

/// `10.1` and `10/8`: the missing octets are a guess, which we leave to the person who writes.
fn short_ipv4(token: Token<'_>, octets: &[&str], length: Option<&str>) -> Problem {
    let mut filled: Vec<&str> = octets
        .iter()
        .map(|o| o.trim_start_matches('0'))
        .map(|o| if o.is_empty() { "0" } else { o })
        .collect();
    filled.resize(4, "0");
    let length = length.and_then(|l| parse_length(l, 32)).map_or(octets.len() * 8, usize::from);
    let message = format!("`{}` has {} of four octets", token.text, octets.len());
    let entry = format!("{}/{length}", filled.join("."));
    token.problem(Code::ShortIpv4, message, if is_entry(&entry) { write(entry) } else { write("10.0.0.0/8") })
}

/// Words: other spellings of `all`, and host names.
pub(super) fn word(target: Token<'_>, label: Option<Token<'_>>) -> Option<Problem> {
    let text = target.text;
    if ["all", "any", "*", "everyone", "everybody", "world"].iter().any(|w| text.eq_ignore_ascii_case(w)) {
        if text == "all" {
            return None;
        }
        let entry = label.map_or_else(|| "all".to_owned(), |label| format!("all:{}", label.text));
        let suggestion = if is_entry(&entry) { write(entry) } else { write("all") };
        return Some(target.problem(
            Code::NotAnAddress,
            format!("`{text}` is not a word that lists know"),
            suggestion,
        ));
    }
    let name = text.split('/').next().unwrap_or(text).trim_end_matches('.');
    let is_host = text.eq_ignore_ascii_case("localhost") || name.contains('.');
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '*');
    (is_host && name.chars().all(plain) && name.contains(|c: char| c.is_ascii_alphabetic())).then(|| {
        let message = format!("`{name}` is a host name, and names are not looked up");
        target.problem(Code::Hostname, message, "write the addresses it stands for")
    })
}
