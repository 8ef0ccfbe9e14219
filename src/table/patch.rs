//! Patches: what was changed in a table since it was compiled, beside the image, which stays as it is.
//!
//! A patch has the changed prefixes, compiled for longest-prefix match, and at each of them all entries that stand there
//! now; the compiled entries of such a prefix are gone. So an address that lies in no changed prefix has its answer from the
//! image alone. For one that does, everything that is changed around it covers its longest changed prefix: what decides
//! there is found when the patch is made, and decides for the address unless a compiled entry is longer.

use std::ops::Range;

use ipgate_lpm::{Family, Key};

use super::columns::above;
use super::entries::{Origin, Value, Version};
use super::layout::Note;
use super::shifts::Shifts;
use crate::list::Until;

/// What was changed in a table.
#[derive(Debug)]
pub(super) struct Patch {
    pub(super) v4: Part<u32>,
    pub(super) v6: Part<u128>,
    /// Their numbers follow those of the image.
    pub(super) labels: Vec<Box<str>>,
    /// What is said of the whole, instead of what the image says.
    pub(super) note: Note,
    /// Where the lines of compiled entries stand now, of the default and of the app list.
    pub(super) shifts: [Shifts; 2],
}

/// What was changed in one family.
#[derive(Debug)]
pub(super) struct Part<K: Key> {
    /// The changed prefixes; a value is a place.
    pub(super) family: Family<K>,
    /// The same, ascending.
    pub(super) prefixes: Vec<(K, u8)>,
    pub(super) places: Places,
}

/// What there is at the changed prefixes of a family.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// One for each prefix.
    pub(super) spots: Vec<Spot>,
    /// The entries that were added, by prefix, and on equal prefixes the one that decides the last.
    pub(super) rows: Vec<Row>,
    /// Compiled entries: numbers of entries from here on are those of rows.
    pub(super) compiled: usize,
    /// How many of those are gone.
    pub(super) gone: usize,
}

/// One changed prefix.
#[derive(Debug)]
pub(super) struct Spot {
    pub(super) length: u8,
    /// The compiled entries that stood there; where there were none, where they would have been.
    pub(super) gone: Range<usize>,
    /// Those that stand there now, as numbers of entries.
    pub(super) now: Range<usize>,
    /// What decides there: the last of those, or what covers the prefix.
    pub(super) decides: Option<usize>,
    /// Whether compiled entries lie inside.
    pub(super) has_inside: bool,
}

/// An entry that was added.
#[derive(Debug)]
pub(super) struct Row {
    /// The changed prefix that is its own.
    pub(super) spot: usize,
    pub(super) value: Value,
    pub(super) until: Option<Until>,
    /// 0 where it has none.
    pub(super) line: u32,
}

impl Patch {
    pub(super) fn places(&self, version: Version) -> &Places {
        match version {
            Version::V4 => &self.v4.places,
            Version::V6 => &self.v6.places,
        }
    }

    pub(super) fn shifts(&self, origin: Origin) -> &Shifts {
        shifts_of(&self.shifts, origin)
    }

    pub(super) fn label_count(&self) -> usize {
        self.labels.len()
    }

    /// The label with that number among its own, as UTF-8.
    pub(super) fn label(&self, number: usize) -> Option<&[u8]> {
        self.labels.get(number).map(|label| label.as_bytes())
    }

    /// How much was changed: prefixes, entries and lines.
    pub(super) fn size(&self) -> usize {
        let lines = self.shifts.iter().map(Shifts::size).sum::<usize>();
        self.v4.places.size() + self.v6.places.size() + lines
    }

    /// Bytes of memory.
    pub(super) fn bytes(&self) -> usize {
        let labels = self.labels.iter().map(|label| size_of::<Box<str>>() + label.len()).sum::<usize>();
        let lines = self.shifts.iter().map(Shifts::bytes).sum::<usize>();
        self.v4.bytes() + self.v6.bytes() + labels + lines
    }
}

impl<K: Key> Part<K> {
    /// The longest changed prefix in which an address lies.
    #[inline]
    pub(super) fn spot(&self, address: K) -> Option<&Spot> {
        self.places.spots.get(self.family.lookup(address)? as usize)
    }

    /// The longest changed prefix that is shorter than this one and covers it.
    pub(super) fn above(&self, inner: (K, u8)) -> Option<&Spot> {
        let end_of = |prefix| self.prefixes.partition_point(|other| *other <= prefix);
        let prefix = |place| self.prefixes.get(place).copied().unwrap_or_default();
        self.places.spots.get(above(inner, end_of, prefix)?)
    }

    /// The first prefix behind an address at which there is an entry now.
    pub(super) fn next_after(&self, address: K) -> Option<K> {
        let from = self.prefixes.partition_point(|prefix| *prefix <= (address, K::BITS as u8));
        let behind = self.prefixes.iter().zip(&self.places.spots).skip(from);
        behind.filter(|(_, spot)| !spot.now.is_empty()).map(|(prefix, _)| prefix.0).next()
    }

    fn bytes(&self) -> usize {
        let (spots, rows) = (self.places.spots.len(), self.places.rows.len());
        self.family.image().0.len()
            + spots * (size_of::<(K, u8)>() + size_of::<Spot>())
            + rows * size_of::<Row>()
    }
}

impl Places {
    /// How many entries there are.
    pub(super) fn count(&self) -> usize {
        self.compiled - self.gone + self.rows.len()
    }

    /// How much there is of it.
    pub(super) fn size(&self) -> usize {
        self.spots.len() + self.rows.len()
    }

    /// The row with that number of an entry, if it is one's.
    #[inline]
    pub(super) fn row(&self, index: usize) -> Option<&Row> {
        self.rows.get(index.checked_sub(self.compiled)?)
    }

    /// The compiled entries of a changed prefix, if this one is of them.
    pub(super) fn gone_at(&self, index: usize) -> Option<&Range<usize>> {
        let behind = self.spots.partition_point(|spot| spot.gone.end <= index);
        self.spots.get(behind).map(|spot| &spot.gone).filter(|gone| gone.contains(&index))
    }

    /// Numbers of the rows that expire.
    pub(super) fn expiring(&self) -> impl Iterator<Item = usize> + '_ {
        (self.compiled..).zip(&self.rows).filter(|(_, row)| row.until.is_some()).map(|(index, _)| index)
    }

    /// Numbers of the entries in the order of their prefixes, in stretches.
    pub(super) fn stretches(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        let ends = std::iter::once(0).chain(self.spots.iter().map(|spot| spot.gone.end));
        let each = self.spots.iter().zip(ends);
        let rest = self.spots.last().map_or(0, |spot| spot.gone.end)..self.compiled;
        each.flat_map(|(spot, end)| [end..spot.gone.start, spot.now.clone()]).chain([rest])
    }
}

/// Those of one list, of the default and of the app list.
pub(super) fn shifts_of(shifts: &[Shifts; 2], origin: Origin) -> &Shifts {
    let [default, app] = shifts;
    if origin == Origin::Default { default } else { app }
}

/// What decides for whatever lies right inside a changed prefix and a compiled entry, given with its length, that both
/// cover it and are the longest of their kind.
pub(super) fn decides_between(compiled: Option<(usize, u8)>, spot: Option<&Spot>) -> Option<usize> {
    match (compiled, spot) {
        (Some((index, length)), Some(spot)) if length > spot.length => Some(index),
        (_, Some(spot)) => spot.decides,
        (compiled, None) => compiled.map(|(index, _)| index),
    }
}
