//! `replay`: what a list would do to the clients of an access log.

mod common;

use std::fmt::Write as _;

use common::Dir;
use serde_json::json;

const LOG: &str = "\
10.1.1.1 - - [22/Nov/2025] \"GET / HTTP/1.1\" 200
192.0.2.9 - - [22/Nov/2025] \"GET / HTTP/1.1\" 200
192.0.2.8 - - [22/Nov/2025] \"GET / HTTP/1.1\" 200
10.9.2.2 - - [22/Nov/2025] \"GET / HTTP/1.1\" 200
::ffff:10.9.2.2 - - [22/Nov/2025] \"GET / HTTP/1.1\" 200
unix: - - [22/Nov/2025] \"GET / HTTP/1.1\" 200

10.9.1.1 - - [22/Nov/2025] \"GET / HTTP/1.1\" 200
";
const LIST: &str = "10.0.0.0/8:corp,!10.9.0.0/16:lab,10.9.1.0/24:ci";

#[test]
fn denied_clients_by_count_and_address() {
    let dir = Dir::with("access.log", LOG);
    let run = dir.run(&["--entries", LIST, "replay", "--client-field", "1", "access.log"]);
    assert_eq!(run.code, 0);
    assert_eq!(
        run.out,
        "# 8 lines, 2 without a usable address\n# allowed: 2 lines of 2 clients\n# denied: 4 lines of 3 clients\n\
         10.9.2.2\t2\t10.9.0.0/16\tlab\n192.0.2.8\t1\t-\t-\n192.0.2.9\t1\t-\t-\n"
    );
    assert!(run.err.contains("line 6: field 1 is `unix:`"), "{}", run.err);
    assert!(run.err.contains("line 7 has no field 1"), "{}", run.err);
    let piped = dir.run_with(&["--entries", LIST, "replay", "-"], LOG.as_bytes());
    assert_eq!((piped.code, piped.out), (0, run.out));
}

#[test]
fn json_of_replay() {
    let dir = Dir::with("access.log", LOG);
    let run = dir.run(&["--json", "--entries", LIST, "replay", "access.log"]);
    assert_eq!(
        run.json()[..2],
        [
            json!({"kind": "totals", "lines": 8, "without_address": 2, "allowed_lines": 2, "denied_lines": 4,
                "allowed_clients": 2, "denied_clients": 3}),
            json!({"kind": "client", "address": "10.9.2.2", "lines": 2, "decision": "deny",
                "reason": "deny-entry", "prefix": "10.9.0.0/16", "label": "lab"}),
        ]
    );
}

#[test]
fn fields_and_delimiters() {
    let dir = Dir::with("blanks.log", "GET \t 10.1.1.1  x\n   POST 1.1.1.1\n");
    dir.write("tabs.log", "a b\t\t10.1.1.1\nc\t\t1.1.1.1\r\n");
    dir.write("pipes.log", "|10.1.1.1|\n|1.1.1.1\n");
    for args in [
        &["--client-field", "2", "blanks.log"][..],
        &["--client-field", "3", "--delimiter", r"\t", "tabs.log"],
        &["--client-field", "2", "--delimiter", "|", "pipes.log"],
    ] {
        let run = dir.run(&[&["--entries", LIST, "replay"], args].concat());
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{args:?}");
        assert!(
            run.out.ends_with("# denied: 1 line of 1 client\n1.1.1.1\t1\t-\t-\n"),
            "{args:?}: {}",
            run.out
        );
    }
}

#[test]
fn only_the_first_bad_lines_are_named() {
    let mut log = "-\n".repeat(100);
    log.push_str("10.1.1.1\n");
    let run = Dir::new().run_with(&["--entries", LIST, "replay", "-"], log.as_bytes());
    assert_eq!(run.code, 0);
    assert_eq!(run.err.matches("is not an IP address").count(), 5, "{}", run.err);
    assert!(run.err.contains("95 lines have no usable address either"), "{}", run.err);
}

