//! Lists of a few entries: all boundaries in a few vectors of keys, compared at once.
//!
//! ```text
//! lines     groups of 8 keys, ascending; of IPv6 a group's 8 upper halves, then its 8 lower ones, where any of the list
//!           has bits there. A half has its highest bit flipped, so that signed comparisons order them.
//! leaves    a code and an entry for each number of keys that lie above an address, from none to all
//! ```
//!
//! The root bits say how many bits a key has: 32, 64 or 128.

use crate::Key;
use crate::code::{Answer, Width};
use crate::draft::{Draft, Source};
use crate::engine::Engine;
use crate::image::ImageError;
use crate::room::Room;
use crate::simd::Simd;
use crate::sweep::NO_ENTRY;
use crate::view::{Claim, View};
use crate::words::number_at;

/// The most keys of the engine.
pub(crate) const TINY_KEYS: usize = 32;

/// Keys that one comparison takes.
const GROUP: usize = 8;

/// Bits of an address that the keys of a list have.
fn key_bits<K: Key>(src: &Source<'_, K>) -> u32 {
    let is_upper = |start: &K| start.wide() as u64 == 0;
    if K::BITS == 128 && src.starts.iter().all(is_upper) { 64 } else { K::BITS }
}

/// Whether the engine can hold a list: few keys, whose upper halves can be increased (`Simd::above_wide`).
pub(crate) fn holds<K: Key>(src: &Source<'_, K>) -> bool {
    src.len() - 1 <= TINY_KEYS
        && (K::BITS == 32 || src.starts.last().is_none_or(|last| last.left() < u64::MAX))
}

/// Whether so many boundaries with codes of that width take no more than fewer of a set.
pub(crate) fn is_as_fast(width: Width, boundaries: usize, merged: usize) -> bool {
    let groups = |boundaries: usize| (boundaries - 1).max(1).div_ceil(GROUP);
    width.shift == 0 && groups(boundaries) == groups(merged)
}

/// Builds the structure. Keys are padded with a great key, and what a pad counts for repeats the last code.
pub(crate) fn build<K: Key>(src: &Source<'_, K>) -> Draft<K> {
    let entries = if src.keep_entries { src.entries } else { &[] };
    // All ones stand for no entry.
    let greatest = entries.iter().map(|entry| entry.wrapping_add(1)).max();
    let width = Width { shift: src.width.shift.max(Width::for_max(greatest.unwrap_or(0)).shift) };
    let bits = key_bits(src);
    let mut d = Draft::new(Engine::Tiny, width, bits);
    let keys = (src.len() - 1).max(1).next_multiple_of(GROUP);
    let pad = if K::BITS == 32 { K::MAX } else { K::from_wide(u128::MAX - (1 << 64)) };
    let key = |i: usize| src.starts.get(i + 1).copied().unwrap_or(pad);
    for first in (0..keys).step_by(GROUP) {
        let group = || (first..first + GROUP).map(key);
        match bits {
            32 => group().for_each(|key| d.lines.extend_from_slice(&key.window().to_le_bytes())),
            _ => group().for_each(|key| d.lines.extend_from_slice(&signed(key.left()).to_le_bytes())),
        }
        if bits == 128 {
            group().for_each(|key| d.lines.extend_from_slice(&signed(key.wide() as u64).to_le_bytes()));
        }
    }
    for above in 0..=keys {
        let at = (keys - above).min(src.len() - 1);
        d.width.put(&mut d.leaves, src.codes[at]);
        d.width.put(&mut d.leaves, if src.keep_entries { src.entries[at] } else { NO_ENTRY });
    }
    d
}

/// The half with its highest bit flipped.
#[inline(always)]
fn signed(half: u64) -> i64 {
    half as i64 ^ i64::MIN
}

/// Proves that there are as many keys as codes ask for, and that each code stands for something.
pub(crate) fn validate<K: Key>(claim: &Claim<'_>) -> Result<(), ImageError> {
    let bits = claim.root_bits;
    claim.ensure(bits == K::BITS || K::BITS == 128 && bits == 64, "a key has no such width")?;
    let group = GROUP * bits as usize / 8;
    let groups = claim.lines.len() / group;
    let whole = claim.lines.len().is_multiple_of(group) && (1..=TINY_KEYS / GROUP).contains(&groups);
    claim.ensure(whole, "keys are missing")?;
    let (width, places) = (1 << claim.width.shift, groups * GROUP + 1);
    claim.ensure(claim.leaves.len() == 2 * places * width, "codes are missing")?;
    claim.ensure_codes((0..places).map(|at| number_at(claim.leaves, width, 2 * at)))
}

