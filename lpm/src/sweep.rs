//! From a list of prefixes to sorted boundaries: a radix sort and one sweep.
//!
//! A boundary is an address at which the longest match changes. Between two
//! neighbours every address has the same longest match, so a sorted list of
//! boundaries says everything the list of prefixes says, and at most
//! `2n + 1` of them are needed for `n` prefixes.

use crate::Key;

/// Entry index of a range that no prefix covers.
pub(crate) const NO_ENTRY: u32 = u32::MAX;

/// Bits of an order word that hold the place in the list.
const PLACE_BITS: u32 = 26;
/// The most prefixes one family takes: 64 Mi, two lists of the greatest length.
pub const MAX_PREFIXES: usize = 1 << PLACE_BITS;

/// One prefix of a list, and what is said of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix<K> {
    /// Network address. Bits after `len` are ignored.
    pub key: K,
    /// Length in bits, at most the width of the family.
    pub len: u8,
    /// The decision: what `is_allowed` answers.
    pub allow: bool,
    /// What `lookup` answers, at most [`MAX_VALUE`](crate::MAX_VALUE).
    pub value: u32,
}

/// Sorted boundaries. `starts[0]` is the zero address; `entries` is parallel.
#[derive(Debug, Default)]
pub(crate) struct Boundaries<K> {
    /// First address of each range, strictly increasing.
    pub(crate) starts: Vec<K>,
    /// The longest match in the range: a place in the list or [`NO_ENTRY`].
    pub(crate) entries: Vec<u32>,
}

impl<K: Key> Boundaries<K> {
    /// Appends a boundary; a later one at the same address replaces the
    /// earlier, and one that changes nothing is left out.
    #[inline]
    fn push(&mut self, start: K, entry: u32) {
        let last = self.starts.len() - 1;
        if self.starts[last] == start {
            self.entries[last] = entry;
            if last > 0 && self.entries[last - 1] == entry {
                self.starts.pop();
                self.entries.pop();
            }
        } else if self.entries[last] != entry {
            self.starts.push(start);
            self.entries.push(entry);
        }
    }

    /// How many boundaries [`Boundaries::merged`] would leave.
    pub(crate) fn merged_len(&self, f: impl FnMut(u32) -> u32) -> usize {
        let mut codes = self.entries.iter().copied().map(f);
        let first = codes.next();
        let changes = codes.scan(first, |last, code| Some(last.replace(code) != Some(code)));
        usize::from(first.is_some()) + changes.filter(|changes| *changes).count()
    }

    /// The boundaries that remain when each entry stands for `f(entry)`.
    pub(crate) fn merged(&self, mut f: impl FnMut(u32) -> u32) -> Boundaries<K> {
        let mut out = Boundaries { starts: Vec::new(), entries: Vec::new() };
        for (&start, &entry) in self.starts.iter().zip(&self.entries) {
            let code = f(entry);
            if out.entries.last() != Some(&code) {
                out.starts.push(start);
                out.entries.push(code);
            }
        }
        out
    }

    pub(crate) fn len(&self) -> usize {
        self.starts.len()
    }

    /// Index of the range that holds `key`.
    #[cfg(test)]
    pub(crate) fn find(&self, key: K) -> usize {
        self.starts.partition_point(|&s| s <= key) - 1
    }
}

/// Stable radix sort of the bits from `PLACE_BITS` up. Digits that are the
/// same in all words cost one counting pass shared by all digits.
fn radix_sort(words: &mut Vec<u64>) {
    const DIGIT: u32 = 13;
    const DIGITS: usize = 3;
    const SIZE: usize = 1 << DIGIT;
    if words.is_sorted() {
        return;
    }
    if words.len() < 2048 {
        // Places are distinct, so the whole-word order is the stable order.
        words.sort_unstable();
        return;
    }
    let digit = |word: u64, d: usize| (word >> (PLACE_BITS + d as u32 * DIGIT)) as usize & (SIZE - 1);
    let mut counts = vec![[0u32; SIZE]; DIGITS];
    for &word in words.iter() {
        for (d, count) in counts.iter_mut().enumerate() {
            count[digit(word, d)] += 1;
        }
    }
    let mut other = vec![0u64; words.len()];
    for (d, count) in counts.iter_mut().enumerate() {
        if count[digit(words[0], d)] as usize == words.len() {
            continue;
        }
        let mut sum = 0;
        for c in count.iter_mut() {
            sum += std::mem::replace(c, sum);
        }
        for &word in words.iter() {
            let place = &mut count[digit(word, d)];
            other[*place as usize] = word;
            *place += 1;
        }
        std::mem::swap(words, &mut other);
    }
}

