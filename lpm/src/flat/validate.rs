//! Proves that slots name records, and records codes and entries.

use super::build::ROOT;
use super::records::MARKS;
use crate::Key;
use crate::image::ImageError;
use crate::view::Claim;
use crate::words::{number_at, words};

/// One pass over slots and bases.
pub(crate) fn validate<K: Key>(claim: &Claim<'_>) -> Result<(), ImageError> {
    claim.ensure(K::BITS == 32 && claim.root_bits == ROOT, "a root width is wrong")?;
    claim.ensure(claim.root.len() == 4 << ROOT, "a root is incomplete")?;
    claim.ensure(claim.bases.len() == 4 << ROOT, "line bases are missing")?;
    claim.ensure(claim.leaves.len() < 1 << 31, "there are too many records")?;
    claim.ensure(records_within(claim), "a slot names no record")
}

/// Whether each slot names a record with a code for each mark that stands for something, the first block marked, and an
/// entry for each code after the slot's base.
fn records_within(claim: &Claim<'_>) -> bool {
    let entries = claim.entries.len() / 4;
    let (width, greatest) = (1 << claim.width.shift, claim.greatest_code());
    let is_code = |code: u32| code <= greatest || code == claim.width.mask();
    let (mut latest, mut count) = (None, 0);
    words(claim.root).zip(words(claim.bases)).all(|(at, base)| {
        if latest != Some(at) {
            let marks = claim.leaves.get(at as usize..).and_then(|record| record.first_chunk());
            let marks = marks.map_or(0, |marks| u64::from_le_bytes(*marks));
            count = marks.count_ones() as usize;
            latest = Some(at);
            let start = at as usize + MARKS;
            let Some(codes) = claim.leaves.get(start..start + width * count) else { return false };
            if marks & 1 == 0 || !(0..count).all(|i| is_code(number_at(codes, width, i))) {
                return false;
            }
        }
        base as usize + count <= entries
    })
}
