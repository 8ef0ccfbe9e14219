//! What a /24 with boundaries inside looks like.
//!
//! ```text
//! record (16 bytes; 32 at width 2): | 7 keys: last bytes at which the code changes | number of keys | 8 codes |
//! of a crowded /24:                 | number of a line of the leaves | ...         | 0              |         |
//! its block, from that line on:     | 256 marks, one per address: the code changes | marks before each 64 | codes |
//! ```
//!
//! A key beyond the last is 255 and a code beyond the last repeats it, so that who counts a pad finds the same code.

use crate::code::{LINE, Width};

/// Most keys of a record.
pub(crate) const KEYS: usize = 7;
/// Where a record's number of keys stands, and its codes.
pub(crate) const COUNT: usize = 7;
pub(crate) const CODES: usize = 8;
/// Where a block says how many marks come before each 64, and its codes.
pub(crate) const BEFORE: usize = 32;
pub(crate) const BLOCK_CODES: usize = 36;

/// Bytes from a record to the next.
pub(crate) fn stride(width: Width) -> usize {
    16 << width.shift
}

/// Appends the record of a /24 to `records`, and its block to `leaves` where it is crowded. The code is `codes[0]` up to
/// the first key, which is not 0; keys rise, and there is one more code than there are keys.
pub(crate) fn push(records: &mut Vec<u8>, leaves: &mut Vec<u8>, width: Width, keys: &[u8], codes: &[u32]) {
    debug_assert!(
        keys.is_sorted_by(|a, b| a < b) && keys.first() > Some(&0) && codes.len() == keys.len() + 1
    );
    let at = records.len();
    if keys.len() <= KEYS {
        records.extend_from_slice(keys);
        records.resize(at + KEYS, u8::MAX);
        records.push(keys.len() as u8);
        let pad = codes.last().into_iter().cycle();
        codes.iter().chain(pad).take(KEYS + 1).for_each(|&code| width.put(records, code));
    } else {
        records.extend_from_slice(&((leaves.len() / LINE) as u32).to_le_bytes());
        let (mut marks, mut before) = ([0u64; 4], 0);
        keys.iter().for_each(|key| marks[usize::from(key >> 6)] |= 1 << (key & 63));
        marks.iter().for_each(|word| leaves.extend_from_slice(&word.to_le_bytes()));
        for word in marks {
            leaves.push(before);
            before += word.count_ones() as u8; // the last one's sum, which may be 256 less, is not stored
        }
        codes.iter().for_each(|&code| width.put(leaves, code));
        leaves.resize(leaves.len().next_multiple_of(LINE), 0);
    }
    records.resize(at + stride(width), 0);
}

/// How many of a record's keys, pads included, are at most `byte`. `head` is the first eight bytes of a record.
#[inline(always)]
pub(crate) fn at_most(head: u64, byte: u8) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const TOPS: u64 = 0x80 * ONES;
    let byte = ONES * u64::from(byte);
    // In each byte's top bit: whether the seven bits below are at least the key's.
    let below = (byte | TOPS) - (head & !TOPS);
    let found = (byte & !head | !(byte ^ head) & below) & (TOPS >> 8);
    ((found >> 7).wrapping_mul(ONES) >> 56) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_counted_as_one_by_one() {
        let mut state = 1u64;
        for _ in 0..2000 {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let head = state ^ state >> 29;
            for byte in 0..=255 {
                let expected = head.to_le_bytes()[..KEYS].iter().filter(|&&key| key <= byte).count();
                assert_eq!(at_most(head, byte), expected, "{head:x} {byte}");
            }
        }
    }

    #[test]
    fn crowded_ones_have_a_block() {
        for shift in 0..2 {
            let width = Width { shift };
            let (mut records, mut leaves) = (Vec::new(), vec![0; LINE]);
            push(&mut records, &mut leaves, width, &[9], &[1, 2]);
            assert_eq!((records.len(), leaves.len()), (stride(width), LINE));
            let keys: Vec<u8> = (1..=255).collect();
            let codes: Vec<u32> = (0..=255).map(|code| code % 9).collect();
            push(&mut records, &mut leaves, width, &keys, &codes);
            assert_eq!(records[stride(width)..][..8], [1, 0, 0, 0, 0, 0, 0, 0]);
            let block = &leaves[LINE..];
            assert_eq!(block[..8], [254, 255, 255, 255, 255, 255, 255, 255]);
            assert_eq!(block[BEFORE..BLOCK_CODES], [0, 63, 127, 191]);
            assert_eq!(block[BLOCK_CODES + (255 << shift)], 255 % 9);
            assert!(leaves.len().is_multiple_of(LINE));
        }
    }
}
