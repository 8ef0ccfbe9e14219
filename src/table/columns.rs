//! The columns of one family's entries in an image: address, length, value, line and expiry of each, sorted by
//! prefix. They take the room that their contents need:
//!
//! - Addresses of a long IPv4 list are stored as lower halves, and blocks that say where each upper half begins.
//! - Lines are stored beside the entry's place, in as many bytes as the greatest difference takes: none where
//!   the text was sorted, with an entry a line.

use std::ops::Range;

use ipgate_lpm::image::{Image, Part, ensure};
use ipgate_lpm::words::{fill, number_at, words};
use ipgate_lpm::{ImageError, Key};

use super::layout::column;
use crate::list::Until;

/// Upper halves of IPv4 addresses.
const BLOCKS: usize = 1 << 16;

/// The columns of one family.
#[derive(Debug, Clone)]
pub(super) struct Columns {
    part: Part<{ column::COUNT }>,
    /// Bytes of a value number.
    value_width: usize,
}

/// Bytes that number so many values.
pub(super) fn value_width(count: usize) -> usize {
    match count {
        0..=0x100 => 1,
        0x101..=0x1_0000 => 2,
        _ => 4,
    }
}

/// Bytes of the addresses of so many entries, and of their blocks.
pub(super) fn address_lengths<K: Key>(count: usize) -> (usize, usize) {
    let (whole, halves, blocks) = (K::BYTES * count, 2 * count, 4 * (BLOCKS + 1));
    if K::BITS == 32 && halves + blocks < whole { (halves, blocks) } else { (whole, 0) }
}

/// Writes sorted addresses into as many bytes as [`address_lengths`] gave: whole, or their lower halves.
pub(super) fn write_addresses<K: Key>(addresses: impl ExactSizeIterator<Item = K>, to: &mut [u8]) {
    match address_lengths::<K>(addresses.len()) {
        (_, 0) => to.chunks_exact_mut(K::BYTES).zip(addresses).for_each(|(to, address)| address.write(to)),
        _ => fill(to, addresses.map(|address| address.wide() as u16), u16::to_le_bytes),
    }
}

/// Writes where the blocks of sorted addresses begin; nothing where there is no room for it.
pub(super) fn write_blocks<K: Key>(addresses: impl Iterator<Item = K>, to: &mut [u8]) {
    if to.is_empty() {
        return;
    }
    let mut begins = to.as_chunks_mut::<4>().0.iter_mut();
    let (mut block, mut count) = (0, 0u32);
    for address in addresses {
        let upper = (address.wide() >> 16) as usize;
        // The blocks up to this address's own begin here.
        begins.by_ref().take(upper + 1 - block).for_each(|begin| *begin = count.to_le_bytes());
        block = upper + 1;
        count += 1;
    }
    begins.for_each(|begin| *begin = count.to_le_bytes());
}

/// How the lines of entries are stored: the least distance between line and place, then for each entry what its
/// own distance has beyond that, in `width` bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct LineCode {
    least: u32,
    width: usize,
}

impl LineCode {
    /// How these lines are stored; `None` where there are none but 0.
    pub(super) fn of(lines: &[u32]) -> Option<LineCode> {
        if lines.iter().all(|line| *line == 0) {
            return None;
        }
        let distances = || (0i64..).zip(lines).map(|(place, line)| i64::from(*line) - place);
        let (least, greatest) = (distances().min()?, distances().max()?);
        // Arithmetic is modulo 2³², so that four bytes hold any line.
        let width = (0..4).find(|width| (greatest - least) >> (8 * width) == 0).unwrap_or(4);
        Some(LineCode { least: least as u32, width })
    }

    /// Bytes of the section.
    pub(super) fn length(self, count: usize) -> usize {
        4 + self.width * count
    }

    pub(super) fn write(self, lines: &[u32], to: &mut [u8]) {
        let Some((least, rest)) = to.split_first_chunk_mut() else { return };
        *least = self.least.to_le_bytes();
        if self.width == 0 {
            return;
        }
        for ((to, line), place) in rest.chunks_exact_mut(self.width).zip(lines).zip(0u32..) {
            let beyond = line.wrapping_sub(place).wrapping_sub(self.least).to_le_bytes();
            to.copy_from_slice(beyond.get(..self.width).unwrap_or_default());
        }
    }
}

impl Columns {
    /// The columns that begin at section `first`, every number in which is checked that a lookup relies on; `values` is
    /// how many values there are.
    pub(super) fn open<K: Key>(image: &Image, first: usize, values: usize) -> Result<Columns, ImageError> {
        let columns = Columns { part: image.part(first)?, value_width: value_width(values) };
        columns.check::<K>(values)?;
        Ok(columns)
    }

    fn addresses(&self) -> &[u8] {
        self.part.items(column::ADDRESSES)
    }

    /// One word more than there are blocks, or nothing where addresses are stored whole.
    fn blocks(&self) -> &[[u8; 4]] {
        self.part.items(column::BLOCKS)
    }

    #[inline(always)]
    fn lengths(&self) -> &[u8] {
        self.part.items(column::LENGTHS)
    }

