//! Seeds of the fuzz target `image`: small images of each engine that fits, and of whole tables. To be written
//! anew after the layout has changed: `cargo test -p ipgate --test family -- --ignored seeds`.

use std::fs;
use std::path::Path;

use ipgate::family::{Engine, Family, Key, Options, Prefix};
use ipgate::{List, Table};

#[test]
#[ignore = "writes fuzz/seeds/image"]
fn seeds() {
    let lists = [
        "",
        "10.0.1.0/24:office_ABC,212.121.212.121:client_YXZ",
        "all:everyone,!10.9.0.0/16:lab,10.9.1.0/24;until=2100-01-01",
        "2001:db8::/32:six,!2001:db8:1::/48,192.0.2.0-192.0.2.9",
    ];
    for (i, list) in lists.into_iter().enumerate() {
        let list: List = list.parse().expect("a list");
        write(&format!("table{i}"), 2, &Table::new(&list).to_image(1));
    }
    family::<u32>("v4", 0, |i| (i << 24 | i << 13, 8 + i as u8 % 25));
    family::<u128>("v6", 1, |i| (0x2001 << 112 | i << 90 | i << 70, 16 + i as u8 % 113));
}

/// The first byte of a seed says which way in the target takes.
fn write(name: &str, way: u8, image: &[u8]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/image");
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
            write(&format!("{name}-{engine:?}-{count}"), way, family.image());
        }
    }
}
