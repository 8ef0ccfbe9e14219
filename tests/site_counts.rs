//! What a reader of a site counts is what it decided, app by app, through any changes.

mod support;

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipgate::site::{App, AppCounts, AppName, AppRef, Counted, ListSlot, Site, SiteGate, SiteReader, Sought};
use ipgate::tally::{Sum, Tally, Whose};
use ipgate::{Address, List, Mode, Reason};
use proptest::prelude::*;
use support::site::GoldenApp;

const NAMES: [&str; 4] = ["shop", "deis/controller", "api", "blog"];

/// The same labels in other places, so that their numbers differ; some labels twice, allowed and denied.
const LISTS: [&str; 5] = [
    "10.0.0.0/8:corp,!10.9.0.0/16:lab,192.0.2.0/24",
    "!192.0.2.7:partner,10.9.0.0/16:corp",
    "10.9.9.0/24:lab,!10.9.9.9:lab,203.0.113.0/24:guest,10.0.0.0/8:corp",
    "!10.0.0.0/8,203.0.113.9:partner",
    "",
];

const CLIENTS: [&str; 6] = ["10.1.1.1", "10.9.1.1", "10.9.9.9", "192.0.2.7", "203.0.113.9", "8.8.8.8"];

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn name(text: &str) -> AppName {
    text.parse().unwrap()
}

fn slot(list: Option<usize>) -> ListSlot {
    list.map_or(ListSlot::Unset, |at| LISTS[at].parse::<List>().unwrap().into())
}

#[derive(Debug, Clone)]
enum Step {
    /// The client of an app, or of one that is never there; by name, host or reference, or without an address.
    Check {
        app: usize,
        client: usize,
        by: usize,
        has_address: bool,
    },
    App {
        app: usize,
        list: Option<usize>,
        mode: Option<Mode>,
        has_host: bool,
    },
    Remove(usize),
    Default(Option<usize>),
    /// All of one change: an app's number is given again at once.
    Instead(usize, usize),
    Pause,
    Look,
}

fn step() -> impl Strategy<Value = Step> {
    let (app, list) = (0..NAMES.len(), || prop::option::weighted(0.8, 0..LISTS.len()));
    let mode = prop::option::of(prop::sample::select(vec![Mode::Extend, Mode::Override, Mode::Precede]));
    let check = (0..=NAMES.len(), 0..CLIENTS.len(), 0..3usize, prop::bool::weighted(0.95));
    prop_oneof![
        12 => check.prop_map(|(app, client, by, has_address)| Step::Check { app, client, by, has_address }),
        3 => (app.clone(), list(), mode, any::<bool>())
            .prop_map(|(app, list, mode, has_host)| Step::App { app, list, mode, has_host }),
        2 => app.clone().prop_map(Step::Remove),
        1 => list().prop_map(Step::Default),
        2 => (app.clone(), app).prop_map(|(old, new)| Step::Instead(old, new)),
        1 => Just(Step::Pause),
        1 => Just(Step::Look),
    ]
}

/// What there is to expect: how often which reason and label decided.
type Model = BTreeMap<(u8, String), u64>;

fn without(site: &Site, app: &str) -> Site {
    let apps = site.apps().iter().filter(|(name, _)| name.as_str() != app);
    let empty = Site::new().with_default(site.default_list().clone()).with_enforce(site.is_enforced());
    apps.fold(empty, |site, (name, app)| site.with_app(name.clone(), app.clone()))
}

