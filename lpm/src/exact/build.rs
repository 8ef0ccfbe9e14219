//! Chooses the lengths that become tiers, and packs their prefixes into buckets.

use std::collections::HashSet;

use super::filter::FilterDraft;
use super::hash::{bucket, group, hash};
use super::tier::{MOST_TIERS, Size, slots, words_at};
use crate::code::LINE;
use crate::image::Sections;
use crate::{Key, Prefix};

/// Sizes of a block, as a power of two of buckets, and how many of a hundred slots are taken at most: the smaller a
/// block, the more its share of the prefixes varies. The largest stays in the second-level cache while it is filled.
const BLOCKS: [(u32, usize); 4] = [(10, 88), (9, 86), (8, 83), (7, 78)];
/// Prefixes of a group, about.
const GROUP: usize = 4;
/// The most prefixes that a pilot is looked for: more have one hash, or come from a list that is made to have it.
const MOST_OF_GROUP: usize = 32;
/// Lists with at most so many prefixes are compared at once instead (`tiny`).
const FEW: usize = 16;
/// A length is worth a tier if one prefix in so many has it.
const SHARE: usize = 16;

/// Tiers under construction.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tiers {
    /// Of each tier, the longest prefixes first.
    sizes: Vec<Size>,
    filter: FilterDraft,
    pilots: Vec<u8>,
    buckets: Vec<u8>,
    /// The entry of each slot.
    slot_entries: Vec<u32>,
}

impl Tiers {
    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.sizes.is_empty()
    }

    /// The same prefixes with other codes, by their places in the list.
    pub(crate) fn recoded<K: Key>(&self, code: impl Fn(usize) -> u32) -> Tiers {
        let mut tiers = self.clone();
        let mut lines = tiers.buckets.as_chunks_mut::<LINE>().0.iter_mut();
        let mut entries = tiers.slot_entries.iter();
        for size in &tiers.sizes {
            let words_at = words_at(size.key_bytes::<K>());
            for line in lines.by_ref().take(size.buckets()) {
                for (word, &place) in line[words_at..].as_chunks_mut::<4>().0.iter_mut().zip(entries.by_ref())
                {
                    if *word != [0; 4] {
                        *word = (code(place as usize) + 1).to_le_bytes();
                    }
                }
            }
        }
        tiers
    }

    /// Adds its sections to those of an image, `named` with the entries of slots.
    pub(crate) fn push_to(self, named: bool, sections: &mut Sections<'_>) {
        let mut about = Vec::new();
        if !self.sizes.is_empty() {
            let FilterDraft { base, shift, .. } = self.filter;
            about.extend([base as u32, (base >> 32) as u32, shift, 0]);
        }
        for Size { len, blocks, group_bits, bucket_bits } in self.sizes {
            about.extend([u32::from(len), blocks, group_bits, bucket_bits]);
        }
        sections.push_words(about);
        sections.push_bytes(self.filter.bits);
        sections.push_bytes(self.pilots);
        sections.push_bytes(self.buckets);
        sections.push_words(if named { self.slot_entries } else { Vec::new() });
    }
}

/// The lengths of a list that become tiers, longest first; `forced` takes them however few their prefixes are.
///
/// They are those that the engines are slow for: hosts, and of IPv6 what a line does not tell apart.
fn lengths<K: Key>(list: &[Prefix<K>], forced: bool) -> Vec<u8> {
    let suits = |len: u32| len == K::BITS || K::BITS == 128 && (K::ANCHOR + 33..=64).contains(&len);
    if !forced && (list.len() <= FEW || K::BITS == 32 && !is_crowded(list)) {
        return Vec::new();
    }
    let mut counts = [0usize; 129];
    list.iter().for_each(|p| counts[usize::from(p.len)] += 1);
    let least = if forced { 1 } else { (list.len() / SHARE).max(FEW / 2) };
    let often = |len: &u32| counts[*len as usize] >= least;
    let mut found: Vec<u8> =
        (1..=K::BITS).filter(|&len| suits(len)).filter(often).map(|len| len as u8).collect();
    found.sort_by_key(|&len| std::cmp::Reverse(counts[usize::from(len)]));
    found.truncate(MOST_TIERS);
    found.sort_unstable_by_key(|&len| std::cmp::Reverse(len));
    found
}

/// Whether a line of IPv4, whose keys are exact, is hard to find: in a list that is too short for narrow lines, most
/// prefixes lie where a slot of the root has so many that separators stand above its lines.
fn is_crowded<K: Key>(list: &[Prefix<K>]) -> bool {
    const SLOT_BITS: u32 = 14;
    const MOST: usize = 1 << 15;
    if list.len() > MOST {
        return false;
    }
    let (mut counts, mut crowded) = (vec![0u16; 1 << SLOT_BITS], 0);
    for p in list {
        let count = &mut counts[(p.key.left() >> (64 - SLOT_BITS)) as usize];
        *count += 1;
        crowded += match usize::from(*count) {
            ..=FEW => 0,
            count if count == FEW + 1 => count,
            _ => 1,
        };
    }
    2 * crowded > list.len()
}

