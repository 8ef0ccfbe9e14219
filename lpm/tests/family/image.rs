//! Images: round trip, and damaged ones. A damaged image is refused or gives
//! some answer; run under AddressSanitizer this proves that no lookup leaves
//! the image.

use crate::common::*;
use ipgate_lpm::{Engine, Family, ImageErrorKind, Key, NO_MATCH, Options, SimdLevel};
use xxhash_rust::xxh3::xxh3_64;

#[test]
fn an_image_gives_an_equal_table() {
    fn round<K: Key>(seed: u64) {
        let mut rng = Rng(seed);
        for (name, list) in lists::<K>(&mut rng) {
            let table = Family::build(&list).unwrap();
            let loaded = Family::<K>::from_image(&table.to_image()).unwrap();
            assert_eq!(loaded.to_image(), table.to_image());
            assert_eq!((loaded.len(), loaded.engines()), (table.len(), table.engines()));
            compare(name, &loaded, &list, &probes(&list, &mut rng));
        }
    }
    round::<u32>(21);
    round::<u128>(22);
}

#[test]
fn an_image_of_the_other_family_is_refused() {
    let table = Family::<u32>::build(&[]).unwrap();
    let error = Family::<u128>::from_image(&table.to_image()).unwrap_err();
    assert_eq!(error.kind(), ImageErrorKind::Contents);
}

/// Asks everything. The answers do not matter, as long as every instruction set gives the same, one by one and for many
/// at once.
fn exercise<K: Key>(table: &Family<K>, probes: &[K]) {
    let answers = |level| {
        let table = table.at_level(level);
        let mut values = vec![0; probes.len()];
        let mut allowed = vec![false; probes.len()];
        table.lookup_many(probes, &mut values);
        table.are_allowed(probes, &mut allowed);
        let single = |&a: &K| (table.lookup(a), table.is_allowed(a), table.matched(a));
        let single: Vec<_> = probes.iter().map(single).collect();
        assert!(single.iter().map(|one| one.0.unwrap_or(NO_MATCH)).eq(values.iter().copied()), "{level:?}");
        assert!(single.iter().map(|one| one.1).eq(allowed.iter().copied()), "{level:?}");
        (values, allowed, single)
    };
    let portable = answers(SimdLevel::Portable);
    assert!(portable.2.iter().all(|answer| answer.2.is_none_or(|m| m < table.len())));
    for level in SimdLevel::available() {
        assert!(answers(level) == portable, "{level:?}");
    }
}

/// Bytes of a family's header, and of the numbers that say what its sections are.
const HEADER: u64 = 144 + 8 * 16 + 48;

/// Makes length and checksum those of the bytes (layout: `ipgate_lpm::image`).
fn reseal(bytes: &mut [u8]) {
    if bytes.len() < 32 {
        return;
    }
    let length = bytes.len() as u64;
    bytes[16..24].copy_from_slice(&length.to_le_bytes());
    let checksum = xxh3_64(&bytes[32..]);
    bytes[24..32].copy_from_slice(&checksum.to_le_bytes());
}

fn damaged<K: Key>(seed: u64, rounds: usize) {
    let mut rng = Rng(seed);
    let (mut refused, mut taken) = (0, 0);
    for (_, list) in lists::<K>(&mut rng) {
        if list.len() > 300 {
            continue;
        }
        let probes = probes(&list, &mut rng);
        let forced = [Engine::Lines, Engine::Narrow, Engine::Flat, Engine::Bits, Engine::Direct];
        for engine in std::iter::once(None).chain(forced.map(Some)) {
            let large = engine.is_some_and(|engine| engine != Engine::Lines);
            let options = Options {
                map_engine: engine.filter(|&e| e != Engine::Bits),
                set_engine: engine,
                tiers: [None, Some(true)][rng.below(2) as usize],
                level: None,
            };
            // The images of engines for long lists are large: a few of them will do.
            if large && rng.below(12) != 0 {
                continue;
            }
            let Ok(table) = Family::build_with(&list, options) else {
                continue;
            };
            let image = table.to_image();
            for _ in 0..if large { 12 } else { rounds } {
                let mut bytes = image.to_vec();
                for _ in 0..1 + rng.below(3) {
                    let length = bytes.len() as u64;
                    let end = if rng.below(3) == 0 { HEADER.min(length) } else { length };
                    let at = rng.below(end) as usize;
                    match rng.below(4) {
                        0 => bytes[at] ^= 1 << rng.below(8),
                        1 => bytes[at] = rng.next() as u8,
                        2 => bytes[at] = 0xff,
                        _ => {
                            // A word that looks like another one near by.
                            let from = rng.below(bytes.len() as u64 - 4) as usize & !3;
                            let to = at.min(bytes.len() - 4) & !3;
                            bytes.copy_within(from..from + 4, to);
                        }
                    }
                }
                if rng.below(8) == 0 {
                    bytes.truncate(rng.below(bytes.len() as u64) as usize);
                }
                // Mostly what stands for the whole is put right, so that what lies behind it is reached.
                if rng.below(8) != 0 {
                    reseal(&mut bytes);
                }
                match Family::<K>::from_image(&bytes) {
                    Err(e) => {
                        assert!(!e.to_string().is_empty());
                        refused += 1;
                    }
                    Ok(table) => {
                        taken += 1;
                        exercise(&table, &probes);
                    }
                }
            }
        }
    }
    assert!(refused > 100 && taken > 100, "refused {refused}, taken {taken}");
}

#[test]
fn damaged_ipv4_images_do_no_harm() {
    damaged::<u32>(31, 60);
}

#[test]
fn damaged_ipv6_images_do_no_harm() {
    damaged::<u128>(32, 60);
}
