//! What `nginx -t` says about lists.

use ipgate_nginx_tests::{Site, skipped};

/// The outcome of `nginx -t` with an `ipgate_list` directive, its arguments given, and a file `a.list`.
fn tried(arguments: &str, file: impl AsRef<[u8]>) -> (Site, ipgate_nginx_tests::Outcome) {
    let site = Site::new().file("a.list", file).http(&format!(
        "ipgate_list office {arguments};\nserver {{ listen 127.0.0.1:PORT0; ipgate office; }}"
    ));
    let outcome = site.test();
    (site, outcome)
}

#[test]
fn errors_have_file_line_column_and_the_parsers_message() {
    let (site, outcome) = tried("file=a.list", "10.0.0.0/8:corp\n\n10.0.0.1, 010.0.0.2:x\nfoobar\n");
    assert!(!outcome.is_good);
    let list = site.path("a.list").display().to_string();
    let lines: Vec<_> = outcome.said.lines().filter(|line| line.contains("[emerg]")).collect();
    assert_eq!(lines.len(), 2, "{}", outcome.said);
    assert!(
        lines[0].contains(&format!("{list}:3:11: ")) && lines[0].contains("`10.0.0.2:x`"),
        "{}",
        lines[0]
    );
    assert!(lines[1].contains(&format!("{list}:4:1: ")) && lines[1].contains("foobar"), "{}", lines[1]);
    let conf = std::fs::read_to_string(site.path("nginx.conf")).unwrap();
    let at = conf.lines().position(|line| line.contains("ipgate_list")).unwrap() + 1;
    assert!(lines.iter().all(|line| line.ends_with(&format!("nginx.conf:{at}"))), "{}", outcome.said);
}

#[test]
fn warnings_are_warnings() {
    let (site, outcome) = tried("file=a.list", "10.0.0.5/8:corp");
    assert!(outcome.is_good, "{}", outcome.said);
    let warning = outcome.said.lines().find(|line| line.contains("[warn]")).unwrap_or_default();
    assert!(warning.contains(&format!("{}:1:1: ", site.path("a.list").display())), "{}", outcome.said);
    assert!(warning.contains("`10.0.0.0/8:corp`"), "{}", outcome.said);
}

