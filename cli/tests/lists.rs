//! `lint`, `fmt`, `diff`, `list`, and what the argument parser generates.

mod common;

use common::{Dir, run};
use serde_json::json;

#[test]
fn lint_points_at_the_token() {
    let dir = Dir::with("a.list", "# offices\n10.0.0.0/8, 010.0.0.1:x\n2001:db8::/32\n");
    let run = dir.run(&["lint", "a.list"]);
    assert_eq!(run.code, 2);
    assert!(run.out.contains("error[leading-zero]: "), "{}", run.out);
    assert!(run.out.contains("--> a.list:2:13"), "{}", run.out);
    assert!(run.out.contains("2 | 10.0.0.0/8, 010.0.0.1:x\n  |             ^^^^^^^^^\n"), "{}", run.out);
    assert!(run.out.contains("= help: write `10.0.0.1:x`"), "{}", run.out);
    assert!(run.out.ends_with("a.list: 1 error, 0 warnings\n"), "{}", run.out);
    assert!(!run.out.contains('\u{1b}'), "colours belong on terminals only");
}

#[test]
fn lint_exit_codes() {
    let dir = Dir::with("clean.list", "10.0.0.0/8\n2001:db8::/32\n");
    dir.write("warn.list", "10.0.0.5/8\n2001:db8::/32\n");
    dir.write("bad.list", "10.0.0.0/33\n");
    assert_eq!(dir.run(&["lint", "clean.list"]).code, 0);
    assert_eq!(dir.run(&["lint", "--deny-warnings", "clean.list"]).code, 0);
    assert_eq!(dir.run(&["lint", "warn.list"]).code, 0);
    assert_eq!(dir.run(&["lint", "--deny-warnings", "warn.list", "clean.list"]).code, 1);
    assert_eq!(dir.run(&["lint", "--deny-warnings", "bad.list", "warn.list"]).code, 2);
    let missing = dir.run(&["lint", "no.list", "warn.list"]);
    assert_eq!(missing.code, 2);
    assert!(missing.err.contains("no.list does not exist"), "{}", missing.err);
    assert!(missing.out.contains("warn.list: 0 errors, 1 warning"), "{}", missing.out);
    assert_eq!(dir.run_with(&["lint", "-"], b"10.1").code, 2);
}

#[test]
fn lint_survives_anything() {
    let dir = Dir::new();
    dir.write("odd.list", b"\xef\xbb\xbf10.1, \xff\xfe\x00, \t1.2.3.4:a\xc3\r\n\x1b[31m10.2");
    let run = dir.run(&["lint", "odd.list"]);
    assert_eq!(run.code, 2);
    assert!(run.out.contains("odd.list:1:1"), "{}", run.out);
    assert!(!run.out.contains('\u{1b}'), "a list's control characters stay off the terminal");
    // One line of many entries: the column counts from its start, the excerpt is short.
    dir.write("long.list", format!("{}10.1", "10.0.0.1,".repeat(10_000)));
    let run = dir.run(&["lint", "long.list"]);
    assert!(run.out.contains("long.list:1:90001"), "{:.300}", run.out);
}

#[test]
fn json_of_lint() {
    let dir = Dir::with("a.list", "2001:db8::/32, 10.0.0.0/33\n1.1.1.1");
    let run = dir.run(&["lint", "--json", "a.list"]);
    let [diagnostic, summary] = &run.json()[..] else { panic!("{}", run.out) };
    for (key, value) in [
        ("kind", json!("diagnostic")),
        ("file", json!("a.list")),
        ("severity", json!("error")),
        ("code", json!("prefix-length")),
        ("line", json!(1)),
        ("column", json!(25)),
        ("offset", json!(24)),
        ("length", json!(2)),
        ("token", json!("33")),
    ] {
        assert_eq!(diagnostic[key], value, "{key}");
    }
    assert!(diagnostic["message"].is_string() && diagnostic["suggestion"].is_string());
    assert_eq!(
        *summary,
        json!({"kind": "summary", "file": "a.list", "errors": 1, "warnings": 0, "omitted": []})
    );
}