/// Places of the list in order of (address, length, place).
///
/// A word holds the leading 38 bits of (address, length) and the place. For
/// IPv4 that is all there is; for IPv6 runs of equal leading bits are sorted
/// by comparison afterwards.
fn order<K: Key>(list: &[Prefix<K>]) -> Vec<u64> {
    let mut words: Vec<u64> = list
        .iter()
        .enumerate()
        .map(|(place, p)| {
            let key = p.key.masked(p.len).left();
            let lead = if K::BITS == 32 { key >> 26 | u64::from(p.len) } else { key >> 26 };
            lead << PLACE_BITS | place as u64
        })
        .collect();
    radix_sort(&mut words);
    if K::BITS != 32 {
        let mut rest = &mut words[..];
        let mut run_keys = Vec::new();
        while let Some(&first) = rest.first() {
            let run = rest.iter().take_while(|&&w| w >> PLACE_BITS == first >> PLACE_BITS).count();
            let (head, tail) = rest.split_at_mut(run);
            if run > 1 {
                run_keys.clear();
                run_keys.extend(head.iter().map(|&w| {
                    let p = &list[place(w)];
                    (p.key.masked(p.len), p.len, w)
                }));
                if !run_keys.is_sorted() {
                    run_keys.sort_unstable();
                }
                for (word, key) in head.iter_mut().zip(&run_keys) {
                    *word = key.2;
                }
            }
            rest = tail;
        }
    }
    words
}

/// Whether the list has this order already.
fn is_sorted<K: Key>(list: &[Prefix<K>]) -> bool {
    list.is_sorted_by_key(|p| (p.key.masked(p.len), p.len))
}

/// Places of the list in order of (address, length, place); `None` where it is in that order. O(n) for n prefixes.
///
/// ```
/// use ipgate_lpm::{Prefix, sorted_places};
/// let host = |key: u32| Prefix { key, len: 32, allow: true, value: 0 };
/// assert_eq!(sorted_places(&[host(9), host(7), host(8)]), Some(vec![1, 2, 0]));
/// assert_eq!(sorted_places(&[host(7), host(8)]), None);
/// ```
#[must_use]
pub fn sorted_places<K: Key>(list: &[Prefix<K>]) -> Option<Vec<u32>> {
    (!is_sorted(list)).then(|| order(list).into_iter().map(|word| place(word) as u32).collect())
}

#[inline]
fn place(word: u64) -> usize {
    (word & ((1 << PLACE_BITS) - 1)) as usize
}

/// Sweeps the sorted prefixes once. A stack holds the prefixes that cover the
/// current address, outermost first: at most one per length.
pub(crate) fn sweep<K: Key>(list: &[Prefix<K>]) -> Boundaries<K> {
    if is_sorted(list) {
        return sweep_sorted(
            list.iter().enumerate().map(|(at, p)| (p.key.masked(p.len), p.len, at)),
            list.len(),
        );
    }
    let prefixes = order(list).into_iter().map(|word| {
        let at = place(word);
        if K::BITS == 32 {
            // Everything is in the word: no random access to the list.
            (K::from_wide(u128::from(word >> 32)), (word >> PLACE_BITS) as u8 & 63, at)
        } else {
            (list[at].key.masked(list[at].len), list[at].len, at)
        }
    });
    sweep_sorted(prefixes, list.len())
}

/// [`sweep`] of `count` sorted prefixes: address, length and place in the list of each.
fn sweep_sorted<K: Key>(prefixes: impl Iterator<Item = (K, u8, usize)>, count: usize) -> Boundaries<K> {
    let room = 2 * count + 1; // what is never written takes no memory
    let mut out = Boundaries { starts: Vec::with_capacity(room), entries: Vec::with_capacity(room) };
    out.starts.push(K::default());
    out.entries.push(NO_ENTRY);
    // (last address, entry)
    let mut covering: Vec<(K, u32)> = Vec::with_capacity(K::BITS as usize + 2);
    let close = |out: &mut Boundaries<K>, covering: &mut Vec<(K, u32)>, last: K| {
        covering.pop();
        if last != K::MAX {
            let outer = covering.last().map_or(NO_ENTRY, |c| c.1);
            out.push(K::from_wide(last.wide() + 1), outer);
        }
    };
    for (key, len, at) in prefixes {
        while let Some(&(last, _)) = covering.last() {
            if last >= key {
                break;
            }
            close(&mut out, &mut covering, last);
        }
        out.push(key, at as u32);
        covering.push((key.last(len), at as u32));
    }
    while let Some(&(last, _)) = covering.last() {
        close(&mut out, &mut covering, last);
    }
    out.starts.shrink_to_fit();
    out.entries.shrink_to_fit();
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn p(key: u32, len: u8, value: u32) -> Prefix<u32> {
        Prefix { key, len, allow: true, value }
    }

    #[test]
    fn nested_and_equal_prefixes() {
        let list = [p(0x0a000000, 8, 0), p(0x0a010000, 16, 1), p(0x0a000000, 8, 2), p(0xff000000, 8, 3)];
        let b = sweep(&list);
        assert_eq!(b.starts, [0, 0x0a000000, 0x0a010000, 0x0a020000, 0x0b000000, 0xff000000]);
        assert_eq!(b.entries, [NO_ENTRY, 2, 1, 2, NO_ENTRY, 3]);
        assert_eq!(b.find(0x0a01ffff), 2);
    }

    #[test]
    fn covering_stack_with_duplicates_of_one_prefix() {
        let list: Vec<_> = (0..300).map(|v| p(0, 0, v)).collect();
        let b = sweep(&list);
        assert_eq!((b.starts, b.entries), (vec![0], vec![299]));
    }
}
