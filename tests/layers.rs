//! A policy over live gates says what the policy's table says of the lists that the gates hold.

mod support;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ipgate::layers::{Layers, LayersReader, Slot};
use ipgate::site::ListSlot;
use ipgate::table::Origin;
use ipgate::tally::Whose;
use ipgate::{Address, Gate, Judgement, List, Mode, Policy, Reason, Table};
use proptest::prelude::*;
use support::generate::{addresses, list, probes};
use support::golden::Golden;

/// What a gate holds.
#[derive(Debug, Clone)]
enum Held {
    Listed(List),
    /// It needs no list.
    Open,
    /// It has not got its list yet.
    Waiting,
}

impl Held {
    fn policy(&self) -> Policy {
        match self {
            Held::Listed(list) => Policy::new().with_app(list.clone()),
            Held::Open => Policy::new(),
            Held::Waiting => Policy::new().with_enforce(true),
        }
    }
}

/// A place of the policy as the test knows it.
#[derive(Debug, Clone)]
enum Place {
    Unset,
    Fixed(List),
    Live(Gate, Held),
}

impl Place {
    fn slot(&self) -> Slot {
        match self {
            Place::Unset => Slot::Unset,
            Place::Fixed(list) => list.clone().into(),
            Place::Live(gate, _) => gate.into(),
        }
    }

    fn swap(&mut self, new: Held) {
        if let Place::Live(gate, held) = self {
            gate.replace_policy(&new.policy()).expect("no guard");
            *held = new;
        }
    }

    fn list(&self) -> Option<&List> {
        match self {
            Place::Fixed(list) | Place::Live(_, Held::Listed(list)) => Some(list),
            Place::Unset | Place::Live(_, Held::Open | Held::Waiting) => None,
        }
    }

    /// What it holds, as a site says it.
    fn held(&self) -> ListSlot {
        match self {
            Place::Live(_, Held::Waiting) => ListSlot::Waiting,
            Place::Fixed(_) | Place::Live(_, Held::Listed(_)) => {
                self.list().cloned().map_or(ListSlot::Unset, ListSlot::from)
            }
            Place::Unset | Place::Live(_, Held::Open) => ListSlot::Unset,
        }
    }
}

fn held() -> impl Strategy<Value = Held> {
    prop_oneof![5 => list().prop_map(Held::Listed), 1 => Just(Held::Open), 1 => Just(Held::Waiting)]
}

fn place() -> impl Strategy<Value = Place> {
    prop_oneof![
        1 => Just(Place::Unset),
        1 => list().prop_map(Place::Fixed),
        4 => held().prop_map(|held| Place::Live(Gate::from_policy(&held.policy()), held)),
    ]
}

/// The model of a policy over two places.
fn golden(default: &Place, app: &Place, mode: Mode, enforce: bool) -> Option<Golden> {
    support::site::golden(&default.held(), &app.held(), mode, enforce)
}

type Counts = BTreeMap<Option<String>, (u64, u64)>;

/// What was counted, over both lists.
fn counts(reader: &mut LayersReader) -> Counts {
    let mut counts = Counts::new();
    for (whose, sum) in reader.counts().flat_map(|(_, tally)| tally.sums()) {
        let label = match whose {
            Whose::Label(label) => Some(label.to_owned()),
            Whose::Unlabelled | Whose::Others => None,
        };
        let count = counts.entry(label).or_default();
        *count = (count.0 + sum.allowed, count.1 + sum.denied);
    }
    counts.retain(|_, count| *count != (0, 0));
    counts
}