/// Whether what is counted is what the model says.
fn agree(counts: AppCounts<'_>, model: &Model) -> Result<(), TestCaseError> {
    let mut labels: BTreeMap<&str, Sum> = BTreeMap::new();
    for ((reason, label), count) in model {
        let is_allowed = Reason::AllowEntry.code() == *reason || Reason::NoGate.code() == *reason;
        let sum = labels.entry(label).or_default();
        *(if is_allowed { &mut sum.allowed } else { &mut sum.denied }) += count;
    }
    for (reason, count) in counts.reasons() {
        let of_reason = model.iter().filter(|((code, _), _)| *code == reason.code());
        prop_assert_eq!(count, of_reason.map(|(_, count)| count).sum::<u64>(), "{}", reason);
    }
    let counted = counts.labels().filter(|(_, sum)| *sum != Sum::default()).map(|(whose, sum)| {
        let label = match whose {
            Whose::Label(label) => label,
            Whose::Unlabelled => "",
            Whose::Others => "others",
        };
        (label, sum)
    });
    prop_assert_eq!(counted.collect::<BTreeMap<_, _>>(), labels);
    let sum = |is_allowed: bool| {
        let reasons = counts.reasons().filter(|(reason, _)| reason.is_allowed() == is_allowed);
        reasons.map(|(_, count)| count).sum()
    };
    prop_assert_eq!(counts.sum(), Sum { allowed: sum(true), denied: sum(false) });
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn counts_by_app_are_those_of_a_model(steps in prop::collection::vec(step(), 0..60)) {
        let mut site = Site::new().with_enforce(true);
        let gate = SiteGate::new(&site).unwrap();
        let mut reader = gate.reader();
        let mut refs: Vec<AppRef> = NAMES.iter().map(|app| AppRef::new(name(app))).collect();
        let (mut of_apps, mut unnamed, mut gone) = (BTreeMap::<&str, Model>::new(), Model::new(), Model::new());
        let leave = |gone: &mut Model, of_app: Option<Model>| {
            of_app.into_iter().flatten().for_each(|(what, count)| *gone.entry(what).or_default() += count);
        };
        for step in steps {
            match step {
                Step::Check { app, client, by, has_address } => {
                    let asked = NAMES.get(app).copied().unwrap_or("nobody");
                    let host = format!("{app}.example");
                    let state = site.apps().get(asked);
                    let sought = match (refs.get_mut(app), by) {
                        (Some(kept), 1) => Sought::App(kept),
                        (Some(_), 2) if state.is_none_or(|app| !app.hosts().is_empty()) => Sought::Host(host.as_bytes()),
                        _ => Sought::Name(asked.as_bytes()),
                    };
                    let client = ip(CLIENTS[client]);
                    let judged = reader.admit(sought, has_address.then(|| Address::from(client))).judgement();
                    let expected = match has_address {
                        true => {
                            let answer = GoldenApp::new(&site, asked).decide(client, std::time::SystemTime::now());
                            let label = answer.entry.and_then(|entry| Some(entry.label()?.to_string()));
                            (answer.reason, label.unwrap_or_default())
                        }
                        false => (Reason::NoAddress, String::new()),
                    };
                    prop_assert_eq!(judged.reason(), expected.0);
                    let model = match state {
                        Some(_) => of_apps.entry(asked).or_default(),
                        None => &mut unnamed,
                    };
                    *model.entry((expected.0.code(), expected.1)).or_default() += 1;
                }
                Step::App { app, list, mode, has_host } => {
                    let state = mode.into_iter().fold(App::new().with_list(slot(list)), App::with_mode);
                    let host = has_host.then(|| format!("{app}.example").parse().unwrap());
                    let state = host.into_iter().fold(state, App::with_host);
                    site = site.with_app(name(NAMES[app]), state.clone());
                    gate.set_app(name(NAMES[app]), state).unwrap();
                }
                Step::Remove(app) => {
                    site = without(&site, NAMES[app]);
                    gate.remove_app(name(NAMES[app])).unwrap();
                    leave(&mut gone, of_apps.remove(NAMES[app]));
                }
                Step::Instead(old, new) => {
                    if old != new {
                        leave(&mut gone, of_apps.remove(NAMES[old]));
                    }
                    let state = App::new().with_list(slot(Some(0)));
                    site = without(&site, NAMES[old]).with_app(name(NAMES[new]), state);
                    gate.replace(&site).unwrap();
                }
                Step::Default(list) => {
                    site = site.with_default(slot(list));
                    gate.set_default(slot(list)).unwrap();
                }
                Step::Pause => reader.pause(),
                Step::Look => prop_assert_eq!(reader.counts().filter(|(whose, _)| matches!(whose, Counted::App(app) if !site.apps().contains_key(*app))).count(), 0),
            }
        }
        for app in NAMES {
            agree(reader.counts_of(Counted::App(app)), of_apps.get(app).unwrap_or(&Model::new()))?;
        }
        agree(reader.counts_of(Counted::Unnamed), &unnamed)?;
        agree(reader.counts_of(Counted::Gone), &gone)?;
        // All of it, once, and no more by looking again.
        let expected: u64 = of_apps.values().chain([&unnamed, &gone]).flat_map(BTreeMap::values).sum();
        let all: u64 = reader.counts().map(|(_, counts)| counts.sum().allowed + counts.sum().denied).sum();
        prop_assert_eq!(all, expected);
    }
}

fn admit(reader: &mut SiteReader, app: &str, client: &str) -> bool {
    reader.admit(Sought::Name(app.as_bytes()), Address::from(ip(client))).judgement().is_allowed()
}

