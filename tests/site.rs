//! A site gate says what the description says, app by app, through any changes.

mod support;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use ipgate::gate::Guard;
use ipgate::site::{
    App, AppName, AppRef, Changes, Host, ListSlot, Permit, Site, SiteGate, SiteGuard, SiteRefusal,
    SiteVerdict,
};
use ipgate::table::Origin;
use ipgate::{List, Mode, Reason, Table};
use proptest::prelude::*;
use support::bgp::Random;
use support::generate::{addresses, list, probes};
use support::site::{GoldenApp, SiteAnswer, entries};

fn list_of(text: &str) -> List {
    text.parse().unwrap()
}

fn name(text: &str) -> AppName {
    text.parse().unwrap()
}

fn host(text: &str) -> Host {
    text.parse().unwrap()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

const NAMES: [&str; 4] = ["shop", "deis/controller", "api", "blog"];

/// The host of an app, and one below a name of it.
fn hosts(app: usize) -> [String; 2] {
    [format!("{}.example", app), format!("eu.any{app}.example")]
}

fn slot() -> impl Strategy<Value = ListSlot> {
    // Lists that come from text are known again.
    let parsed = list().prop_map(|list| list.to_string().parse::<List>().unwrap_or_default());
    prop_oneof![
        3 => list().prop_map(ListSlot::from),
        3 => parsed.prop_map(ListSlot::from),
        1 => Just(ListSlot::Unset),
        1 => Just(ListSlot::Waiting),
    ]
}

fn mode() -> impl Strategy<Value = Mode> {
    prop::sample::select(vec![Mode::Extend, Mode::Override, Mode::Precede])
}

/// An app without hosts.
fn app() -> impl Strategy<Value = App> {
    (slot(), prop::option::of(mode())).prop_map(|(slot, mode)| {
        let app = App::new().with_list(slot);
        mode.into_iter().fold(app, App::with_mode)
    })
}

#[derive(Debug, Clone)]
enum Change {
    Default(ListSlot),
    Mode(Mode),
    Enforce(bool),
    App(usize, App),
    Remove(usize),
    /// Everything as it is: nothing changes.
    Same,
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        1 => slot().prop_map(Change::Default),
        1 => mode().prop_map(Change::Mode),
        1 => any::<bool>().prop_map(Change::Enforce),
        4 => (0..NAMES.len(), app()).prop_map(|(app, state)| Change::App(app, state)),
        2 => (0..NAMES.len()).prop_map(Change::Remove),
        1 => Just(Change::Same),
    ]
}

fn with_hosts(at: usize, app: App) -> App {
    let [own, _] = hosts(at);
    app.with_host(host(&own)).with_host(host(&format!("*.any{at}.example")))
}

/// The site after a change, and what says so to a gate.
fn changed(site: &Site, change: &Change) -> (Site, Changes) {
    match change.clone() {
        Change::Default(slot) => (site.clone().with_default(slot.clone()), Changes::new().with_default(slot)),
        Change::Mode(mode) => (site.clone().with_mode(mode), Changes::new().with_mode(mode)),
        Change::Enforce(on) => (site.clone().with_enforce(on), Changes::new().with_enforce(on)),
        Change::App(at, app) => {
            let app = with_hosts(at, app);
            (
                site.clone().with_app(name(NAMES[at]), app.clone()),
                Changes::new().with_app(name(NAMES[at]), app),
            )
        }
        Change::Remove(at) => {
            let rest = site.apps().iter().filter(|(app, _)| app.as_str() != NAMES[at]);
            let empty = Site::new()
                .with_default(site.default_list().clone())
                .with_mode(site.mode())
                .with_enforce(site.is_enforced());
            let site = rest.fold(empty, |site, (name, app)| site.with_app(name.clone(), app.clone()));
            (site, Changes::new().without_app(name(NAMES[at])))
        }
        Change::Same => (site.clone(), Changes::to(site)),
    }
}

