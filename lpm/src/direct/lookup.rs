//! Loads the code of a /24, and looks into its record where that is an escape.

use super::layout::{INSIDE, ROOT, WHOLE};
use super::records::{BEFORE, BLOCK_CODES, CODES, COUNT, at_most};
use super::{index, records};
use crate::Key;
use crate::code::{Answer, LINE, Width};
use crate::room::{GROUP, Room, prefetch};
use crate::simd::Simd;
use crate::sweep::NO_ENTRY;
use crate::unchecked::Unchecked;
use crate::view::View;

/// The engine's lookups.
pub(crate) struct Direct;

// SAFETY contract of the methods: see `Room`.
impl<K: Key> Room<K> for Direct {
    #[inline(always)]
    unsafe fn code<S: Simd>(v: &View<K>, key: K) -> u32 {
        // SAFETY: whose code is the escape has a record.
        unsafe {
            let code = code_of_24(v, key);
            if code != v.escape {
                return code;
            }
            let number = number::<K, S>(v, key);
            if v.root_bits == WHOLE {
                code_at(v, whole(number, key))
            } else {
                code_in::<K, S>(v, record(v, number), key).0
            }
        }
    }

    #[inline(always)]
    unsafe fn entry<S: Simd>(v: &View<K>, key: K) -> u32 {
        // SAFETY: the index of changes lies at the start of `bases`, and the first /24 is one. It is followed by a word
        // for each record, after which there are entries for all of its codes.
        unsafe {
            let entry = v.entries.word(index::number::<S>(v.bases, key.window() >> 8));
            if entry != INSIDE {
                return entry;
            }
            // What has a record is proved of the codes alone.
            if code_of_24(v, key) != v.escape {
                return NO_ENTRY;
            }
            let number = number::<K, S>(v, key);
            let rank = code_in::<K, S>(v, record(v, number), key).1;
            v.entries.word(v.bases.word(index::WORDS + number) as usize + rank)
        }
    }

    #[inline(always)]
    unsafe fn answers<S: Simd, O: Answer>(v: &View<K>, keys: &[K], out: &mut [O]) {
        // SAFETY: by the caller.
        unsafe {
            if v.width.shift == 0 {
                groups::<K, S, O, 0>(v, keys, out)
            } else {
                groups::<K, S, O, 1>(v, keys, out)
            }
        }
    }
}

/// The code of the /24 of `key`, which may be the escape.
///
/// # Safety
/// The view's invariant and engine `Direct`.
#[inline(always)]
unsafe fn code_of_24<K: Key>(v: &View<K>, key: K) -> u32 {
    // SAFETY: there are `2^24` codes.
    unsafe { code_at(v, block(key)) }
}

/// Number of the /24 of `key`.
#[inline(always)]
fn block<K: Key>(key: K) -> usize {
    (key.window() >> 8) as usize
}

/// Number of the code of `key` itself, where a /24 with that record has one for each address.
#[inline(always)]
fn whole<K: Key>(record: usize, key: K) -> usize {
    (1 << ROOT) + (record << 8 | (key.window() & 255) as usize)
}

/// Code number `index`.
///
/// # Safety
/// The view's invariant, and there is one.
#[inline(always)]
unsafe fn code_at<K: Key>(v: &View<K>, index: usize) -> u32 {
    // SAFETY: by the caller.
    unsafe { if v.width.shift == 0 { code_of::<K, 0>(v, index) } else { code_of::<K, 1>(v, index) } }
}

/// The same where the width is known. The load ends where the code does, so that it stays in one line.
///
/// # Safety
/// The same, and the codes are of that width.
#[inline(always)]
unsafe fn code_of<K: Key, const SHIFT: u32>(v: &View<K>, index: usize) -> u32 {
    // SAFETY: by the caller.
    unsafe { if SHIFT == 0 { u32::from(v.leaves.byte(index)) } else { u32::from(v.leaves.short(2 * index)) } }
}

