//! The lookup kernels: one function for each engine, generic over the
//! instruction set, compiled once for each [`SimdLevel`].
//!
//! Unsafe because the loads are unchecked: the `View` invariant stands in for
//! bounds checks.

use super::Key;
use super::part::{LINE, NO_CODE, NOTHING, Names, TINY_KEYS};
use super::simd::{Portable, Simd, SimdLevel};
use super::sweep::NO_ENTRY;
use super::view::{View, word};

/// The code of one address.
pub(crate) type One<K> = unsafe fn(&View<K>, K) -> u32;
/// The entry word of one address.
pub(crate) type Entry<K> = unsafe fn(&View<K>, K) -> u32;

/// The kernels of one engine at one level.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kernels<K, O> {
    pub(crate) one: One<K>,
    pub(crate) entry: Entry<K>,
    /// Answers for equally long slices.
    pub(crate) many: unsafe fn(&View<K>, &[K], &mut [O]),
}

/// What a batch writes for a code; see [`View::allowed`].
pub(crate) trait Answer: Copy {
    fn from_code(code: u32, allowed: u32) -> Self;
}

impl Answer for u32 {
    /// The value, or `NO_MATCH` (all ones) for no code.
    #[inline(always)]
    fn from_code(code: u32, _: u32) -> u32 {
        code.wrapping_sub(1)
    }
}

impl Answer for bool {
    /// Whether it is one of the codes that allow.
    #[inline(always)]
    fn from_code(code: u32, allowed: u32) -> bool {
        code.wrapping_sub(1) < allowed
    }
}

/// Place of `key` among the tiny engine's keys: how many of them are at most it. No loop, so that the few
/// comparisons run side by side.
///
/// # Safety
/// The view's invariant, engine `Tiny`, and the level of `S`.
#[inline(always)]
unsafe fn tiny_at<K: Key, S: Simd>(v: &View<K>, key: K) -> usize {
    // SAFETY: `lines` holds `TINY_KEYS` words, or as many upper halves and then as many lower ones.
    unsafe {
        if K::BITS == 32 {
            let window = key.window();
            return S::at_most(v.lines, window, 0xffff) + S::at_most(v.lines.add(LINE), window, 0xffff);
        }
        let high = key.left();
        let mut at = S::at_most_wide(v.lines, high)
            + S::at_most_wide(v.lines.add(LINE), high)
            + S::at_most_wide(v.lines.add(2 * LINE), high)
            + S::at_most_wide(v.lines.add(3 * LINE), high);
        // Rare: an address shares its upper half with a boundary only in a list of hosts or of prefixes that
        // are longer than that half.
        while at > 0 && tied(v, at - 1, key) {
            at -= 1;
        }
        at
    }
}

/// Whether key `at` of the tiny engine shares its upper half with `key`, and is greater.
///
/// # Safety
/// As [`tiny_at`], for one of its keys.
#[inline(always)]
unsafe fn tied<K: Key>(v: &View<K>, at: usize, key: K) -> bool {
    // SAFETY: the upper halves of the keys, then the lower ones.
    let half = |at: usize| u64::from_le(unsafe { v.lines.cast::<u64>().add(at).read_unaligned() });
    half(at) == key.left() && half(TINY_KEYS + at) > key.wide() as u64
}

/// # Safety
/// As [`tiny_at`].
#[inline(always)]
unsafe fn tiny<K: Key, S: Simd>(v: &View<K>, key: K) -> u32 {
    // SAFETY: `leaves` holds one code more than keys.
    unsafe { word(v.leaves.cast(), tiny_at::<K, S>(v, key)) }
}

/// # Safety
/// As [`tiny_at`].
#[inline(always)]
unsafe fn tiny_entry<K: Key, S: Simd>(v: &View<K>, key: K) -> u32 {
    // SAFETY: `entries` is parallel to the codes.
    unsafe { word(v.entries, tiny_at::<K, S>(v, key)) }
}

/// Place of `key` in a line: how many of its keys are at most it.
///
/// # Safety
/// `line` must be a line of the view's engine, which is the narrow one if `NARROW`, and the level of `S` available.
#[inline(always)]
unsafe fn place<K: Key, S: Simd, const NARROW: bool>(v: &View<K>, line: *const u8, key: K) -> usize {
    // SAFETY: a line has 64 bytes.
    unsafe {
        if NARROW {
            S::at_most_narrow(line, key.window() as u16, v.key_mask)
        } else {
            S::at_most(line, key.window(), v.key_mask)
        }
    }
}