fn said(verdict: &SiteVerdict<'_>) -> SiteAnswer {
    let entry = verdict.entry().map(|entry| entry.to_entry());
    assert_eq!(verdict.label(), entry.as_ref().and_then(|entry| entry.label()).map(|label| label.as_str()));
    assert_eq!(verdict.is_allowed(), verdict.reason().is_allowed());
    SiteAnswer { reason: verdict.reason(), entry, origin: verdict.origin() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn a_site_gate_is_the_golden_model_through_changes(
        first in (slot(), mode(), any::<bool>()),
        apps in prop::collection::vec((0..NAMES.len(), app()), 0..4),
        changes in prop::collection::vec((change(), any::<bool>()), 0..6),
        others in addresses(),
    ) {
        let (default, mode, enforce) = first;
        let mut site = Site::new().with_default(default).with_mode(mode).with_enforce(enforce);
        for (at, app) in apps {
            site = site.with_app(name(NAMES[at]), with_hosts(at, app));
        }
        let gate = SiteGate::new(&site).unwrap();
        let mut reader = gate.reader();
        let mut refs: Vec<AppRef> = NAMES.iter().map(|app| AppRef::new(name(app))).collect();
        let (mut generation, mut lists) = (1, BTreeMap::new());
        for step in std::iter::once(None).chain(changes.iter().map(Some)) {
            if let Some((change, is_whole)) = step {
                let (next, changes) = changed(&site, change);
                // By a change, or by the whole site as it is to be.
                let now = if *is_whole { gate.replace(&next) } else { gate.apply(&changes) }.unwrap();
                let is_other = next != site;
                prop_assert!(now == generation + 1 || !is_other && now == generation, "{now} after {generation}");
                site = next;
                generation = now;
            }
            prop_assert_eq!(gate.generation(), generation);
            // Through its image it is the same site.
            let image = Site::from_image(&site.to_image().unwrap()).unwrap();
            prop_assert_eq!(gate.replace(&image), Ok(generation));
            let of_image = SiteGate::new(&image).unwrap();
            let now = SystemTime::now();
            for (at, app) in NAMES.iter().enumerate() {
                let golden = GoldenApp::new(&site, app);
                let is_named = site.apps().contains_key(*app);
                for client in probes(&entries(&site), &others) {
                    let expected = golden.decide(client, now);
                    let check = |verdict: SiteVerdict<'_>| {
                        prop_assert_eq!(&said(&verdict), &expected, "{} of {}", client, app);
                        prop_assert_eq!(verdict.app(), is_named.then_some(*app));
                        prop_assert_eq!(verdict.site_generation(), generation);
                        prop_assert!((1..=generation).contains(&verdict.list_generation()));
                        Ok(())
                    };
                    check(reader.check(app, client))?;
                    check(reader.check_app(&mut refs[at], client))?;
                    check(gate.check(app, client))?;
                    prop_assert_eq!(&said(&of_image.check(app, client)), &expected);
                    let [own, below] = hosts(at);
                    if is_named {
                        check(reader.check_host(&own, client))?;
                        check(reader.check_host(&format!("{}.:8080", below.to_uppercase()), client))?;
                        check(gate.check_host(&own, client))?;
                    }
                    let allowed = expected.reason.is_allowed();
                    prop_assert_eq!(reader.is_allowed(app, client), allowed);
                    prop_assert_eq!(reader.is_allowed_to(&mut refs[at], client), allowed);
                    prop_assert_eq!(gate.is_allowed(app, client), allowed);
                    {
                        let covering = golden.covering(client, now).unwrap_or_default();
                        let state = gate.snapshot();
                        let found = state.covering(app, client).into_iter();
                        let found: Vec<_> = found.map(|(from, entry)| (from == Origin::App, entry.to_entry())).collect();
                        prop_assert_eq!(found, covering, "{} of {}", client, app);
                    }
                }
                prop_assert_eq!(reader.check_without_address(app).reason(), Reason::NoAddress);
                // A list keeps its generation as long as it is that list.
                if let Some(slot) = site.apps().get(*app).map(App::list).filter(|slot| slot.list().is_some_and(|list| !list.text().is_empty())) {
                    let client = slot.list().and_then(|list| Some(list.entries().first()?.prefix().addr()));
                    if let Some(client) = client {
                        let verdict = reader.check(app, client);
                        if verdict.origin() == Some(Origin::App) {
                            let now = verdict.list_generation();
                            let (list, before) = lists.entry(*app).or_insert((slot.clone(), now)).clone();
                            if list == *slot { prop_assert_eq!(now, before) } else { prop_assert!(now > before) }
                            lists.insert(*app, (slot.clone(), now));
                        }
                    }
                } else {
                    lists.remove(app);
                }
            }
            // An app that the site does not name, and a host of none.
            let golden = GoldenApp::new(&site, "nobody");
            for client in probes(&entries(&site), &others) {
                let expected = golden.decide(client, now);
                for verdict in [reader.check("nobody", client), gate.check_host("nobody.example", client)] {
                    prop_assert_eq!(&said(&verdict), &expected);
                    prop_assert_eq!(verdict.app(), None);
                }
            }
        }
    }
}