    #[inline(always)]
    fn values(&self) -> &[u8] {
        self.part.items(column::VALUES)
    }

    fn lines(&self) -> &[u8] {
        self.part.items(column::LINES)
    }

    /// The number of entries.
    pub(super) fn count(&self) -> usize {
        self.lengths().len()
    }

    fn check<K: Key>(&self, values: usize) -> Result<(), ImageError> {
        let sound = |sound, what| ensure(sound, "entries", what);
        let (addresses, blocks) = address_lengths::<K>(self.count());
        let lengths = [
            (self.addresses().len(), addresses),
            (4 * self.blocks().len(), blocks),
            (self.values().len(), self.value_width * self.count()),
            (self.untils().count(), self.expiring().count()),
        ];
        let lined = self.lines().is_empty() || self.lines().len() == 4 + self.line_width() * self.count();
        let complete = lengths.iter().all(|(actual, expected)| actual == expected);
        sound(complete && lined && self.line_width() <= 4, "a column is cut")?;
        let widest = self.lengths().iter().copied().max().unwrap_or(0);
        sound(u32::from(widest) <= K::BITS, "a prefix is longer than an address")?;
        let greatest = match self.value_width {
            1 => self.values().iter().copied().max().map(u32::from),
            2 => self.values().as_chunks().0.iter().map(|number| u16::from_le_bytes(*number).into()).max(),
            _ => words(self.values()).max(),
        };
        sound(greatest.is_none_or(|number| (number as usize) < values), "an entry has no value")?;
        sound(self.is_sorted::<K>(), "they are not sorted")?;
        let known = self.expiring().last().is_none_or(|last| last < self.count());
        sound(known && self.expiring().is_sorted_by(|a, b| a < b), "an expiry belongs to no entry")?;
        let named = self.untils().all(|micros| Until::from_unix_micros(micros).is_some());
        sound(named, "an expiry is out of range")
    }

    /// Whether the prefixes ascend, and have no bits beyond their lengths.
    fn is_sorted<K: Key>(&self) -> bool {
        let mut before = (K::default(), 0);
        let mut sorted = true;
        let mut next = |address: K, &length: &u8| {
            let this = (address, length);
            sorted &= before <= this && address == address.masked(length);
            before = this;
        };
        if self.blocks().is_empty() {
            let addresses = self.addresses().chunks_exact(K::BYTES).map(K::read);
            addresses.zip(self.lengths()).for_each(|(address, length)| next(address, length));
            return sorted;
        }
        let halves = self.addresses().as_chunks::<2>().0;
        let mut at = 0;
        for upper in 0..BLOCKS {
            let end = self.block_begin(upper + 1);
            let (Some(halves), Some(lengths)) = (halves.get(at..end), self.lengths().get(at..end)) else {
                return false;
            };
            for (half, length) in halves.iter().zip(lengths) {
                next(joined(upper, u16::from_le_bytes(*half)), length);
            }
            at = end;
        }
        sorted && at == self.count() && self.block_begin(0) == 0
    }

    /// Network address and length of an entry.
    pub(super) fn prefix<K: Key>(&self, index: usize) -> (K, u8) {
        let address = if self.blocks().is_empty() {
            K::read(self.addresses().get(K::BYTES * index..).unwrap_or_default())
        } else {
            let upper = partition_point(0..BLOCKS, |block| self.block_begin(block) <= index);
            joined(upper.saturating_sub(1), self.half(index))
        };
        (address, self.length(index))
    }

    pub(super) fn length(&self, index: usize) -> u8 {
        self.lengths().get(index).copied().unwrap_or_default()
    }

    /// The lower half of an address, where there are blocks.
    fn half(&self, index: usize) -> u16 {
        self.addresses().as_chunks().0.get(index).map_or(0, |half| u16::from_le_bytes(*half))
    }

    /// The first entry of a block.
    fn block_begin(&self, block: usize) -> usize {
        self.blocks().get(block).map_or(0, |begin| u32::from_le_bytes(*begin)) as usize
    }

    /// One past the last entry whose prefix is at most this one.
    pub(super) fn end_of<K: Key>(&self, prefix: (K, u8)) -> usize {
        if self.blocks().is_empty() {
            return partition_point(0..self.count(), |index| self.prefix::<K>(index) <= prefix);
        }
        let (upper, lower) = ((prefix.0.wide() >> 16) as usize, prefix.0.wide() as u16);
        partition_point(self.block_begin(upper)..self.block_begin(upper + 1), |index| {
            (self.half(index), self.length(index)) <= (lower, prefix.1)
        })
    }

    /// The entries of this very prefix. O(log n), and a step for each of them.
    pub(super) fn range_of<K: Key>(&self, prefix: (K, u8)) -> Range<usize> {
        let end = self.end_of(prefix);
        let others = (0..end).rev().take_while(|&index| self.prefix::<K>(index) == prefix);
        end - others.count()..end
    }

    /// The last entry of the longest prefix that is shorter than this one and covers it.
    pub(super) fn above<K: Key>(&self, inner: (K, u8)) -> Option<usize> {
        above(inner, |prefix| self.end_of(prefix), |index| self.prefix(index))
    }

