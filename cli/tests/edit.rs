//! `add` and `remove`: what they write, and that they write it whole or not at all.

mod common;

use common::Dir;
use serde_json::json;

const LIST: &str = "\
# offices
10.0.0.0/8:corp   # all of us

!10.9.0.0/16:lab, 10.9.1.0/24:ci , 2001:db8::/32:corp
192.0.2.1-192.0.2.6:range;until=2999-12-31
";

fn dir() -> Dir {
    Dir::with("a.list", LIST)
}

#[test]
fn add_appends_canonical_entries() {
    let dir = dir();
    let run = dir.run(&[
        "-l",
        "a.list",
        "add",
        "198.51.100.7/24:new",
        "[2001:DB8::1]:host",
        "203.0.113.1-203.0.113.3",
    ]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert_eq!(
        dir.read("a.list"),
        format!("{LIST}198.51.100.0/24:new\n[2001:db8::1]:host\n203.0.113.1-203.0.113.3\n")
    );
    assert!(run.out.starts_with("added 198.51.100.0/24:new\n"), "{}", run.out);
    assert!(run.err.contains("bits set beyond its length"), "{}", run.err);
    assert_eq!(dir.names(), ["a.list"]);
}

#[test]
fn add_says_what_is_there_already() {
    let dir = dir();
    let there = ["10.0.0.5/8:corp", "192.0.2.1-192.0.2.6:range;until=2999-12-31", "!10.9.0.0/16:lab"];
    let run = dir.run(&[&["-l", "a.list", "add"], &there[..]].concat());
    assert_eq!(run.code, 0);
    assert_eq!(run.out.matches("is there already").count(), 3, "{}", run.out);
    assert_eq!(dir.read("a.list"), LIST);
    let json = dir.run(&["-l", "a.list", "--json", "add", "10.0.0.0/8:corp", "1.1.1.1", "1.1.1.1"]).json();
    assert_eq!(
        json.iter().map(|line| json!([line["entry"], line["result"]])).collect::<Vec<_>>(),
        [json!(["10.0.0.0/8:corp", "present"]), json!(["1.1.1.1", "added"]), json!(["1.1.1.1", "present"]),]
    );
    assert_eq!(dir.read("a.list"), format!("{LIST}1.1.1.1\n"));
}

#[test]
fn add_warns_of_what_is_probably_not_meant() {
    let dir = dir();
    let run = dir.run(&["-l", "a.list", "add", "10.0.0.0/8:other"]);
    assert_eq!(run.code, 0);
    assert!(run.err.contains("a.list:6:1: warning: "), "{}", run.err);
    assert!(run.err.contains("`corp` on line 2"), "{}", run.err);
}

#[test]
fn add_refuses_all_or_nothing() {
    let dir = dir();
    for bad in [
        &["10.1"][..],
        &["1.1.1.1", "foobar"],
        &["!10.0.0.0/8"],
        &["1.1.1.1", "!1.1.1.1"],
        &["1.1.1.1,2.2.2.2"],
        &["1.1.1.1 # comment"],
        &["# comment"],
        &["1.1.1.1\n2.2.2.2"],
        &[""],
    ] {
        let run = dir.run(&[&["-l", "a.list", "add"], bad].concat());
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{bad:?}");
        assert!(!run.err.is_empty());
        assert_eq!(dir.read("a.list"), LIST, "{bad:?}");
    }
    let conflict = dir.run(&["-l", "a.list", "add", "!10.0.0.0/8"]);
    assert!(conflict.err.contains("both allowed on line 2 and denied on line 6"), "{}", conflict.err);
    assert!(conflict.err.contains("unchanged"), "{}", conflict.err);
    assert_eq!(dir.names(), ["a.list"], "no temporary file is left");
}

#[test]
fn remove_keeps_comments_and_layout() {
    let dir = dir();
    let run = dir.run(&["-l", "a.list", "remove", "10.9.1.0/24", "192.0.2.1-192.0.2.6:range"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let first: Vec<&str> = run.out.lines().filter(|line| !line.starts_with(' ')).collect();
    assert_eq!(first, ["removed 10.9.1.0/24:ci", "removed 192.0.2.1-192.0.2.6:range;until=2999-12-31"]);
    assert_eq!(
        dir.read("a.list"),
        "# offices\n10.0.0.0/8:corp   # all of us\n\n!10.9.0.0/16:lab, 2001:db8::/32:corp\n"
    );
    let run = dir.run(&["-l", "a.list", "--json", "remove", "10.0.0.0/8:corp"]);
    let [line] = &run.json()[..] else { panic!("{run:?}") };
    assert_eq!(
        json!([line["entry"], line["result"], line["line"]]),
        json!(["10.0.0.0/8:corp", "removed", 2])
    );
    assert_eq!(dir.read("a.list"), "# offices\n# all of us\n\n!10.9.0.0/16:lab, 2001:db8::/32:corp\n");
    let run = dir.run(&["-l", "a.list", "remove", "!10.9.0.0/16", "2001:DB8::/32"]);
    assert_eq!(run.code, 0);
    assert_eq!(dir.read("a.list"), "# offices\n# all of us\n\n");
    assert!(run.err.contains("nobody matches it"), "{}", run.err);
}

#[test]
fn remove_of_what_is_not_there_changes_nothing() {
    let dir = dir();
    for (wanted, hint) in [
        (&["1.1.1.1"][..], "`1.1.1.1` is not in a.list"),
        (&["10.9.1.0/24", "1.1.1.1"], "`1.1.1.1` is not in a.list"),
        (&["10.9.0.0/16"], "`!10.9.0.0/16:lab` on line 4"),
        (&["10.0.0.0/8:other"], "`10.0.0.0/8:corp` on line 2"),
        (&["192.0.2.2/31"], "`192.0.2.1-192.0.2.6:range;until=2999-12-31` on line 5"),
        (&["10.77.0.0/16"], "lies inside `10.0.0.0/8:corp` on line 2"),
        (&["10.1"], "error: "),
    ] {
        let run = dir.run(&[&["-l", "a.list", "remove"], wanted].concat());
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{wanted:?}");
        assert!(run.err.contains(hint), "{hint} in {}", run.err);
        assert_eq!(dir.read("a.list"), LIST, "{wanted:?}");
    }
}

#[test]
fn an_entry_that_stands_twice_is_removed_twice() {
    let dir = Dir::with("a.list", "1.1.1.1:a,2.2.2.2\r\n1.1.1.1:b\r\n");
    assert_eq!(dir.run(&["-l", "a.list", "remove", "1.1.1.1"]).code, 0);
    assert_eq!(dir.read("a.list"), "2.2.2.2\r\n");
}

#[test]
fn what_cannot_be_edited() {
    let dir = Dir::with("bad.list", "10.1\n");
    for args in [
        &["-l", "bad.list", "add", "1.1.1.1"][..],
        &["-l", "bad.list", "remove", "10.1.0.0/16"],
        &["-l", "no.list", "add", "1.1.1.1"],
        &["-l", ".", "add", "1.1.1.1"],
        &["-l", "-", "add", "1.1.1.1"],
        &["--entries", "1.1.1.1", "remove", "1.1.1.1"],
        &["add", "1.1.1.1"],
        &["-l", "bad.list", "add"],
    ] {
        assert_eq!(dir.run(args).code, 2, "{args:?}");
    }
    assert_eq!(dir.read("bad.list"), "10.1\n");
    assert_eq!(dir.names(), ["bad.list"]);
}

/// Edits that run at the same time wait for each other.
#[test]
fn no_edit_is_lost() {
    let dir = Dir::with("a.list", "");
    std::thread::scope(|scope| {
        for i in 1..=8 {
            let dir = &dir;
            scope
                .spawn(move || assert_eq!(dir.run(&["-l", "a.list", "add", &format!("10.0.0.{i}")]).code, 0));
        }
    });
    assert_eq!(dir.read("a.list").lines().count(), 8);
}

#[cfg(unix)]
mod unix {
    use std::fs;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use super::*;

    #[test]
    fn permissions_links_and_targets_stay() {
        let dir = Dir::new();
        fs::create_dir(dir.path("real")).unwrap();
        dir.write("real/a.list", LIST);
        fs::set_permissions(dir.path("real/a.list"), fs::Permissions::from_mode(0o640)).unwrap();
        let before = fs::metadata(dir.path("real/a.list")).unwrap();
        symlink("real/a.list", dir.path("link.list")).unwrap();

        assert_eq!(dir.run(&["-l", "link.list", "add", "1.1.1.1"]).code, 0);
        assert!(dir.path("link.list").is_symlink());
        let after = fs::metadata(dir.path("real/a.list")).unwrap();
        assert_eq!(dir.read("real/a.list"), format!("{LIST}1.1.1.1\n"));
        assert_eq!(after.mode() & 0o7777, 0o640);
        assert_eq!((after.uid(), after.gid()), (before.uid(), before.gid()));
        assert_ne!(after.ino(), before.ino(), "the file was replaced, not written over");
    }

    #[test]
    fn a_refused_edit_does_not_touch_the_file() {
        let dir = dir();
        let before = fs::metadata(dir.path("a.list")).unwrap();
        assert_eq!(dir.run(&["-l", "a.list", "remove", "1.1.1.1"]).code, 2);
        assert_eq!(dir.run(&["-l", "a.list", "add", "10.0.0.0/8:corp"]).code, 0);
        let after = fs::metadata(dir.path("a.list")).unwrap();
        assert_eq!((after.ino(), after.mtime_nsec()), (before.ino(), before.mtime_nsec()));
    }
}
