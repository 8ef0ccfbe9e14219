//! The byte image of a table: writing it, and proving that one is sound.
//!
//! ```text
//! 0    magic, family, number of entries, total length
//! 32   part "map":  engine, width, root bits, names, ten section lengths
//! 128  part "set":  the same; nothing where the map decides, too
//! 224  the codes of the map from 1 up to this one allow; 0: the set decides
//! 256  sections, each at the next multiple of 64 with at least 4 bytes
//!      between the end of one and the start of the next
//! ```
//! All integers are little-endian. There are no pointers and no offsets: they
//! follow from the lengths.

use super::Key;
use super::part::{Draft, Engine, FLAT_ROOT, LINE, NARROW_ROOT, NOTHING, Names, TINY_KEYS, Width};
use super::records::MARKS;
use super::view::View;

const MAGIC: u64 = u64::from_le_bytes(*b"lpm-tb03");
const HEADER: usize = 256;
const PART_AT: [usize; 2] = [32, 128];
const ALLOWED_AT: usize = 224;
const SECTIONS: usize = 10;
/// Bytes after a section that a four-byte load of its last byte may touch.
const GUARD: usize = 4;

/// Why an image was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageError {
    what: &'static str,
}

impl ImageError {
    /// What is wrong, as half a sentence: "its length is not the one it states".
    pub(crate) fn what(self) -> &'static str {
        self.what
    }
}

impl std::fmt::Display for ImageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the image of a family is damaged: {}", self.what)
    }
}

impl std::error::Error for ImageError {}

fn check(ok: bool, what: &'static str) -> Result<(), ImageError> {
    if ok { Ok(()) } else { Err(ImageError { what }) }
}

/// What says whether an address is allowed.
pub(crate) enum Decider<K> {
    /// The map: its codes from 1 up to this one allow.
    Map(u32),
    /// A structure of decisions.
    Set(Box<Draft<K>>),
}

/// Both parts of a family, ready to be written.
pub(crate) struct Parts<K> {
    entries: usize,
    /// The map, and the set where there is one.
    parts: Vec<Draft<K>>,
    names: [Names; 2],
    allowed: u32,
    lengths: [[usize; SECTIONS]; 2],
    total: usize,
}

impl<K: Key> Parts<K> {
    pub(crate) fn new(entries: usize, mut map: Draft<K>, decider: Decider<K>) -> Parts<K> {
        let names = [map.names(true), Names::None];
        if names[0] == Names::Ranks {
            map.entries = Vec::new();
        }
        let (set, allowed) = match decider {
            Decider::Map(allowed) => (None, allowed),
            Decider::Set(set) => (Some(*set), 0),
        };
        let parts: Vec<Draft<K>> = [map].into_iter().chain(set).collect();
        let mut lengths = [[0; SECTIONS]; 2];
        for (lengths, d) in lengths.iter_mut().zip(&parts) {
            *lengths = [
                d.root.len() * 4,
                d.second.len() * 4,
                d.lines.len(),
                d.leaves.len(),
                d.bases.len() * 4,
                d.entries.len() * 4,
                d.groups.len() * 4,
                d.deep_keys.len() * K::BYTES,
                d.deep_codes.len() * 4,
                d.deep_entries.len() * 4,
            ];
        }
        let total = lengths.as_flattened().iter().fold(HEADER, |at, len| place(at, *len).1);
        Parts { entries, parts, names, allowed, lengths, total }
    }

    /// Bytes of the image.
    pub(crate) fn len(&self) -> usize {
        self.total
    }

