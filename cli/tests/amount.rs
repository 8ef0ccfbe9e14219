//! How much is said of a list with much to say about, and how much is read of what has no end.

mod common;

use common::Dir;
use serde_json::{Value, json};

/// 250 errors of one kind, 3 of another, 130 warnings.
fn bad() -> String {
    format!("{}10.0.0.0/33\n10.0.0.0/33\n10.0.0.0/33\n{}", "10.1\n".repeat(250), "10.0.0.5/24\n".repeat(130))
}

#[test]
fn the_first_hundred_of_a_kind_are_shown_and_the_others_counted() {
    let dir = Dir::with("a.list", bad());
    let run = dir.run(&["lint", "a.list"]);
    let shown = |out: &str, what: &str| out.matches(what).count();
    for (what, count) in
        [("error[short-ipv4]", 100), ("error[prefix-length]", 3), ("warning[host-bits]", 100)]
    {
        assert_eq!(shown(&run.out, what), count, "{what}");
    }
    assert_eq!(run.code, 2);
    let last = run.out.lines().last().unwrap();
    assert!(last.starts_with("a.list: 253 errors, "), "{last}");
    // What else is found of what is left is of other kinds.
    assert!(last.contains("(not shown: 150 short-ipv4, 30 host-bits"), "{last}");
    assert!(last.ends_with("; --all shows them)"), "{last}");
    let all = dir.run(&["lint", "--all", "a.list"]);
    for (what, count) in
        [("error[short-ipv4]", 250), ("error[prefix-length]", 3), ("warning[host-bits]", 130)]
    {
        assert_eq!(shown(&all.out, what), count, "{what}");
    }
    assert!(!all.out.contains("not shown"));
}

#[test]
fn json_says_how_many_of_a_code_are_not_shown() {
    let dir = Dir::with("a.list", "10.1\n".repeat(250));
    let json = dir.run(&["lint", "--json", "a.list"]).json();
    assert_eq!(json.len(), 101);
    assert_eq!(
        json[100],
        json!({"kind": "summary", "file": "a.list", "errors": 250, "warnings": 0,
            "omitted": [{"code": "short-ipv4", "count": 150}]})
    );
    let all = dir.run(&["lint", "--all", "--json", "a.list"]).json();
    assert_eq!(all.len(), 251);
    let lines: Vec<&Value> = all.iter().take(250).map(|found| &found["line"]).collect();
    assert!(lines.into_iter().eq((1..=250).map(|line| json!(line)).collect::<Vec<_>>().iter()));
    assert_eq!(all[250]["omitted"], json!([]));
    // Of a list with an error no fix is offered, however it is shown.
    dir.write("b.list", format!("{}10.1\n", "10.0.0.5/24\n".repeat(150)));
    for args in [&["lint", "--json", "b.list"][..], &["lint", "--json", "--all", "b.list"]] {
        assert!(dir.run(args).json().iter().all(|found| found["fix"].is_null()));
    }
}

/// A range is one entry, whatever it unfolds to.
#[test]
fn a_range_is_told_of_once() {
    const RANGE: &str = "::1-ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe";
    let dir = Dir::with("a.list", format!("all\n{RANGE}\n{RANGE}\n0.0.0.1-255.255.255.254:x\n"));
    let json = dir.run(&["lint", "--json", "a.list"]).json();
    let of = |line: u32, code: &str| {
        json.iter().filter(|found| found["line"] == json!(line) && found["code"] == json!(code)).count()
    };
    for (line, code) in
        [(1, "wide-prefix"), (2, "wide-prefix"), (2, "redundant"), (3, "duplicate"), (4, "wide-prefix")]
    {
        assert_eq!(of(line, code), 1, "{code} on line {line}: {json:?}");
    }
}

/// All fixes are made, and not only those that are shown.
#[test]
fn fixes_are_not_capped() {
    let text: String = (0..300).map(|i| format!("10.{}.{}.5/24\n", i / 250, i % 250)).collect();
    let dir = Dir::with("a.list", format!("{text}::1\n"));
    let run = dir.run(&["lint", "--fix", "a.list"]);
    assert_eq!(run.out, "a.list: 0 errors, 0 warnings\na.list: 300 fixes made\n");
    assert!(!dir.read("a.list").contains(".5/24"));
}