#[test]
fn errors_of_replay() {
    let dir = Dir::with("access.log", LOG);
    dir.write("binary.log", b"\x1f\x8b\x08\x00\xff\xfe\n\x00\n");
    for args in [
        &["--entries", LIST, "replay", "no.log"][..],
        &["--entries", LIST, "replay", "."],
        &["--entries", LIST, "replay", "binary.log"],
        &["--entries", LIST, "replay", "--client-field", "4", "access.log"],
        &["--entries", LIST, "replay", "--client-field", "0", "access.log"],
        &["--entries", LIST, "replay", "--delimiter", "::", "access.log"],
        &["--entries", "10.1", "replay", "access.log"],
        &["--list", "-", "replay", "-"],
    ] {
        let run = dir.run(args);
        assert_eq!(run.code, 2, "{args:?}");
        assert!(!run.err.is_empty(), "{args:?}");
    }
    let empty = dir.run_with(&["--entries", LIST, "replay", "-"], b"");
    assert_eq!((empty.code, empty.err.as_str()), (0, ""), "an empty log is no error");
}

/// Against counts that are made while the log is written.
#[test]
fn a_large_log_is_counted_right() {
    let mut log = String::new();
    let mut counts = std::collections::BTreeMap::<String, u64>::new();
    for i in 0..100_000_u32 {
        let address = format!("{}.0.0.{}", if i % 3 == 0 { 10 } else { 11 }, (i % 251) * (i % 251) % 251);
        writeln!(log, "{address} - - \"GET /{i}\"").unwrap();
        if address.starts_with("11.") {
            *counts.entry(address).or_default() += 1;
        }
    }
    let run = Dir::new().run_with(&["--entries", LIST, "replay", "-"], log.as_bytes());
    let mut shown = std::collections::BTreeMap::new();
    for line in run.out.lines().filter(|line| !line.starts_with('#')) {
        let mut fields = line.split('\t');
        shown.insert(fields.next().unwrap().to_owned(), fields.next().unwrap().parse().unwrap());
    }
    assert_eq!(shown, counts);
}

/// The denied clients of a log.
fn denied(log: &str, args: &[&str]) -> Vec<String> {
    let args = [&["--entries", LIST, "replay", "-"], args].concat();
    let run = Dir::new().run_with(&args, log.as_bytes());
    assert_eq!(run.code, 0, "{args:?}: {}", run.err);
    let clients = run.out.lines().filter(|line| !line.starts_with('#'));
    clients.map(|line| line.split('\t').next().unwrap().to_owned()).collect()
}

#[test]
fn ports_brackets_and_quotes() {
    let log = "192.0.2.1:4711 x\n\"192.0.2.2\" x\n[2001:db8::1]:443 x\n[2001:db8::2]\n10.1.1.1:1\n";
    assert_eq!(denied(log, &[]), ["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2"]);
    let log = "x,\"192.0.2.1\",y\n\"a,b\",\"192.0.2.2\",y\n";
    assert_eq!(
        denied(log, &["--quoted", "--delimiter", ",", "--client-field", "2"]),
        ["192.0.2.1", "192.0.2.2"]
    );
}

