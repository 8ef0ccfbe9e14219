//! Every engine, level and value width against a linear scan.

use crate::common::*;
use ipgate_lpm::{BuildError, Engine, Family, Key, Options, Prefix, SimdLevel};

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
    for engine in [Engine::Tiny, Engine::Lines, Engine::Narrow, Engine::Flat, Engine::Direct] {
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
    assert_eq!(agree(&table, &forced(&list, Engine::Lines), &list, &mut rng), 200_000 + 3 * 4000);
    agree(&table, &forced(&list, Engine::Narrow), &list, &mut rng);
    agree(&table, &forced(&list, Engine::Direct), &list, &mut rng);
}

/// Long lists whose boundaries lie anywhere have narrow lines, and one structure where a second would be a copy.
#[test]
fn long_lists_of_hosts_and_ranges_have_narrow_lines() {
    let mut rng = Rng(8);
    for (room, denies) in [(1u32 << 12, false), (1 << 12, true), (1 << 6, false)] {
        // One prefix in each piece of the space, so that none lies in another.
        let mut prefix = |i: u32| {
            let len = 32 - rng.below(u64::from(room.ilog2())) as u8;
            let key = (i * room + rng.below(u64::from(room)) as u32).masked(len);
            let value = rng.below(60) as u32;
            Prefix { key, len, allow: value < 30 || !denies, value }
        };
        let list: Vec<Prefix<u32>> = (0..100_000).map(&mut prefix).collect();
        let table = Family::build_with(&list, Options { tiers: Some(false), ..Options::default() }).unwrap();
        assert_eq!(table.engines().0, Engine::Narrow);
        let (_, set, named) = table.bytes();
        assert_eq!(set > 0, denies, "only where much is merged: {table:?}");
        assert!(named < list.len(), "entries are named by their ranks: {named} bytes");
        agree(&table, &forced(&list, Engine::Lines), &list, &mut rng);
    }
}

/// A code for each /24 serves lists of any length and shape, but for values that would take four bytes each.
#[test]
fn direct_codes_have_one_byte_or_two() {
    let mut rng = Rng(9);
    // Hosts and ranges anywhere, and /24s that are full of them.
    let mut list: Vec<Prefix<u32>> = (0..120_000)
        .map(|i| Prefix {
            key: if i % 2 == 0 { rng.next() as u32 } else { 10 << 24 | rng.below(1 << 16) as u32 },
            len: 32 - rng.below(if i % 2 == 0 { 20 } else { 3 }) as u8,
            allow: rng.below(3) > 0,
            value: rng.below(254) as u32,
        })
        .collect();
    let mut by_value = Vec::new();
    // With so few the addresses of a /24 have codes of their own.
    for count in [20_000, 1_000] {
        let few = &list[..count];
        agree(&forced(few, Engine::Direct), &forced(few, Engine::Lines), few, &mut rng);
    }
    for (value, width) in [(253, 1), (254, 2), (65_533, 2)] {
        list[0].value = value;
        let table = forced(&list, Engine::Direct);
        assert_eq!(table.engines(), (Engine::Direct, Engine::Direct));
        agree(&table, &forced(&list, Engine::Lines), &list, &mut rng);
        let loaded = Family::<u32>::from_image(&table.to_image()).unwrap();
        assert_eq!(loaded.bytes(), table.bytes());
        assert!(table.bytes().0 >= width << 24);
        by_value.push(table.bytes().0);
    }
    assert!(by_value[0] < 30 << 20 && by_value[2] < 56 << 20, "{by_value:?} bytes");
    list[0].value = 65_534;
    let options = Options { map_engine: Some(Engine::Direct), ..Options::default() };
    assert_eq!(Family::build_with(&list, options).unwrap_err(), BuildError::Engine(Engine::Direct));
    let list = [Prefix { key: 0u128, len: 0, allow: true, value: 0 }];
    assert_eq!(Family::build_with(&list, options).unwrap_err(), BuildError::Engine(Engine::Direct));
}

fn forced(list: &[Prefix<u32>], engine: Engine) -> Family<u32> {
    let options = Options { map_engine: Some(engine), set_engine: Some(engine), ..Options::default() };
    Family::build_with(list, options).unwrap()
}

/// Two tables of a list give the same answers at every level; returns for how many addresses.
fn agree(table: &Family<u32>, other: &Family<u32>, list: &[Prefix<u32>], rng: &mut Rng) -> usize {
    let mut probes: Vec<u32> = (0..200_000).map(|_| rng.next() as u32).collect();
    probes.extend(list.iter().rev().take(4000).flat_map(|p| [p.key, p.key.masked(p.len), p.key.last(p.len)]));
    for level in SimdLevel::available() {
        let (table, other) = (table.at_level(level), other.at_level(level));
        let mut values = vec![0; probes.len()];
        let mut allowed = vec![false; probes.len()];
        table.lookup_many(&probes, &mut values);
        table.are_allowed(&probes, &mut allowed);
        for (i, &a) in probes.iter().enumerate() {
            assert_eq!(table.matched(a), other.matched(a));
            assert_eq!(table.lookup(a), other.lookup(a));
            assert_eq!(table.lookup(a), table.matched(a).map(|m| list[m].value));
            assert_eq!(table.is_allowed(a), other.is_allowed(a));
            assert_eq!(values[i], other.lookup(a).unwrap_or(ipgate_lpm::NO_MATCH));
            assert_eq!(table.is_allowed(a), table.matched(a).is_some_and(|m| list[m].allow));
            assert_eq!(allowed[i], other.is_allowed(a));
        }
    }
    // And a sample against the golden model itself.
    for &a in probes.iter().rev().take(300) {
        assert_eq!(table.matched(a), scan(list, a));
    }
    probes.len()
}
