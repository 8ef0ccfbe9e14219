//! Mistakes around an entry: comments, negation, separators, attributes, blanks.

use std::collections::HashSet;

use super::problem::{Problem, Token, is_entry, write};
use crate::address::{parse_v4, parse_v6};
use crate::list::diagnostic::Code;
use crate::list::grammar::{self, Item};
use crate::list::label::BLANKS;
use crate::list::until::Until;

/// `10.0.0.0/8#office`: a `#` that begins no comment.
pub(super) fn comment(piece: &str) -> Option<Problem> {
    let at = piece.find('#')?;
    let (entry, comment) = piece.split_at(at);
    let token = Token { text: comment, start: at };
    if entry.is_empty() {
        return Some(token.problem(
            Code::CommentNeedsBlank,
            "`#` right behind a comma begins no comment",
            "put a blank or a line break before it",
        ));
    }
    is_entry(entry).then(|| {
        token.problem(
            Code::CommentNeedsBlank,
            "`#` right behind an entry begins no comment",
            "put a blank before it",
        )
    })
}

pub(super) fn negation(piece: &str) -> Option<Problem> {
    let rest = piece.strip_prefix('!')?;
    let entry = rest.trim_start_matches(['!', ' ', '\t']);
    if entry.len() == rest.len() && !rest.is_empty() {
        return None;
    }
    let token = Token { text: piece.split_at(piece.len() - entry.len()).0, start: 0 };
    let suggestion =
        if is_entry(entry) { write(format_args!("!{entry}")) } else { "write `!10.9.0.0/16`".to_owned() };
    Some(token.problem(Code::Negation, "one `!` stands right before the prefix that it denies", suggestion))
}

/// Two entries with something other than a comma between them.
pub(super) fn separator(piece: &str) -> Option<Problem> {
    for (at, mark) in piece.char_indices().filter(|(_, c)| matches!(c, ' ' | '\t' | '|' | ';')) {
        let (left, right) =
            (piece.get(..at)?.trim_end_matches(BLANKS), piece.get(at + 1..)?.trim_start_matches(BLANKS));
        if left.is_empty() || !is_entry(left) || !begins_with_address(right) {
            continue;
        }
        if let Some(problem) = netmask_behind(piece, left, right) {
            return Some(problem);
        }
        let name = match mark {
            ' ' | '\t' => "a blank".to_owned(),
            mark => format!("`{mark}`"),
        };
        let next = right.split([' ', '\t', '|', ';']).next().unwrap_or(right);
        let token = Token { text: piece.get(at..at + 1)?, start: at };
        let suggestion = match pair(left, next) {
            Some(pair) => write(pair),
            None => "write a comma or a line break between entries".to_owned(),
        };
        return Some(token.problem(Code::Separator, format!("{name} does not separate entries"), suggestion));
    }
    None
}

/// Two texts as the list that they are meant as, where they are one: each an entry, and no contradiction.
fn pair(left: &str, right: &str) -> Option<String> {
    let items = (grammar::item(left)?, grammar::item(right)?);
    (!contradict(&items.0, &items.1)).then(|| format!("{left},{right}"))
}

/// Whether one prefix is allowed by one item and denied by the other.
fn contradict(left: &Item<'_>, right: &Item<'_>) -> bool {
    let prefixes = |item: &Item<'_>| {
        let mut prefixes = HashSet::new();
        item.target.for_each_prefix(|prefix| _ = prefixes.insert(prefix.trunc()));
        prefixes
    };
    left.deny != right.deny && !prefixes(left).is_disjoint(&prefixes(right))
}

/// `10.0.0.0 255.0.0.0`, as routers write it.
fn netmask_behind(piece: &str, left: &str, right: &str) -> Option<Problem> {
    let mask = right.split(BLANKS).next()?;
    let (address, length) = (parse_v4(left.trim_start_matches('!'))?, netmask_length(mask)?);
    (mask.starts_with("255.") || mask == "0.0.0.0").then(|| {
        let not = if left.starts_with('!') { "!" } else { "" };
        Token::within(piece, mask).problem(
            Code::Netmask,
            format!("`{mask}` is a netmask, not an entry"),
            write(format_args!("{not}{address}/{length}")),
        )
    })
}

/// The prefix length that a contiguous IPv4 netmask stands for.
pub(super) fn netmask_length(mask: &str) -> Option<u32> {
    let bits = u32::from(parse_v4(mask)?);
    let length = bits.leading_ones();
    (bits.checked_shl(length).unwrap_or(0) == 0).then_some(length)
}