#[test]
fn each_row_of_the_policy_and_what_it_says_of_an_app_without_a_list() {
    let (d, a) = (list_of("10.0.0.0/8:corp,!10.9.0.0/16:lab"), list_of("10.8.0.0/15:shop,192.0.2.7:partner"));
    let with = |default: bool, app: bool, mode, enforce| {
        let site = Site::new().with_mode(mode).with_enforce(enforce);
        let site = if default { site.with_default(d.clone()) } else { site };
        let site = site.with_app(name("unset"), App::new());
        let site = if app { site.with_app(name("shop"), App::new().with_list(a.clone())) } else { site };
        SiteGate::new(&site).unwrap()
    };
    let modes = [Mode::Extend, Mode::Override, Mode::Precede];
    for mode in modes {
        for app in ["shop", "unset", "nobody"] {
            assert_eq!(with(false, false, mode, false).check(app, ip("10.0.0.1")).reason(), Reason::NoGate);
            assert_eq!(with(false, false, mode, true).check(app, ip("10.0.0.1")).reason(), Reason::NoList);
            for enforce in [false, true] {
                let gate = with(true, false, mode, enforce);
                assert_eq!(gate.check(app, ip("10.0.0.1")).label(), Some("corp"));
                assert_eq!(gate.check(app, ip("192.0.2.7")).reason(), Reason::NoEntry);
            }
        }
        let gate = with(false, true, mode, true);
        assert_eq!(gate.check("shop", ip("192.0.2.7")).label(), Some("partner"));
        assert_eq!(gate.check("shop", ip("10.0.0.1")).reason(), Reason::NoEntry);
        assert_eq!(gate.check("unset", ip("192.0.2.7")).reason(), Reason::NoList);
    }
    let labels = |mode| {
        let gate = with(true, true, mode, false);
        ["10.9.1.1", "10.1.1.1", "192.0.2.7"]
            .map(|client| gate.check("shop", ip(client)).label().map(str::to_owned))
    };
    let some = |label: &str| Some(label.to_owned());
    assert_eq!(labels(Mode::Extend), [some("lab"), some("corp"), some("partner")]);
    assert_eq!(labels(Mode::Override), [some("shop"), None, some("partner")]);
    assert_eq!(labels(Mode::Precede), [some("shop"), some("corp"), some("partner")]);
}

/// An app that never had a good list is denied, not open.
#[test]
fn an_app_that_waits_for_its_list_is_denied() {
    for mode in [Mode::Extend, Mode::Override, Mode::Precede] {
        let waiting = App::new().with_list(ListSlot::Waiting);
        let site = Site::new().with_mode(mode).with_default(list_of("all")).with_app(name("shop"), waiting);
        let gate = SiteGate::new(&site).unwrap();
        assert_eq!(gate.check("shop", ip("10.0.0.1")).reason(), Reason::NoList, "{mode}");
        assert!(gate.is_allowed("other", ip("10.0.0.1")));
        gate.set_app(name("shop"), App::new().with_list(list_of("192.0.2.7"))).unwrap();
        assert!(gate.is_allowed("shop", ip("192.0.2.7")));
        gate.set_default(ListSlot::Waiting).unwrap();
        assert!(!gate.is_allowed("other", ip("10.0.0.1")), "{mode}");
    }
}