    /// Lays the parts out in zeroed bytes, as many as [`Parts::len`] said.
    pub(crate) fn write(self, out: &mut [u8]) {
        let Parts { entries, parts, names, allowed, lengths, total } = self;
        out[..8].copy_from_slice(&MAGIC.to_le_bytes());
        out[8..12].copy_from_slice(&(K::BYTES as u32).to_le_bytes());
        out[12..16].copy_from_slice(&(entries as u32).to_le_bytes());
        out[16..24].copy_from_slice(&(total as u64).to_le_bytes());
        out[ALLOWED_AT..ALLOWED_AT + 4].copy_from_slice(&allowed.to_le_bytes());
        let mut at = HEADER;
        for (p, d) in parts.into_iter().enumerate() {
            let head = &mut out[PART_AT[p]..];
            let words = [d.engine.tag(), d.width.shift, d.root_bits, names[p].tag()];
            for (i, word) in words.iter().enumerate() {
                head[4 * i..4 * i + 4].copy_from_slice(&word.to_le_bytes());
            }
            for (i, &len) in lengths[p].iter().enumerate() {
                head[16 + 8 * i..24 + 8 * i].copy_from_slice(&(len as u64).to_le_bytes());
            }
            let mut section = |i: usize, fill: &mut dyn FnMut(&mut [u8])| {
                let (start, next) = place(at, lengths[p][i]);
                fill(&mut out[start..start + lengths[p][i]]);
                at = next;
            };
            let words = |from: Vec<u32>| {
                move |to: &mut [u8]| {
                    for (to, from) in to.chunks_exact_mut(4).zip(&from) {
                        to.copy_from_slice(&from.to_le_bytes());
                    }
                }
            };
            section(0, &mut words(d.root));
            section(1, &mut words(d.second));
            section(2, &mut |to| to.copy_from_slice(&d.lines));
            section(3, &mut |to| to.copy_from_slice(&d.leaves));
            section(4, &mut words(d.bases));
            section(5, &mut words(d.entries));
            section(6, &mut words(d.groups));
            section(7, &mut |to| {
                for (to, key) in to.chunks_exact_mut(K::BYTES).zip(&d.deep_keys) {
                    to.copy_from_slice(&key.wide().to_le_bytes()[..K::BYTES]);
                }
            });
            section(8, &mut words(d.deep_codes));
            section(9, &mut words(d.deep_entries));
        }
    }
}

/// Bytes of the map, of the set, and of the entry numbers of a sound image.
pub(crate) fn sizes(bytes: &[u8]) -> (usize, usize, usize) {
    let sections = |p: usize| {
        let lengths = bytes[PART_AT[p] + 16..][..8 * SECTIONS].as_chunks::<8>().0;
        lengths.iter().map(|l| u64::from_le_bytes(*l) as usize)
    };
    // Bases, entries and deep entries name entries; the rest answers.
    let names = |i: usize| matches!(i, 4 | 5 | 9);
    let named = sections(0).enumerate().filter(|s| names(s.0)).map(|s| s.1).sum();
    (sections(0).sum::<usize>() - named, sections(1).sum(), named)
}

/// Start of a section of `len` bytes after `at`, and where the next may begin. An empty section is never read
/// and takes no room.
fn place(at: usize, len: usize) -> (usize, usize) {
    (at, if len == 0 { at } else { (at + len + GUARD).next_multiple_of(64) })
}

/// Family of an image: bytes of an address. For a caller that holds both.
pub(crate) fn family(bytes: &[u8]) -> Option<u32> {
    (bytes.len() >= HEADER && bytes[..8] == MAGIC.to_le_bytes()).then(|| u32_at(bytes, 8))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn words(bytes: &[u8]) -> impl DoubleEndedIterator<Item = u32> + '_ {
    bytes.as_chunks::<4>().0.iter().map(|w| u32::from_le_bytes(*w))
}

