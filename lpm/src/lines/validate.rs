//! Proves that slots name lines, and lines entries.

use super::slot::{NARROW_ROOT, NOTHING};
use crate::Key;
use crate::code::LINE;
use crate::draft::Names;
use crate::engine::Engine;
use crate::image::ImageError;
use crate::view::Claim;
use crate::words::words;

/// One pass over the root, the second table and the bases.
pub(crate) fn validate<K: Key>(claim: &Claim<'_>) -> Result<(), ImageError> {
    let least = if claim.engine == Engine::Narrow { NARROW_ROOT } else { 1 };
    claim.ensure((least..=22).contains(&claim.root_bits), "a root width is wrong")?;
    claim.ensure(claim.engine == Engine::Lines || K::BITS == 32, "its keys are too narrow")?;
    claim.ensure(claim.root.len() == 4 << claim.root_bits, "a root is incomplete")?;
    let count = claim.lines.len() / LINE;
    claim.ensure(count > 0 && claim.lines.len().is_multiple_of(LINE), "a line is incomplete")?;
    let slots = if K::SECOND { claim.second } else { claim.root };
    claim.ensure(words(slots).all(|word| ((word >> 5) as usize) < count), "a slot names no line")?;
    let known = !K::SECOND || slots_within(claim.root, claim.second.len() / 4);
    claim.ensure(known, "a slot names no slot")?;
    claim.ensure(claim.bases.len() == 4 * (count + 1), "line bases are missing")?;
    let named = (claim.names != Names::Ranks).then_some(claim.entries.len() / 4);
    claim.ensure(increasing(claim.bases, named), "a line base is out of order")
}

/// Whether the words rise from 0 to `last`, or to wherever they do.
fn increasing(section: &[u8], last: Option<usize>) -> bool {
    let mut previous = 0;
    let rises = words(section).enumerate().fold(true, |rises, (i, next)| {
        let ok = if i == 0 { next == 0 } else { previous <= next };
        previous = next;
        rises & ok
    });
    rises && last.is_none_or(|last| previous as usize == last)
}

/// Whether every slot word `base << 5 | k` stays below `count`.
fn slots_within(slots: &[u8], count: usize) -> bool {
    let within = |w: u32| w == NOTHING || u64::from(w >> 5) + (1 << (w & 31)) <= count as u64;
    words(slots).fold(true, |ok, w| ok & within(w))
}
