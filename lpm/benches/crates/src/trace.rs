//! Counts the cache lines of a lookup, by doing it again with bounds checks and writing down what it reads. Also a second
//! opinion on the layout: it knows the sections from their description in `lpm/src/stored.rs` alone.

use std::collections::BTreeSet;

use ipgate_lpm::{Engine, Family, Key};

/// Bytes of a line.
const LINE: usize = 64;
/// Slot word where no prefix covers the slot.
const NOTHING: u64 = 31;

/// Number of distinct 64-byte lines of the image that the lookup of an address reads: of the decision, or of the value.
pub(crate) fn lines_read<K: Key>(family: &Family<K>, key: K, decision: bool) -> usize {
    let (image, first) = family.image();
    let head = image.section::<[u8; 4]>(first);
    let number = |at: usize| u32::from_le_bytes(head[at]);
    // Where the map decides, too, there is no set.
    let set = decision && number(2) == 0;
    let (engines, about, first) = if set { (1, 8, first + 16) } else { (0, 4, first + 1) };
    let part = Part {
        width: 1 << number(about + 1),
        root_bits: number(about + 2),
        sections: (0..15).map(|i| image.section(first + i)).collect(),
        key,
    };
    let (map, set) = family.engines();
    let mut trace = Trace { lines: BTreeSet::new() };
    if part.tiers(&mut trace) {
        return trace.lines.len();
    }
    let group = match if engines == 1 { set } else { map } {
        Engine::Tiny => part.tiny(&mut trace),
        Engine::Lines => part.lines(&mut trace, 4),
        Engine::Narrow => part.lines(&mut trace, 2),
        Engine::Flat => part.flat(&mut trace),
        Engine::Bits => part.bits(&mut trace),
        Engine::Direct => part.direct(&mut trace),
    };
    group.into_iter().for_each(|group| part.deep(&mut trace, group as usize));
    trace.lines.len()
}

/// The lines that were read.
struct Trace {
    lines: BTreeSet<usize>,
}

impl Trace {
    /// Reads `len` bytes at byte `at` of a section.
    fn read(&mut self, section: &[u8], at: usize, len: usize) -> u64 {
        let bytes = &section[at..at + len];
        let start = bytes.as_ptr().addr();
        self.lines.extend([start / LINE, (start + len - 1) / LINE]);
        bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }
}

/// One structure, and an address that is looked up in it. Each engine returns the deep group that it meets.
struct Part<'i, K> {
    /// Bytes of a code.
    width: usize,
    root_bits: u32,
    /// Root, second, lines, leaves, bases, entries, groups, deep keys, deep codes, deep entries, tiers, filter, pilots,
    /// buckets.
    sections: Vec<&'i [u8]>,
    key: K,
}

