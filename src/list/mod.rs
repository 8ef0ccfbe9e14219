//! Lists: text in, entries out, and everything there is to say about them.
//!
//! Read from top to bottom: [`scan`] cuts the text, [`grammar`] accepts an entry or `diagnose` says why
//! not, [`parse`] puts them together under the rules that concern the whole list, [`lint`] looks for what
//! is legal but probably not meant.

mod conflict;
mod diagnose;
mod diagnostic;
mod entry;
mod format;
mod grammar;
mod label;
mod lint;
mod parse;
mod pass;
mod scan;
mod text;
mod until;

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::SystemTime;

use crate::content::Content;

pub use conflict::{Conflict, InvalidList};
pub use diagnostic::{Code, Diagnostic, Position, Rejected, Report, Severity};
pub use entry::{Action, Entry};
pub use format::format_text;
pub(crate) use label::check as check_label;
pub use label::{Label, LabelError};
pub use lint::Linter;
pub use parse::{Parsed, Parser, ReadError};
pub use until::{Until, UntilError};

/// An ordered sequence of entries.
///
/// ```
/// use ipgate::List;
/// let list: List = "10.0.1.0/24:office_ABC,212.121.212.121:client_YXZ".parse()?;
/// assert_eq!(list.len(), 2);
/// assert_eq!(list.to_string(), "10.0.1.0/24:office_ABC\n212.121.212.121:client_YXZ\n");
/// # Ok::<(), ipgate::Rejected>(())
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
        let conflict = conflict::conflicts(&entries, SystemTime::now()).next();
        conflict
            .map_or(Ok(List { entries, ..List::default() }), |conflict| Err(InvalidList::Conflict(conflict)))
    }

    /// A [`Parser`] with the default settings: strict, warnings allowed.
    #[must_use]
    pub fn parser() -> Parser {
        Parser::new()
    }

    /// Reads a file, strictly: any error rejects the whole list.
    ///
    /// # Errors
    ///
    /// [`ReadError`] where the file cannot be read or the list is rejected.
    pub fn read(path: impl AsRef<Path>) -> Result<List, ReadError> {
        Parser::new().read(path).map(|parsed| parsed.list)
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

    /// Everything that is legal but probably not meant, with the default settings of [`Linter`].
    #[must_use]
    pub fn lint(&self) -> Report {
        Linter::new().lint(self)
    }
}

impl PartialEq for List {
    fn eq(&self, other: &List) -> bool {
        self.entries == other.entries
    }
}

impl Eq for List {}

impl FromStr for List {
    type Err = Rejected;

    /// Strict: any error rejects the whole list.
    fn from_str(text: &str) -> Result<List, Rejected> {
        Parser::new().parse(text).map(|parsed| parsed.list)
    }
}

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
