//! What is wrong with a piece, and where in it.

use std::ops::Range;

use crate::list::diagnostic::Code;
use crate::list::grammar;

/// What is wrong with a piece, and where in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::list) struct Problem {
    pub(in crate::list) code: Code,
    /// Bytes within the piece.
    pub(in crate::list) span: Range<usize>,
    pub(in crate::list) message: String,
    pub(in crate::list) suggestion: Option<String>,
}

/// What to do where nothing better is known.
const EXAMPLE: &str = "write an entry such as `10.0.1.0/24:office`";

/// A part of a piece, which knows where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'a> {
    pub(super) text: &'a str,
    pub(super) start: usize,
}

impl Problem {
    /// The same problem of a deny entry: what is to be written keeps its `!`.
    pub(super) fn denied(self) -> Problem {
        let keep = |text: String| match text.strip_prefix("write `") {
            Some(entry) if !entry.starts_with('!') => format!("write `!{entry}"),
            _ => text,
        };
        Problem { suggestion: self.suggestion.map(keep), ..self }
    }

    /// The same problem; where a piece holds several mistakes, so that mending this one would not make it an
    /// entry, without what to write instead of it.
    pub(super) fn checked(self) -> Problem {
        let is_accepted = |text: &String| match text.strip_prefix("write `").and_then(|t| t.split_once('`')) {
            Some((entries, _)) => entries.split(',').all(is_entry),
            None => true,
        };
        let suggestion = self.suggestion.filter(is_accepted);
        Problem { suggestion: suggestion.or_else(|| Some(EXAMPLE.to_owned())), ..self }
    }
}

impl<'a> Token<'a> {
    pub(super) fn whole(piece: &'a str) -> Token<'a> {
        Token { text: piece, start: 0 }
    }

    /// The part of `piece` that `text`, a slice of it, is.
    pub(super) fn within(piece: &str, text: &'a str) -> Token<'a> {
        Token { text, start: (text.as_ptr() as usize).saturating_sub(piece.as_ptr() as usize) }
    }

    pub(super) fn problem(
        self,
        code: Code,
        message: impl Into<String>,
        suggestion: impl Into<String>,
    ) -> Problem {
        Problem {
            code,
            span: self.start..self.start + self.text.len(),
            message: message.into(),
            suggestion: Some(suggestion.into()),
        }
    }
}

pub(super) fn write(entry: impl std::fmt::Display) -> String {
    format!("write `{entry}`")
}

pub(super) fn is_entry(text: &str) -> bool {
    grammar::item(text).is_some()
}

pub(super) fn not_an_address(token: Token<'_>) -> Problem {
    let message = format!("`{}` is no address, prefix, range or `all`", token.text.escape_debug());
    token.problem(Code::NotAnAddress, message, EXAMPLE)
}
