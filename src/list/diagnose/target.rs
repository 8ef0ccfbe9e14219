//! Mistakes in what an entry names: zones, brackets, lengths, and its label.

use super::address::{ipv4, ipv6, word};
use super::problem::{Problem, Token, is_entry, write};
use super::range::range;
use super::structure::netmask_length;
use crate::address::{parse_length, parse_v4, parse_v6};
use crate::list::diagnostic::Code;
use crate::list::label::{self, BLANKS, LabelError};

/// The prefix alone, and then the label.
pub(super) fn target_and_label(piece: &str) -> Option<Problem> {
    let head = piece.split(';').next().unwrap_or(piece).trim_end_matches(BLANKS);
    let body = Token::within(piece, head.strip_prefix('!').unwrap_or(head));
    if body.text.is_empty() {
        return Some(Token::whole(piece).problem(
            Code::NotAnAddress,
            "an entry begins with an address",
            "write `10.0.0.0/8`",
        ));
    }
    let (target, label) = split_label(body);
    range(body).or_else(|| target_problem(target, label)).or_else(|| label_problem(label?))
}

/// The target and the label behind it, by the colon that separates them.
fn split_label(body: Token<'_>) -> (Token<'_>, Option<Token<'_>>) {
    let text = body.text;
    let colon = if text.starts_with('[') {
        text.find(']').and_then(|close| text.get(close..)?.find(':').map(|at| close + at))
    } else if looks_like_ipv6(text) {
        text.find('/').and_then(|slash| text.get(slash..)?.find(':').map(|at| slash + at))
    } else {
        text.find(':')
    };
    match colon.and_then(|at| text.split_at_checked(at)) {
        Some((target, label)) => {
            let label = label.get(1..).unwrap_or_default();
            (
                Token { text: target, ..body },
                Some(Token { text: label, start: body.start + target.len() + 1 }),
            )
        }
        None => (body, None),
    }
}

/// Whether a text begins like IPv6: at least two colons, the first groups hexadecimal.
fn looks_like_ipv6(text: &str) -> bool {
    let start = text.split('/').next().unwrap_or(text);
    let mut groups = start.split(':');
    let is_group = |group: &str| group.len() <= 5 && group.chars().all(|c| c.is_ascii_hexdigit());
    start.matches(':').count() >= 2 && groups.by_ref().take(2).all(is_group)
}

fn label_problem(label: Token<'_>) -> Option<Problem> {
    let trimmed = label.text.trim_matches(BLANKS);
    let error = label::check(trimmed).err().filter(|error| *error != LabelError::Empty)?;
    Some(Token { text: trimmed, start: label.start }.problem(
        Code::Label,
        error.to_string(),
        "choose another label",
    ))
}

fn target_problem(target: Token<'_>, label: Option<Token<'_>>) -> Option<Problem> {
    zone(target)
        .or_else(|| brackets(target))
        .or_else(|| length(target))
        .or_else(|| ipv6(target))
        .or_else(|| ipv4(target))
        .or_else(|| word(target, label))
}

fn zone(target: Token<'_>) -> Option<Problem> {
    let (address, zone) = target.text.split_once('%')?;
    parse_v6(address.trim_start_matches('['))?;
    let message =
        format!("`%{}` names an interface of one host, which a list cannot hold", zone.trim_end_matches(']'));
    Some(target.problem(Code::ZoneId, message, write(address.trim_start_matches('['))))
}

fn brackets(target: Token<'_>) -> Option<Problem> {
    if !target.text.contains(['[', ']']) {
        return None;
    }
    let plain: String = target.text.chars().filter(|c| !matches!(c, '[' | ']')).collect();
    let message = "brackets stand around one IPv6 address or prefix, as in [2001:db8::1]:office";
    let suggestion = match (is_entry(&plain), plain.split_once('/')) {
        (true, _) => write(&plain),
        (false, Some((address, rest))) if parse_v6(address).is_some() && rest.contains('/') => {
            "give the length once, inside the brackets or behind them".to_owned()
        }
        _ => write("[2001:db8::1]"),
    };
    Some(target.problem(Code::Brackets, message, suggestion))
}

/// What stands behind `/`, once what stands before it is an address.
fn length(target: Token<'_>) -> Option<Problem> {
    let (address, length) = target.text.split_once('/')?;
    let max = match (parse_v4(address), parse_v6(address)) {
        (Some(_), _) => 32,
        (_, Some(_)) => 128,
        _ => return None,
    };
    if parse_length(length, max).is_some() {
        return None;
    }
    let token = Token { text: length, start: target.start + address.len() + 1 };
    if let Some(bits) = netmask_length(length).filter(|_| max == 32) {
        return Some(token.problem(
            Code::Netmask,
            "a prefix has a length, not a netmask",
            write(format_args!("{address}/{bits}")),
        ));
    }
    let digits = length.trim_start_matches(['+', '0']);
    let (code, message) = match length.strip_prefix('0') {
        Some(rest) if rest.bytes().all(|b| b.is_ascii_digit()) => {
            (Code::LeadingZero, format!("the length `/{length}` has a leading zero"))
        }
        _ => (Code::PrefixLength, format!("`/{length}` is no length from 0 to {max}")),
    };
    let meant = if digits.is_empty() && length.starts_with('0') { "0" } else { digits };
    let suggestion = match parse_length(meant, max) {
        Some(length) => write(format_args!("{address}/{length}")),
        None => write(format_args!("{address}/{}", if max == 32 { 24 } else { 64 })),
    };
    Some(token.problem(code, message, suggestion))
}