    /// Whether an entry's prefix lies inside this one, and is longer. O(log n).
    pub(super) fn has_inside<K: Key>(&self, (network, length): (K, u8)) -> bool {
        self.end_of((network, length)) < self.end_of((network.last(length), K::BITS as u8))
    }

    pub(super) fn value_number(&self, index: usize) -> u32 {
        number_at(self.values(), self.value_width, index)
    }

    /// The line of an entry's text, 0 where it has none.
    pub(super) fn line(&self, index: usize) -> u32 {
        let Some((least, rest)) = self.lines().split_first_chunk() else { return 0 };
        let beyond = number_at(rest, self.line_width(), index);
        u32::from_le_bytes(*least).wrapping_add(index as u32).wrapping_add(beyond)
    }

    fn line_width(&self) -> usize {
        self.lines().len().saturating_sub(4).checked_div(self.count()).unwrap_or(0)
    }

    pub(super) fn until(&self, index: usize) -> Option<Until> {
        let number = |entry: &[u8; 4]| u32::from_le_bytes(*entry) as usize;
        let at = self.part.items(column::EXPIRING).binary_search_by_key(&index, number).ok()?;
        Until::from_unix_micros(i64::from_le_bytes(*self.part.items(column::UNTILS).get(at)?))
    }

    /// The entries that expire.
    pub(super) fn expiring(&self) -> impl DoubleEndedIterator<Item = usize> + '_ {
        self.part.items(column::EXPIRING).iter().map(|entry| u32::from_le_bytes(*entry) as usize)
    }

    /// The expiries of all entries that have one.
    pub(super) fn untils(&self) -> impl Iterator<Item = i64> + '_ {
        self.part.items(column::UNTILS).iter().map(|micros| i64::from_le_bytes(*micros))
    }
}

/// Of prefixes in ascending order, the last of the longest that is shorter than `inner` and covers it, where `end_of` is
/// one past the last that is at most some prefix, and `prefix` the one at a place. As many searches as there are other
/// lengths at which a neighbour branches off.
pub(super) fn above<K: Key>(
    inner: (K, u8),
    end_of: impl Fn((K, u8)) -> usize,
    prefix: impl Fn(usize) -> (K, u8),
) -> Option<usize> {
    let (address, mut length) = inner;
    while length > 0 {
        let wanted = (address.masked(length - 1), length - 1);
        let index = end_of(wanted).checked_sub(1)?;
        let found = prefix(index);
        if found.1 <= wanted.1 && found.0 == address.masked(found.1) {
            return Some(index);
        }
        // Whatever covers the inner prefix begins before the one that was found, and so covers that, too.
        let common = K::BITS + (found.0.wide() ^ address.wide()).leading_zeros() - u128::BITS;
        length = (length - 1).min((common + 1) as u8);
    }
    None
}

/// The first place in a range for which this no longer holds, where it holds up to some place.
fn partition_point(range: Range<usize>, holds: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (range.start, range.end);
    while low < high {
        let middle = usize::midpoint(low, high);
        if holds(middle) { low = middle + 1 } else { high = middle }
    }
    low
}

/// An IPv4 address of its halves.
fn joined<K: Key>(upper: usize, lower: u16) -> K {
    K::from_wide((upper as u128) << 16 | u128::from(lower))
}

#[cfg(test)]
mod tests {
    use ipgate_lpm::image::{Contents, NOTE, Sections};

    use super::*;

    /// Columns of nothing but these lines, and how many bytes they take.
    fn with_lines(lines: &[u32]) -> (Columns, usize) {
        let code = LineCode::of(lines);
        let bytes = code.map_or(0, |code| code.length(lines.len()));
        let mut sections = Sections::new();
        for at in 0..column::COUNT {
            match at {
                column::LENGTHS => sections.push(lines.len(), |_| ()),
                column::LINES => {
                    sections.push(bytes, |to| code.into_iter().for_each(|code| code.write(lines, to)))
                }
                _ => sections.push(0, |_| ()),
            }
        }
        let image = sections.write(Contents::List, &[0; NOTE]);
        let columns = Columns { part: image.part(0).unwrap(), value_width: 1 };
        (columns, bytes)
    }

    #[test]
    fn lines_come_back_and_take_the_bytes_that_they_need() {
        let sorted: Vec<u32> = (3..1003).collect();
        let comments: Vec<u32> = (0..1000).map(|i| 1 + i + i / 100).collect();
        let backwards: Vec<u32> = (1..=1000).rev().collect();
        let many = [70_000, 1, 2, 3];
        let far = [0, u32::MAX, 7, 0];
        let expected = [
            (&[][..], 0),
            (&[0, 0, 0], 0),
            (&sorted, 4),
            (&comments, 4 + 1000),
            (&backwards, 4 + 2000),
            (&many, 4 + 3 * 4),
            (&far, 4 + 4 * 4),
        ];
        for (lines, length) in expected {
            let (columns, bytes) = with_lines(lines);
            assert_eq!(bytes, length, "{} lines", lines.len());
            let back: Vec<u32> = (0..lines.len()).map(|i| columns.line(i)).collect();
            assert_eq!(back, lines);
        }
    }
}
