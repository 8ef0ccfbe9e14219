//! Where in the space of addresses the prefixes of the tiers lie, roughly: most of those who are in no list are told so
//! by one bit, before anything is hashed.

use crate::Key;
use crate::unchecked::Unchecked;

/// Bits for a prefix, at least half of which are used.
const BITS: usize = 8;

/// A bit for each of so many equal parts of the span in which all prefixes lie. What is outside of the span has the last
/// bit, which stands for nothing else.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Filter {
    /// The leading 64 bits of the least prefix.
    base: u64,
    /// A part has `2^shift` values of the leading 64 bits.
    shift: u32,
    last: u64,
    bits: Unchecked<u8>,
}

impl Filter {
    /// The filter of a section, with the numbers that belong to it ([`FilterDraft`]). It is to have a byte at least, and `shift` to be
    /// less than 64.
    pub(crate) fn new(bits: &[u8], base: u64, shift: u32) -> Filter {
        debug_assert!(!bits.is_empty() && shift < 64);
        Filter { base, shift, last: 8 * bits.len() as u64 - 1, bits: Unchecked::new(bits) }
    }

    /// Whether a prefix of the tiers may have the address.
    ///
    /// # Safety
    /// The view's invariant.
    #[inline(always)]
    pub(crate) unsafe fn may_have<K: Key>(&self, key: K) -> bool {
        let at = part(key.left(), self.base, self.shift).min(self.last);
        // SAFETY: at most the last bit.
        unsafe { self.bits.byte((at >> 3) as usize) >> (at & 7) & 1 != 0 }
    }
}

/// The part of the space that the leading 64 bits of an address lie in, counted from the base.
#[inline(always)]
fn part(left: u64, base: u64, shift: u32) -> u64 {
    left.wrapping_sub(base) >> shift
}

/// Sets the bits from the first to the last, whole bytes at once: a /49 may be 2^15 parts of a small span.
fn set(bits: &mut [u8], first: usize, last: usize) {
    let (from, to) = (first >> 3, last >> 3);
    let (head, tail) = (u8::MAX << (first & 7), u8::MAX >> (7 - (last & 7)));
    if from == to {
        bits[from] |= head & tail;
    } else {
        bits[from] |= head;
        bits[from + 1..to].fill(u8::MAX);
        bits[to] |= tail;
    }
}

/// The bits of a filter under construction, with what they are counted from.
#[derive(Clone, Debug, Default)]
pub(super) struct FilterDraft {
    pub(super) bits: Vec<u8>,
    pub(super) base: u64,
    pub(super) shift: u32,
}

impl FilterDraft {
    /// Those for some prefixes, address and length of each. O(n + bits).
    pub(super) fn of<K: Key>(prefixes: impl ExactSizeIterator<Item = (K, u8)> + Clone) -> FilterDraft {
        let span = |(key, len): (K, u8)| (key.masked(len).left(), key.last(len).left());
        let base = prefixes.clone().map(|p| span(p).0).min().unwrap_or(0);
        let end = prefixes.clone().map(|p| span(p).1).max().unwrap_or(0);
        // Whole words, the last bit of which is free.
        let bytes = (prefixes.len() * BITS / 8).next_multiple_of(8).max(8);
        let free = 8 * bytes as u64 - 1;
        let shift = (0..63).find(|&shift| part(end, base, shift) < free).unwrap_or(63);
        let mut bits = vec![0u8; bytes];
        for prefix in prefixes {
            let (first, last) = span(prefix);
            set(&mut bits, part(first, base, shift) as usize, part(last, base, shift) as usize);
        }
        FilterDraft { bits, base, shift }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_a_prefix_has_its_bit() {
        for (first, last) in (0..40).flat_map(|first| (first..40).map(move |last| (first, last))) {
            let mut bits = [0u8; 5];
            set(&mut bits, first, last);
            let is_set = |at: usize| bits[at >> 3] >> (at & 7) & 1 != 0;
            assert!(
                (0..40).all(|at| is_set(at) == (first..=last).contains(&at)),
                "{first} to {last}: {bits:?}"
            );
        }
    }

    #[test]
    fn what_lies_outside_of_the_span_has_none() {
        let prefixes = [(0x2001_u128 << 112, 64u8), (0x2002 << 112, 64)];
        let FilterDraft { bits, base, shift } = FilterDraft::of(prefixes.into_iter());
        let at = |left: u64| part(left, base, shift).min(8 * bits.len() as u64 - 1);
        let is_set = |left: u64| bits[(at(left) >> 3) as usize] >> (at(left) & 7) & 1 != 0;
        assert!(is_set(0x2001 << 48) && is_set(0x2002 << 48));
        assert!(!is_set(0) && !is_set((0x2001 << 48) - 1) && !is_set(0x2003 << 48) && !is_set(u64::MAX));
    }
}