const LOOSE: &str = "# sites\n10.0.0.5/8:corp ,2001:DB8::/32   # both\n";
const CANONICAL: &str = "# sites\n10.0.0.0/8:corp\n2001:db8::/32 # both\n";

#[test]
fn fmt_prints_checks_and_writes() {
    let dir = Dir::with("a.list", LOOSE);
    let printed = dir.run(&["fmt", "a.list"]);
    assert_eq!((printed.code, printed.out.as_str()), (0, CANONICAL));
    let checked = dir.run(&["fmt", "--check", "a.list"]);
    assert_eq!((checked.code, checked.out.as_str()), (1, "a.list\n"));
    assert_eq!(dir.read("a.list"), LOOSE, "neither writes");

    let json = dir.run(&["fmt", "--json", "a.list"]).json();
    assert_eq!(json, [json!({"file": "a.list", "changed": true, "text": CANONICAL})]);

    let written = dir.run(&["fmt", "--write", "a.list"]);
    assert_eq!((written.code, written.out.as_str()), (0, "a.list\n"));
    assert_eq!(dir.read("a.list"), CANONICAL);
    assert_eq!(dir.names(), ["a.list"]);
    let again = dir.run(&["fmt", "--check", "a.list"]);
    assert_eq!((again.code, again.out.as_str()), (0, ""));
    assert_eq!(dir.run_with(&["fmt", "-"], LOOSE.as_bytes()).out, CANONICAL);
}

