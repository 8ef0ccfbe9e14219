//! The advice of lint can be followed blindly: all fixes that it offers, or any of them, change no verdict, no label
//! and no expiry; and what is not offered is not told to be removed.

mod support;

use std::time::SystemTime;

use ipgate::List;
use ipgate::list::{Code, Linter, Until};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use support::fixes::{check_fixes, fixed, fixes, lint};
use support::generate::written;
use support::texts::NOW;

fn now() -> SystemTime {
    NOW.parse::<Until>().unwrap().system_time()
}

/// What an entry may name, so near to each other that most of them meet.
fn target() -> impl Strategy<Value = String> {
    let v4 = (0u8..16, 28u8..=32).prop_map(|(host, length)| format!("10.0.0.{host}/{length}"));
    let range = (0u8..16, 0u8..16)
        .prop_map(|(one, other)| format!("10.0.0.{}-10.0.0.{}", one.min(other), one.max(other)));
    let v6 = (0u8..8, 124u8..=128).prop_map(|(host, length)| format!("2001:db8::{host}/{length}"));
    let v6_range = (0u8..8, 0u8..8)
        .prop_map(|(one, other)| format!("[2001:db8::{}]-[2001:db8::{}]", one.min(other), one.max(other)));
    let mapped = (0u8..16, 124u8..=128).prop_map(|(host, length)| format!("[::ffff:10.0.0.{host}]/{length}"));
    let wide = ["all", "0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1", "2001:db8::/32"];
    prop_oneof![
        6 => v4,
        3 => range,
        3 => v6,
        1 => v6_range,
        1 => mapped,
        3 => select(wide.to_vec()).prop_map(str::to_owned),
        1 => Just("2001:db8::1:beef".to_owned()),
    ]
}

fn piece() -> impl Strategy<Value = String> {
    let deny = select(vec!["", "", "", "", "!"]);
    let label = select(vec!["", "", "", ":a", ":a", ":b"]);
    let until = vec![
        "",
        "",
        "",
        "",
        ";until=2030-06-15",
        ";until=2030-06-17",
        ";until=2031-01-01",
        ";until=2030-06-14",
    ];
    (deny, target(), label, select(until)).prop_map(|(deny, target, label, until)| {
        let label = if target == "2001:db8::1:beef" { "" } else { label };
        format!("{deny}{target}{label}{until}")
    })
}