/// Checks the image and returns the number of entries and the two parts.
///
/// This is the only maker of a [`View`]: it proves the view's invariant for
/// arbitrary bytes, in one pass over roots, bases and groups.
pub(crate) fn validate<K: Key>(bytes: &[u8]) -> Result<(usize, [View<K>; 2]), ImageError> {
    // Sections of words are loaded as words, so the whole has to be aligned.
    check(bytes.as_ptr().addr().is_multiple_of(64), "it is not aligned")?;
    check(family(bytes) == Some(K::BYTES as u32), "it is not a table of this family")?;
    let total = bytes[16..24].iter().rev().fold(0u64, |n, &b| n << 8 | u64::from(b));
    check(total == bytes.len() as u64, "its length is not the one it states")?;
    let entries = u32_at(bytes, 12) as usize;
    let mut at = HEADER;
    let mut part = |p: usize| {
        let head = &bytes[PART_AT[p]..];
        let mut sections = [&bytes[..0]; SECTIONS];
        for (i, section) in sections.iter_mut().enumerate() {
            let len = words(&head[16 + 8 * i..24 + 8 * i]).rev().fold(0u64, |n, w| n << 32 | u64::from(w));
            check(len <= bytes.len() as u64, "a section is longer than the image")?;
            let (start, next) = place(at, len as usize);
            check(next <= bytes.len(), "a section ends beyond the image")?;
            *section = &bytes[start..start + len as usize];
            at = next;
        }
        let engine = Engine::from_tag(u32_at(head, 0));
        let engine = engine.ok_or(ImageError { what: "its engine is unknown" })?;
        let names = Names::from_tag(u32_at(head, 12));
        let names = names.ok_or(ImageError { what: "how it names entries is unknown" })?;
        // Only the first part is asked for entries.
        check(names != Names::None || p == 1, "it names no entries")?;
        validate_part(engine, u32_at(head, 4), u32_at(head, 8), names, sections)
    };
    let map = part(0)?;
    let set = match u32_at(bytes, ALLOWED_AT) {
        0 => part(1)?,
        allowed => View { allowed, ..map },
    };
    Ok((entries, [map, set]))
}

