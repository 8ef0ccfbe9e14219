//! Entries as they were written: a range or `all` is one item of several entries, which stays or goes as a whole.

use std::ops::Range;

use crate::address::PrefixText;
use crate::list::diagnostic::{Code, Diagnostic, Severity};
use crate::list::edit::Edit;
use crate::list::entry::Entry;
use crate::list::report::Finds;
use crate::list::sequence::List;
use crate::shown::Shown;

/// The entries of one piece of text. An entry that stands in no text is an item of its own.
#[derive(Clone, Copy)]
pub(super) struct Item<'l> {
    list: &'l List,
    /// The number of its first entry.
    pub(super) first: usize,
    pub(super) entries: &'l [Entry],
}

impl<'l> Item<'l> {
    pub(super) fn all(list: &'l List) -> impl Iterator<Item = Item<'l>> {
        let same_text =
            |one: &Entry, other: &Entry| one.position().is_some() && one.position() == other.position();
        let mut first = 0;
        list.entries().chunk_by(same_text).map(move |entries| {
            let item = Item { list, first, entries };
            first += entries.len();
            item
        })
    }

    /// The numbers of its entries.
    pub(super) fn numbers(self) -> Range<usize> {
        self.first..self.first + self.entries.len()
    }

    /// Its prefix, or where it has several, what was written.
    pub(super) fn name(self) -> String {
        match self.entries {
            [entry] => PrefixText(entry.prefix()).to_string(),
            entries => {
                entries.first().and_then(|entry| self.list.original(entry)).map_or_else(String::new, quoted)
            }
        }
    }

    /// One of its entries, as a part of it where it has others.
    pub(super) fn part(self, entry: &Entry) -> String {
        let prefix = PrefixText(entry.prefix());
        match self.entries {
            [_] => prefix.to_string(),
            _ => format!("{prefix} (a part of {})", self.name()),
        }
    }
}

/// The fix that removes an entry, and all that was written with it.
pub(super) fn removal(list: &List, entry: &Entry) -> Vec<Edit> {
    let written = entry.position().zip(list.original(entry));
    written.map_or_else(Vec::new, |(at, text)| {
        let start = at.offset as usize;
        vec![Edit::new(start..start + text.len(), "")]
    })
}

fn quoted(text: &str) -> String {
    format!("`{}`", Shown(text))
}

/// What there is to say of a list.
pub(super) struct Notes<'l, 'f, 's> {
    pub(super) list: &'l List,
    pub(super) finds: &'f mut Finds<'s>,
}

/// One thing to say, with the edits that mend it, where nothing changes by that.
pub(super) struct Note {
    pub(super) message: String,
    pub(super) suggestion: String,
    pub(super) fix: Vec<Edit>,
}

impl Note {
    pub(super) fn new(message: String, suggestion: impl Into<String>) -> Note {
        Note { message, suggestion: suggestion.into(), fix: Vec::new() }
    }
}

impl Notes<'_, '_, '_> {
    pub(super) fn warn(&mut self, entry: &Entry, code: Code, note: impl FnOnce() -> Note) {
        let list = self.list;
        self.finds.add(Severity::Warning, || {
            let Note { message, suggestion, fix } = note();
            Diagnostic {
                severity: Severity::Warning,
                code,
                position: entry.position(),
                token: list.original(entry).map_or_else(|| entry.to_string(), str::to_owned),
                message,
                suggestion: Some(suggestion),
                fix,
            }
        });
    }
}
