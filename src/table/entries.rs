//! The entries of a table, for logs, explanations and expiry: columns in its image, and what their numbers mean.

use std::fmt;
use std::net::IpAddr;
use std::ops::Range;
use std::sync::Arc;
use std::time::SystemTime;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::Table;
use super::columns::{Columns, slice, value_width, words};
use super::family::{Aligned, Key, Words};
use super::image::ImageError;
use super::layout::{Layout, Section, V4_COLUMNS, V6_COLUMNS, u32_at};
use crate::list::{Action, Entry, Label, Until};

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
    const DENY: u32 = 1 << 31;
    const APP: u32 = 1 << 30;
    const LABEL: u32 = Value::APP - 1;

    pub(super) fn new(action: Action, origin: Origin, label: Option<u32>) -> Value {
        let deny = if action == Action::Deny { Value::DENY } else { 0 };
        let app = if origin == Origin::App { Value::APP } else { 0 };
        Value(deny | app | label.map_or(0, |label| (label + 1) & Value::LABEL))
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

/// Where the columns lie in the image.
#[derive(Debug, Clone)]
pub(super) struct Entries {
    v4: Columns,
    v6: Columns,
    values: Words,
    label_ends: Range<usize>,
    label_text: Range<usize>,
    sources: [Range<usize>; 2],
}

impl Entries {
    /// The entries of an image, every number in which has been checked.
    pub(super) fn open(image: &Arc<Aligned>, layout: &Layout) -> Result<Entries, ImageError> {
        let bytes = image.bytes();
        let at = |section| layout.range(section);
        let values = Words::new(image, at(Section::Values));
        let columns =
            |[addresses, blocks, lengths, numbers, lines, expiring, untils]: [Section; 7]| Columns {
                count: at(lengths).len(),
                addresses: at(addresses),
                blocks: at(blocks),
                lengths: at(lengths),
                values: at(numbers),
                value_width: value_width(values.len()),
                lines: at(lines),
                expiring: at(expiring),
                untils: at(untils),
            };
        let entries = Entries {
            v4: columns(V4_COLUMNS),
            v6: columns(V6_COLUMNS),
            values: values.clone(),
            label_ends: at(Section::LabelEnds),
            label_text: at(Section::LabelText),
            sources: [at(Section::DefaultSource), at(Section::AppSource)],
        };
        entries.v4.check::<u32>(bytes, values.len())?;
        entries.v6.check::<u128>(bytes, values.len())?;
        if !layout.range(Section::Values).len().is_multiple_of(4) {
            return Err(ImageError::damaged("a value is cut"));
        }
        entries.check_labels(bytes)?;
        Ok(entries)
    }

    fn check_labels(&self, bytes: &[u8]) -> Result<(), ImageError> {
        let damaged = |sound: bool, what| if sound { Ok(()) } else { Err(ImageError::damaged(what)) };
        let text = slice(bytes, &self.label_text);
        let text = std::str::from_utf8(text).map_err(|_| ImageError::damaged("a label is not UTF-8"))?;
        let mut start = 0;
        for end in words(slice(bytes, &self.label_ends)) {
            let end = end as usize;
            damaged(text.get(start..end).is_some_and(|label| !label.is_empty()), "a label is cut")?;
            start = end;
        }
        damaged(
            start == text.len() && self.label_ends.len().is_multiple_of(4),
            "its labels do not fill their text",
        )?;
        let labels = self.label_ends.len() / 4;
        let known = self
            .values
            .iter()
            .all(|value| Value(value).label().is_none_or(|label| (label as usize) < labels));
        damaged(known, "a value names no label")?;
        let named = self.sources.iter().all(|source| std::str::from_utf8(slice(bytes, source)).is_ok());
        damaged(named, "the name of a list is not UTF-8")
    }

    /// The number of IPv4 and of IPv6 entries.
    pub(super) fn counts(&self) -> (usize, usize) {
        (self.v4.count, self.v6.count)
    }

    /// The earliest expiry of all.
    pub(super) fn next_expiry(&self, bytes: &[u8]) -> Option<Until> {
        self.v4.untils(bytes).chain(self.v6.untils(bytes)).min().and_then(Until::from_unix_micros)
    }

    /// The value with that number. One that is not known, which no table has, denies.
    #[inline(always)]
    pub(super) fn value(&self, number: u32) -> Value {
        /// Apart, as what never happens.
        #[cold]
        fn unknown() -> u32 {
            Value::DENY
        }
        Value(self.values.get(number as usize).unwrap_or_else(unknown))
    }

    /// The number of labels.
    pub(super) fn label_count(&self) -> usize {
        self.label_ends.len() / 4
    }

    /// The label of a value.
    pub(super) fn label<'b>(&self, bytes: &'b [u8], value: Value) -> Option<&'b str> {
        std::str::from_utf8(self.label_bytes(bytes, value)?).ok()
    }

    /// The label of a value as UTF-8.
    #[inline]
    pub(super) fn label_bytes<'b>(&self, bytes: &'b [u8], value: Value) -> Option<&'b [u8]> {
        self.label_numbered(bytes, value.label()?)
    }

    /// The label with that number as UTF-8.
    #[inline]
    pub(super) fn label_numbered<'b>(&self, bytes: &'b [u8], number: u32) -> Option<&'b [u8]> {
        let number = Some(number as usize).filter(|number| 4 * number < self.label_ends.len())?;
        let (ends, text) = (self.label_ends.start + 4 * number, self.label_text.start);
        let start = if number == 0 { 0 } else { u32_at(bytes, ends - 4) } as usize;
        let end = u32_at(bytes, ends) as usize;
        bytes.get(text + start..text + end)
    }

    fn columns(&self, family: Width) -> &Columns {
        match family {
            Width::V4 => &self.v4,
            Width::V6 => &self.v6,
        }
    }
}

