//! A part of a piece that knows where it stands.

/// A part of a piece, which knows where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'a> {
    pub(super) text: &'a str,
    pub(super) start: usize,
}

impl<'a> Token<'a> {
    pub(super) fn whole(piece: &'a str) -> Token<'a> {
        Token { text: piece, start: 0 }
    }

    /// The part of `piece` that `text`, a slice of it, is.
    pub(super) fn within(piece: &str, text: &'a str) -> Token<'a> {
        Token { text, start: (text.as_ptr() as usize).saturating_sub(piece.as_ptr() as usize) }
    }

    /// The same part of a longer text, in which what it was a part of begins at `start`.
    pub(super) fn at(self, start: usize) -> Token<'a> {
        Token { start: start + self.start, ..self }
    }
}
