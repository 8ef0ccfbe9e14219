//! Any bytes as an image, of a table or of a site: no panic, no access out of bounds, no hang, and one answer however it is
//! asked for.
#![no_main]

use std::net::IpAddr;

use ipgate::site::{Site, SiteGate};
use ipgate::{Table, parse_address};
use libfuzzer_sys::fuzz_target;
use xxhash_rust::xxh3::xxh3_64;

fuzz_target!(|bytes: &[u8]| {
    let mut bytes = bytes.to_vec();
    if bytes.len() >= 32 {
        put_right(&mut bytes);
    }
    if Site::is_image(&bytes) { site(&bytes) } else { table(&bytes) }
});

/// Gives an image its length and its checksum, so that what lies behind them is reached.
fn put_right(bytes: &mut [u8]) {
    let length = bytes.len() as u64;
    bytes[16..24].copy_from_slice(&length.to_le_bytes());
    let checksum = xxh3_64(&bytes[32..]);
    bytes[24..32].copy_from_slice(&checksum.to_le_bytes());
}

/// A site is what its own image says again.
fn site(bytes: &[u8]) {
    let Ok(site) = Site::from_image(bytes) else { return };
    let again = Site::from_image(&site.to_image().expect("each host is of one app")).expect("a sound image");
    assert_eq!(again, site);
    let gate = SiteGate::new(&site).expect("each host is of one app");
    let client = parse_address("10.9.1.1").expect("an address");
    for (name, app) in site.apps() {
        assert_eq!(gate.check(name.as_str(), client).app(), Some(name.as_str()));
        for host in app.hosts() {
            assert_eq!(gate.check_host(host.as_str(), client).app(), Some(name.as_str()));
        }
    }
}

fn table(bytes: &[u8]) {
    let Ok(table) = Table::from_image(bytes) else { return };
    assert_eq!(
        Table::from_image(&table.to_image(table.info().generation)).expect("a sound image").len(),
        table.len()
    );
    let mut clients: Vec<_> = ["0.0.0.0", "10.9.1.1", "255.255.255.255", "::", "2001:db8::1"]
        .map(|client| parse_address(client).expect("an address"))
        .to_vec();
    for entry in table.entries() {
        let _ = (entry.to_string(), entry.line(), entry.source(), entry.until());
        let address = entry.prefix().network();
        let _ = table.covering(address).count();
        clients.extend([address, entry.prefix().broadcast()]);
    }
    for &client in &clients {
        let decision = table.lookup(client);
        let _ = (decision.reason(), decision.label(), table.matched(client).map(|entry| entry.to_entry()));
    }
    in_batches_as_singly(&table, &clients);
}

/// Many at once take other code than one, which has to read the same from an image that no builder wrote.
fn in_batches_as_singly(table: &Table, clients: &[IpAddr]) {
    let mut allowed = vec![true; clients.len()];
    table.are_allowed(clients, &mut allowed);
    let mut decisions = table.lookup_many(clients);
    for (&client, allowed) in clients.iter().zip(allowed) {
        assert_eq!(allowed, table.is_allowed(client), "{client}");
        let (many, one) = (decisions.next().expect("one for each"), table.lookup(client));
        assert_eq!((many.reason(), many.label()), (one.reason(), one.label()), "{client}");
        assert_eq!(many.origin(), one.origin(), "{client}");
    }
    assert!(decisions.next().is_none());
}
