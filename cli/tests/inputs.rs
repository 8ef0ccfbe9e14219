//! Where lists, addresses and logs come from: `-`, options on either side of the command, and what a script
//! gives that has lost a variable.

mod common;

use common::{Dir, Run};

const LIST: &str = "10.0.0.0/8:corp\n!10.9.0.0/16:lab\n2001:db8::/32\n";
const CLIENTS: &str = "10.1.1.1\n10.9.1.1\n";

fn dir() -> Dir {
    let dir = Dir::with("a.list", LIST);
    dir.write("clients", CLIENTS);
    dir
}

/// Refused before anything is answered.
fn assert_refused(run: &Run, parts: &[&str], what: &[&str]) {
    assert_eq!((run.code, run.out.as_str()), (2, ""), "{what:?}: {}", run.err);
    for part in parts {
        assert!(run.err.contains(part), "{what:?}: {part} in {}", run.err);
    }
}

/// With standard input in the place of a file, each command says the same, but for the name.
#[test]
fn a_dash_is_standard_input_everywhere() {
    let dir = dir();
    for (args, file) in [
        (&["check", "-l", "FILE", "10.1.1.1", "10.9.1.1"][..], "a.list"),
        (&["check", "--default", "FILE", "10.1.1.1"], "a.list"),
        (&["--default", "FILE", "--entries", "!10.1.0.0/16", "check", "10.1.1.1"], "a.list"),
        (&["explain", "-l", "FILE", "10.9.1.1"], "a.list"),
        (&["explain", "--default", "FILE", "10.9.1.1"], "a.list"),
        (&["list", "-l", "FILE"], "a.list"),
        (&["list", "-l", "FILE", "--labels", "--json"], "a.list"),
        (&["lint", "FILE"], "a.list"),
        (&["lint", "FILE", "clients"], "a.list"),
        (&["fmt", "FILE"], "clients"),
        (&["fmt", "--check", "FILE"], "clients"),
        (&["diff", "FILE", "clients"], "a.list"),
        (&["diff", "clients", "FILE"], "a.list"),
        (&["diff", "--entries", "all", "FILE"], "a.list"),
        (&["replay", "-l", "FILE", "clients"], "a.list"),
        (&["replay", "-l", "a.list", "FILE"], "clients"),
        (&["replay", "--default", "FILE", "clients"], "a.list"),
        (&["compile", "FILE", "-o", "x.image"], "a.list"),
        (&["compile", "clients", "--default", "FILE", "-o", "x.image"], "a.list"),
    ] {
        let with = |name| args.iter().map(|arg| if *arg == "FILE" { name } else { *arg }).collect::<Vec<_>>();
        let named = dir.run(&with(file));
        let piped = dir.run_with(&with("-"), dir.read(file).as_bytes());
        let unnamed = |text: &str| text.replace("<stdin>", "").replace(file, "").replace(' ', "");
        assert_eq!(piped.code, named.code, "{args:?}: {}", piped.err);
        if !args.contains(&"-o") {
            assert_eq!(unnamed(&piped.out), unnamed(&named.out), "{args:?}");
        }
    }
    // A file of that name has another spelling.
    dir.write("-", "192.0.2.1\n");
    assert_eq!(dir.run(&["list", "-l", "./-"]).out, "192.0.2.1\n");
    // A text is a text.
    assert_refused(&dir.run_with(&["list", "--entries", "-"], b"10.0.0.1"), &["<entries>:1:1: error"], &[]);
}

#[test]
fn addresses_come_from_standard_input_where_a_dash_stands() {
    let dir = dir();
    let named = dir.run(&["check", "-l", "a.list", "10.1.1.1", "10.9.1.1"]);
    for args in [&["check", "-l", "a.list", "-"][..], &["check", "-l", "a.list"]] {
        let piped = dir.run_with(args, CLIENTS.as_bytes());
        assert_eq!((piped.code, &piped.out, piped.err.as_str()), (1, &named.out, ""), "{args:?}");
    }
    let named = dir.run(&["explain", "-l", "a.list", "10.1.1.1", "10.9.1.1"]);
    let piped = dir.run_with(&["explain", "-l", "a.list", "-"], CLIENTS.as_bytes());
    assert_eq!((piped.code, &piped.out), (1, &named.out));
}

