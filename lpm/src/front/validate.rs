//! Proves that every bucket an address can go to is there.

use crate::Key;
use crate::code::LINE;
use crate::draft::Names;
use crate::exact::{Exact, Filter, MOST_BITS, MOST_TIERS, Size, Tier, words_at};
use crate::image::ImageError;
use crate::unchecked::Unchecked;
use crate::view::Claim;
use crate::words::{u32_at, u64_at, words};

/// Bytes that describe the filter, and as many for each tier.
const ABOUT: usize = 16;

/// The tiers of a claim: proved to have their pilots, buckets and entries and nothing beside them, and words that stand
/// for something. O(n) for n buckets.
pub(crate) fn validate<K: Key>(claim: &Claim<'_>) -> Result<Option<Exact<K>>, ImageError> {
    let Some((filter, tiers)) = claim.tiers.split_first_chunk::<ABOUT>() else {
        let sections = [claim.tiers, claim.filter, claim.pilots, claim.buckets, claim.slot_entries];
        claim.ensure(
            sections.iter().all(|section| section.is_empty()),
            "it has parts of tiers, and no tiers",
        )?;
        return Ok(None);
    };
    let shift = u32_at(filter, 8);
    claim.ensure(!claim.filter.is_empty() && shift < 64, "its filter is cut")?;
    let filter = Filter::new(claim.filter, u64_at(filter, 0), shift);
    let (tiers, cut) = tiers.as_chunks::<ABOUT>();
    claim
        .ensure(cut.is_empty() && (1..=MOST_TIERS).contains(&tiers.len()), "its tiers are too many or cut")?;
    let mut exact: Option<Exact<K>> = None;
    let mut before = K::BITS + 1;
    let (mut pilots, mut buckets, mut entries) = (claim.pilots, claim.buckets, claim.slot_entries);
    for about in tiers {
        let [len, blocks, group_bits, bucket_bits] = std::array::from_fn(|i| u32_at(about, 4 * i));
        claim.ensure(len > 0 && len < before, "its tiers are out of order")?;
        claim.ensure(
            group_bits <= MOST_BITS && bucket_bits <= MOST_BITS && blocks > 0,
            "a tier is too large",
        )?;
        before = len;
        let size = Size { len: len as u8, blocks, group_bits, bucket_bits };
        let words_of_entries = if claim.names == Names::None { 0 } else { size.slots::<K>() };
        let lines = take(claim, &mut buckets, size.buckets().checked_mul(LINE), "buckets are missing")?;
        let tier = Tier {
            mask: K::MAX.masked(size.len),
            groups: size.pilots() as u64,
            pilots: Unchecked::part_of(take(claim, &mut pilots, Some(size.pilots()), "pilots are missing")?),
            buckets: Unchecked::new(lines),
            slot_entries: Unchecked::part_of(take(
                claim,
                &mut entries,
                words_of_entries.checked_mul(4),
                "entries of slots are missing",
            )?),
            group_bits,
            bucket_bits,
            is_whole: size.key_bytes::<K>() == K::BYTES,
        };
        ensure_words(claim, lines, words_at(size.key_bytes::<K>()))?;
        match &mut exact {
            Some(exact) => exact.push(tier),
            None => exact = Some(Exact::new(filter, tier)),
        }
    }
    let rest = [pilots, buckets, entries];
    claim.ensure(rest.iter().all(|rest| rest.is_empty()), "it has more than its tiers")?;
    Ok(exact)
}

/// The next so many bytes of a section.
fn take<'i>(
    claim: &Claim<'_>,
    section: &mut &'i [u8],
    count: Option<usize>,
    what: &'static str,
) -> Result<&'i [u8], ImageError> {
    let split = count.and_then(|count| section.split_at_checked(count));
    let Some((taken, rest)) = split else {
        claim.ensure(false, what)?;
        return Ok(&[]);
    };
    *section = rest;
    Ok(taken)
}

/// Proves that the slots which are taken have a code, one less than their word. In a map every prefix has a value.
fn ensure_words(claim: &Claim<'_>, lines: &[u8], words_at: usize) -> Result<(), ImageError> {
    let least = if claim.decides { 1 } else { 2 };
    let is_sound = |word: u32| word == 0 || word >= least && word - 1 <= claim.greatest_code();
    let mut lines = lines.as_chunks::<LINE>().0.iter();
    let sound = lines.all(|line| words(&line[words_at..]).all(is_sound));
    claim.ensure(sound, "a slot has a code that stands for nothing")
}
