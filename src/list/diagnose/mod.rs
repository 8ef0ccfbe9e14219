//! Why a piece of a list is no entry, and what to write instead: the explaining half of the grammar.
//!
//! Nothing here decides what is accepted. The rules run from the most specific mistake to the least, and
//! a text in backticks behind "write" is always an entry that the grammar accepts.

mod address;
mod range;
mod structure;
mod target;

use std::ops::Range;
use std::str::Utf8Error;

use super::diagnostic::Code;
use super::grammar;
pub(super) use structure::address_in_label;
use structure::{attributes, blank, comment, negation, separator};
use target::target_and_label;

/// What is wrong with a piece, and where in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) code: Code,
    /// Bytes within the piece.
    pub(super) span: Range<usize>,
    pub(super) message: String,
    pub(super) suggestion: Option<String>,
}

/// Explains a trimmed piece that [`grammar::item`] does not accept.
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

/// What to do where nothing better is known.
const EXAMPLE: &str = "write an entry such as `10.0.1.0/24:office`";

/// A part of a piece, which knows where it stands.
#[derive(Debug, Clone, Copy)]
struct Token<'a> {
    text: &'a str,
    start: usize,
}

impl Problem {
    /// The same problem of a deny entry: what is to be written keeps its `!`.
    fn denied(self) -> Problem {
        let keep = |text: String| match text.strip_prefix("write `") {
            Some(entry) if !entry.starts_with('!') => format!("write `!{entry}"),
            _ => text,
        };
        Problem { suggestion: self.suggestion.map(keep), ..self }
    }

    /// The same problem; where a piece holds several mistakes, so that mending this one would not make it an
    /// entry, without what to write instead of it.
    fn checked(self) -> Problem {
        let is_accepted = |text: &String| match text.strip_prefix("write `").and_then(|t| t.split_once('`')) {
            Some((entries, _)) => entries.split(',').all(is_entry),
            None => true,
        };
        let suggestion = self.suggestion.filter(is_accepted);
        Problem { suggestion: suggestion.or_else(|| Some(EXAMPLE.to_owned())), ..self }
    }
}

impl<'a> Token<'a> {
    fn whole(piece: &'a str) -> Token<'a> {
        Token { text: piece, start: 0 }
    }

    /// The part of `piece` that `text`, a slice of it, is.
    fn within(piece: &str, text: &'a str) -> Token<'a> {
        Token { text, start: (text.as_ptr() as usize).saturating_sub(piece.as_ptr() as usize) }
    }

    fn problem(self, code: Code, message: impl Into<String>, suggestion: impl Into<String>) -> Problem {
        Problem {
            code,
            span: self.start..self.start + self.text.len(),
            message: message.into(),
            suggestion: Some(suggestion.into()),
        }
    }
}

fn write(entry: impl std::fmt::Display) -> String {
    format!("write `{entry}`")
}

fn is_entry(text: &str) -> bool {
    grammar::item(text).is_some()
}

fn not_an_address(token: Token<'_>) -> Problem {
    let message = format!("`{}` is no address, prefix, range or `all`", token.text.escape_debug());
    token.problem(Code::NotAnAddress, message, EXAMPLE)
}