#[test]
fn a_host_is_found_by_itself_then_by_the_longest_name_above() {
    let app = |hosts: &[&str]| hosts.iter().fold(App::new(), |app, text| app.with_host(host(text)));
    let site = Site::new()
        .with_app(name("exact"), app(&["a.b.example.com"]))
        .with_app(name("near"), app(&["*.b.example.com"]))
        .with_app(name("far"), app(&["*.example.com", "example.com"]))
        .with_app(name("address"), app(&["[2001:db8::1]", "192.0.2.1"]));
    let gate = SiteGate::new(&site).unwrap();
    for (asked, app) in [
        ("a.b.example.com", Some("exact")),
        ("A.B.Example.Com.:443", Some("exact")),
        ("c.b.example.com", Some("near")),
        ("x.a.b.example.com", Some("near")),
        ("b.example.com", Some("far")),
        ("example.com:80", Some("far")),
        ("com", None),
        ("notexample.com", None),
        ("", None),
        (".", None),
        ("[2001:DB8::1]:8443", Some("address")),
        ("192.0.2.1:80", Some("address")),
        ("größe.example.com", Some("far")),
    ] {
        assert_eq!(gate.snapshot().host(asked).map(AppName::as_str), app, "{asked}");
        assert_eq!(site.app_of_host(asked).map(AppName::as_str), app, "{asked}");
        assert_eq!(gate.check_host(asked, ip("10.0.0.1")).app(), app, "{asked}");
    }
    let long = format!("{}.example.com", "a.".repeat(200));
    assert_eq!(gate.check_host(&long, ip("10.0.0.1")).app(), None, "longer than any host");
}

#[test]
fn a_host_of_two_apps_is_refused_and_one_that_moves_is_not() {
    let with = |host_name: &str| App::new().with_host(host(host_name));
    let two = Site::new().with_app(name("a"), with("x.example")).with_app(name("b"), with("x.example"));
    let refused = SiteGate::new(&two).unwrap_err();
    let sentence =
        "site change refused: the host x.example is of the app a and of the app b; take it from one of them";
    assert_eq!(refused.to_string(), sentence);
    let gate = SiteGate::new(&Site::new().with_app(name("a"), with("x.example"))).unwrap();
    let refused = gate.set_app(name("b"), with("x.example")).unwrap_err();
    assert!(matches!(refused.refusals(), [SiteRefusal::Host { .. }]), "{refused}");
    assert_eq!((gate.generation(), gate.snapshot().host("x.example").map(AppName::as_str)), (1, Some("a")));
    assert_eq!(gate.status().last_failure.map(|failure| failure.reason), Some(refused.to_string()));
    // From a to b in one step.
    let moved = Changes::new().with_app(name("a"), App::new()).with_app(name("b"), with("x.example"));
    assert_eq!(gate.apply(&moved), Ok(2));
    assert_eq!(gate.check_host("x.example", ip("10.0.0.1")).app(), Some("b"));
    gate.remove_app(name("b")).unwrap();
    assert_eq!(gate.check_host("x.example", ip("10.0.0.1")).app(), None);
}

