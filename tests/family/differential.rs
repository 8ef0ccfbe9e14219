//! Every engine, level and value width against a linear scan.

use crate::common::*;
use ipgate::family::{Engine, Family, Key, Options, Prefix, SimdLevel};

fn all<K: Key>(seed: u64) {
    let mut rng = Rng(seed);
    for (name, list) in lists::<K>(&mut rng) {
        let probes = probes(&list, &mut rng);
        for table in tables(&list) {
            compare(name, &table, &list, &probes);
        }
    }
}

#[test]
fn ipv4_like_a_linear_scan() {
    (0..2).for_each(all::<u32>);
}

#[test]
fn ipv6_like_a_linear_scan() {
    (10..14).for_each(all::<u128>);
}

#[test]
fn every_forced_engine_and_level_is_used() {
    let list: Vec<_> = (0..8).map(|i| Prefix { key: i << 24, len: 8, allow: true, value: i }).collect();
    for engine in [Engine::Tiny, Engine::Lines, Engine::Flat] {
        let options = Options { map_engine: Some(engine), ..Options::default() };
        assert_eq!(Family::build_with(&list, options).unwrap().engines().0, engine);
    }
    let options = Options { set_engine: Some(Engine::Bits), ..Options::default() };
    let table = Family::build_with(&list, options).unwrap();
    assert_eq!(table.engines().1, Engine::Bits);
    for level in SimdLevel::available() {
        assert_eq!(table.at_level(level).level(), level);
    }
    assert!(Family::build_with(&list, Options { map_engine: Some(Engine::Bits), ..options }).is_err());
}

/// A table large enough for the flat engines to choose themselves.
#[test]
fn large_table_like_sorted_ranges() {
    let mut rng = Rng(7);
    let mut list: Vec<Prefix<u32>> = (0..700_000)
        .map(|_| Prefix {
            key: rng.next() as u32,
            len: [24, 24, 24, 23, 22, 20, 16][rng.below(7) as usize],
            allow: rng.below(3) > 0,
            value: rng.below(100) as u32,
        })
        .collect();
    list.extend((0..2000).map(|_| Prefix {
        key: rng.next() as u32,
        len: 25 + rng.below(8) as u8,
        allow: rng.below(2) == 0,
        value: 101,
    }));
    let table = Family::build(&list).unwrap();
    assert_eq!(table.engines(), (Engine::Flat, Engine::Bits));
    let options = Options { map_engine: Some(Engine::Lines), set_engine: Some(Engine::Lines), level: None };
    let other = Family::build_with(&list, options).unwrap();
    let mut probes: Vec<u32> = (0..200_000).map(|_| rng.next() as u32).collect();
    probes.extend(list.iter().rev().take(4000).flat_map(|p| [p.key, p.key.masked(p.len), p.key.last(p.len)]));
    for level in SimdLevel::available() {
        let (table, other) = (table.at_level(level), other.at_level(level));
        let mut values = vec![0; probes.len()];
        let mut allowed = vec![false; probes.len()];
        table.lookup_batch(&probes, &mut values);
        table.are_allowed(&probes, &mut allowed);
        for (i, &a) in probes.iter().enumerate() {
            assert_eq!(table.matched(a), other.matched(a));
            assert_eq!(table.lookup(a), other.lookup(a));
            assert_eq!(table.lookup(a), table.matched(a).map(|m| list[m].value));
            assert_eq!(table.is_allowed(a), other.is_allowed(a));
            assert_eq!(values[i], other.lookup(a).unwrap_or(ipgate::family::NO_MATCH));
            assert_eq!(allowed[i], other.is_allowed(a));
        }
    }
    // And a sample against the golden model itself.
    for &a in probes.iter().rev().take(300) {
        assert_eq!(table.matched(a), scan(&list, a));
    }
}