/// # Safety
/// The view's invariant, engine `Lines`, or `Narrow` if `NARROW`, and the level of `S`.
#[inline(always)]
unsafe fn lines<K: Key, S: Simd, const NARROW: bool>(v: &View<K>, key: K) -> u32 {
    // SAFETY: `line_of` names a line; a line has one code more than keys.
    unsafe {
        let Some(line) = v.line_of::<S>(v.slot_of(key), key) else { return NO_CODE };
        let at = place::<K, S, NARROW>(v, line, key);
        let code = v.code(line.add(v.code_at), at);
        // Keys of IPv4 are whole: there is nothing below them.
        if K::BELOW > 0 && code == v.escape { lines_deep(v, v.number_of(line), at, key) } else { code }
    }
}

/// Entry word of place `at` in line `number`, whose code is not [`NO_CODE`]: as many codes like it before it as
/// entries before its own. Pads count as the last code.
///
/// Apart, as what needs it: registers that are saved for it cost every lookup more than the call costs the few.
///
/// # Safety
/// `number` must be a line, and `at` a place in it.
#[inline(never)]
unsafe fn line_entry<K: Key>(v: &View<K>, number: usize, at: usize) -> u32 {
    // SAFETY: `bases` has one word more than lines, increasing up to the number of entry words, where there are
    // any. Separator lines have codes like the others, if not meaningful ones.
    unsafe {
        let mut code = v.line(number).add(v.code_at);
        let mut before = 0;
        for _ in 0..at {
            before += usize::from(v.code(code, 0) != NO_CODE);
            code = code.add(1 << v.width.shift);
        }
        let (base, end) = (word(v.bases, number) as usize, word(v.bases, number + 1) as usize);
        if base == end {
            return NO_ENTRY;
        }
        let rank = (base + before).min(end - 1);
        if v.names == Names::Ranks { rank as u32 } else { word(v.entries, rank) }
    }
}

/// # Safety
/// Place `at` of line `number` holds an escape, or the view's `entries` name
/// fewer groups; then the answer is no code.
#[cold]
#[inline(never)]
unsafe fn lines_deep<K: Key>(v: &View<K>, number: usize, at: usize, key: K) -> u32 {
    // SAFETY: the group is compared before it is used.
    unsafe { deep_code(v, line_entry(v, number, at), key) }
}

/// The code of `key` in a deep group.
///
/// # Safety
/// The view's invariant.
#[inline]
unsafe fn deep_code<K: Key>(v: &View<K>, group: u32, key: K) -> u32 {
    if group >= v.groups_len {
        return NO_CODE;
    }
    // SAFETY: checked just now.
    unsafe { word(v.deep_codes, v.deep(group, key)) }
}

/// # Safety
/// As [`deep_code`], and the structure keeps entries.
#[inline]
unsafe fn deep_entry<K: Key>(v: &View<K>, group: u32, key: K) -> u32 {
    if group >= v.groups_len {
        return NO_ENTRY;
    }
    // SAFETY: checked just now; `deep_entries` is parallel to the codes.
    unsafe { word(v.deep_entries, v.deep(group, key)) }
}

/// # Safety
/// As [`lines`], and the structure keeps entries.
#[inline(always)]
unsafe fn lines_entry<K: Key, S: Simd, const NARROW: bool>(v: &View<K>, key: K) -> u32 {
    // SAFETY: as in `lines`.
    unsafe {
        let Some(line) = v.line_of::<S>(v.slot_of(key), key) else { return NO_ENTRY };
        let at = place::<K, S, NARROW>(v, line, key);
        let code = v.code(line.add(v.code_at), at);
        if code == NO_CODE {
            return NO_ENTRY;
        }
        let entry = line_entry(v, v.number_of(line), at);
        if K::BELOW > 0 && code == v.escape { deep_entry(v, entry, key) } else { entry }
    }
}

/// Offset of the record of `key`.
///
/// # Safety
/// The view's invariant and engine `Flat`.
#[inline(always)]
unsafe fn flat_record<K: Key>(v: &View<K>, key: K) -> usize {
    // SAFETY: there are `2^18` slots.
    unsafe { word(v.root, (key.window() >> 14) as usize) as usize }
}

/// Number of the code of `key` in a record, from 1: one for each mark up to the key's /24.
///
/// # Safety
/// As [`flat_record`], for a record that a slot names; and the level of `S`.
#[inline(always)]
unsafe fn flat_rank<K: Key, S: Simd>(v: &View<K>, record: usize, key: K) -> usize {
    // SAFETY: a record begins with its marks.
    unsafe {
        let marks = u64::from_le(v.leaves.add(record).cast::<u64>().read_unaligned());
        // Shift the marks after the key's /24 out at the top.
        S::ones(marks << (!(key.window() >> 8) & 63)) as usize
    }
}

