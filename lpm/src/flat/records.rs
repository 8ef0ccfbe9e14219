//! Packs the records of the flat engine into cache lines.

use crate::code::{LINE, Width};

/// Bytes of a record's marks.
pub(crate) const MARKS: usize = 8;

/// Records under way: eight bytes of marks, then a code for each mark. None that fits a line crosses one, so
/// that a lookup reads one line.
pub(crate) struct Records {
    pub(crate) bytes: Vec<u8>,
    width: Width,
    /// Where lines with exactly so many free bytes at their end have them.
    free: [Vec<u32>; LINE],
    /// A bit for each size of which there is such a line.
    sizes: u64,
}

impl Records {
    pub(crate) fn new(width: Width) -> Records {
        Records { bytes: Vec::new(), width, free: [const { Vec::new() }; LINE], sizes: 0 }
    }

    /// Adds a record with as many codes as marks, and returns its offset.
    pub(crate) fn push(&mut self, marks: u64, codes: &[u32]) -> u32 {
        debug_assert_eq!(marks.count_ones() as usize, codes.len());
        let size = MARKS + (codes.len() << self.width.shift);
        let at = self.room(size);
        self.bytes[at..at + MARKS].copy_from_slice(&marks.to_le_bytes());
        let width = 1 << self.width.shift;
        let fields = self.bytes[at + MARKS..at + size].chunks_exact_mut(width);
        for (field, code) in fields.zip(codes) {
            field.copy_from_slice(&code.to_le_bytes()[..width]);
        }
        at as u32
    }

    /// Room in the line that has the least of it to spare, or in new lines.
    fn room(&mut self, size: usize) -> usize {
        let fitting = self.sizes.checked_shr(size as u32).unwrap_or(0) << (size & 63);
        let (at, left) = if fitting == 0 {
            let at = self.bytes.len();
            self.bytes.resize(at + size.next_multiple_of(LINE), 0);
            (at, self.bytes.len() - at)
        } else {
            let left = fitting.trailing_zeros() as usize;
            let at = self.free[left].pop().unwrap_or_default() as usize;
            if self.free[left].is_empty() {
                self.sizes &= !(1 << left);
            }
            (at, left)
        };
        let rest = left - size;
        if rest > MARKS {
            self.free[rest].push((at + size) as u32);
            self.sizes |= 1 << rest;
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_lie_apart_and_cross_no_line_that_they_fit() {
        for shift in 0..3 {
            let mut records = Records::new(Width { shift });
            let mut taken = Vec::new();
            for i in 0..2000usize {
                let count = 1 + i * 7919 % 64;
                let codes = vec![!0; count];
                let at = records.push(u64::MAX >> (64 - count), &codes) as usize;
                let size = MARKS + (count << shift);
                assert!(size > LINE || at / LINE == (at + size - 1) / LINE, "{at} {size}");
                taken.push(at..at + size);
            }
            taken.sort_by_key(|range| range.start);
            assert!(taken.is_sorted_by(|a, b| a.end <= b.start));
            assert!(taken.last().is_some_and(|last| last.end <= records.bytes.len()));
        }
    }
}