/// The answers for many addresses, as many as the shorter slice has.
///
/// # Safety
/// As [`Room::answers`], and the codes are of that width.
#[inline(always)]
unsafe fn groups<K: Key, S: Simd, O: Answer, const SHIFT: u32>(v: &View<K>, keys: &[K], out: &mut [O]) {
    let escape = Width { shift: SHIFT }.mask();
    let (groups, rest) = keys.as_chunks::<GROUP>();
    let (outs, out_rest) = out.as_chunks_mut::<GROUP>();
    'groups: for (keys, out) in groups.iter().zip(outs) {
        // Loads that do not wait for each other: the processor overlaps their misses by itself. Branches keep the
        // compiler from making vectors of the codes, which takes twice as long.
        for i in 0..GROUP {
            // SAFETY: by the caller.
            let code = unsafe { code_of::<K, SHIFT>(v, block(keys[i])) };
            if code == escape {
                // SAFETY: by the caller.
                unsafe { group::<K, S, O, SHIFT>(v, keys, out) }
                continue 'groups;
            }
            out[i] = O::from_code(code, v.allowed);
        }
    }
    for (&key, out) in rest.iter().zip(out_rest) {
        // SAFETY: by the caller.
        *out = O::from_code(unsafe { <Direct as Room<K>>::code::<S>(v, key) }, v.allowed);
    }
}

/// The answers of a group of addresses, of which some have a record: where that is to be read, each step is done for all
/// before the next.
///
/// # Safety
/// As [`groups`].
#[inline(always)]
unsafe fn group<K: Key, S: Simd, O: Answer, const SHIFT: u32>(
    v: &View<K>,
    keys: &[K; GROUP],
    out: &mut [O; GROUP],
) {
    let escape = Width { shift: SHIFT }.mask();
    if v.root_bits == WHOLE {
        for (&key, out) in keys.iter().zip(out) {
            // SAFETY: as in `code`.
            let code = unsafe {
                let code = code_of::<K, SHIFT>(v, block(key));
                if code == escape { code_of::<K, SHIFT>(v, whole(number::<K, S>(v, key), key)) } else { code }
            };
            *out = O::from_code(code, v.allowed);
        }
        return;
    }
    let (mut places, mut at, mut count) = ([0; GROUP], [0; GROUP], 0);
    for (i, &key) in keys.iter().enumerate() {
        // SAFETY: by the caller.
        let code = unsafe { code_of::<K, SHIFT>(v, block(key)) };
        out[i] = O::from_code(code, v.allowed);
        places[count] = i;
        count += usize::from(code == escape);
    }
    for (at, &i) in at.iter_mut().zip(&places[..count]) {
        // SAFETY: of these the code is the escape.
        *at = record(v, unsafe { number::<K, S>(v, keys[i]) });
        prefetch(v.lines.address(*at));
    }
    for (&at, &i) in at.iter().zip(&places[..count]) {
        // SAFETY: as above.
        out[i] = O::from_code(unsafe { code_in::<K, S>(v, at, keys[i]).0 }, v.allowed);
    }
}

/// Number of the record of `key`.
///
/// # Safety
/// The view's invariant and engine `Direct`; the code of the key's /24 is the escape. And the level of `S`.
#[inline(always)]
unsafe fn number<K: Key, S: Simd>(v: &View<K>, key: K) -> usize {
    // SAFETY: the /24s with the escape are those that the root marks.
    unsafe { index::number::<S>(v.root, key.window() >> 8) }
}

/// Where a record begins.
#[inline(always)]
fn record<K: Key>(v: &View<K>, number: usize) -> usize {
    number * records::stride(v.width)
}

/// The code of `key` in a record, and which of its entries decides.
///
/// # Safety
/// The view's invariant, for the record of the key's /24.
#[inline(always)]
unsafe fn code_in<K: Key, S: Simd>(v: &View<K>, record: usize, key: K) -> (u32, usize) {
    let byte = key.window() as u8;
    // SAFETY: a record has eight codes, after as many bytes; a block has a code for each mark and one more, after more
    // than four bytes. The loads end where the code ends.
    unsafe {
        let head = v.lines.long(record);
        let keys = (head >> (8 * COUNT)) as usize;
        if keys > 0 {
            let rank = at_most(head, byte);
            return (field(v, v.lines, record + CODES, rank), rank.min(keys));
        }
        let block = head as u32 as usize * LINE;
        let word = usize::from(byte >> 6);
        let marks = v.leaves.long(block + 8 * word) << (!byte & 63);
        let rank = usize::from(v.leaves.byte(block + BEFORE + word)) + S::ones(marks) as usize;
        (field(v, v.leaves, block + BLOCK_CODES, rank), rank)
    }
}

/// Code number `rank` of those from byte `codes` on.
///
/// # Safety
/// It lies inside the section, after four bytes of it.
#[inline(always)]
unsafe fn field<K: Key>(v: &View<K>, section: Unchecked<u8>, codes: usize, rank: usize) -> u32 {
    // SAFETY: by the caller.
    unsafe { section.loose((codes - 4) + ((rank + 1) << v.width.shift)) >> v.code_drop }
}
