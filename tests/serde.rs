//! What serialises comes back equal, and what breaks a rule does not come in.
#![cfg(feature = "serde")]

mod support;

use ipgate::{
    Entry, Gate, Label, List, Mode, Policy, VerdictRecord,
    list::{Linter, Parser, Report, Until},
};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use support::generate::{addresses, entry, list, probes, until};

/// Through text and through a value, to the same thing again.
#[track_caller]
fn round_trip<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(thing: &T) {
    let text = serde_json::to_string(thing).unwrap();
    assert_eq!(&serde_json::from_str::<T>(&text).unwrap(), thing, "{text}");
    let value = serde_json::to_value(thing).unwrap();
    assert_eq!(&serde_json::from_value::<T>(value).unwrap(), thing);
}

#[track_caller]
fn refuses<T: DeserializeOwned + std::fmt::Debug>(value: Value, because: &str) {
    let error = serde_json::from_value::<T>(value).expect_err("a rule is broken").to_string();
    assert!(error.contains(because), "{error}");
}

#[test]
fn forms() {
    let list: List = "10.0.1.0/24:office_ABC,!2001:db8::1;until=2999-12-31".parse().unwrap();
    let expected = json!([
        {"prefix": "10.0.1.0/24", "action": "allow", "label": "office_ABC"},
        {"prefix": "2001:db8::1/128", "action": "deny", "until": "2999-12-31"},
    ]);
    assert_eq!(serde_json::to_value(&list).unwrap(), expected);
    let from_text: List = serde_json::from_value(json!(list.to_string())).unwrap();
    assert_eq!(from_text, list);

    let policy = Policy::new().with_app(list.clone()).with_mode(Mode::Override).with_enforce(true);
    let value = serde_json::to_value(&policy).unwrap();
    assert_eq!(value, json!({"default": null, "app": expected, "mode": "override", "enforce": true}));
    round_trip(&policy);
    let policy: Policy = serde_json::from_value(json!({"app": "10.0.1.0/24"})).unwrap();
    assert_eq!(policy, Policy::new().with_app("10.0.1.0/24".parse::<List>().unwrap()));
    assert_eq!(serde_json::from_value::<Policy>(json!({})).unwrap(), Policy::new());
}

#[test]
fn rules_hold() {
    let allow = |prefix: &str| json!({"prefix": prefix, "action": "allow"});
    for prefix in [
        "10.0.0.0/08",
        "010.0.0.0/8",
        "10.1",
        "10.0.0.0/33",
        "fe80::1%eth0",
        "",
        "10.0.0.0/",
        "all",
        " 1.2.3.4",
    ] {
        refuses::<Entry>(allow(prefix), "is no prefix");
    }
    refuses::<Entry>(allow("10.0.0.5/8"), "write `10.0.0.0/8` for the whole network or `10.0.0.5`");
    refuses::<Entry>(json!({"prefix": "10.0.0.0/8"}), "action");
    refuses::<Entry>(json!({"prefix": "10.0.0.0/8", "action": "Allow"}), "variant");
    refuses::<Entry>(json!({"prefix": "10.0.0.0/8", "action": "allow", "lable": "x"}), "lable");
    refuses::<Entry>(json!({"prefix": "10.0.0.0/8", "action": "allow", "label": "a,b"}), "cannot hold `,`");
    refuses::<Entry>(json!({"prefix": "10.0.0.0/8", "action": "allow", "until": "tomorrow"}), "RFC 3339");
    refuses::<Label>(json!(""), "at least one byte");
    refuses::<Until>(json!(1893456000), "string");
    let deny = json!({"prefix": "::ffff:10.0.0.0/104", "action": "deny"});
    refuses::<List>(json!([allow("10.0.0.0/8"), deny]), "both allowed and denied");
    refuses::<List>(json!("10.0.0.0/8,10.1"), "has 2 of four octets");
    refuses::<List>(json!(null), "a sequence of entries or a string of list text");
    refuses::<Policy>(json!({"mode": "Extend"}), "variant");
    refuses::<Policy>(json!({"enforced": true}), "enforced");
    let mapped: Entry = serde_json::from_value(allow("::ffff:10.0.0.0/104")).unwrap();
    assert_eq!(mapped.to_string(), "10.0.0.0/8");
}

