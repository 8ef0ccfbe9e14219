//! The layout of an image: a header, then sections whose places follow from their lengths.
//!
//! ```text
//! 0    magic: 93 "IPGATE" 0a (the first byte is in no UTF-8 text, so no list begins so)
//! 8    byte order: 01020304 as a little-endian word   12   format version
//! 16   length of the image                            24   XXH3-64 of everything from 32 on
//! 32   generation                                     40   creation, µs since 1970 UTC
//! 48   scope                                          52   which lists are set
//! 64   SHA-256 of the default list's text             96   SHA-256 of the app list's text
//! 128  a length for each section
//! 320  the sections, each at the next multiple of 64 with at least 4 bytes between two
//! ```
//!
//! Integers are little-endian on every machine. There are no offsets that could point anywhere.

use std::ops::Range;

use super::image::ImageError;

pub(super) const MAGIC: [u8; 8] = *b"\x93IPGATE\n";
pub(super) const BYTE_ORDER: u32 = 0x0102_0304;
pub(super) const VERSION: u32 = 2;

/// Where the header's fields stand.
pub(super) mod field {
    use std::ops::Range;

    pub(crate) const MAGIC: Range<usize> = 0..8;
    pub(crate) const BYTE_ORDER: usize = 8;
    pub(crate) const VERSION: usize = 12;
    pub(crate) const LENGTH: usize = 16;
    pub(crate) const CHECKSUM: usize = 24;
    /// What the checksum covers begins here.
    pub(crate) const CHECKED: usize = 32;
    pub(crate) const GENERATION: usize = 32;
    pub(crate) const CREATED: usize = 40;
    pub(crate) const SCOPE: usize = 48;
    pub(crate) const LISTS: usize = 52;
    pub(crate) const DIGESTS: [Range<usize>; 2] = [64..96, 96..128];
    pub(crate) const LENGTHS: usize = 128;
}

pub(super) const HEADER: usize = 320;

/// Bytes between two sections that a four-byte load of a section's last byte may touch.
const GUARD: usize = 4;

/// The sections in their order. A table of each family comes first, then columns with a value for each
/// entry, sorted by prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    /// The compiled lookup structures.
    V4Family,
    V6Family,
    /// Network addresses, 4 bytes each; 2 where there are blocks.
    V4Addresses,
    /// Of a long list: the first entry in each block of addresses whose upper halves are equal, 4 bytes each, and
    /// the number of entries.
    V4Blocks,
    /// Prefix lengths, 1 byte each.
    V4Lengths,
    /// Value numbers, 1, 2 or 4 bytes each as their count asks for.
    V4Values,
    /// Line numbers (see `columns::LineCode`); nothing where no entry has one.
    V4Lines,
    /// Entry numbers (4 bytes each) of the entries that expire, ascending.
    V4Expiring,
    /// When they do, µs since 1970 UTC, 8 bytes each.
    V4Untils,
    /// The same for IPv6; addresses have 16 bytes, and there are no blocks.
    V6Addresses,
    V6Blocks,
    V6Lengths,
    V6Values,
    V6Lines,
    V6Expiring,
    V6Untils,
    /// What an entry says, 4 bytes each: action, origin and label number (see `entries::Value`).
    Values,
    /// Where each label ends in `LabelText`, 4 bytes each.
    LabelEnds,
    LabelText,
    /// Names of the default and the app list.
    DefaultSource,
    AppSource,
}

/// The columns of a family: addresses, blocks, lengths, values, lines, expiring entries, expiries.
pub(super) type ColumnSections = [Section; 7];

pub(super) const V4_COLUMNS: ColumnSections = [
    Section::V4Addresses,
    Section::V4Blocks,
    Section::V4Lengths,
    Section::V4Values,
    Section::V4Lines,
    Section::V4Expiring,
    Section::V4Untils,
];

pub(super) const V6_COLUMNS: ColumnSections = [
    Section::V6Addresses,
    Section::V6Blocks,
    Section::V6Lengths,
    Section::V6Values,
    Section::V6Lines,
    Section::V6Expiring,
    Section::V6Untils,
];

pub(super) const SECTIONS: usize = Section::AppSource as usize + 1;

const _: () = assert!(field::LENGTHS + 8 * SECTIONS <= HEADER && HEADER.is_multiple_of(64));

/// Where each section lies in an image.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    ranges: [Range<usize>; SECTIONS],
    /// Length of the whole image.
    pub(super) total: usize,
}

impl Layout {
    /// The layout that follows from the sections' lengths; an error where it would not fit `usize`.
    pub(super) fn new(lengths: [u64; SECTIONS]) -> Result<Layout, ImageError> {
        let too_long = ImageError::damaged("its sections are longer than memory can hold");
        let mut ranges = [const { 0..0 }; SECTIONS];
        let mut at = HEADER;
        for (range, length) in ranges.iter_mut().zip(lengths) {
            let end = usize::try_from(length).ok().and_then(|length| at.checked_add(length));
            let end = end.filter(|&end| end < usize::MAX / 2).ok_or(too_long)?;
            *range = at..end;
            at = (end + GUARD).next_multiple_of(64);
        }
        Ok(Layout { ranges, total: at })
    }

    /// Where a section lies.
    pub(super) fn range(&self, section: Section) -> Range<usize> {
        self.ranges.get(section as usize).cloned().unwrap_or_default()
    }
}

/// The little-endian word at `at`, 0 beyond the end.
#[inline]
pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let word = bytes.get(at..).and_then(|rest| rest.first_chunk());
    word.map_or(0, |word| u32::from_le_bytes(*word))
}

/// The little-endian double word at `at`, 0 beyond the end.
pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let word = bytes.get(at..).and_then(|rest| rest.first_chunk());
    word.map_or(0, |word| u64::from_le_bytes(*word))
}
