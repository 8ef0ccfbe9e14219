//! What `add` and `remove` say of the addresses that they are about: who gets in now, and by which entry.

mod common;

use common::{Dir, Run};
use serde_json::{Value, json};

const LIST: &str = "\
10.0.0.0/8:corp
!10.9.0.0/22:lab
10.9.1.0/24:ci
10.0.0.1:ann
192.0.2.1-192.0.2.6:range
";

/// An edit of that list.
fn edit(list: &str, args: &[&str]) -> Run {
    Dir::with("a.list", list).run(&[&["-l", "a.list"], args].concat())
}

/// What is said below the line of each entry, where the exit code is that.
fn effect(list: &str, args: &[&str], code: i32) -> Vec<String> {
    let run = edit(list, args);
    assert_eq!(run.code, code, "{args:?}: {}", run.err);
    run.out.lines().filter_map(|line| line.strip_prefix("  ")).map(str::to_owned).collect()
}

#[test]
fn remove_says_who_still_gets_in() {
    for (args, said) in [
        (&["remove", "10.0.0.1"][..], &["still allowed: 10.0.0.1, by `10.0.0.0/8:corp` on line 1"][..]),
        (
            &["remove", "192.0.2.1-192.0.2.6"],
            &["newly denied: 192.0.2.1, 192.0.2.2/31, 192.0.2.4/31, 192.0.2.6; no entry covers it"],
        ),
        (&["remove", "10.9.1.0/24"], &["newly denied: 10.9.1.0/24, by `!10.9.0.0/22:lab` on line 2"]),
        // Lines are those of the file as it is now.
        (
            &["remove", "10.0.0.0/8"],
            &[
                "newly denied: 10.0.0.0, 10.0.0.2/31, 10.0.0.4/30, 10.0.0.8/29 and 28 more; no entry covers it",
                "still allowed: 10.0.0.1, by `10.0.0.1:ann` on line 3",
                "still denied: 10.9.0.0/24, 10.9.2.0/23, by `!10.9.0.0/22:lab` on line 1",
                "still allowed: 10.9.1.0/24, by `10.9.1.0/24:ci` on line 2",
            ],
        ),
        // What is removed together does not stand in for each other.
        (
            &["remove", "10.9.1.0/24", "!10.9.0.0/22:lab"],
            &[
                "newly allowed: 10.9.0.0/24, 10.9.2.0/23, by `10.0.0.0/8:corp` on line 1",
                "still allowed: 10.9.1.0/24, by `10.0.0.0/8:corp` on line 1",
                "still allowed: 10.9.1.0/24, by `10.0.0.0/8:corp` on line 1",
            ],
        ),
    ] {
        assert_eq!(effect(LIST, args, 0), said, "{args:?}");
    }
}

#[test]
fn removing_a_deny_entry_says_what_it_opens() {
    assert_eq!(
        effect(LIST, &["remove", "!10.9.0.0/22"], 0),
        [
            "newly allowed: 10.9.0.0/24, 10.9.2.0/23, by `10.0.0.0/8:corp` on line 1",
            "still allowed: 10.9.1.0/24, by `10.9.1.0/24:ci` on line 2",
        ]
    );
    assert_eq!(
        effect("!10.0.0.1", &["remove", "!10.0.0.1"], 0),
        ["still denied: 10.0.0.1; no entry covers it"]
    );
    let wider = "192.0.2.0-192.0.2.255:office;until=2999-12-31,!192.0.2.7";
    assert_eq!(
        effect(wider, &["remove", "!192.0.2.7"], 0),
        ["newly allowed: 192.0.2.7, by `192.0.2.0-192.0.2.255:office;until=2999-12-31` on line 1"]
    );
}

