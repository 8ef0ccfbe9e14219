//! The entries of a table: columns in its image, sorted by prefix, for logs, explanations and expiry.

use std::fmt;
use std::net::IpAddr;
use std::ops::Range;
use std::time::SystemTime;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::Table;
use super::family::Key;
use super::image::ImageError;
use super::layout::{Layout, Section, u32_at, u64_at};
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

    #[inline]
    fn label(self) -> Option<usize> {
        (self.0 & Value::LABEL).checked_sub(1).map(|label| label as usize)
    }
}

/// Where the columns lie in the image.
#[derive(Debug, Clone)]
pub(super) struct Entries {
    v4: Columns,
    v6: Columns,
    values: Range<usize>,
    label_ends: Range<usize>,
    label_text: Range<usize>,
    sources: [Range<usize>; 2],
}

/// Where the columns of one family lie in the image.
#[derive(Debug, Clone)]
struct Columns {
    count: usize,
    addresses: Range<usize>,
    lengths: Range<usize>,
    values: Range<usize>,
    /// Bytes of a value number.
    value_width: usize,
    lines: Range<usize>,
    expiring: Range<usize>,
    untils: Range<usize>,
}

impl Entries {
    /// The entries of an image, every number in which has been checked.
    pub(super) fn open(bytes: &[u8], layout: &Layout) -> Result<Entries, ImageError> {
        use Section as S;
        let at = |section| layout.range(section);
        let values = at(S::Values);
        let columns = |[addresses, lengths, numbers, lines, expiring, untils]: [Section; 6]| Columns {
            count: at(lengths).len(),
            addresses: at(addresses),
            lengths: at(lengths),
            values: at(numbers),
            value_width: value_width(values.len() / 4),
            lines: at(lines),
            expiring: at(expiring),
            untils: at(untils),
        };
        let entries = Entries {
            v4: columns([S::V4Addresses, S::V4Lengths, S::V4Values, S::V4Lines, S::V4Expiring, S::V4Untils]),
            v6: columns([S::V6Addresses, S::V6Lengths, S::V6Values, S::V6Lines, S::V6Expiring, S::V6Untils]),
            values: at(S::Values),
            label_ends: at(S::LabelEnds),
            label_text: at(S::LabelText),
            sources: [at(S::DefaultSource), at(S::AppSource)],
        };
        entries.v4.check::<u32>(bytes, entries.values.len() / 4)?;
        entries.v6.check::<u128>(bytes, entries.values.len() / 4)?;
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
        let known = words(slice(bytes, &self.values))
            .all(|value| Value(value).label().is_none_or(|label| label < labels));
        damaged(known && self.values.len().is_multiple_of(4), "a value names no label")?;
        let named = self.sources.iter().all(|source| std::str::from_utf8(slice(bytes, source)).is_ok());
        damaged(named, "the name of a list is not UTF-8")
    }

    /// The number of IPv4 and of IPv6 entries.
    pub(super) fn counts(&self) -> (usize, usize) {
        (self.v4.count, self.v6.count)
    }

    /// The earliest expiry of all.
    pub(super) fn next_expiry(&self, bytes: &[u8]) -> Option<Until> {
        let untils = [&self.v4.untils, &self.v6.untils];
        let micros = untils
            .into_iter()
            .flat_map(|range| (0..range.len() / 8).map(|i| u64_at(slice(bytes, range), 8 * i)));
        micros.map(|micros| micros as i64).min().and_then(Until::from_unix_micros)
    }

    /// The value with that number. One that is not known, which no table has, denies.
    #[inline]
    pub(super) fn value(&self, bytes: &[u8], number: u32) -> Value {
        let at = 4 * number as usize;
        Value(if at < self.values.len() { u32_at(bytes, self.values.start + at) } else { Value::DENY })
    }

    /// The label of a value.
    pub(super) fn label<'b>(&self, bytes: &'b [u8], value: Value) -> Option<&'b str> {
        std::str::from_utf8(self.label_bytes(bytes, value)?).ok()
    }

    /// The label of a value as UTF-8.
    #[inline]
    pub(super) fn label_bytes<'b>(&self, bytes: &'b [u8], value: Value) -> Option<&'b [u8]> {
        let number = value.label()?;
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

/// Bytes that number so many values.
pub(super) fn value_width(count: usize) -> usize {
    match count {
        0..=0x100 => 1,
        0x101..=0x1_0000 => 2,
        _ => 4,
    }
}

