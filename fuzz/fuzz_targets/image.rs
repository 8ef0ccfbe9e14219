//! Any bytes as an image of a table: no panic, no access out of bounds, no hang.
#![no_main]

use ipgate::{Table, parse_address};
use libfuzzer_sys::fuzz_target;
use xxhash_rust::xxh3::xxh3_64;

fuzz_target!(|bytes: &[u8]| table(bytes.to_vec()));

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
        let _ = table.covering(address).count();
    }
    for client in ["0.0.0.0", "10.9.1.1", "255.255.255.255", "::", "2001:db8::1"] {
        let address = parse_address(client).expect("an address");
        let decision = table.lookup(address);
        let _ = (decision.reason(), decision.label(), table.matched(address).map(|entry| entry.to_entry()));
    }
}