/// The engine's lookups for a number of groups, bits of a key, and codes of a byte; with 0 for all that the view may state.
pub(crate) struct Tiny<const GROUPS: u32, const BITS: u32>;

// SAFETY contract of the methods: see `Room`.
impl<K: Key, const GROUPS: u32, const BITS: u32> Room<K> for Tiny<GROUPS, BITS> {
    #[inline(always)]
    unsafe fn code<S: Simd>(v: &View<K>, key: K) -> u32 {
        // SAFETY: `leaves` holds a code and an entry for each number of keys.
        unsafe { number::<K, GROUPS>(v, 2 * above::<K, S, GROUPS, BITS>(v, key)) }
    }

    #[inline(always)]
    unsafe fn entry<S: Simd>(v: &View<K>, key: K) -> u32 {
        // SAFETY: as above.
        let entry = unsafe { number::<K, GROUPS>(v, 2 * above::<K, S, GROUPS, BITS>(v, key) + 1) };
        if entry == v.escape { NO_ENTRY } else { entry }
    }

    /// Two at a time: a lookup takes so few instructions that those of the loop count (`make bench`, case `v4-map-10`).
    #[inline(always)]
    unsafe fn answers<S: Simd, O: Answer>(v: &View<K>, keys: &[K], out: &mut [O]) {
        let (pairs, rest) = keys.as_chunks::<2>();
        let (outs, out_rest) = out.as_chunks_mut::<2>();
        for (&[first, second], out) in pairs.iter().zip(outs) {
            // SAFETY: by the caller.
            unsafe {
                let first = Self::code::<S>(v, first);
                let second = Self::code::<S>(v, second);
                *out = [O::from_code(first, v.allowed), O::from_code(second, v.allowed)];
            }
        }
        for (&key, out) in rest.iter().zip(out_rest) {
            // SAFETY: by the caller.
            *out = O::from_code(unsafe { Self::code::<S>(v, key) }, v.allowed);
        }
    }
}

/// Number `at` of the codes and entries.
///
/// # Safety
/// The view's invariant, engine `Tiny`, with numbers of a byte unless `GROUPS` is 0, and there are so many.
#[inline(always)]
unsafe fn number<K: Key, const GROUPS: u32>(v: &View<K>, at: usize) -> u32 {
    // SAFETY: by the caller; a load may reach behind the section.
    unsafe {
        if GROUPS > 0 {
            return u32::from(v.leaves.byte(at));
        }
        v.leaves.loose(at << v.width.shift) & v.escape
    }
}

/// How many of the keys are above `key`. No loop over as many as there are: the kernels of a list are those of its number.
///
/// # Safety
/// The view's invariant, engine `Tiny` with so many groups of such keys, and the level of `S`.
#[inline(always)]
unsafe fn above<K: Key, S: Simd, const GROUPS: u32, const BITS: u32>(v: &View<K>, key: K) -> usize {
    // SAFETY: by the caller.
    unsafe {
        match if GROUPS == 0 { v.tiny_groups } else { GROUPS } {
            1 => above_of::<K, S, 1, BITS>(v, key),
            2 => above_of::<K, S, 2, BITS>(v, key),
            3 => above_of::<K, S, 3, BITS>(v, key),
            _ => above_of::<K, S, 4, BITS>(v, key),
        }
    }
}

/// [`above`] among `N` groups.
///
/// # Safety
/// As for [`above`].
#[inline(always)]
unsafe fn above_of<K: Key, S: Simd, const N: usize, const BITS: u32>(v: &View<K>, key: K) -> usize {
    // SAFETY: there are so many groups, of keys of so many bits (`validate`).
    unsafe {
        match if BITS == 0 { v.root_bits } else { BITS } {
            32 => S::above_words::<N>(v.lines.items(), key.window()),
            64 => S::above_halves::<N>(v.lines.items(), signed(key.left())),
            _ => S::above_wide::<N>(v.lines.items(), signed(key.left()), signed(key.wide() as u64)),
        }
    }
}
