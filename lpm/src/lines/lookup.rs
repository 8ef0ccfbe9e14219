//! Finds the line of an address, and its place in it.

use std::hint::{black_box, select_unpredictable};

use super::slot::NOTHING;
use crate::Key;
use crate::code::{Answer, LINE, NO_CODE};
use crate::deep;
use crate::draft::Names;
use crate::room::{GROUP, Room, prefetch};
use crate::simd::{Portable, Simd};
use crate::sweep::NO_ENTRY;
use crate::view::View;

/// The engine's lookups, `NARROW` for its keys of 16 bits.
pub(crate) struct Lines<const NARROW: bool>;

// SAFETY contract of the methods: see `Room`.
impl<K: Key, const NARROW: bool> Room<K> for Lines<NARROW> {
    #[inline(always)]
    unsafe fn code<S: Simd>(v: &View<K>, key: K) -> u32 {
        // SAFETY: `line_of` gives the offset of a line.
        unsafe {
            let Some(line) = line_of::<K, S>(v, slot_of(v, key), key) else { return NO_CODE };
            let at = place::<K, S, NARROW>(v, line, key);
            let code = code_in(v, line, at);
            // Keys of IPv4 are whole: there is nothing below them.
            if K::BELOW > 0 && code == v.escape { escaped(v, line, at, key) } else { code }
        }
    }

    #[inline(always)]
    unsafe fn entry<S: Simd>(v: &View<K>, key: K) -> u32 {
        // SAFETY: as in `code`.
        unsafe {
            let Some(line) = line_of::<K, S>(v, slot_of(v, key), key) else { return NO_ENTRY };
            let at = place::<K, S, NARROW>(v, line, key);
            let code = code_in(v, line, at);
            if code == NO_CODE {
                return NO_ENTRY;
            }
            let entry = entry_word::<K, S>(v, line, at);
            if K::BELOW > 0 && code == v.escape { deep::entry(v, entry, key) } else { entry }
        }
    }

    #[inline(always)]
    unsafe fn answers<S: Simd, O: Answer>(v: &View<K>, keys: &[K], out: &mut [O]) {
        // Where nothing misses, there is nothing to overlap.
        let (groups, rest) = if is_cached(v) { (&[][..], keys) } else { keys.as_chunks::<GROUP>() };
        let (outs, out_rest) = out.split_at_mut(out.len().min(groups.len() * GROUP));
        for (keys, out) in groups.iter().zip(outs.as_chunks_mut::<GROUP>().0) {
            // SAFETY: by the caller.
            unsafe { group::<K, S, O, NARROW>(v, keys, out) }
        }
        for (&key, out) in rest.iter().zip(out_rest) {
            // SAFETY: by the caller.
            *out = O::from_code(unsafe { Self::code::<S>(v, key) }, v.allowed);
        }
    }
}

/// Whether the lines of IPv4 stay in the second-level cache, half a mebibyte of them.
#[inline(always)]
fn is_cached<K: Key>(v: &View<K>) -> bool {
    !K::SECOND && v.last_line < 1 << 13
}

/// The answers of a group of addresses, whose cache misses overlap: each step is done for all before the next.
///
/// # Safety
/// As [`Room::answers`].
#[inline(always)]
unsafe fn group<K: Key, S: Simd, O: Answer, const NARROW: bool>(
    v: &View<K>,
    keys: &[K; GROUP],
    out: &mut [O; GROUP],
) {
    let (mut lines, mut depths, mut covered, mut deepest) = ([0; GROUP], [0; GROUP], 0, 0);
    for (i, &key) in keys.iter().enumerate() {
        // SAFETY: by the caller.
        let slot = unsafe { slot_of(v, key) };
        (lines[i], depths[i]) = ((slot >> 5) as usize * LINE, slot & 31);
        prefetch(v.lines.address(lines[i]));
        covered += usize::from(slot != NOTHING);
        deepest = deepest.max(depths[i]);
    }
    // Nearly always all are covered or none, and what is known to be all is in order.
    if covered == GROUP {
        // A count that the compiler knows has it unroll the loops, and shuffle codes into vectors and out again.
        let count = black_box(covered);
        // SAFETY: by the caller; the lines are those of the slots.
        return unsafe { below::<K, S, O, NARROW>(v, keys, lines, depths, deepest, count, |i| i, out) };
    }
    out.fill(O::from_code(NO_CODE, v.allowed));
    if covered == 0 {
        return;
    }
    // The others step aside, without a branch: who they are is as good as random.
    let (mut places, mut count) = ([0; GROUP], 0);
    for i in 0..GROUP {
        let is_covered = depths[i] < NOTHING;
        (places[count], lines[count], depths[count]) = (i, lines[i], depths[i]);
        count += usize::from(is_covered);
    }
    let deepest = depths[..count].iter().copied().max().unwrap_or(0);
    // SAFETY: as above.
    unsafe { below::<K, S, O, NARROW>(v, keys, lines, depths, deepest, count, |i| places[i], out) }
}

