//! Little-endian numbers in bytes: the one set of readers for images and for the columns that users keep in them.
//!
//! A number that does not lie inside the bytes reads as 0: what a lookup relies on has been validated before, and the
//! rest must never be a panic.

/// The 16-bit number at byte `at`, 0 beyond the end.
///
/// ```
/// assert_eq!(ipgate_lpm::words::u16_at(&[1, 2, 3], 1), 0x0302);
/// assert_eq!(ipgate_lpm::words::u16_at(&[1, 2, 3], 2), 0);
/// ```
#[inline]
#[must_use]
pub fn u16_at(bytes: &[u8], at: usize) -> u16 {
    at_or_zero(bytes, at).map_or(0, u16::from_le_bytes)
}

/// The 32-bit number at byte `at`, 0 beyond the end.
///
/// ```
/// assert_eq!(ipgate_lpm::words::u32_at(&[0, 1, 2, 3, 4], 1), 0x0403_0201);
/// ```
#[inline]
#[must_use]
pub fn u32_at(bytes: &[u8], at: usize) -> u32 {
    at_or_zero(bytes, at).map_or(0, u32::from_le_bytes)
}

/// The 64-bit number at byte `at`, 0 beyond the end.
///
/// ```
/// assert_eq!(ipgate_lpm::words::u64_at(&[9, 0, 0, 0, 0, 0, 0, 0], 0), 9);
/// ```
#[inline]
#[must_use]
pub fn u64_at(bytes: &[u8], at: usize) -> u64 {
    at_or_zero(bytes, at).map_or(0, u64::from_le_bytes)
}

/// Number `index` of those that take `width` bytes each, at most four; 0 beyond the end.
///
/// ```
/// assert_eq!(ipgate_lpm::words::number_at(&[1, 0, 2, 0], 2, 1), 2);
/// ```
#[inline]
#[must_use]
pub fn number_at(numbers: &[u8], width: usize, index: usize) -> u32 {
    let bytes = width.checked_mul(index).and_then(|at| numbers.get(at..)?.get(..width)).unwrap_or_default();
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

#[inline(always)]
fn at_or_zero<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

/// The whole 32-bit numbers of some bytes, in order.
///
/// ```
/// let bytes = [1, 0, 0, 0, 2, 0, 0, 0];
/// assert!(ipgate_lpm::words::words(&bytes).eq([1, 2]));
/// ```
pub fn words(bytes: &[u8]) -> impl DoubleEndedIterator<Item = u32> + ExactSizeIterator + '_ {
    bytes.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word))
}

/// Writes numbers one after the other, each as the bytes that `bytes` makes of it; what finds no room is left out.
///
/// ```
/// let mut to = [0; 4];
/// ipgate_lpm::words::fill(&mut to, [1u16, 2].into_iter(), u16::to_le_bytes);
/// assert_eq!(to, [1, 0, 2, 0]);
/// ```
pub fn fill<T, const N: usize>(to: &mut [u8], values: impl Iterator<Item = T>, bytes: impl Fn(T) -> [u8; N]) {
    for (to, value) in to.as_chunks_mut::<N>().0.iter_mut().zip(values) {
        *to = bytes(value);
    }
}