#[test]
fn reports() {
    let parser = Parser::new().lint(Linter::new()).lenient(true);
    let report = parser.parse("10.0.0.5/8:a, 10.1\n\u{7}, 1.2.3.4").unwrap().report;
    assert!(report.error_count() == 2 && report.warning_count() > 0);
    round_trip(&report);
    let many = "x,".repeat(150);
    let rejected = parser.parse(&many).unwrap_err();
    assert_eq!((rejected.report().error_count(), rejected.report().omitted()), (150, 50));
    round_trip(rejected.report());
    let few = parser.max_diagnostics(1).parse("10.1,10.2,1.2.3.4,1.2.3.5").unwrap().report;
    assert_eq!((few.error_count(), few.errors().count()), (2, 1));
    round_trip(&few);
    round_trip(&Report::default());
    let one = serde_json::to_value(&few).unwrap()["diagnostics"].clone();
    refuses::<Report>(json!({"diagnostics": one, "errors": 0, "warnings": 5}), "counts at least");
    refuses::<Report>(json!({"diagnostics": [], "errors": usize::MAX, "warnings": 1}), "counts at least");
}

#[test]
fn verdicts() {
    let parser = Parser::new().source("office.list");
    let list = parser.parse("10.0.0.0/8:corp\n!10.9.0.0/16").unwrap().list;
    let gate = Gate::new(&list);
    let denied = gate.check("::ffff:10.9.9.9".parse().unwrap());
    let expected = json!({
        "address": "10.9.9.9", "allowed": false, "reason": "deny-entry",
        "entry": {"prefix": "10.9.0.0/16", "action": "deny"},
        "list": "app", "source": "office.list", "line": 2, "generation": 1,
    });
    assert_eq!(serde_json::to_value(&denied).unwrap(), expected);
    let record: VerdictRecord = serde_json::from_value(expected.clone()).unwrap();
    assert_eq!(record, VerdictRecord::from(&denied));
    assert_eq!((record.is_allowed(), record.label()), (false, None));
    round_trip(&VerdictRecord::from(&gate.check_without_address()));
    round_trip(&VerdictRecord::from(&Gate::from_policy(&Policy::new()).check("::1".parse().unwrap())));

    let but = |field: &str, value: Value| {
        let mut verdict = expected.clone();
        verdict[field] = value;
        verdict
    };
    refuses::<VerdictRecord>(but("allowed", json!(true)), "contradict");
    refuses::<VerdictRecord>(but("reason", json!("allow-entry")), "contradict");
    refuses::<VerdictRecord>(but("entry", json!(null)), "contradict");
    refuses::<VerdictRecord>(but("address", json!(null)), "no-address");
    refuses::<VerdictRecord>(but("adress", json!("::1")), "adress");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn entries_and_expiries(entry in entry(), until in until()) {
        round_trip(&entry);
        round_trip(&until);
        if let Some(label) = entry.label() {
            round_trip(label);
        }
    }

    #[test]
    fn lists_and_verdicts(list in list(), others in addresses()) {
        // The list's conflicts are settled by the clock here, and by any clock there are none.
        round_trip(&list);
        let gate = Gate::new(&list);
        for address in probes(list.entries().iter().take(4), &others) {
            round_trip(&VerdictRecord::from(&gate.check(address)));
        }
    }
}

#[test]
fn sites() {
    use ipgate::site::{App, AppName, Host, ListSlot, Site};

    let shop = App::new()
        .with_list("192.0.2.7:partner".parse::<List>().unwrap())
        .with_mode(Mode::Precede)
        .with_host("*.shop.example".parse().unwrap());
    let site = Site::new()
        .with_default("10.0.0.0/8:corp".parse::<List>().unwrap())
        .with_enforce(true)
        .with_app("shop".parse().unwrap(), shop)
        .with_app("blog".parse().unwrap(), App::new().with_list(ListSlot::Waiting))
        .with_app("deis/controller".parse().unwrap(), App::new());
    round_trip(&site);
    let expected = json!({
        "default": {"list": [{"prefix": "10.0.0.0/8", "action": "allow", "label": "corp"}]},
        "mode": "extend",
        "enforce": true,
        "apps": {
            "blog": {"list": "waiting", "mode": null, "hosts": []},
            "deis/controller": {"list": "unset", "mode": null, "hosts": []},
            "shop": {
                "list": {"list": [{"prefix": "192.0.2.7/32", "action": "allow", "label": "partner"}]},
                "mode": "precede",
                "hosts": ["*.shop.example"],
            },
        },
    });
    assert_eq!(serde_json::to_value(&site).unwrap(), expected);
    refuses::<Site>(json!({"enforced": true}), "unknown field `enforced`");
    refuses::<Site>(json!({"apps": {"../x": {}}}), "no name of an app");
    refuses::<App>(json!({"hosts": ["a:80"]}), "is no host");
    refuses::<AppName>(json!("/x"), "no name of an app");
    refuses::<Host>(json!(""), "is no host");
}
