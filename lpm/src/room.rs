//! What an engine's room gives to the dispatcher: its lookups, for any instruction set.

use crate::Key;
use crate::code::Answer;
use crate::simd::Simd;
use crate::view::View;

/// The lookups of one engine. All methods are `inline(always)`, so that they compile inside the dispatcher's functions,
/// which carry the target features: closures and functions that are not inlined would not inherit them.
///
/// # Safety
/// Each method may be called only with a view of the room's engine, whose invariant holds, and where the instruction set
/// of `S` is available.
pub(crate) trait Room<K: Key> {
    /// The code of an address.
    ///
    /// # Safety
    /// See the trait.
    unsafe fn code<S: Simd>(v: &View<K>, key: K) -> u32;

    /// The entry that decides for an address.
    ///
    /// # Safety
    /// See the trait; and the structure keeps entries.
    unsafe fn entry<S: Simd>(v: &View<K>, key: K) -> u32;

    /// The answers for many addresses, as many as the shorter slice has. Rooms whose cache misses can overlap have a
    /// way of their own.
    ///
    /// # Safety
    /// See the trait.
    #[inline(always)]
    unsafe fn answers<S: Simd, O: Answer>(v: &View<K>, keys: &[K], out: &mut [O]) {
        for (&key, out) in keys.iter().zip(out) {
            // SAFETY: by the caller.
            *out = O::from_code(unsafe { Self::code::<S>(v, key) }, v.allowed);
        }
    }
}

/// Addresses in flight where misses overlap: each step is done for all before the next begins.
pub(crate) const GROUP: usize = 16;

/// Asks for the cache line at `at`; an address outside the image is harmless.
#[inline(always)]
pub(crate) fn prefetch(at: *const u8) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch never faults; SSE belongs to x86-64.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(at.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}
