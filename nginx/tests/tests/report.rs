//! The report: what it says, and to whom.

use ipgate_nginx_tests::{Connection, Site, eventually, get_with};
use serde_json::{Value, json};

#[test]
fn it_says_what_there_is_to_know() {
    let text =
        "10.0.0.0/8:office \"A\"\n!10.9.0.0/16:lab\n192.0.2.1:guest;until=2100-01-01\n10.0.0.5/8:dup\n";
    let nginx = Site::new()
        .file("a.list", text)
        .server(
            r#"ipgate_list office file=a.list interval=40ms; ipgate_list inline "198.51.100.1:x";"#,
            "location / { ipgate office; empty_gif; } location /inline { ipgate inline; ipgate_default office; empty_gif; }
             location /none { ipgate_enforce on; empty_gif; } location /report { ipgate_report; }",
        )
        .start();
    for (path, client) in [
        ("/", "10.1.1.1"),
        ("/", "10.1.1.2"),
        ("/", "10.9.1.1"),
        ("/", "192.0.2.1"),
        ("/", "8.8.8.8"),
        ("/inline", "192.0.2.1"),
        ("/inline", "198.51.100.1"),
        ("/inline", "8.8.8.8"),
        ("/none", "8.8.8.8"),
    ] {
        nginx.get_from(path, client);
    }
    let report = nginx.report();
    assert_eq!(report["pid"], json!(nginx.workers()[0]));
    assert_eq!(report["unlisted"], json!({ "allowed": 0, "denied": 1, "dry_run": 0 }));
    let [office, inline] = &report["lists"].as_array().unwrap()[..] else { panic!("{report}") };
    assert_eq!(office["name"], "office");
    assert_eq!(office["source"], json!(nginx.path("a.list")));
    assert_eq!(office["interval_ms"], 40);
    assert_eq!(office["entries"], 4);
    assert!(office["bytes"].as_u64().unwrap() > 0);
    assert_eq!(office["generation"], 2);
    let sum = std::process::Command::new("sha256sum").arg(nginx.path("a.list")).output().unwrap();
    assert_eq!(office["digest"], json!(String::from_utf8_lossy(&sum.stdout)[..64]));
    assert_eq!(office["last_result"], "ok");
    assert_eq!(
        (&office["failures"], &office["last_failure"], &office["last_error"]),
        (&json!(0), &Value::Null, &Value::Null)
    );
    assert!(office["last_swap"].as_str().unwrap().ends_with('Z'));
    assert_eq!((&office["warnings"], &office["left_out"]), (&json!(1), &json!(0)));
    assert_eq!(office["next_expiry"], "2100-01-02T00:00:00.000000Z");
    assert_eq!((&office["expiring_within_30_days"], &office["expiring"]), (&json!(0), &json!([])));
    assert_eq!(office["decisions"], json!({ "allowed": 4, "denied": 2, "dry_run": 0 }));
    let labels = office["labels"].as_object().unwrap();
    let of =
        |label: &str| (labels[label]["allowed"].as_u64().unwrap(), labels[label]["denied"].as_u64().unwrap());
    assert_eq!(labels.len(), 3, "{office}");
    assert_eq!(of("lab"), (0, 1));
    assert_eq!(of("guest"), (2, 0));
    assert_eq!(inline["source"], "inline");
    assert_eq!(inline["decisions"], json!({ "allowed": 1, "denied": 1, "dry_run": 0 }));
    assert_eq!(inline["labels"], json!({ "x": { "allowed": 1, "denied": 0, "dry_run": 0 } }));

    nginx.write("a.list", "foobar");
    eventually("a failure", || nginx.report()["lists"][0]["failures"] == 1);
    let report = nginx.report();
    let office = &report["lists"][0];
    assert_eq!((&office["last_result"], &office["generation"]), (&json!("failed"), &json!(2)));
    assert!(office["last_error"].as_str().unwrap().contains("foobar"), "{office}");
    assert!(office["last_failure"].as_str().unwrap().ends_with('Z'));
}

#[test]
fn what_lenient_left_out_is_counted() {
    let nginx = Site::new()
        .file("a.list", "10.0.0.0/8:office\n10.1\n192.0.2.7\nfoobar\n")
        .server(
            "ipgate_list office file=a.list lenient interval=40ms;",
            "location /report { ipgate_report; }",
        )
        .start();
    let list = &nginx.report()["lists"][0];
    assert_eq!(
        (&list["entries"], &list["left_out"], &list["last_result"]),
        (&json!(2), &json!(2), &json!("ok"))
    );
    nginx.write("a.list", "<html>\n<pre>\n10.0.0.0/8\n</pre>\n</html>\n");
    eventually("a failure", || nginx.report()["lists"][0]["failures"] == 1);
    let list = &nginx.report()["lists"][0];
    assert_eq!(
        (&list["entries"], &list["left_out"], &list["last_result"]),
        (&json!(2), &json!(2), &json!("failed"))
    );
    let error = list["last_error"].as_str().unwrap();
    assert!(error.contains("4 of 5 pieces are no entries") && error.contains("an HTML page"), "{error}");
    nginx.write("a.list", "10.0.0.0/8:office\n");
    eventually("a good list", || nginx.report()["lists"][0]["left_out"] == 0);
}

