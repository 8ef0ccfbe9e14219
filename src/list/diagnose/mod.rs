//! Why a piece of a list is no entry, and what to write instead: the explaining half of the grammar.
//!
//! Nothing here decides what is accepted. The rules run from the most specific mistake to the least; what
//! they tell to write is held to what was written by [`advice`].

mod address;
mod advice;
mod attributes;
mod blank;
mod expiry;
mod label;
mod length;
mod marks;
mod otherwise;
mod parts;
mod problem;
mod range;
mod reach;
mod separator;
mod target;
mod token;
mod words;

use std::str::Utf8Error;

use super::diagnostic::Code;
pub(super) use advice::Advice;
use attributes::attributes;
use blank::blank;
pub(super) use label::is_meant_otherwise;
use marks::{comment, negation};
pub(super) use otherwise::meant_otherwise;
pub(super) use problem::Problem;
use problem::{not_an_address, say};
use separator::{named_netmask, separator};
use target::{everyone_and, target_and_label};
use token::Token;

/// Explains a trimmed piece that [`grammar::item`](super::grammar::item) does not accept.
pub(super) fn diagnose(piece: &str) -> Problem {
    let problem = control_character(piece)
        .or_else(|| comment(piece))
        .or_else(|| negation(piece))
        .or_else(|| everyone_and(piece))
        .or_else(|| separator(piece))
        .or_else(|| named_netmask(piece))
        .or_else(|| attributes(piece))
        .or_else(|| blank(piece))
        .or_else(|| target_and_label(piece))
        .unwrap_or_else(|| not_an_address(Token::whole(piece)));
    Problem { advice: problem.advice.on(piece), ..problem }
}

/// Explains bytes that are not UTF-8.
pub(super) fn invalid_utf8(piece: &[u8], error: Utf8Error) -> Problem {
    let start = error.valid_up_to();
    let end = error.error_len().map_or(piece.len(), |len| start + len);
    Problem {
        code: Code::InvalidUtf8,
        span: start..end,
        message: format!("{} is not UTF-8", piece.get(start..end).unwrap_or_default().escape_ascii()),
        advice: say("save the list as UTF-8"),
    }
}

/// Control characters have no place in a list, not even in comments; a tab is a blank.
pub(super) fn control_character(text: &str) -> Option<Problem> {
    let (start, character) = text.char_indices().find(|(_, c)| c.is_control() && *c != '\t')?;
    Some(Problem {
        code: Code::ControlCharacter,
        span: start..start + character.len_utf8(),
        message: format!("the control character U+{:04X} cannot stand in a list", u32::from(character)),
        advice: say(match character {
            '\r' => "end lines with LF or CRLF",
            '\0' => "save the list as UTF-8, not as UTF-16",
            _ => "remove it",
        }),
    })
}
