//! Lists of a few entries: all boundaries in a few vectors of keys, compared at once.

use crate::Key;
use crate::code::{LINE, Width};
use crate::draft::{Draft, Source};
use crate::engine::Engine;
use crate::image::ImageError;
use crate::room::Room;
use crate::simd::Simd;
use crate::sweep::NO_ENTRY;
use crate::view::{Claim, View};
use crate::words::words;

/// Keys of the engine, all of which are compared at once.
pub(crate) const TINY_KEYS: usize = 32;

/// Builds the structure. Keys are padded with the greatest key; a pad's code repeats the last one, so that counting a
/// pad is harmless.
pub(crate) fn build<K: Key>(src: &Source<'_, K>) -> Draft<K> {
    let mut d = Draft::new(Engine::Tiny, Width { shift: 2 }, 0);
    let key = |i: usize| src.starts.get(i + 1).copied().unwrap_or(K::MAX);
    if K::BITS == 32 {
        (0..TINY_KEYS).for_each(|i| d.lines.extend_from_slice(&key(i).window().to_le_bytes()));
    } else {
        (0..TINY_KEYS).for_each(|i| d.lines.extend_from_slice(&key(i).left().to_le_bytes()));
        (0..TINY_KEYS).for_each(|i| d.lines.extend_from_slice(&(key(i).wide() as u64).to_le_bytes()));
    }
    for i in 0..=TINY_KEYS {
        let i = i.min(src.len() - 1);
        d.width.put(&mut d.leaves, src.codes[i]);
        d.entries.push(if src.keep_entries { src.entries[i] } else { NO_ENTRY });
    }
    d
}

/// Proves that there are all keys, and a code that stands for something and an entry word for each place among them.
pub(crate) fn validate<K: Key>(claim: &Claim<'_>) -> Result<(), ImageError> {
    claim.ensure(claim.width.shift == 2, "a code width is wrong")?;
    claim.ensure(claim.lines.len() == TINY_KEYS * K::BYTES, "keys are missing")?;
    claim.ensure(claim.leaves.len() == 4 * (TINY_KEYS + 1), "codes are missing")?;
    claim.ensure_codes(words(claim.leaves))?;
    claim.ensure(claim.entries.len() == 4 * (TINY_KEYS + 1), "entries are missing")
}

/// The engine's lookups.
pub(crate) struct Tiny;

// SAFETY contract of the methods: see `Room`.
impl<K: Key> Room<K> for Tiny {
    #[inline(always)]
    unsafe fn code<S: Simd>(v: &View<K>, key: K) -> u32 {
        // SAFETY: `leaves` holds one code more than keys.
        unsafe { v.leaves.loose(4 * place::<K, S>(v, key)) }
    }

    #[inline(always)]
    unsafe fn entry<S: Simd>(v: &View<K>, key: K) -> u32 {
        // SAFETY: `entries` is parallel to the codes.
        unsafe { v.entries.word(place::<K, S>(v, key)) }
    }
}

/// Place of `key` among the keys: how many of them are at most it. No loop, so that the few comparisons run side by
/// side.
///
/// # Safety
/// The view's invariant, engine `Tiny`, and the level of `S`.
#[inline(always)]
unsafe fn place<K: Key, S: Simd>(v: &View<K>, key: K) -> usize {
    // SAFETY: `lines` holds `TINY_KEYS` words, or as many upper halves and then as many lower ones.
    unsafe {
        if K::BITS == 32 {
            let window = key.window();
            return S::at_most(v.lines.line(0), window, 0xffff)
                + S::at_most(v.lines.line(LINE), window, 0xffff);
        }
        let high = key.left();
        let mut at = S::at_most_wide(v.lines.line(0), high)
            + S::at_most_wide(v.lines.line(LINE), high)
            + S::at_most_wide(v.lines.line(2 * LINE), high)
            + S::at_most_wide(v.lines.line(3 * LINE), high);
        // Rare: an address shares its upper half with a boundary only in a list of hosts or of prefixes that are
        // longer than that half.
        while at > 0 && tied(v, at - 1, key) {
            at -= 1;
        }
        at
    }
}

/// Whether key `at` shares its upper half with `key`, and is greater.
///
/// # Safety
/// As [`place`], for one of its keys.
#[inline(always)]
unsafe fn tied<K: Key>(v: &View<K>, at: usize, key: K) -> bool {
    // SAFETY: the upper halves of the keys, then the lower ones.
    let half = |at: usize| unsafe { v.lines.long(8 * at) };
    half(at) == key.left() && half(TINY_KEYS + at) > key.wide() as u64
}
