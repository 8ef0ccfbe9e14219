//! Why a piece of a list is no entry, and what to write instead: the explaining half of the grammar.
//!
//! Nothing here decides what is accepted. The rules run from the most specific mistake to the least, and
//! a text in backticks behind "write" is always an entry that the grammar accepts.

mod address;
mod problem;
mod range;
mod structure;
mod target;

use std::str::Utf8Error;

use super::diagnostic::Code;
pub(super) use problem::Problem;
use problem::{Token, not_an_address};
pub(super) use structure::address_in_label;
use structure::{attributes, blank, comment, negation, separator};
use target::target_and_label;

/// Explains a trimmed piece that [`grammar::item`](super::grammar::item) does not accept.
pub(super) fn diagnose(piece: &str) -> Problem {
    let problem = control_character(piece)
        .or_else(|| comment(piece))
        .or_else(|| negation(piece))
        .or_else(|| separator(piece))
        .or_else(|| attributes(piece))
        .or_else(|| blank(piece))
        .or_else(|| target_and_label(piece))
        .unwrap_or_else(|| not_an_address(Token::whole(piece)));
    let problem = if piece.starts_with('!') { problem.denied() } else { problem };
    problem.checked()
}

/// Explains bytes that are not UTF-8.
pub(super) fn invalid_utf8(piece: &[u8], error: Utf8Error) -> Problem {
    let start = error.valid_up_to();
    let end = error.error_len().map_or(piece.len(), |len| start + len);
    Problem {
        code: Code::InvalidUtf8,
        span: start..end,
        message: format!("{} is not UTF-8", piece.get(start..end).unwrap_or_default().escape_ascii()),
        suggestion: Some("save the list as UTF-8".to_owned()),
    }
}

/// Control characters have no place in a list, not even in comments; a tab is a blank.
pub(super) fn control_character(text: &str) -> Option<Problem> {
    let (start, character) = text.char_indices().find(|(_, c)| c.is_control() && *c != '\t')?;
    Some(Problem {
        code: Code::ControlCharacter,
        span: start..start + character.len_utf8(),
        message: format!("the control character U+{:04X} cannot stand in a list", u32::from(character)),
        suggestion: Some(match character {
            '\r' => "end lines with LF or CRLF".to_owned(),
            '\0' => "save the list as UTF-8, not as UTF-16".to_owned(),
            _ => "remove it".to_owned(),
        }),
    })
}