#[test]
fn fmt_refuses() {
    let dir = Dir::with("bad.list", "10.1\n");
    dir.write("good.list", LOOSE);
    let run = dir.run(&["fmt", "--write", "bad.list", "good.list"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("bad.list:1:1: error"), "{}", run.err);
    assert_eq!(dir.read("bad.list"), "10.1\n");
    assert_eq!(dir.read("good.list"), CANONICAL, "the other file is done all the same");
    assert_eq!(dir.run_with(&["fmt", "--write", "-"], b"10.0.0.0/8").code, 2);
    assert_eq!(dir.run(&["fmt", "--write", "--check", "good.list"]).code, 2);
    assert_eq!(dir.run(&["fmt", "."]).code, 2);
}

#[test]
fn diff_shows_entries_and_addresses() {
    let dir = Dir::with("old.list", "10.0.0.0/24:office,192.0.2.7:partner,2001:db8::/127\n");
    dir.write(
        "new.list",
        "# spelled otherwise\n192.0.2.7:friend\n10.0.0.0/25:office\n2001:db8::-2001:db8::3\n",
    );
    let run = dir.run(&["diff", "old.list", "new.list"]);
    assert_eq!(run.code, 1);
    assert_eq!(
        run.out,
        "+ 10.0.0.0/25:office\n+ 2001:db8::/126\n- 10.0.0.0/24:office\n- 2001:db8::/127\n\
         ~ 192.0.2.7:partner -> 192.0.2.7:friend\n\
         gained 2001:db8::2/127\nlost 10.0.0.128/25\n\
         # entries: 2 added, 2 removed, 1 relabelled\n\
         # addresses gained: 0 IPv4, 2 IPv6\n# addresses lost: 128 IPv4, 0 IPv6\n"
    );
    let same =
        dir.run_with(&["diff", "old.list", "-"], b"2001:db8::/127,192.0.2.7:partner,10.0.0.0/24:office");
    assert_eq!((same.code, same.out.as_str()), (0, ""));
}

#[test]
fn json_and_errors_of_diff() {
    let dir = Dir::with("old.list", "");
    dir.write("new.list", "::/0:x");
    let run = dir.run(&["diff", "--json", "old.list", "new.list"]);
    assert_eq!(run.code, 1);
    assert_eq!(
        run.json(),
        [
            json!({"kind": "added", "entry": "::/0:x", "prefix": "::/0", "action": "allow", "label": "x", "until": null, "line": 1}),
            json!({"kind": "gained", "family": "ipv6", "prefix": "::/0"}),
            json!({"kind": "summary", "added": 1, "removed": 0, "relabelled": 0,
                "gained": {"ipv4": "0", "ipv6": "340282366920938463463374607431768211456"},
                "lost": {"ipv4": "0", "ipv6": "0"}, "from": null}),
        ]
    );
    dir.write("bad.list", "10.1");
    for (old, new) in [("old.list", "bad.list"), ("no.list", "new.list"), ("-", "-")] {
        let run = dir.run(&["diff", old, new]);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{old} {new}");
    }
}

/// Two sources of any kind, in the order in which they are written.
#[test]
fn diff_of_texts_files_and_standard_input() {
    let dir = Dir::with("a.list", "10.0.0.0/8:a\n");
    dir.write("b.list", "10.0.0.0/8:b\n");
    const A: &str = "10.0.0.0/8:a";
    const B: &str = "10.0.0.0/8:b";
    for (args, stdin) in [
        (&["diff", "a.list", "b.list"][..], ""),
        (&["diff", "--entries", A, "b.list"], ""),
        (&["--entries", A, "diff", "b.list"], ""),
        (&["diff", "a.list", "--entries", B], ""),
        (&["diff", "--entries", A, "--entries", B], ""),
        (&["--entries", A, "diff", "--entries", B], ""),
        (&["diff", "a.list", "--lenient", "b.list"], ""),
        (&["diff", "-", "b.list"], A),
        (&["diff", "a.list", "-"], B),
        (&["diff", "-", "--entries", B], A),
        (&["diff", "--entries", A, "-"], B),
    ] {
        let run = dir.run_with(args, stdin.as_bytes());
        assert_eq!(run.code, 1, "{args:?}: {}", run.err);
        assert!(run.out.starts_with(&format!("~ {A} -> {B}\n")), "{args:?}: {}", run.out);
    }
    let emptied = dir.run(&["diff", "a.list", "--entries", ""]);
    assert!(emptied.out.starts_with("- 10.0.0.0/8:a\nlost 10.0.0.0/8\n"), "{}", emptied.out);
    let usage = dir.run(&["diff", "a.list"]).err;
    assert!(usage.contains("Usage: ipgate diff "), "{usage}");
    for (args, given) in [
        (&["diff"][..], "none is given"),
        (&["diff", "a.list"], "one is given"),
        (&["diff", "--entries", A], "one is given"),
        (&["diff", "a.list", "b.list", "--entries", A], "3 are given"),
        (&["diff", "a.list", "b.list", "a.list"], "unexpected argument"),
    ] {
        let run = dir.run(args);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{args:?}");
        assert!(run.err.contains(given), "{args:?}: {}", run.err);
    }
}

#[test]
fn list_prints_canonical_entries_and_labels() {
    let text = "10.0.0.5/8:corp,2001:DB8::/32\n!10.9.0.0/16:lab # why\n192.0.2.0-192.0.2.2:corp";
    let plain = run(&["--entries", text, "list"]);
    assert_eq!(plain.code, 0);
    assert_eq!(
        plain.out,
        "10.0.0.0/8:corp\n2001:db8::/32\n!10.9.0.0/16:lab\n192.0.2.0/31:corp\n192.0.2.2:corp\n"
    );
    let grouped = run(&["--entries", text, "list", "--labels"]);
    assert_eq!(
        grouped.out,
        "corp (3 entries)\n  10.0.0.0/8:corp\n  192.0.2.0/31:corp\n  192.0.2.2:corp\n\
         lab (1 entry)\n  !10.9.0.0/16:lab\n- (1 entry)\n  2001:db8::/32\n"
    );
    let json = run(&["--entries", "10.0.0.0/8:a,!::1", "list", "--labels", "--json"]).json();
    assert_eq!(
        json,
        [
            json!({"label": "a", "count": 1, "entries": ["10.0.0.0/8:a"]}),
            json!({"label": null, "count": 1, "entries": ["!::1"]}),
        ]
    );
    let json = run(&["--entries", "!::1;until=2999-01-01", "list", "--json"]).json();
    assert_eq!(
        json,
        [
            json!({"entry": "!::1;until=2999-01-01", "prefix": "::1/128", "action": "deny", "label": null, "until": "2999-01-01", "line": 1})
        ]
    );
    assert_eq!(run(&["list"]).code, 2);
}

#[test]
fn help_completions_and_manual() {
    let help = run(&["--help"]);
    assert_eq!(help.code, 0);
    assert!(help.out.starts_with("Filters clients by address: "), "{}", help.out);
    for part in ["Exit codes:", "Examples:", "replay", "--entries", "--json"] {
        assert!(help.out.contains(part), "{part} in {}", help.out);
    }
    let commands = [
        "check",
        "compile",
        "explain",
        "lint",
        "fmt",
        "diff",
        "add",
        "remove",
        "list",
        "replay",
        "completions",
        "man",
        "import",
        "app",
        "fleet",
        "whitelist",
        "whitelist:add",
        "whitelist:remove",
    ];
    for command in commands {
        assert_eq!(run(&[command, "--help"]).code, 0, "{command}");
    }
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(&["completions", shell]);
        assert_eq!(script.code, 0);
        assert!(script.out.contains("explain"), "{shell}");
    }
    assert_eq!(run(&["completions", "csh"]).code, 2);

    assert!(run(&["man"]).out.contains(".TH ipgate 1"));
    let dir = Dir::new();
    assert_eq!(dir.run(&["man", "."]).code, 0);
    let mut pages: Vec<String> = commands.iter().map(|command| format!("ipgate-{command}.1")).collect();
    pages.push("ipgate.1".to_owned());
    pages.sort();
    assert_eq!(dir.names(), pages);
    assert!(dir.read("ipgate-check.1").contains("Exit codes"));
    assert_eq!(dir.run(&["man", "no/such"]).code, 2);
}