/// Which family's columns an entry stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Width {
    V4,
    V6,
}

/// One entry of a table.
#[derive(Clone, Copy)]
pub struct EntryRef<'t> {
    table: &'t Table,
    family: Width,
    /// Its place in the columns of its family.
    index: usize,
}

impl<'t> EntryRef<'t> {
    pub(super) fn new(table: &'t Table, family: Width, index: usize) -> EntryRef<'t> {
        EntryRef { table, family, index }
    }

    /// Its place among its family's entries.
    pub(super) fn index(&self) -> usize {
        self.index
    }

    fn bytes(&self) -> &'t [u8] {
        self.table.image.bytes()
    }

    fn columns(&self) -> &'t Columns {
        self.table.entries.columns(self.family)
    }

    /// What it says beside its prefix.
    pub(super) fn value(&self) -> Value {
        self.table.entries.value(self.columns().value_number(self.bytes(), self.index))
    }

    /// The canonical prefix.
    #[must_use]
    pub fn prefix(&self) -> IpNet {
        match self.family {
            Width::V4 => {
                let (address, length) = self.columns().prefix::<u32>(self.bytes(), self.index);
                IpNet::V4(Ipv4Net::new(address.into(), length).unwrap_or_default()) // lengths are checked
            }
            Width::V6 => {
                let (address, length) = self.columns().prefix::<u128>(self.bytes(), self.index);
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
        self.table.entries.label(self.bytes(), self.value())
    }

    /// The first instant at which it no longer holds, if it expires.
    #[must_use]
    pub fn until(&self) -> Option<Until> {
        self.columns().until(self.bytes(), self.index)
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
        Some(self.columns().line(self.bytes(), self.index)).filter(|line| *line != 0)
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
        let index = match self.family {
            Width::V4 => self.parent_index::<u32>(),
            Width::V6 => self.parent_index::<u128>(),
        };
        index.map(|index| EntryRef { index, ..self })
    }

    fn parent_index<K: Key>(self) -> Option<usize> {
        let (columns, bytes) = (self.columns(), self.bytes());
        let (address, length) = columns.prefix::<K>(bytes, self.index);
        (0..length).rev().find_map(|shorter| {
            let wanted = (address.masked(shorter), shorter);
            let index = columns.end_of::<K>(bytes, wanted).checked_sub(1)?;
            (columns.prefix::<K>(bytes, index) == wanted).then_some(index)
        })
    }
}

impl Table {
    /// The family and the number of an address.
    #[inline]
    pub(super) fn entry(&self, address: IpAddr, index: usize) -> EntryRef<'_> {
        EntryRef::new(self, if address.is_ipv4() { Width::V4 } else { Width::V6 }, index)
    }

    /// The name of a list, empty where it has none.
    pub(super) fn source(&self, origin: Origin) -> &str {
        let [default, app] = &self.entries.sources;
        let range = if origin == Origin::Default { default } else { app };
        std::str::from_utf8(slice(self.image.bytes(), range)).unwrap_or_default() // checked when opened
    }

    /// The entries, sorted by prefix with IPv4 first; on equal prefixes the one that decides is the last.
    pub fn entries(&self) -> impl Iterator<Item = EntryRef<'_>> {
        let (v4, v6) = self.entries.counts();
        let of = move |family, count| (0..count).map(move |index| EntryRef::new(self, family, index));
        of(Width::V4, v4).chain(of(Width::V6, v6))
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