/// The tiers of a list, and the places of the rest in ascending order; `None` where no length is worth one. `forced` as
/// in [`lengths`]. Time O(n), memory 32 bytes a prefix beside the tiers.
pub(crate) fn split<K: Key>(list: &[Prefix<K>], forced: bool) -> Option<(Tiers, Vec<u32>)> {
    let lengths = lengths(list, forced);
    if lengths.is_empty() {
        return None;
    }
    let mut tiers = Tiers::default();
    let mut taken = Vec::new();
    let places = 0..list.len() as u32;
    let len_of = |place: u32| list[place as usize].len;
    let mut rest: Vec<u32> = places.clone().filter(|&place| !lengths.contains(&len_of(place))).collect();
    for len in lengths {
        let key = |place: u32| list[place as usize].key.masked(len);
        // What has a longer one of the rest inside stays with it.
        let outer: HashSet<K> = rest.iter().filter(|&&place| len_of(place) > len).map(|&p| key(p)).collect();
        let of_length = places.clone().filter(|&place| len_of(place) == len);
        let (stay, go): (Vec<u32>, Vec<u32>) = if outer.is_empty() {
            (Vec::new(), of_length.collect())
        } else {
            of_length.partition(|&place| outer.contains(&key(place)))
        };
        rest.extend(stay);
        if go.is_empty() {
            continue;
        }
        let items =
            go.iter().map(|&place| Item { key: key(place), place, code: list[place as usize].value + 1 });
        rest.extend(Packing::new::<K>(&mut tiers, len, go.len()).fill(items));
        taken.extend(go);
    }
    if !tiers.is_empty() {
        let prefixes = taken.iter().map(|&place| (list[place as usize].key, len_of(place)));
        tiers.filter = FilterDraft::of(prefixes);
    }
    rest.sort_unstable();
    Some((tiers, rest))
}

/// A prefix on its way into a bucket.
#[derive(Clone, Copy, Default)]
struct Item<K> {
    key: K,
    place: u32,
    code: u32,
}

/// A tier that is being filled.
struct Packing<'t> {
    tiers: &'t mut Tiers,
    size: Size,
    key_bytes: usize,
    /// Keys of a bucket.
    slots: usize,
    /// Where its pilots, buckets and slots begin among those of all tiers.
    first: [usize; 3],
    /// What found no place.
    left: Vec<u32>,
}

