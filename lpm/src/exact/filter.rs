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
    /// The filter of a section, with the numbers that [`build`] gave it. It is to have a byte at least, and `shift` to be
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

/// The bits for some prefixes, address and length of each, with their base and shift. O(n + bits).
pub(super) fn build<K: Key>(prefixes: impl ExactSizeIterator<Item = (K, u8)> + Clone) -> (Vec<u8>, u64, u32) {
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
        for at in part(first, base, shift)..=part(last, base, shift) {
            bits[(at >> 3) as usize] |= 1 << (at & 7);
        }
    }
    (bits, base, shift)
}
