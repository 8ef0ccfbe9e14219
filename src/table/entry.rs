//! One entry of a table, for logs, explanations and expiry.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::columns::Columns;
use super::compiled::Table;
use super::entries::{Origin, Value, Version};
use super::patch::{Patch, Places, Row};
use super::width::Width;
use crate::address::{Address, Bits};
use crate::list::{Action, Entry, Label, List, Until};

/// One entry of a table.
#[derive(Clone, Copy)]
pub struct EntryRef<'t> {
    table: &'t Table,
    version: Version,
    /// Its place in the columns of its family.
    index: usize,
}

impl<'t> EntryRef<'t> {
    pub(super) fn new(table: &'t Table, version: Version, index: usize) -> EntryRef<'t> {
        EntryRef { table, version, index }
    }

    fn columns(&self) -> &'t Columns {
        self.table.entries.columns(self.version)
    }

    /// Where it was added to the table after that was compiled.
    #[inline(always)]
    fn row(&self) -> Option<&'t Row> {
        /// Out of line, since few tables are updated.
        #[cold]
        #[inline(never)]
        fn of_patch(patch: &Patch, version: Version, index: usize) -> Option<&Row> {
            patch.places(version).row(index)
        }
        of_patch(self.table.patch.as_deref()?, self.version, self.index)
    }

    /// What it says beside its prefix.
    pub(super) fn value(&self) -> Value {
        match self.row() {
            Some(row) => row.value,
            None => self.table.entries.value(self.columns().value_number(self.index)),
        }
    }

    /// The canonical prefix.
    #[must_use]
    pub fn prefix(&self) -> IpNet {
        match self.version {
            Version::V4 => {
                let (address, length) = self.table.prefix::<u32>(self.index);
                IpNet::V4(Ipv4Net::new(address.into(), length).unwrap_or_default()) // lengths are checked
            }
            Version::V6 => {
                let (address, length) = self.table.prefix::<u128>(self.index);
                IpNet::V6(Ipv6Net::new(address.into(), length).unwrap_or_default()) // lengths are checked
            }
        }
    }

    /// Allow or deny.
    #[must_use]
    pub fn action(&self) -> Action {
        self.value().action()
    }

    /// The label, if it has one.
    #[must_use]
    pub fn label(&self) -> Option<&'t str> {
        std::str::from_utf8(self.table.label_bytes(self.value())?).ok()
    }

    /// The first instant at which it no longer holds, if it expires.
    #[must_use]
    pub fn until(&self) -> Option<Until> {
        self.row().map_or_else(|| self.columns().until(self.index), |row| row.until)
    }

    /// Which list of the policy it comes from.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.value().origin()
    }

    /// The name of its list, usually a file.
    #[must_use]
    pub fn source(&self) -> Option<&'t str> {
        Some(self.table.source(self.origin())).filter(|name| !name.is_empty())
    }

    /// The line on which it stands, counted from 1, of the text that its list was made of; none where it came by an
    /// [`Update`](super::Update), which changes no lines of others.
    #[must_use]
    pub fn line(&self) -> Option<u32> {
        let compiled = || {
            let line = self.compiled_line()?;
            let shifts = self.table.patch.as_ref().map(|patch| patch.shifts(self.origin()));
            Some(shifts.map_or(line, |shifts| shifts.line(line)))
        };
        self.row().map_or_else(compiled, |row| Some(row.line).filter(|line| *line != 0))
    }

    /// The line on which it stood when it was compiled.
    pub(super) fn compiled_line(&self) -> Option<u32> {
        Some(self.columns().line(self.index)).filter(|line| *line != 0)
    }

    /// The entry as one that can be put into a list, without its place.
    #[must_use]
    pub fn to_entry(&self) -> Entry {
        let entry = Entry::new(self.prefix(), self.action());
        let entry = match self.label().and_then(|label| Label::new(label).ok()) {
            Some(label) => entry.with_label(label),
            None => entry,
        };
        match self.until() {
            Some(until) => entry.with_until(until),
            None => entry,
        }
    }

    /// Whether it holds at `now`.
    #[must_use]
    pub fn is_live(&self, now: SystemTime) -> bool {
        self.until().is_none_or(|until| !until.has_passed(now))
    }

    /// Its place in the columns of its family.
    pub(super) fn index(self) -> usize {
        self.index
    }

    /// The table that it is of.
    pub(super) fn table(self) -> &'t Table {
        self.table
    }

    /// The entries that cover all of its prefix up to this one, the longest prefix first, this one the first of all.
    pub(super) fn around(self) -> impl Iterator<Item = EntryRef<'t>> {
        std::iter::successors(Some(self), |entry| entry.parent()).flat_map(EntryRef::same_prefix)
    }

    /// The entries of the same prefix up to this one, this one first.
    fn same_prefix(self) -> impl Iterator<Item = EntryRef<'t>> {
        // Either all of them are compiled, or none is.
        let first = if self.row().is_some() { self.columns().count() } else { 0 };
        let down = (first..=self.index).rev().map(move |index| EntryRef { index, ..self });
        down.take_while(move |entry| entry.prefix() == self.prefix())
    }

    /// The entry that decides for the longest prefix that is shorter than this one's and covers it.
    fn parent(self) -> Option<EntryRef<'t>> {
        let index = match self.version {
            Version::V4 => self.parent_index::<u32>(),
            Version::V6 => self.parent_index::<u128>(),
        };
        index.map(|index| EntryRef { index, ..self })
    }

    fn parent_index<K: Width>(self) -> Option<usize> {
        self.table.decides_above::<K>(self.table.prefix(self.index))
    }
}