#[test]
fn add_says_what_it_changes() {
    for (entry, said) in [
        ("198.51.100.0/24:new", &["newly allowed: 198.51.100.0/24"][..]),
        ("203.0.113.1-203.0.113.2", &["newly allowed: 203.0.113.1, 203.0.113.2"]),
        ("!10.1.0.0/16", &["newly denied: 10.1.0.0/16"]),
        ("10.0.0.8:bob", &["only the label changes for 10.0.0.8: `bob` in the place of `corp`"]),
        ("10.0.0.8", &["only the label changes for 10.0.0.8: no label in the place of `corp`"]),
        ("10.0.0.8:corp", &["nothing changes for 10.0.0.8: allowed already, by `10.0.0.0/8:corp` on line 1"]),
        (
            "192.0.2.3:range",
            &["nothing changes for 192.0.2.3: allowed already, by `192.0.2.1-192.0.2.6:range` on line 5"],
        ),
        ("!192.0.2.7", &["nothing changes for 192.0.2.7: denied already; no entry covers it"]),
        (
            "10.9.0.0/23",
            &["newly allowed: 10.9.0.0/24", "still allowed: 10.9.1.0/24, by `10.9.1.0/24:ci` on line 3"],
        ),
        (
            "!192.0.2.0/29",
            &[
                "nothing changes for 192.0.2.0, 192.0.2.7: denied already; no entry covers it",
                "still allowed: 192.0.2.1, 192.0.2.2/31, 192.0.2.4/31, 192.0.2.6, by `192.0.2.1-192.0.2.6:range` on line 5",
            ],
        ),
        ("2001:db8::/32", &["newly allowed: 2001:db8::/32"]),
    ] {
        assert_eq!(effect(LIST, &["add", entry], 0), said, "{entry}");
    }
    let twice = effect("", &["add", "10.0.0.0/8:a", "10.1.0.0/16:b"], 0);
    let expected = [
        "newly allowed: 10.0.0.0/16, 10.2.0.0/15, 10.4.0.0/14, 10.8.0.0/13 and 4 more",
        "newly allowed: 10.1.0.0/16, by `10.1.0.0/16:b` on line 2",
        "newly allowed: 10.1.0.0/16",
    ];
    assert_eq!(twice, expected);
}

#[test]
fn json_has_every_change_whole() {
    let dir = Dir::with("a.list", LIST);
    let of = |args: &[&str]| dir.run(args).json().remove(0);
    let removed = of(&["-l", "a.list", "--json", "remove", "!10.9.0.0/22"]);
    assert_eq!(
        removed["changes"],
        json!([
            {"was": "deny", "now": "allow", "prefixes": ["10.9.0.0/24", "10.9.2.0/23"],
                "addresses": {"ipv4": "768", "ipv6": "0"},
                "was_by": {"entry": "!10.9.0.0/22:lab", "line": 2}, "by": {"entry": "10.0.0.0/8:corp", "line": 1}},
            {"was": "allow", "now": "allow", "prefixes": ["10.9.1.0/24"],
                "addresses": {"ipv4": "256", "ipv6": "0"},
                "was_by": {"entry": "10.9.1.0/24:ci", "line": 3}, "by": {"entry": "10.9.1.0/24:ci", "line": 2}},
        ])
    );
    let added = of(&["-l", "a.list", "--json", "add", "::1"]);
    assert_eq!(
        added,
        json!({"entry": "::1", "result": "added", "ends": null, "outlasted": null, "changes": [
            {"was": "deny", "now": "allow", "prefixes": ["::1/128"], "addresses": {"ipv4": "0", "ipv6": "1"},
                "was_by": null, "by": {"entry": "::1", "line": 5}},
        ]})
    );
}

