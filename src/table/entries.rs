//! The entries of a table, for logs, explanations and expiry: columns in its image, and what their numbers mean.

use std::fmt;
use std::time::SystemTime;

use ipgate_lpm::image::{Image, Section, ensure};
use ipgate_lpm::{ImageError, Key};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::Table;
use super::columns::Columns;
use super::layout::{LABEL_ENDS, LABEL_TEXT, SOURCES, V4_COLUMNS, V6_COLUMNS, VALUES};
use crate::address::{Address, Bits};
use crate::list::{Action, Entry, Label, Until, check_label};

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

/// What an entry says beside its prefix, packed: bit 31 is set for deny, bit 30 for the app list, the other
/// bits hold the label's number plus one, or 0 without a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Value(pub(super) u32);

impl Value {
    /// What no entry says.
    pub(super) const NONE: Value = Value(0);

    const DENY: u32 = 1 << 31;
    const APP: u32 = 1 << 30;
    const LABEL: u32 = Value::APP - 1;

    pub(super) fn new(action: Action, origin: Origin, label: Option<u32>) -> Value {
        let deny = if action == Action::Deny { Value::DENY } else { 0 };
        let app = if origin == Origin::App { Value::APP } else { 0 };
        Value(deny | app | label.map_or(0, |label| (label + 1) & Value::LABEL))
    }

    /// The same of an entry of that list.
    #[inline]
    pub(super) fn with_origin(self, origin: Origin) -> Value {
        let app = if origin == Origin::App { Value::APP } else { 0 };
        Value(self.0 & !Value::APP | app)
    }

    #[inline]
    pub(super) fn action(self) -> Action {
        if self.0 & Value::DENY == 0 { Action::Allow } else { Action::Deny }
    }

    #[inline]
    pub(super) fn origin(self) -> Origin {
        if self.0 & Value::APP == 0 { Origin::Default } else { Origin::App }
    }

    /// The label's number plus one, 0 without one.
    #[inline]
    pub(super) fn label_field(self) -> u32 {
        self.0 & Value::LABEL
    }

    #[inline]
    fn label(self) -> Option<u32> {
        self.label_field().checked_sub(1)
    }
}

/// What a table knows of its entries.
#[derive(Debug, Clone)]
pub(super) struct Entries {
    v4: Columns,
    v6: Columns,
    values: Section<[u8; 4]>,
    label_ends: Section<[u8; 4]>,
    label_text: Section,
    sources: [Section; 2],
}

impl Entries {
    /// The entries of an image, every number in which has been checked.
    pub(super) fn open(image: &Image) -> Result<Entries, ImageError> {
        let values = image.section::<[u8; 4]>(VALUES);
        let entries = Entries {
            v4: Columns::open::<u32>(image, V4_COLUMNS, values.len())?,
            v6: Columns::open::<u128>(image, V6_COLUMNS, values.len())?,
            values,
            label_ends: image.section(LABEL_ENDS),
            label_text: image.section(LABEL_TEXT),
            sources: SOURCES.map(|source| image.section(source)),
        };
        let whole = [VALUES, LABEL_ENDS].map(|section| image.section::<u8>(section).len().is_multiple_of(4));
        ensure(whole == [true; 2], "entries", "a value is cut")?;
        entries.check_labels()?;
        Ok(entries)
    }

    fn check_labels(&self) -> Result<(), ImageError> {
        let sound = |sound, what| ensure(sound, "labels", what);
        let text = std::str::from_utf8(&self.label_text);
        let text = text.map_err(|_| ImageError::damaged("labels", "one is not UTF-8"))?;
        let mut start = 0;
        for end in self.label_ends.iter().map(|end| u32::from_le_bytes(*end) as usize) {
            let label = text.get(start..end).ok_or(ImageError::damaged("labels", "one is cut"))?;
            // They reach terminals, headers and logs.
            sound(check_label(label).is_ok(), "one is no label of a list")?;
            start = end;
        }
        sound(start == text.len(), "they do not fill their text")?;
        let mut labels = self.values.iter().filter_map(|value| Value(u32::from_le_bytes(*value)).label());
        sound(labels.all(|label| (label as usize) < self.label_count()), "a value names none")?;
        let named = self.sources.iter().all(|source| std::str::from_utf8(source).is_ok());
        sound(named, "the name of a list is not UTF-8")
    }

    /// The number of IPv4 and of IPv6 entries.
    pub(super) fn counts(&self) -> (usize, usize) {
        (self.v4.count(), self.v6.count())
    }

