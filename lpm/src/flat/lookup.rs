//! Finds the record of an address's slot, and the code that its marks count to.

use crate::Key;
use crate::code::Answer;
use crate::deep;
use crate::room::{GROUP, Room, prefetch};
use crate::simd::Simd;
use crate::view::View;

/// The engine's lookups.
pub(crate) struct Flat;

// SAFETY contract of the methods: see `Room`.
impl<K: Key> Room<K> for Flat {
    #[inline(always)]
    unsafe fn code<S: Simd>(v: &View<K>, key: K) -> u32 {
        // SAFETY: the slot's record has a code for each mark.
        unsafe {
            let record = record(v, key);
            let rank = rank::<K, S>(v, record, key);
            let code = code_in(v, record, rank);
            if code == v.escape { escaped(v, key, rank) } else { code }
        }
    }

    #[inline(always)]
    unsafe fn entry<S: Simd>(v: &View<K>, key: K) -> u32 {
        // SAFETY: as in `code`.
        unsafe {
            let record = record(v, key);
            let rank = rank::<K, S>(v, record, key);
            let entry = entry_word(v, key, rank);
            let code = code_in(v, record, rank);
            if code == v.escape { deep::entry(v, entry, key) } else { entry }
        }
    }

    #[inline(always)]
    unsafe fn answers<S: Simd, O: Answer>(v: &View<K>, keys: &[K], out: &mut [O]) {
        let (groups, rest) = keys.as_chunks::<GROUP>();
        let (outs, out_rest) = out.as_chunks_mut::<GROUP>();
        for (keys, out) in groups.iter().zip(outs) {
            let mut records = [0usize; GROUP];
            for (at, &key) in records.iter_mut().zip(keys) {
                // SAFETY: by the caller.
                *at = unsafe { record(v, key) };
                prefetch(v.leaves.address(*at));
            }
            for i in 0..GROUP {
                // SAFETY: as in `code`.
                unsafe {
                    let rank = rank::<K, S>(v, records[i], keys[i]);
                    let code = code_in(v, records[i], rank);
                    let code = if code == v.escape { escaped(v, keys[i], rank) } else { code };
                    out[i] = O::from_code(code, v.allowed);
                }
            }
        }
        for (&key, out) in rest.iter().zip(out_rest) {
            // SAFETY: by the caller.
            *out = O::from_code(unsafe { Self::code::<S>(v, key) }, v.allowed);
        }
    }
}

/// Offset of the record of `key`.
///
/// # Safety
/// The view's invariant and engine `Flat`.
#[inline(always)]
unsafe fn record<K: Key>(v: &View<K>, key: K) -> usize {
    // SAFETY: there are `2^18` slots.
    unsafe { v.root.word((key.window() >> 14) as usize) as usize }
}

/// Number of the code of `key` in a record, from 1: one for each mark up to the key's /24.
///
/// # Safety
/// As [`record`], for a record that a slot names; and the level of `S`.
#[inline(always)]
unsafe fn rank<K: Key, S: Simd>(v: &View<K>, record: usize, key: K) -> usize {
    // SAFETY: a record begins with its marks.
    unsafe {
        let marks = v.leaves.long(record);
        // Shift the marks after the key's /24 out at the top.
        S::ones(marks << (!(key.window() >> 8) & 63)) as usize
    }
}

/// Code number `rank` of a record. The load ends where the code ends, so that it stays in the record's line.
///
/// # Safety
/// As [`rank`]; the record has that many codes, and at least one.
#[inline(always)]
unsafe fn code_in<K: Key>(v: &View<K>, record: usize, rank: usize) -> u32 {
    // SAFETY: eight bytes of marks lie before the codes.
    unsafe { v.leaves.loose(record + 4 + (rank << v.width.shift)) >> v.code_drop }
}

/// Entry word of code number `rank` in the slot of `key`.
///
/// # Safety
/// As [`code_in`], for the slot's own record.
#[inline(always)]
unsafe fn entry_word<K: Key>(v: &View<K>, key: K, rank: usize) -> u32 {
    // SAFETY: each slot has a base, after which there are entries for all codes of its record.
    unsafe { v.entries.word(v.bases.word((key.window() >> 14) as usize) as usize + rank - 1) }
}

/// The code of `key` in the deep group of an escape.
///
/// # Safety
/// As [`entry_word`].
#[cold]
unsafe fn escaped<K: Key>(v: &View<K>, key: K, rank: usize) -> u32 {
    // SAFETY: by the caller.
    unsafe { deep::code(v, entry_word(v, key, rank), key) }
}
