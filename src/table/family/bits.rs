//! Builds the engine of decisions for large IPv4 lists: a pattern for every 64 /24s, equal patterns once.

use std::collections::HashMap;

use super::Key;
use super::flat::Cursor;
use super::part::{Draft, Engine, FLAT_ROOT, Source, Width};
use super::sweep::NO_ENTRY;

/// The decisions of 64 /24s make a pattern; equal patterns are stored once.
/// Codes are 0 (deny) and 1 (allow). Patterns below the number of deep groups
/// stand for slots with a boundary inside a /24.
///
/// Memory: at most `(4 + 8) * 2^18` bytes plus 24 per boundary in such slots.
pub(crate) fn build_bits<K: Key>(src: &Source<'_, K>) -> Draft<K> {
    debug_assert_eq!(K::BITS, 32);
    let mut d = Draft::new(Engine::Bits, Width { shift: 0 }, FLAT_ROOT);
    let mut patterns: Vec<u64> = Vec::new();
    let mut numbers: HashMap<u64, u32> = HashMap::new();
    let mut root = Vec::with_capacity(1 << FLAT_ROOT);
    // Escapes get the low numbers; they are known only at the end, so a
    // pattern's number is shifted then.
    const ESCAPE: u32 = 1 << 31;
    let mut cursor = Cursor { src, at: 0 };
    let mut previous = (0u64, None);
    for slot in 0..1u32 << FLAT_ROOT {
        let lo = slot << (32 - FLAT_ROOT);
        let hi = lo | ((1 << (32 - FLAT_ROOT)) - 1);
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
