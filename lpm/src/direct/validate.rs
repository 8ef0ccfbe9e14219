//! Proves that whatever has the escape code has a record, and records codes and entries.

use super::index;
use super::layout::{ROOT, WHOLE, codes};
use super::records::{BEFORE, BLOCK_CODES, CODES, COUNT, KEYS, stride};
use crate::Key;
use crate::code::LINE;
use crate::draft::Names;
use crate::image::ImageError;
use crate::view::Claim;
use crate::words::{number_at, u32_at, words};

/// One pass over codes, indexes and records.
pub(crate) fn validate<K: Key>(claim: &Claim<'_>) -> Result<(), ImageError> {
    let shift = claim.width.shift;
    let sound = K::BITS == 32 && matches!(claim.root_bits, ROOT | WHOLE) && shift < 2;
    claim.ensure(sound, "a root width is wrong")?;
    let records = index::count(claim.root);
    claim.ensure(records.is_some(), "a count is wrong")?;
    let records = records.unwrap_or_default();
    let codes = claim.leaves.get(..codes(claim.root_bits, records) << shift);
    claim.ensure(codes.is_some(), "a root is incomplete")?;
    claim.ensure(claim.lines.len() == records * stride(claim.width), "a slot names no record")?;
    claim.ensure(
        codes.is_some_and(|codes| codes_fit(claim, codes)),
        "it has a code that stands for nothing",
    )?;
    // Where each record's entries end, counted from where they begin.
    let mut ends = Vec::with_capacity(records);
    for record in claim.lines.chunks_exact(stride(claim.width)) {
        match greatest_rank(claim, record) {
            Some(rank) => ends.push(rank),
            None => return claim.ensure(false, "it has a code that stands for nothing"),
        }
    }
    if claim.names == Names::None {
        return Ok(()); // nobody asks
    }
    claim.ensure(names_fit(claim, &ends), "line bases are missing")
}

/// Whether the /24s whose code is the escape are those that the root marks, and all other codes stand for something.
fn codes_fit(claim: &Claim<'_>, codes: &[u8]) -> bool {
    // None of what follows the codes of /24s is marked.
    let marks = words(claim.root).step_by(2).chain(std::iter::repeat(0));
    let (greatest, escape) = (claim.greatest_code(), claim.width.mask());
    // The 32 codes of a word of marks. Nearly all words are 0, and the greatest of 32 codes is found at once.
    let fit = |marks: u32, most: u32, code: &dyn Fn(usize) -> u32| {
        marks == 0 && most <= greatest
            || (0..32).all(|i| if marks >> i & 1 == 1 { code(i) == escape } else { code(i) <= greatest })
    };
    if claim.width.shift == 0 {
        let mut codes = codes.as_chunks::<32>().0.iter().zip(marks);
        codes.all(|(codes, marks)| {
            let most = codes.iter().fold(0, |most, code| most.max(*code));
            fit(marks, most.into(), &|i| number_at(codes, 1, i))
        })
    } else {
        let mut codes = codes.as_chunks::<64>().0.iter().zip(marks);
        codes.all(|(codes, marks)| {
            let each = codes.as_chunks::<2>().0.iter().map(|code| u16::from_le_bytes(*code));
            fit(marks, each.fold(0, u16::max).into(), &|i| number_at(codes, 2, i))
        })
    }
}

/// The greatest rank that a lookup finds in a record, where all of its codes stand for something.
fn greatest_rank(claim: &Claim<'_>, record: &[u8]) -> Option<usize> {
    let (width, greatest) = (1 << claim.width.shift, claim.greatest_code());
    let are_codes = |codes: &[u8], count| (0..count).all(|i| number_at(codes, width, i) <= greatest);
    let keys = usize::from(*record.get(COUNT)?);
    if keys > 0 {
        let sound = keys <= KEYS && are_codes(record.get(CODES..)?, KEYS + 1);
        return sound.then_some(keys);
    }
    let block = claim.leaves.get((u32_at(record, 0) as usize).checked_mul(LINE)?..)?;
    let (marks, before) = (block.get(..BEFORE)?, block.get(BEFORE..BLOCK_CODES)?);
    let mut count = 0;
    for (word, before) in marks.as_chunks::<8>().0.iter().zip(before) {
        if usize::from(*before) != count {
            return None;
        }
        count += u64::from_le_bytes(*word).count_ones() as usize;
    }
    let codes = block.get(BLOCK_CODES..)?.get(..width * (count + 1))?;
    are_codes(codes, count + 1).then_some(count)
}

/// Whether there is an index of the /24s at which the entry changes, the first one of them, with an entry for each; and
/// a word for each record, after which there are as many entries as it has codes.
fn names_fit(claim: &Claim<'_>, ends: &[usize]) -> bool {
    let entries = claim.entries.len() / 4;
    let Some((changes, firsts)) = claim.bases.split_at_checked(4 * index::WORDS) else { return false };
    u32_at(changes, 0) & 1 == 1
        && index::count(changes).is_some_and(|count| count <= entries)
        && firsts.len() == 4 * ends.len()
        && words(firsts).zip(ends).all(|(first, end)| first as usize + end < entries)
}
