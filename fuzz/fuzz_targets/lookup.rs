//! Any policy, any clients: the table and the gate say what the golden model says.
#![no_main]

#[allow(dead_code)] // the tests use all of it
#[path = "../../tests/support/golden.rs"]
mod golden;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::SystemTime;

use arbitrary::Arbitrary;
use golden::Golden;
use ipgate::ipnet::{IpNet, Ipv4Net, Ipv6Net};
use ipgate::{Action, Entry, Gate, List, Mode, Policy, Table, table::Origin};
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
struct Input {
    default: Option<Vec<Written>>,
    app: Option<Vec<Written>>,
    mode: u8,
    enforce: bool,
    clients: Vec<Bits>,
}

/// An entry in a form that small changes keep close to others.
#[derive(Debug, Arbitrary)]
struct Written {
    bits: Bits,
    length: u8,
    deny: bool,
    label: u8,
    expiry: u8,
}

#[derive(Debug, Arbitrary)]
enum Bits {
    V4(u32),
    V6(u128),
    /// In `2001:db8::/64`, where entries meet more often.
    Near(u64),
}

impl Bits {
    fn address(&self) -> IpAddr {
        match *self {
            Bits::V4(bits) => IpAddr::V4(Ipv4Addr::from(bits)),
            Bits::V6(bits) => IpAddr::V6(Ipv6Addr::from(bits)),
            Bits::Near(bits) => IpAddr::V6(Ipv6Addr::from(0x2001_0db8 << 96 | u128::from(bits))),
        }
    }
}

fn prefix(written: &Written) -> IpNet {
    match written.bits.address() {
        IpAddr::V4(v4) => Ipv4Net::new(v4, written.length % 33).expect("up to 32").trunc().into(),
        IpAddr::V6(v6) => Ipv6Net::new(v6, written.length % 129).expect("up to 128").trunc().into(),
    }
}

/// A list in which each prefix keeps its first action, so that nothing conflicts.
fn list(written: &[Written]) -> List {
    let mut actions = HashMap::new();
    let entries = written.iter().map(|written| {
        let given = Entry::new(prefix(written), if written.deny { Action::Deny } else { Action::Allow });
        let action = *actions.entry(given.prefix()).or_insert(given.action());
        let mut entry = Entry::new(given.prefix(), action);
        if written.label % 4 > 0 {
            entry = entry.with_label(format!("label{}", written.label).parse().expect("a label"));
        }
        match written.expiry % 8 {
            0 => entry.with_until("2000-01-01".parse().expect("a date")),
            1 => entry.with_until("2999-12-31".parse().expect("a date")),
            _ => entry,
        }
    });
    List::from_entries(entries).expect("nothing conflicts")
}

fuzz_target!(|input: Input| {
    let mut policy = Policy::new().with_enforce(input.enforce);
    let modes = [Mode::Extend, Mode::Override, Mode::Precede];
    policy = policy.with_mode(modes[usize::from(input.mode % 3)]);
    if let Some(default) = &input.default {
        policy = policy.with_default(list(default));
    }
    if let Some(app) = &input.app {
        policy = policy.with_app(list(app));
    }
    let (now, golden) = (SystemTime::now(), Golden::of_policy(&policy));
    let table = Table::from_policy_at(&policy, now);
    let gate = Gate::from_policy(&policy);
    let mut reader = gate.reader();

    let edges = golden.entries.iter().flat_map(|golden| match golden.entry.prefix() {
        IpNet::V4(net) => {
            let (first, last) = (u32::from(net.network()), u32::from(net.broadcast()));
            [first, last, first.wrapping_sub(1), last.wrapping_add(1)].map(|bits| IpAddr::V4(bits.into()))
        }
        IpNet::V6(net) => {
            let (first, last) = (u128::from(net.network()), u128::from(net.broadcast()));
            [first, last, first.wrapping_sub(1), last.wrapping_add(1)].map(|bits| IpAddr::V6(bits.into()))
        }
    });
    for client in input.clients.iter().map(Bits::address).chain(edges) {
        let expected = golden.decide(client, now);
        let decision = table.lookup(client);
        assert_eq!((decision.reason(), decision.label()), (expected.reason, expected.label()), "{client}");
        assert_eq!(table.is_allowed(client), expected.is_allowed(), "{client}");
        let covering: Vec<_> =
            table.covering(client).map(|e| (e.to_entry(), e.origin() == Origin::App)).collect();
        let all: Vec<_> =
            golden.covering(client, now).iter().map(|e| (e.entry.clone(), e.from_app)).collect();
        assert_eq!(covering, all, "{client}");

        assert_eq!(gate.is_allowed(client), expected.is_allowed(), "{client}");
        for verdict in [gate.check(client), reader.check(client)] {
            assert_eq!((verdict.reason(), verdict.label()), (expected.reason, expected.label()), "{client}");
            assert_eq!(verdict.entry().map(|entry| entry.to_entry()), expected.entry, "{client}");
        }
    }
});