/// Whether the first word of a text is an address, a prefix or `!` and one of them.
fn begins_with_address(text: &str) -> bool {
    let word = text.split([' ', '\t', '|', ';', ',', '/']).next().unwrap_or(text).trim_start_matches('!');
    let word = word.trim_start_matches('[').trim_end_matches(']');
    let before_label = word.split(':').next().unwrap_or(word);
    parse_v4(word).is_some() || parse_v4(before_label).is_some() || parse_v6(word).is_some()
}

/// An address inside a label, where a separator other than a comma was probably meant as one: the address,
/// and what to do if it is meant as an entry.
pub(in crate::list) fn address_in_label<'a>(piece: &'a str, label: &'a str) -> Option<(&'a str, String)> {
    let at = memchr::memchr2(b' ', b'|', label.as_bytes())?;
    let (name, rest) = (label.get(..at)?.trim_end(), label.get(at..)?.trim_start_matches([' ', '|']));
    if !begins_with_address(rest) {
        return None;
    }
    let first = format!("{}{name}", piece.get(..Token::within(piece, label).start)?);
    let suggestion = match pair(&first, rest) {
        Some(pair) => format!("if it is meant as one, write `{pair}`"),
        None => "if it is meant as one, put a comma before it".to_owned(),
    };
    Some((rest, suggestion))
}

/// What stands behind `;`, once what stands before it is an entry.
pub(super) fn attributes(piece: &str) -> Option<Problem> {
    let (entry, rest) = piece.split_once(';')?;
    let entry = entry.trim_end_matches(BLANKS);
    if !is_entry(entry) {
        return None;
    }
    let mut has_until = false;
    for attribute in rest.split(';').map(|a| a.trim_matches(BLANKS)) {
        let token = Token::within(piece, attribute);
        let Some(value) = attribute.strip_prefix("until=") else {
            return Some(unknown_attribute(token, entry));
        };
        if let Err(error) = value.parse::<Until>() {
            return Some(Token::within(piece, value).problem(
                Code::Until,
                error.to_string(),
                write(format_args!("{entry};until=2030-12-31")),
            ));
        }
        if has_until {
            return Some(token.problem(
                Code::AttributeTwice,
                "an entry has one `until=`",
                write(format_args!("{entry};{attribute}")),
            ));
        }
        has_until = true;
    }
    None
}

fn unknown_attribute(token: Token<'_>, entry: &str) -> Problem {
    if token.text.is_empty() {
        let message = "an attribute follows `;`, and here is none";
        return token.problem(Code::Attribute, message, write(entry));
    }
    let message = format!("`{}` is no attribute; `until=` is the only one", token.text);
    let value = token.text.split_once('=').map(|(_, value)| value.trim_matches(BLANKS));
    let suggestion = match value.filter(|value| value.parse::<Until>().is_ok()) {
        Some(value) => write(format_args!("{entry};until={value}")),
        None => format!("write `{entry};until=2030-12-31`, or a comma where a new entry was meant"),
    };
    token.problem(Code::Attribute, message, suggestion)
}

/// A blank inside a prefix or before a label.
pub(super) fn blank(piece: &str) -> Option<Problem> {
    let at = piece.find(BLANKS)?;
    let (left, right) = (piece.get(..at)?, piece.get(at..)?.trim_start_matches(BLANKS));
    if grammar::item(left).is_some_and(|item| item.label.is_some()) {
        return None; // the blank belongs to the label
    }
    let token = Token { text: piece.get(at..at + 1)?, start: at };
    let joined = format!("{left}{right}");
    if let Some(after) = right.strip_prefix('-') {
        let range = format!("{left}-{}", after.trim_start_matches(BLANKS));
        if is_entry(&range) {
            return Some(token.problem(Code::Blank, "a range has no blanks in it", write(range)));
        }
    }
    if is_entry(&joined) && !begins_with_digit_pair(left, right) {
        return Some(token.problem(
            Code::Blank,
            "a blank cannot stand inside an entry before its label",
            write(joined),
        ));
    }
    let labelled = format!("{left}:{right}");
    let in_brackets = format!("[{left}]:{right}");
    if is_entry(left) && !left.contains(':') && is_entry(&labelled) {
        return Some(token.problem(Code::Blank, "a label stands behind a colon", write(labelled)));
    }
    if is_entry(left) && parse_v6(left).is_some() && is_entry(&in_brackets) {
        return Some(token.problem(Code::Blank, "a label stands behind a colon", write(in_brackets)));
    }
    None
}

/// Whether joining two texts would run one number into another: `1.2.3.4 5` is not `1.2.3.45`.
fn begins_with_digit_pair(left: &str, right: &str) -> bool {
    left.ends_with(|c: char| c.is_ascii_hexdigit()) && right.starts_with(|c: char| c.is_ascii_hexdigit())
}