/// The number of an app that is gone is given to the next one that comes.
#[test]
fn an_app_does_not_inherit_counts_with_its_number() {
    let list = || App::new().with_list("10.0.0.0/8:corp".parse::<List>().unwrap());
    for looks_between in [false, true] {
        let gate = SiteGate::new(&Site::new().with_app(name("shop"), list())).unwrap();
        let mut reader = gate.reader();
        assert!(admit(&mut reader, "shop", "10.1.1.1") && !admit(&mut reader, "shop", "8.8.8.8"));
        gate.remove_app(name("shop")).unwrap();
        if looks_between {
            admit(&mut reader, "other", "10.1.1.1");
        }
        gate.set_app(name("blog"), list()).unwrap();
        assert!(admit(&mut reader, "blog", "10.1.1.1"));
        gate.set_app(name("shop"), list()).unwrap();
        let mut sum = |whose| reader.counts_of(whose).sum();
        assert_eq!(sum(Counted::App("blog")), Sum { allowed: 1, denied: 0 });
        assert_eq!(sum(Counted::App("shop")), Sum::default());
        assert_eq!(sum(Counted::Gone), Sum { allowed: 1, denied: 1 });
    }
}

/// A clone, and another reader, count for themselves.
#[test]
fn each_reader_has_counts_of_its_own() {
    let gate = SiteGate::new(&Site::new()).unwrap();
    let mut reader = gate.reader();
    admit(&mut reader, "shop", "10.1.1.1");
    let mut other = reader.clone();
    assert_eq!(other.counts_of(Counted::Unnamed).sum(), Sum::default());
    assert_eq!(reader.counts_of(Counted::Unnamed).sum().allowed, 1);
    reader.check("shop", ip("10.1.1.1"));
    assert_eq!(reader.counts_of(Counted::Unnamed).sum().allowed, 1, "what is only checked is not counted");
}

/// Of an app with more labels than are told apart, all is counted, the rest together.
#[test]
fn labels_beyond_the_most_are_counted_together() {
    let most = u32::try_from(Tally::LABELS).unwrap();
    let client = |number: u32| std::net::Ipv4Addr::from(0x0a00_0000 | number << 4).to_string();
    let entries = (0..most + 10).map(|number| format!("{}:label{number}\n", client(number)));
    let list: List = entries.collect::<String>().parse().unwrap();
    let gate = SiteGate::new(&Site::new().with_app(name("shop"), App::new().with_list(list))).unwrap();
    let mut reader = gate.reader();
    for number in (0..most + 10).chain([0, 1]) {
        assert!(admit(&mut reader, "shop", &client(number)));
    }
    let counts = reader.counts_of(Counted::App("shop"));
    assert_eq!(counts.sum().allowed, u64::from(most) + 12);
    let labels: u64 = counts.labels().map(|(_, sum)| sum.allowed).sum();
    assert_eq!(labels, u64::from(most) + 12);
    let told_apart = counts.labels().filter(|(whose, _)| matches!(whose, Whose::Label(_))).count();
    assert_eq!(told_apart, Tally::LABELS);
    assert!(counts.labels().any(|(whose, sum)| whose == Whose::Others && sum.allowed >= 10));
}

/// Labels of all apps together are bounded, too; what an app that goes has told apart is free again.
#[test]
fn labels_of_all_apps_are_bounded() {
    let of_each = 32;
    let apps = u32::try_from(SiteReader::LABELS / of_each + 4).unwrap();
    let entries = (0..of_each).map(|number| format!("10.0.{number}.0/24:label{number}\n"));
    let list: List = entries.collect::<String>().parse().unwrap();
    let app = |number: u32| name(&format!("app{number}"));
    let named =
        (0..apps).fold(Site::new().with_default(list), |site, number| site.with_app(app(number), App::new()));
    let gate = SiteGate::new(&named).unwrap();
    let mut reader = gate.reader();
    let ask_all = |reader: &mut SiteReader| {
        for number in 0..apps {
            for label in 0..of_each {
                assert!(admit(reader, app(number).as_str(), &format!("10.0.{label}.1")));
            }
        }
        let (mut told_apart, mut all) = (0, 0);
        for (_, counts) in reader.counts() {
            told_apart += counts.labels().filter(|(whose, _)| matches!(whose, Whose::Label(_))).count();
            all += counts.labels().map(|(_, sum)| sum.allowed).sum::<u64>();
        }
        (told_apart, all)
    };
    let checks = u64::from(apps) * of_each as u64;
    assert_eq!(ask_all(&mut reader), (SiteReader::LABELS, checks));
    assert_eq!(ask_all(&mut reader), (SiteReader::LABELS, 2 * checks));
    gate.remove_app(app(0)).unwrap();
    assert_eq!(ask_all(&mut reader).1, 3 * checks);
}