#[test]
fn entries_that_expire_soon_are_shown() {
    let output = std::process::Command::new("date")
        .args(["-u", "-d", "+3 days", "+%Y-%m-%dT%H:%M:%SZ"])
        .output()
        .unwrap();
    let soon = String::from_utf8(output.stdout).unwrap();
    let soon = soon.trim();
    let nginx = Site::new()
        .server(
            &format!(
                r#"ipgate_list office "192.0.2.1:guest;until=2100-01-01,!10.0.0.0/8:soon;until={soon}";"#
            ),
            "location /report { ipgate_report; }",
        )
        .start();
    let list = &nginx.report()["lists"][0];
    assert_eq!(list["expiring_within_30_days"], 1);
    let at = soon.replace('Z', ".000000Z");
    let entry = json!({ "prefix": "10.0.0.0/8", "action": "deny", "label": "soon", "line": 1, "until": at });
    assert_eq!(list["expiring"], json!([entry]));
    assert_eq!(list["next_expiry"], json!(at));
}

#[test]
fn only_the_machine_itself_may_read_it_unless_somebody_else_is_named() {
    let nginx = Site::new()
        .server(
            r#"ipgate_list office "10.0.0.0/8"; ipgate_list all all;"#,
            "location /report { ipgate_report; }
             location /list { ipgate_report; ipgate office; }
             location /dry { ipgate_report; ipgate office; ipgate_dry_run on; }
             location /allow { ipgate_report; allow 10.0.0.0/8; deny all; }
             location /outer { ipgate all; allow all; location /outer/report { ipgate_report; } }
             location /any { satisfy any; allow all; location /any/report { ipgate_report; } }
             location /off { ipgate off; ipgate_report; }",
        )
        .start();
    // path; 127.0.0.1, ::1, 10.1.1.1, 192.0.2.1
    let rows = [
        ("/report", [200, 200, 403, 403]),
        ("/list", [403, 403, 200, 403]),
        ("/dry", [200, 200, 403, 403]),
        ("/allow", [403, 403, 200, 403]),
        ("/outer/report", [200, 200, 403, 403]),
        ("/any/report", [200, 200, 403, 403]),
        ("/off", [200, 200, 403, 403]),
    ];
    for (path, expected) in rows {
        for (client, expected) in ["127.0.0.1", "::1", "10.1.1.1", "192.0.2.1"].iter().zip(expected) {
            assert_eq!(nginx.get_from(path, client).status, expected, "{path} for {client}");
        }
    }
}

#[test]
fn it_is_read_only_and_well_formed() {
    let nginx = Site::new()
        .server(
            r#"ipgate_list 'a "quoted" \name' "10.0.0.0/8:☃ \"and\" more"; ipgate_list empty "";"#,
            "location / { ipgate 'a \"quoted\" \\name'; empty_gif; } location /report { ipgate_report; }",
        )
        .start();
    nginx.get_from("/", "10.1.1.1");
    let report = nginx.report();
    assert!(report["lists"][0]["name"].as_str().unwrap().contains("\"quoted\""), "{report}");
    let labels: Vec<_> = report["lists"][0]["labels"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(labels, ["☃ \"and\" more"]);
    let response = get_with(nginx.port(0), "/report", &[]);
    assert_eq!(response.header("Content-Type"), "application/json");
    let mut connection = Connection::open(nginx.port(0)).unwrap();
    connection.write(b"POST /report HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").unwrap();
    assert_eq!(connection.read().unwrap().status, 405);
}

#[test]
fn labels_beyond_what_is_counted_are_counted_together() {
    let list: String = (0..6000).map(|n| format!("10.0.{}.{}:label{n}\n", n / 250, n % 250)).collect();
    let nginx = Site::new()
        .file("a.list", list)
        .server(
            "ipgate_list office file=a.list;",
            "location / { ipgate office; empty_gif; } location /report { ipgate_report; }",
        )
        .start();
    let mut connection = Connection::open(nginx.port(0)).unwrap();
    for round in 1..=2 {
        for n in 0..5000 {
            // nginx closes a connection after its thousandth request.
            if n % 500 == 0 {
                connection = Connection::open(nginx.port(0)).unwrap();
            }
            let client = format!("10.0.{}.{}", n / 250, n % 250);
            assert_eq!(connection.get("/", &[("X-Real-IP", &client)]).unwrap().status, 200, "{client}");
        }
        let report = nginx.report();
        let list = &report["lists"][0];
        let labels = list["labels"].as_object().unwrap();
        assert_eq!(labels.len(), 4096);
        let told: u64 = labels.values().map(|counts| counts["allowed"].as_u64().unwrap()).sum();
        assert_eq!(told, 4096 * round);
        assert_eq!(list["other_labels"]["allowed"], 904 * round);
        assert_eq!(list["decisions"]["allowed"], 5000 * round);
    }
}
