//! Builds the two IPv4 engines with 2^18 slots: one block per /24.
//!
//! Boundaries inside a /24 cannot be told at this granularity: such a block
//! is an escape to a deep group. The table takes these engines only where
//! that is rare.

use super::Key;
use super::part::{Draft, Engine, FLAT_ROOT, Source, Width};
use super::sweep::NO_ENTRY;
use std::collections::HashMap;

/// Walks ranges in address order.
struct Cursor<'s, K> {
    src: &'s Source<'s, K>,
    at: usize,
}

impl<K: Key> Cursor<'_, K> {
    /// The range in effect at `address`, which must not decrease.
    #[inline]
    fn seek(&mut self, address: u32) -> usize {
        while self.src.starts.get(self.at + 1).is_some_and(|&s| s.window() <= address) {
            self.at += 1;
        }
        self.at
    }
    /// The next boundary up to and including `last`.
    #[inline]
    fn next_up_to(&self, last: u32) -> Option<u32> {
        self.src.starts.get(self.at + 1).map(|s| s.window()).filter(|&s| s <= last)
    }
}

/// A node is three words: 64 bits that mark the /24s at which the leaf
/// changes (the first is always set), and the number of its first leaf.
///
/// Memory: `12 * 2^18` bytes of nodes and at most `n + 2^18` leaves, plus 24
/// bytes for each boundary inside a /24.
pub(crate) fn build_flat<K: Key>(src: &Source<'_, K>) -> Draft<K> {
    debug_assert_eq!(K::BITS, 32);
    let mut d = Draft::new(Engine::Flat, src.width, FLAT_ROOT);
    d.root.reserve_exact(3 << FLAT_ROOT);
    d.leaves.reserve((src.len() + src.len() / 8) << src.width.shift);
    d.entries.reserve(if src.keep_entries { src.len() + src.len() / 8 } else { 0 });
    let mut cursor = Cursor { src, at: 0 };
    let mut leaves = 0u32;
    // The latest leaf, if the next node may continue it.
    let mut latest: Option<usize> = None;
    for slot in 0..1u32 << FLAT_ROOT {
        let lo = slot << (32 - FLAT_ROOT);
        let hi = lo | ((1 << (32 - FLAT_ROOT)) - 1);
        let mut bitmap = 0u64;
        let mut base = leaves;
        let mut block_lo = lo;
        loop {
            let block = block_lo >> 8 & 63;
            let first = cursor.seek(block_lo);
            // `first` holds from `block_lo`; is there a boundary in this /24?
            let next = cursor.next_up_to(hi);
            let inside = next.is_some_and(|n| n <= (block_lo | 255));
            if inside {
                let last = cursor.seek(block_lo | 255);
                let (code, entry) = d.segment(src, first, last);
                push(&mut d, &mut leaves, code, entry);
                latest = None;
            } else if block == 0 && latest == Some(first) {
                base = leaves - 1;
            } else {
                push(&mut d, &mut leaves, src.codes[first], src.entries[first]);
                latest = Some(first);
            }
            bitmap |= 1 << block;
            // The next block whose leaf differs: right after an escape, else
            // the one with the next boundary.
            let next = if inside { (block_lo | 255).checked_add(1) } else { next };
            match next {
                Some(n) if n <= hi => block_lo = n & !255,
                _ => break,
            }
        }
        d.root.extend_from_slice(&[bitmap as u32, (bitmap >> 32) as u32, base]);
    }
    d
}

#[inline]
fn push<K: Key>(d: &mut Draft<K>, leaves: &mut u32, code: u32, entry: u32) {
    d.width.put(&mut d.leaves, code);
    d.entries.push(entry);
    *leaves += 1;
}

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
