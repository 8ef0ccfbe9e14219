//! The entries of a table, in the order in which lookups and explanations need them.

use std::sync::Arc;
use std::time::SystemTime;

use ipnet::IpNet;

use crate::list::{Action, Entry, Label, List, Until};

/// Which list of a policy an entry comes from. The app list wins on equal prefixes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum Origin {
    /// The default list.
    Default,
    /// The app list; also the one list of a table that was built without a policy.
    App,
}

/// One entry with its place.
#[derive(Debug, Clone)]
struct Stored {
    entry: Entry,
    origin: Origin,
}

/// Entries sorted by prefix, address first; on equal prefixes the one that decides stands last.
#[derive(Debug, Clone, Default)]
pub(super) struct Entries {
    sorted: Vec<Stored>,
    /// The names of the default and the app list.
    sources: [Option<Arc<str>>; 2],
}

impl Entries {
    /// The entries of the lists that have not expired.
    pub(super) fn new(default: Option<&List>, app: Option<&List>, now: SystemTime) -> Entries {
        let stored = |list: Option<&List>, origin| {
            let live = move |entry: &&Entry| entry.is_live(now);
            list.map(List::entries)
                .unwrap_or_default()
                .iter()
                .filter(live)
                .cloned()
                .map(move |entry| Stored { entry, origin })
                .collect::<Vec<_>>()
        };
        let mut sorted = stored(default, Origin::Default);
        sorted.append(&mut stored(app, Origin::App));
        sorted.sort_by_key(|stored| stored.entry.prefix()); // stable: lists and entries keep their order
        Entries { sorted, sources: [default, app].map(|list| list.and_then(List::shared_source)) }
    }

    /// The same entries without those that have expired at `now`.
    pub(super) fn live_at(&self, now: SystemTime) -> Entries {
        let sorted = self.sorted.iter().filter(|stored| stored.entry.is_live(now)).cloned().collect();
        Entries { sorted, sources: self.sources.clone() }
    }

    pub(super) fn len(&self) -> usize {
        self.sorted.len()
    }

    pub(super) fn get(&self, index: usize) -> Option<EntryRef<'_>> {
        let stored = self.sorted.get(index)?;
        Some(EntryRef { stored, entries: self })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = EntryRef<'_>> {
        self.sorted.iter().map(|stored| EntryRef { stored, entries: self })
    }

    /// For each prefix the entry that decides, with its index.
    pub(super) fn deciding(&self) -> impl Iterator<Item = (usize, EntryRef<'_>)> {
        self.iter().enumerate().filter(|(index, entry)| {
            self.sorted.get(index + 1).is_none_or(|next| next.entry.prefix() != entry.prefix())
        })
    }

    /// The entries of the prefix whose deciding entry is at `index`, the deciding one first.
    pub(super) fn same_prefix(&self, index: usize) -> impl Iterator<Item = EntryRef<'_>> {
        let prefix = self.get(index).map(|entry| entry.prefix());
        let down = (0..=index).rev().map_while(|index| self.get(index));
        down.take_while(move |entry| Some(entry.prefix()) == prefix)
    }

    pub(super) fn bytes(&self) -> usize {
        self.sorted.capacity() * size_of::<Stored>()
    }
}

/// One entry of a table.
#[derive(Debug, Clone, Copy)]
pub struct EntryRef<'t> {
    stored: &'t Stored,
    entries: &'t Entries,
}

impl<'t> EntryRef<'t> {
    /// The canonical prefix.
    #[must_use]
    pub fn prefix(&self) -> IpNet {
        self.stored.entry.prefix()
    }

    /// Allow or deny.
    #[must_use]
    pub fn action(&self) -> Action {
        self.stored.entry.action()
    }

    /// The label, if it has one.
    #[must_use]
    pub fn label(&self) -> Option<&'t str> {
        self.stored.entry.label().map(Label::as_str)
    }

    /// The first instant at which it no longer holds, if it expires.
    #[must_use]
    pub fn until(&self) -> Option<Until> {
        self.stored.entry.until()
    }

    /// Which list of the policy it comes from.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.stored.origin
    }

    /// The name of its list, usually a file.
    #[must_use]
    pub fn source(&self) -> Option<&'t str> {
        let [default, app] = &self.entries.sources;
        match self.origin() {
            Origin::Default => default.as_deref(),
            Origin::App => app.as_deref(),
        }
    }

    /// The line of its list's text on which it stands, counted from 1.
    #[must_use]
    pub fn line(&self) -> Option<u32> {
        self.stored.entry.position().map(|at| at.line)
    }

    /// The entry as one that can be put into a list, without its place.
    #[must_use]
    pub fn to_entry(&self) -> Entry {
        self.stored.entry.clone()
    }

    /// Whether it holds at `now`.
    #[must_use]
    pub fn is_live(&self, now: SystemTime) -> bool {
        self.stored.entry.is_live(now)
    }
}

impl std::fmt::Display for EntryRef<'_> {
    /// Canonical list text.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.stored.entry.fmt(f)
    }
}