/// Code number `rank` of a record. The load ends where the code ends, so that it stays in the record's line.
///
/// # Safety
/// As [`flat_rank`]; the record has that many codes, and at least one.
#[inline(always)]
unsafe fn flat_code<K: Key>(v: &View<K>, record: usize, rank: usize) -> u32 {
    // SAFETY: eight bytes of marks lie before the codes.
    let raw = unsafe { v.leaves.add(record + 4 + (rank << v.width.shift)).cast::<u32>().read_unaligned() };
    u32::from_le(raw) >> v.code_drop
}

/// Entry word of code number `rank` in the slot of `key`.
///
/// # Safety
/// As [`flat_code`], for the slot's own record.
#[inline(always)]
unsafe fn flat_word<K: Key>(v: &View<K>, key: K, rank: usize) -> u32 {
    // SAFETY: each slot has a base, after which there are entries for all codes of its record.
    unsafe { word(v.entries, word(v.bases, (key.window() >> 14) as usize) as usize + rank - 1) }
}

/// # Safety
/// As [`flat_rank`].
#[inline(always)]
unsafe fn flat<K: Key, S: Simd>(v: &View<K>, key: K) -> u32 {
    // SAFETY: the slot's record has a code for each mark.
    unsafe {
        let record = flat_record(v, key);
        let rank = flat_rank::<K, S>(v, record, key);
        let code = flat_code(v, record, rank);
        if code == v.escape { flat_deep(v, key, rank) } else { code }
    }
}

/// # Safety
/// As [`flat_word`].
#[cold]
pub(crate) unsafe fn flat_deep<K: Key>(v: &View<K>, key: K, rank: usize) -> u32 {
    // SAFETY: by the caller.
    unsafe { deep_code(v, flat_word(v, key, rank), key) }
}

/// # Safety
/// As [`flat_rank`], and the structure keeps entries.
#[inline(always)]
unsafe fn flat_entry<K: Key, S: Simd>(v: &View<K>, key: K) -> u32 {
    // SAFETY: as in `flat`.
    unsafe {
        let record = flat_record(v, key);
        let rank = flat_rank::<K, S>(v, record, key);
        let entry = flat_word(v, key, rank);
        let code = flat_code(v, record, rank);
        if code == v.escape { deep_entry(v, entry, key) } else { entry }
    }
}

/// # Safety
/// The view's invariant and engine `Bits`.
#[inline(always)]
pub(crate) unsafe fn bits<K: Key>(v: &View<K>, key: K) -> u32 {
    let address = key.window();
    let slot = (address >> 14) as usize;
    // SAFETY: the root has `2^18` numbers of the width, each of a pattern.
    unsafe {
        let number = if v.width.shift == 1 {
            u32::from(u16::from_le(*v.root.cast::<u16>().add(slot)))
        } else {
            word(v.root, slot)
        };
        if number < v.groups_len {
            return deep_code(v, number, key);
        }
        let pattern = u64::from_le(*v.lines.cast::<u64>().add(number as usize));
        (pattern >> (address >> 8 & 63)) as u32 & 1
    }
}

