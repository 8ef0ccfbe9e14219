//! Codes that no builder writes: refused, so that no two ways to ask can read them differently.

use ipgate_lpm::image::{Contents, Sections};
use ipgate_lpm::{Engine, FAMILY_SECTIONS, Family, Key, Options, Prefix};

/// The first section of a family's map and of its set, and some of those that follow it there (`stored.rs`).
const MAP: usize = 1;
const SET: usize = 16;
const ROOT: usize = 0;
const LINES: usize = 2;
const LEAVES: usize = 3;
const BASES: usize = 4;
const ENTRIES: usize = 5;
const DEEP_CODES: usize = 8;

/// The image of a family with its sections edited, sealed as its own builder would.
pub(crate) fn edited<K: Key>(family: &Family<K>, edit: impl FnOnce(&mut [Vec<u8>])) -> Vec<u8> {
    let (image, first) = family.image();
    let mut all: Vec<Vec<u8>> = (first..first + FAMILY_SECTIONS).map(|i| image.section(i).to_vec()).collect();
    edit(&mut all);
    let mut sections = Sections::new();
    all.into_iter().for_each(|section| sections.push_bytes(section));
    let contents = if K::BITS == 32 { Contents::V4 } else { Contents::V6 };
    sections.write(contents, image.note()).to_bytes(image.note())
}

/// Two /25s and forty /24s, all of them allowed but every third.
fn list<K: Key>() -> Vec<Prefix<K>> {
    let prefix = |i: u128| Prefix {
        key: K::from_wide(i << (K::BITS - 12)),
        // IPv6: below the 32 bits that a line compares, so that there are deep groups.
        len: (if i > 2 { 24 } else { 25 }) + if K::BITS == 32 { 0 } else { 40 },
        allow: !i.is_multiple_of(3),
        value: i as u32 % 5,
    };
    (1..43).map(prefix).collect()
}

#[track_caller]
fn refused<K: Key>(name: &str, image: &[u8]) {
    match Family::<K>::from_image(image) {
        Err(error) => {
            let what = error.to_string();
            assert!(what.contains("stands for nothing") || what.contains("slot names no"), "{name}: {error}");
        }
        Ok(_) => panic!("{name}: taken"),
    }
}

/// Writes codes one after the other into a section, from a byte on, and expects each to be refused.
#[track_caller]
fn each_refused<K: Key>(engine: Engine, section: usize, at: usize, codes: &[&[u8]]) {
    let list: Vec<Prefix<K>> = if engine == Engine::Tiny { list()[..9].to_vec() } else { list() };
    let map_engine = Some(engine).filter(|engine| *engine != Engine::Bits);
    let options = Options { map_engine, set_engine: Some(engine), ..Options::default() };
    let family = Family::build_with(&list, options).unwrap();
    assert!(Family::<K>::from_image(&edited(&family, |_| ())).is_ok());
    for code in codes {
        let image = edited(&family, |all| all[section][at..at + code.len()].copy_from_slice(code));
        refused::<K>(&format!("{engine:?} section {section}: {code:?}"), &image);
    }
}

#[test]
fn decisions_have_two_codes() {
    let two: &[&[u8]] = &[&[2, 0, 0, 0], &[0xff; 4]];
    each_refused::<u32>(Engine::Bits, SET + DEEP_CODES, 0, two);
    each_refused::<u128>(Engine::Lines, SET + DEEP_CODES, 0, two);
    each_refused::<u32>(Engine::Flat, SET + DEEP_CODES, 4, two);
    each_refused::<u32>(Engine::Tiny, SET + LEAVES, 4, two);
    each_refused::<u128>(Engine::Tiny, SET + LEAVES, 4, two);
    // The last code of a line with twelve keys of four bytes, or with 21 of two; the first behind a record's marks.
    each_refused::<u32>(Engine::Lines, SET + LINES, 60, &[&[2], &[0xff]]);
    each_refused::<u128>(Engine::Lines, SET + LINES, 60, &[&[2], &[0xfe]]);
    each_refused::<u32>(Engine::Narrow, SET + LINES, 63, &[&[2], &[0xff]]);
    each_refused::<u32>(Engine::Flat, SET + LEAVES, 8, &[&[2], &[0xfe]]);
    // A /24 that has no record, and the first code of a record, which follows seven keys and their number.
    each_refused::<u32>(Engine::Direct, SET + LEAVES, 1 << 23, &[&[2], &[0xfe], &[0xff]]);
    each_refused::<u32>(Engine::Direct, SET + LINES, 8, &[&[2], &[0xff]]);
}

#[test]
fn an_escape_is_no_value() {
    each_refused::<u128>(Engine::Lines, MAP + DEEP_CODES, 0, &[&[0xff, 0, 0, 0], &[0, 1, 0, 0]]);
    each_refused::<u32>(Engine::Flat, MAP + DEEP_CODES, 0, &[&[0xff, 0, 0, 0]]);
    each_refused::<u32>(Engine::Tiny, MAP + LEAVES, 0, &[&[0xff; 4]]);
    each_refused::<u32>(Engine::Direct, MAP + LEAVES, 1 << 23, &[&[0xff]]);
    each_refused::<u32>(Engine::Direct, MAP + LINES, 8, &[&[0xff]]);
    // Keys of IPv4 are whole: nothing lies below them.
    each_refused::<u32>(Engine::Lines, MAP + LINES, 60, &[&[0xff]]);
    each_refused::<u32>(Engine::Narrow, MAP + LINES, 63, &[&[0xff]]);
}

