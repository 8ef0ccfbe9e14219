//! The plain methods, as someone writes them without a crate for prefixes.

use std::cmp::Reverse;
use std::collections::HashMap;

use foldhash::fast::FixedState;
use ipgate_lpm::{Key, NO_MATCH, Prefix};

/// Every prefix as a range, the longest first, so that the first hit decides.
pub(crate) struct Scan<K>(Vec<(K, K, u32)>);

impl<K: Key> Scan<K> {
    pub(crate) fn new(list: &[Prefix<K>]) -> Scan<K> {
        let mut list = list.to_vec();
        list.sort_by_key(|prefix| Reverse(prefix.len));
        Scan(list.iter().map(|p| (p.key.masked(p.len), p.key.last(p.len), p.value)).collect())
    }

    #[inline(always)]
    pub(crate) fn find(&self, address: K) -> u32 {
        let hit = |row: &&(K, K, u32)| address >= row.0 && address <= row.1;
        self.0.iter().find(hit).map_or(NO_MATCH, |row| row.2)
    }

    pub(crate) fn bytes(&self) -> usize {
        size_of_val(self.0.as_slice())
    }
}

/// Sorted ranges, made without the library: by comparison sort and a stack. A binary search finds an address.
pub(crate) struct Ranges<K> {
    starts: Vec<K>,
    values: Vec<u32>,
}

impl<K: Key> Ranges<K> {
    pub(crate) fn new(list: &[Prefix<K>]) -> Ranges<K> {
        let mut sorted: Vec<_> = list.iter().map(|p| (p.key.masked(p.len), p.len, p.value)).collect();
        sorted.sort();
        let mut ranges = Ranges { starts: vec![K::default()], values: vec![NO_MATCH] };
        // Last address and value of what is open.
        let mut open: Vec<(K, u32)> = Vec::new();
        let around = |open: &[(K, u32)]| open.last().map_or(NO_MATCH, |open| open.1);
        for (key, len, value) in sorted {
            while let Some((end, _)) = open.pop_if(|open| open.0 < key) {
                ranges.put(K::from_wide(end.wide() + 1), around(&open));
            }
            ranges.put(key, value);
            open.push((key.last(len), value));
        }
        while let Some((end, _)) = open.pop() {
            if end != K::MAX {
                ranges.put(K::from_wide(end.wide() + 1), around(&open));
            }
        }
        ranges
    }

    fn put(&mut self, at: K, value: u32) {
        let last = self.starts.len() - 1;
        if self.starts[last] == at {
            self.values[last] = value;
        } else if self.values[last] != value {
            self.starts.push(at);
            self.values.push(value);
        }
    }

    #[inline(always)]
    pub(crate) fn find(&self, address: K) -> u32 {
        self.values[self.starts.partition_point(|&start| start <= address) - 1]
    }

    pub(crate) fn bytes(&self) -> usize {
        size_of_val(self.starts.as_slice()) + size_of_val(self.values.as_slice())
    }
}

/// A hash map for each length, asked the longest first, with the fastest hash that keeps its quality: for lists of
/// hosts alone one probe.
pub(crate) struct Hashed<K>(Vec<(u8, HashMap<K, u32, FixedState>)>);

impl<K: Key> Hashed<K> {
    pub(crate) fn new(list: &[Prefix<K>]) -> Hashed<K> {
        let mut maps: Vec<(u8, HashMap<K, u32, FixedState>)> = Vec::new();
        for prefix in list {
            let at = maps.iter().position(|map| map.0 == prefix.len).unwrap_or_else(|| {
                maps.push((prefix.len, HashMap::default()));
                maps.len() - 1
            });
            maps[at].1.insert(prefix.key.masked(prefix.len), prefix.value);
        }
        maps.sort_by_key(|map| Reverse(map.0));
        Hashed(maps)
    }

    #[inline(always)]
    pub(crate) fn find(&self, address: K) -> u32 {
        self.0.iter().find_map(|(len, map)| map.get(&address.masked(*len))).map_or(NO_MATCH, |value| *value)
    }
}