/// The answers of the first `count` lines of a group, each for the address at its place.
///
/// # Safety
/// As [`Room::answers`], with lines and depths of the slots of those addresses.
#[expect(clippy::too_many_arguments, reason = "the halves of one function, compiled twice")]
#[inline(always)]
unsafe fn below<K: Key, S: Simd, O: Answer, const NARROW: bool>(
    v: &View<K>,
    keys: &[K; GROUP],
    mut lines: [usize; GROUP],
    depths: [u32; GROUP],
    deepest: u32,
    count: usize,
    place_of: impl Fn(usize) -> usize,
    out: &mut [O; GROUP],
) {
    for depth in 0..deepest {
        for i in 0..count {
            // SAFETY: as in `line_of`.
            let child = unsafe { child::<K, S>(v, lines[i], keys[place_of(i)]) };
            lines[i] = if depths[i] > depth { child } else { lines[i] };
            prefetch(v.lines.address(lines[i]));
        }
    }
    for i in 0..count {
        let key = keys[place_of(i)];
        // SAFETY: as in `Room::code`.
        unsafe {
            let at = place::<K, S, NARROW>(v, lines[i], key);
            let code = code_in(v, lines[i], at);
            let is_deep = K::BELOW > 0 && code == v.escape;
            let code = if is_deep { escaped(v, lines[i], at, key) } else { code };
            out[place_of(i)] = O::from_code(code, v.allowed);
        }
    }
}

/// The slot word of `key`: of the root, or for IPv6 of the second table. One branch for IPv6: where the root knows that
/// there is nothing.
///
/// # Safety
/// The view's invariant, and an engine of lines.
#[inline(always)]
unsafe fn slot_of<K: Key>(v: &View<K>, key: K) -> u32 {
    // SAFETY: the root has `2^root_bits` words; for IPv6 each names slots of the second table that exist (`validate`).
    unsafe {
        if !K::SECOND {
            return v.root.word((key.window() >> v.root_shift) as usize);
        }
        let left = key.left();
        let slot = v.root.word((left >> v.root_shift) as usize);
        if slot == NOTHING {
            return slot;
        }
        let below = ((left << v.root_bits) >> 1) >> (slot & 31 ^ 63);
        v.second.word((slot >> 5) as usize + below as usize)
    }
}

/// Offset of the line of `key` in its slot: below as many separator lines as the slot word says. `None` where no prefix
/// covers the slot.
///
/// # Safety
/// The view's invariant, an engine of lines, `slot` is of [`slot_of`], and the level of `S`.
#[inline(always)]
unsafe fn line_of<K: Key, S: Simd>(v: &View<K>, slot: u32, key: K) -> Option<usize> {
    let depth = slot & 31;
    // Nearly always, and then the word itself is half the offset.
    if !K::SECOND && depth == 0 {
        return Some(LINE / 32 * slot as usize);
    }
    if slot == NOTHING {
        return None;
    }
    let mut line = (slot >> 5) as usize * LINE;
    // In a table without separator lines, none is asked.
    if K::SECOND && !v.has_separators {
        return Some(line);
    }
    // Clusters make the depth of IPv6 slots as good as random. Two steps that may be undone cost less than a mispredicted
    // loop exit; as many as the table has would be a loop, and branches with it: 24 ns for 14, full IPv6 table, drawn.
    let masked = if K::SECOND { 2 } else { 0 };
    for step in 0..masked {
        // SAFETY: any line may be asked.
        let child = unsafe { child::<K, S>(v, line, key) };
        line = select_unpredictable(depth > step, child, line);
    }
    for _ in masked..depth {
        // SAFETY: a line, at first because slots are validated, then because `child` gives one.
        line = unsafe { child::<K, S>(v, line, key) };
    }
    Some(line)
}