#[test]
fn standard_input_is_read_once() {
    let dir = dir();
    for (args, places) in [
        (&["-l", "-", "check"][..], ["--list", "the addresses"]),
        (&["-l", "-", "check", "10.0.0.1", "-"], ["--list", "ADDRESS 2"]),
        (&["--default", "-", "check", "-"], ["--default", "ADDRESS 1"]),
        (&["--default", "-", "check"], ["--default", "the addresses"]),
        (&["-l", "a.list", "check", "-", "10.0.0.1", "-"], ["ADDRESS 1", "ADDRESS 3"]),
        (&["-l", "-", "--default", "-", "check", "10.0.0.1"], ["--list", "--default"]),
        (&["-l", "-", "--default", "/dev/stdin", "check", "10.0.0.1"], ["--list", "--default"]),
        (&["-l", "-", "explain", "-"], ["--list", "ADDRESS 1"]),
        (&["-l", "a.list", "explain", "-", "-"], ["ADDRESS 1", "ADDRESS 2"]),
        (&["-l", "-", "--default", "-", "explain", "10.0.0.1"], ["--list", "--default"]),
        (&["-l", "-", "replay", "-"], ["--list", "ACCESS_LOG"]),
        (&["--default", "-", "replay", "-"], ["--default", "ACCESS_LOG"]),
        (&["lint", "-", "a.list", "-"], ["FILE 1", "FILE 3"]),
        (&["fmt", "-", "-"], ["FILE 1", "FILE 2"]),
        (&["diff", "-", "-"], ["OLD", "NEW"]),
        (&["compile", "-", "--default", "-", "-o", "x.image"], ["LIST", "--default"]),
    ] {
        let run = dir.run_with(args, LIST.as_bytes());
        assert_refused(&run, &places, args);
        assert!(run.err.contains("standard input can be read once"), "{args:?}: {}", run.err);
    }
    assert!(!dir.path("x.image").exists());
}

#[test]
fn standard_input_is_not_edited() {
    let dir = dir();
    for args in
        [&["add", "-l", "-", "192.0.2.1"][..], &["remove", "-l", "-", "10.0.0.0/8"], &["fmt", "--write", "-"]]
    {
        assert_refused(&dir.run_with(args, LIST.as_bytes()), &["standard input cannot be"], args);
    }
}

/// A script whose variable is not set must not be told that everyone is allowed.
#[test]
fn nothing_is_decided_without_a_list() {
    let dir = dir();
    for command in [
        &["check", "10.0.0.1"][..],
        &["check"],
        &["check", "-"],
        &["explain", "10.0.0.1"],
        &["explain", "-"],
        &["replay", "clients"],
        &["replay", "-"],
    ] {
        for options in [&[][..], &["--mode", "override"], &["--mode", "extend"], &["--lenient"], &["--json"]]
        {
            for args in [[command, options].concat(), [options, command].concat()] {
                let run = dir.run_with(&args, CLIENTS.as_bytes());
                assert_refused(&run, &["no list is given", "--list FILE", "--enforce"], &args);
            }
        }
        let enforced = dir.run_with(&[command, &["--enforce"]].concat(), CLIENTS.as_bytes());
        assert_eq!(enforced.code, i32::from(command[0] != "replay"), "{command:?}: {}", enforced.err);
        assert!(!enforced.out.contains("allow\t"), "{command:?}: {}", enforced.out);
    }
    assert_refused(&dir.run(&["list"]), &["no list is given"], &["list"]);
}

/// What an unset variable leaves of `-l "$LIST"` and its like.
#[test]
fn an_empty_name_is_no_file() {
    let dir = dir();
    for args in [
        &["check", "-l", "", "10.0.0.1"][..],
        &["-l", "", "check", "10.0.0.1"],
        &["--list=", "check", "10.0.0.1"],
        &["--default", "", "check", "10.0.0.1"],
        &["--default=", "-l", "a.list", "check", "10.0.0.1"],
        &["check", "-l", "a.list", "--default", "", "10.0.0.1"],
        &["explain", "-l", "", "10.0.0.1"],
        &["replay", "-l", "", "clients"],
        &["replay", "-l", "a.list", ""],
        &["list", "-l", ""],
        &["lint", "a.list", ""],
        &["fmt", ""],
        &["diff", "", "a.list"],
        &["diff", "a.list", ""],
        &["diff", "--entries", "all", ""],
        &["compile", "", "-o", "x.image"],
        &["compile", "a.list", "-o", ""],
        &["compile", "a.list", "--default", "", "-o", "x.image"],
        &["add", "-l", "", "10.0.0.1"],
        &["remove", "-l", "", "10.0.0.1"],
    ] {
        assert_refused(
            &dir.run_with(args, LIST.as_bytes()),
            &["it is empty", "is a variable not set?"],
            args,
        );
    }
    assert_eq!(dir.names(), ["a.list", "clients"]);
}