/// A number that another app has got meanwhile stands for nobody else.
/// Of lists that deny nothing the decision is found without asking which entry decides; it is the verdict's all the same.
#[test]
fn the_decision_alone_is_that_of_the_verdict() {
    let slots = || {
        let lists =
            ["10.0.0.0/8", "10.9.0.0/16,192.0.2.0/24", "10.0.0.0/8,!10.9.0.0/16", "10.9.1.1,!10.0.0.0/8", ""];
        lists.map(|text| list_of(text).into()).into_iter().chain([ListSlot::Unset, ListSlot::Waiting])
    };
    let clients = ["10.0.0.1", "10.9.0.1", "10.9.1.1", "192.0.2.1", "203.0.113.1", "2001:db8::1"].map(ip);
    let modes = [Mode::Extend, Mode::Override, Mode::Precede];
    let mut seen = [0; 2];
    for (default, list) in slots().flat_map(|default| slots().map(move |list| (default.clone(), list))) {
        for (mode, enforce) in modes.into_iter().flat_map(|mode| [(mode, false), (mode, true)]) {
            let site = Site::new().with_default(default.clone()).with_mode(mode).with_enforce(enforce);
            let gate =
                SiteGate::new(&site.with_app(name("shop"), App::new().with_list(list.clone()))).unwrap();
            let (mut reader, mut kept) = (gate.reader(), AppRef::new(name("shop")));
            for client in clients {
                let allowed = gate.check("shop", client).is_allowed();
                assert_eq!(
                    gate.is_allowed("shop", client),
                    allowed,
                    "{default:?} {list:?} {mode} {enforce} {client}"
                );
                assert_eq!(reader.is_allowed("shop", client), allowed);
                assert_eq!(reader.is_allowed_to(&mut kept, client), allowed);
                seen[usize::from(allowed)] += 1;
            }
        }
    }
    assert!(seen.into_iter().min() > Some(400), "{seen:?}");
}

/// Gates and descriptions share a compiled list; each gate says with which generation of its own it came into force.
#[test]
fn a_list_that_is_shared_is_of_the_generation_of_each_gate() {
    let slot = ListSlot::of_table(Table::new(&list_of("192.0.2.7:partner"))).unwrap();
    let app = || App::new().with_list(slot.clone());
    let (one, other) = (SiteGate::new(&Site::new()).unwrap(), SiteGate::new(&Site::new()).unwrap());
    one.set_app(name("shop"), app()).unwrap();
    other.set_app(name("blog"), App::new()).unwrap();
    other.set_app(name("shop"), one.snapshot().site().apps()["shop"].clone()).unwrap();
    let verdicts = [&one, &other].map(|gate| gate.check("shop", ip("192.0.2.7")));
    assert_eq!(verdicts.map(|verdict| verdict.list_generation()), [2, 3]);
    assert_eq!(other.set_app(name("shop"), app()).unwrap(), 3, "it is the list that it has");
}

#[test]
fn a_number_that_was_kept_never_stands_for_another_app() {
    let listed = |text: &str| App::new().with_list(list_of(text));
    let gate =
        SiteGate::new(&Site::new().with_enforce(true).with_app(name("old"), listed("10.0.0.0/8"))).unwrap();
    let (mut reader, mut old) = (gate.reader(), AppRef::new(name("old")));
    assert!(reader.is_allowed_to(&mut old, ip("10.0.0.1")));
    gate.remove_app(name("old")).unwrap();
    gate.set_app(name("new"), listed("192.0.2.0/24")).unwrap();
    let verdict = reader.check_app(&mut old, ip("192.0.2.7"));
    assert_eq!((verdict.reason(), verdict.app()), (Reason::NoList, None));
    // Nor for one of another site.
    let other = SiteGate::new(&Site::new().with_app(name("other"), listed("192.0.2.0/24"))).unwrap();
    let (mut kept, mut reader) = (AppRef::new(name("new")), gate.reader());
    assert!(reader.is_allowed_to(&mut kept, ip("192.0.2.7")));
    assert_eq!(other.reader().check_app(&mut kept, ip("192.0.2.7")).app(), None);
}

