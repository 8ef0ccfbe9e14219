//! Any changes of a large list, one set after the other: the gate says what the golden model says of the changed list.
#![no_main]

#[allow(dead_code)] // the tests use all of it
#[path = "../../tests/support/golden.rs"]
mod golden;
#[path = "support/written.rs"]
mod written;

use std::net::IpAddr;
use std::sync::OnceLock;
use std::time::SystemTime;

use arbitrary::Arbitrary;
use golden::Golden;
use ipgate::{Action, Entry, Gate, List, Policy, Table, Update};
use libfuzzer_sys::fuzz_target;
use written::{Bits, Written, edges};

#[derive(Debug, Arbitrary)]
struct Input {
    updates: Vec<Vec<Change>>,
    clients: Vec<Bits>,
    /// Before which of the updates the table is compiled anew.
    compacts: u8,
}

#[derive(Debug, Arbitrary)]
enum Change {
    Put(Written),
    Remove(Written),
    /// An entry of the large list is removed, or put with the other action.
    Old(u16, bool),
}

/// As many entries as a table needs to be changed without being compiled anew: networks with hosts in them.
const HOSTS: u32 = 4200;

fn old(number: u32) -> Entry {
    let (block, host) = (number / 20, number % 20);
    let prefix = match host {
        0 => format!("10.{}.{}.0/24", block / 250, block % 250),
        1 => format!("2001:db8::{block:x}:0/112"),
        2..10 => format!("10.{}.{}.{host}/32", block / 250, block % 250),
        _ => format!("2001:db8::{block:x}:{host:x}/128"),
    };
    Entry::new(prefix.parse().expect("a prefix"), if host % 7 == 6 { Action::Deny } else { Action::Allow })
}

fn base() -> &'static (Vec<Entry>, Vec<u8>) {
    static BASE: OnceLock<(Vec<Entry>, Vec<u8>)> = OnceLock::new();
    BASE.get_or_init(|| {
        let entries: Vec<Entry> = (0..HOSTS).map(old).collect();
        let table = Table::new(&List::from_entries(entries.clone()).expect("nothing conflicts"));
        (entries, table.to_image(1))
    })
}

fn check(gate: &Gate, entries: &[Entry], clients: &[IpAddr]) {
    let list = List::from_entries(entries.iter().cloned()).expect("a prefix has one entry");
    let (now, golden) = (SystemTime::now(), Golden::of_policy(&Policy::new().with_app(list)));
    let (snapshot, mut reader) = (gate.snapshot(), gate.reader());
    for &client in clients {
        let expected = golden.decide(client, now);
        assert_eq!(gate.is_allowed(client), expected.is_allowed(), "{client}");
        let verdict = reader.check(client);
        assert_eq!((verdict.reason(), verdict.label()), (expected.reason, expected.label()), "{client}");
        assert_eq!(verdict.entry().map(|entry| entry.to_entry()), expected.entry, "{client}");
        let covering: Vec<_> = snapshot.table().covering(client).map(|entry| entry.to_entry()).collect();
        let all: Vec<_> = golden.covering(client, now).iter().map(|golden| golden.entry.clone()).collect();
        assert_eq!(covering, all, "{client}");
    }
}

fuzz_target!(|input: Input| {
    let (base, image) = base();
    let (mut entries, gate) =
        (base.clone(), Gate::from_table(Table::from_image(image).expect("it was just made")));
    let mut clients: Vec<IpAddr> = input.clients.iter().take(16).map(Bits::address).collect();
    for (turn, changes) in input.updates.iter().take(4).enumerate() {
        let mut update = Update::new();
        for change in changes.iter().take(32) {
            let (prefix, entry) = match change {
                Change::Put(written) => (written.entry().prefix(), Some(written.entry())),
                Change::Remove(written) => (written.entry().prefix(), None),
                Change::Old(number, is_removed) => {
                    let old = old(u32::from(*number) % HOSTS);
                    let other = if old.action() == Action::Allow { Action::Deny } else { Action::Allow };
                    (old.prefix(), (!is_removed).then(|| Entry::new(old.prefix(), other)))
                }
            };
            entries.retain(|entry| entry.prefix() != prefix);
            entries.extend(entry.clone());
            match entry {
                Some(entry) => update.put(entry),
                None => update.remove(prefix),
            }
            clients.extend(edges(prefix));
        }
        if input.compacts >> turn & 1 == 1 {
            gate.compact();
        }
        gate.update(&update).expect("it is small, and there is no guard");
        check(&gate, &entries, &clients);
    }
    if gate.compact().is_some() {
        check(&gate, &entries, &clients);
    }
});