/// A text that is given and empty is a list: nobody matches it, and that is said.
#[test]
fn an_empty_text_is_a_list_that_nobody_matches() {
    let dir = Dir::with("comments.list", "# nobody yet\n\n");
    for (args, name) in [
        (&["--entries", "", "check", "10.0.0.1"][..], "<entries>"),
        (&["check", "--entries=", "10.0.0.1"], "<entries>"),
        (&["--entries", " , ", "check", "10.0.0.1"], "<entries>"),
        (&["--entries", "# 10.0.0.0/8", "check", "10.0.0.1"], "<entries>"),
        (&["-l", "comments.list", "check", "10.0.0.1"], "comments.list"),
        (&["--default", "comments.list", "check", "10.0.0.1"], "comments.list"),
        (&["-l", "-", "check", "10.0.0.1"], "<stdin>"),
    ] {
        let run = dir.run(args);
        assert_eq!((run.code, run.out.as_str()), (1, "10.0.0.1\tdeny\t-\t-\n"), "{args:?}");
        let said = format!("ipgate: {name}: the list is given, but has no entries: nobody matches it\n");
        assert!(run.err.ends_with(&said), "{args:?}: {}", run.err);
    }
    let explained = dir.run(&["--entries", "", "explain", "10.0.0.1"]);
    assert_eq!(explained.code, 1);
    assert!(explained.err.contains("nobody matches it"), "{}", explained.err);
}

/// `echo "$ADDRESS" | ipgate -l FILE check`, and `check $ADDRESS` without a terminal.
#[test]
fn no_address_is_no_yes() {
    let dir = dir();
    for args in
        [&["-l", "a.list", "check"][..], &["-l", "a.list", "check", "-"], &["-l", "a.list", "explain", "-"]]
    {
        for input in [&b""[..], b"\n", b" \t\r\n\n", b"# 10.1.1.1\n"] {
            assert_refused(&dir.run_with(args, input), &["no address on standard input"], args);
        }
    }
    assert_eq!(dir.run(&["-l", "a.list", "check", ""]).code, 2);
    let partly = dir.run(&["-l", "a.list", "check", "10.1.1.1", "-"]);
    assert_eq!((partly.code, partly.out.as_str()), (2, "10.1.1.1\tallow\t10.0.0.0/8\tcorp\n"));
}

#[test]
fn options_stand_on_either_side_of_the_command_and_are_given_once() {
    let dir = dir();
    dir.write("d.list", "10.9.1.0/24:ci\n");
    let options = [
        &["--list", "a.list"][..],
        &["-l", "a.list"],
        &["-la.list"],
        &["--list=a.list"],
        &["--entries", LIST],
        &["--entries", "-1"],
        &["-l", "a.list", "--lenient", "--json"],
        &["-l", "a.list", "--default", "d.list", "--mode", "override"],
        &["--enforce"],
    ];
    for given in options {
        let before = dir.run(&[given, &["check", "10.9.1.1"]].concat());
        let after = dir.run(&[&["check", "10.9.1.1"], given].concat());
        assert_eq!(
            (before.code, &before.out, &before.err),
            (after.code, &after.out, &after.err),
            "{given:?}"
        );
    }
    // What is given on both sides is given twice; one of them would be the wrong one.
    for (before, after) in [
        (&["-l", "a.list"][..], &["-l", "d.list"][..]),
        (&["-l", "a.list"], &["--entries", "all"]),
        (&["--entries", LIST], &["--entries", "all"]),
        (&["--default", "a.list"], &["--default", "d.list"]),
        (&["--mode", "extend"], &["--mode", "override"]),
    ] {
        let args = [before, &["check"], after, &["10.9.1.1"]].concat();
        assert_refused(&dir.run(&args), &["cannot be used"], &args);
    }
    // An option that the command does not honour.
    for args in [
        &["-l", "a.list", "lint", "a.list"][..],
        &["lint", "-l", "a.list", "a.list"],
        &["--enforce", "-l", "a.list", "list"],
        &["--mode", "extend", "fmt", "a.list"],
        &["--lenient", "-l", "a.list", "add", "10.0.0.1"],
        &["-l", "a.list", "man"],
    ] {
        assert_refused(&dir.run(args), &["unexpected argument"], args);
    }
}

