//! The other crates, and the two plain methods, behind one constructor.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipgate_bench::contender::{Chain, Contender};
use ipgate_bench::timer::Timer;
use ipgate_lpm::{NO_MATCH, Prefix};

/// Owns what the contenders borrow.
pub(crate) struct Peers<K: Family> {
    pub(crate) trie: (prefix_trie::PrefixMap<(K, u8), u32>, f64),
    pub(crate) bitmap: (ip_network_table_deps_treebitmap::IpLookupTable<K::Std, u32>, f64),
    pub(crate) lc: (iptrie::map::LCTrieMap<K::Iptrie, u32>, f64),
    pub(crate) ranges: ((Vec<K>, Vec<u32>), f64),
    pub(crate) set: Option<(K::Range, f64)>,
    /// First address, last address, value; only of small lists.
    pub(crate) scan: Vec<(K, K, u32)>,
}

pub(crate) trait Family: Chain {
    type Std: ip_network_table_deps_treebitmap::address::Address + Copy;
    type Iptrie: iptrie::IpRootPrefix;
    type Range;
    fn std(self) -> Self::Std;
    fn iptrie(self, len: u8) -> Self::Iptrie;
    fn trie_find(t: &prefix_trie::PrefixMap<(Self, u8), u32>, a: Self) -> u32
    where
        Self: Sized;
    fn trie_new(list: &[Prefix<Self>]) -> prefix_trie::PrefixMap<(Self, u8), u32>
    where
        Self: Sized;
    fn range(list: &[Prefix<Self>]) -> Self::Range
    where
        Self: Sized;
    fn range_has(r: &Self::Range, a: Self) -> bool;
}

macro_rules! family {
    ($k:ty, $addr:ty, $prefix:ty, $net:ty, $bits:literal) => {
        impl Family for $k {
            type Std = $addr;
            type Iptrie = $prefix;
            type Range = iprange::IpRange<$net>;
            #[inline(always)]
            fn std(self) -> $addr {
                self.into()
            }
            #[inline(always)]
            fn iptrie(self, len: u8) -> $prefix {
                <$prefix>::new(self.into(), len).unwrap()
            }
            #[inline(always)]
            fn trie_find(t: &prefix_trie::PrefixMap<($k, u8), u32>, a: $k) -> u32 {
                t.get_lpm(&(a, $bits)).map_or(NO_MATCH, |(_, v)| *v)
            }
            fn trie_new(list: &[Prefix<$k>]) -> prefix_trie::PrefixMap<($k, u8), u32> {
                list.iter().map(|p| ((p.key, p.len), p.value)).collect()
            }
            fn range(list: &[Prefix<$k>]) -> Self::Range {
                let mut r: Self::Range =
                    list.iter().map(|p| <$net>::new(p.key.into(), p.len).unwrap()).collect();
                r.simplify();
                r
            }
            #[inline(always)]
            fn range_has(r: &Self::Range, a: $k) -> bool {
                r.contains(&<$addr>::from(a))
            }
        }
    };
}
family!(u32, Ipv4Addr, iptrie::Ipv4Prefix, ipnet::Ipv4Net, 32);
family!(u128, Ipv6Addr, iptrie::Ipv6Prefix, ipnet::Ipv6Net, 128);

fn timed<T>(f: impl FnOnce() -> T) -> (T, f64) {
    let t = Timer::now();
    let x = f();
    let ms = t.elapsed().as_secs_f64() * 1e3;
    (x, ms)
}

impl<K: Family> Peers<K> {
    pub(crate) fn new(list: &[Prefix<K>], set: bool) -> Self {
        Peers {
            trie: timed(|| K::trie_new(list)),
            bitmap: timed(|| {
                let mut t = ip_network_table_deps_treebitmap::IpLookupTable::new();
                for p in list {
                    t.insert(p.key.masked(p.len).std(), u32::from(p.len), p.value);
                }
                t
            }),
            lc: timed(|| {
                let mut t = iptrie::map::RTrieMap::with_root(NO_MATCH);
                for p in list {
                    t.insert(p.key.iptrie(p.len), p.value);
                }
                t.compress()
            }),
            ranges: timed(|| ranges(list)),
            set: set.then(|| timed(|| K::range(list))),
            scan: if list.len() <= 1000 { scan(list) } else { Vec::new() },
        }
    }

    /// The reference comes first.
    pub(crate) fn contenders(&self) -> Vec<Contender<'_, K>>
    where
        K::Iptrie: iptrie::IpPrefixCovering<K::Iptrie>,
    {
        let ranges = &self.ranges.0;
        let ranges_bytes = ranges.0.len() * (K::BYTES + 4);
        let (nodes, results) = self.bitmap.0.mem_usage();
        let mut out = vec![
            Contender::new("sorted", self.ranges.1, Some(ranges_bytes), |a: K| {
                ranges.1[ranges.0.partition_point(|&start| start <= a) - 1]
            }),
            Contender::new("prefix-trie", self.trie.1, None, |a| K::trie_find(&self.trie.0, a)),
            Contender::new("treebitmap", self.bitmap.1, Some(nodes + results), |a: K| {
                self.bitmap.0.longest_match(a.std()).map_or(NO_MATCH, |found| *found.2)
            }),
            Contender::new("iptrie", self.lc.1, None, |a: K| *self.lc.0.lookup(&a.iptrie(K::BITS as u8)).1),
        ];
        if let Some((set, ms)) = &self.set {
            let ask = |a| if K::range_has(set, a) { 0 } else { NO_MATCH };
            out.push(Contender::new("iprange", *ms, None, ask));
        }
        if !self.scan.is_empty() {
            // As a router would: longest first, so that the first hit decides.
            let ask = |a: K| {
                let hit = |row: &&(K, K, u32)| a >= row.0 && a <= row.1;
                self.scan.iter().find(hit).map_or(NO_MATCH, |row| row.2)
            };
            out.push(Contender::new("linear", 0.0, Some(self.scan.len() * (2 * K::BYTES + 4)), ask));
        }
        out
    }
}

/// Every prefix as a range, the longest first.
fn scan<K: Chain>(list: &[Prefix<K>]) -> Vec<(K, K, u32)> {
    let mut list = list.to_vec();
    list.sort_by_key(|prefix| std::cmp::Reverse(prefix.len));
    list.iter().map(|p| (p.key.masked(p.len), p.key.last(p.len), p.value)).collect()
}

/// Sorted ranges, made without the library: by comparison sort and a stack.
fn ranges<K: Chain>(list: &[Prefix<K>]) -> (Vec<K>, Vec<u32>) {
    let mut sorted: Vec<_> = list.iter().map(|p| (p.key.masked(p.len), p.len, p.value)).collect();
    sorted.sort();
    let (mut starts, mut values) = (vec![K::default()], vec![NO_MATCH]);
    let mut open: Vec<(K, u32)> = Vec::new();
    let mut put = |at: K, v: u32| {
        if *starts.last().unwrap() == at {
            *values.last_mut().unwrap() = v;
        } else if *values.last().unwrap() != v {
            starts.push(at);
            values.push(v);
        }
    };
    for (key, len, value) in sorted {
        while open.last().is_some_and(|o| o.0 < key) {
            let end = open.pop().unwrap().0;
            put(K::from_wide(end.wide() + 1), open.last().map_or(NO_MATCH, |o| o.1));
        }
        put(key, value);
        open.push((key.last(len), value));
    }
    while let Some((end, _)) = open.pop() {
        if end != K::MAX {
            put(K::from_wide(end.wide() + 1), open.last().map_or(NO_MATCH, |o| o.1));
        }
    }
    (starts, values)
}
