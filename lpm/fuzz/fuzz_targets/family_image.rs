//! Any bytes as an image of a family: no panic, no access out of bounds, no hang; and where an image is believed, every
//! instruction set gives the same answers from it, one by one and for many at once.
#![no_main]

use ipgate_lpm::{Family, Key, NO_MATCH, SimdLevel};
use libfuzzer_sys::fuzz_target;
use xxhash_rust::xxh3::xxh3_64;

fuzz_target!(|input: &[u8]| {
    // Of the input, the first byte says which family is asked for.
    let Some((way, bytes)) = input.split_first() else { return };
    match *way & 1 {
        0 => family::<u32>(bytes.to_vec()),
        _ => family::<u128>(bytes.to_vec()),
    }
});

fn family<K: Key>(mut bytes: Vec<u8>) {
    reseal(&mut bytes);
    let Ok(family) = Family::<K>::from_image(&bytes) else { return };
    assert_eq!(family.to_image(), bytes);
    let mut addresses: Vec<K> = (0..=64).map(|i| K::from_wide(u128::MAX >> (128 - K::BITS) >> i)).collect();
    addresses.extend((0..K::BITS).map(|bit| K::from_wide(1 << bit)));
    // Whatever the image holds is likely to be near a boundary of it.
    addresses.extend(bytes.chunks_exact(K::BYTES).take(512).map(K::read));
    let answers = |level| {
        let family = family.at_level(level);
        let mut values = vec![0; addresses.len()];
        let mut allowed = vec![false; addresses.len()];
        family.lookup_many(&addresses, &mut values);
        family.are_allowed(&addresses, &mut allowed);
        let single: Vec<_> =
            addresses.iter().map(|&a| (family.lookup(a), family.is_allowed(a), family.matched(a))).collect();
        assert!(single.iter().map(|one| one.0.unwrap_or(NO_MATCH)).eq(values.iter().copied()), "{level:?}");
        assert!(single.iter().map(|one| one.1).eq(allowed.iter().copied()), "{level:?}");
        (values, allowed, single)
    };
    let portable = answers(SimdLevel::Portable);
    for level in SimdLevel::available() {
        assert_eq!(answers(level), portable, "{level:?}");
    }
}

/// Makes length and checksum those of the bytes (layout: `ipgate_lpm::image`), so that what lies behind is reached.
fn reseal(bytes: &mut [u8]) {
    if bytes.len() < 32 {
        return;
    }
    let length = bytes.len() as u64;
    bytes[16..24].copy_from_slice(&length.to_le_bytes());
    let checksum = xxh3_64(&bytes[32..]);
    bytes[24..32].copy_from_slice(&checksum.to_le_bytes());
}