/// Asks for the cache line at `at`; an address outside the image is harmless.
#[inline(always)]
pub(crate) fn prefetch<T>(at: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch never faults; SSE belongs to x86-64.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(at.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}

/// Addresses in flight: each step is done for all before the next begins, so
/// that their cache misses overlap.
const GROUP: usize = 16;

/// # Safety
/// As [`lines`].
#[inline(always)]
unsafe fn lines_many<K: Key, S: Simd, O: Answer, const NARROW: bool>(v: &View<K>, keys: &[K], out: &mut [O]) {
    let (groups, rest) = keys.as_chunks::<GROUP>();
    let (outs, out_rest) = out.as_chunks_mut::<GROUP>();
    for (keys, out) in groups.iter().zip(outs) {
        let mut numbers = [0usize; GROUP];
        let mut depths = [0u32; GROUP];
        let mut covered = [false; GROUP];
        let mut deepest = 0;
        for i in 0..GROUP {
            // SAFETY: by the caller.
            let slot = unsafe { v.slot_of(keys[i]) };
            covered[i] = slot != NOTHING;
            numbers[i] = (slot >> 5) as usize; // the first line stands in for none
            depths[i] = if covered[i] { slot & 31 } else { 0 };
            deepest = deepest.max(depths[i]);
            prefetch(v.line(numbers[i]));
        }
        for depth in 0..deepest {
            for i in 0..GROUP {
                // SAFETY: as in `line_of`.
                let child = unsafe { v.child::<S>(numbers[i], keys[i]) };
                numbers[i] = if depths[i] > depth { child } else { numbers[i] };
                prefetch(v.line(numbers[i]));
            }
        }
        for i in 0..GROUP {
            // SAFETY: as in `lines`.
            unsafe {
                let line = v.line(numbers[i]);
                let at = place::<K, S, NARROW>(v, line, keys[i]);
                let code = if covered[i] { v.code(line.add(v.code_at), at) } else { NO_CODE };
                let is_deep = K::BELOW > 0 && code == v.escape;
                let code = if is_deep { lines_deep(v, numbers[i], at, keys[i]) } else { code };
                out[i] = O::from_code(code, v.allowed);
            }
        }
    }
    for (&key, out) in rest.iter().zip(out_rest) {
        // SAFETY: by the caller.
        *out = O::from_code(unsafe { lines::<K, S, NARROW>(v, key) }, v.allowed);
    }
}

/// # Safety
/// The view's invariant, engine `Flat`, and the level of `S`.
#[inline(always)]
unsafe fn flat_many<K: Key, S: Simd, O: Answer>(v: &View<K>, keys: &[K], out: &mut [O]) {
    let (groups, rest) = keys.as_chunks::<GROUP>();
    let (outs, out_rest) = out.as_chunks_mut::<GROUP>();
    for (keys, out) in groups.iter().zip(outs) {
        let mut records = [0usize; GROUP];
        for (record, &key) in records.iter_mut().zip(keys) {
            // SAFETY: by the caller.
            *record = unsafe { flat_record(v, key) };
            prefetch(v.leaves.wrapping_add(*record));
        }
        for i in 0..GROUP {
            // SAFETY: as in `flat`.
            unsafe {
                let rank = flat_rank::<K, S>(v, records[i], keys[i]);
                let code = flat_code(v, records[i], rank);
                let code = if code == v.escape { flat_deep(v, keys[i], rank) } else { code };
                out[i] = O::from_code(code, v.allowed);
            }
        }
    }
    for (&key, out) in rest.iter().zip(out_rest) {
        // SAFETY: by the caller.
        *out = O::from_code(unsafe { flat::<K, S>(v, key) }, v.allowed);
    }
}

/// The kernels of one level. The wrappers carry the target features; the
/// generic bodies are inlined into them.
macro_rules! level {
    ($name:ident, $simd:ty, $flat_many:path, $bits_many:path $(, $features:literal)?) => {
        mod $name {
            use super::*;
            // SAFETY (all): the contract of the inlined body, plus the level.
            $(#[target_feature(enable = $features)])?
            unsafe fn tiny_one<K: Key>(v: &View<K>, key: K) -> u32 {
                // SAFETY: by the caller, who vouches for the view and the instruction set.
                unsafe { tiny::<K, $simd>(v, key) }
            }
            $(#[target_feature(enable = $features)])?
            unsafe fn tiny_name<K: Key>(v: &View<K>, key: K) -> u32 {
                // SAFETY: by the caller, who vouches for the view and the instruction set.
                unsafe { tiny_entry::<K, $simd>(v, key) }
            }
            $(#[target_feature(enable = $features)])?
            unsafe fn tiny_many<K: Key, O: Answer>(v: &View<K>, keys: &[K], out: &mut [O]) {
                for (&key, out) in keys.iter().zip(out) {
                    // SAFETY: by the caller, who vouches for the view and the instruction set.
                    *out = O::from_code(unsafe { tiny::<K, $simd>(v, key) }, v.allowed);
                }
            }
            $(#[target_feature(enable = $features)])?
            unsafe fn lines_one<K: Key, const NARROW: bool>(v: &View<K>, key: K) -> u32 {
                // SAFETY: by the caller, who vouches for the view and the instruction set.
                unsafe { lines::<K, $simd, NARROW>(v, key) }
            }
            $(#[target_feature(enable = $features)])?
            unsafe fn lines_name<K: Key, const NARROW: bool>(v: &View<K>, key: K) -> u32 {
                // SAFETY: by the caller, who vouches for the view and the instruction set.
                unsafe { lines_entry::<K, $simd, NARROW>(v, key) }
            }
            $(#[target_feature(enable = $features)])?
            unsafe fn lines_all<K: Key, O: Answer, const NARROW: bool>(v: &View<K>, keys: &[K], out: &mut [O]) {
                // SAFETY: by the caller, who vouches for the view and the instruction set.
                unsafe { lines_many::<K, $simd, O, NARROW>(v, keys, out) }
            }
            $(#[target_feature(enable = $features)])?
            unsafe fn flat_one<K: Key>(v: &View<K>, key: K) -> u32 {
                // SAFETY: by the caller, who vouches for the view and the instruction set.
                unsafe { flat::<K, $simd>(v, key) }
            }
            $(#[target_feature(enable = $features)])?
            unsafe fn flat_name<K: Key>(v: &View<K>, key: K) -> u32 {
                // SAFETY: by the caller, who vouches for the view and the instruction set.
                unsafe { flat_entry::<K, $simd>(v, key) }
            }
            $(#[target_feature(enable = $features)])?
            unsafe fn flat_all<K: Key, O: Answer>(v: &View<K>, keys: &[K], out: &mut [O]) {
                // SAFETY: by the caller, who vouches for the view and the instruction set.
                unsafe { $flat_many(v, keys, out) }
            }
            $(#[target_feature(enable = $features)])?
            unsafe fn bits_all<K: Key, O: Answer>(v: &View<K>, keys: &[K], out: &mut [O]) {
                // SAFETY: by the caller, who vouches for the view and the instruction set.
                unsafe { $bits_many(v, keys, out) }
            }
            pub(super) fn kernels<K: Key, O: Answer>(engine: Engine) -> Kernels<K, O> {
                match engine {
                    Engine::Tiny => {
                        Kernels { one: tiny_one, entry: tiny_name, many: tiny_many }
                    }
                    Engine::Lines => Kernels {
                        one: lines_one::<K, false>,
                        entry: lines_name::<K, false>,
                        many: lines_all::<K, O, false>,
                    },
                    Engine::Narrow => Kernels {
                        one: lines_one::<K, true>,
                        entry: lines_name::<K, true>,
                        many: lines_all::<K, O, true>,
                    },
                    Engine::Flat => Kernels { one: flat_one, entry: flat_name, many: flat_all },
                    Engine::Bits => Kernels { one: bits, entry: no_entry, many: bits_all },
                }
            }
        }
    };
}

use super::part::Engine;

/// The engine of decisions names no entries.
unsafe fn no_entry<K: Key>(_: &View<K>, _: K) -> u32 {
    NO_ENTRY
}

/// # Safety
/// As [`bits`].
#[inline(always)]
unsafe fn bits_many<K: Key, O: Answer>(v: &View<K>, keys: &[K], out: &mut [O]) {
    for (&key, out) in keys.iter().zip(out) {
        // SAFETY: by the caller.
        *out = O::from_code(unsafe { bits(v, key) }, v.allowed);
    }
}

level!(portable, Portable, flat_many::<K, Portable, O>, bits_many::<K, O>);
#[cfg(target_arch = "x86_64")]
use super::{gather, simd};
#[cfg(target_arch = "x86_64")]
level!(avx2, simd::Avx2, flat_many::<K, simd::Avx2, O>, bits_many::<K, O>, "avx2,popcnt,bmi1,bmi2,lzcnt");
#[cfg(target_arch = "x86_64")]
level!(
    avx512,
    simd::Avx512,
    gather::flat_many,
    gather::bits_many,
    "avx2,popcnt,bmi1,bmi2,lzcnt,avx512f,avx512bw,avx512dq,avx512vl,avx512vpopcntdq"
);

/// The kernels for `engine` at `level`, which must be available.
pub(crate) fn kernels<K: Key, O: Answer>(engine: Engine, level: SimdLevel) -> Kernels<K, O> {
    match level.min(SimdLevel::detect()) {
        SimdLevel::Portable => portable::kernels(engine),
        #[cfg(target_arch = "x86_64")]
        SimdLevel::Avx2 => avx2::kernels(engine),
        #[cfg(target_arch = "x86_64")]
        SimdLevel::Avx512 => avx512::kernels(engine),
        #[cfg(not(target_arch = "x86_64"))]
        _ => portable::kernels(engine),
    }
}

/// The code of one address in a group or pattern, for the gather kernels.
///
/// # Safety
/// The view's invariant.
#[cfg(target_arch = "x86_64")]
#[inline(never)]
pub(crate) unsafe fn escaped<K: Key>(v: &View<K>, group: u32, key: K) -> u32 {
    // SAFETY: by the caller.
    unsafe { deep_code(v, group, key) }
}