impl Columns {
    fn check<K: Key>(&self, bytes: &[u8], values: usize) -> Result<(), ImageError> {
        let check = |sound: bool, what| if sound { Ok(()) } else { Err(ImageError::damaged(what)) };
        let lengths = [
            (self.addresses.len(), K::BYTES * self.count),
            (self.values.len(), self.value_width * self.count),
            (self.lines.len(), 4 * self.count),
            (self.untils.len(), 2 * self.expiring.len()),
        ];
        check(lengths.iter().all(|(actual, expected)| actual == expected), "a column of its entries is cut")?;
        let lengths = slice(bytes, &self.lengths);
        let widest = lengths.iter().copied().max().unwrap_or(0);
        check(u32::from(widest) <= K::BITS, "a prefix is longer than an address")?;
        let numbers = slice(bytes, &self.values);
        let greatest = match self.value_width {
            1 => numbers.iter().copied().max().map(u32::from),
            2 => numbers.as_chunks().0.iter().map(|number| u16::from_le_bytes(*number).into()).max(),
            _ => words(numbers).max(),
        };
        check(greatest.is_none_or(|number| (number as usize) < values), "an entry has no value")?;
        let addresses = slice(bytes, &self.addresses).chunks_exact(K::BYTES).map(K::read);
        let mut before = (K::default(), 0);
        let sorted = addresses.zip(lengths).fold(true, |sorted, (address, &length)| {
            let this = (address, length);
            let next = before <= this && address == address.masked(length);
            before = this;
            sorted & next
        });
        check(sorted, "its entries are not sorted")?;
        let expiring: Vec<u32> = words(slice(bytes, &self.expiring)).collect();
        let known = expiring.last().is_none_or(|last| (*last as usize) < self.count);
        check(known && expiring.is_sorted_by(|a, b| a < b), "an expiry belongs to no entry")?;
        let named = (0..expiring.len()).all(|i| {
            let micros = u64_at(slice(bytes, &self.untils), 8 * i) as i64;
            Until::from_unix_micros(micros).is_some()
        });
        check(named, "an expiry is out of range")
    }

    /// Network address and length of an entry.
    fn prefix<K: Key>(&self, bytes: &[u8], index: usize) -> (K, u8) {
        let address = slice(bytes, &self.addresses).get(K::BYTES * index..).unwrap_or_default();
        let length = slice(bytes, &self.lengths).get(index).copied().unwrap_or_default();
        (K::read(address), length)
    }

    fn value_number(&self, bytes: &[u8], index: usize) -> u32 {
        let numbers = slice(bytes, &self.values);
        let byte = |i: usize| numbers.get(self.value_width * index + i).copied().map_or(0, u32::from);
        match self.value_width {
            1 => byte(0),
            2 => byte(0) | byte(1) << 8,
            _ => u32_at(numbers, 4 * index),
        }
    }

    fn until(&self, bytes: &[u8], index: usize) -> Option<Until> {
        let expiring = slice(bytes, &self.expiring);
        if expiring.is_empty() {
            return None;
        }
        let (mut low, mut high) = (0, expiring.len() / 4);
        while low < high {
            let middle = (low + high) / 2;
            match (u32_at(expiring, 4 * middle) as usize).cmp(&index) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => {
                    return Until::from_unix_micros(u64_at(slice(bytes, &self.untils), 8 * middle) as i64);
                }
            }
        }
        None
    }

    /// One past the last entry whose prefix is at most this one.
    fn end_of<K: Key>(&self, bytes: &[u8], prefix: (K, u8)) -> usize {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = (low + high) / 2;
            if self.prefix::<K>(bytes, middle) <= prefix { low = middle + 1 } else { high = middle }
        }
        low
    }
}

#[inline]
fn slice<'b>(bytes: &'b [u8], range: &Range<usize>) -> &'b [u8] {
    bytes.get(range.clone()).unwrap_or_default()
}

fn words(bytes: &[u8]) -> impl Iterator<Item = u32> + '_ {
    bytes.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word))
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
        self.table.entries.value(self.bytes(), self.columns().value_number(self.bytes(), self.index))
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
        Some(u32_at(slice(self.bytes(), &self.columns().lines), 4 * self.index)).filter(|line| *line != 0)
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
