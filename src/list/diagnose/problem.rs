//! What is wrong with a piece, and where in it.

use std::fmt::Display;
use std::ops::Range;

use super::advice::Advice;
use super::token::Token;
use crate::list::diagnostic::Code;
use crate::list::grammar;
use crate::shown::Shown;

/// What is wrong with a piece, and where in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::list) struct Problem {
    pub(in crate::list) code: Code,
    /// Bytes within the piece.
    pub(in crate::list) span: Range<usize>,
    pub(in crate::list) message: String,
    pub(in crate::list) advice: Advice,
}

impl Token<'_> {
    pub(super) fn problem(self, code: Code, message: impl Into<String>, advice: Advice) -> Problem {
        Problem { code, span: self.start..self.start + self.text.len(), message: message.into(), advice }
    }
}

/// Entries in the place of the whole piece.
pub(super) fn write(entries: impl Display) -> Advice {
    Advice::Write(entries.to_string())
}

/// Another target in the place of the one that was written.
pub(super) fn target(target: impl Display) -> Advice {
    Advice::Target(target.to_string())
}

/// What to do, in words.
pub(super) fn say(words: impl Into<String>) -> Advice {
    Advice::Say(words.into())
}

pub(super) fn is_entry(text: &str) -> bool {
    grammar::item(text).is_some()
}

pub(super) fn not_an_address(token: Token<'_>) -> Problem {
    let message = format!("`{}` is no address, prefix, range or `all`", Shown(token.text));
    token.problem(Code::NotAnAddress, message, Advice::example())
}
