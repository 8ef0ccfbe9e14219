//! The other crates, and the plain methods, behind one constructor.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};

use ip_network_table_deps_treebitmap::IpLookupTable;
use ip_network_table_deps_treebitmap::address::Address;
use ipgate_bench::contender::{Asked, Chain, Contender};
use ipgate_bench::lists::Places;
use ipgate_bench::timer::timed;
use ipgate_lpm::{NO_MATCH, Prefix};
use iptrie::map::{LCTrieMap, RTrieMap};
use poptrie::Poptrie;
use prefix_trie::PrefixMap;

use crate::plain::{Hashed, Ranges, Scan};

/// The longest list that is scanned.
const SCANNED: usize = 1000;
/// The most lengths that are hashed.
const HASHED: usize = 8;

/// A table, and how many milliseconds it took to build, each time.
type Built<T> = (T, Vec<f64>);

/// Owns what the contenders borrow.
pub(crate) struct Peers<K: Family> {
    ranges: Built<Ranges<K>>,
    trie: Built<PrefixMap<(K, u8), u32>>,
    bitmap: Built<IpLookupTable<K::Std, u32>>,
    lc: Built<LCTrieMap<K::Iptrie, u32>>,
    poptrie: Built<K::Poptrie>,
    /// Only of decisions.
    set: Option<Built<K::Range>>,
    /// Only of lists of few lengths.
    hashed: Option<Built<Hashed<K>>>,
    /// Only of small lists.
    scan: Option<Built<Scan<K>>>,
}

/// An address family as each crate sees it.
pub(crate) trait Family: Chain + Places {
    type Std: Address + Copy;
    type Iptrie: iptrie::IpRootPrefix;
    type Range;
    type Poptrie;
    fn std(self) -> Self::Std;
    fn iptrie(self, len: u8) -> Self::Iptrie;
    fn trie(list: &[Prefix<Self>]) -> PrefixMap<(Self, u8), u32>;
    fn trie_find(trie: &PrefixMap<(Self, u8), u32>, address: Self) -> u32;
    fn poptrie(list: &[Prefix<Self>]) -> Self::Poptrie;
    fn poptrie_find(trie: &Self::Poptrie, address: Self) -> u32;
    fn range(list: &[Prefix<Self>]) -> Self::Range;
    fn range_has(range: &Self::Range, address: Self) -> bool;
}

macro_rules! family {
    ($key:ty, $address:ty, $prefix:ty, $net:ty) => {
        impl Family for $key {
            type Std = $address;
            type Iptrie = $prefix;
            type Range = iprange::IpRange<$net>;
            type Poptrie = Poptrie<($key, u8), u32>;
            #[inline(always)]
            fn std(self) -> $address {
                self.into()
            }
            #[inline(always)]
            fn iptrie(self, len: u8) -> $prefix {
                <$prefix>::new(self.into(), len).unwrap()
            }
            fn trie(list: &[Prefix<$key>]) -> PrefixMap<($key, u8), u32> {
                list.iter().map(|p| ((p.key, p.len), p.value)).collect()
            }
            #[inline(always)]
            fn trie_find(trie: &PrefixMap<($key, u8), u32>, address: $key) -> u32 {
                trie.get_lpm(&(address, <$key>::BITS as u8)).map_or(NO_MATCH, |(_, value)| *value)
            }
            fn poptrie(list: &[Prefix<$key>]) -> Self::Poptrie {
                list.iter().map(|p| ((p.key, p.len), p.value)).collect()
            }
            #[inline(always)]
            fn poptrie_find(trie: &Self::Poptrie, address: $key) -> u32 {
                trie.lookup(address).map_or(NO_MATCH, |value| *value)
            }
            fn range(list: &[Prefix<$key>]) -> Self::Range {
                let net = |p: &Prefix<$key>| <$net>::new(p.key.into(), p.len).unwrap();
                let mut range: Self::Range = list.iter().map(net).collect();
                range.simplify();
                range
            }
            #[inline(always)]
            fn range_has(range: &Self::Range, address: $key) -> bool {
                range.contains(&<$address>::from(address))
            }
        }
    };
}
family!(u32, Ipv4Addr, iptrie::Ipv4Prefix, ipnet::Ipv4Net);
family!(u128, Ipv6Addr, iptrie::Ipv6Prefix, ipnet::Ipv6Net);

