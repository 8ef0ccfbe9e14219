//! One tier: the prefixes of one length.

use crate::Key;
use crate::code::LINE;
use crate::unchecked::Unchecked;

/// The most tiers of a structure.
pub(crate) const MOST_TIERS: usize = 3;
/// The most bits of a group's number in its block, and of a bucket's.
pub(crate) const MOST_BITS: u32 = 16;

/// How large a tier is, as an image says it: four numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    /// The length of its prefixes.
    pub(crate) len: u8,
    /// Blocks of groups and buckets.
    pub(crate) blocks: u32,
    /// A block has so many groups, as a power of two.
    pub(crate) group_bits: u32,
    /// A block has so many buckets, as a power of two.
    pub(crate) bucket_bits: u32,
}

impl Size {
    /// Pilots of the tier, one for each group.
    pub(crate) fn pilots(self) -> usize {
        (self.blocks as usize) << self.group_bits
    }

    pub(crate) fn buckets(self) -> usize {
        (self.blocks as usize) << self.bucket_bits
    }

    /// Bytes of a key: the upper half of an IPv6 address, where that is all that counts.
    pub(crate) fn key_bytes<K: Key>(self) -> usize {
        if K::BITS == 128 && self.len <= 64 { 8 } else { K::BYTES }
    }

    pub(crate) fn slots<K: Key>(self) -> usize {
        self.buckets() * slots(self.key_bytes::<K>())
    }
}

/// Keys of so many bytes that a bucket holds, with a word for each.
pub(crate) const fn slots(key_bytes: usize) -> usize {
    (LINE - 4) / (key_bytes + 4)
}

/// Where the words of a bucket begin: they end with it.
pub(crate) const fn words_at(key_bytes: usize) -> usize {
    LINE - 4 * slots(key_bytes)
}

/// A tier as the lookups see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tier<K> {
    /// The bits that its prefixes have.
    pub(crate) mask: K,
    /// Groups of all blocks.
    pub(crate) groups: u64,
    pub(crate) pilots: Unchecked<u8>,
    pub(crate) buckets: Unchecked<u8>,
    /// The entry of each slot, where the structure names entries.
    pub(crate) slot_entries: Unchecked<u32>,
    pub(crate) group_bits: u32,
    pub(crate) bucket_bits: u32,
    /// Whether its keys are whole addresses.
    pub(crate) is_whole: bool,
}

impl<K: Key> Tier<K> {
    /// What its prefixes have of an address; with `HOSTS` that is all.
    #[inline(always)]
    pub(crate) fn prefix<const HOSTS: bool>(&self, key: K) -> K {
        if HOSTS { key } else { key.and(self.mask) }
    }
}
