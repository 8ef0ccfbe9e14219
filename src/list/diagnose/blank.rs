//! A blank inside a target, or before a label.

use super::advice::{Advice, is_plain_label, with_expiry};
use super::expiry;
use super::marks::begins_foreign_comment;
use super::parts::Parts;
use super::problem::{Problem, is_entry, say, write};
use super::separator::APART;
use super::token::Token;
use super::words::{DASHES, TO};
use crate::address::address_within;
use crate::list::diagnostic::Code;
use crate::list::grammar::{self, Item};
use crate::list::label::BLANKS;
use crate::shown::Shown;

/// What people put between an entry and its label.
const SIGNS: [char; 9] = ['=', '-', '>', ':', '|', '~', '–', '—', '→'];

pub(super) fn blank(piece: &str) -> Option<Problem> {
    let at = piece.find(BLANKS)?;
    let (left, right) = (piece.get(..at)?, piece.get(at..)?.trim_start_matches(BLANKS));
    if grammar::item(left).is_some_and(|item| item.label.is_some()) {
        return None; // the blank belongs to the label
    }
    let token = Token { text: piece.get(at..at + 1)?, start: at };
    if let Some(range) = range(piece) {
        return Some(token.problem(Code::Blank, "a range has no blanks in it", range));
    }
    let joined = join(left, right);
    if is_entry(&joined) && !runs_together(left, right) {
        let message = "a blank cannot stand inside an entry before its label";
        return Some(token.problem(Code::Blank, message, write(joined)));
    }
    let item = grammar::item(left)?;
    let (message, advice) = behind(left, item, right);
    Some(token.problem(Code::Blank, message, advice))
}

/// The two sides of a blank, without others around `/` at the start of the right one.
fn join(left: &str, right: &str) -> String {
    match right.strip_prefix('/') {
        Some(length) => format!("{left}/{}", length.trim_start_matches(BLANKS)),
        None => format!("{left}{right}"),
    }
}

/// Two addresses with a dash, a longer one or a word between them.
fn range(piece: &str) -> Option<Advice> {
    let body = piece.strip_prefix('!').unwrap_or(piece);
    let at = body.find(BLANKS)?;
    let (first, rest) = (body.get(..at)?, body.get(at..)?.trim_start_matches(BLANKS));
    let first = first.trim_end_matches(DASHES);
    let rest = match first.len() == at {
        true => rest
            .strip_prefix(DASHES)
            .or_else(|| TO.iter().find_map(|word| rest.strip_prefix(word)))?
            .trim_start_matches(BLANKS),
        false => rest,
    };
    let range = format!("{first}-{rest}");
    let is_range = grammar::item(&range).is_some_and(|item| item.label.is_none_or(is_plain_label));
    is_range.then(|| write(format_args!("{}{range}", if body.len() < piece.len() { "!" } else { "" })))
}

/// What is told of a text behind an entry and a blank: it may be a comment, an expiry, punctuation, or a label.
fn behind(left: &str, item: Item<'_>, right: &str) -> (String, Advice) {
    if begins_foreign_comment(right) {
        return ("a comment begins with `#`".to_owned(), write(left));
    }
    let text = right.split(';').next().unwrap_or(right).trim_start_matches(SIGNS).trim_matches(BLANKS);
    let is_loose = |c: char| !c.is_alphanumeric();
    let attributes = Parts::of(right).attributes;
    if let Some(mention) = expiry::mention(text) {
        return ("an expiry stands behind `;`".to_owned(), with_expiry(item, mention));
    }
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if text.chars().all(is_loose) || right.ends_with(';') && is_number(text) {
        // The end of a block or of a directive: nothing that an entry could carry.
        return (format!("`{}` is no part of an entry", Shown(right)), write(left));
    }
    let message = "a label stands behind a colon".to_owned();
    if is_plain_label(text) && !holds_half_an_address(text) {
        match expiry::of_attributes(attributes) {
            Some(None) => return (message, write(Item { label: Some(text), ..item })),
            Some(Some(until)) => {
                return (message, write(Item { label: Some(text), until: Some(until), ..item }));
            }
            None => {}
        }
    }
    ("a blank separates nothing".to_owned(), say(format!("{APART}, and a colon before a label")))
}

/// Whether a word is made of what addresses are made of, without being one: a second entry with a mistake in it.
fn holds_half_an_address(text: &str) -> bool {
    text.split(BLANKS).any(|word| {
        let is_part = |c: char| c.is_ascii_hexdigit() || matches!(c, '.' | ':' | '/' | '-' | '!' | '[' | ']');
        let marks = word.matches(['.', ':', '/']).count();
        let digits = word.chars().filter(char::is_ascii_digit).count();
        marks > 0 && digits > 0 && (word.chars().all(is_part) || marks > 1)
    }) || address_within(text).is_some()
}

/// Whether joining two texts would run one number into another: `1.2.3.4 5` is not `1.2.3.45`.
fn runs_together(left: &str, right: &str) -> bool {
    left.ends_with(|c: char| c.is_ascii_hexdigit()) && right.starts_with(|c: char| c.is_ascii_hexdigit())
}
