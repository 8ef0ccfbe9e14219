//! What an image of a table holds: a family for IPv4 and one for IPv6, columns with a value for each of their entries,
//! and what the values mean; in the header's note, what is said of the whole.

use ipgate_lpm::FAMILY_SECTIONS;
use ipgate_lpm::image::NOTE;
use ipgate_lpm::words::{u32_at, u64_at};

/// The first section of the compiled IPv4 prefixes.
pub(super) const V4_FAMILY: usize = 0;
/// The first section of the compiled IPv6 prefixes.
pub(super) const V6_FAMILY: usize = V4_FAMILY + FAMILY_SECTIONS;
/// The first column of the IPv4 entries.
pub(super) const V4_COLUMNS: usize = V6_FAMILY + FAMILY_SECTIONS;
/// The first column of the IPv6 entries.
pub(super) const V6_COLUMNS: usize = V4_COLUMNS + column::COUNT;
/// The first of the sections that say what the values of entries mean.
pub(super) const VALUES: usize = V6_COLUMNS + column::COUNT;
/// How many sections there are.
pub(super) const SECTIONS: usize = VALUES + meaning::COUNT;

/// What the values of entries mean, counted from the first.
pub(super) mod meaning {
    /// What an entry says, 4 bytes each: action, origin and label number (see `entries::Value`).
    pub(crate) const VALUES: usize = 0;
    /// Where each label ends in the next section, 4 bytes each.
    pub(crate) const LABEL_ENDS: usize = 1;
    pub(crate) const LABEL_TEXT: usize = 2;
    /// The names of the default and of the app list.
    pub(crate) const SOURCES: [usize; 2] = [3, 4];
    pub(crate) const COUNT: usize = 5;
}

/// The columns of one family's entries, sorted by prefix, counted from the first.
pub(super) mod column {
    /// Network addresses, 4 or 16 bytes each; 2 where there are blocks.
    pub(crate) const ADDRESSES: usize = 0;
    /// Of a long IPv4 list: the first entry in each block of addresses whose upper halves are equal, 4 bytes each, and
    /// the number of entries.
    pub(crate) const BLOCKS: usize = 1;
    /// Prefix lengths, 1 byte each.
    pub(crate) const LENGTHS: usize = 2;
    /// Value numbers, 1, 2 or 4 bytes each as their count asks for.
    pub(crate) const VALUES: usize = 3;
    /// Line numbers (see `columns::LineCode`); nothing where no entry has one.
    pub(crate) const LINES: usize = 4;
    /// Entry numbers (4 bytes each) of the entries that expire, ascending.
    pub(crate) const EXPIRING: usize = 5;
    /// When they do, µs since 1970 UTC, 8 bytes each.
    pub(crate) const UNTILS: usize = 6;
    pub(crate) const COUNT: usize = 7;
}

/// What is said of the whole.
///
/// ```text
/// 0   generation      8   creation, µs since 1970 UTC
/// 16  scope           20  which lists are set
/// 24  SHA-256 of the default list's text    56  SHA-256 of the app list's text
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Note {
    pub(super) generation: u64,
    pub(super) created_micros: u64,
    pub(super) scope: u32,
    /// Of the default and of the app list, where they are set.
    pub(super) digests: [Option<[u8; 32]>; 2],
}

impl Note {
    pub(super) fn of(bytes: &[u8; NOTE]) -> Note {
        let set = u32_at(bytes, 20);
        let digest = |list: usize| {
            let digest = bytes.get(24 + 32 * list..)?.first_chunk::<32>()?;
            (set >> list & 1 == 1).then_some(*digest)
        };
        Note {
            generation: u64_at(bytes, 0),
            created_micros: u64_at(bytes, 8),
            scope: u32_at(bytes, 16),
            digests: [digest(0), digest(1)],
        }
    }

    pub(super) fn to_bytes(self) -> [u8; NOTE] {
        let set = self.digests.map(|digest| u32::from(digest.is_some()));
        let mut bytes = [0; NOTE];
        let mut at = 0;
        let mut put = |value: &[u8]| {
            bytes[at..at + value.len()].copy_from_slice(value);
            at += value.len();
        };
        put(&self.generation.to_le_bytes());
        put(&self.created_micros.to_le_bytes());
        put(&self.scope.to_le_bytes());
        put(&(set[0] | set[1] << 1).to_le_bytes());
        self.digests.iter().for_each(|digest| put(&digest.unwrap_or_default()));
        bytes
    }
}

const _: () = assert!(24 + 2 * 32 == NOTE);
