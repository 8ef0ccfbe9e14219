//! Mistakes in what an entry names: zones, brackets, lengths, and its label.

use super::address::{ipv4, ipv6, word};
use super::advice::{Advice, with_expiry};
use super::expiry;
use super::label::is_meant_otherwise;
use super::length::{netmask_length, written_length};
use super::parts::{Parts, split_label};
use super::problem::{Problem, is_entry, say, target};
use super::range::range;
use super::token::Token;
use crate::address::{address_within, parse_length, parse_v4, parse_v6};
use crate::list::diagnostic::Code;
use crate::list::grammar::{self, Item};
use crate::list::label::{BLANKS, LabelError, check, visible};
use crate::shown::Shown;

/// The target alone, and then the label.
pub(super) fn target_and_label(piece: &str) -> Option<Problem> {
    let Parts { body, .. } = Parts::of(piece);
    if body.text.is_empty() {
        return Some(Token::whole(piece).problem(
            Code::NotAnAddress,
            "an entry begins with an address",
            Advice::example(),
        ));
    }
    let (target, label) = split_label(body);
    let of_target = || {
        let problem = target_problem(target).or_else(|| word(target))?;
        Some(Problem { advice: problem.advice.with_label(label.map(|label| label.text)), ..problem })
    };
    range(body).or_else(of_target).or_else(|| label_problem(piece, target, label?))
}

/// An address in the label of `all`, where everyone would be let in for the sake of one.
pub(super) fn everyone_and(piece: &str) -> Option<Problem> {
    let (word, text) = split_label(Parts::of(piece).body);
    let text = text?;
    let is_all = word.text.trim_matches(BLANKS).eq_ignore_ascii_case("all");
    let found = address_within(text.text).filter(|_| is_all)?;
    let meant = match text.text.trim_matches(BLANKS).split_once('/') {
        Some((address, length)) if address == found.split('/').next().unwrap_or(found) => {
            written_length(length, 32)
                .map_or_else(|| found.to_owned(), |length| format!("{address}/{length}"))
        }
        _ => found.to_owned(),
    };
    let message =
        format!("`{}` would let in everyone, and the address behind it would be its label", word.text);
    Some(Token::within(text.text, found).at(text.start).problem(
        Code::AllWithAddress,
        message,
        Advice::Body(meant),
    ))
}

/// A label that breaks a rule; one that holds an expiry is told where that stands.
fn label_problem(piece: &str, target: Token<'_>, label: Token<'_>) -> Option<Problem> {
    let trimmed = label.text.trim_matches(BLANKS);
    let error = check(trimmed).err().filter(|error| *error != LabelError::Empty)?;
    let token = Token::within(label.text, trimmed).at(label.start);
    if let LabelError::Invisible { character } = error {
        let at = trimmed.find(character)?;
        let found = Token { text: trimmed.get(at..at + character.len_utf8())?, start: token.start + at };
        let plain = visible(trimmed).filter(|plain| !is_meant_otherwise(trimmed, plain));
        let advice = plain.map(|plain| self::target(target.text).with_label(Some(&plain)));
        let advice = advice.unwrap_or_else(|| say("choose another label"));
        return Some(found.problem(Code::Label, error.to_string(), advice));
    }
    let expiry = expiry::mention(trimmed).filter(|_| error == LabelError::Attribute);
    let advice = match (expiry, grammar::item(target.text)) {
        (Some(mention), Some(item)) => with_expiry(Item { deny: piece.starts_with('!'), ..item }, mention),
        _ => say("choose another label"),
    };
    Some(token.problem(Code::Label, error.to_string(), advice))
}

fn target_problem(target: Token<'_>) -> Option<Problem> {
    zone(target)
        .or_else(|| brackets(target))
        .or_else(|| length(target))
        .or_else(|| ipv6(target))
        .or_else(|| ipv4(target))
}

fn zone(named: Token<'_>) -> Option<Problem> {
    let (address, zone) = named.text.split_once('%')?;
    let address = address.trim_start_matches('[');
    parse_v6(address)?;
    let zone = zone.trim_end_matches(']');
    let zone = zone.split('/').next().unwrap_or(zone);
    let message = format!("`%{}` names an interface of one host, which a list cannot hold", Shown(zone));
    let advice = match named.text.contains('/') {
        true => say("write the address without it"),
        false => target(address),
    };
    Some(named.problem(Code::ZoneId, message, advice))
}

fn brackets(named: Token<'_>) -> Option<Problem> {
    if !named.text.contains(['[', ']']) {
        return None;
    }
    let plain: String = named.text.chars().filter(|c| !matches!(c, '[' | ']')).collect();
    let message = "brackets stand around one IPv6 address or prefix, as in [2001:db8::1]:office";
    let advice = match (is_entry(&plain), plain.split_once('/')) {
        (true, _) => target(&plain),
        (false, Some((address, rest))) if parse_v6(address).is_some() && rest.contains('/') => {
            say("give the length once, inside the brackets or behind them")
        }
        _ => say("write an entry such as `[2001:db8::1]:office`"),
    };
    Some(named.problem(Code::Brackets, message, advice))
}

/// What stands behind `/`, once what stands before it is an address.
fn length(named: Token<'_>) -> Option<Problem> {
    let (address, length) = named.text.split_once('/')?;
    let max = match (parse_v4(address), parse_v6(address)) {
        (Some(_), _) => 32,
        (_, Some(_)) => 128,
        _ => return None,
    };
    if parse_length(length, max).is_some() {
        return None;
    }
    let token = Token { text: length, start: named.start + address.len() + 1 };
    let advice = match written_length(length, max) {
        Some(length) => target(format_args!("{address}/{length}")),
        None => say(format!("write a length from 0 to {max} behind `/`, or the address alone for one host")),
    };
    let (code, message) = match length.strip_prefix('0') {
        _ if max == 32 && length.starts_with("255.") && netmask_length(length).is_some() => {
            (Code::Netmask, "a prefix has a length, not a netmask".to_owned())
        }
        Some(rest) if rest.bytes().all(|b| b.is_ascii_digit()) => {
            (Code::LeadingZero, format!("the length `/{length}` has a leading zero"))
        }
        _ => (Code::PrefixLength, format!("`/{}` is no length from 0 to {max}", Shown(length))),
    };
    Some(token.problem(code, message, advice))
}