impl<K: Key> Part<'_, K> {
    fn escape(&self) -> u64 {
        u64::MAX >> (64 - 8 * self.width)
    }

    /// The leading 64 bits of an address.
    fn left(&self) -> u64 {
        (self.key.wide() << (128 - K::BITS) >> 64) as u64
    }

    /// What a line compares: an IPv4 address, or bits 16 to 48 of an IPv6 one.
    fn window(&self) -> u64 {
        if K::BITS == 32 { self.left() >> 32 } else { self.left() >> 16 & 0xffff_ffff }
    }

    /// Whether a tier has the address. All tiers are asked, whichever has it.
    fn tiers(&self, trace: &mut Trace) -> bool {
        let [tiers, filter, pilots, buckets] = [10, 11, 12, 13].map(|i| self.sections[i]);
        if tiers.is_empty() {
            return false;
        }
        let number = |at: usize| (0..4).fold(0, |n, i| n | (tiers[4 * at + i] as usize) << (8 * i));
        let base = number(0) as u64 | (number(1) as u64) << 32;
        let bit = (self.left().wrapping_sub(base) >> number(2)).min(8 * filter.len() as u64 - 1);
        if trace.read(filter, (bit / 8) as usize, 1) >> (bit % 8) & 1 == 0 {
            return false;
        }
        let (mut pilot_at, mut bucket_at, mut hit) = (0, 0, false);
        for [len, blocks, group_bits, bucket_bits] in
            (1..tiers.len() / 16).map(|i| std::array::from_fn(|j| number(4 * i + j)))
        {
            let key = self.key.masked(len as u8).wide();
            let product = u128::from(key as u64 ^ 0x243f_6a88_85a3_08d3)
                * u128::from((key >> 64) as u64 ^ 0x1319_8a2e_0370_7345);
            let hash = product as u64 ^ (product >> 64) as u64;
            let group = ((u128::from(hash) * ((blocks << group_bits) as u128)) >> 64) as usize;
            let pilot = trace.read(pilots, pilot_at + group, 1) as u32;
            let mixed = (hash as u32 ^ (pilot << 24)).wrapping_mul(0x9e37_79b1);
            let bucket =
                (u64::from(mixed) << bucket_bits >> 32) as usize + (group >> group_bits << bucket_bits);
            let line = LINE * (bucket_at + bucket);
            let (bytes, value) = match K::BITS {
                32 => (4, key),
                _ if len > 64 => (16, key),
                _ => (8, key >> 64),
            };
            let slots = (LINE - 4) / (bytes + 4);
            for slot in 0..slots {
                let at = line + bytes * slot;
                let low = u128::from(trace.read(buckets, at, bytes.min(8)));
                let high = if bytes == 16 { u128::from(trace.read(buckets, at + 8, 8)) } else { 0 };
                let word = trace.read(buckets, line + LINE - 4 * (slots - slot), 4);
                hit |= (low | high << 64) == value && word != 0;
            }
            pilot_at += blocks << group_bits;
            bucket_at += blocks << bucket_bits;
        }
        hit
    }

    fn tiny(&self, trace: &mut Trace) -> Option<u64> {
        let [keys, codes] = [self.sections[2], self.sections[3]];
        // Groups of eight keys; of their halves, if they have two, the upper ones first.
        let bytes = self.root_bits as usize / 8;
        let part = bytes.min(8);
        let key = self.key.wide() << (128 - K::BITS);
        let above = (0..keys.len() / bytes).filter(|&i| {
            let part_at = |n: usize| i / 8 * 8 * bytes + n * 64 + i % 8 * part;
            let parts = (0..bytes / part).map(|n| u128::from(trace.read(keys, part_at(n), part)));
            let flipped = parts.map(|value| if part == 8 { value ^ 1 << 63 } else { value });
            let whole = flipped.fold(0, |whole, value| whole << (8 * part) | value);
            whole << (128 - 8 * bytes) > key
        });
        let above = above.count();
        trace.read(codes, 2 * above * self.width, self.width);
        None
    }

    fn lines(&self, trace: &mut Trace, key_bytes: usize) -> Option<u64> {
        let [root, second, lines] = [self.sections[0], self.sections[1], self.sections[2]];
        let mut slot = trace.read(root, 4 * (self.left() >> (64 - self.root_bits)) as usize, 4);
        if K::BITS != 32 && slot != NOTHING {
            let below = self.left() << self.root_bits >> 1 >> (63 - (slot & 31));
            slot = trace.read(second, 4 * ((slot >> 5) + below) as usize, 4);
        }
        if slot == NOTHING {
            return None;
        }
        let mut line = (slot >> 5) as usize * LINE;
        for _ in 0..slot & 31 {
            let window = self.window().min(u64::from(u32::MAX - 1));
            let at = (0..15).filter(|&i| trace.read(lines, line + 4 * i, 4) <= window).count();
            line = (trace.read(lines, line + 60, 4) as usize + at) * LINE;
        }
        let cap = (LINE - self.width) / (key_bytes + self.width);
        let window = self.window() & (u64::MAX >> (64 - 8 * key_bytes));
        let at = (0..cap).filter(|&i| trace.read(lines, line + key_bytes * i, key_bytes) <= window).count();
        let code = |trace: &mut Trace, i: usize| {
            trace.read(lines, line + key_bytes * cap + i * self.width, self.width)
        };
        if code(trace, at) != self.escape() {
            return None;
        }
        let rank = (0..at).filter(|&i| code(trace, i) != 0).count();
        let base = trace.read(self.sections[4], line / LINE * 4, 4) as usize;
        let next = trace.read(self.sections[4], line / LINE * 4 + 4, 4) as usize;
        Some(trace.read(self.sections[5], 4 * (base + rank).min(next - 1), 4))
    }

    fn flat(&self, trace: &mut Trace) -> Option<u64> {
        let [root, records] = [self.sections[0], self.sections[3]];
        let slot = (self.window() >> 14) as usize;
        let record = trace.read(root, 4 * slot, 4) as usize;
        let marks = trace.read(records, record, 8) << (63 - (self.window() >> 8 & 63));
        let at = marks.count_ones() as usize - 1;
        if trace.read(records, record + 8 + at * self.width, self.width) != self.escape() {
            return None;
        }
        let base = trace.read(self.sections[4], 4 * slot, 4) as usize;
        Some(trace.read(self.sections[5], 4 * (base + at), 4))
    }

    fn bits(&self, trace: &mut Trace) -> Option<u64> {
        let slot = (self.window() >> 14) as usize;
        let number = trace.read(self.sections[0], slot * self.width, self.width);
        let groups = self.sections[6].len() / 4 - 1;
        if number < groups as u64 {
            return Some(number);
        }
        trace.read(self.sections[2], 8 * number as usize, 8);
        None
    }

    /// Its records are its own: no group lies below them.
    fn direct(&self, trace: &mut Trace) -> Option<u64> {
        let [index, records, codes] = [self.sections[0], self.sections[2], self.sections[3]];
        let (block, byte) = ((self.window() >> 8) as usize, self.window() & 255);
        if trace.read(codes, block * self.width, self.width) != self.escape() {
            return None;
        }
        let marks = trace.read(index, block / 32 * 8, 4) << (63 - block % 32);
        let number = trace.read(index, block / 32 * 8 + 4, 4) as usize + marks.count_ones() as usize - 1;
        if self.root_bits == 32 {
            trace.read(codes, ((1 << 24) + number * 256 + byte as usize) * self.width, self.width);
            return None;
        }
        let record = number * 16 * self.width;
        if trace.read(records, record + 7, 1) > 0 {
            let at = (0..7).filter(|&i| trace.read(records, record + i, 1) <= byte).count();
            trace.read(records, record + 8 + at * self.width, self.width);
            return None;
        }
        let crowded = trace.read(records, record, 4) as usize * LINE;
        let word = (byte / 64) as usize;
        let marks = trace.read(codes, crowded + 8 * word, 8) << (63 - byte % 64);
        let at = trace.read(codes, crowded + 32 + word, 1) as usize + marks.count_ones() as usize;
        trace.read(codes, crowded + 36 + at * self.width, self.width);
        None
    }

    /// A binary search in a deep group.
    fn deep(&self, trace: &mut Trace, group: usize) {
        let [groups, keys, codes] = [self.sections[6], self.sections[7], self.sections[8]];
        let first = trace.read(groups, 4 * group, 4) as usize;
        let next = trace.read(groups, 4 * group + 4, 4) as usize;
        let key = |trace: &mut Trace, i: usize| {
            let word = |trace: &mut Trace, at: usize| u128::from(trace.read(keys, at, K::BYTES.min(8)));
            match K::BITS {
                32 => word(trace, 4 * i),
                _ => word(trace, 16 * i) | word(trace, 16 * i + 8) << 64,
            }
        };
        let (mut low, mut high) = (first - group, next - group - 1);
        while low < high {
            let middle = usize::midpoint(low, high);
            if key(trace, middle) <= self.key.wide() {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        trace.read(codes, 4 * (low + group), 4);
    }
}
