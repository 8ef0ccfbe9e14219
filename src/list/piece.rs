//! The pieces of a list: its entries as they were written, to be found and edited in its text.

use std::ops::Range;

use super::diagnostic::Position;
use super::entry::Entry;
use super::sequence::List;

/// The entries that were written as one: a prefix, a range or `all`.
///
/// ```
/// use ipgate::List;
/// let list: List = "10.0.0.0/8:corp, 192.0.2.0-192.0.2.2".parse()?;
/// let pieces: Vec<_> = list.pieces().map(|piece| (piece.text(), piece.entries().len())).collect();
/// assert_eq!(pieces, [("10.0.0.0/8:corp", 1), ("192.0.2.0-192.0.2.2", 2)]);
/// # Ok::<(), ipgate::list::Rejected>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Piece<'l> {
    entries: &'l [Entry],
    first: &'l Entry,
    position: Position,
    text: &'l str,
}

impl<'l> Piece<'l> {
    fn new(list: &'l List, entries: &'l [Entry]) -> Option<Piece<'l>> {
        let first = entries.first()?;
        Some(Piece { entries, first, position: first.position()?, text: list.original(first)? })
    }

    /// What it comes to: more than one entry for a range or `all`.
    #[must_use]
    pub fn entries(&self) -> &'l [Entry] {
        self.entries
    }

    /// The first of them, whose action, label and expiry all of them have.
    #[must_use]
    pub fn first(&self) -> &'l Entry {
        self.first
    }

    /// Where it stands.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &'l str {
        self.text
    }

    /// The bytes of the list's text that it takes.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        let start = self.position.offset as usize;
        start..start + self.position.len as usize
    }
}

impl List {
    /// What the entries of a list that was parsed were written as, in their order. None of a list that was not.
    pub fn pieces(&self) -> impl Iterator<Item = Piece<'_>> {
        let is_same = |one: &Entry, other: &Entry| one.position() == other.position();
        self.entries().chunk_by(is_same).filter_map(|entries| Piece::new(self, entries))
    }
}
