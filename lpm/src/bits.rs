//! The engine of decisions for large IPv4 lists: a pattern for every 64 /24s, equal patterns once.
//!
//! Codes are 0 (deny) and 1 (allow). Patterns below the number of deep groups stand for slots with a boundary inside a
//! /24.

use crate::Key;
use crate::code::Width;
use crate::cursor::Cursor;
use crate::deep;
use crate::draft::{Draft, Source};
use crate::engine::Engine;
use crate::image::ImageError;
use crate::quick::QuickMap;
use crate::room::Room;
use crate::simd::Simd;
use crate::sweep::NO_ENTRY;
use crate::view::{Claim, View};
use crate::words::words;

/// Root bits of the engine: 64 blocks of one /24 below each slot.
const ROOT: u32 = 18;

/// Builds the structure. Memory: at most `(4 + 8) * 2^18` bytes plus 24 per boundary in such slots.
pub(crate) fn build<K: Key>(src: &Source<'_, K>) -> Draft<K> {
    debug_assert_eq!(K::BITS, 32);
    let mut d = Draft::new(Engine::Bits, Width { shift: 0 }, ROOT);
    let mut patterns: Vec<u64> = Vec::new();
    let mut numbers: QuickMap<u64, u32> = QuickMap::default();
    let mut root = Vec::with_capacity(1 << ROOT);
    // Escapes get the low numbers; they are known only at the end, so a
    // pattern's number is shifted then.
    const ESCAPE: u32 = 1 << 31;
    let mut cursor = Cursor { src, at: 0 };
    let mut previous = (0u64, None);
    for slot in 0..1u32 << ROOT {
        let lo = slot << (32 - ROOT);
        let hi = lo | ((1 << (32 - ROOT)) - 1);
        let first = cursor.seek(lo);
        let mut pattern = if src.codes[first] == 1 { u64::MAX } else { 0 };
        let mut fine = false;
        while let Some(next) = cursor.next_up_to(hi) {
            fine |= next & 255 != 0;
            pattern ^= u64::MAX << (next >> 8 & 63);
            cursor.at += 1;
        }
        if fine {
            let group = d.push_group(src, first, cursor.at);
            root.push(ESCAPE | group);
            continue;
        }
        if previous.1.is_none() || previous.0 != pattern {
            let number = *numbers.entry(pattern).or_insert_with(|| {
                patterns.push(pattern);
                patterns.len() as u32 - 1
            });
            previous = (pattern, Some(number));
        }
        root.push(previous.1.unwrap_or(0));
    }
    let groups = d.group_count();
    for word in &mut root {
        *word = if *word & ESCAPE != 0 { *word & !ESCAPE } else { *word + groups };
    }
    d.lines.resize(groups as usize * 8, 0);
    patterns.iter().for_each(|p| d.lines.extend_from_slice(&p.to_le_bytes()));
    d.entries.push(NO_ENTRY);
    // Two bytes a number where they suffice.
    if d.lines.len() / 8 <= 1 << 16 {
        d.width = Width { shift: 1 };
        d.root = root.chunks_exact(2).map(|pair| pair[0] | pair[1] << 16).collect();
    } else {
        d.width = Width { shift: 2 };
        d.root = root;
    }
    d
}

/// Proves that every slot names a pattern, and that nobody asks for values.
pub(crate) fn validate<K: Key>(claim: &Claim<'_>) -> Result<(), ImageError> {
    let shift = claim.width.shift;
    claim.ensure(claim.decides, "it has decisions where values belong")?;
    claim.ensure(K::BITS == 32 && claim.root_bits == ROOT, "a root width is wrong")?;
    claim.ensure(shift > 0 && claim.root.len() == 1 << (ROOT + shift), "a root is incomplete")?;
    claim.ensure(claim.lines.len() < 1 << 31, "there are too many patterns")?;
    let greatest = match shift {
        1 => claim.root.as_chunks::<2>().0.iter().map(|half| u32::from(u16::from_le_bytes(*half))).max(),
        _ => words(claim.root).max(),
    };
    let patterns = claim.lines.len() / 8;
    claim.ensure(greatest.is_some_and(|number| (number as usize) < patterns), "a slot names no pattern")
}

/// The engine's lookups. They need no instruction set.
pub(crate) struct Bits;

// SAFETY contract of the methods: see `Room`.
impl<K: Key> Room<K> for Bits {
    #[inline(always)]
    unsafe fn code<S: Simd>(v: &View<K>, key: K) -> u32 {
        let address = key.window();
        let slot = (address >> 14) as usize;
        // SAFETY: the root has `2^18` numbers of the width, each of a pattern.
        unsafe {
            let number = if v.width.shift == 1 { u32::from(v.root.half(slot)) } else { v.root.word(slot) };
            if number < v.groups_len {
                return deep::code(v, number, key);
            }
            let pattern = v.lines.long(8 * number as usize);
            (pattern >> (address >> 8 & 63)) as u32 & 1
        }
    }

    /// None: it only decides.
    #[inline(always)]
    unsafe fn entry<S: Simd>(_: &View<K>, _: K) -> u32 {
        NO_ENTRY
    }
}