/// Offset of the line below a separator line that holds `key`. Any line may be asked: the answer is limited to lines
/// that exist.
///
/// # Safety
/// `line` must be the offset of one, and the level of `S` available.
#[inline(always)]
unsafe fn child<K: Key, S: Simd>(v: &View<K>, line: usize, key: K) -> usize {
    // No line begins at the greatest window, but pads do.
    let window = key.window().min(u32::MAX - 1);
    // SAFETY: a line has 64 bytes, of which the last four name its first child.
    unsafe {
        let first = v.lines.loose(line + 60) as usize;
        (first + S::at_most(v.lines.line(line), window, 0x7fff)).min(v.last_line as usize) * LINE
    }
}

/// Place of `key` in a line: how many of its keys are at most it.
///
/// # Safety
/// `line` must be the offset of one, of narrow keys if `NARROW`, and the level of `S` available.
#[inline(always)]
unsafe fn place<K: Key, S: Simd, const NARROW: bool>(v: &View<K>, line: usize, key: K) -> usize {
    // SAFETY: by the caller.
    unsafe {
        if NARROW {
            S::at_most_narrow(v.lines.line(line), key.window() as u16, v.key_mask)
        } else {
            S::at_most(v.lines.line(line), key.window(), v.key_mask)
        }
    }
}

/// Code number `at` of a line.
///
/// # Safety
/// `line` must be the offset of one; it has one code more than keys.
#[inline(always)]
unsafe fn code_in<K: Key>(v: &View<K>, line: usize, at: usize) -> u32 {
    // SAFETY: by the caller; the load may reach into the next line or behind the section.
    unsafe { v.lines.loose(line + v.code_at as usize + (at << v.width.shift)) & v.escape }
}

/// Entry word of place `at` in a line: as many codes other than [`NO_CODE`] before it as entries before its own, so that it
/// stands for nothing where the code is that one. Pads count as the last code.
///
/// # Safety
/// `line` must be the offset of one, `at` a place in it, and the level of `S` available.
#[inline(always)]
unsafe fn entry_word<K: Key, S: Simd>(v: &View<K>, line: usize, at: usize) -> u32 {
    // SAFETY: `bases` has one word more than lines, increasing up to the number of entry words, where there are any.
    // Separator lines have codes like the others, if not meaningful ones.
    unsafe {
        let before = codes_before::<K, S>(v, line, at);
        let number = line / LINE;
        let (base, end) = (v.bases.word(number) as usize, v.bases.word(number + 1) as usize);
        if base == end {
            return NO_ENTRY;
        }
        let rank = (base + before).min(end - 1);
        if v.names == Names::Ranks { rank as u32 } else { v.entries.word(rank) }
    }
}

/// How many codes before place `at` of a line are not [`NO_CODE`]: eight bytes of codes at once, whatever their width.
///
/// # Safety
/// As [`entry_word`].
#[inline(always)]
unsafe fn codes_before<K: Key, S: Simd>(v: &View<K>, line: usize, at: usize) -> usize {
    // The upper bit of each code.
    let tops: u64 = match v.width.shift {
        0 => 0x8080_8080_8080_8080,
        1 => 0x8000_8000_8000_8000,
        _ => 0x8000_0000_8000_0000,
    };
    let bits = at << (v.width.shift + 3);
    let mut count = 0;
    for start in (0..v.code_bits as usize).step_by(64) {
        let before = u64::MAX.checked_shr((64 - bits.saturating_sub(start).min(64)) as u32).unwrap_or(0);
        // SAFETY: a line has its codes; what is read beyond them is a few bytes of a guard at most.
        let codes = unsafe { v.lines.loose_long(line + v.code_at as usize + start / 8) } & before;
        // A code's upper bit is set, or becomes so by adding all others: it is not zero.
        let taken = (((codes & !tops) + !tops) | codes) & tops;
        // SAFETY: the level of `S` by the caller.
        count += unsafe { S::ones(taken) } as usize;
    }
    count
}

/// The code of `key` in the deep group of an escape.
///
/// Out of line, as are those who need it: registers that are saved for it cost every lookup more than the call costs
/// the few.
///
/// # Safety
/// As [`entry_word`]. Where the image names no such group the answer is no code.
#[cold]
#[inline(never)]
unsafe fn escaped<K: Key>(v: &View<K>, line: usize, at: usize, key: K) -> u32 {
    // SAFETY: by the caller.
    unsafe { deep::code(v, entry_word::<K, Portable>(v, line, at), key) }
}
