//! The tiers: which lists have them, what is left to the rest, and what no builder writes.

use ipgate_lpm::{Engine, Family, Key, Options, Prefix, SimdLevel};

use crate::codes::edited;
use crate::common::*;

fn host<K: Key>(wide: u128, value: u32) -> Prefix<K> {
    Prefix { key: K::from_wide(wide), len: K::BITS as u8, allow: value.is_multiple_of(2), value }
}

/// Whether a table has tiers: its map, by the length of the section that describes them.
fn has_tiers<K: Key>(table: &Family<K>) -> bool {
    let (image, first) = table.image();
    !image.section::<u8>(first + 11).is_empty()
}

#[test]
fn hosts_of_ipv6_and_crowded_ones_of_ipv4_have_tiers() {
    let mut rng = Rng(1);
    let v6: Vec<Prefix<u128>> = (0..200).map(|i| host(rng.wide(), i)).collect();
    assert!(has_tiers(&Family::build(&v6).unwrap()));
    assert!(!has_tiers(&Family::build(&v6[..16]).unwrap()), "few are compared at once");
    let crowded: Vec<Prefix<u32>> = (0..200).map(|i| host(0x0a00_0000 + u128::from(i) * 5, i)).collect();
    assert!(has_tiers(&Family::build(&crowded).unwrap()));
    let spread: Vec<Prefix<u32>> = (0..200).map(|i| host(rng.wide() >> 96, i)).collect();
    assert!(!has_tiers(&Family::build(&spread).unwrap()), "a line is found at once");
    let forced = Options { map_engine: Some(Engine::Lines), ..Options::default() };
    assert!(!has_tiers(&Family::build_with(&v6, forced).unwrap()), "a forced engine takes all");
    let tiers = Options { tiers: Some(false), ..Options::default() };
    assert!(!has_tiers(&Family::build_with(&v6, tiers).unwrap()));
}

/// An outer prefix of a tier's length with an inner one of another: neither may hide the other.
#[test]
fn the_longest_prefix_wins_whoever_holds_it() {
    let mut rng = Rng(2);
    for round in 0..60 {
        let home = rng.wide();
        let mut list: Vec<Prefix<u128>> = Vec::new();
        for i in 0..120u32 {
            let len = [128, 127, 100, 65, 64, 63, 57, 56, 49, 48, 32][rng.below(11) as usize];
            let near = home ^ rng.wide() >> [40, 52, 60, 100, 120][rng.below(5) as usize];
            list.push(Prefix { key: near, len, allow: rng.below(2) == 0, value: i % 7 });
        }
        let probes = probes(&list, &mut rng);
        for tiers in [None, Some(true), Some(false)] {
            let table = Family::build_with(&list, Options { tiers, ..Options::default() }).unwrap();
            for level in SimdLevel::available() {
                compare(&format!("round {round}, {tiers:?}"), &table.at_level(level), &list, &probes);
            }
        }
    }
}

/// Hosts that share a group are more than it takes: they go to the rest, with what they lie in.
#[test]
fn a_list_made_to_collide_is_answered_all_the_same() {
    // As `hash` in lpm/src/exact does.
    let group = |key: u128, groups: u128| {
        let product = u128::from(key as u64 ^ 0x243f_6a88_85a3_08d3)
            * u128::from((key >> 64) as u64 ^ 0x1319_8a2e_0370_7345);
        (u128::from(product as u64 ^ (product >> 64) as u64) * groups) >> 64
    };
    let home = 0x2001_0db8_u128 << 96;
    let colliding = (0u128..).map(|i| home | i << 62 | i).filter(|&key| group(key, 256) == 7);
    let mut list: Vec<Prefix<u128>> = colliding.take(700).zip(0..).map(|(key, i)| host(key, i)).collect();
    let nets: Vec<_> =
        list.iter().step_by(2).map(|p| Prefix { len: 64, value: 1000 + p.value, ..*p }).collect();
    list.extend(nets);
    let mut rng = Rng(3);
    let probes = probes(&list, &mut rng);
    let table = Family::build(&list).unwrap();
    compare("colliding", &table, &list, &probes);
    compare("of one host", &Family::build(&vec![list[0]; 500]).unwrap(), &vec![list[0]; 500], &probes);
}

