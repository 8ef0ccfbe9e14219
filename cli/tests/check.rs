//! `check` and `explain`, and where lists and policies come from.

mod common;

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};

use common::{Dir, command, run};
use serde_json::json;

const NESTED: &str = "10.0.0.0/8:corp,!10.9.0.0/16:lab,10.9.1.0/24:ci";

/// Strings of the older routers: valid with the decision for 1.2.3.4, or rejected.
#[test]
fn older_router_strings() {
    for (text, code) in [
        ("1.2.3.4", 0),
        ("0.0.0.0/0", 0),
        ("1.2.3.4,0.0.0.0/0", 0),
        ("1.2.3.4, 0.0.0.0/0", 0),
        ("1.2.3.4,", 0),
        ("", 1),
        ("0", 2),
        ("-1", 2),
        ("foobar", 2),
        ("256.1.1.1", 2),
        ("1.2.3.4/33", 2),
        ("1.2.3.4/032", 2),
        ("01.2.3.4", 2),
        ("1.2.3.41.2.3.4", 2),
        ("2.3.4.6.7", 2),
    ] {
        assert_eq!(run(&["--entries", text, "check", "1.2.3.4"]).code, code, "{text:?}");
    }
}

#[test]
fn only_mapped_addresses_are_unwrapped() {
    for (text, allowed, denied) in [
        ("0.0.0.0:some_optional_label", &["0.0.0.0"][..], &["0.0.0.1"][..]),
        ("10.0.0.0/8", &["::ffff:10.9.9.9"], &["2002:0a09:0909::1", "::10.9.9.9"]),
        ("fe80::/32", &["fe80::1"], &["::1"]),
        ("2001:db8::", &["2001:db8::"], &["2001:db8::1"]),
        ("::/0", &["::1"], &["10.0.0.1", "::ffff:10.0.0.1"]),
        ("all", &["10.0.0.1", "::ffff:10.0.0.1", "::1"], &[]),
    ] {
        let decide = |address: &&str| run(&["--entries", text, "check", address]).code;
        assert!(allowed.iter().all(|address| decide(address) == 0), "{text} allows {allowed:?}");
        assert!(denied.iter().all(|address| decide(address) == 1), "{text} denies {denied:?}");
    }
}

#[test]
fn warnings_are_not_kept_back() {
    let dir = Dir::with("a.list", "10.0.0.5/8\n");
    let named = dir.run(&["-l", "a.list", "check", "10.0.0.1"]);
    assert_eq!(
        (named.code, named.err.as_str()),
        (0, "ipgate: a.list: 1 warning, which `ipgate lint a.list` shows\n")
    );
    let shown = run(&["--entries", "10.0.0.5/8", "check", "10.0.0.1"]);
    assert!(shown.err.starts_with("ipgate: <entries>:1:1: warning: "), "{}", shown.err);
}

#[test]
fn a_line_for_each_address() {
    let list = "10.0.1.0/24:office_ABC,212.121.212.121:client_YXZ,2001:db8::/32";
    let allowed = run(&["--entries", list, "check", "10.0.1.7", "212.121.212.121", "2001:db8::7"]);
    let expected = "10.0.1.7\tallow\t10.0.1.0/24\toffice_ABC\n\
                    212.121.212.121\tallow\t212.121.212.121/32\tclient_YXZ\n\
                    2001:db8::7\tallow\t2001:db8::/32\t-\n";
    assert_eq!((allowed.code, allowed.out.as_str(), allowed.err.as_str()), (0, expected, ""));

    let denied = run(&["--entries", list, "check", "10.0.1.7", "212.121.212.122"]);
    assert_eq!(denied.code, 1);
    assert_eq!(denied.out, "10.0.1.7\tallow\t10.0.1.0/24\toffice_ABC\n212.121.212.122\tdeny\t-\t-\n");
}

#[test]
fn the_longest_prefix_decides() {
    let run = run(&["--entries", NESTED, "check", "10.1.1.1", "10.9.2.2", "10.9.1.1", "::ffff:10.9.2.2"]);
    assert_eq!(run.code, 1);
    assert_eq!(
        run.out,
        "10.1.1.1\tallow\t10.0.0.0/8\tcorp\n10.9.2.2\tdeny\t10.9.0.0/16\tlab\n\
         10.9.1.1\tallow\t10.9.1.0/24\tci\n::ffff:10.9.2.2\tdeny\t10.9.0.0/16\tlab\n"
    );
}

