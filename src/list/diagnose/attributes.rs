//! Mistakes in what stands behind `;`.

use super::advice::Advice;
use super::expiry;
use super::problem::{Problem, is_entry, say};
use super::token::Token;
use crate::list::diagnostic::Code;
use crate::list::label::BLANKS;
use crate::list::until::Until;
use crate::shown::Shown;

/// What stands behind `;`, once what stands before it is an entry.
pub(super) fn attributes(piece: &str) -> Option<Problem> {
    let (entry, rest) = piece.split_once(';')?;
    let entry = entry.trim_end_matches(BLANKS);
    if !is_entry(entry) {
        return None;
    }
    let advice = || advice(entry, rest);
    let mut has_until = false;
    for attribute in rest.split(';').map(|a| a.trim_matches(BLANKS)) {
        let token = Token::within(piece, attribute);
        if attribute.is_empty() {
            let message = "an attribute follows `;`, and here is none";
            return Some(token.problem(Code::Attribute, message, advice()));
        }
        let Some(value) = attribute.strip_prefix("until=") else {
            let message = format!("`{}` is no attribute; `until=` is the only one", Shown(attribute));
            return Some(token.problem(Code::Attribute, message, advice()));
        };
        if let Err(error) = value.parse::<Until>() {
            return Some(Token::within(piece, value).problem(Code::Until, error.to_string(), advice()));
        }
        if has_until {
            return Some(token.problem(Code::AttributeTwice, "an entry has one `until=`", advice()));
        }
        has_until = true;
    }
    None
}

/// The entry with what can be read of its attributes. Where nothing can, an expiry or another entry may have been
/// meant: to leave that away would be a guess.
fn advice(entry: &str, attributes: &str) -> Advice {
    let is_empty = attributes.trim_matches([';', ' ', '\t']).is_empty();
    match expiry::of_attributes(attributes) {
        Some(Some(until)) => Advice::Write(format!("{entry};until={until}")),
        Some(None) if is_empty => Advice::Write(entry.to_owned()),
        _ => say("write an expiry as in `;until=2026-12-31`, and a comma before another entry"),
    }
}