#[test]
fn what_did_not_change_keeps_its_generation_and_its_table() {
    let (corp, shop) = (list_of("10.0.0.0/8:corp"), list_of("192.0.2.7:partner"));
    let site = Site::new().with_default(corp).with_app(name("shop"), App::new().with_list(shop));
    let gate = SiteGate::new(&site).unwrap();
    assert_eq!(gate.replace(&site), Ok(1), "nothing is different");
    assert_eq!(gate.replace(&site.clone().with_mode(Mode::Precede)), Ok(2));
    let verdict = gate.check("shop", ip("192.0.2.7"));
    assert_eq!((verdict.site_generation(), verdict.list_generation()), (2, 1));
    assert_eq!(
        verdict.to_string(),
        "192.0.2.7 allow 192.0.2.7:partner (app shop, app list of generation 1, site 2)"
    );
    gate.set_default(list_of("10.0.0.0/8:corp,!10.9.0.0/16")).unwrap();
    let verdict = gate.check("nobody", ip("10.9.1.1"));
    assert_eq!(
        verdict.to_string(),
        "10.9.1.1 deny !10.9.0.0/16 (no app of the site, default list of generation 3, site 3)"
    );
    assert_eq!(gate.check("shop", ip("192.0.2.7")).list_generation(), 1);
}

#[test]
fn a_guard_refuses_what_is_done_by_mistake() {
    let app = |text: &str| App::new().with_list(list_of(text));
    let mut site = Site::new().with_enforce(true).with_default(list_of("10.0.0.0/8"));
    for number in 0..10 {
        site = site.with_app(name(&format!("app{number}")), app("192.0.2.7"));
    }
    let gate = SiteGate::new(&site).unwrap();
    let of_lists = Guard::new().must_allow([ip("192.0.2.7")]);
    gate.set_guard(
        SiteGuard::new()
            .max_removed(20.0)
            .keep_enforced(true)
            .of_apps(of_lists)
            .of_default(Guard::new().refuse_empty(true)),
    );

    let refused = gate.replace(&Site::new().with_default(list_of("10.0.0.0/8"))).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "site change refused: lists would no longer be required (`enforce`); permit `enforce-off` if it is meant; \
         10 of the 10 apps with lists would have none, at most 20 % may; permit `removal` if it is meant"
    );
    let unset = |changes: Changes, number: u32| changes.with_app(name(&format!("app{number}")), App::new());
    assert!(gate.apply(&(0..3).fold(Changes::new(), unset)).is_err(), "an unset list is a removed one");
    assert_eq!(gate.apply(&(0..2).fold(Changes::new(), unset)), Ok(2));
    assert!(gate.set_app(name("app5"), app("198.51.100.1")).is_err(), "the guard of app lists");
    assert!(gate.set_app(name("new"), app("198.51.100.1")).is_err(), "also of an app that has none yet");
    assert!(gate.set_app(name("new"), app("192.0.2.0/24")).is_ok());
    assert!(gate.set_default(List::new()).is_err(), "the guard of the default list");
    assert_eq!(gate.generation(), 3);
    let nothing = Site::new().with_default(list_of("10.0.0.0/8"));
    let all = Changes::to(&nothing).permitting(Permit::Removal).permitting(Permit::EnforceOff);
    assert_eq!(gate.apply(&all), Ok(4));
    assert_eq!(gate.status().apps, 0);
}

/// Without a default list nobody whom one let in is let in, unless no list is required.
#[test]
fn a_guard_of_the_default_list_knows_what_it_means_to_have_none() {
    for (enforce, is_refused) in [(true, true), (false, false)] {
        let site = Site::new().with_enforce(enforce).with_default(list_of("10.0.0.0/8"));
        let gate = SiteGate::new(&site).unwrap();
        gate.set_guard(SiteGuard::new().of_default(Guard::new().must_allow([ip("10.0.0.1")])));
        assert_eq!(gate.set_default(ListSlot::Unset).is_err(), is_refused);
        assert!(gate.is_allowed("shop", ip("10.0.0.1")));
    }
}