/// An edit tells of what is new, whatever there is to say of the rest.
#[test]
fn add_tells_of_what_is_new() {
    let dir = Dir::with("a.list", format!("{}::1\n", "10.0.0.5/24\n".repeat(300)));
    let run = dir.run(&["add", "-l", "a.list", "10.0.0.7/24"]);
    assert_eq!(
        run.err.matches("a.list:302:1: warning").count(),
        run.err.matches("a.list:").count(),
        "{}",
        run.err
    );
}

#[cfg(unix)]
mod endless {
    use std::fs::File;
    use std::process::{Command, Stdio};

    use super::*;

    const NO_END: &str = "the text has more than 1073741824 bytes, which is the limit for a list's text; \
        split the list or raise the limit";

    fn command(dir: &Dir, args: &[&str]) -> Command {
        common::command(&dir.path("."), args)
    }

    #[test]
    fn devices_without_an_end() {
        let dir = Dir::new();
        let run = dir.run(&["check", "-l", "/dev/zero", "10.0.0.1"]);
        assert_eq!((run.code, run.out.as_str()), (2, ""));
        assert_eq!(run.err, format!("ipgate: /dev/zero: {NO_END}\n"));
        let zero = Stdio::from(File::open("/dev/zero").unwrap());
        let output = command(&dir, &["lint", "-"]).stdin(zero).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(String::from_utf8(output.stderr).unwrap(), format!("ipgate: <stdin>: {NO_END}\n"));
    }

    /// By its size, which takes no disk: nothing of it is read.
    #[test]
    fn a_file_that_is_too_large() {
        let dir = Dir::new();
        let file = File::create(dir.path("a.list")).unwrap();
        let told = |args: &[&str]| dir.run(args).err;
        file.set_len((1 << 30) + 1).unwrap();
        let text = "a.list: the text has 1073741825 bytes, and the limit for a list's text is 1073741824";
        for args in [&["lint", "a.list"][..], &["check", "-l", "a.list", "::1"], &["fmt", "a.list"]] {
            assert!(told(args).contains(text), "{args:?}: {}", told(args));
        }
        file.set_len(20_000_000_000).unwrap();
        let both = "a.list: the file has 20000000000 bytes, and the limit is 1073741824 for a list's text and \
            12952010752 for an image";
        assert!(told(&["list", "-l", "a.list"]).contains(both), "{}", told(&["list", "-l", "a.list"]));
        let input = Stdio::from(File::open(dir.path("a.list")).unwrap());
        let output = command(&dir, &["lint", "-"]).stdin(input).output().unwrap();
        assert!(String::from_utf8(output.stderr).unwrap().contains("the file has 20000000000 bytes"));
    }

    #[test]
    fn a_pipe_is_no_file_unless_the_shell_has_opened_it() {
        let dir = Dir::with("a.list", "10.0.0.0/8\n");
        assert!(Command::new("mkfifo").arg(dir.path("pipe")).status().unwrap().success());
        for args in [
            &["check", "-l", "pipe", "10.0.0.1"][..],
            &["check", "--default", "pipe", "10.0.0.1"],
            &["lint", "pipe"],
            &["lint", "--fix", "pipe"],
            &["fmt", "pipe"],
            &["diff", "a.list", "pipe"],
            &["compile", "pipe", "-o", "x.image"],
            &["add", "-l", "pipe", "10.0.0.1"],
        ] {
            let run = dir.run(args);
            assert_eq!((run.code, run.out.as_str()), (2, ""), "{args:?}");
            assert!(run.err.contains("pipe"), "{args:?}: {}", run.err);
        }
        let told = dir.run(&["lint", "pipe"]).err;
        assert_eq!(told, "ipgate: pipe is a pipe, and a file is needed; give `-` for it, and `< pipe`\n");
        let ipgate = env!("CARGO_BIN_EXE_ipgate");
        for script in [
            format!("{ipgate} list -l <(cat a.list)"),
            format!("cat a.list | {ipgate} list -l /dev/stdin"),
            format!("cat a.list | {ipgate} list -l /dev/fd/0"),
            format!("cat a.list | {ipgate} list -l -"),
            format!("{ipgate} list -l /dev/stdin < a.list"),
            format!("cat a.list > pipe & {ipgate} list -l - < pipe"),
        ] {
            let shell =
                Command::new("bash").arg("-c").arg(&script).current_dir(dir.path(".")).output().unwrap();
            assert_eq!(String::from_utf8(shell.stdout).unwrap(), "10.0.0.0/8\n", "{script}");
        }
        assert_eq!(dir.run(&["list", "-l", "/dev/null"]).code, 0);
    }
}