fn validate_part<K: Key>(
    engine: Engine,
    shift: u32,
    root_bits: u32,
    names: Names,
    sections: [&[u8]; SECTIONS],
) -> Result<View<K>, ImageError> {
    let [root, second, lines, leaves, bases, entries, groups, deep_keys, deep_codes, deep_entries] = sections;
    check(shift <= 2, "a code width is unknown")?;
    let width = Width { shift };

    // Deep groups: strictly increasing starts, one key fewer than codes.
    let groups_len = (groups.len() / 4).checked_sub(1);
    let groups_len = groups_len.ok_or(ImageError { what: "it has no group table" })?;
    let codes = deep_codes.len() / 4;
    check(ascending(groups, 0, codes), "a group is out of order")?;
    // `ascending` proved that there are at least as many codes as groups.
    check(deep_keys.len() == (codes - groups_len) * K::BYTES, "deep keys are missing")?;
    check(names == Names::None || deep_entries.len() / 4 == codes, "deep entries are missing")?;

    let (mut root_shift, cap) = (0, width.cap(engine.key_bytes()));
    check(
        names != Names::Ranks || matches!(engine, Engine::Lines | Engine::Narrow),
        "its entries have no ranks",
    )?;
    let root_len = root.len();
    match engine {
        Engine::Tiny => {
            check(shift == 2, "a code width is wrong")?;
            check(lines.len() == TINY_KEYS * K::BYTES, "keys are missing")?;
            check(leaves.len() == 4 * (TINY_KEYS + 1), "codes are missing")?;
            check(entries.len() == 4 * (TINY_KEYS + 1), "entries are missing")?;
        }
        Engine::Lines | Engine::Narrow => {
            let least = if engine == Engine::Narrow { NARROW_ROOT } else { 1 };
            check((least..=22).contains(&root_bits), "a root width is wrong")?;
            check(engine == Engine::Lines || K::BITS == 32, "its keys are too narrow")?;
            check(root_len == 4 << root_bits, "a root is incomplete")?;
            root_shift = K::BITS.min(64) - root_bits;
            let count = lines.len() / LINE;
            check(count > 0 && lines.len() % LINE == 0, "a line is incomplete")?;
            let slots = if K::SECOND { second } else { root };
            check(words(slots).all(|w| ((w >> 5) as usize) < count), "a slot names no line")?;
            check(!K::SECOND || slots_within(root, second.len() / 4), "a slot names no slot")?;
            check(bases.len() == 4 * (count + 1), "line bases are missing")?;
            let named = (names != Names::Ranks).then_some(entries.len() / 4);
            check(increasing(bases, named), "a line base is out of order")?;
        }
        Engine::Flat => {
            check(K::BITS == 32 && root_bits == FLAT_ROOT, "a root width is wrong")?;
            check(root_len == 4 << FLAT_ROOT, "a root is incomplete")?;
            check(bases.len() == 4 << FLAT_ROOT, "line bases are missing")?;
            check(leaves.len() < 1 << 31, "there are too many records")?;
            check(records_within(root, bases, leaves, shift, entries.len() / 4), "a slot names no record")?;
        }
        Engine::Bits => {
            check(K::BITS == 32 && root_bits == FLAT_ROOT, "a root width is wrong")?;
            check(shift > 0 && root_len == 1 << (FLAT_ROOT + shift), "a root is incomplete")?;
            let patterns = lines.len() / 8;
            check(lines.len() < 1 << 31, "there are too many patterns")?;
            let greatest = if shift == 1 {
                root.as_chunks::<2>().0.iter().map(|w| u32::from(u16::from_le_bytes(*w))).max()
            } else {
                words(root).max()
            };
            check(greatest.is_some_and(|n| (n as usize) < patterns), "a slot names no pattern")?;
        }
    }
    Ok(View {
        engine,
        width,
        root_shift,
        root_bits,
        key_mask: (1 << cap) - 1,
        code_at: engine.key_bytes() * cap,
        escape: width.mask(),
        code_drop: 32 - (8 << shift),
        last_line: (lines.len() / LINE).saturating_sub(1),
        groups_len: groups_len as u32,
        names,
        allowed: 1,
        root: root.as_ptr().cast(),
        second: second.as_ptr().cast(),
        lines: lines.as_ptr(),
        leaves: leaves.as_ptr(),
        bases: bases.as_ptr().cast(),
        entries: entries.as_ptr().cast(),
        groups: groups.as_ptr().cast(),
        deep_keys: deep_keys.as_ptr().cast(),
        deep_codes: deep_codes.as_ptr().cast(),
        deep_entries: deep_entries.as_ptr().cast(),
    })
}

/// Whether the words rise strictly from `first` to `last`.
fn ascending(section: &[u8], first: usize, last: usize) -> bool {
    let mut list = words(section);
    let Some(mut previous) = list.next() else {
        return false;
    };
    let mut ok = previous as usize == first;
    for next in list {
        ok &= previous < next;
        previous = next;
    }
    ok && previous as usize == last
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

/// Whether each slot names a record with a code for each mark, the first block marked, and an entry for each
/// code after the slot's base.
fn records_within(slots: &[u8], bases: &[u8], records: &[u8], shift: u32, entries: usize) -> bool {
    let (mut latest, mut count) = (None, 0);
    words(slots).zip(words(bases)).all(|(at, base)| {
        if latest != Some(at) {
            let marks = records.get(at as usize..).and_then(|record| record.first_chunk());
            let marks = marks.map_or(0, |marks| u64::from_le_bytes(*marks));
            count = marks.count_ones() as usize;
            latest = Some(at);
            if marks & 1 == 0 || at as usize + MARKS + (count << shift) > records.len() {
                return false;
            }
        }
        base as usize + count <= entries
    })
}

/// Whether every slot word `base << 5 | k` stays below `count`.
fn slots_within(slots: &[u8], count: usize) -> bool {
    let within = |w: u32| w == NOTHING || u64::from(w >> 5) + (1 << (w & 31)) <= count as u64;
    words(slots).fold(true, |ok, w| ok & within(w))
}
