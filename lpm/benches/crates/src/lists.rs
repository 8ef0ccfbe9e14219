//! Lists of other shapes than a routing table's: what people write into allowlists.

use std::collections::HashSet;

use ipgate_lpm::{Key, Prefix};

use crate::rng::Rng;

/// Addresses, lengths, and whether the entry allows.
pub(crate) type Entries<K> = Vec<(K, u8, bool)>;

/// An address family's places and lengths.
pub trait Places: Key {
    /// Where networks of any kind lie: of IPv6 what is given away.
    fn anywhere(random: u128) -> Self {
        let left = random >> (128 - Self::BITS);
        Self::from_wide(if Self::BITS == 32 { left } else { 1 << 125 | left >> 3 })
    }
    /// Bits of a cluster of entries of this length, and the length of what holds many clusters.
    fn cluster(len: u8) -> (u8, u8);
    /// Lengths of wide entries, with their shares.
    const WIDE: &'static [(u8, u32)];
    /// The length of a small network.
    const NET: u8;
    /// A network, an exception in it, a host in that.
    const NEST: [u8; 3];
}

impl Places for u32 {
    const WIDE: &'static [(u8, u32)] = &[(16, 1), (20, 4), (22, 5)];
    const NET: u8 = 24;
    const NEST: [u8; 3] = [22, 27, 32];

    /// Hosts lie in runs of 1,024 addresses, networks in a /16.
    fn cluster(len: u8) -> (u8, u8) {
        if len == 32 { (10, 0) } else { (len - 16, 0) }
    }
}

impl Places for u128 {
    const WIDE: &'static [(u8, u32)] = &[(32, 1), (40, 4), (48, 5)];
    const NET: u8 = 64;
    const NEST: [u8; 3] = [48, 64, 128];

    /// Hosts lie in a /64 and have small host parts, networks lie in the /48s of a few /32s.
    fn cluster(len: u8) -> (u8, u8) {
        if len == 128 { (16, 0) } else { (len - 48, 32) }
    }
}

/// Entries of a cluster, on average.
const CLUSTER: usize = 200;
/// Clusters of what holds many.
const HOLDER: usize = 1000;

/// `n` different ones, of an endless supply.
fn distinct<K: Key>(n: usize, mut more: impl FnMut(&mut Vec<(K, u8, bool)>)) -> Entries<K> {
    let (mut seen, mut kept, mut made) = (HashSet::new(), Vec::new(), Vec::new());
    while kept.len() < n {
        more(&mut made);
        kept.extend(made.drain(..).filter(|&(key, len, _)| seen.insert((key, len))));
    }
    kept.truncate(n);
    kept
}

/// Networks of one length, hosts among them, anywhere.
pub(crate) fn random<K: Places>(n: usize, len: u8) -> Entries<K> {
    let mut rng = Rng(n as u64);
    distinct(n, |made| made.push((K::anywhere(rng.wide()).masked(len), len, true)))
}

/// Networks of one length, hosts among them, in clusters.
pub(crate) fn clustered<K: Places>(n: usize, len: u8) -> Entries<K> {
    let mut rng = Rng(n as u64 + 1);
    let (bits, holder) = K::cluster(len);
    // IPv6 hosts leave the bits between their network and their small number empty.
    let network = if (K::BITS, len) == (128, 128) { 64 } else { len - bits };
    let count = (n / CLUSTER).max(2);
    let holders: Vec<K> = (0..(count / HOLDER).max(2)).map(|_| K::anywhere(rng.wide())).collect();
    let clusters: Vec<u128> = (0..count)
        .map(|_| {
            let (held, free) = (holders[rng.below(holders.len())], K::anywhere(rng.wide()));
            let inside = held.masked(holder).wide()
                | free.wide() & !u128::MAX.unbounded_shl(K::BITS - u32::from(holder));
            K::from_wide(inside).masked(network).wide()
        })
        .collect();
    let host_bits = K::BITS - u32::from(len);
    distinct(n, |made| {
        let member = u128::from(rng.next() & ((1 << bits) - 1)) << host_bits;
        made.push((K::from_wide(clusters[rng.below(count)] | member), len, true));
    })
}

/// A list as people write them: of ten entries six are hosts, three small networks and one is wide. A third of the
/// hosts and networks lie in a wide one, where every other is an exception.
pub(crate) fn mixed<K: Places>(n: usize) -> Entries<K> {
    let mut rng = Rng(n as u64 + 2);
    let mut wide: Vec<(K, u8)> = Vec::new();
    distinct(n, |made| {
        let len = rng.pick(&[(Some(K::BITS as u8), 6), (Some(K::NET), 3), (None, 1)]);
        let key = K::anywhere(rng.wide());
        let Some(len) = len else {
            let len = rng.pick(K::WIDE);
            wide.push((key.masked(len), len));
            made.push((key.masked(len), len, true));
            return;
        };
        if wide.is_empty() || !rng.one_in(3) {
            made.push((key.masked(len), len, true));
            return;
        }
        let (network, above) = wide[rng.below(wide.len())];
        made.push((within(network, above, key).masked(len), len, rng.one_in(2)));
    })
}

/// Networks, an exception in each, and a host in that.
pub(crate) fn nested<K: Places>(n: usize) -> Entries<K> {
    let mut rng = Rng(n as u64 + 3);
    let [network, exception, host] = K::NEST;
    distinct(n, |made| {
        let key = K::anywhere(rng.wide());
        made.extend(
            [(network, true), (exception, false), (host, true)]
                .map(|(len, allow)| (key.masked(len), len, allow)),
        );
    })
}

/// The address with the first bits of a network.
fn within<K: Key>(network: K, len: u8, address: K) -> K {
    let host = network.masked(len).wide() ^ network.last(len).wide();
    K::from_wide(network.masked(len).wide() | address.wide() & host)
}

/// Entries in mixed order, each with one of `labels` values. Those that deny have values of their own behind them, as
/// in the tables of `ipgate`.
pub(crate) fn labelled<K: Key>(mut entries: Entries<K>, labels: u32) -> Vec<Prefix<K>> {
    let mut rng = Rng(9);
    for i in (1..entries.len()).rev() {
        entries.swap(i, rng.below(i + 1));
    }
    let label = |(i, (key, len, allow)): (usize, (K, u8, bool))| {
        let value = if labels == u32::MAX { i as u32 } else { rng.next() as u32 % labels };
        Prefix { key, len, allow, value: if allow { value } else { labels + value } }
    };
    entries.into_iter().enumerate().map(label).collect()
}
