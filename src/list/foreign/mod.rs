//! Files that are no lists: recognised as what they are, so that one message says what to do instead of one general
//! sentence a line.
//!
//! Nothing here accepts anything. It is asked only about a text that has errors, and looks at its first bytes and the
//! first lines with errors; the whole text is read once more where a command is to be offered.

mod advice;
mod kind;
mod line;
mod whole;

use super::diagnostic::{Code, Diagnostic, Position, Severity};
use kind::Kind;

/// A line on which there was an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Suspect {
    /// Counted from 1.
    pub(super) number: u32,
    /// Where it begins in the text.
    pub(super) offset: usize,
}

/// So many of the first lines with errors are looked at.
pub(super) const SUSPECTS: usize = 32;

/// What a text is, and where that shows first.
pub(super) struct Recognised<'t> {
    text: &'t [u8],
    kind: Kind,
    /// Whether all of the text is of the format, and not only some of its lines.
    is_whole: bool,
    first: Suspect,
}

/// What a text is that is no list, by its first lines with errors. O(1) but for the length of these lines, of which
/// [`line::LONGEST`] bytes are read.
pub(super) fn recognise<'t>(text: &'t [u8], suspects: &[Suspect]) -> Option<Recognised<'t>> {
    let first = *suspects.first()?;
    if let Some(kind) = whole::kind(text, first.offset) {
        return Some(Recognised { text, kind, is_whole: true, first });
    }
    let mut found: Vec<(Kind, Suspect, usize)> = Vec::new();
    for suspect in suspects {
        let Some(kind) = line::at(text, suspect.offset).and_then(line::kind) else { continue };
        match found.iter_mut().find(|(known, ..)| *known == kind) {
            Some((.., count)) => *count += 1,
            None => found.push((kind, *suspect, 1)),
        }
    }
    found.retain(|(kind, _, count)| *count >= kind.fewest_lines());
    let (kind, first, _) = found.into_iter().rev().max_by_key(|(.., count)| *count)?;
    Some(Recognised { text, kind, is_whole: false, first })
}

impl Recognised<'_> {
    /// The message about the file, at the first line that is of the format, or at the character that cannot be seen.
    pub(super) fn diagnostic(&self) -> Diagnostic {
        let bytes = line::bytes_at(self.text, self.first.offset);
        let blanks = bytes.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let stray = match self.kind {
            Kind::Dash(_) | Kind::Blank(_) => {
                line::at(self.text, self.first.offset).and_then(line::stray_character)
            }
            _ => None,
        };
        let (start, most) = match stray {
            Some((at, character, _)) => (blanks + at, character.len_utf8()),
            None => (blanks, self.kind.shown_bytes()),
        };
        let (before, rest) = bytes.split_at_checked(start).unwrap_or_default();
        let token = line::start_of(rest, most);
        let characters = before.iter().filter(|&&byte| byte & 0xc0 != 0x80).count();
        let narrow = |n: usize| u32::try_from(n).unwrap_or(u32::MAX); // the text is shorter than 2³¹ bytes
        let (message, suggestion) = advice::of(self.kind, self.text);
        Diagnostic {
            severity: Severity::Error,
            code: Code::Format,
            position: Some(Position {
                line: self.first.number,
                column: narrow(characters + 1),
                offset: narrow(self.first.offset + start),
                len: narrow(token.len()),
            }),
            token: String::from_utf8_lossy(token).into_owned(),
            message,
            suggestion: Some(suggestion),
            fix: Vec::new(),
        }
    }

    /// Whether the message says all there is to say about an error, asked for errors in the order of the text. O(n) for
    /// all of them together, where the text has n bytes.
    pub(super) fn explains(&self) -> impl FnMut(&Diagnostic) -> bool {
        let mut lines = super::scan::lines(self.text);
        let mut current: Option<(u32, bool)> = None;
        move |error| {
            let Some(at) = error.position.filter(|_| error.code != Code::TooManyEntries) else {
                return false;
            };
            if self.is_whole {
                return true;
            }
            while current.is_none_or(|(number, _)| number < at.line) {
                let Some(next) = lines.by_ref().find(|line| line.number >= at.line) else { return false };
                let belongs = line::at(self.text, next.offset).is_some_and(|l| line::belongs(self.kind, l));
                current = Some((next.number, belongs));
            }
            current.is_some_and(|(number, belongs)| number == at.line && belongs)
        }
    }
}