#[test]
fn entries_expire_in_every_list() {
    let soon = SystemTime::now() + std::time::Duration::from_secs(2);
    let micros = soon.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_micros();
    let until = ipgate::list::Until::from_unix_micros(i64::try_from(micros).unwrap()).unwrap();
    let list = list_of(&format!("10.0.0.0/8:corp,!10.9.0.0/16:lab;until={until}"));
    let site = Site::new()
        .with_default(list.clone())
        .with_app(name("shop"), App::new().with_list(list).with_mode(Mode::Override));
    let gate = SiteGate::new(&site).unwrap();
    let mut reader = gate.reader();
    let before = ["shop", "other"].map(|app| reader.is_allowed(app, ip("10.9.1.1")));
    assert!(before == [false; 2] || SystemTime::now() >= soon);
    while SystemTime::now() < soon {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert!(
        reader.is_allowed("shop", ip("10.9.1.1")) && reader.is_allowed("other", ip("10.9.1.1")),
        "without anyone's help"
    );
    assert_eq!(gate.drop_expired(), Some(2));
    assert_eq!((gate.drop_expired(), gate.status().entries), (None, 2));
    assert_eq!(gate.check("shop", ip("10.9.1.1")).label(), Some("corp"));
}

/// App, default list, mode and enforce change while readers check: every verdict is what its generation says.
#[test]
fn every_verdict_is_that_of_its_generation() {
    const CHANGES: u64 = 400;
    let texts =
        ["10.0.0.0/8:a,!10.9.0.0/16:b", "!10.0.0.0/8:c,10.9.9.0/24:d", "10.9.0.0/16:e,192.0.2.0/24:f"];
    let lists: Vec<List> = texts.iter().map(|text| list_of(text)).collect();
    let clients = ["10.1.1.1", "10.9.1.1", "10.9.9.9", "192.0.2.7", "198.51.100.1"].map(ip);
    let apps = ["shop", "api", "nobody"];
    let now = SystemTime::now();
    let answers = |site: &Site| -> Vec<SiteAnswer> {
        let golden = apps.map(|app| GoldenApp::new(site, app));
        golden.iter().flat_map(|golden| clients.map(|client| golden.decide(client, now))).collect()
    };
    let mut site = Site::new()
        .with_default(lists[0].clone())
        .with_app(name("shop"), App::new().with_list(lists[1].clone()));
    let gate = SiteGate::new(&site).unwrap();
    let expected = Mutex::new(vec![answers(&site)]); // of generation 1 and on
    let done = AtomicBool::new(false);
    let seen = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..2)
            .map(|seed| {
                let (gate, done) = (&gate, &done);
                scope.spawn(move || {
                    let (mut reader, mut random) = (gate.reader(), Random::new(seed + 1));
                    let mut refs = apps.map(|app| AppRef::new(name(app)));
                    let (mut seen, mut last) = (Vec::new(), [0; 2]);
                    while !done.load(Ordering::Acquire) || seen.len() < 1000 {
                        let (app, client) = (random.below(apps.len()), random.below(clients.len()));
                        let way = random.below(3);
                        let verdict = match way {
                            0 => reader.check(apps[app], clients[client]),
                            1 => reader.check_app(&mut refs[app], clients[client]),
                            _ => gate.check(apps[app], clients[client]),
                        };
                        let generation = verdict.site_generation();
                        // Of readers and of the gate itself, each by itself: a swap is not one instant for both.
                        let last = &mut last[way / 2];
                        assert!(generation >= *last, "a later check sees an older site");
                        *last = generation;
                        if seen.len() < 2_000_000 {
                            seen.push((generation, app * clients.len() + client, said(&verdict)));
                        }
                    }
                    seen
                })
            })
            .collect();
        let mut random = Random::new(42);
        for _ in 0..CHANGES {
            let list = lists[random.below(lists.len())].clone();
            let next = match random.below(6) {
                0 => site.clone().with_default(list),
                1 => site.clone().with_mode([Mode::Extend, Mode::Override, Mode::Precede][random.below(3)]),
                2 => site.clone().with_enforce(random.below(2) == 0),
                3 => site.clone().with_app(name("api"), App::new()),
                4 => site.clone().with_app(name("shop"), App::new().with_list(list)),
                _ => site.clone().with_app(name("api"), App::new().with_list(list).with_mode(Mode::Precede)),
            };
            let before = gate.generation();
            // What is expected is there before anyone can see it.
            expected.lock().unwrap().push(answers(&next));
            if gate.replace(&next).unwrap() == before {
                expected.lock().unwrap().pop();
            }
            site = next;
            std::thread::yield_now();
        }
        done.store(true, Ordering::Release);
        readers.into_iter().map(|reader| reader.join().unwrap()).collect::<Vec<_>>()
    });
    let expected = expected.into_inner().unwrap();
    assert_eq!(expected.len() as u64, gate.generation());
    for (generation, at, answer) in seen.into_iter().flatten() {
        assert_eq!(answer, expected[generation as usize - 1][at], "generation {generation}");
    }
}