impl Table {
    /// The family and the number of an address.
    #[inline]
    pub(super) fn entry(&self, address: Address, index: usize) -> EntryRef<'_> {
        let version = match address.bits() {
            Bits::V4(_) => Version::V4,
            Bits::V6(_) => Version::V6,
        };
        EntryRef::new(self, version, index)
    }

    /// The entries, sorted by prefix with IPv4 first; on equal prefixes the one that decides is the last. Those of the
    /// default list that the app list precedes ([`Table::app_precedes`]) are among them.
    pub fn entries(&self) -> impl Iterator<Item = EntryRef<'_>> {
        self.entries_of(Version::V4).chain(self.entries_of(Version::V6))
    }

    /// A list that says the same, of which neither the text nor the lines are known. O(n).
    pub(crate) fn to_list(&self) -> List {
        let entries = self.whole().entries().map(|entry| entry.to_entry()).collect();
        let source = [Origin::App, Origin::Default].map(|origin| self.source(origin));
        List::of_sound_entries(entries, source.into_iter().find(|name| !name.is_empty()).map(Arc::from))
    }

    fn entries_of(&self, version: Version) -> impl Iterator<Item = EntryRef<'_>> {
        let patched = self.patch.as_ref().map(|patch| patch.places(version));
        let compiled = if patched.is_none() { self.entries.columns(version).count() } else { 0 };
        let stretches = patched.into_iter().flat_map(Places::stretches).chain(std::iter::once(0..compiled));
        stretches.flatten().map(move |index| EntryRef::new(self, version, index))
    }

    /// Those that expire, in no order. O(log n) for each and n changes.
    pub(super) fn expiring(&self) -> impl Iterator<Item = EntryRef<'_>> {
        [Version::V4, Version::V6].into_iter().flat_map(move |version| {
            let places = self.patch.as_ref().map(|patch| patch.places(version));
            let is_there = move |index: &usize| places.is_none_or(|places| places.gone_at(*index).is_none());
            let compiled = self.entries.columns(version).expiring().filter(is_there);
            let rows = places.into_iter().flat_map(Places::expiring);
            compiled.chain(rows).map(move |index| EntryRef::new(self, version, index))
        })
    }
}

impl fmt::Display for EntryRef<'_> {
    /// Canonical list text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_entry().fmt(f)
    }
}

impl fmt::Debug for EntryRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EntryRef({self})")
    }
}
