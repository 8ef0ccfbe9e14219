//! Fills the codes, and records for the /24s that have boundaries inside.

use super::index::Marks;
use super::layout::{INSIDE, MOST_WHOLE, ROOT, WHOLE, codes};
use super::records;
use crate::Key;
use crate::code::NO_CODE;
use crate::cursor::Cursor;
use crate::draft::{Draft, Source};
use crate::engine::Engine;

/// Builds the structure for codes of one or two bytes. Memory: `width * 2^24` bytes and 4 MB, `width * 4` MB for addresses
/// of /24s with boundaries inside; for each /24 with
/// boundaries inside a record of `16 * width` bytes, and where there are more than seven of them
/// `36 + width * (boundaries + 1)`, rounded up to 64. Entries: 4 MB, four bytes a record and four a boundary.
pub(crate) fn build<K: Key>(src: &Source<'_, K>) -> Draft<K> {
    debug_assert!(K::BITS == 32 && src.width.shift < 2);
    let inside = src.starts.chunk_by(|a, b| a.window() >> 8 == b.window() >> 8);
    let records = inside.filter(|starts| starts.iter().any(|start| start.window() & 255 != 0)).count();
    let whole = records <= MOST_WHOLE;
    let mut d = Draft::new(Engine::Direct, src.width, if whole { WHOLE } else { ROOT });
    d.leaves = vec![0; codes(d.root_bits, records) << src.width.shift];
    let mut own = 1 << ROOT;
    // The /24s with records, and those at which the entry of whole /24s changes: the first is always one of them.
    let (mut escapes, mut changes) = (Marks::new(), Marks::new());
    // Where the entries of each record begin among those of records.
    let (mut firsts, mut inside) = (Vec::new(), Vec::new());
    let mut keys = Vec::new();
    let mut name = |block, entry, entries: &mut Vec<u32>| {
        if entries.last() != Some(&entry) {
            changes.mark(block);
            entries.push(entry);
        }
    };
    let mut cursor = Cursor { src, at: 0 };
    let mut block = 0u32;
    while block < 1 << ROOT {
        let (lo, hi) = (block << 8, block << 8 | 255);
        let first = cursor.seek(lo);
        if cursor.next_up_to(hi).is_some() {
            let last = cursor.seek(hi);
            keys.clear();
            keys.extend(src.starts[first + 1..=last].iter().map(|start| start.window() as u8));
            records::push(&mut d.lines, &mut d.leaves, src.width, &keys, &src.codes[first..=last]);
            fill(&mut d, block, block + 1, src.width.mask());
            escapes.mark(block);
            if whole {
                let starts = std::iter::once(0).chain(keys.iter().map(|&key| u32::from(key)));
                let ends = keys.iter().map(|&key| u32::from(key)).chain([256]);
                for ((start, end), &code) in starts.zip(ends).zip(&src.codes[first..=last]) {
                    fill(&mut d, own + start, own + end, code);
                }
                own += 256;
            }
            name(block, INSIDE, &mut d.entries);
            if src.keep_entries {
                firsts.push(inside.len() as u32);
                inside.extend_from_slice(&src.entries[first..=last]);
            }
            block += 1;
            continue;
        }
        // The same code up to the next /24 in which something begins.
        let next = cursor.next_up_to(u32::MAX).map_or(1 << ROOT, |next| next >> 8);
        if src.codes[first] != NO_CODE {
            fill(&mut d, block, next, src.codes[first]);
        }
        name(block, src.entries[first], &mut d.entries);
        block = next;
    }
    d.root = escapes.into_words();
    if src.keep_entries {
        let start = d.entries.len() as u32;
        d.bases = changes.into_words();
        d.bases.extend(firsts.into_iter().map(|first| start + first));
        d.entries.append(&mut inside);
    } else {
        d.entries = Vec::new();
    }
    d
}

/// Writes codes from number `first` up to `end`.
fn fill<K: Key>(d: &mut Draft<K>, first: u32, end: u32, code: u32) {
    let width = d.width;
    let of_them = (first as usize) << width.shift..(end as usize) << width.shift;
    match width.shift {
        0 => d.leaves[of_them].fill(code as u8),
        _ => d.leaves[of_them].as_chunks_mut().0.fill((code as u16).to_le_bytes()),
    }
}
