//! `fleet`: routers that report what the test wants, and sites that leave something open.

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use common::Dir;

/// A router whose report can be changed.
fn router(report: &str) -> (String, Arc<Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let report = Arc::new(Mutex::new(report.to_owned()));
    let says = Arc::clone(&report);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut reader = BufReader::new(stream.unwrap());
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
                line.clear();
            }
            let body = says.lock().unwrap().clone();
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            let _ = reader.get_mut().write_all((head + &body).as_bytes());
        }
    });
    (url, report)
}

fn report(digest: char, ready: bool, condition: &str) -> String {
    let digest = digest.to_string().repeat(64);
    format!(
        r#"{{"version": "9", "site": {{"ready": {ready}, "digest": "{digest}", "generation": 7, "apps": 2, "new": 1}},
            "sources": [{{"name": "etcd", "condition": "{condition}", "why": null, "age_seconds": 0.25, "bad": []}}],
            "publishing": null}}"#
    )
}

#[test]
fn a_line_a_router_says_who_is_behind() {
    let dir = Dir::new();
    let [(one, _), (two, _)] =
        [router(&report('a', true, "connected")), router(&report('a', true, "connected"))];
    let both = dir.run(&["fleet", "status", "--router", &one, "--router", &two]);
    let line = |router: &str| format!("{router}\tready\t7\taaaaaaaaaaaa\t2\t0.2\tok\n");
    assert_eq!((both.code, both.out), (0, line(&one) + &line(&two)), "{}", both.err);

    let (other, _) = router(&report('b', true, "away"));
    let (closed, _) = router(&report('c', false, "starting"));
    let gone = "http://127.0.0.1:1";
    let all = [one.as_str(), &two, &other, &closed, gone].join(",");
    let run = dir.run(&["--json", "fleet", "status", "--router", &all]);
    assert_eq!(run.code, 1, "{}", run.err);
    let lines = run.json();
    let problems = |n: usize| lines[n]["problems"].to_string();
    assert_eq!((problems(0).as_str(), problems(1).as_str()), ("[]", "[]"));
    assert!(problems(2).contains("another site") && problems(2).contains("etcd is away"), "{}", problems(2));
    assert!(lines[3]["state"] == "closed" && problems(3).contains("everyone is denied"), "{}", problems(3));
    assert!(lines[4]["state"] == "away" && lines[4]["digest"].is_null(), "{}", lines[4]);
}

#[test]
fn waiting_ends_when_all_have_it() {
    let dir = Dir::new();
    let [(one, _), (two, report_of_two)] =
        [router(&report('a', true, "connected")), router(&report('b', true, "connected"))];
    let digest = "a".repeat(64);
    let wait = ["fleet", "wait", &digest, "--router", &one, "--router", &two];
    let late = dir.run(&[&wait[..], &["--timeout", "0.1"]].concat());
    assert!(late.code == 1 && late.err.contains(&two) && !late.err.contains(&one), "{}", late.err);
    let changed = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(300));
        *report_of_two.lock().unwrap() = report('a', true, "connected");
    });
    assert_eq!(dir.run(&wait).code, 0);
    changed.join().unwrap();
    let bad = dir.run(&["fleet", "wait", "aaa", "--router", &one]);
    assert!(bad.code == 2 && bad.err.contains("64"), "{}", bad.err);
}

/// One that is asked about all: what `/routers` of ipgated answers.
fn confirmed(routers: &[(&str, bool, char)]) -> String {
    let line = |(id, silent, digest): &(&str, bool, char)| {
        let digest = digest.to_string().repeat(64);
        format!(
            r#"{{"id": "{id}", "place": "etcd", "silent": {silent}, "heard_seconds": 93.4, "why": null, "report":
            {{"version": "9", "site": {{"ready": true, "digest": "{digest}", "generation": 7, "apps": 2, "entries": 9}},
            "sources": [{{"name": "etcd", "condition": "connected", "why": null, "age_seconds": null, "bad_count": 0,
            "bad": []}}], "publishing": null}}}}"#
        )
    };
    let lines: Vec<String> = routers.iter().map(line).collect();
    format!(r#"{{"routers": [{}], "unreadable": []}}"#, lines.join(","))
}

#[test]
fn one_router_says_what_all_enforce() {
    let dir = Dir::new();
    let (url, says) = router(&confirmed(&[("one", false, 'a'), ("two", false, 'a')]));
    let status = ["fleet", "status", "--fleet", &url];
    let both = dir.run(&status);
    let line = |id: &str| format!("{id}\tready\t7\taaaaaaaaaaaa\t2\t-\tok\n");
    assert_eq!((both.code, both.out), (0, line("one") + &line("two")), "{}", both.err);
    let wait = ["fleet", "wait", &"a".repeat(64), "--timeout", "0.1", "--fleet", &url];
    assert_eq!(dir.run(&wait).code, 0);
    let few = dir.run(&[&wait[..], &["--at-least", "3"]].concat());
    assert!(few.code == 1 && few.err.contains("2 routers are known"), "{}", few.err);
    assert_eq!(dir.run(&[&status[..], &["--at-least", "3"]].concat()).code, 1);

    // One is behind, and one has fallen silent.
    let routers = [("one", false, 'a'), ("two", true, 'a'), ("three", false, 'b'), ("four", false, 'a')];
    *says.lock().unwrap() = confirmed(&routers);
    let run = dir.run(&[&["--json"][..], &status[..]].concat());
    let lines = run.json();
    let said = |n: usize| (lines[n]["state"].to_string(), lines[n]["problems"].to_string());
    assert_eq!(run.code, 1);
    assert_eq!(said(0), ("\"ready\"".into(), "[]".into()));
    assert_eq!(said(1), ("\"silent\"".into(), "[\"it is silent for 93 s\"]".into()));
    assert_eq!(said(2), ("\"ready\"".into(), "[\"it enforces another site than most\"]".into()));
    let late = dir.run(&wait);
    assert!(late.code == 1 && late.err.contains("two, three do not"), "{}", late.err);
    // Routers that are named are beside them.
    let (other, _) = router(&report('a', true, "connected"));
    assert_eq!(dir.run(&[&status[..], &["--router", &other]].concat()).out.lines().count(), 5);
}