/// A text of pieces of which none is refused beside those before it.
fn text() -> impl Strategy<Value = String> {
    let separator = select(vec![",", ", ", "\n", "\n", "\r\n", " # c\n", ",\n"]);
    vec((piece(), separator), 0..16).prop_map(|pieces| {
        let mut text = String::new();
        for (piece, separator) in pieces {
            let longer = format!("{text}{piece}{separator}");
            if lint(longer.as_bytes(), now()).is_ok() {
                text = longer;
            }
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn fixes_change_nothing(text in text(), chosen in vec(any::<bool>(), 64)) {
        check_fixes(text.as_bytes(), now(), |fix| chosen[fix % chosen.len()]);
    }

    #[test]
    fn fixes_of_lists_in_any_spelling_change_nothing((_, text) in written(), chosen in vec(any::<bool>(), 64)) {
        check_fixes(text.as_bytes(), now(), |fix| chosen[fix % chosen.len()]);
    }

    /// What is told to be removed is offered as a fix, and the other way round.
    #[test]
    fn nothing_else_is_told_to_be_removed(text in text()) {
        let parsed = lint(text.as_bytes(), now()).unwrap();
        for diagnostic in parsed.report.diagnostics() {
            let told = diagnostic.suggestion().unwrap_or_default().contains("remove");
            let removal = diagnostic.fix().iter().any(|edit| edit.text.is_empty());
            prop_assert_eq!(told, removal, "{}", diagnostic);
        }
    }
}

#[track_caller]
fn becomes(text: &str, expected: &str) {
    for (chosen, name) in [(0u32, "none"), (u32::MAX, "all"), (0x5555_5555, "even"), (0xaaaa_aaaa, "odd")] {
        println!("{name} of the fixes of {text:?}");
        check_fixes(text.as_bytes(), now(), |fix| chosen >> (fix % 32) & 1 == 1);
    }
    let result = String::from_utf8(fixed(text.as_bytes(), now())).unwrap();
    assert_eq!(result, expected, "{text:?}");
}

#[test]
fn halves_and_their_whole() {
    becomes("10.0.0.0/8\n10.0.0.0/9\n10.128.0.0/9\n", "10.0.0.0/8\n");
    becomes("10.0.0.0/9,10.0.0.0/8,10.128.0.0/9", "10.0.0.0/8");
    becomes("all,!10.0.0.0/8,!10.0.0.0/9,!10.128.0.0/9", "all,!10.0.0.0/8");
    becomes("10.0.0.0/8:a,10.0.0.0/9:a,10.128.0.0/9:b", "10.0.0.0/8:a,10.128.0.0/9:b");
    becomes("10.0.0.0/8:a,10.0.0.0/9:b,10.128.0.0/9:c", "10.0.0.0/9:b,10.128.0.0/9:c");
    becomes("10.0.0.0/8,!10.0.0.0/9,10.0.0.0/10", "10.0.0.0/8,!10.0.0.0/9,10.0.0.0/10");
}

#[test]
fn items_of_several_prefixes() {
    for kept in [
        "all:everyone,0.0.0.0/1:a,128.0.0.0/1:b",
        "10.0.0.0/24,10.0.0.128-10.0.1.127",
        "all:a\n0.0.0.0/0:b\n",
        "all:a;until=2031-01-01,0.0.0.0/0:a;until=2032-01-01",
    ] {
        becomes(kept, kept);
    }
    becomes("10.0.0.0-10.0.1.5,10.0.0.0/25,10.0.0.128/25", "10.0.0.0-10.0.1.5");
    becomes(
        "all:a,0.0.0.0/1:b,128.0.0.0/1:b,::/1:c,8000::/1:c",
        "0.0.0.0/1:b,128.0.0.0/1:b,::/1:c,8000::/1:c",
    );
    becomes("all\nall\n0.0.0.0/0", "all\n");
    becomes("0.0.0.0/0,::/0,all", "0.0.0.0/0,::/0");
    becomes("10.0.0.0/8,192.0.2.0/24,10.0.0.0-10.0.0.6", "10.0.0.0/8,192.0.2.0/24");
}

#[test]
fn labels_stay() {
    for kept in ["10.0.0.0/8:corp,10.1.0.0/16", "10.0.0.0/8,10.1.0.0/16:corp", "!10.0.0.0/8:a,!10.1.0.0/16"] {
        becomes(kept, kept);
        assert!(fixes(&lint(kept.as_bytes(), now()).unwrap()).is_empty(), "{kept}");
    }
    becomes("10.0.0.0/8:corp,10.1.0.0/16:corp", "10.0.0.0/8:corp");
    becomes("192.0.2.0/24:a,192.0.2.0/24:b,192.0.2.0/24:a", "192.0.2.0/24:a");
    // Once the exception is gone that covers nothing but what it covers, more may go.
    becomes("10.0.0.0/8:a,10.0.0.0/9:b,10.0.0.0/10:a,10.64.0.0/10:a", "10.0.0.0/8:a");
}

#[test]
fn expiries_stay() {
    for kept in [
        "10.0.0.0/8;until=2031-01-01,10.1.0.0/16",
        "10.0.0.0/8,10.1.0.0/16;until=2031-01-01",
        "10.0.0.0/8;until=2031-01-01,10.1.0.0/16;until=2032-01-01",
        "192.0.2.1,192.0.2.1;until=2031-01-01",
        "192.0.2.0/24:a,192.0.2.0/24:b;until=2031-01-01",
        "10.0.0.0/8:a,10.0.0.0/9:b;until=2031-01-01,10.128.0.0/9:b",
    ] {
        becomes(kept, kept);
    }
    becomes("10.0.0.0/8;until=2031-01-01,10.1.0.0/16;until=2031-01-01", "10.0.0.0/8;until=2031-01-01");
    becomes("192.0.2.1;until=2031-01-01,192.0.2.1", "192.0.2.1");
    becomes("192.0.2.1;until=2030-06-14\n192.0.2.2 # c\n", "192.0.2.2 # c\n");
    becomes("# gone\n192.0.2.1-192.0.2.9;until=2030-06-14 # ann\n192.0.2.2\n", "# gone\n# ann\n192.0.2.2\n");
}

#[test]
fn spellings_with_one_reading() {
    becomes("!10.0.0.5/8: a ; until=2031-01-01\n", "!10.0.0.0/8: a ; until=2031-01-01\n");
    becomes("[2001:DB8::1]/32:x, [2001:db8::1/48]", "[2001:db8::]/32:x, [2001:db8::/48]");
    becomes("::ffff:10.0.0.5/104", "::ffff:10.0.0.0/104");
    becomes("10.0.0.5/8,10.0.0.7/8", "10.0.0.0/8");
    becomes(
        "2001:db8::1:beef, !2001:db8::1-2001:db8::2:cafe;until=2031-01-01",
        "[2001:db8::1:beef], ![2001:db8::1]-[2001:db8::2:cafe];until=2031-01-01",
    );
}

#[test]
fn a_rejected_list_is_not_fixed() {
    for text in ["10.0.0.0/8,10.1.0.0/16,10.2", "10.0.0.0/8,!10.0.0.0/8,10.0.0.0/8"] {
        let rejected = lint(text.as_bytes(), now()).expect_err("it has an error");
        assert!(
            rejected.report().diagnostics().iter().all(|diagnostic| diagnostic.fix().is_empty()),
            "{text}"
        );
    }
}

#[test]
fn entries_without_a_text_have_no_edits() {
    let of_text: List = "10.0.0.0/8,10.1.0.0/16,::1".parse().unwrap();
    let list = List::from_entries(of_text.entries().to_vec()).unwrap();
    let report = Linter::new().lint(&list);
    let codes: Vec<Code> = report.diagnostics().iter().map(|diagnostic| diagnostic.code()).collect();
    assert_eq!(codes, [Code::Redundant]);
    assert!(report.diagnostics()[0].fix().is_empty());
}

#[test]
fn sentences() {
    for (text, expected) in [
        (
            "10.0.0.0/8,10.1.0.0/16,::1",
            "line 1, column 12: 10.1.0.0/16 lies inside 10.0.0.0/8 on line 1, column 1, which says the same; remove the inner entry",
        ),
        (
            "10.0.0.0/24\n10.0.0.128-10.0.1.127\n::1",
            "line 2, column 1: 10.0.0.128/25 (a part of `10.0.0.128-10.0.1.127`) lies inside 10.0.0.0/24 on line 1, which says the same; leave it as it is: its other parts are needed",
        ),
        (
            "192.0.2.0/24:a\n::1\n192.0.2.0/24:b",
            "line 3, column 1: 192.0.2.0/24 has `b` here and `a` on line 1: the later entry wins; remove the earlier one, which changes nothing",
        ),
        (
            "192.0.2.0/24:a\n::1\n192.0.2.0/24:b;until=2031-01-01",
            "line 3, column 1: 192.0.2.0/24 has `b` here and `a` on line 1: the later entry wins until it ends; make sure that both labels are meant",
        ),
        (
            "192.0.2.1\n::1\n192.0.2.1;until=2031-01-01",
            "line 3, column 1: 192.0.2.1 ends, but stands already on line 1, where it holds longer; make sure that it is meant to hold on",
        ),
        (
            "10.0.0.0/8\n::1\n10.1.0.0/16;until=2031-01-01",
            "line 3, column 1: 10.1.0.0/16 ends, but lies inside 10.0.0.0/8 on line 1, which says the same for longer; make sure that it is meant to hold on",
        ),
        (
            "192.0.2.1;until=2031-01-01\n::1\n192.0.2.1",
            "line 3, column 1: 192.0.2.1 stands already on line 1, where it ends earlier; remove the earlier one, which changes nothing",
        ),
        (
            "192.0.2.0/30\n::1\n192.0.2.0-192.0.2.3\n",
            "line 3, column 1: 192.0.2.0/30 stands already on line 1; remove this one",
        ),
        (
            "10.0.0.0/8,192.168.0.0/16",
            "line 1, column 1: the list has IPv4 entries only: every IPv6 client is denied; nothing is to be done where no IPv6 client is meant to come in",
        ),
        (
            "10.0.0.0-10.0.0.9;until=2030-06-01,::1,192.0.2.1",
            "line 1, column 1: `10.0.0.0-10.0.0.9;until=2030-06-01` has expired (until=2030-06-01); remove the entry",
        ),
        (
            "10.0.0.0/8,!10.0.0.0/8,::1",
            "line 1, column 12: 10.0.0.0/8 is both allowed on line 1, column 1, and denied on line 1, column 12; keep one of the two",
        ),
        (
            "10.0.0.0/8\n!10.0.0.0/8,::1",
            "line 2, column 1: 10.0.0.0/8 is both allowed on line 1 and denied on line 2; keep one of the two",
        ),
    ] {
        let found = match lint(text.as_bytes(), now()) {
            Ok(parsed) => parsed.report,
            Err(rejected) => rejected.report().clone(),
        };
        let found: Vec<String> =
            found.diagnostics().iter().map(|diagnostic| diagnostic.to_string()).collect();
        assert_eq!(found, [expected], "{text:?}");
    }
}

/// A list of addresses alone is told once of all that could be read otherwise.
#[test]
fn ambiguous_addresses() {
    let list = |label: &str| format!("2001:db8::1:1\n2001:db8::1:2\n2001:db8::1:3\n10.0.0.0/8{label}\n");
    let told = |text: &str| -> Vec<String> {
        let parsed = lint(text.as_bytes(), now()).unwrap();
        parsed.report.diagnostics().iter().map(|diagnostic| diagnostic.message().to_owned()).collect()
    };
    assert_eq!(
        told(&list("")),
        ["`2001:db8::1:1` is read as an address without a label, and so are 2 more like it"]
    );
    assert_eq!(told(&list(":corp")).len(), 3);
    becomes(&list(""), "[2001:db8::1:1]\n[2001:db8::1:2]\n[2001:db8::1:3]\n10.0.0.0/8\n");
}
