//! Proves that slots lead to lines, and lines to codes and entries.

use std::ops::RangeInclusive;

use super::slot::{NARROW_ROOT, NOTHING, SEPARATORS};
use crate::Key;
use crate::code::LINE;
use crate::draft::Names;
use crate::engine::Engine;
use crate::image::ImageError;
use crate::view::Claim;
use crate::words::{number_at, u32_at, words};

/// One pass over the root, the second table, the bases and the lines.
pub(crate) fn validate<K: Key>(claim: &Claim<'_>) -> Result<(), ImageError> {
    let least = if claim.engine == Engine::Narrow { NARROW_ROOT } else { 1 };
    claim.ensure((least..=22).contains(&claim.root_bits), "a root width is wrong")?;
    claim.ensure(claim.engine == Engine::Lines || K::BITS == 32, "its keys are too narrow")?;
    claim.ensure(claim.root.len() == 4 << claim.root_bits, "a root is incomplete")?;
    let count = claim.lines.len() / LINE;
    claim.ensure(count > 0 && claim.lines.len().is_multiple_of(LINE), "a line is incomplete")?;
    let slots = if K::SECOND { claim.second } else { claim.root };
    // To the end, so that many are compared at once.
    let named = words(slots).fold(true, |ok, word| ok & (((word >> 5) as usize) < count));
    claim.ensure(named, "a slot names no line")?;
    let known = !K::SECOND || slots_within(claim.root, claim.second.len() / 4);
    claim.ensure(known, "a slot names no slot")?;
    claim.ensure(claim.bases.len() == 4 * (count + 1), "line bases are missing")?;
    let named = (claim.names != Names::Ranks).then_some(claim.entries.len() / 4);
    claim.ensure(increasing(claim.bases, named), "a line base is out of order")?;
    lines_lead_to_codes::<K>(claim, slots)
}

/// Walks from the slots through the separator lines down to the lines of codes, each once: a line is at one level, has
/// the lines below it that its keys tell apart, and at the lowest level codes that stand for something.
fn lines_lead_to_codes<K: Key>(claim: &Claim<'_>, slots: &[u8]) -> Result<(), ImageError> {
    const UNSEEN: u8 = u8::MAX;
    let lines = claim.lines.as_chunks::<LINE>().0;
    let mut levels = vec![UNSEEN; lines.len()];
    // At most sixteen for each line that has been seen.
    let mut open = Vec::new();
    let mut previous = NOTHING;
    for slot in words(slots) {
        // Neighbours share lines.
        if slot == previous || slot == NOTHING {
            continue;
        }
        previous = slot;
        open.push(((slot >> 5) as usize, (slot & 31) as u8));
        while let Some((number, level)) = open.pop() {
            let (Some(line), Some(seen)) = (lines.get(number), levels.get_mut(number)) else {
                return claim.ensure(false, "a line leads to none");
            };
            if *seen == level {
                continue;
            }
            claim.ensure(*seen == UNSEEN, "a line is at two levels")?;
            *seen = level;
            match level.checked_sub(1) {
                None => claim.ensure(has_codes::<K>(claim, line), "it has a code that stands for nothing")?,
                Some(below) => open.extend(children(line).map(|child| (child, below))),
            }
        }
    }
    Ok(())
}

/// The lines below a separator line: one more than it has keys, which are followed by pads.
fn children(line: &[u8; LINE]) -> RangeInclusive<usize> {
    let first = u32_at(line, SEPARATORS * 4) as usize;
    first..=first + words(line).take(SEPARATORS).filter(|key| *key != u32::MAX).count()
}

/// Whether every code of a line stands for something. Keys of IPv4 are whole, so that nothing of it is an escape.
fn has_codes<K: Key>(claim: &Claim<'_>, line: &[u8; LINE]) -> bool {
    let (key_bytes, width) = (claim.engine.key_bytes(), 1 << claim.width.shift);
    let keys = claim.width.cap(key_bytes);
    let codes = line.get(key_bytes * keys..).unwrap_or_default();
    let (greatest, has_escapes) = (claim.greatest_code(), K::BELOW > 0);
    (0..=keys)
        .map(|i| number_at(codes, width, i))
        .all(|code| code <= greatest || has_escapes && code == claim.width.mask())
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