#[test]
fn apps_in_figures() {
    let listed = App::new()
        .with_list(list_of("192.0.2.7,192.0.2.8"))
        .with_mode(Mode::Precede)
        .with_host(host("a.example"));
    let site = Site::new()
        .with_app(name("listed"), listed)
        .with_app(name("unset"), App::new())
        .with_app(name("waiting"), App::new().with_list(ListSlot::Waiting));
    let gate = SiteGate::new(&site).unwrap();
    gate.set_app(name("waiting"), App::new().with_list(list_of("10.0.0.0/8"))).unwrap();
    gate.set_app(name("late"), App::new().with_list(ListSlot::Waiting)).unwrap();
    let state = gate.snapshot();
    let mut apps: Vec<_> = state
        .apps()
        .map(|app| {
            (app.name.as_str(), app.mode, app.hosts.len(), app.entries, app.is_waiting, app.list_generation)
        })
        .collect();
    apps.sort_by_key(|app| app.0);
    let expected = [
        ("late", Mode::Extend, 0, None, true, Some(3)),
        ("listed", Mode::Precede, 1, Some(2), false, Some(1)),
        ("unset", Mode::Extend, 0, None, false, None),
        ("waiting", Mode::Extend, 0, Some(1), false, Some(2)),
    ];
    assert_eq!(apps, expected);
    let status = gate.status();
    assert_eq!((status.apps, status.lists, status.entries), (4, 3, 3));
}

/// What nobody holds is freed at once; among many changes by the next one, so that no check waits for it.
#[test]
fn old_states_are_freed() {
    let gate = SiteGate::new(&Site::new()).unwrap();
    let change = |octet: u8| {
        let before = Arc::downgrade(&gate.snapshot());
        gate.set_app(name("shop"), App::new().with_list(list_of(&format!("10.0.0.{octet}")))).unwrap();
        before
    };
    assert!(change(1).upgrade().is_none(), "there is no reader");

    let (mut busy, mut idle) = (gate.reader(), gate.reader());
    let client = "10.0.0.1".parse().unwrap();
    assert!(busy.is_allowed("shop", client) && idle.is_allowed("shop", client));
    let held = change(2);
    assert!(!busy.is_allowed("shop", client) && held.upgrade().is_some(), "the idle reader holds it");
    assert!(!idle.is_allowed("shop", client) && held.upgrade().is_none(), "nobody does");

    let [first, second, third] = [change(3), change(4), change(5)];
    assert!(second.upgrade().is_none() && third.upgrade().is_none(), "no reader has seen them");
    assert!(!busy.is_allowed("shop", client) && !idle.is_allowed("shop", client));
    assert!(first.upgrade().is_some(), "no check frees it");
    let fourth = change(6);
    assert!(first.upgrade().is_none(), "the next change does");
    idle.pause();
    assert!(fourth.upgrade().is_some(), "the busy reader holds it");
    busy.pause();
    assert!(fourth.upgrade().is_none(), "nobody does");

    assert!(!busy.is_allowed("shop", client));
    let verdict = gate.check("shop", client);
    let held = change(7);
    change(8);
    drop(verdict);
    assert!(!busy.is_allowed("shop", client) && held.upgrade().is_some());
    gate.sweep();
    assert!(held.upgrade().is_none());
}
