//! Any bytes as an image: no panic, no access out of bounds, no hang; and where an image is believed, every
//! instruction set gives the same answers from it.
#![no_main]

use ipgate::family::{Family, Key, SimdLevel};
use ipgate::{Table, parse_address};
use libfuzzer_sys::fuzz_target;
use xxhash_rust::xxh3::xxh3_64;

/// Of the input: which of the three ways in is taken.
const V4_FAMILY: u8 = 0;
const V6_FAMILY: u8 = 1;

fuzz_target!(|input: &[u8]| {
    let Some((way, bytes)) = input.split_first() else { return };
    match *way {
        V4_FAMILY => family::<u32>(bytes),
        V6_FAMILY => family::<u128>(bytes),
        _ => table(bytes.to_vec()),
    }
});

fn family<K: Key>(bytes: &[u8]) {
    let Ok(family) = Family::<K>::from_image(bytes) else { return };
    assert_eq!(family.image(), bytes);
    let mut addresses: Vec<K> = (0..=64).map(|i| K::from_wide(u128::MAX >> (128 - K::BITS) >> i)).collect();
    addresses.extend((0..K::BITS).map(|bit| K::from_wide(1 << bit)));
    // Whatever the image holds is likely to be near a boundary of it.
    addresses.extend(bytes.chunks_exact(K::BYTES).take(512).map(K::read));
    let answers = |level| {
        let family = family.at_level(level);
        let mut values = vec![0; addresses.len()];
        let mut allowed = vec![false; addresses.len()];
        family.lookup_batch(&addresses, &mut values);
        family.are_allowed(&addresses, &mut allowed);
        let single: Vec<_> =
            addresses.iter().map(|&a| (family.lookup(a), family.is_allowed(a), family.matched(a))).collect();
        (values, allowed, single)
    };
    let portable = answers(SimdLevel::Portable);
    for level in SimdLevel::available() {
        assert_eq!(answers(level), portable, "{level:?}");
    }
}

/// A table's image, its length and checksum put right so that what lies behind them is reached.
fn table(mut bytes: Vec<u8>) {
    if bytes.len() < 32 {
        assert!(Table::from_image(&bytes).is_err());
        return;
    }
    let length = bytes.len() as u64;
    bytes[16..24].copy_from_slice(&length.to_le_bytes());
    let checksum = xxh3_64(&bytes[32..]);
    bytes[24..32].copy_from_slice(&checksum.to_le_bytes());
    let Ok(table) = Table::from_image(&bytes) else { return };
    assert_eq!(
        Table::from_image(&table.to_image(table.info().generation)).expect("a sound image").len(),
        table.len()
    );
    for entry in table.entries() {
        let _ = (entry.to_string(), entry.line(), entry.source(), entry.until());
        let address = entry.prefix().network();
        let _ = (table.is_allowed(address), table.lookup(address).label(), table.matched(address));
        let _ = table.covering(address).len();
    }
    for client in ["0.0.0.0", "10.9.1.1", "255.255.255.255", "::", "2001:db8::1"] {
        let address = parse_address(client).expect("an address");
        let decision = table.lookup(address);
        let _ = (decision.reason(), decision.label(), table.matched(address).map(|entry| entry.to_entry()));
    }
}