#[test]
fn what_nobody_knows_is_not_taken_for_good() {
    let dir = Dir::new();
    let place = r#"{"place": "etcd http://h:1 /deis/routers", "why": "it refuses: permission denied"}"#;
    let unreadable = format!(r#"{{"routers": [], "unreadable": [{place}]}}"#);
    let broken = r#"{"routers": [{"id": "one", "place": "etcd", "silent": false, "heard_seconds": null,
        "report": null, "why": "what it says cannot be read"}], "unreadable": []}"#;
    let answers = [
        (confirmed(&[]), "no router says there"),
        (unreadable, "permission denied"),
        (broken.to_owned(), "what it says cannot be read"),
        ("[]".to_owned(), "no report"),
    ];
    for (answer, expected) in answers {
        let (url, _) = router(&answer);
        let status = dir.run(&["fleet", "status", "--fleet", &url]);
        assert!(
            status.code == 1 && status.out.contains(expected),
            "{expected}: {} {}",
            status.out,
            status.err
        );
        let wait = dir.run(&["fleet", "wait", "--timeout", "0", "--fleet", &url]);
        assert!(wait.code == 1 && wait.err.contains("not all routers have it"), "{expected}: {}", wait.err);
    }
    assert_eq!(dir.run(&["fleet", "status"]).code, 2, "neither --router nor --fleet");
}

#[test]
fn the_digest_of_a_folder_is_that_of_its_image() {
    let dir = Dir::new();
    fs::create_dir_all(dir.path("site/apps")).unwrap();
    dir.write("site/apps/shop.list", "192.0.2.7:partner\n");
    let of_folder = dir.run(&["fleet", "digest", "site"]);
    assert_eq!((of_folder.code, of_folder.out.len()), (0, 65), "{}", of_folder.err);
    assert_eq!(dir.run(&["compile", "--site", "site", "-o", "site.image"]).code, 0);
    assert_eq!(dir.run(&["fleet", "digest", "site.image"]).out, of_folder.out);
    dir.write("site/apps/shop.list", "192.0.2.8:partner\n");
    assert_ne!(dir.run(&["fleet", "digest", "site"]).out, of_folder.out);
}

#[test]
fn an_audit_finds_what_is_open() {
    let dir = Dir::new();
    fs::create_dir_all(dir.path("site/apps/deis")).unwrap();
    dir.write("site/apps/deis/deis-controller.list", "10.0.1.0/24:office_intranet\n");
    dir.write("site/site.toml", "enforce = true\n");
    let fine = dir.run(&["fleet", "audit", "--site", "site"]);
    assert_eq!((fine.code, fine.out.as_str()), (0, ""), "{}", fine.err);

    // The controller of v1 goes by another name.
    fs::rename(dir.path("site/apps/deis/deis-controller.list"), dir.path("site/apps/deis/controller.list"))
        .unwrap();
    assert_eq!(dir.run(&["fleet", "audit", "--site", "site"]).code, 0);
    let other = dir.run(&["fleet", "audit", "--site", "site", "--controller", "ops"]);
    assert!(other.code == 1 && other.out.contains("does not name the controller ops"), "{}", other.out);

    fs::remove_file(dir.path("site/apps/deis/controller.list")).unwrap();
    dir.write("site/site.toml", "enforce = false\n");
    dir.write("site/apps/shop.list", "all:everyone\n");
    dir.write("site/apps/bad.list", "foobar\n");
    dir.write("site/hosts", "open.example.com open\n");
    let found = dir.run(&["--json", "fleet", "audit", "--site", "site"]);
    assert_eq!(found.code, 1, "{}", found.err);
    let findings: Vec<_> =
        found.json().iter().map(|line| (line["finding"].to_string(), line["apps"].to_string())).collect();
    let finding = |code: &str, apps: &str| (format!("\"{code}\""), apps.to_owned());
    assert_eq!(
        findings,
        [
            finding("open-controller", r#"["deis/deis-controller"]"#),
            finding("open", r#"["open"]"#),
            finding("waiting", r#"["bad"]"#),
            finding("admits-everyone", r#"["shop"]"#),
        ]
    );
    let without = dir.run(&["fleet", "audit", "--site", "site", "--no-controller"]);
    assert!(without.code == 1 && !without.out.contains("controller"), "{}", without.out);
    assert!(without.out.contains("open: lists are not required"), "{}", without.out);
}
