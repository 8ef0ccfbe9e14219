//! The acceptance vectors of `tests/cases/` that are about sites, through the library.

mod support;

use std::fmt::Display;
use std::net::IpAddr;
use std::path::Path;
use std::time::SystemTime;

use ipgate::list::Parser;
use ipgate::policy::parse_enforce;
use ipgate::site::{App, AppName, AppRef, Changes, ListSlot, Site, SiteGate, SiteSnapshot, SiteVerdict};
use ipgate::table::{EntryRef, Origin};
use ipgate::{Table, parse_address};
use support::cases::site::{Asked, SiteCase, SiteCheck};
use support::cases::{Case, read_all, spellings};
use support::site::GoldenApp;

#[test]
fn all_cases_of_sites() {
    let mut cases = read_all(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases")));
    cases.retain(|case| case.site.is_some());
    let (mut failures, mut checks) = (Vec::new(), 0);
    for case in &cases {
        let (site, expected) = (site(case), case.site.as_ref().unwrap());
        let mut problems = Vec::new();
        for (by, gate) in gates(case, &site) {
            Ways::new(&gate).check(by, expected, &mut problems);
        }
        described(&site, expected, &mut problems);
        checks += expected.checks.len();
        failures.extend(problems.into_iter().map(|problem| format!("{}\n    {problem}", case.place)));
    }
    println!("{} cases of sites with {checks} checks, none skipped", cases.len());
    assert!(checks > 200, "{checks} checks");
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

/// The site as a program describes it.
fn site(case: &Case) -> Site {
    let given = case.site.as_ref().unwrap();
    let slot = |text: Option<&Vec<u8>>, is_rejected: bool| match text.map(|text| Parser::new().parse(text)) {
        None => ListSlot::Unset,
        Some(Ok(parsed)) if !is_rejected => parsed.list.into(),
        Some(Err(_)) if is_rejected => ListSlot::Waiting,
        Some(other) => panic!("{}: rejected: {is_rejected}, found {other:?}", case.place),
    };
    let mut site = Site::new().with_default(slot(case.default.as_ref(), given.is_default_rejected));
    if let Some(mode) = &case.mode {
        site = site.with_mode(mode.parse().expect("a mode"));
    }
    if let Some(enforce) = &case.enforce {
        site = site.with_enforce(parse_enforce(enforce).expect("true or false"));
    }
    for app in &given.apps {
        let mut described = App::new().with_list(slot(app.list.as_ref(), app.is_rejected));
        if let Some(mode) = &app.mode {
            described = described.with_mode(mode.parse().expect("a mode"));
        }
        for host in &app.hosts {
            described = described.with_host(host.parse().expect("a host"));
        }
        site = site.with_app(app.name.parse().expect("a name of an app"), described);
    }
    site
}

/// Gates with the site, which came into each by another way.
fn gates(case: &Case, site: &Site) -> Vec<(&'static str, SiteGate)> {
    let whole = SiteGate::new(site).unwrap();
    // The opposite of everything that the site says, until it does.
    let changed = SiteGate::new(&Site::new().with_enforce(!site.is_enforced())).unwrap();
    for (name, app) in site.apps() {
        changed.set_app(name.clone(), app.clone()).unwrap();
    }
    changed.set_default(site.default_list().clone()).unwrap();
    let rest = Changes::new().with_mode(site.mode()).with_enforce(site.is_enforced());
    changed.apply(&rest).unwrap();
    let mut gates = vec![("a gate of the site", whole), ("a gate that was changed to it", changed)];
    gates.extend(of_folder(case).map(|gate| ("a gate of its folder", gate)));
    gates
}

#[cfg(feature = "site-text")]
fn of_folder(case: &Case) -> Option<SiteGate> {
    let folder = tempfile::tempdir().unwrap();
    case.write_site(folder.path());
    let parsed = ipgate::site::SiteParser::new().read(folder.path()).unwrap();
    assert!(parsed.strange.is_empty(), "{}: {:?}", case.place, parsed.strange);
    Some(SiteGate::new(&parsed.site).unwrap())
}

#[cfg(not(feature = "site-text"))]
fn of_folder(_: &Case) -> Option<SiteGate> {
    None
}

/// An answer, comparable with what is expected.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    is_allowed: bool,
    list: Option<&'static str>,
    prefix: Option<String>,
    label: Option<String>,
    reason: &'static str,
}

impl Answer {
    fn new(
        reason: ipgate::Reason,
        origin: Option<Origin>,
        prefix: Option<impl Display>,
        label: Option<&str>,
    ) -> Answer {
        let list = origin.map(|origin| if origin == Origin::App { "app" } else { "default" });
        let (prefix, label) = (prefix.map(|prefix| prefix.to_string()), label.map(str::to_owned));
        Answer { is_allowed: reason.is_allowed(), list, prefix, label, reason: reason.as_str() }
    }

    fn of(verdict: &SiteVerdict<'_>) -> Answer {
        let entry = verdict.entry();
        let prefix = entry.as_ref().map(EntryRef::prefix);
        assert_eq!(verdict.label(), entry.as_ref().and_then(EntryRef::label));
        assert_eq!(verdict.is_allowed(), verdict.reason().is_allowed());
        Answer::new(verdict.reason(), verdict.origin(), prefix, verdict.label())
    }

    fn compare(&self, check: &SiteCheck, by: &str, problems: &mut Vec<String>) {
        let SiteCheck { list, check: expected, .. } = check;
        let is_expected = self.is_allowed == expected.allowed
            && self.list == list.as_deref()
            && self.prefix == expected.prefix
            && self.label == expected.label
            && expected.reason.as_ref().is_none_or(|reason| reason == self.reason);
        if !is_expected {
            problems.push(format!("{by} says {self:?}, expected {check:?}"));
        }
    }
}

/// The ways to ask a gate.
struct Ways<'g> {
    gate: &'g SiteGate,
    reader: ipgate::site::SiteReader,
    snapshot: std::sync::Arc<SiteSnapshot>,
}