/// An expiry ends nothing where another entry goes on: that is said, and is no yes.
#[test]
fn an_expiry_that_ends_nothing_is_told() {
    const ADDED: &str = "10.0.0.1:ann;until=2930-01-01";
    for (list, sentence, outlasted) in [
        (
            "10.0.0.1:ann",
            "access does not end then: `10.0.0.1:ann` on line 1 allows it without an end",
            json!({"entry": "10.0.0.1:ann", "line": 1, "until": null}),
        ),
        (
            "192.0.2.1\n10.0.0.0/8:corp",
            "access does not end then: `10.0.0.0/8:corp` on line 2 allows it without an end",
            json!({"entry": "10.0.0.0/8:corp", "line": 2, "until": null}),
        ),
        (
            "10.0.0.1:ann;until=2931-12-31",
            "access does not end then: `10.0.0.1:ann;until=2931-12-31` on line 1 allows it until 2931-12-31",
            json!({"entry": "10.0.0.1:ann;until=2931-12-31", "line": 1, "until": "2931-12-31"}),
        ),
        // One after another: the last of them counts.
        (
            "10.0.0.0/8\n10.0.0.0/24;until=2931-12-31",
            "access does not end then: `10.0.0.0/8` on line 1 allows it without an end",
            json!({"entry": "10.0.0.0/8", "line": 1, "until": null}),
        ),
        (
            "10.0.0.0/8;until=2929-12-31\n10.0.0.0/24;until=2931-12-31\n!10.0.0.0/16\n10.0.0.0/12",
            "access does not end then: `10.0.0.0/24;until=2931-12-31` on line 2 allows it until 2931-12-31",
            json!({"entry": "10.0.0.0/24;until=2931-12-31", "line": 2, "until": "2931-12-31"}),
        ),
    ] {
        let dir = Dir::with("a.list", list);
        let run = dir.run(&["-l", "a.list", "add", ADDED]);
        assert_eq!(run.code, 1, "{list}: {}", run.err);
        assert!(run.err.contains(&format!("`{ADDED}`: {sentence}\n")), "{list}: {}", run.err);
        assert_eq!(dir.read("a.list"), format!("{list}\n{ADDED}\n"), "it is written all the same");
        // Once it is there, it is told again.
        let run = dir.run(&["-l", "a.list", "--json", "add", ADDED]);
        assert_eq!(run.code, 1, "{list}");
        let line = run.json().remove(0);
        assert_eq!((&line["result"], &line["outlasted"]), (&json!("present"), &outlasted), "{list}");
    }
    let denied = edit("!10.0.0.0/8", &["add", "!10.0.0.1;until=2930-01-01"]);
    assert_eq!(denied.code, 1);
    let sentence = "denial does not end then: `!10.0.0.0/8` on line 1 denies it without an end";
    assert!(denied.err.contains(sentence), "{}", denied.err);
}

#[test]
fn an_expiry_that_ends_access_is_not_told() {
    for (list, entry) in [
        ("", "10.0.0.1;until=2930-01-01"),
        ("10.0.0.1;until=2929-01-01", "10.0.0.1;until=2930-01-01"),
        ("10.0.0.1;until=2020-01-01", "10.0.0.1;until=2930-01-01"),
        ("10.0.0.1/32,10.0.0.2", "10.0.0.0/31;until=2930-01-01"),
        ("10.0.0.0/8", "!10.0.0.1;until=2930-01-01"),
        ("!10.0.0.0/8,0.0.0.0/0", "10.0.0.1;until=2930-01-01"),
        ("10.0.0.0/8", "10.0.0.1:ann"),
    ] {
        let run = edit(list, &["add", entry]);
        assert_eq!(run.code, 0, "{list} {entry}: {}", run.err);
        assert!(!run.err.contains("does not end"), "{list} {entry}: {}", run.err);
    }
}

#[test]
fn a_later_end_is_told() {
    let list = "10.0.0.1:ann;until=2929-12-31";
    let ends = |entry: &str| edit(list, &["--json", "add", entry]).json().remove(0)["ends"].take();
    assert_eq!(ends("10.0.0.1:ann;until=2930-12-31"), json!({"was": "2929-12-31", "now": "2930-12-31"}));
    assert_eq!(ends("10.0.0.1:ann"), json!({"was": "2929-12-31", "now": null}));
    assert_eq!(ends("10.0.0.0/8"), Value::Null, "the longer prefix goes on to decide");
    assert_eq!(
        effect(list, &["add", "10.0.0.1:ann"], 0),
        [
            "nothing changes for 10.0.0.1: allowed already, by `10.0.0.1:ann;until=2929-12-31` on line 1",
            "allowed without an end now, until 2929-12-31 before",
        ]
    );
}