/// Each of several addresses has its own sentence, with its place where it is not seen on the command line.
#[test]
fn what_is_no_address_is_denied_and_named_each_time() {
    let given = ["foobar", "10.0.0.1", "010.0.0.1", "10.0.0.1:80", "", "[2001:db8::1]:443", "fe80::1%eth0"];
    let bad: Vec<&str> = given.into_iter().filter(|text| *text != "10.0.0.1").collect();
    let run = run(&[&["--entries", "all", "check"], &given[..]].concat());
    assert_eq!(run.code, 2);
    let expected = given.map(|text| match text {
        "10.0.0.1" => "10.0.0.1\tallow\t0.0.0.0/0\t-\n".to_owned(),
        text => format!("{text}\tdeny\t-\t-\n"),
    });
    assert_eq!(run.out, expected.concat());
    assert_eq!(run.err.lines().count(), bad.len(), "{}", run.err);
    for (line, text) in run.err.lines().zip(&bad) {
        assert!(line.contains(&format!("`{text}`")) && line.ends_with("; denied"), "{text}: {line}");
    }

    let explained = Dir::new().run(&[&["--entries", "all", "explain"], &given[..]].concat());
    assert_eq!((explained.code, &explained.err), (2, &run.err));
    assert_eq!(explained.out.matches(" is allowed: ").count(), 1, "{}", explained.out);
    let piped = Dir::new().run_with(&["--entries", "all", "explain", "-"], b"x\n\n10.0.0.1\ny");
    assert_eq!(piped.code, 2);
    let begins: Vec<&str> = piped.err.lines().map(|line| line.split('`').next().unwrap()).collect();
    assert_eq!(begins, ["ipgate: <stdin>:1: ", "ipgate: <stdin>:4: "]);
}