/// An option is offered where it is honoured, and nowhere else: in the help and in the manual.
#[test]
fn options_are_offered_by_the_commands_that_honour_them() {
    const POLICY: [&str; 7] =
        ["--list", "--entries", "--default", "--mode", "--enforce", "--lenient", "--max-bad-percent"];
    let dir = Dir::new();
    assert_eq!(dir.run(&["man", "."]).code, 0);
    for (command, honoured) in [
        ("check", &POLICY[..]),
        ("explain", &POLICY),
        ("replay", &POLICY),
        ("compile", &POLICY[2..]),
        ("list", &["--list", "--entries", "--lenient", "--max-bad-percent"]),
        ("diff", &["--entries", "--lenient", "--max-bad-percent"]),
        ("add", &["--list"]),
        ("remove", &["--list"]),
        ("lint", &[]),
        ("fmt", &["--lenient", "--max-bad-percent"]),
        ("completions", &[]),
        ("man", &[]),
    ] {
        let help = run(&[command, "--help"]).out;
        let offered: Vec<&str> = help
            .lines()
            .filter_map(|line| line.trim_start().trim_start_matches("-l, ").split(' ').next())
            .filter(|first| POLICY.contains(first))
            .collect();
        assert_eq!(offered, honoured, "{help}");
        let page = dir.read(&format!("ipgate-{command}.1"));
        let is_on_page = |option: &str| page.contains(&format!(r"\fB{}\fR", option.replace('-', r"\-")));
        assert_eq!(POLICY.into_iter().filter(|option| is_on_page(option)).collect::<Vec<_>>(), honoured);
        assert!(help.contains("--json") && is_on_page("--json"), "{help}");
    }
}