impl Ways<'_> {
    fn new(gate: &SiteGate) -> Ways<'_> {
        Ways { gate, reader: gate.reader(), snapshot: gate.snapshot() }
    }

    fn check(&mut self, by: &str, site: &SiteCase, problems: &mut Vec<String>) {
        for check in &site.checks {
            let name = site.app_of(check).map(|app| app.name.as_str());
            let mut say = |way: &str, verdict: &SiteVerdict<'_>| {
                Answer::of(verdict).compare(check, &format!("{by}, {way}"), problems);
                if verdict.app() != name {
                    problems.push(format!("{by}, {way}: the app is {:?}: {check:?}", verdict.app()));
                }
            };
            let Ways { gate, reader, snapshot } = self;
            let asked = match &check.asked {
                Asked::App(asked) => asked,
                Asked::Host(..) => name.unwrap_or_default(),
            };
            let Ok(address) = parse_address(&check.check.address) else {
                say("without an address", &gate.check_without_address(asked));
                say("without an address, by a reader", &reader.check_without_address(asked));
                say("without an address, by a snapshot", &snapshot.check_without_address(asked));
                continue;
            };
            let mut decided = Vec::new();
            for client in spellings(address) {
                if let Asked::Host(host, _) = &check.asked {
                    say("by host", &gate.check_host(host, client));
                    say("by host, by a reader", &reader.check_host(host, client));
                    say("by host, by a snapshot", &snapshot.check_host(host, client));
                    decided.push(reader.is_allowed_at(host, client));
                }
                // A host that the site does not name has no app whose name could be asked for.
                if let Ok(app) = AppName::new(asked) {
                    let mut app = AppRef::new(app);
                    say("by name", &gate.check(asked, client));
                    say("by name, by a reader", &reader.check(asked, client));
                    say("by name, by a snapshot", &snapshot.check(asked, client));
                    say("by a reference", &reader.check_app(&mut app, client));
                    say("by a reference, again", &reader.check_app(&mut app, client));
                    decided.extend([gate.is_allowed(asked, client), reader.is_allowed(asked, client)]);
                    decided.push(reader.is_allowed_to(&mut app, client));
                }
            }
            if decided.iter().any(|is_allowed| *is_allowed != check.check.allowed) {
                problems.push(format!("{by} decides {decided:?} without a verdict: {check:?}"));
            }
        }
    }
}

/// What the description of the site says, without a gate: the app of a host, the policy of an app, and the golden model.
fn described(site: &Site, expected: &SiteCase, problems: &mut Vec<String>) {
    let now = SystemTime::now();
    for check in &expected.checks {
        let name = match &check.asked {
            Asked::App(name) => name.as_str(),
            Asked::Host(host, app) => {
                let found = site.app_of_host(host).map(AppName::as_str);
                if found != app.as_deref() {
                    problems.push(format!("the app of {host} is {found:?}: {check:?}"));
                }
                app.as_deref().unwrap_or_default()
            }
        };
        let Ok(address) = parse_address(&check.check.address) else { continue };
        for client in spellings(address) {
            golden(site, name, client, now).compare(check, "the golden model", problems);
            if let Some(policy) = site.policy(name) {
                let table = Table::from_policy_at(&policy, now);
                let (decision, entry) = (table.lookup(client), table.matched(client));
                let (origin, prefix) =
                    (entry.as_ref().map(EntryRef::origin), entry.as_ref().map(EntryRef::prefix));
                let answer = Answer::new(decision.reason(), origin, prefix, decision.label());
                answer.compare(check, "the table of the policy", problems);
            }
        }
    }
}

fn golden(site: &Site, app: &str, client: IpAddr, now: SystemTime) -> Answer {
    let answer = GoldenApp::new(site, app).decide(client, now);
    let entry = answer.entry.as_ref();
    let label = entry.and_then(|entry| entry.label()).map(|label| label.as_str());
    Answer::new(answer.reason, answer.origin, entry.map(|entry| entry.prefix()), label)
}
