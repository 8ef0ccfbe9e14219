//! An independent implementation beside the linear scan: a tree bitmap, which is fast enough for long lists.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::common::*;
use ipgate_lpm::{Family, Key, Prefix};
use treebitmap::IpLookupTable;
use treebitmap::address::Address;

fn agree<K: Key, A: Address + From<K>>(seed: u64, lengths: &[u8]) {
    let mut rng = Rng(seed);
    // A few neighbourhoods, so that prefixes meet, and the whole space.
    let homes: Vec<u128> = (0..50).map(|_| rng.wide()).collect();
    let near = |rng: &mut Rng| {
        let spread = if rng.below(4) == 0 { 0 } else { 12 };
        K::from_wide((homes[rng.below(50) as usize] ^ rng.wide() >> spread) >> (128 - K::BITS))
    };
    let list: Vec<Prefix<K>> = (0..40_000)
        .map(|value| {
            let len = lengths[rng.below(lengths.len() as u64) as usize];
            Prefix { key: near(&mut rng).masked(len), len, allow: rng.below(3) > 0, value }
        })
        .collect();
    let mut tree = IpLookupTable::<A, u32>::new();
    list.iter().for_each(|prefix| {
        tree.insert(A::from(prefix.key), prefix.len.into(), prefix.value);
    });
    let family = Family::build(&list).unwrap();
    let mut addresses: Vec<K> = (0..40_000).map(|_| near(&mut rng)).collect();
    addresses.extend(list.iter().flat_map(|p| [p.key, p.key.last(p.len)]));
    for address in addresses {
        let expected = tree.longest_match(A::from(address)).map(|(_, _, value)| *value);
        assert_eq!(family.lookup(address), expected, "{address:x?}");
    }
}

#[test]
fn long_ipv4_lists_like_a_tree_bitmap() {
    agree::<u32, Ipv4Addr>(41, &[8, 16, 20, 22, 24, 24, 24, 28, 32]);
}

#[test]
fn long_ipv6_lists_like_a_tree_bitmap() {
    agree::<u128, Ipv6Addr>(42, &[20, 29, 32, 40, 44, 48, 48, 56, 64, 127, 128]);
}