/// What only loads leniently can be tidied, and says the same after it.
#[test]
fn fmt_leniently_keeps_what_is_no_entry() {
    let text = "10.0.0.5/8:corp,  10.1 # office\n!10.9.0.0/16\nfoobar\n";
    let dir = Dir::with("a.list", text);
    assert_eq!(dir.run(&["fmt", "a.list"]).code, 2);
    let run = dir.run(&["fmt", "--lenient", "a.list"]);
    assert_eq!((run.code, run.out.as_str()), (0, "10.0.0.0/8:corp\n10.1 # office\n!10.9.0.0/16\nfoobar\n"));
    assert!(run.err.contains("a.list:1:19: error: "), "{}", run.err);
    assert!(run.err.contains("(kept as it is)"), "{}", run.err);
    assert!(run.err.contains("a.list: what is no entry is kept: 2 errors"), "{}", run.err);
    assert_eq!(dir.run(&["fmt", "--lenient", "--check", "a.list"]).code, 1);
    let old = dir.run(&["list", "--lenient", "-l", "a.list"]);
    assert_eq!(dir.run(&["fmt", "--lenient", "--write", "a.list"]).code, 0);
    assert_eq!(dir.read("a.list"), run.out);
    assert_eq!(dir.run(&["fmt", "--lenient", "--check", "a.list"]).code, 0);
    assert_eq!(dir.run(&["list", "--lenient", "-l", "a.list"]).out, old.out);
    assert_eq!(dir.run(&["list", "-l", "a.list"]).code, 2, "it is as bad as before");
    // More bad than good is some other file, unless it is said that it is a list.
    dir.write("b.list", "10.0.0.5/8\nfoobar\n10.1\n");
    assert_eq!(dir.run(&["fmt", "--lenient", "b.list"]).code, 2);
    let run = dir.run(&["fmt", "--lenient", "--max-bad-percent", "70", "b.list"]);
    assert_eq!((run.code, run.out.as_str()), (0, "10.0.0.0/8\nfoobar\n10.1\n"));
    // Nothing good: not a list.
    dir.write("page.html", "<html>\n<body>\n");
    assert_eq!(dir.run(&["fmt", "--lenient", "page.html"]).code, 2);
}

#[test]
fn diff_by_access() {
    let dir = Dir::new();
    let diff = |old: &str, new: &str| dir.run(&["diff", "--access", "--entries", old, "--entries", new]);
    for (old, new) in [
        ("10.0.0.0/8:a", "10.0.0.0/9:b,10.128.0.0/9,10.1.1.1"),
        ("", "!10.0.0.1"),
        ("10.0.0.1;until=2020-01-01", ""),
        ("10.0.0.1;until=2999-01-01,10.0.0.0/8", "10.0.0.0/8"),
        ("10.0.0.0-10.0.0.255;until=2999-01-01", "10.0.0.0/24;until=2999-01-01"),
    ] {
        let run = diff(old, new);
        assert_eq!((run.code, run.out.as_str()), (0, ""), "{old} | {new}");
        let plain = dir.run(&["diff", "--entries", old, "--entries", new]);
        assert!(plain.code == 1 || old.contains('-'), "{old} | {new}: {}", plain.out);
    }
    let run = diff("10.0.0.0/8:a", "10.0.0.0/9:b,::1");
    assert_eq!(run.code, 1);
    assert_eq!(
        run.out,
        "gained ::1/128\nlost 10.128.0.0/9\n# addresses gained: 0 IPv4, 1 IPv6\n# addresses lost: 8388608 IPv4, 0 IPv6\n"
    );
    // The same today, and not for ever.
    let run = diff("10.0.0.1", "10.0.0.1;until=2999-12-31");
    assert_eq!(run.code, 1);
    assert!(
        run.out.starts_with("# access is the same until 2999-12-31, and then:\nlost 10.0.0.1/32\n"),
        "{}",
        run.out
    );
    let run = dir.run(&[
        "diff",
        "--json",
        "--access",
        "--entries",
        "10.0.0.1:a",
        "--entries",
        "10.0.0.1:b;until=2999-12-31",
    ]);
    let [lost, summary] = &run.json()[..] else { panic!("{run:?}") };
    assert_eq!((&lost["kind"], &lost["prefix"]), (&json!("lost"), &json!("10.0.0.1/32")));
    assert_eq!((&summary["from"], &summary["lost"]["ipv4"]), (&json!("2999-12-31"), &json!("1")));
}