/// Checks one client in every way; what the golden model says of it.
fn agree(
    reader: &mut LayersReader,
    golden: Option<&Golden>,
    client: IpAddr,
) -> Result<(bool, Option<String>), TestCaseError> {
    let now = SystemTime::now();
    let deciding = golden.and_then(|golden| golden.covering(client, now).first().copied());
    let reason = golden.map_or(Reason::NoList, |golden| golden.decide(client, now).reason);
    let entry = deciding.map(|golden| golden.entry.clone());
    let origin = deciding.map(|golden| if golden.from_app { Origin::App } else { Origin::Default });
    let label = entry.as_ref().and_then(|entry| entry.label()).map(|label| label.as_str());

    prop_assert_eq!(reader.is_allowed(client), reason.is_allowed(), "{}", client);
    prop_assert_eq!(reader.admit(client), reason.is_allowed(), "{}", client);
    if let Some(admitted) = reader.clone().admit_settled(client) {
        prop_assert_eq!(admitted, reason.is_allowed(), "{}", client);
    }
    let says = |judgement: Judgement<'_>| {
        let said = (judgement.reason(), judgement.origin(), judgement.label());
        prop_assert_eq!(said, (reason, origin, label), "{}", client);
        prop_assert_eq!(judgement.entry().map(|entry| entry.to_entry()), entry.clone(), "{}", client);
        Ok(())
    };
    reader.check_with(Some(Address::from(client)), says)?;
    reader.admit_with(Some(Address::from(client)), says)?;
    for counted in [false, true] {
        let verdict = if counted { reader.admit_verdict(client) } else { reader.check(client) };
        prop_assert_eq!((verdict.reason(), verdict.origin()), (reason, origin), "{}", client);
        prop_assert_eq!(verdict.entry().map(|entry| entry.to_entry()), entry.clone(), "{}", client);
        prop_assert_eq!(verdict.label(), label, "{}", client);
    }
    if let Some(golden) = golden {
        let from_app = |origin| origin == Origin::App;
        let covering = reader.covering(client);
        let covering: Vec<_> =
            covering.iter().map(|(from, entry)| (from_app(*from), entry.to_entry())).collect();
        let expected = golden.covering(client, now);
        let expected: Vec<_> = expected.iter().map(|entry| (entry.from_app, entry.entry.clone())).collect();
        prop_assert_eq!(covering, expected, "{}", client);
    }
    Ok((reason.is_allowed(), label.map(str::to_owned)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn a_policy_over_gates_is_the_golden_model_through_swaps(
        (mut default, mut app) in (place(), place()),
        swaps in prop::collection::vec((any::<bool>(), held()), 0..4),
        mode in prop::sample::select(vec![Mode::Extend, Mode::Override, Mode::Precede]),
        enforce in any::<bool>(),
        others in addresses(),
    ) {
        let layers = Layers::new().with_default(default.slot()).with_app(app.slot());
        let mut reader = layers.with_mode(mode).with_enforce(enforce).reader();
        let mut expected = Counts::new();
        let mut count = |allowed: bool, label| {
            let count = expected.entry(label).or_default();
            *count = (count.0 + u64::from(allowed), count.1 + u64::from(!allowed));
        };
        for swap in std::iter::once(None).chain(swaps.into_iter().map(Some)) {
            match swap {
                Some((true, new)) => app.swap(new),
                Some((false, new)) => default.swap(new),
                None => {}
            }
            let golden = golden(&default, &app, mode, enforce);
            let lists = [default.list(), app.list()];
            let entries = lists.into_iter().flatten().flat_map(|list| list.entries());
            for client in probes(entries, &others) {
                let (allowed, label) = agree(&mut reader, golden.as_ref(), client)?;
                count(allowed, label.clone()); // `admit`
                count(allowed, label.clone()); // `admit_with`
                count(allowed, label); // `admit_verdict`
            }
            prop_assert_eq!(reader.check_without_address().reason(), Reason::NoAddress);
            prop_assert!(!reader.admit_without_address().is_allowed());
            count(false, None);
            prop_assert_eq!(reader.admit_with(None, |judgement| judgement.reason()), Reason::NoAddress);
            count(false, None);
        }
        prop_assert_eq!(counts(&mut reader), expected);
    }
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn list_of(text: &str) -> List {
    text.parse().unwrap()
}

#[test]
fn each_gate_is_swapped_by_itself_and_both_count_as_one_generation() {
    let default = Gate::new(&list_of("10.0.0.0/8:corp,!192.0.2.0/24:out"));
    let app = Gate::from_policy(&Policy::new().with_enforce(true));
    let layers = Layers::new().with_default(&default).with_app(&app);
    let mut reader = layers.reader();
    let verdict = reader.check(address("10.9.1.1"));
    assert_eq!((verdict.reason(), verdict.generation(), verdict.origin()), (Reason::NoList, 1, None));
    app.replace(&list_of("!10.9.0.0/16:lab,192.0.2.0/24:in")).unwrap();
    let verdict = reader.check(address("::ffff:10.9.1.1"));
    assert_eq!(verdict.to_string(), "10.9.1.1 deny !10.9.0.0/16:lab (generation 2)");
    assert_eq!(verdict.origin(), Some(Origin::App));
    let verdict = reader.check(address("192.0.2.7"));
    assert_eq!((verdict.label(), verdict.origin()), (Some("in"), Some(Origin::App)), "on equal prefixes");
    default.replace(&list_of("10.9.1.0/24:desk")).unwrap();
    let verdict = reader.check(address("10.9.1.1"));
    assert_eq!(
        (verdict.label(), verdict.origin()),
        (Some("desk"), Some(Origin::Default)),
        "longest over both"
    );
    assert_eq!(verdict.generation(), 3);
    assert_eq!(layers.gates().map(Gate::generation).collect::<Vec<_>>(), [2, 2], "of app and default");
    assert!(layers.policy().is_none(), "there are gates in it");
}

/// A gate that needs no list is a list that is not set, also where it stands alone: the policy requires one.
#[test]
fn a_gate_without_a_list_opens_no_policy_that_requires_one() {
    let open = Gate::from_policy(&Policy::new());
    let listed = Gate::new(&list_of("10.0.0.0/8:corp"));
    let (inside, outside) = (address("10.0.0.1"), address("192.0.2.1"));
    for mode in [Mode::Extend, Mode::Override, Mode::Precede] {
        let layers = Layers::new().with_mode(mode).with_enforce(true);
        for layers in [layers.clone().with_app(&open), layers.clone().with_default(&open)] {
            let mut reader = layers.reader();
            assert!(!reader.is_allowed(inside) && !reader.admit(inside));
            assert_eq!(reader.check(inside).reason(), Reason::NoList);
            let mut reader = layers.with_enforce(false).reader();
            assert!(reader.is_allowed(inside) && reader.admit(inside));
            assert_eq!(reader.check(inside).reason(), Reason::NoGate);
        }
        let mut reader = layers.with_enforce(false).with_default(&listed).with_app(&open).reader();
        assert!(
            reader.is_allowed(inside) && !reader.is_allowed(outside),
            "the default list is the one that is set"
        );
    }
}

#[test]
fn counts_are_kept_for_each_list_and_through_pauses() {
    let default = Gate::new(&list_of("10.0.0.0/8:corp"));
    let app = Gate::new(&list_of("!192.0.2.0/24:out"));
    let mut reader = Layers::new().with_default(&default).with_app(&app).reader();
    for client in ["10.0.0.1", "192.0.2.1", "203.0.113.1"] {
        reader.admit(address(client));
        reader.is_allowed(address(client));
    }
    reader.pause();
    default.replace(&list_of("10.0.0.0/9:half,10.128.0.0/9:corp")).unwrap();
    reader.admit(address("10.200.0.1"));
    let mut counted = Vec::new();
    for (from, tally) in reader.counts() {
        let sums = tally.sums().filter(|(_, sum)| sum.allowed + sum.denied > 0);
        counted.extend(sums.map(|(whose, sum)| format!("{from:?} {whose:?} {} {}", sum.allowed, sum.denied)));
    }
    counted.sort();
    assert_eq!(
        counted,
        [r#"Some(App) Label("out") 0 1"#, "Some(App) Unlabelled 0 1", r#"Some(Default) Label("corp") 2 0"#]
    );
    assert_eq!(counts(&mut reader.clone()), Counts::new(), "a clone counts for itself");
}

#[test]
fn what_expires_is_found_in_both_lists_the_soonest_first() {
    let default = Gate::new(&list_of("10.0.0.0/8:a;until=2998-01-01,11.0.0.0/8:b"));
    let app = Gate::new(&list_of("12.0.0.0/8:c;until=2997-01-01,13.0.0.0/8:d;until=2999-01-01"));
    let layers = Layers::new().with_default(&default).with_app(&app);
    let until =
        |text: &str| list_of(&format!("1.1.1.1;until={text}")).entries()[0].until().unwrap().system_time();
    let labels = |layers: &Layers, by: SystemTime| -> Vec<String> {
        let mut reader = layers.reader();
        let found = reader.expiring(by);
        found.iter().map(|(from, entry)| format!("{from:?} {}", entry.label().unwrap())).collect()
    };
    let instant = until("2998-01-01");
    assert_eq!(labels(&layers, instant), ["App c", "Default a"]);
    assert_eq!(labels(&layers, instant - Duration::from_micros(1)), ["App c"]);
    assert_eq!(labels(&layers.clone().with_mode(Mode::Override), until("2999-12-31")), ["App c", "App d"]);
}

/// Gates whose tables were compiled before their entries expired: every kind of check leaves out what has.
#[test]
fn what_has_expired_decides_in_no_layer() {
    let until = "2020-01-01";
    let list = format!("10.0.0.0/8:corp,!10.9.0.0/16:lab;until={until},12.0.0.0/8:guest;until={until}");
    let parsed = List::parser().at(SystemTime::UNIX_EPOCH).parse(list).unwrap();
    let policy = Policy::new().with_app(parsed.list);
    let gate = Gate::from_table(Table::from_policy_at(&policy, SystemTime::UNIX_EPOCH));
    assert_eq!(gate.status().entries, 3);
    let other = Gate::new(&list_of("192.0.2.0/24"));
    let two = Layers::new().with_default(&gate).with_app(&other);
    for layers in [Layers::new().with_app(&gate), Layers::new().with_default(&gate), two] {
        let mut reader = layers.reader();
        for (client, label) in [("10.9.0.1", Some("corp")), ("12.0.0.1", None)] {
            let client = address(client);
            assert_eq!(reader.check(client).label(), label);
            assert_eq!(reader.check(client).entry().and_then(|entry| entry.label()), label);
            reader.check_with(Some(client.into()), |verdict| assert_eq!(verdict.label(), label));
            assert_eq!(reader.admit_verdict(client).label(), label);
            assert_eq!(reader.is_allowed(client), label.is_some());
            assert_eq!(reader.admit_settled(client), None, "it takes a look at the clock");
            assert_eq!(reader.admit(client), label.is_some());
            assert_eq!(reader.covering(client).len(), usize::from(label.is_some()));
        }
        assert_eq!(counts(&mut reader), Counts::from([(Some("corp".to_owned()), (2, 0)), (None, (0, 2))]));
    }
}

/// Tables that were compiled before an entry of the app list expired: the default list decides again where it did, in one
/// table of both lists and in two layers.
#[test]
fn what_has_expired_precedes_nothing() {
    let parse = |text: &str| List::parser().at(SystemTime::UNIX_EPOCH).parse(text).unwrap().list;
    let default = parse("10.0.0.0/8:corp,!10.9.0.0/16:lab,10.9.1.1:desk,11.0.0.0/8:net");
    let app = parse("10.8.0.0/15:old;until=2020-01-01,!10.9.1.0/24:shop,11.0.0.0/8:gone;until=2020-01-01");
    let policy = Policy::new().with_default(default.clone()).with_app(app.clone()).with_mode(Mode::Precede);
    let one = Gate::from_table(Table::from_policy_at(&policy, SystemTime::UNIX_EPOCH));
    let gate = |list: &List| {
        let policy = Policy::new().with_app(list.clone());
        Gate::from_table(Table::from_policy_at(&policy, SystemTime::UNIX_EPOCH))
    };
    let (of_default, of_app) = (gate(&default), gate(&app));
    let both = Layers::new().with_mode(Mode::Precede);
    let readers = [
        LayersReader::of_gate(&one),
        both.clone().with_default(default.clone()).with_app(app.clone()).reader(),
        both.clone().with_default(&of_default).with_app(&of_app).reader(),
        both.clone().with_default(default).with_app(&of_app).reader(),
        both.with_default(&of_default).with_app(app).reader(),
    ];
    for (kind, mut reader) in readers.into_iter().enumerate() {
        for (client, is_allowed, label, covering) in [
            ("10.8.0.1", true, "corp", &["corp"][..]),
            ("10.9.2.1", false, "lab", &["lab", "corp"]),
            ("10.9.1.1", false, "shop", &["shop", "desk", "lab", "corp"]),
            ("11.0.0.1", true, "net", &["net"]),
        ] {
            let client = address(client);
            let verdict = reader.check(client);
            assert_eq!((verdict.is_allowed(), verdict.label()), (is_allowed, Some(label)), "{client} {kind}");
            assert_eq!(verdict.entry().and_then(|entry| entry.label()), Some(label), "{client} {kind}");
            assert_eq!(reader.is_allowed(client), is_allowed, "{client} {kind}");
            assert_eq!(reader.admit(client), is_allowed, "{client} {kind}");
            let labels: Vec<_> =
                reader.covering(client).iter().map(|(_, entry)| entry.label().unwrap()).collect();
            assert_eq!(labels, covering, "{client} {kind}");
        }
    }
    // The gate's table as it was compiled, by a check that looks at no clock.
    assert_eq!(one.snapshot().table().lookup(address("10.9.2.1")).label(), Some("old"));
    one.drop_expired();
    assert_eq!(one.snapshot().table().lookup(address("10.9.2.1")).label(), Some("lab"));
    assert_eq!(one.snapshot().table().lookup(address("10.9.1.1")).label(), Some("shop"));
}

/// A policy of its own may stand in a place of another: what decides in it is what counts in the other.
#[test]
fn a_gate_whose_app_list_precedes_may_be_a_layer() {
    let inner = Policy::new()
        .with_default(list_of("10.9.1.0/24:desk"))
        .with_app(list_of("10.0.0.0/8:shop"))
        .with_mode(Mode::Precede);
    let (inner, outer) = (Gate::from_policy(&inner), Gate::new(&list_of("!10.9.0.0/16:lab")));
    for (mode, expected) in [
        (Mode::Extend, ["lab", "shop", "desk"]), // by the length of what decides: /16 before /8
        (Mode::Precede, ["shop", "desk", "lab"]),
    ] {
        let mut reader = Layers::new().with_mode(mode).with_app(&inner).with_default(&outer).reader();
        let client = address("10.9.1.1");
        assert_eq!(reader.check(client).label(), Some(expected[0]), "{mode}");
        let labels: Vec<_> =
            reader.covering(client).iter().map(|(_, entry)| entry.label().unwrap()).collect();
        assert_eq!(labels, expected, "{mode}");
    }
    let mut reader = LayersReader::of_gate(&inner);
    let labels: Vec<_> =
        reader.covering(address("10.9.1.1")).iter().map(|(_, entry)| entry.label().unwrap()).collect();
    assert_eq!(labels, ["shop", "desk"]);
}

#[test]
fn a_pause_lets_go_of_both_tables() {
    let (default, app) = (Gate::new(&list_of("10.0.0.0/8")), Gate::new(&list_of("11.0.0.0/8")));
    let mut reader = Layers::new().with_default(&default).with_app(&app).reader();
    assert!(reader.is_allowed(address("10.0.0.1")));
    let old = [&default, &app].map(|gate| Arc::downgrade(&gate.snapshot()));
    [&default, &app].iter().for_each(|gate| assert_eq!(gate.replace(&list_of("12.0.0.0/8")), Ok(2)));
    assert!(old.iter().all(|table| table.upgrade().is_some()));
    reader.pause();
    assert!(old.iter().all(|table| table.upgrade().is_none()));
    assert!(reader.is_allowed(address("12.0.0.1")));
}
