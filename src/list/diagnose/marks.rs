//! Mistakes with marks: `#`, what other formats begin a comment with, and `!`.

use super::problem::{Problem, is_entry, say, write};
use super::token::Token;
use super::words::COMMENTS;
use crate::list::diagnostic::Code;
use crate::list::label::BLANKS;
use crate::shown::Shown;

/// Whether a text begins as a comment of some other format does.
pub(super) fn begins_foreign_comment(text: &str) -> bool {
    COMMENTS.iter().any(|mark| text.starts_with(mark))
}

/// `10.0.0.0/8#office`: a `#` that begins no comment. `; office`: what begins one elsewhere.
pub(super) fn comment(piece: &str) -> Option<Problem> {
    if begins_foreign_comment(piece) {
        let message = format!("`{}` begins no comment", Shown(piece.split(BLANKS).next().unwrap_or(piece)));
        return Some(Token::whole(piece).problem(
            Code::NotAnAddress,
            message,
            say("begin a comment with `#`"),
        ));
    }
    let at = piece.find('#')?;
    let (entry, comment) = piece.split_at(at);
    let token = Token { text: comment, start: at };
    if entry.is_empty() {
        return Some(token.problem(
            Code::CommentNeedsBlank,
            "`#` right behind a comma begins no comment",
            say("put a blank or a line break before it"),
        ));
    }
    is_entry(entry).then(|| {
        token.problem(
            Code::CommentNeedsBlank,
            "`#` right behind an entry begins no comment",
            say("put a blank before it"),
        )
    })
}

/// `!!10.0.0.0/8`, `! 10.0.0.0/8` and `!` alone.
pub(super) fn negation(piece: &str) -> Option<Problem> {
    let rest = piece.strip_prefix('!')?;
    let entry = rest.trim_start_matches(['!', ' ', '\t']);
    if entry.len() == rest.len() && !rest.is_empty() {
        return None;
    }
    let token = Token { text: piece.split_at(piece.len() - entry.len()).0, start: 0 };
    let advice = match is_entry(entry) {
        true => write(format_args!("!{entry}")),
        false => say("put an address or prefix behind it, such as `!10.9.0.0/16`"),
    };
    Some(token.problem(Code::Negation, "one `!` stands right before the prefix that it denies", advice))
}
