//! What must hold for every list: the table is the golden model's, text survives its round trips, and
//! whatever bytes come, nothing is taken that was not written.

mod support;

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use ipgate::{
    Address, Entry, List, Mode, Policy, Table,
    ipnet::IpNet,
    list::{Until, format_text},
    space::Space,
    table::{Change, Origin},
};
use proptest::prelude::*;
use support::generate::{addresses, entries, list, probes, until, written};
use support::golden::{Bits, Golden};
use support::texts::{NOW, parser};

fn now() -> SystemTime {
    NOW.parse::<Until>().unwrap().system_time()
}

/// A table at `now`, through the only constructor that takes a time.
fn table(policy: &Policy) -> Table {
    Table::from_policy_at(policy, now())
}

fn policies() -> impl Strategy<Value = Policy> {
    let mode = prop_oneof![Just(Mode::Extend), Just(Mode::Override), Just(Mode::Precede)];
    let lists = (proptest::option::of(list()), proptest::option::weighted(0.9, list()));
    (lists, mode, any::<bool>()).prop_map(|((default, app), mode, enforce)| {
        let mut policy = Policy::new().with_mode(mode).with_enforce(enforce);
        if let Some(default) = default {
            policy = policy.with_default(default);
        }
        if let Some(app) = app {
            policy = policy.with_app(app);
        }
        policy
    })
}

/// Checks one client in every way, by a table that is live at that time.
fn agree(table: &Table, golden: &Golden, address: IpAddr, now: SystemTime) -> Result<(), TestCaseError> {
    let expected = golden.decide(address, now);
    let decision = table.lookup(address);
    prop_assert_eq!(decision.reason(), expected.reason, "{}", address);
    prop_assert_eq!(decision.is_allowed(), expected.is_allowed(), "{}", address);
    prop_assert_eq!(table.is_allowed(address), expected.is_allowed(), "{}", address);
    prop_assert_eq!(decision.label(), expected.label(), "{}", address);
    prop_assert_eq!(table.matched(address).map(|entry| entry.to_entry()), expected.entry, "{}", address);
    let covering: Vec<_> =
        table.covering(address).map(|entry| (entry.to_entry(), entry.origin() == Origin::App)).collect();
    let expected: Vec<_> = golden
        .covering(address, now)
        .into_iter()
        .map(|entry| (entry.entry.clone(), entry.from_app))
        .collect();
    prop_assert_eq!(covering, expected, "{}", address);
    Ok(())
}

/// Whether one of the space's prefixes holds a canonical address.
fn holds(space: &Space, address: IpAddr) -> bool {
    space.prefixes().any(|prefix| prefix.contains(&address))
}