#[test]
fn addresses_from_standard_input() {
    let dir = Dir::with("a.list", NESTED);
    let input = b"# clients\n10.1.1.1\n  10.9.1.1\t\r\n\n \t\r\n10.9.2.2\n\xff\n10.\t1\n\t# more\n10.1.1.1";
    for args in [&["-l", "a.list", "check"][..], &["-l", "a.list", "check", "-"]] {
        let run = dir.run_with(args, input);
        assert_eq!(run.code, 2);
        let decisions: Vec<&str> = run.out.lines().map(|line| line.split('\t').nth(1).unwrap()).collect();
        assert_eq!(decisions, ["allow", "allow", "deny", "deny", "deny", "allow"]);
        for line in ["<stdin>:7: ", "<stdin>:8: "] {
            assert!(run.err.contains(line), "{line} in {}", run.err);
        }
        assert_eq!(dir.run_with(args, b"10.1.1.1\n").code, 0);
    }
    let between =
        dir.run_with(&["-l", "a.list", "check", "10.0.0.1", "-", "10.0.0.4"], b"10.0.0.2\n10.0.0.3");
    let order: Vec<&str> = between.out.lines().map(|line| line.split('\t').next().unwrap()).collect();
    assert_eq!(order, ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"]);
}

#[test]
fn many_addresses_stream_through() {
    let (mut input, mut expected) = (String::new(), String::new());
    for i in 0..200_000_u32 {
        let address = std::net::Ipv4Addr::from(0x0a08_ff00 + i);
        let golden = match address.octets() {
            [10, 9, 1, _] => "allow\t10.9.1.0/24\tci",
            [10, 9, ..] => "deny\t10.9.0.0/16\tlab",
            _ => "allow\t10.0.0.0/8\tcorp",
        };
        writeln!(input, "{address}").unwrap();
        writeln!(expected, "{address}\t{golden}").unwrap();
    }
    let run = Dir::new().run_with(&["--entries", NESTED, "check"], input.as_bytes());
    assert_eq!(run.code, 1);
    assert!(run.out == expected, "some line is wrong");
}

/// Whoever writes an address and waits gets the answer before writing the next.
#[test]
fn answers_do_not_wait_for_the_end_of_input() {
    let dir = Dir::new();
    let mut child = command(&dir.path("."), &["--entries", NESTED, "check"]).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    for (address, expected) in [("10.1.1.1", "allow"), ("10.9.2.2", "deny")] {
        writeln!(input, "{address}").unwrap();
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert_eq!(line.split('\t').nth(1), Some(expected));
    }
    drop(input);
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

#[test]
fn a_closed_pipe_ends_it_quietly_and_not_with_yes() {
    let dir = Dir::new();
    let mut child = command(&dir.path("."), &["--entries", "all", "check"]).spawn().unwrap();
    drop(child.stdout.take());
    let mut input = child.stdin.take().unwrap();
    let lines = "10.0.0.1\n".repeat(100_000);
    let _ = input.write_all(lines.as_bytes()); // it stops reading when it cannot write
    drop(input);
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert_eq!((child.wait().unwrap().code(), err.as_str()), (Some(141), ""));
}

#[test]
fn json_of_check() {
    let run = run(&["--json", "--entries", NESTED, "check", "10.1.1.1", "10.9.2.2", "1.1.1.1", "x"]);
    assert_eq!(run.code, 2);
    assert_eq!(
        run.json(),
        [
            json!({"address": "10.1.1.1", "decision": "allow", "reason": "allow-entry", "prefix": "10.0.0.0/8", "label": "corp"}),
            json!({"address": "10.9.2.2", "decision": "deny", "reason": "deny-entry", "prefix": "10.9.0.0/16", "label": "lab"}),
            json!({"address": "1.1.1.1", "decision": "deny", "reason": "no-entry", "prefix": null, "label": null}),
            json!({"address": "x", "decision": "deny", "reason": "no-address", "prefix": null, "label": null}),
        ]
    );
}

/// Every row of the policy table: default list, app list, mode, enforce, and whether 10.0.0.1 (in D) and
/// 192.0.2.1 (in A) are allowed.
#[test]
fn policies() {
    let dir = Dir::with("d.list", "10.0.0.0/8:D");
    dir.write("a.list", "192.0.2.0/24:A");
    for (default, app, mode, enforce, in_d, in_a) in [
        (false, false, "extend", true, false, false),
        (true, false, "override", true, true, false),
        (true, false, "extend", false, true, false),
        (false, true, "extend", false, false, true),
        (false, true, "override", true, false, true),
        (true, true, "extend", false, true, true),
        (true, true, "extend", true, true, true),
        (true, true, "override", false, false, true),
        (false, false, "precede", true, false, false),
        (true, false, "precede", false, true, false),
        (false, true, "precede", true, false, true),
        (true, true, "precede", false, true, true),
    ] {
        let mut args = vec!["check", "10.0.0.1", "192.0.2.1", "--mode", mode];
        args.extend(default.then_some(["--default", "d.list"]).iter().flatten());
        args.extend(app.then_some(["--list", "a.list"]).iter().flatten());
        args.extend(enforce.then_some("--enforce"));
        let run = dir.run(&args);
        let allowed: Vec<bool> = run.out.lines().map(|line| line.contains("\tallow\t")).collect();
        assert_eq!(allowed, [in_d, in_a], "{args:?}");
        assert_eq!(run.code, i32::from(!(in_d && in_a)), "{args:?}");
    }
}

#[test]
fn lists_from_standard_input() {
    let dir = Dir::new();
    let run = dir.run_with(&["-l", "-", "check", "10.0.0.1"], b"10.0.0.0/8:x\n");
    assert_eq!((run.code, run.out.as_str()), (0, "10.0.0.1\tallow\t10.0.0.0/8\tx\n"));
}

#[test]
fn bad_lists_answer_nothing() {
    let dir = Dir::with("bad.list", "10.0.0.0/8\n10.1\n  010.0.0.1:x\n192.0.2.7\n");
    let strict = dir.run(&["-l", "bad.list", "check", "10.0.0.1"]);
    assert_eq!((strict.code, strict.out.as_str()), (2, ""));
    assert!(strict.err.contains("bad.list:2:1: error: "), "{}", strict.err);
    assert!(strict.err.contains("bad.list:3:3: error: "), "{}", strict.err);
    assert!(strict.err.contains("the list is rejected: 2 errors"), "{}", strict.err);

    let lenient = dir.run(&["-l", "bad.list", "--lenient", "check", "10.0.0.1"]);
    assert_eq!((lenient.code, lenient.out.as_str()), (0, "10.0.0.1\tallow\t10.0.0.0/8\t-\n"));
    assert!(lenient.err.contains("bad.list:2:1: error: "), "{}", lenient.err);

    // Two bad pieces of three are 66.7 %.
    dir.write("most.list", "10.0.0.0/8\nfoobar\nquux\n");
    let answer = "10.0.0.1\tallow\t10.0.0.0/8\t-\n";
    for (args, code) in [
        (&["-l", "most.list", "--lenient", "check", "10.0.0.1"][..], 2),
        (&["-l", "most.list", "--lenient", "--max-bad-percent", "66", "check", "10.0.0.1"], 2),
        (&["-l", "most.list", "--lenient", "--max-bad-percent", "67", "check", "10.0.0.1"], 0),
        (&["--max-bad-percent", "100", "check", "10.0.0.1", "-l", "most.list", "--lenient"], 0),
        // Without --lenient it says nothing, and no list is what a percentage beyond 100 or none would take.
        (&["-l", "most.list", "--max-bad-percent", "67", "check", "10.0.0.1"], 2),
        (&["-l", "most.list", "--lenient", "--max-bad-percent", "0", "check", "10.0.0.1"], 2),
        (&["-l", "most.list", "--lenient", "--max-bad-percent", "101", "check", "10.0.0.1"], 2),
    ] {
        let run = dir.run(args);
        let expected = if code == 0 { answer } else { "" };
        assert_eq!((run.code, run.out.as_str()), (code, expected), "{args:?}: {}", run.err);
    }
    let alone = dir.run(&["-l", "bad.list", "--max-bad-percent", "67", "check", "10.0.0.1"]);
    assert!(alone.err.contains("--lenient"), "{}", alone.err);

    let nothing_good = dir.run(&["--entries", "foobar,-1", "--lenient", "check", "10.0.0.1"]);
    assert_eq!((nothing_good.code, nothing_good.out.as_str()), (2, ""));
}

#[test]
fn files_that_cannot_be_read() {
    let dir = Dir::new();
    let missing = dir.run(&["-l", "no.list", "check", "10.0.0.1"]);
    assert_eq!((missing.code, missing.err.as_str()), (2, "ipgate: no.list does not exist\n"));
    let directory = dir.run(&["--default", ".", "check", "10.0.0.1"]);
    assert_eq!((directory.code, directory.err.as_str()), (2, "ipgate: . is a directory; give a file\n"));
}

#[test]
fn wrong_usage() {
    let dir = Dir::with("a.list", "10.0.0.0/8");
    for args in [
        &["-l", "a.list", "--entries", "all", "check", "1.1.1.1"][..],
        &["-l", "a.list", "check", "--entries", "all", "1.1.1.1"],
        &["--mode", "Extend", "-l", "a.list", "check", "1.1.1.1"],
        &["-l", "a.list", "lint", "a.list"],
        &["-l", "a.list", "diff", "a.list", "a.list"],
        &["--enforce", "-l", "a.list", "list"],
        &["explain"],
        &["-l", "a.list", "explain"],
        &["frobnicate"],
        &[],
    ] {
        let run = dir.run(args);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{args:?}");
        assert!(!run.err.is_empty(), "{args:?}");
    }
}

#[test]
fn explain_names_every_entry_and_the_reason() {
    let dir = Dir::with("a.list", "# lists\n10.0.0.0/8:corp\n!10.9.0.0/16:lab\n10.9.1.0/24:ci\n");
    let allowed = dir.run(&["-l", "a.list", "explain", "::ffff:10.9.1.1"]);
    assert_eq!(allowed.code, 0);
    assert!(allowed.out.contains("`10.9.1.0/24:ci` (a.list:4) lets it in"), "{}", allowed.out);
    assert!(allowed.out.contains("stands for the IPv4 client 10.9.1.1"), "{}", allowed.out);
    for line in ["* 10.9.1.0/24:ci", "  !10.9.0.0/16:lab", "  10.0.0.0/8:corp", "a.list:3", "a.list:2"] {
        assert!(allowed.out.contains(line), "{line} in {}", allowed.out);
    }
    let denied = dir.run(&["-l", "a.list", "explain", "10.9.2.2"]);
    assert_eq!(denied.code, 1);
    assert!(denied.out.contains("`!10.9.0.0/16:lab` (a.list:3) keeps it out"), "{}", denied.out);
    let uncovered = dir.run(&["-l", "a.list", "explain", "2002:0a09:0909::1"]);
    assert_eq!(uncovered.code, 1);
    assert!(uncovered.out.contains("no entry covers it"), "{}", uncovered.out);
    assert_eq!(dir.run(&["-l", "a.list", "explain", "10.9"]).code, 2);
}

#[test]
fn explain_without_lists() {
    let enforced = run(&["--enforce", "explain", "10.0.0.1"]);
    assert_eq!(enforced.code, 1);
    assert!(enforced.out.contains("--enforce requires one"), "{}", enforced.out);
}

#[test]
fn explain_takes_several_addresses() {
    let dir = Dir::new();
    let args = ["--entries", NESTED, "explain", "10.1.1.1", "-"];
    let run = dir.run_with(&args, b"10.9.2.2\n# and\n10.9.1.1\n");
    assert_eq!(run.code, 1);
    let parts: Vec<&str> = run.out.split("\n\n").filter(|part| part.contains(" is ")).collect();
    let firsts: Vec<&str> = parts.iter().map(|part| part.split(": ").next().unwrap()).collect();
    assert_eq!(firsts, ["10.1.1.1 is allowed", "10.9.2.2 is denied", "10.9.1.1 is allowed"]);
    let json = dir.run_with(&[&args[..], &["--json"]].concat(), b"10.9.2.2").json();
    assert_eq!(json.len(), 2);
    assert_eq!(json[1]["decision"], json!("deny"));
}

#[test]
fn explain_tells_equal_prefixes_modes_and_expiry_apart() {
    let dir = Dir::with("d.list", "10.0.0.0/8:base\n");
    dir.write("a.list", "10.0.0.0/8:one\n10.0.0.0/8:two\n10.0.0.1:gone;until=2001-01-01\n");
    let args = ["-l", "a.list", "--default", "d.list", "--json", "explain", "10.0.0.1"];
    let run = dir.run(&args);
    let [object] = &run.json()[..] else { panic!("{}", run.out) };
    let labels = |key: &str| -> Vec<_> {
        object[key]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["label"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(labels("covering"), ["two", "one", "base"]);
    assert_eq!(labels("expired"), ["gone"]);
    assert_eq!(object["covering"][0]["decides"], json!(true));
    assert_eq!(object["covering"][0]["source"], json!("a.list"));
    assert_eq!(object["covering"][0]["line"], json!(2));
    assert_eq!(object["covering"][2]["list"], json!("default"));
    assert!(object["covering"][1]["why"].as_str().unwrap().contains("later entry"));
    assert!(object["covering"][2]["why"].as_str().unwrap().contains("app list"));
    assert_eq!(object["mode"], json!("extend"));

    let preceded = dir.run(&[&args[..], &["--mode", "precede"]].concat());
    assert_eq!(preceded.json()[0]["mode"], json!("precede"));

    let overridden = dir.run(&[&args[..], &["--mode", "override"]].concat());
    assert!(!overridden.out.contains("base"), "{}", overridden.out);
}

/// The app list decides wherever it covers the address, and `explain` says so, of lists and of the image that is made of them.
#[test]
fn explain_says_which_list_precedes() {
    let dir = Dir::with("d.list", "10.0.0.0/8:base\n!10.9.1.0/24:lab\n10.9.1.1:desk\n");
    dir.write("a.list", "10.9.0.0/16:shop\n!10.9.1.0/24:old;until=2001-01-01\n");
    let policy = ["-l", "a.list", "--default", "d.list", "--mode", "precede"];
    let compiled = dir.run(&[&["compile", "a.list", "-o", "p.image"], &policy[2..]].concat());
    assert_eq!(compiled.code, 0, "{}", compiled.err);
    let whys = [
        "decides: the app list precedes, and no longer prefix of it covers the address",
        "yields to the app list, which precedes the default list, by its 10.9.0.0/16",
        "yields to the app list, which precedes the default list, by its 10.9.0.0/16",
        "yields to the app list, which precedes the default list, by its 10.9.0.0/16",
    ];
    for (lists, named) in [
        (
            &policy[..],
            "Mode precede: the list a.list (2 entries) decides wherever an entry of it covers the address, \
                       the default list d.list (3 entries) elsewhere.",
        ),
        (
            &["-l", "p.image"],
            "Mode precede: its app list decides wherever an entry of it covers the address, its default \
                              list elsewhere.",
        ),
    ] {
        let explain = |more: &[&str]| dir.run(&[lists, &["explain"], more].concat());
        let run = explain(&["10.9.1.1"]);
        assert!(
            run.out.starts_with("10.9.1.1 is allowed: the entry `10.9.0.0/16:shop` (a.list:1)"),
            "{}",
            run.out
        );
        assert!(run.out.contains(named), "{}", run.out);
        let run = explain(&["--json", "10.9.1.1"]);
        let [object] = &run.json()[..] else { panic!("{}", run.out) };
        let said = |key: &str| -> Vec<_> {
            let covering = object["covering"].as_array().unwrap();
            covering.iter().map(|entry| entry[key].as_str().unwrap_or_default().to_owned()).collect()
        };
        assert_eq!(object["mode"], json!("precede"));
        assert_eq!(said("label"), ["shop", "desk", "lab", "base"]);
        assert_eq!(said("why"), whys);
        let run = explain(&["--json", "10.1.1.1"]);
        assert_eq!(
            run.json()[0]["covering"][0]["why"],
            json!("decides: no entry of the app list covers the address, and no longer prefix does")
        );
    }
}
