//! `lint --fix`: what is mended, what is left, and what is not touched.

mod common;

use common::Dir;
use serde_json::json;

const LIST: &str = "# offices\n\
    10.0.0.0/8:corp, 10.1.0.0/16:corp  # all of it\r\n\
    !10.9.0.5/16:lab\n\
    \n\
    all:x;until=2020-01-01 # gone\n\
    192.0.2.0/24\n\
    192.0.2.0/24:partner\n\
    2001:db8::1\n";
const FIXED: &str = "# offices\n\
    10.0.0.0/8:corp  # all of it\r\n\
    !10.9.0.0/16:lab\n\
    \n\
    # gone\n\
    192.0.2.0/24:partner\n\
    2001:db8::1\n";

#[test]
fn a_file_is_fixed_in_its_place() {
    let dir = Dir::with("a.list", LIST);
    let run = dir.run(&["lint", "--fix", "--deny-warnings", "a.list"]);
    assert_eq!(
        (run.code, run.out.as_str(), run.err.as_str()),
        (0, "a.list: 0 errors, 0 warnings\na.list: 4 fixes made\n", "")
    );
    assert_eq!(dir.read("a.list"), FIXED);
    assert_eq!(dir.names(), ["a.list"]);
    let again = dir.run(&["lint", "--fix", "a.list"]);
    assert_eq!((again.code, again.out.as_str()), (0, "a.list: 0 errors, 0 warnings\na.list: 0 fixes made\n"));
    assert_eq!(dir.read("a.list"), FIXED);
}

#[cfg(unix)]
#[test]
fn its_mode_is_kept_and_what_needs_no_fix_is_not_written() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let dir = Dir::with("a.list", LIST);
    std::fs::set_permissions(dir.path("a.list"), std::fs::Permissions::from_mode(0o640)).unwrap();
    let inode = || std::fs::metadata(dir.path("a.list")).unwrap().ino();
    let before = inode();
    dir.run(&["lint", "--fix", "a.list"]);
    let fixed = inode();
    assert_ne!(before, fixed, "it is replaced whole");
    assert_eq!(std::fs::metadata(dir.path("a.list")).unwrap().permissions().mode() & 0o777, 0o640);
    dir.run(&["lint", "--fix", "a.list"]);
    assert_eq!(fixed, inode());
}

#[test]
fn what_is_left_is_told() {
    let dir = Dir::with("a.list", "10.0.0.0/24\n10.0.0.128-10.0.1.127\n10.0.0.0/25\n::1\n");
    let run = dir.run(&["lint", "--fix", "--deny-warnings", "a.list"]);
    assert_eq!(run.code, 1, "{}", run.out);
    assert!(run.out.contains("(a part of `10.0.0.128-10.0.1.127`) lies inside 10.0.0.0/24"), "{}", run.out);
    assert!(run.out.ends_with("a.list: 0 errors, 1 warning\na.list: 1 fix made\n"), "{}", run.out);
    assert_eq!(dir.read("a.list"), "10.0.0.0/24\n10.0.0.128-10.0.1.127\n::1\n");
}

/// One round of fixes makes way for another.
#[test]
fn fixes_are_made_until_none_is_left() {
    let dir = Dir::with("a.list", "10.0.0.0/8:a\n10.0.0.0/9:b\n10.0.0.0/10:a\n10.64.0.0/10:a\n");
    assert!(dir.run(&["lint", "--fix", "a.list"]).out.ends_with("a.list: 3 fixes made\n"));
    assert_eq!(dir.read("a.list"), "10.0.0.0/8:a\n");
}

#[test]
fn errors_are_not_fixed_and_neither_is_anything_beside_them() {
    let text = "10.0.0.0/8,10.1.0.0/16\n10.2\n";
    let dir = Dir::with("bad.list", text);
    dir.write("good.list", LIST);
    let run = dir.run(&["lint", "--fix", "bad.list", "no.list", "good.list"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("bad.list has errors, so nothing in it is fixed"), "{}", run.err);
    assert!(run.err.contains("no.list does not exist"), "{}", run.err);
    assert_eq!(dir.read("bad.list"), text);
    assert_eq!(dir.read("good.list"), FIXED, "the other file is done all the same");
}

#[test]
fn standard_input_is_fixed_to_standard_output() {
    let dir = Dir::new();
    let run = dir.run_with(&["lint", "--fix", "-"], LIST.as_bytes());
    assert_eq!((run.code, run.out.as_str(), run.err.as_str()), (0, FIXED, ""));
    let left = dir.run_with(&["lint", "--fix", "--deny-warnings", "-"], b"8.0.0.0/7,::1,::1");
    assert_eq!((left.code, left.out.as_str()), (1, "8.0.0.0/7,::1"));
    assert!(left.err.contains("<stdin>:1:1: warning: 8.0.0.0/7 is wider than /8"), "{}", left.err);
    let bad = dir.run_with(&["lint", "--fix", "-"], b"::1,::1,10.1");
    assert_eq!((bad.code, bad.out.as_str()), (2, ""));
    assert!(bad.err.contains("<stdin>:1:9: error: "), "{}", bad.err);
}

#[test]
fn images_and_emptied_lists() {
    let dir = Dir::with("a.list", "192.0.2.1;until=2020-01-01\n");
    dir.write("b.list", "10.0.0.0/8\n");
    assert_eq!(dir.run(&["compile", "b.list", "-o", "b.image"]).code, 0);
    let before = std::fs::read(dir.path("b.image")).unwrap();
    let run = dir.run(&["lint", "--fix", "b.image"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("b.image is a compiled image"), "{}", run.err);
    assert_eq!(std::fs::read(dir.path("b.image")).unwrap(), before);

    let run = dir.run(&["lint", "--fix", "a.list"]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.err.contains("a.list has no entries now"), "{}", run.err);
    assert_eq!(dir.read("a.list"), "");
}

#[test]
fn json() {
    let dir = Dir::with("a.list", "::1, 10.0.0.5/8\n10.0.0.0/24\n10.0.0.128-10.0.1.127\n");
    let lines = dir.run(&["lint", "--json", "a.list"]).json();
    let fixes: Vec<_> = lines.iter().map(|line| &line["fix"]).collect();
    assert_eq!(
        fixes,
        [
            &json!([{"offset": 5, "length": 8, "text": "10.0.0.0"}]),
            &json!([{"offset": 16, "length": 11, "text": ""}]),
            &json!([{"offset": 28, "length": 21, "text": ""}]),
            &json!(null),
        ]
    );
    let lines = dir.run(&["lint", "--json", "--fix", "a.list"]).json();
    assert_eq!(
        lines,
        [
            json!({"kind": "summary", "file": "a.list", "errors": 0, "warnings": 0, "omitted": []}),
            json!({"kind": "fixed", "file": "a.list", "fixes": 3, "text": null}),
        ]
    );
    assert_eq!(dir.read("a.list"), "::1, 10.0.0.0/8\n");
    let stdin = dir.run_with(&["lint", "--json", "--fix", "-"], b"::1,::1,192.0.2.1").json();
    assert_eq!(stdin[1], json!({"kind": "fixed", "file": "<stdin>", "fixes": 1, "text": "::1,192.0.2.1"}));
}