/// A shell opens the file for standard output before the command runs; with `>>` it is whole still.
#[test]
#[cfg(unix)]
fn nothing_is_written_to_what_is_read() {
    use std::fs::{File, OpenOptions};
    let dir = dir();
    for (args, stdin, name) in [
        (&["fmt", "a.list"][..], "clients", "FILE 1 (a.list)"),
        (&["fmt", "-"], "a.list", "FILE 1 (<stdin>)"),
        (&["list", "-l", "./a.list"], "clients", "--list (./a.list)"),
        (&["check", "-l", "a.list", "10.0.0.1"], "clients", "--list (a.list)"),
        (&["check", "--entries", "all"], "a.list", "the addresses (<stdin>)"),
        (&["diff", "clients", "a.list"], "clients", "NEW (a.list)"),
        (&["replay", "--entries", "all", "a.list"], "clients", "ACCESS_LOG (a.list)"),
        (&["add", "-l", "a.list", "192.0.2.1"], "clients", "--list (a.list)"),
        (&["compile", "a.list", "-o", "-"], "clients", "LIST (a.list)"),
    ] {
        let output = OpenOptions::new().append(true).open(dir.path("a.list")).unwrap();
        let mut command = common::command(&dir.path("."), args);
        command.stdin(File::open(dir.path(stdin)).unwrap()).stdout(output);
        let run = command.output().unwrap();
        let err = String::from_utf8(run.stderr).unwrap();
        assert_eq!(run.status.code(), Some(2), "{args:?}: {err}");
        let sentence = format!("{name} would be written over: standard output is the same file");
        assert!(err.contains(&sentence), "{args:?}: {err}");
        assert_eq!(dir.read("a.list"), LIST, "{args:?}");
    }
}

/// Some editors put one before UTF-8; it belongs to no address.
#[test]
fn a_byte_order_mark_on_standard_input_is_passed_over() {
    let input = b"\xef\xbb\xbf10.0.0.1\n10.0.0.2\n";
    let run = Dir::new().run_with(&["--entries", "10.0.0.0/8", "check", "-"], input);
    let answers = "10.0.0.1\tallow\t10.0.0.0/8\t-\n10.0.0.2\tallow\t10.0.0.0/8\t-\n";
    assert_eq!((run.code, run.out.as_str(), run.err.as_str()), (0, answers, ""));
    let run = Dir::new().run_with(&["--json", "--entries", "10.0.0.1", "replay", "-"], input);
    assert_eq!((&run.json()[0]["without_address"], &run.json()[0]["denied_lines"]), (&0.into(), &1.into()));
    let run = Dir::new().run_with(&["--entries", "10.0.0.0/8", "check", "-"], b"\xef\xbb\xbf\n");
    assert!(run.err.contains("there is no address on standard input"), "{}", run.err);
}

/// A name with escape sequences, or with what turns the direction of text, is written out wherever it is shown.
#[test]
fn names_of_files_reach_no_terminal_as_they_are() {
    let dir = dir();
    let name = "a\u{1b}[31m\u{202e}\u{200b}.list";
    let shown = "a\\u{1b}[31m\\u{202e}\\u{200b}.list";
    let missing = "no\u{1b}[2J";
    dir.write(name, "10.0.0.0/8:corp\n10.0.0.0/8:corp\n!10.9.0.0/16:lab,::/0:a\n");
    dir.write("bad\u{1b}", "10.1\n");
    for args in [
        &["lint", name][..],
        &["lint", "bad\u{1b}"],
        &["lint", missing],
        &["fmt", "--check", name],
        &["fmt", "bad\u{1b}"],
        &["check", "-l", missing, "10.1.1.1"],
        &["check", "-l", "bad\u{1b}", "10.1.1.1"],
        &["explain", "-l", name, "10.9.1.1"],
        &["list", "-l", name],
        &["diff", name, missing],
        &["compile", "-l", missing, "-o", "x"],
        &["add", "-l", missing, "10.0.0.0/8"],
    ] {
        let run = dir.run(args);
        let unseen = |c: char| matches!(c, '\u{1b}' | '\u{202e}' | '\u{200b}');
        assert!(!run.out.contains(unseen) && !run.err.contains(unseen), "{args:?}: {run:?}");
    }
    let run = dir.run(&["explain", "-l", name, "10.9.1.1"]);
    assert!(run.out.contains(shown), "{run:?}");
}
