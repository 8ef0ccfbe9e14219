//! Any changes of a site, any hosts, any clients: the gate says what the golden model says of the description.
#![no_main]

#[allow(dead_code)] // the tests use all of it
#[path = "../../tests/support/golden.rs"]
mod golden;
#[allow(dead_code)] // as above
#[path = "../../tests/support/site.rs"]
mod site;
#[path = "support/written.rs"]
mod written;

use std::net::IpAddr;
use std::time::SystemTime;

use arbitrary::Arbitrary;
use ipgate::Mode;
use ipgate::site::{App, AppName, AppRef, Changes, Host, ListSlot, Site, SiteGate};
use libfuzzer_sys::fuzz_target;
use site::GoldenApp;
use written::{Bits, Written, edges, list};

#[derive(Debug, Arbitrary)]
struct Input<'a> {
    changes: Vec<Change>,
    clients: Vec<Bits>,
    /// What requests ask for, and names of all kinds.
    texts: Vec<&'a str>,
}

#[derive(Debug, Arbitrary)]
enum Change {
    Default(Slot),
    Mode(u8),
    Enforce(bool),
    App(u8, Slot, Option<u8>),
    Remove(u8),
}

#[derive(Debug, Arbitrary)]
enum Slot {
    Unset,
    Waiting,
    List(Vec<Written>),
}

const NAMES: [&str; 3] = ["shop", "deis/controller", "blog"];

impl Slot {
    fn slot(&self) -> ListSlot {
        match self {
            Slot::Unset => ListSlot::Unset,
            Slot::Waiting => ListSlot::Waiting,
            Slot::List(written) => list(written).into(),
        }
    }
}

fn mode(number: u8) -> Mode {
    [Mode::Extend, Mode::Override, Mode::Precede][usize::from(number % 3)]
}

fn name(number: u8) -> AppName {
    NAMES[usize::from(number) % NAMES.len()].parse().expect("a name")
}

/// The site after a change.
fn changed(site: &Site, change: &Change) -> Site {
    let mut after = Site::new()
        .with_default(site.default_list().clone())
        .with_mode(site.mode())
        .with_enforce(site.is_enforced());
    let gone = if let Change::Remove(number) = change { Some(name(*number)) } else { None };
    for (name, app) in site.apps().iter().filter(|(name, _)| Some(*name) != gone.as_ref()) {
        after = after.with_app(name.clone(), app.clone());
    }
    match change {
        Change::Default(slot) => after.with_default(slot.slot()),
        Change::Mode(number) => after.with_mode(mode(*number)),
        Change::Enforce(on) => after.with_enforce(*on),
        Change::App(number, slot, of) => {
            let at = usize::from(*number) % NAMES.len();
            let app = App::new()
                .with_list(slot.slot())
                .with_host(format!("*.app{at}.example").parse().expect("a host"));
            after.with_app(name(*number), of.iter().fold(app, |app, number| app.with_mode(mode(*number))))
        }
        Change::Remove(_) => after,
    }
}

fuzz_target!(|input: Input<'_>| {
    let (mut site, now) = (Site::new(), SystemTime::now());
    let gate = SiteGate::new(&site).expect("it has no hosts");
    let mut reader = gate.reader();
    let mut refs = NAMES.map(|name| AppRef::new(name.parse().expect("a name")));
    for change in input.changes.iter().take(6) {
        site = changed(&site, change);
        gate.apply(&Changes::to(&site)).expect("there is no guard, and no host of two apps");
        let prefixes = site::entries(&site).into_iter().map(|entry| entry.prefix());
        let clients: Vec<IpAddr> =
            input.clients.iter().map(Bits::address).chain(prefixes.flat_map(edges)).collect();
        for (at, app) in NAMES.iter().enumerate() {
            let golden = GoldenApp::new(&site, app);
            let (host, is_named) = (format!("x.APP{at}.example.:80"), site.apps().contains_key(*app));
            for &client in &clients {
                let expected = golden.decide(client, now);
                let by_host = reader.check_host(&host, client);
                assert!(
                    !is_named || by_host.app() == Some(app) && by_host.reason() == expected.reason,
                    "{client} {host}"
                );
                let verdict = reader.check_app(&mut refs[at], client);
                assert_eq!(
                    (verdict.reason(), verdict.origin()),
                    (expected.reason, expected.origin),
                    "{client} {app}"
                );
                assert_eq!(verdict.entry().map(|entry| entry.to_entry()), expected.entry, "{client} {app}");
                assert_eq!(gate.is_allowed(app, client), expected.reason.is_allowed(), "{client} {app}");
            }
        }
    }
    for text in &input.texts {
        // By the description and by the gate, whatever is asked for.
        assert_eq!(gate.snapshot().host(text), site.app_of_host(text), "{text:?}");
        if let Ok(host) = Host::new(text) {
            assert_eq!(Host::new(host.as_str()).as_ref(), Ok(&host), "{text:?}");
        }
        if let Ok(name) = AppName::new(text) {
            assert!(!name.as_str().split('/').any(|part| matches!(part, "" | "." | "..")), "{text:?}");
        }
    }
});