#[test]
fn inline_lists_are_checked_too() {
    let (_, outcome) = tried(r#""10.0.0.1,256.1.1.1:x""#, "");
    assert!(!outcome.is_good);
    assert!(outcome.said.contains("[emerg]") && outcome.said.contains("inline:1:10: "), "{}", outcome.said);
    let (_, outcome) = tried(r#""10.0.0.5/8""#, "");
    assert!(outcome.is_good && outcome.said.contains("[warn]"), "{}", outcome.said);
    let (_, outcome) = tried(r#""""#, "");
    assert!(outcome.is_good, "an empty list is a list: {}", outcome.said);
}

#[test]
fn lenient_takes_what_is_good() {
    let text = "10.0.0.1\n999.0.0.1\n10.0.0.2\n";
    assert!(!tried("file=a.list", text).1.is_good);
    let (_, outcome) = tried("file=a.list lenient", text);
    assert!(outcome.is_good, "{}", outcome.said);
    assert!(outcome.said.contains("[error]") || outcome.said.contains("[warn]"), "{}", outcome.said);
    assert!(outcome.said.contains("a.list:2:1: "), "{}", outcome.said);
    assert!(!tried("file=a.list lenient", "999.0.0.1\n").1.is_good, "all of it bad is never empty");
    // Two bad pieces of three are 66.7 %.
    for (options, is_taken) in [("", false), (" bad=66%", false), (" bad=67%", true), (" bad=100%", true)] {
        let (_, outcome) = tried(&format!("file=a.list lenient{options}"), "10.0.0.1\nfoobar\nquux\n");
        assert_eq!(outcome.is_good, is_taken, "{options}: {}", outcome.said);
    }
}

#[test]
fn files_that_cannot_be_read_never_start() {
    let rows = [
        ("file=missing.list", "missing.list"),
        ("file=.", "."),
        ("file=", "empty file name"),
        ("file=/dev/null/x", "/dev/null/x"),
    ];
    for (arguments, named) in rows {
        let (_, outcome) = tried(arguments, "");
        assert!(!outcome.is_good, "{arguments}");
        assert!(
            outcome.said.contains("[emerg]") && outcome.said.contains(named),
            "{arguments}: {}",
            outcome.said
        );
    }
}

#[test]
fn options_are_checked() {
    let rows = [
        ("file=a.list interval=often", r#"invalid "interval=often""#),
        ("file=a.list interval=1ms", r#"invalid "interval=1ms""#),
        ("file=a.list interval=", r#"invalid "interval=""#),
        ("file=a.list size=0", r#"invalid "size=0""#),
        ("file=a.list size=", r#"invalid "size=""#),
        ("file=a.list size=-1", r#"invalid "size=-1""#),
        ("file=a.list size=big", r#"invalid "size=big""#),
        ("file=a.list entries=0", r#"invalid "entries=0""#),
        ("file=a.list entries=16m", r#"invalid "entries=16m""#),
        ("file=a.list entries=", r#"invalid "entries=""#),
        ("file=a.list lenient bad=0%", r#"invalid "bad=0%""#),
        ("file=a.list lenient bad=101%", r#"invalid "bad=101%""#),
        ("file=a.list lenient bad=60", r#"invalid "bad=60""#),
        ("file=a.list lenient bad=%", r#"invalid "bad=%""#),
        ("file=a.list bad=60%", r#""bad=" without "lenient""#),
        ("file=a.list shrink=20", r#"invalid "shrink=20""#),
        ("file=a.list shrink=101%", r#"invalid "shrink=101%""#),
        ("file=a.list shrink=-1%", r#"invalid "shrink=-1%""#),
        ("file=a.list keep=foobar", "foobar"),
        ("file=a.list keep=", r#"unexpected "keep=""#),
        ("file=a.list strict", r#"unexpected "strict""#),
        (r#""10.0.0.1" lenient"#, r#"unexpected "lenient""#),
        (r#""10.0.0.1" "10.0.0.2""#, r#"unexpected "10.0.0.2""#),
    ];
    for (arguments, message) in rows {
        let (_, outcome) = tried(arguments, "10.0.0.1");
        assert!(!outcome.is_good, "{arguments}");
        assert!(
            outcome.said.contains("[emerg]") && outcome.said.contains(message),
            "{arguments}: {}",
            outcome.said
        );
    }
    let (_, outcome) = tried(
        "file=a.list interval=100ms size=1m entries=100 shrink=20% keep=10.0.0.1 bad=60% lenient",
        "10.0.0.1",
    );
    assert!(outcome.is_good, "{}", outcome.said);
}

#[test]
fn what_must_stay_allowed_must_be_allowed_at_the_start() {
    let (_, outcome) = tried("file=a.list keep=10.0.0.2", "10.0.0.1");
    assert!(!outcome.is_good && outcome.said.contains("10.0.0.2"), "{}", outcome.said);
}

#[test]
fn names() {
    for (lists, message) in [
        (r#"ipgate_list a "10.0.0.1"; ipgate_list a "10.0.0.2";"#, r#"duplicate ipgate_list "a""#),
        (r#"ipgate_list off "10.0.0.1";"#, "needs another name"),
        (r#"ipgate_list "" "10.0.0.1";"#, "needs another name"),
        ("ipgate_list a;", "invalid number of arguments"),
    ] {
        let outcome = Site::new().server(lists, "").test();
        assert!(!outcome.is_good && outcome.said.contains(message), "{lists}: {}", outcome.said);
    }
}

#[test]
fn many_errors_are_counted() {
    let (_, outcome) = tried("file=a.list", "foobar\n".repeat(500));
    let lines = outcome.said.lines().filter(|line| line.contains("a.list:")).count();
    assert_eq!(lines, 20, "{}", outcome.said);
    assert!(outcome.said.contains("and 480 more"), "{}", outcome.said);
}

/// A log is read in a terminal.
#[test]
fn names_of_files_are_shown_without_what_cannot_be_seen() {
    let name = "odd\u{1b}[31m\u{202e}.list";
    let shown = r"odd\u{1b}[31m\u{202e}.list";
    for (text, level, place) in
        [("10.0.0.1\nfoobar", "[emerg]", ":2:1: "), ("10.0.0.5/8:corp", "[warn]", ":1:1: ")]
    {
        let outcome = Site::new()
            .file(name, text)
            .http(&format!(
                "ipgate_list office file={name}; server {{ listen 127.0.0.1:PORT0; ipgate office; }}"
            ))
            .test();
        let line = outcome.said.lines().find(|line| line.contains(level)).unwrap_or_default();
        assert!(line.contains(&format!("{shown}{place}")), "{}", outcome.said);
        assert!(!outcome.said.contains(['\u{1b}', '\u{202e}']), "{}", outcome.said);
    }
    let name = "odd\u{1b}c\u{202e}.conf";
    let outcome = Site::new().file(name, "ipgate nowhere;").server("", &format!("include {name};")).test();
    assert!(outcome.said.contains(r"odd\u{1b}c\u{202e}.conf:1"), "{}", outcome.said);
    assert!(!outcome.said.contains(['\u{1b}', '\u{202e}']), "{}", outcome.said);
}

#[test]
fn a_file_that_the_workers_may_not_read_is_told() {
    use std::os::unix::fs::PermissionsExt;
    if std::process::Command::new("id").arg("-u").output().expect("id").stdout != b"0\n" {
        skipped("only root can drop privileges");
        return;
    }
    let site = Site::new()
        .main("user daemon;")
        .file("a.list", "10.0.0.1")
        .http("ipgate_list office file=a.list; server { listen 127.0.0.1:PORT0; ipgate office; }");
    assert!(!site.test().said.contains("may not read"), "everybody may");
    std::fs::set_permissions(site.path("a.list"), PermissionsExt::from_mode(0o600)).unwrap();
    let outcome = site.test();
    assert!(outcome.is_good, "what was read serves: {}", outcome.said);
    assert!(
        outcome.said.contains(r#"[warn]"#)
            && outcome.said.contains(r#"workers run as "daemon" and may not read"#),
        "{}",
        outcome.said
    );
}