proptest! {
    #[test]
    fn a_table_is_the_golden_model(policy in policies(), others in addresses()) {
        let (table, golden) = (table(&policy), Golden::of_policy(&policy));
        let lists = [policy.default_list(), policy.app_list()];
        for address in probes(lists.iter().flatten().flat_map(|list| list.entries()), &others) {
            agree(&table, &golden, address, now())?;
        }
    }

    /// Through times that come in any order: where an entry of the app list has expired, the default list decides again,
    /// in the table, in its image and in the space that it allows.
    #[test]
    fn the_app_list_precedes_at_any_time(
        (default, app) in (list(), list()),
        times in prop::collection::vec((until(), any::<bool>()), 1..4),
        others in addresses(),
    ) {
        let policy = Policy::new().with_default(default).with_app(app).with_mode(Mode::Precede);
        let golden = Golden::of_policy(&policy);
        let entries: Vec<Entry> = golden.entries.iter().map(|golden| golden.entry.clone()).collect();
        let compiled = Table::from_policy_at(&policy, SystemTime::UNIX_EPOCH);
        let image = compiled.to_image(1);
        let mut driven = compiled;
        for (until, is_before) in times {
            let time = until.system_time() - Duration::from_micros(u64::from(is_before));
            driven = driven.live_at(time);
            let of_image = Table::from_image(&image).expect("an image").live_at(time);
            let compiled = Table::from_policy_at(&policy, time);
            let space = compiled.allowed_space();
            prop_assert_eq!(&driven.allowed_space(), &space);
            for address in probes(&entries, &others) {
                for table in [&compiled, &driven] {
                    agree(table, &golden, address, time)?;
                }
                if time >= SystemTime::UNIX_EPOCH {
                    agree(&of_image, &golden, address, time)?; // what had expired then is not in it
                }
                if address.is_ipv4() || Bits::of_client(address).v6 {
                    prop_assert_eq!(holds(&space, address), golden.decide(address, time).is_allowed(), "{}", address);
                }
            }
        }
    }

    /// Every address of the prefixes is in one change, which says what the golden models say of the two lists.
    #[test]
    fn changes_are_what_the_golden_models_say(old in policies(), new in policies(), others in addresses()) {
        let entries: Vec<Entry> = [&old, &new]
            .into_iter()
            .flat_map(|policy| [policy.default_list(), policy.app_list()])
            .flatten()
            .flat_map(|list| list.entries().to_vec())
            .collect();
        let prefixes: Vec<IpNet> = entries.iter().step_by(3).map(Entry::prefix).collect();
        let tables = [&old, &new].map(table);
        let golden = [&old, &new].map(Golden::of_policy);
        let changes = tables[0].changes(&tables[1], &prefixes);
        for address in probes(&entries, &others) {
            let address = IpAddr::from(Address::from(address));
            let holds = |change: &&Change<'_>| change.space.prefixes().any(|prefix| prefix.contains(&address));
            let found: Vec<_> = changes.iter().filter(holds).collect();
            prop_assert_eq!(found.len(), usize::from(prefixes.iter().any(|p| p.contains(&address))), "{}", address);
            let [was, now] = [0, 1].map(|i| golden[i].decide(address, now()));
            for change in found {
                prop_assert_eq!(change.was.map(|entry| entry.to_entry()), was.entry.clone(), "{}", address);
                prop_assert_eq!(change.by.map(|entry| entry.to_entry()), now.entry.clone(), "{}", address);
                prop_assert_eq!(change.was_allowed, was.is_allowed(), "{}", address);
                prop_assert_eq!(change.is_allowed, now.is_allowed(), "{}", address);
            }
        }
    }

    #[test]
    fn many_addresses_are_answered_as_each_is(
        policy in policies(),
        others in prop::collection::vec(addresses(), 0..40),
    ) {
        let (table, golden) = (table(&policy), Golden::of_policy(&policy));
        let lists = [policy.default_list(), policy.app_list()];
        let entries = lists.iter().flatten().flat_map(|list| list.entries());
        let clients: Vec<IpAddr> = probes(entries, &others.concat()).into_iter().collect();
        let mut allowed = vec![true; clients.len() + 1];
        table.are_allowed(&clients, &mut allowed);
        prop_assert_eq!(allowed.pop(), Some(false), "a place without an address");
        let decisions: Vec<_> = table.lookup_many(&clients).collect();
        prop_assert_eq!(decisions.len(), clients.len());
        for ((client, allowed), decision) in clients.iter().zip(allowed).zip(decisions) {
            let expected = golden.decide(*client, now());
            prop_assert_eq!(allowed, expected.is_allowed(), "{}", client);
            prop_assert_eq!((decision.reason(), decision.label()), (expected.reason, expected.label()), "{}", client);
        }
    }

    #[test]
    fn canonical_text_is_the_list(list in list()) {
        let text = list.to_string();
        let again: List = parser().parse(&text).map_err(|e| TestCaseError::fail(format!("{e}")))?.list;
        prop_assert_eq!(&again, &list);
        prop_assert_eq!(again.to_string(), text);
    }

    #[test]
    fn every_spelling_means_the_same((entries, text) in written()) {
        let strict = parser().parse(&text).map_err(|e| TestCaseError::fail(format!("{text:?}: {e}")))?;
        prop_assert_eq!(strict.list.entries(), &entries[..]);
        let lenient = parser().lenient(true).parse(&text).unwrap();
        prop_assert_eq!(&lenient.list, &strict.list);
        prop_assert_eq!(&lenient.report, &strict.report);
        for entry in strict.list.entries() {
            let written = strict.list.original(entry).unwrap();
            let alone = parser().parse(written).unwrap().list;
            prop_assert_eq!(alone.entries(), std::slice::from_ref(entry));
        }
    }

    #[test]
    fn formatting_twice_is_formatting_once((entries, text) in written()) {
        // `format_text` goes by the clock, by which other entries have expired than by `NOW`.
        let formatted = format_text(&text).map_err(|e| TestCaseError::fail(format!("{text:?}: {e}")))?;
        prop_assert_eq!(&format_text(&formatted).unwrap(), &formatted);
        let again = parser().parse(&formatted).map_err(|e| TestCaseError::fail(format!("{e}")))?.list;
        prop_assert_eq!(again.entries(), &entries[..]);
        let comments = |text: &str| {
            let begins = |line: &&str| line.starts_with('#') || line.contains(" #") || line.contains("\t#");
            text.lines().filter(begins).count()
        };
        prop_assert_eq!(comments(&formatted), comments(&text), "{:?} became {:?}", text, formatted);
    }

    #[test]
    fn lenient_takes_the_good_entries_of_a_mixed_list(
        entries in entries(),
        bad in prop::collection::vec((0usize..64, prop::sample::select(BAD.to_vec())), 1..6),
    ) {
        let mut pieces: Vec<String> = entries.iter().map(Entry::to_string).collect();
        for (at, bad) in &bad {
            pieces.insert(at % (pieces.len() + 1), (*bad).to_owned());
        }
        let text = pieces.join("\n");
        let errors = |report: &ipgate::list::Report| report.error_count();
        let strict = parser().parse(&text).expect_err("a bad entry rejects the list");
        prop_assert_eq!(errors(strict.report()), bad.len());
        let any_live = entries.iter().any(|entry| entry.is_live(now()));
        let is_list = any_live && bad.len() <= entries.len();
        match parser().lenient(true).parse(&text) {
            Ok(parsed) => {
                prop_assert!(is_list);
                prop_assert_eq!(errors(&parsed.report), bad.len());
                prop_assert_eq!(parsed.list.entries(), &entries[..]);
            }
            Err(_) => prop_assert!(!is_list, "there were good entries"),
        }
    }

    #[test]
    fn spaces_hold_what_tables_allow(a in list(), b in list(), others in addresses()) {
        let (table_a, table_b) = (table(&Policy::new().with_app(a)), table(&Policy::new().with_app(b)));
        let (space_a, space_b) = (table_a.allowed_space(), table_b.allowed_space());
        let lost = space_a.difference(&space_b);
        let entries: Vec<Entry> =
            table_a.entries().chain(table_b.entries()).map(|entry| entry.to_entry()).collect();
        for address in probes(&entries, &others) {
            if address.is_ipv6() && !Bits::of_client(address).v6 {
                continue; // a mapped address is not one of the space's IPv6 addresses
            }
            prop_assert_eq!(holds(&space_a, address), table_a.is_allowed(address), "{}", address);
            let expected = table_a.is_allowed(address) && !table_b.is_allowed(address);
            prop_assert_eq!(holds(&lost, address), expected, "{}", address);
        }
        let size = |prefix: ipgate::ipnet::IpNet| {
            1u128.checked_shl(u32::from(prefix.max_prefix_len() - prefix.prefix_len()))
        };
        for space in [&space_a, &lost] {
            let (v4, v6): (Vec<_>, Vec<_>) = space.prefixes().partition(|prefix| prefix.addr().is_ipv4());
            let sum = |prefixes: Vec<_>| prefixes.into_iter().map(size).sum::<Option<u128>>();
            prop_assert_eq!(space.v4_count().exact(), sum(v4));
            prop_assert_eq!(space.v6_count().exact(), sum(v6));
        }
        prop_assert!(space_a.difference(&space_a).is_empty());
        prop_assert_eq!(&space_a.difference(&Space::default()), &space_a);
        prop_assert!(space_a.difference(&Space::everything()).is_empty());
    }
}

/// Pieces that are no entries, and that no neighbour can make one.
const BAD: &[&str] = &[
    "10.1",
    "256.1.1.1",
    "1.2.3.4/33",
    "01.2.3.4",
    "foobar",
    "office.example.com",
    "!",
    "!!1.2.3.4",
    "1.2.3.4 5.6.7.8",
    "1.2.3.4;owner=x",
    "1.2.3.4;until=never",
    "2001:db8::1:office",
    "fe80::1%eth0",
    "[10.0.0.1]",
    "10.0.0.9-10.0.0.1",
    "1.2.3.4:\u{7}",
    "1.2.3.4#x;y",
    "2001::db8::1",
    "::/129",
];
