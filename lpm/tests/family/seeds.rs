//! Seeds of the fuzz target `image`: small images of each engine that fits. To be written anew after the layout has
//! changed: `cargo test -p ipgate-lpm --test family -- --ignored seeds`.

use std::fs;
use std::path::Path;

use ipgate_lpm::{Engine, Family, Key, Options, Prefix};

#[test]
#[ignore = "writes the seeds"]
fn seeds() {
    unsorted();
    tiers();
    family::<u32>("v4", 0, |i| (i << 24 | i << 13, 8 + i as u8 % 25));
    family::<u128>("v6", 1, |i| (0x2001 << 112 | i << 90 | i << 70, 16 + i as u8 % 113));
}

/// An image whose keys are out of order, which every instruction set has to read alike.
fn unsorted() {
    let list: Vec<Prefix<u32>> =
        (1..11).map(|i| Prefix { key: i << 24, len: 8, allow: true, value: i }).collect();
    let mut image = Family::build(&list).expect("a list").to_image();
    let keys: Vec<u8> = (1u32..11).flat_map(|i| (i << 24).to_le_bytes()).collect();
    let at = image.windows(keys.len()).position(|window| window == keys).expect("the keys");
    image[at..at + keys.len()].as_chunks_mut::<4>().0.reverse();
    write("v4-Tiny-unsorted", 0, &image);
}

/// Images with tiers before the engine.
fn tiers() {
    let host =
        |i: u128, len| Prefix { key: 0x2001_0db8 << 96 | i << 60 | i, len, allow: i != 3, value: i as u32 };
    let list: Vec<Prefix<u128>> =
        (0..20).map(|i| host(i, 128)).chain((0..20).map(|i| host(i, 64))).chain([host(0, 32)]).collect();
    write("v6-tiers", 1, &Family::build(&list).expect("a list").to_image());
    write("v6-tiers-alone", 1, &Family::build(&list[..20]).expect("a list").to_image());
    let list: Vec<Prefix<u32>> =
        (0..20).map(|i| Prefix { key: (10 << 24) + i * 3, len: 32, allow: true, value: i }).collect();
    write("v4-tiers", 0, &Family::build(&list).expect("a list").to_image());
}

/// The first byte of a seed says which way in the target takes.
fn write(name: &str, way: u8, image: &[u8]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/family_image");
    fs::write(folder.join(name), [&[way], image].concat()).expect("a seed");
}

fn family<K: Key>(name: &str, way: u8, prefix: impl Fn(u128) -> (u128, u8)) {
    for (engine, counts) in [(Engine::Tiny, &[0, 3, 10][..]), (Engine::Lines, &[0, 3, 20, 60, 90])] {
        for &count in counts {
            let prefix = |i: u128| {
                let (key, len) = prefix(i);
                Prefix { key: K::from_wide(key), len, allow: !i.is_multiple_of(3), value: i as u32 % 5 }
            };
            let list: Vec<Prefix<K>> = (0..count).map(prefix).collect();
            let options =
                Options { map_engine: Some(engine), set_engine: Some(engine), ..Options::default() };
            let family = Family::build_with(&list, options).expect("a list that the engine holds");
            write(&format!("{name}-{engine:?}-{count}"), way, &family.to_image());
        }
    }
}
