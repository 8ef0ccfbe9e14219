//! What a finished lookup structure is made of, before it becomes an image.
//!
//! All engines fill the same ten sections, so that one writer, one loader and
//! one deep search serve them all.

use super::Key;
use super::sweep::{Boundaries, NO_ENTRY};

/// The engines. Which one serves a list is decided by [`super::Family`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// At most 32 boundaries, all compared at once. No root.
    Tiny,
    /// Direct root, then one 64-byte line of 32-bit keys and their values.
    Lines,
    /// IPv4: the same with 16-bit keys, under a root of at least 2^16 slots.
    Narrow,
    /// IPv4: 2^18 slots, each naming a record of 64 bits, one bit per /24, and its values.
    Flat,
    /// IPv4 decisions: 2^18 references to distinct 64-bit decision patterns.
    Bits,
}

impl Engine {
    pub(crate) fn tag(self) -> u32 {
        match self {
            Engine::Tiny => 0,
            Engine::Lines => 1,
            Engine::Flat => 2,
            Engine::Bits => 3,
            Engine::Narrow => 4,
        }
    }
    pub(crate) fn from_tag(tag: u32) -> Option<Self> {
        [Engine::Tiny, Engine::Lines, Engine::Flat, Engine::Bits, Engine::Narrow].get(tag as usize).copied()
    }
    /// Bytes of a key in a line.
    pub(crate) fn key_bytes(self) -> usize {
        if self == Engine::Narrow { 2 } else { 4 }
    }
}

/// Code of "no prefix covers the address". A value `v` has the code `v + 1`.
pub(crate) const NO_CODE: u32 = 0;
/// Root bits of the flat engines: 64 blocks of one /24 below each slot.
pub(crate) const FLAT_ROOT: u32 = 18;
/// The least root bits of the narrow engine: its keys are the bits after them.
pub(crate) const NARROW_ROOT: u32 = 16;
/// Keys of the tiny engine, all of which are compared at once.
pub(crate) const TINY_KEYS: usize = 32;
/// Slot word of the engine of lines where no prefix covers the slot: there is no line to read. No other word has
/// 31 levels.
pub(crate) const NOTHING: u32 = 31;
/// Bytes of a line.
pub(crate) const LINE: usize = 64;

/// Width of a stored code in bytes, and what follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Width {
    /// log2 of the bytes of a code.
    pub(crate) shift: u32,
}

impl Width {
    /// The narrowest width that holds codes up to `max` and the escape code.
    pub(crate) fn for_max(max: u32) -> Self {
        Width {
            shift: if max < 0xff {
                0
            } else if max < 0xffff {
                1
            } else {
                2
            },
        }
    }
    /// All ones in the width: the escape code, and the mask of a load.
    pub(crate) fn mask(self) -> u32 {
        match self.shift {
            0 => 0xff,
            1 => 0xffff,
            _ => u32::MAX,
        }
    }
    /// Keys per line: so many keys, and one code more, fill it.
    pub(crate) fn cap(self, key_bytes: usize) -> usize {
        let code_bytes = 1 << self.shift;
        (LINE - code_bytes) / (key_bytes + code_bytes)
    }
    /// Appends one code.
    pub(crate) fn put(self, out: &mut Vec<u8>, code: u32) {
        out.extend_from_slice(&code.to_le_bytes()[..1 << self.shift]);
    }
}

/// How a structure names the entry that decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    /// Not at all: it only decides. (Its entry words are groups of escapes.)
    None,
    /// By entry words.
    Words,
    /// By the place that an entry word would have: where no prefix lies in another, entry and place are the same.
    Ranks,
}

impl Names {
    pub(crate) fn tag(self) -> u32 {
        self as u32
    }
    pub(crate) fn from_tag(tag: u32) -> Option<Self> {
        [Names::None, Names::Words, Names::Ranks].get(tag as usize).copied()
    }
}

/// A lookup structure under construction. Fields are the image's sections.
#[derive(Debug)]
pub(crate) struct Draft<K> {
    pub(crate) engine: Engine,
    pub(crate) width: Width,
    /// Bits that index the root.
    pub(crate) root_bits: u32,
    /// `Lines`, `Narrow`: slot words. `Flat`: offsets of records. `Bits`: pattern numbers.
    pub(crate) root: Vec<u32>,
    /// `Lines` of IPv6: slot words of the second table.
    pub(crate) second: Vec<u32>,
    /// `Lines`, `Narrow`: 64-byte lines. `Bits`: patterns. `Tiny`: keys.
    pub(crate) lines: Vec<u8>,
    /// `Flat`: records. `Tiny`: codes.
    pub(crate) leaves: Vec<u8>,
    /// `Lines`, `Narrow`, `Flat`: for each line or slot where its part of `entries` begins.
    pub(crate) bases: Vec<u32>,
    /// For each code (`Lines`, `Narrow`: other than [`NO_CODE`]): the entry, or the deep group of an escape.
    pub(crate) entries: Vec<u32>,
    /// Where each deep group begins in `deep_codes`; one more than groups.
    pub(crate) groups: Vec<u32>,
    /// Boundaries inside escaped segments: one fewer than codes in each group.
    pub(crate) deep_keys: Vec<K>,
    pub(crate) deep_codes: Vec<u32>,
    pub(crate) deep_entries: Vec<u32>,
}