/// A map that names decisions, of which the family says that codes up to 7 allow: asked singly it said "any code".
#[test]
fn an_engine_of_decisions_is_no_map() {
    let options = Options { set_engine: Some(Engine::Bits), ..Options::default() };
    let family = Family::build_with(&list::<u32>(), options).unwrap();
    let image = edited(&family, |all| {
        let (map, set) = all.split_at_mut(SET);
        map[MAP..].clone_from_slice(set);
        map[0].copy_within(32..48, 16); // what the sections are: of the set for the map
        map[0][28..32].copy_from_slice(&[1, 0, 0, 0]); // with entries that have words
        map[0][8..12].copy_from_slice(&[7, 0, 0, 0]); // the map decides
        let codes = map[MAP + DEEP_CODES].len();
        map[MAP + DEEP_CODES + 1].resize(codes, 0);
    });
    let error = Family::<u32>::from_image(&image).unwrap_err();
    assert!(error.to_string().contains("decisions where values belong"), "{error}");
}

/// Separator lines lead down one level at a time, to lines that exist.
#[test]
fn lines_lead_to_lines() {
    let hosts: Vec<Prefix<u32>> = (0..4000u32)
        .map(|i| Prefix { key: (10 << 24) + i * 2, len: 32, allow: true, value: i % 5 })
        .collect();
    let options =
        Options { map_engine: Some(Engine::Lines), set_engine: Some(Engine::Lines), ..Options::default() };
    let family = Family::build_with(&hosts, options).unwrap();
    assert!(Family::<u32>::from_image(&edited(&family, |_| ())).is_ok());
    let words = |section: &[u8]| -> Vec<u32> {
        section.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word)).collect()
    };
    let deep_slot = |all: &[Vec<u8>]| -> (usize, u32) {
        let root = words(&all[MAP + ROOT]).into_iter().enumerate();
        root.filter(|(_, word)| word & 31 != 31).max_by_key(|(_, word)| word & 31).unwrap()
    };
    let nowhere = edited(&family, |all| {
        let line = (deep_slot(all).1 >> 5) as usize * 64;
        all[MAP + LINES][line + 60..line + 64].fill(0x7f);
    });
    let level_more = edited(&family, |all| {
        let (slot, word) = deep_slot(all);
        assert!(word & 31 > 0);
        all[MAP + ROOT][4 * slot..4 * slot + 4].copy_from_slice(&(word + 1).to_le_bytes());
    });
    for image in [nowhere, level_more] {
        let error = Family::<u32>::from_image(&image).unwrap_err();
        assert!(error.to_string().contains("line"), "{error}");
    }
}

/// Counts, blocks and entries of the direct engine lead nowhere but to what is there.
#[test]
fn direct_records_lead_to_codes_and_entries() {
    // A crowded /24, and one with a single host; some whole ones.
    let key = |i: u32| if i < 60 { (10 << 24) + 4 * i } else { i << 24 };
    let prefix = |i| Prefix { key: key(i), len: if i < 61 { 32 } else { 24 }, allow: true, value: i % 5 };
    let list: Vec<Prefix<u32>> = (0..80).map(prefix).collect();
    let options = Options { map_engine: Some(Engine::Direct), ..Options::default() };
    let family = Family::build_with(&list, options).unwrap();
    assert!(Family::<u32>::from_image(&edited(&family, |_| ())).is_ok());
    // Where the leaves have its block, after codes of the two: marks, and after 32 bytes of them counts.
    let crowded = (1 << 24) + 2 * 256;
    let words_of_index = 4 << 20;
    type Cut = fn(&mut [Vec<u8>]);
    let edits: [(&str, usize, usize, &[u8]); 10] = [
        ("a mark more", ROOT, 0, &[1]),
        ("a count that is not one", ROOT, words_of_index - 4, &[9]),
        ("a block beyond the end", LINES, 0, &[0, 0, 9, 0]),
        ("a record of more keys than it has room for", LINES, 16 + 7, &[8]),
        ("a mark that no count knows", LEAVES, crowded, &[0xff]),
        ("a count of marks that is not one", LEAVES, crowded + 33, &[0]),
        ("a code of an address", LEAVES, crowded - 1, &[0xff]),
        ("a code of a block", LEAVES, crowded + 36, &[0xff]),
        ("no entry for the first /24", BASES, 0, &[0]),
        ("entries beyond the end", BASES, words_of_index, &[0xff, 0xff, 0, 0]),
    ];
    for (what, section, at, bytes) in edits {
        let image = edited(&family, |all| all[MAP + section][at..at + bytes.len()].copy_from_slice(bytes));
        assert!(Family::<u32>::from_image(&image).is_err(), "{what}");
    }
    let cuts: [(&str, Cut); 4] = [
        ("codes", |all| all[MAP + LEAVES].truncate((1 << 24) + 511)),
        ("records", |all| all[MAP + LINES].truncate(16)),
        ("entries", |all| all[MAP + ENTRIES].truncate(20)),
        ("where entries begin", |all| all[MAP + BASES].truncate(4 << 20)),
    ];
    for (what, cut) in cuts {
        assert!(Family::<u32>::from_image(&edited(&family, cut)).is_err(), "{what} are cut");
    }
}