/// Many hosts, all of which are found, and none of their neighbours.
#[test]
fn every_host_of_a_long_list_is_found() {
    let mut rng = Rng(4);
    for count in [17, 100, 1200, 1400, 5000, 40_000] {
        let mut keys: Vec<u128> = (0..count).map(|_| rng.wide() & !1).collect();
        keys.sort_unstable();
        keys.dedup();
        let list: Vec<Prefix<u128>> =
            keys.iter().zip(0..).map(|(&key, i)| Prefix { allow: true, ..host(key, i) }).collect();
        let table = Family::build(&list).unwrap();
        for (i, p) in list.iter().enumerate() {
            assert_eq!((table.lookup(p.key), table.matched(p.key)), (Some(i as u32), Some(i)));
            assert_eq!((table.lookup(p.key ^ 1), table.matched(p.key ^ 1)), (None, None));
        }
        let (map, set, _) = table.bytes();
        assert_eq!(set, 0, "the map decides");
        assert!(count < 40_000 || map <= 28 * list.len(), "{map} bytes for {count} hosts");
    }
}

/// Numbers of the sections that no builder writes: sizes that lead out of them, codes that stand for nothing.
#[test]
fn damaged_tiers_are_refused() {
    let mut list: Vec<Prefix<u128>> = (0..100).map(|i| host(u128::from(i) << 64 | 1 << 125, i % 9)).collect();
    list.extend((0..40).map(|i| Prefix { len: 32, ..host(0x2001 << 112 | i << 97, 1) }));
    let table = Family::build(&list).unwrap();
    let (tiers, filter, pilots, buckets, entries) = (11, 12, 13, 14, 15);
    let refused = |name: &str, edit: &dyn Fn(&mut [Vec<u8>])| {
        let error = Family::<u128>::from_image(&edited(&table, edit)).expect_err(name).to_string();
        let words = ["tier", "filter", "pilots", "buckets", "entries of slots", "stands for nothing"];
        assert!(words.iter().any(|word| error.contains(word)), "{name}: {error}");
    };
    assert!(Family::<u128>::from_image(&edited(&table, |_| ())).is_ok());
    // Shift, length, blocks, group bits, bucket bits.
    for (at, value) in
        [(8, 64), (16, 0), (16, 129), (20, 0), (20, 2), (20, 255), (24, 1), (24, 17), (28, 1), (28, 17)]
    {
        refused(&format!("number at {at}: {value}"), &|all| all[tiers][at] = value);
    }
    for section in [filter, pilots, buckets, entries] {
        refused("emptied", &|all| all[section].clear());
    }
    for section in [pilots, buckets, entries] {
        refused("a byte more", &|all| all[section].push(0));
    }
    refused("cut", &|all| all[tiers].truncate(20));
    refused("four tiers", &|all| all[tiers].extend([0; 48]));
    refused("the same tier twice", &|all| {
        let tier = all[tiers][16..32].to_vec();
        all[tiers].extend(tier);
        for section in [pilots, buckets, entries] {
            let twice = all[section].clone();
            all[section].extend(twice);
        }
    });
    refused("no tiers", &|all| all[tiers].clear());
    let taken = |all: &[Vec<u8>]| (52..64).step_by(4).find(|&at| all[buckets][at] != 0);
    refused("a code for no value", &|all| {
        let at = taken(all).expect("the first bucket holds a host");
        all[buckets][at..at + 4].copy_from_slice(&[1, 0, 0, 0]);
    });
    refused("a code beyond all values", &|all| {
        let at = taken(all).expect("the first bucket holds a host");
        all[buckets][at..at + 4].copy_from_slice(&[0, 1, 0, 0]);
    });
}