    /// The earliest expiry of all.
    pub(super) fn next_expiry(&self) -> Option<Until> {
        self.v4.untils().chain(self.v6.untils()).min().and_then(Until::from_unix_micros)
    }

    /// The value with that number. One that is not known, which no table has, denies.
    #[inline(always)]
    pub(super) fn value(&self, number: u32) -> Value {
        /// Out of line, since it never happens.
        #[cold]
        fn unknown() -> Value {
            Value(Value::DENY)
        }
        match self.values.get(number as usize) {
            Some(value) => Value(u32::from_le_bytes(*value)),
            None => unknown(),
        }
    }

    /// The number of labels.
    pub(super) fn label_count(&self) -> usize {
        self.label_ends.len()
    }

    /// The label of a value.
    pub(super) fn label(&self, value: Value) -> Option<&str> {
        std::str::from_utf8(self.label_bytes(value)?).ok()
    }

    /// The label of a value as UTF-8.
    #[inline]
    pub(super) fn label_bytes(&self, value: Value) -> Option<&[u8]> {
        self.label_numbered(value.label()?)
    }

    /// The label with that number as UTF-8.
    #[inline]
    pub(super) fn label_numbered(&self, number: u32) -> Option<&[u8]> {
        let end_of = |number: u32| Some(u32::from_le_bytes(*self.label_ends.get(number as usize)?) as usize);
        let start = number.checked_sub(1).map_or(Some(0), end_of)?;
        self.label_text.get(start..end_of(number)?)
    }

    fn columns(&self, version: Version) -> &Columns {
        match version {
            Version::V4 => &self.v4,
            Version::V6 => &self.v6,
        }
    }
}

/// Which family's columns an entry stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    V4,
    V6,
}

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

    /// What it says beside its prefix.
    pub(super) fn value(&self) -> Value {
        self.table.entries.value(self.columns().value_number(self.index))
    }

    /// The canonical prefix.
    #[must_use]
    pub fn prefix(&self) -> IpNet {
        match self.version {
            Version::V4 => {
                let (address, length) = self.columns().prefix::<u32>(self.index);
                IpNet::V4(Ipv4Net::new(address.into(), length).unwrap_or_default()) // lengths are checked
            }
            Version::V6 => {
                let (address, length) = self.columns().prefix::<u128>(self.index);
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
        self.table.entries.label(self.value())
    }

    /// The first instant at which it no longer holds, if it expires.
    #[must_use]
    pub fn until(&self) -> Option<Until> {
        self.columns().until(self.index)
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

    /// The line of its list's text on which it stands, counted from 1.
    #[must_use]
    pub fn line(&self) -> Option<u32> {
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

    /// The entries of the same prefix up to this one, this one first.
    pub(super) fn same_prefix(self) -> impl Iterator<Item = EntryRef<'t>> {
        let down = (0..=self.index).rev().map(move |index| EntryRef { index, ..self });
        down.take_while(move |entry| entry.prefix() == self.prefix())
    }

    /// The entry that decides for the longest prefix that is shorter than this one's and covers it.
    pub(super) fn parent(self) -> Option<EntryRef<'t>> {
        let index = match self.version {
            Version::V4 => self.parent_index::<u32>(),
            Version::V6 => self.parent_index::<u128>(),
        };
        index.map(|index| EntryRef { index, ..self })
    }

    fn parent_index<K: Key>(self) -> Option<usize> {
        let columns = self.columns();
        let (address, length) = columns.prefix::<K>(self.index);
        (0..length).rev().find_map(|shorter| {
            let wanted = (address.masked(shorter), shorter);
            let index = columns.end_of::<K>(wanted).checked_sub(1)?;
            (columns.prefix::<K>(index) == wanted).then_some(index)
        })
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

    /// The name of a list, empty where it has none.
    pub(super) fn source(&self, origin: Origin) -> &str {
        let [default, app] = &self.entries.sources;
        let name = if origin == Origin::Default { default } else { app };
        std::str::from_utf8(name).unwrap_or_default() // checked when opened
    }

    /// The entries, sorted by prefix with IPv4 first; on equal prefixes the one that decides is the last.
    pub fn entries(&self) -> impl Iterator<Item = EntryRef<'_>> {
        let (v4, v6) = self.entries.counts();
        let of = move |version, count| (0..count).map(move |index| EntryRef::new(self, version, index));
        of(Version::V4, v4).chain(of(Version::V6, v6))
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
