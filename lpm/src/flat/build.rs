//! Builds the records, and the root above them.

use super::records::Records;
use crate::Key;
use crate::cursor::Cursor;
use crate::draft::{Draft, Source};
use crate::engine::Engine;
use crate::quick::QuickMap;

/// Root bits of the engine: 64 blocks of one /24 below each slot.
pub(crate) const ROOT: u32 = 18;

/// Builds the structure. Memory: `8 * 2^18` bytes of slots and bases, and at most `9 + width` bytes for each
/// boundary, padding included; 24 more for each boundary inside a /24.
pub(crate) fn build<K: Key>(src: &Source<'_, K>) -> Draft<K> {
    debug_assert_eq!(K::BITS, 32);
    let mut d = Draft::new(Engine::Flat, src.width, ROOT);
    d.root.reserve_exact(1 << ROOT);
    d.bases.reserve_exact(1 << ROOT);
    d.entries.reserve(src.len() + src.len() / 8);
    let mut records = Records::new(src.width);
    // The record of a code that fills its slot.
    let mut whole: QuickMap<u32, u32> = QuickMap::default();
    // Range and record of the latest slot, if it was filled by one code.
    let mut latest: Option<(usize, u32)> = None;
    let mut codes = Vec::with_capacity(64);
    let mut cursor = Cursor { src, at: 0 };
    for slot in 0..1u32 << ROOT {
        let lo = slot << (32 - ROOT);
        let hi = lo | ((1 << (32 - ROOT)) - 1);
        let first = cursor.seek(lo);
        if cursor.next_up_to(hi).is_none() {
            let record = match latest {
                Some((range, record)) if range == first => record,
                _ => {
                    d.entries.push(src.entries[first]);
                    let code = src.codes[first];
                    *whole.entry(code).or_insert_with(|| records.push(1, &[code]))
                }
            };
            latest = Some((first, record));
            d.bases.push(d.entries.len() as u32 - 1);
            d.root.push(record);
            continue;
        }
        latest = None;
        d.bases.push(d.entries.len() as u32);
        codes.clear();
        let marks = blocks(&mut d, &mut cursor, lo, hi, &mut codes);
        d.root.push(records.push(marks, &codes));
    }
    d.leaves = records.bytes;
    d
}

/// The marks, codes and entries of the slot from `lo` to `hi`.
fn blocks<K: Key>(
    d: &mut Draft<K>,
    cursor: &mut Cursor<'_, K>,
    lo: u32,
    hi: u32,
    codes: &mut Vec<u32>,
) -> u64 {
    let src = cursor.src;
    let mut marks = 0u64;
    let mut block = lo;
    loop {
        let first = cursor.seek(block);
        // `first` holds from the block's start; is there a boundary inside?
        let next = cursor.next_up_to(hi);
        let inside = next.is_some_and(|next| next <= (block | 255));
        let last = if inside { cursor.seek(block | 255) } else { first };
        let (code, entry) = d.segment(src, first, last);
        codes.push(code);
        d.entries.push(entry);
        marks |= 1 << (block >> 8 & 63);
        // The next block whose code differs: right after an escape, else the one with the next boundary.
        let next = if inside { (block | 255).checked_add(1) } else { next };
        match next {
            Some(next) if next <= hi => block = next & !255,
            _ => return marks,
        }
    }
}
