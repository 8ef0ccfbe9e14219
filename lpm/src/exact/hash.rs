//! Where an address goes.

use crate::Key;

/// Two constants without a pattern: the fraction of pi.
const LEFT: u64 = 0x243f_6a88_85a3_08d3;
const RIGHT: u64 = 0x1319_8a2e_0370_7345;
/// An odd one for the lower bits: that of the golden ratio.
const LOWER: u32 = 0x9e37_79b1;

/// 64 bits of an address: both halves of one long product, folded, so that every bit of the address reaches all of them.
#[inline(always)]
pub(crate) fn hash<K: Key>(key: K) -> u64 {
    let key = key.wide();
    let product = u128::from(key as u64 ^ LEFT) * u128::from((key >> 64) as u64 ^ RIGHT);
    product as u64 ^ (product >> 64) as u64
}

/// The group that a hash belongs to, by its upper bits.
#[inline(always)]
pub(crate) fn group(hash: u64, groups: u64) -> usize {
    ((u128::from(hash) * u128::from(groups)) >> 64) as usize
}

/// The bucket of a block of `2^bits`, by the lower bits of a hash and the pilot of its group. A pilot moves it to any of
/// 256 places, and the members of a group each in their own way.
#[inline(always)]
pub(crate) fn bucket(hash: u64, pilot: u8, bits: u32) -> usize {
    let mixed = (hash as u32 ^ u32::from(pilot) << 24).wrapping_mul(LOWER);
    (u64::from(mixed) << bits >> 32) as usize
}