const FORWARDED: &str = "\
10.1.1.1 - - [22/Nov/2025:10:00:00 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"curl (a, b)\" \"6.6.6.6, 192.0.2.1, 10.2.2.2\"
10.1.1.1 - - [22/Nov/2025:10:00:00 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"curl\" \"10.1.1.2, 192.0.2.2:80,[2001:db8::1]:443\"
";

/// Counted from the right: what stands at the left can be written by anyone.
#[test]
fn an_element_of_a_forwarded_for_field() {
    let of = |element: &str| denied(FORWARDED, &["--quoted", "--client-field", "10", "--forwarded", element]);
    assert_eq!(of("last"), ["2001:db8::1"]);
    assert_eq!(of("1"), ["2001:db8::1"]);
    assert_eq!(of("2"), ["192.0.2.1", "192.0.2.2"]);
    assert_eq!(of("3"), ["6.6.6.6"]);
    for (args, sentence) in [
        (
            &["--quoted", "--client-field", "10", "--forwarded", "4"][..],
            "line 1: field 10 is `\"6.6.6.6, 192.0.2.1, 10.2.2.2\"`, which has no element 4 from the right",
        ),
        (
            &["--quoted", "--client-field", "10"],
            "which is not an IP address; of several, --forwarded takes one",
        ),
        (&["--client-field", "0"], "write a number counted from the left, from 1 on"),
        (&["--forwarded", "0"], "write `last`, or a number counted from the right"),
        (&["--forwarded", "first"], "write `last`, or a number counted from the right"),
    ] {
        let args = [&["--entries", LIST, "replay", "-"], args].concat();
        let run = Dir::new().run_with(&args, FORWARDED.as_bytes());
        assert_eq!(run.code, 2, "{args:?}");
        assert!(run.err.contains(sentence), "{args:?}: {}", run.err);
    }
}

/// As nginx, Apache and CSV write the quotes of RFC 7239 in a quoted field, and as JSON has them.
#[test]
fn an_element_of_a_field_of_rfc_7239() {
    let log = r#"- "for=6.6.6.6, for=\x22[2001:db8::1]:4711\x22, for=192.0.2.60;proto=http;by=203.0.113.43"
- "for=6.6.6.6, For=\"192.0.2.2:80\", for=10.1.1.1"
- "for=6.6.6.6, proto=https;for=""[2001:db8::3]"", for=10.1.1.1"
- "for=\", for=192.0.2.4;host=\"a, for=6.6.6.6, b\", for=10.1.1.1"
"#;
    let of = |element: &str| denied(log, &["--quoted", "--client-field", "2", "--forwarded", element]);
    assert_eq!(of("last"), ["192.0.2.60"]);
    assert_eq!(of("2"), ["192.0.2.2", "192.0.2.4", "2001:db8::1", "2001:db8::3"]);
    let json = r#"{"f":["for=6.6.6.6","for=\"[2001:db8::1]:4711\";proto=http, for=10.1.1.1"]}
{"f":"\"for=6.6.6.6, for=\"192.0.2.2:80\", for=\"10.1.1.1:1\""}
"#;
    assert_eq!(denied(json, &["--json-key", "f", "--forwarded", "2"]), ["192.0.2.2", "2001:db8::1"]);

    let none = "for=unknown\nfor=_hidden\nproto=http\nfor=1.1.1.1;for=2.2.2.2\nfor=10.1.1.1\n";
    let run =
        Dir::new().run_with(&["--entries", LIST, "replay", "-", "--forwarded", "last"], none.as_bytes());
    assert!(run.out.starts_with("# 5 lines, 4 without a usable address\n# allowed: 1 line"), "{}", run.out);
    assert!(run.err.contains("line 1: field 1 is `for=unknown`, which is not an IP address"), "{}", run.err);
}

#[test]
fn json_lines_by_key() {
    let log = r#"{"remote_addr":"192.0.2.1","n":{"remote_addr":"6.6.6.6"}}
{"n":[{"remote_addr":"6.6.6.6"}],"x":1.5,"remote_addr":"192.0.2.2:80"}
{"remote_addr":"6.6.6.6","remote_addr":"10.1.1.1"}
"#;
    assert_eq!(denied(log, &["--json-key", "remote_addr"]), ["192.0.2.1", "192.0.2.2"]);
    let nested = r#"{"request":{"remote_ip":"192.0.2.1","headers":{"X-Forwarded-For":["6.6.6.6","192.0.2.3, 10.1.1.1"]}}}
{"request":{"other":null,"a":{"remote_ip":"6.6.6.6"}},"request.remote_ip":"192.0.2.2"}
"#;
    assert_eq!(denied(nested, &["--json-key", "request.remote_ip"]), ["192.0.2.1", "192.0.2.2"]);
    let key = ["--json-key", "request.headers.X-Forwarded-For"];
    assert_eq!(denied(nested, &[&key[..], &["--forwarded", "2"]].concat()), ["192.0.2.3"]);

    let bad = "{\"a\":\"192.0.2.1\"}\n{\"a\":7}\n{\"b\":\"192.0.2.1\"}\nplain\n{\"a\":\"192.0.2.1\"\n7\n";
    let run = Dir::new().run_with(&["--entries", LIST, "replay", "-", "--json-key", "a"], bad.as_bytes());
    assert!(run.out.starts_with("# 6 lines, 5 without a usable address\n"), "{}", run.out);
    for sentence in ["line 2: key `a` is `7`, which is not", "line 3 has no key `a`", "line 4 is not JSON: "]
    {
        assert!(run.err.contains(sentence), "{sentence}: {}", run.err);
    }
    let both = Dir::new().run(&["--entries", LIST, "replay", "-", "--json-key", "a", "--client-field", "2"]);
    assert_eq!(both.code, 2, "{}", both.err);
}