impl<'t> Packing<'t> {
    /// An empty tier for so many prefixes, behind the ones that are there.
    fn new<K: Key>(tiers: &'t mut Tiers, len: u8, count: usize) -> Packing<'t> {
        let size = size::<K>(len, count);
        let first = [tiers.pilots.len(), tiers.buckets.len() / LINE, tiers.slot_entries.len()];
        tiers.sizes.push(size);
        tiers.pilots.resize(first[0] + size.pilots(), 0);
        tiers.buckets.resize((first[1] + size.buckets()) * LINE, 0);
        tiers.slot_entries.resize(first[2] + size.slots::<K>(), 0);
        let key_bytes = size.key_bytes::<K>();
        Packing { tiers, size, key_bytes, slots: slots(key_bytes), first, left: Vec::new() }
    }

    /// Places the prefixes, and gives back what found none.
    fn fill<K: Key>(mut self, items: impl Iterator<Item = Item<K>> + Clone) -> Vec<u32> {
        // By block, so that what follows stays in the cache.
        let (groups, bits) = (self.size.pilots() as u64, self.size.group_bits);
        let block_of = |item: &Item<K>| group(hash(item.key), groups) >> bits;
        let (sorted, ends) = parted(items, self.size.blocks as usize, block_of);
        let mut first = 0;
        for (block, end) in ends.into_iter().enumerate() {
            self.block(block, &sorted[first..end]);
            first = end;
        }
        self.left
    }

    /// Places the prefixes of a block, the largest groups first, while there is most room.
    fn block<K: Key>(&mut self, block: usize, items: &[Item<K>]) {
        let (groups, all) = (1usize << self.size.group_bits, self.size.pilots() as u64);
        let group_of = |item: &Item<K>| group(hash(item.key), all) & (groups - 1);
        let (sorted, ends) = parted(items.iter().copied(), groups, group_of);
        let of = |group: usize| group.checked_sub(1).map_or(0, |before| ends[before])..ends[group];
        let mut by_size: Vec<usize> = (0..groups).filter(|&group| !of(group).is_empty()).collect();
        by_size.sort_by_key(|&group| std::cmp::Reverse(of(group).len()));
        let mut taken = vec![0u8; 1 << self.size.bucket_bits];
        let mut members = Vec::new();
        for group in by_size {
            distinct(&sorted[of(group)], &mut members);
            let pilot = (members.len() <= MOST_OF_GROUP).then(|| self.pilot(&members, &mut taken)).flatten();
            match pilot {
                Some(pilot) => self.store(block, group, pilot, &members, &mut taken),
                None => self.left.extend(sorted[of(group)].iter().map(|item| item.place)),
            }
        }
    }

    /// A pilot that sends each of a group to a bucket with room.
    fn pilot<K>(&self, members: &[(u64, Item<K>)], taken: &mut [u8]) -> Option<u8> {
        let bits = self.size.bucket_bits;
        (0..=u8::MAX).find(|&pilot| {
            let fits = |&(hash, _): &(u64, Item<K>)| {
                let slots = &mut taken[bucket(hash, pilot, bits)];
                let room = usize::from(*slots) < self.slots;
                *slots += u8::from(room);
                room
            };
            let placed = members.iter().map(fits).take_while(|fits| *fits).count();
            // Undone: they are taken when they are stored.
            members[..placed].iter().for_each(|&(hash, _)| taken[bucket(hash, pilot, bits)] -= 1);
            placed == members.len()
        })
    }

    /// Writes a group to its buckets.
    fn store<K: Key>(
        &mut self,
        block: usize,
        group: usize,
        pilot: u8,
        members: &[(u64, Item<K>)],
        taken: &mut [u8],
    ) {
        let [pilots, buckets, slots] = self.first;
        self.tiers.pilots[pilots + (block << self.size.group_bits) + group] = pilot;
        for (hash, item) in members {
            let to = bucket(*hash, pilot, self.size.bucket_bits);
            let slot = usize::from(taken[to]);
            taken[to] += 1;
            let at = (block << self.size.bucket_bits) + to;
            let line = &mut self.tiers.buckets[LINE * (buckets + at)..][..LINE];
            let key = &mut line[self.key_bytes * slot..][..self.key_bytes];
            if self.key_bytes == K::BYTES {
                item.key.write(key);
            } else {
                key.copy_from_slice(&item.key.left().to_le_bytes());
            }
            line[words_at(self.key_bytes) + 4 * slot..][..4].copy_from_slice(&(item.code + 1).to_le_bytes());
            self.tiers.slot_entries[slots + at * self.slots + slot] = item.place;
        }
    }
}

/// The size of a tier for so many prefixes: the least of those that the blocks allow.
fn size<K: Key>(len: u8, count: usize) -> Size {
    let size = |bucket_bits: u32, blocks: usize| {
        let in_block = count.div_ceil(blocks);
        let group_bits = in_block.div_ceil(GROUP).next_power_of_two().ilog2();
        Size { len, blocks: blocks as u32, group_bits, bucket_bits }
    };
    let in_buckets = |bits: u32, load: usize| (slots(size(0, 1).key_bytes::<K>()) << bits) * load / 100;
    let several = BLOCKS.map(|(bits, load)| size(bits, count.div_ceil(in_buckets(bits, load))));
    // One block may be as small as it likes: nothing varies.
    let one = (0..BLOCKS[0].0).find(|&bits| count <= in_buckets(bits, BLOCKS[0].1)).map(|bits| size(bits, 1));
    several.into_iter().chain(one).min_by_key(|size| size.buckets()).unwrap_or(several[0])
}

/// Items by the number of their part, in their order within it, and where each part ends.
fn parted<K: Key>(
    items: impl Iterator<Item = Item<K>> + Clone,
    parts: usize,
    part: impl Fn(&Item<K>) -> usize,
) -> (Vec<Item<K>>, Vec<usize>) {
    let mut counts = vec![0; parts];
    items.clone().for_each(|item| counts[part(&item)] += 1);
    let mut sum = 0;
    for count in &mut counts {
        sum += std::mem::replace(count, sum);
    }
    let mut sorted = vec![Item::default(); sum];
    for item in items {
        let next = &mut counts[part(&item)];
        sorted[*next] = item;
        *next += 1;
    }
    (sorted, counts) // each was counted up to where the next part begins
}

/// The prefixes of a group with their hashes, of equal ones the last. At most one more than a group may have: what is
/// beyond is not looked at.
fn distinct<K: Key>(group: &[Item<K>], members: &mut Vec<(u64, Item<K>)>) {
    members.clear();
    for item in group {
        if let Some((_, member)) = members.iter_mut().find(|(_, member)| member.key == item.key) {
            *member = *item;
        } else if members.len() <= MOST_OF_GROUP {
            members.push((hash(item.key), *item));
        }
    }
}