/// Sorted boundaries and the code of each: what every engine is built from.
pub(crate) struct Source<'a, K> {
    pub(crate) starts: &'a [K],
    pub(crate) entries: &'a [u32],
    pub(crate) codes: &'a [u32],
    pub(crate) width: Width,
    /// Whether `entries` are kept for `matched`; otherwise only escapes are.
    pub(crate) keep_entries: bool,
}

impl<'a, K: Key> Source<'a, K> {
    pub(crate) fn new(b: &'a Boundaries<K>, codes: &'a [u32], width: Width, keep_entries: bool) -> Self {
        debug_assert_eq!(b.starts.len(), codes.len());
        Source { starts: &b.starts, entries: &b.entries, codes, width, keep_entries }
    }
    pub(crate) fn len(&self) -> usize {
        self.starts.len()
    }
}

impl<K: Key> Draft<K> {
    pub(crate) fn new(engine: Engine, width: Width, root_bits: u32) -> Self {
        Draft {
            engine,
            width,
            root_bits,
            root: Vec::new(),
            second: Vec::new(),
            lines: Vec::new(),
            leaves: Vec::new(),
            bases: Vec::new(),
            entries: Vec::new(),
            groups: vec![0],
            deep_keys: Vec::new(),
            deep_codes: Vec::new(),
            deep_entries: Vec::new(),
        }
    }

    /// Number of deep groups so far.
    pub(crate) fn group_count(&self) -> u32 {
        (self.groups.len() - 1) as u32
    }

    /// Adds the ranges `first..=last` as a deep group and returns its number.
    pub(crate) fn push_group(&mut self, src: &Source<'_, K>, first: usize, last: usize) -> u32 {
        let number = self.group_count();
        self.deep_keys.extend_from_slice(&src.starts[first + 1..=last]);
        self.deep_codes.extend_from_slice(&src.codes[first..=last]);
        if src.keep_entries {
            self.deep_entries.extend_from_slice(&src.entries[first..=last]);
        }
        self.groups.push(self.deep_codes.len() as u32);
        number
    }

    /// What `matched` finds the entries by.
    pub(crate) fn names(&self, keep_entries: bool) -> Names {
        let counted = matches!(self.engine, Engine::Lines | Engine::Narrow) && self.group_count() == 0;
        match keep_entries {
            false => Names::None,
            true if counted && self.entries.iter().copied().eq(0..self.entries.len() as u32) => Names::Ranks,
            true => Names::Words,
        }
    }

    /// Code and entry word of the segment that begins in range `first` and
    /// ends in range `last`: an escape where there are boundaries inside.
    pub(crate) fn segment(&mut self, src: &Source<'_, K>, first: usize, last: usize) -> (u32, u32) {
        if first == last {
            (src.codes[first], src.entries[first])
        } else {
            (self.width.mask(), self.push_group(src, first, last))
        }
    }
}

/// All boundaries in a few vectors of keys, padded with the greatest key; a pad's code repeats the last one, so
/// that counting a pad is harmless.
pub(crate) fn build_tiny<K: Key>(src: &Source<'_, K>) -> Draft<K> {
    let mut d = Draft::new(Engine::Tiny, Width { shift: 2 }, 0);
    let key = |i: usize| src.starts.get(i + 1).copied().unwrap_or(K::MAX);
    if K::BITS == 32 {
        (0..TINY_KEYS).for_each(|i| d.lines.extend_from_slice(&key(i).window().to_le_bytes()));
    } else {
        (0..TINY_KEYS).for_each(|i| d.lines.extend_from_slice(&key(i).left().to_le_bytes()));
        (0..TINY_KEYS).for_each(|i| d.lines.extend_from_slice(&(key(i).wide() as u64).to_le_bytes()));
    }
    for i in 0..=TINY_KEYS {
        let i = i.min(src.len() - 1);
        d.width.put(&mut d.leaves, src.codes[i]);
        d.entries.push(if src.keep_entries { src.entries[i] } else { NO_ENTRY });
    }
    d
}
