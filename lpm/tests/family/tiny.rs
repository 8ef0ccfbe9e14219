//! Lists of a few entries: every number of keys, ties in their upper halves, and sizes that fit nothing.

use ipgate_lpm::{Engine, Family, Key, Options, Prefix, SimdLevel};

use crate::codes::edited;
use crate::common::*;

fn at_every_level<K: Key>(name: &str, list: &[Prefix<K>], rng: &mut Rng) {
    let probes = probes(list, rng);
    for values in [None, Some(300), Some(1 << 17)] {
        let wide = |p: &Prefix<K>| Prefix { value: values.map_or(p.value, |values| values + p.value), ..*p };
        let list: Vec<_> = list.iter().map(wide).collect();
        let table = Family::build(&list).unwrap();
        assert_eq!(table.engines().0, Engine::Tiny, "{name}");
        for level in SimdLevel::available() {
            compare(name, &table.at_level(level), &list, &probes);
        }
    }
}

#[test]
fn every_number_of_keys() {
    let mut rng = Rng(31);
    for n in 0..=16u32 {
        let prefix = |key, len| Prefix { key, len, allow: n % 3 > 0, value: key as u32 % 7 };
        let hosts: Vec<Prefix<u128>> = (0..n).map(|_| prefix(rng.wide() >> 1, 128)).collect();
        at_every_level("hosts", &hosts, &mut rng);
        let home = rng.wide() >> 1 << 64 >> 64 << 64;
        let tied: Vec<_> = (0..n).map(|_| prefix(home >> 1 | rng.wide() >> 66 << 1, 128)).collect();
        at_every_level("hosts of a /64", &tied, &mut rng);
        let networks: Vec<_> = (0..n).map(|_| prefix(rng.wide() >> 1, 64)).collect();
        at_every_level("/64s", &networks, &mut rng);
        let v4: Vec<Prefix<u32>> =
            (0..n).map(|i| Prefix { key: rng.next() as u32, len: 32, allow: true, value: i }).collect();
        at_every_level("IPv4 hosts", &v4, &mut rng);
    }
}

/// Keys whose lower halves lie on either side of the address's in all ways, and the sign bits of both halves.
#[test]
fn halves_compare_as_one_number() {
    let mut rng = Rng(32);
    let parts = [0, 1, (1 << 63) - 1, 1 << 63, (1 << 63) + 1, u64::MAX - 1, u64::MAX];
    for _ in 0..200 {
        let mut part = || u128::from(parts[rng.below(7) as usize]);
        let list: Vec<Prefix<u128>> = (0..9)
            .map(|value| Prefix {
                key: ((part() % ((1 << 64) - 2)) << 64) | part(),
                len: 128,
                allow: true,
                value,
            })
            .collect();
        at_every_level("edges", &list, &mut rng);
    }
}

/// Behind the greatest upper half lies none, to which the engine would carry.
#[test]
fn the_last_64_is_for_other_engines() {
    let list = [Prefix { key: u128::MAX << 5, len: 123, allow: true, value: 1 }];
    assert_ne!(Family::build(&list).unwrap().engines().0, Engine::Tiny);
    let forced = Options { map_engine: Some(Engine::Tiny), ..Options::default() };
    assert!(Family::build_with(&list, forced).is_err());
    // A network that ends with the addresses has no boundary there.
    let list = [Prefix { key: u128::MAX, len: 7, allow: true, value: 1 }];
    at_every_level("the last", &list, &mut Rng(33));
}

#[test]
fn a_short_list_is_small() {
    let hosts: Vec<Prefix<u128>> = (0..10)
        .map(|i| Prefix { key: 7 << 120 | i << 64 | (i * i), len: 128, allow: true, value: 0 })
        .collect();
    let (map, set, _) = Family::build(&hosts).unwrap().bytes();
    assert_eq!((map, set), (24 * 16 + 25 * 2, 0), "24 keys, as many codes and entries and one more");
    let networks: Vec<Prefix<u128>> = hosts.iter().map(|p| Prefix { len: 64, ..*p }).collect();
    let (map, set, _) = Family::build(&networks).unwrap().bytes();
    assert_eq!(
        (map, set),
        (16 * 8 + 17 * 2, 8 * 8 + 9 * 2),
        "neighbours share boundaries, and are one to decide"
    );
}

#[test]
fn sizes_that_fit_nothing_are_refused() {
    let list: Vec<Prefix<u128>> =
        (1..9).map(|i| Prefix { key: i << 90, len: 128, allow: true, value: 3 }).collect();
    let table = Family::build(&list).unwrap();
    let (keys, codes) = (3, 4);
    let refused = |name: &str, edit: &dyn Fn(&mut [Vec<u8>])| {
        let error = Family::<u128>::from_image(&edited(&table, edit)).expect_err(name).to_string();
        assert!(error.contains("missing") || error.contains("width"), "{name}: {error}");
    };
    refused("no keys", &|all| all[keys].clear());
    refused("a key less", &|all| all[keys].truncate(240));
    refused("a group less", &|all| all[keys].truncate(128));
    refused("five groups", &|all| all[keys].resize(5 * 128, 0));
    refused("no codes", &|all| all[codes].clear());
    refused("a code less", &|all| all[codes].truncate(32));
    refused("keys of 32 bits", &|all| all[0][24] = 32);
    refused("keys of no bits", &|all| all[0][24] = 0);
    refused("keys of half the bits", &|all| all[0][24] = 64);
}
