//! The columns of one family's entries in an image: address, length, value, line and expiry of each, sorted by
//! prefix. They take the room that their contents need:
//!
//! - Addresses of a long IPv4 list are stored as lower halves, and blocks that say where each upper half begins.
//! - Lines are stored beside the entry's place, in as many bytes as the greatest difference takes: none where
//!   the text was sorted, with an entry a line.

use std::ops::Range;

use super::family::Key;
use super::image::ImageError;
use super::layout::{u32_at, u64_at};
use crate::list::Until;

/// Upper halves of IPv4 addresses.
const BLOCKS: usize = 1 << 16;

/// Where the columns of one family lie in the image.
#[derive(Debug, Clone)]
pub(super) struct Columns {
    pub(super) count: usize,
    pub(super) addresses: Range<usize>,
    /// One word more than there are blocks, or nothing where addresses are stored whole.
    pub(super) blocks: Range<usize>,
    pub(super) lengths: Range<usize>,
    pub(super) values: Range<usize>,
    /// Bytes of a value number.
    pub(super) value_width: usize,
    pub(super) lines: Range<usize>,
    pub(super) expiring: Range<usize>,
    pub(super) untils: Range<usize>,
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

/// Writes sorted addresses into sections of the lengths that [`address_lengths`] gave.
pub(super) fn write_addresses<K: Key>(addresses: impl Iterator<Item = K>, to: &mut [u8], blocks: &mut [u8]) {
    if blocks.is_empty() {
        to.chunks_exact_mut(K::BYTES).zip(addresses).for_each(|(to, address)| address.write(to));
        return;
    }
    let mut blocks = blocks.as_chunks_mut::<4>().0.iter_mut();
    let mut block = 0;
    let mut count = 0u32;
    for (to, address) in to.as_chunks_mut::<2>().0.iter_mut().zip(addresses) {
        let address = address.window();
        let upper = (address >> 16) as usize;
        // The blocks up to this address's own begin here.
        blocks.by_ref().take(upper + 1 - block).for_each(|begin| *begin = count.to_le_bytes());
        block = upper + 1;
        *to = (address as u16).to_le_bytes();
        count += 1;
    }
    blocks.for_each(|begin| *begin = count.to_le_bytes());
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
    /// Checks every number of the columns that a lookup relies on, `values` being how many values there are.
    pub(super) fn check<K: Key>(&self, bytes: &[u8], values: usize) -> Result<(), ImageError> {
        let check = |sound: bool, what| if sound { Ok(()) } else { Err(ImageError::damaged(what)) };
        let (addresses, blocks) = address_lengths::<K>(self.count);
        let lengths = [
            (self.addresses.len(), addresses),
            (self.blocks.len(), blocks),
            (self.values.len(), self.value_width * self.count),
            (self.untils.len(), 2 * self.expiring.len()),
        ];
        let lined = self.lines.is_empty() || self.lines.len() == 4 + self.line_width() * self.count;
        let complete = lengths.iter().all(|(actual, expected)| actual == expected);
        check(complete && lined && self.line_width() <= 4, "a column of its entries is cut")?;
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
        check(self.is_sorted::<K>(bytes), "its entries are not sorted")?;
        let expiring: Vec<u32> = words(slice(bytes, &self.expiring)).collect();
        let known = expiring.last().is_none_or(|last| (*last as usize) < self.count);
        check(known && expiring.is_sorted_by(|a, b| a < b), "an expiry belongs to no entry")?;
        let named = (0..expiring.len()).all(|i| {
            let micros = u64_at(slice(bytes, &self.untils), 8 * i) as i64;
            Until::from_unix_micros(micros).is_some()
        });
        check(named, "an expiry is out of range")
    }

    /// Whether the prefixes ascend, and have no bits beyond their lengths.
    fn is_sorted<K: Key>(&self, bytes: &[u8]) -> bool {
        let mut before = (K::default(), 0);
        let mut sorted = true;
        let mut next = |address: K, &length: &u8| {
            let this = (address, length);
            sorted &= before <= this && address == address.masked(length);
            before = this;
        };
        let lengths = slice(bytes, &self.lengths);
        if self.blocks.is_empty() {
            let addresses = slice(bytes, &self.addresses).chunks_exact(K::BYTES).map(K::read);
            addresses.zip(lengths).for_each(|(address, length)| next(address, length));
            return sorted;
        }
        let halves = slice(bytes, &self.addresses).as_chunks::<2>().0;
        let mut at = 0;
        for (upper, end) in words(slice(bytes, &self.blocks)).skip(1).enumerate() {
            let end = end as usize;
            let (Some(halves), Some(lengths)) = (halves.get(at..end), lengths.get(at..end)) else {
                return false;
            };
            for (half, length) in halves.iter().zip(lengths) {
                next(joined(upper, u16::from_le_bytes(*half)), length);
            }
            at = end;
        }
        sorted && at == self.count && u32_at(bytes, self.blocks.start) == 0
    }

    /// Network address and length of an entry.
    pub(super) fn prefix<K: Key>(&self, bytes: &[u8], index: usize) -> (K, u8) {
        let addresses = slice(bytes, &self.addresses);
        let address = if self.blocks.is_empty() {
            K::read(addresses.get(K::BYTES * index..).unwrap_or_default())
        } else {
            let upper = self.blocks_up_to(bytes, index).saturating_sub(1);
            joined(upper, u16_at(addresses, 2 * index))
        };
        (address, slice(bytes, &self.lengths).get(index).copied().unwrap_or_default())
    }

    /// How many blocks begin at this entry or before it.
    fn blocks_up_to(&self, bytes: &[u8], index: usize) -> usize {
        partition_point(0..BLOCKS, |block| u32_at(bytes, self.blocks.start + 4 * block) as usize <= index)
    }

    /// One past the last entry whose prefix is at most this one.
    pub(super) fn end_of<K: Key>(&self, bytes: &[u8], prefix: (K, u8)) -> usize {
        if self.blocks.is_empty() {
            return partition_point(0..self.count, |index| self.prefix::<K>(bytes, index) <= prefix);
        }
        let begin = |block: usize| u32_at(bytes, self.blocks.start + 4 * block) as usize;
        let (upper, lower) = ((prefix.0.window() >> 16) as usize, prefix.0.window() as u16);
        let (addresses, lengths) = (slice(bytes, &self.addresses), slice(bytes, &self.lengths));
        partition_point(begin(upper)..begin(upper + 1), |index| {
            (u16_at(addresses, 2 * index), lengths.get(index).copied().unwrap_or_default())
                <= (lower, prefix.1)
        })
    }

    pub(super) fn value_number(&self, bytes: &[u8], index: usize) -> u32 {
        number_at(slice(bytes, &self.values), self.value_width, index)
    }

    /// The line of an entry's text, 0 where it has none.
    pub(super) fn line(&self, bytes: &[u8], index: usize) -> u32 {
        let Some((least, rest)) = slice(bytes, &self.lines).split_first_chunk() else { return 0 };
        let beyond = number_at(rest, self.line_width(), index);
        u32::from_le_bytes(*least).wrapping_add(index as u32).wrapping_add(beyond)
    }

    fn line_width(&self) -> usize {
        self.lines.len().saturating_sub(4).checked_div(self.count).unwrap_or(0)
    }

    pub(super) fn until(&self, bytes: &[u8], index: usize) -> Option<Until> {
        let expiring = slice(bytes, &self.expiring);
        let entry = |at: usize| u32_at(expiring, 4 * at) as usize;
        let count = expiring.len() / 4;
        let at = partition_point(0..count, |at| entry(at) < index);
        if at == count || entry(at) != index {
            return None;
        }
        Until::from_unix_micros(u64_at(slice(bytes, &self.untils), 8 * at) as i64)
    }

    /// The expiries of all entries that have one.
    pub(super) fn untils(&self, bytes: &[u8]) -> impl Iterator<Item = i64> {
        slice(bytes, &self.untils).as_chunks().0.iter().map(|micros| i64::from_le_bytes(*micros))
    }
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

/// Number `index` of those that have `width` bytes each, at most four; 0 beyond the end.
fn number_at(numbers: &[u8], width: usize, index: usize) -> u32 {
    let bytes = numbers.get(width * index..).and_then(|rest| rest.get(..width)).unwrap_or_default();
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |half| u16::from_le_bytes(*half))
}

#[inline]
pub(super) fn slice<'b>(bytes: &'b [u8], range: &Range<usize>) -> &'b [u8] {
    bytes.get(range.clone()).unwrap_or_default()
}

pub(super) fn words(bytes: &[u8]) -> impl Iterator<Item = u32> + '_ {
    bytes.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Columns of nothing but these lines.
    fn with_lines(lines: &[u32]) -> (Columns, Vec<u8>) {
        let mut bytes = vec![0; LineCode::of(lines).map_or(0, |code| code.length(lines.len()))];
        LineCode::of(lines).into_iter().for_each(|code| code.write(lines, &mut bytes));
        let columns = Columns {
            count: lines.len(),
            addresses: 0..0,
            blocks: 0..0,
            lengths: 0..0,
            values: 0..0,
            value_width: 1,
            lines: 0..bytes.len(),
            expiring: 0..0,
            untils: 0..0,
        };
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
            assert_eq!(bytes.len(), length, "{} lines", lines.len());
            let back: Vec<u32> = (0..lines.len()).map(|i| columns.line(&bytes, i)).collect();
            assert_eq!(back, lines);
        }
    }
}
