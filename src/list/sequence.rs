//! The list itself: entries in an order, and the text that they came from.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use super::conflict::{Conflict, conflicts};
use super::entry::Entry;
use crate::content::Content;

/// An ordered sequence of entries.
///
/// ```
/// use ipgate::List;
/// let list: List = "10.0.1.0/24:office_ABC,212.121.212.121:client_YXZ".parse()?;
/// assert_eq!(list.len(), 2);
/// assert_eq!(list.to_string(), "10.0.1.0/24:office_ABC\n212.121.212.121:client_YXZ\n");
/// # Ok::<(), ipgate::list::Rejected>(())
/// ```
///
/// Two lists are equal when their entries are, in the same order.
#[derive(Debug, Clone, Default)]
pub struct List {
    entries: Vec<Entry>,
    /// What the entries' positions point into; empty for a list that did not come from text.
    text: Arc<Content>,
    /// The file or other name of the source.
    source: Option<Arc<str>>,
    /// The errors for which pieces of the text were left out.
    left_out: usize,
}

impl List {
    /// The most entries that any list may have, whatever a parser's limit says: two such lists, a default and
    /// an app list, fit one table.
    pub const MAX_ENTRIES: usize = 32 << 20;

    /// A list without entries, which no address matches.
    #[must_use]
    pub fn new() -> List {
        List::default()
    }

    /// A list of entries that were made one by one.
    ///
    /// # Errors
    ///
    /// [`InvalidList`] where one prefix is both allowed and denied by entries that have not expired, or where
    /// there are more than [`List::MAX_ENTRIES`].
    pub fn from_entries(entries: impl IntoIterator<Item = Entry>) -> Result<List, InvalidList> {
        let entries: Vec<Entry> = entries.into_iter().collect();
        if entries.len() > List::MAX_ENTRIES {
            return Err(InvalidList::TooManyEntries(entries.len()));
        }
        let conflict = conflicts(&entries, SystemTime::now()).next();
        conflict
            .map_or(Ok(List { entries, ..List::default() }), |conflict| Err(InvalidList::Conflict(conflict)))
    }

    /// The list of a text that was parsed.
    pub(super) fn of_text(
        entries: Vec<Entry>,
        text: Content,
        source: Option<Arc<str>>,
        left_out: usize,
    ) -> List {
        List { entries, text: Arc::new(text), source, left_out }
    }

    /// The list of entries that are known to make one.
    pub(crate) fn of_sound_entries(entries: Vec<Entry>, source: Option<Arc<str>>) -> List {
        List { entries, source, ..List::default() }
    }

    /// The entries in the order of the list.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether the list has no entries. Such a list is set: nobody matches it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// For how many errors pieces of its text were left out: 0 but where a lenient parser met any.
    ///
    /// ```
    /// use ipgate::list::Parser;
    /// let parsed = Parser::new().lenient(true).parse("10.0.0.0/8\n10.1\n")?;
    /// assert_eq!((parsed.list.len(), parsed.list.left_out()), (1, 1));
    /// # Ok::<(), ipgate::list::Rejected>(())
    /// ```
    #[must_use]
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// The name of the file, or whatever the parser was told, that the list came from.
    #[must_use]
    pub fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    /// The text that the list was parsed from, as bytes (a lenient parse may have met invalid UTF-8).
    #[must_use]
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// An entry's own text as it was written; `None` for an entry that did not come from this list's text.
    #[must_use]
    pub fn original(&self, entry: &Entry) -> Option<&str> {
        let at = entry.position()?;
        let (start, len) = (usize::try_from(at.offset).ok()?, usize::try_from(at.len).ok()?);
        std::str::from_utf8(self.text.get(start..start.checked_add(len)?)?).ok()
    }
}

impl PartialEq for List {
    fn eq(&self, other: &List) -> bool {
        self.entries == other.entries
    }
}

impl Eq for List {}

impl fmt::Display for List {
    /// Canonical text, an entry a line. Parsing it gives an equal list.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.entries.iter().try_for_each(|entry| writeln!(f, "{entry}"))
    }
}

impl<'a> IntoIterator for &'a List {
    type Item = &'a Entry;
    type IntoIter = std::slice::Iter<'a, Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.iter()
    }
}

/// Entries that do not make a list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidList {
    /// One prefix is both allowed and denied.
    Conflict(Conflict),
    /// There are so many entries, more than [`List::MAX_ENTRIES`].
    TooManyEntries(usize),
}

impl fmt::Display for InvalidList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InvalidList::Conflict(conflict) => conflict.fmt(f),
            InvalidList::TooManyEntries(count) => {
                write!(f, "{count} entries are more than a list may have, which is {}", List::MAX_ENTRIES)
            }
        }
    }
}

impl std::error::Error for InvalidList {}
