//! A lookup structure under construction, before it becomes sections of an image.
//!
//! All engines fill the same sections, so that one writer, one loader and one deep search serve them all.

use crate::Key;
use crate::code::Width;
use crate::engine::Engine;
use crate::exact::Tiers;
use crate::image::Sections;
use crate::sweep::Boundaries;

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
    /// The number that stands for it in an image.
    pub(crate) fn tag(self) -> u32 {
        self as u32
    }

    pub(crate) fn from_tag(tag: u32) -> Option<Self> {
        [Names::None, Names::Words, Names::Ranks].get(tag as usize).copied()
    }
}

/// A lookup structure under construction. The fields from `root` on are sections of the image, in their order.
#[derive(Debug)]
pub(crate) struct Draft<K> {
    pub(crate) engine: Engine,
    pub(crate) width: Width,
    /// Bits that index the root. `Tiny`: bits of a key.
    pub(crate) root_bits: u32,
    /// `Lines`, `Narrow`: slot words. `Flat`: offsets of records. `Bits`: pattern numbers. `Direct`: index of records.
    pub(crate) root: Vec<u32>,
    /// `Lines` of IPv6: slot words of the second table.
    pub(crate) second: Vec<u32>,
    /// `Lines`, `Narrow`: 64-byte lines. `Bits`: patterns. `Tiny`: keys. `Direct`: records.
    pub(crate) lines: Vec<u8>,
    /// `Flat`: records. `Tiny`: codes and entries. `Direct`: codes of /24s, then blocks of crowded ones.
    pub(crate) leaves: Vec<u8>,
    /// `Lines`, `Narrow`, `Flat`: for each line or slot where its part of `entries` begins.
    /// `Direct`: index of the /24s at which the entry changes, then that for each record.
    pub(crate) bases: Vec<u32>,
    /// For each code (`Lines`, `Narrow`: other than `NO_CODE`): the entry, or the deep group of an escape.
    pub(crate) entries: Vec<u32>,
    /// Where each deep group begins in `deep_codes`; one more than groups.
    pub(crate) groups: Vec<u32>,
    /// Boundaries inside escaped segments: one fewer than codes in each group.
    pub(crate) deep_keys: Vec<K>,
    pub(crate) deep_codes: Vec<u32>,
    pub(crate) deep_entries: Vec<u32>,
    /// What is asked before.
    pub(crate) tiers: Tiers,
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
            tiers: Tiers::default(),
        }
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

    /// Adds its sections to those of an image.
    pub(crate) fn push_to<'a>(self, names: Names, sections: &mut Sections<'a>)
    where
        K: 'a,
    {
        sections.push_words(self.root);
        sections.push_words(self.second);
        sections.push_bytes(self.lines);
        sections.push_bytes(self.leaves);
        sections.push_words(self.bases);
        sections.push_words(self.entries);
        // The end of the last group says nothing where there is none.
        sections.push_words(if self.groups.len() > 1 { self.groups } else { Vec::new() });
        let keys = self.deep_keys;
        sections.push(keys.len() * K::BYTES, move |to| {
            to.chunks_exact_mut(K::BYTES).zip(keys).for_each(|(to, key)| key.write(to));
        });
        sections.push_words(self.deep_codes);
        sections.push_words(self.deep_entries);
        self.tiers.push_to(names != Names::None, sections);
    }
}
