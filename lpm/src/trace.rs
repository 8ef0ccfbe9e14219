//! Counts the cache lines of a lookup, by doing it again with bounds checks
//! and writing down what it reads. Also a second opinion for debugging.

use std::collections::BTreeSet;

use crate::code::{LINE, NO_CODE};
use crate::flat::MARKS;
use crate::lines::NOTHING;
use crate::tiny::TINY_KEYS;
use crate::unchecked::Unchecked;
use crate::view::View;
use crate::{Engine, Key};

struct Trace<'a> {
    image: &'a [u8],
    lines: BTreeSet<usize>,
}

impl Trace<'_> {
    /// Reads `len` bytes at `at` bytes after `section`.
    fn read<T>(&mut self, section: Unchecked<T>, at: usize, len: usize) -> u64 {
        let start = section.address(at).addr() - self.image.as_ptr().addr();
        self.lines.extend([start / LINE, (start + len - 1) / LINE]);
        self.image[start..start + len].iter().rev().fold(0, |n, &b| n << 8 | u64::from(b))
    }
}

/// Number of distinct 64-byte lines that the lookup of `key` reads.
pub(crate) fn lines_read<K: Key>(v: &View<K>, image: &[u8], key: K) -> usize {
    let mut t = Trace { image, lines: BTreeSet::new() };
    let width = 1 << v.width.shift;
    let mut group = None;
    match v.engine {
        Engine::Tiny => {
            let at = (0..TINY_KEYS).filter(|&i| tiny_key_is_at_most(&mut t, v, i, key)).count();
            t.read(v.leaves, 4 * at, 4);
        }
        Engine::Lines | Engine::Narrow => {
            let left = key.left();
            let mut slot = t.read(v.root, 4 * root_slot(v, key), 4);
            if K::SECOND && slot != u64::from(NOTHING) {
                let below = left << v.root_bits >> 1 >> (63 - (slot & 31));
                slot = t.read(v.second, 4 * ((slot >> 5) + below) as usize, 4);
            }
            if slot == u64::from(NOTHING) {
                return t.lines.len();
            }
            let mut number = (slot >> 5) as usize;
            for _ in 0..slot & 31 {
                let window = u64::from(key.window().min(u32::MAX - 1));
                let line = number * LINE;
                let at = (0..15).filter(|&i| t.read(v.lines, line + 4 * i, 4) <= window).count();
                number = t.read(v.lines, line + 60, 4) as usize + at;
            }
            let key_bytes = v.engine.key_bytes();
            let window = u64::from(key.window()) & (u64::MAX >> (64 - 8 * key_bytes));
            let line = number * LINE;
            let keys = 0..v.width.cap(key_bytes);
            let at = keys.filter(|&i| t.read(v.lines, line + key_bytes * i, key_bytes) <= window).count();
            let code = t.read(v.lines, line + v.code_at + at * width, width);
            if code == u64::from(v.escape) {
                let named =
                    |i: &usize| t.read(v.lines, line + v.code_at + i * width, width) != u64::from(NO_CODE);
                let rank = (0..at).filter(named).count();
                let base = t.read(v.bases, 4 * number, 4) as usize;
                let next = t.read(v.bases, 4 * number + 4, 4) as usize;
                group = Some(t.read(v.entries, 4 * (base + rank).min(next - 1), 4));
            }
        }
        Engine::Flat => {
            let key = key.window();
            let slot = (key >> 14) as usize;
            let record = t.read(v.root, 4 * slot, 4) as usize;
            let marks = t.read(v.leaves, record, 8) << (63 - (key >> 8 & 63));
            let at = marks.count_ones() as usize - 1;
            if t.read(v.leaves, record + MARKS + at * width, width) == u64::from(v.escape) {
                let base = t.read(v.bases, 4 * slot, 4) as usize;
                group = Some(t.read(v.entries, 4 * (base + at), 4));
            }
        }
        Engine::Bits => {
            let slot = (key.window() >> 14) as usize;
            let number = t.read(v.root, slot * width, width);
            if number < u64::from(v.groups_len) {
                group = Some(number);
            } else {
                t.read(v.lines, 8 * number as usize, 8);
            }
        }
    }
    if let Some(group) = group {
        let group = group as usize;
        let first = t.read(v.groups, 4 * group, 4) as usize;
        let next = t.read(v.groups, 4 * group + 4, 4) as usize;
        let (mut low, mut high) = (first - group, next - group - 1);
        while low < high {
            let middle = usize::midpoint(low, high);
            if deep_key::<K>(&mut t, v, middle) <= key.wide() {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        t.read(v.deep_codes, 4 * (low + group), 4);
    }
    t.lines.len()
}

fn tiny_key_is_at_most<K: Key>(t: &mut Trace<'_>, v: &View<K>, i: usize, key: K) -> bool {
    if K::BITS == 32 {
        return t.read(v.lines, 4 * i, 4) <= u64::from(key.window());
    }
    let high = t.read(v.lines, 8 * i, 8);
    high < key.left() || high == key.left() && t.read(v.lines, 8 * (TINY_KEYS + i), 8) <= key.wide() as u64
}

fn deep_key<K: Key>(t: &mut Trace<'_>, v: &View<K>, i: usize) -> u128 {
    if K::BITS == 32 {
        return u128::from(t.read(v.deep_keys, 4 * i, 4));
    }
    u128::from(t.read(v.deep_keys, 16 * i, 8)) | u128::from(t.read(v.deep_keys, 16 * i + 8, 8)) << 64
}

/// Which word of the root is the one of `key`.
fn root_slot<K: Key>(v: &View<K>, key: K) -> usize {
    let leading = if K::SECOND { key.left() } else { u64::from(key.window()) };
    (leading >> v.root_shift) as usize
}
