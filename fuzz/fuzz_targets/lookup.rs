//! Any policy, any clients: the table and the gate say what the golden model says.
#![no_main]

#[allow(dead_code)] // the tests use all of it
#[path = "../../tests/support/golden.rs"]
mod golden;
#[path = "support/written.rs"]
mod written;

use std::time::SystemTime;

use arbitrary::Arbitrary;
use golden::Golden;
use ipgate::{Gate, Mode, Policy, Table, table::Origin};
use libfuzzer_sys::fuzz_target;
use written::{Bits, Written, edges, list};

#[derive(Debug, Arbitrary)]
struct Input {
    default: Option<Vec<Written>>,
    app: Option<Vec<Written>>,
    mode: u8,
    enforce: bool,
    clients: Vec<Bits>,
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

    let edges = golden.entries.iter().flat_map(|golden| edges(golden.entry.prefix()));
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