impl<K: Family> Peers<K> {
    /// Builds each of them so many times.
    pub(crate) fn new(list: &[Prefix<K>], decides: bool, builds: usize) -> Self {
        let few = list.iter().map(|prefix| prefix.len).collect::<BTreeSet<_>>().len() <= HASHED;
        Peers {
            ranges: timed(builds, || Ranges::new(list)),
            trie: timed(builds, || K::trie(list)),
            bitmap: timed(builds, || {
                let mut table = IpLookupTable::new();
                for p in list {
                    table.insert(p.key.masked(p.len).std(), u32::from(p.len), p.value);
                }
                table
            }),
            lc: timed(builds, || {
                let mut trie = RTrieMap::with_root(NO_MATCH);
                for p in list {
                    trie.insert(p.key.iptrie(p.len), p.value);
                }
                trie.compress()
            }),
            poptrie: timed(builds, || K::poptrie(list)),
            set: decides.then(|| timed(builds, || K::range(list))),
            hashed: few.then(|| timed(builds, || Hashed::new(list))),
            scan: (list.len() <= SCANNED).then(|| timed(builds, || Scan::new(list))),
        }
    }

    /// All of them, each as its users ask it.
    pub(crate) fn contenders(&self) -> Vec<Contender<'_, K>>
    where
        K::Iptrie: iptrie::IpPrefixCovering<K::Iptrie>,
    {
        let (ranges, trie, bitmap, lc, poptrie) =
            (&self.ranges.0, &self.trie.0, &self.bitmap.0, &self.lc.0, &self.poptrie.0);
        let (nodes, results) = bitmap.mem_usage();
        let value = Asked::Value;
        let mut all = vec![
            Contender::new("sorted", value, Some(ranges.bytes()), |key| ranges.find(key)),
            Contender::new("prefix-trie", value, None, |key| K::trie_find(trie, key)),
            Contender::new("treebitmap", value, Some(nodes + results), |key: K| {
                bitmap.longest_match(key.std()).map_or(NO_MATCH, |found| *found.2)
            }),
            Contender::new("iptrie", value, None, |key: K| *lc.lookup(&key.iptrie(K::BITS as u8)).1),
            Contender::new("poptrie", value, None, |key| K::poptrie_find(poptrie, key)),
        ];
        if let Some((set, _)) = &self.set {
            let ask = |key| u32::from(K::range_has(set, key));
            all.push(Contender::new("iprange", Asked::Decision, None, ask));
        }
        if let Some((hashed, _)) = &self.hashed {
            all.push(Contender::new("hashed", value, None, |key| hashed.find(key)));
        }
        if let Some((scan, _)) = &self.scan {
            all.push(Contender::new("linear", value, Some(scan.bytes()), |key| scan.find(key)));
        }
        all
    }

    /// How many milliseconds each took to build, each time.
    pub(crate) fn builds(&self) -> impl Iterator<Item = (&'static str, &[f64])> {
        let some = [
            ("sorted", Some(&self.ranges.1)),
            ("prefix-trie", Some(&self.trie.1)),
            ("treebitmap", Some(&self.bitmap.1)),
            ("iptrie", Some(&self.lc.1)),
            ("poptrie", Some(&self.poptrie.1)),
            ("iprange", self.set.as_ref().map(|built| &built.1)),
            ("hashed", self.hashed.as_ref().map(|built| &built.1)),
            ("linear", self.scan.as_ref().map(|built| &built.1)),
        ];
        some.into_iter().filter_map(|(who, times)| Some((who, times?.as_slice())))
    }
}
