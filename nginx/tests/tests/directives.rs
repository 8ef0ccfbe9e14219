//! Each directive: what it does, where it is inherited from, what it refuses.

use ipgate_nginx_tests::{Nginx, Site, eventually, get_with};

const OFFICE: &str = r#"ipgate_list office "10.0.1.0/24:office_ABC,212.121.212.121:client_YXZ";"#;

/// The status for a client at a path.
fn status(nginx: &Nginx, path: &str, client: &str) -> u16 {
    nginx.get_from(path, client).status
}

#[test]
fn a_list_decides_who_passes() {
    let nginx = Site::new().server(OFFICE, "ipgate office; location / { empty_gif; }").start();
    assert_eq!(status(&nginx, "/", "10.0.1.7"), 200);
    assert_eq!(status(&nginx, "/", "212.121.212.121"), 200);
    assert_eq!(status(&nginx, "/", "212.121.212.122"), 403);
    assert_eq!(status(&nginx, "/", "::ffff:10.0.1.7"), 200);
    assert_eq!(status(&nginx, "/", "2002:0a00:0107::1"), 403);
    assert_eq!(nginx.get("/").status, 403, "127.0.0.1 is in no list");
}

#[test]
fn a_list_may_be_defined_outside_http_in_it_and_after_its_use() {
    let nginx = Site::new()
        .main(r#"ipgate_list outside "10.0.0.1";"#)
        .server(
            r#"ipgate_list inside "10.0.0.2";"#,
            "location /outside { ipgate outside; empty_gif; } location /inside { ipgate inside; empty_gif; } \
             location /stream { ipgate of_stream; empty_gif; }",
        )
        .stream(r#"ipgate_list of_stream "10.0.0.3"; server { listen 127.0.0.1:PORT1; ipgate inside; return yes; }"#)
        .start();
    for (path, client) in [("/outside", "10.0.0.1"), ("/inside", "10.0.0.2"), ("/stream", "10.0.0.3")] {
        for other in ["10.0.0.1", "10.0.0.2", "10.0.0.3"] {
            let expected = if client == other { 200 } else { 403 };
            assert_eq!(status(&nginx, path, other), expected, "{path} {other}");
        }
    }
}

/// The policy table, once with lists of their own and once inherited value by value.
#[test]
fn the_policy_table() {
    let lists = r#"ipgate_list d "10.0.0.0/8:d"; ipgate_list a "!10.1.0.0/16:a,192.0.2.0/24:a"; ipgate_list empty "";
                   ipgate_list desk "10.1.0.1";"#;
    // rules; then whether these pass: 10.2.0.1 (D), 10.1.0.1 (D, not A), 192.0.2.1 (A), 198.51.100.1 (none)
    let rows = [
        ("", [true, true, true, true]),
        ("ipgate off; ipgate_default off;", [true, true, true, true]),
        ("ipgate_enforce on;", [false, false, false, false]),
        ("ipgate_enforce TRUE;", [false, false, false, false]),
        ("ipgate_enforce False;", [true, true, true, true]),
        ("ipgate_mode override;", [true, true, true, true]),
        ("ipgate_default d;", [true, true, false, false]),
        ("ipgate_default d; ipgate_mode override; ipgate_enforce on;", [true, true, false, false]),
        ("ipgate a;", [false, false, true, false]),
        ("ipgate a; ipgate_enforce on;", [false, false, true, false]),
        ("ipgate_default d; ipgate a;", [true, false, true, false]),
        ("ipgate_default d; ipgate a; ipgate_mode extend;", [true, false, true, false]),
        ("ipgate_default d; ipgate a; ipgate_mode override;", [false, false, true, false]),
        ("ipgate empty;", [false, false, false, false]),
        ("ipgate_default d; ipgate empty;", [true, true, false, false]),
        ("ipgate_default d; ipgate empty; ipgate_mode override;", [false, false, false, false]),
        ("ipgate_mode precede; ipgate_enforce on;", [false, false, false, false]),
        ("ipgate_default d; ipgate_mode precede;", [true, true, false, false]),
        ("ipgate a; ipgate_mode precede;", [false, false, true, false]),
        ("ipgate_default d; ipgate a; ipgate_mode precede;", [true, false, true, false]),
        ("ipgate_default d; ipgate empty; ipgate_mode precede;", [true, true, false, false]),
        ("ipgate_default desk; ipgate a; ipgate_mode extend;", [false, true, true, false]),
        ("ipgate_default desk; ipgate a; ipgate_mode precede;", [false, false, true, false]),
    ];
    let mut server = String::new();
    for (index, (rules, _)) in rows.iter().enumerate() {
        server += &format!("location /own{index}/ {{ {rules} empty_gif; }}\n");
        server +=
            &format!("location /nested{index}/ {{ {rules} location /nested{index}/in {{ empty_gif; }} }}\n");
    }
    let nginx = Site::new().server(lists, &server).start();
    for (index, (rules, passes)) in rows.iter().enumerate() {
        for (client, passes) in ["10.2.0.1", "10.1.0.1", "192.0.2.1", "198.51.100.1"].iter().zip(passes) {
            let expected = if *passes { 200 } else { 403 };
            for path in [format!("/own{index}/x"), format!("/nested{index}/in")] {
                assert_eq!(status(&nginx, &path, client), expected, "{rules:?} at {path} for {client}");
            }
        }
    }
}

#[test]
fn each_value_is_inherited_and_overridden_by_itself() {
    let nginx = Site::new()
        .server(
            r#"ipgate_list d "10.0.0.0/8"; ipgate_list a "192.0.2.0/24"; ipgate_list b "198.51.100.0/24";
               ipgate_default d; ipgate a;"#,
            "location /inherits { empty_gif; }
             location /other { ipgate b; empty_gif; }
             location /only { ipgate_mode override; empty_gif; location /only/deeper { ipgate b; empty_gif; } }
             location /default { ipgate off; empty_gif; }
             location /open { ipgate off; ipgate_default off; empty_gif; }
             location /shut { ipgate off; ipgate_default off; ipgate_enforce on; empty_gif; }",
        )
        .start();
    let rows = [
        ("/inherits", [200, 200, 403, 403]),
        ("/other", [200, 403, 200, 403]),
        ("/only", [403, 200, 403, 403]),
        ("/only/deeper", [403, 403, 200, 403]),
        ("/default", [200, 403, 403, 403]),
        ("/open", [200, 200, 200, 200]),
        ("/shut", [403, 403, 403, 403]),
    ];
    for (path, expected) in rows {
        for (client, expected) in
            ["10.0.0.1", "192.0.2.1", "198.51.100.1", "203.0.113.1"].iter().zip(expected)
        {
            assert_eq!(status(&nginx, path, client), expected, "{path} for {client}");
        }
    }
}

#[test]
fn deny_status_is_inherited_and_444_closes() {
    let nginx = Site::new()
        .server(
            OFFICE,
            "ipgate office; ipgate_deny_status 404;
             location / { empty_gif; }
             location /teapot { ipgate_deny_status 418; empty_gif; }
             location /gone { ipgate_deny_status 444; empty_gif; }",
        )
        .start();
    assert_eq!(nginx.get("/").status, 404);
    assert_eq!(nginx.get("/teapot").status, 418);
    assert_eq!(status(&nginx, "/gone", "10.0.1.1"), 200);
    let mut connection = ipgate_nginx_tests::Connection::open(nginx.port(0)).unwrap();
    let error = connection.get("/gone", &[]).expect_err("closed without a word");
    assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof, "{error}");
}

#[test]
fn a_dry_run_lets_pass_and_says_so() {
    let nginx = Site::new()
        .server(
            OFFICE,
            r#"add_header X-Status $ipgate_status always; ipgate office; ipgate_dry_run on; ipgate_log_level error;
               location / { empty_gif; } location /for-real { ipgate_dry_run off; empty_gif; }
               location /report { ipgate off; ipgate_report; }"#,
        )
        .start();
    let response = nginx.get("/");
    assert_eq!((response.status, response.header("X-Status")), (200, "REJECTED_DRY_RUN"));
    let response = nginx.get_from("/", "10.0.1.1");
    assert_eq!((response.status, response.header("X-Status")), (200, "PASSED"));
    let response = nginx.get("/for-real");
    assert_eq!((response.status, response.header("X-Status")), (403, "REJECTED"));
    assert_eq!(nginx.log_count("ipgate: REJECTED_DRY_RUN, no-entry"), 1, "{}", nginx.log());
    let decisions = &nginx.report()["lists"][0]["decisions"];
    assert_eq!(*decisions, serde_json::json!({ "allowed": 1, "denied": 1, "dry_run": 1 }));
}

#[test]
fn the_log_level_decides_what_is_logged() {
    let nginx = Site::new()
        .server(
            r#"error_log logs/error.log warn; ipgate_list lab "10.0.0.0/8:corp,!10.9.0.0/16:lab";"#,
            "ipgate lab;
             location /error { ipgate_log_level error; empty_gif; }
             location /warn { ipgate_log_level warn; empty_gif; }
             location /notice { empty_gif; }
             location /off { ipgate_log_level off; empty_gif; }",
        )
        .start();
    for path in ["/error", "/warn", "/notice", "/off"] {
        assert_eq!(status(&nginx, path, "10.9.2.2"), 403);
        assert_eq!(status(&nginx, path, "10.1.1.1"), 200);
    }
    let log = nginx.log();
    let lines: Vec<_> = log.lines().filter(|line| line.contains("ipgate: REJECTED")).collect();
    assert_eq!(lines.len(), 2, "{log}");
    assert!(lines[0].contains("[error]") && lines[0].contains("GET /error"), "{}", lines[0]);
    assert!(lines[1].contains("[warn]") && lines[1].contains("GET /warn"), "{}", lines[1]);
    let whole = r#"ipgate: REJECTED, deny-entry, entry "!10.9.0.0/16:lab", list "lab", generation 2, client: 10.9.2.2"#;
    assert!(lines[0].contains(whole), "{}", lines[0]);
}

#[test]
fn unix_peers_are_denied_unless_allowed() {
    use std::io::{Read, Write};
    let nginx = Site::new()
        .http(
            r#"ipgate_list office "all"; ipgate office;
               server { listen 127.0.0.1:PORT0; listen unix:socket;
                 location / { empty_gif; } location /allow { ipgate_unix allow; empty_gif; }
                 location /text { ipgate_unix allow; ipgate_address $http_x_client; empty_gif; } }"#,
        )
        .start();
    let ask = |path: &str, client: &str| {
        let mut stream = std::os::unix::net::UnixStream::connect(nginx.path("socket")).unwrap();
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: a\r\nX-Client: {client}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut response = Vec::new();
        stream.read_to_end(&mut response).unwrap();
        String::from_utf8_lossy(&response).split(' ').nth(1).unwrap().to_owned()
    };
    assert_eq!(ask("/", ""), "403");
    assert_eq!(ask("/allow", ""), "200");
    assert_eq!(ask("/text", "192.0.2.1"), "200");
    assert_eq!(ask("/text", "unix:"), "403", "a text never stands for a socket");
    assert_eq!(nginx.get("/").status, 200);
    assert_eq!(nginx.get("/allow").status, 200);
}

#[test]
fn another_address_may_decide() {
    let nginx = Site::new()
        .server(
            OFFICE,
            "ipgate office; location / { ipgate_address $http_x_client; empty_gif; }
             location /peer { ipgate_address $realip_remote_addr; empty_gif; }",
        )
        .start();
    let ask = |client: &str| get_with(nginx.port(0), "/", &[("X-Client", client)]).status;
    assert_eq!(ask("10.0.1.7"), 200);
    assert_eq!(ask("::ffff:10.0.1.7"), 200);
    assert_eq!(ask("10.0.2.7"), 403);
    for nonsense in ["", "foobar", "10.0.1", "010.0.1.7", "10.0.1.7, 10.0.1.8", "10.0.1.7:80", "::1%eth0"] {
        assert_eq!(ask(nonsense), 403, "{nonsense:?}");
    }
    assert_eq!(nginx.get("/").status, 403, "no header, no address");
    assert_eq!(status(&nginx, "/peer", "10.0.1.7"), 403, "the peer is 127.0.0.1");
}

#[test]
fn variables_show_the_answer_everywhere() {
    let nginx = Site::new()
        .server(
            r#"log_format gate '$request_uri $ipgate_status "$ipgate_label" $ipgate_entry $ipgate_reason $ipgate_generation';
               map $ipgate_label $group { default other; corp inside; }
               ipgate_list lab "10.0.0.0/8:corp,!10.9.0.0/16:lab,192.0.2.1";
               upstream back { server 127.0.0.1:PORT1; }
               server { listen 127.0.0.1:PORT1; location / { add_header X-Got "$http_x_label $http_x_group"; empty_gif; } }"#,
            "access_log logs/access.log gate; ipgate lab;
             location / { empty_gif; }
             location /up { proxy_pass http://back; proxy_set_header X-Label $ipgate_label; proxy_set_header X-Group $group; }
             location /off { ipgate off; empty_gif; }
             location /return { return 204; }",
        )
        .start();
    assert_eq!(nginx.get_from("/up", "10.1.1.1").header("X-Got"), "corp inside");
    assert_eq!(nginx.get_from("/up", "192.0.2.1").header("X-Got"), "other");
    for (path, client) in
        [("/a", "10.1.1.1"), ("/b", "10.9.1.1"), ("/c", "192.0.2.1"), ("/d", "8.8.8.8"), ("/off", "8.8.8.8")]
    {
        nginx.get_from(path, client);
    }
    let log = || std::fs::read_to_string(nginx.path("logs/access.log")).unwrap_or_default();
    eventually("seven lines", || log().lines().count() == 7);
    let log = log();
    let lines: Vec<_> = log.lines().skip(2).collect();
    assert_eq!(
        lines,
        [
            r#"/a PASSED "corp" 10.0.0.0/8:corp allow-entry 2"#,
            r#"/b REJECTED "lab" !10.9.0.0/16:lab deny-entry 2"#,
            r#"/c PASSED "-" 192.0.2.1 allow-entry 2"#,
            r#"/d REJECTED "-" - no-entry 2"#,
            r#"/off OFF "-" - - -"#,
        ]
    );
}

#[test]
fn what_directives_refuse() {
    // a directive in a location; what nginx says
    let rows = [
        ("ipgate nowhere;", r#"no ipgate_list defines "nowhere""#),
        ("ipgate;", "invalid number of arguments"),
        ("ipgate office other;", "invalid number of arguments"),
        ("ipgate office; ipgate office;", r#""ipgate" directive is duplicate"#),
        ("ipgate_default nowhere;", r#"no ipgate_list defines "nowhere""#),
        ("ipgate_mode EXTEND;", r#"invalid value "EXTEND": write "extend", "override" or "precede""#),
        ("ipgate_mode both;", r#"invalid value "both": write "extend", "override" or "precede""#),
        ("ipgate_enforce yes;", r#"invalid value "yes": write "on" or "off""#),
        ("ipgate_phase late;", r#"invalid value "late""#),
        ("ipgate_deny_status 200;", r#"invalid status "200": a denial has one from 400 to 599"#),
        ("ipgate_deny_status 600;", r#"invalid status "600""#),
        ("ipgate_deny_status no;", "invalid number"),
        ("ipgate_dry_run maybe;", "invalid value"),
        ("ipgate_log_level loud;", r#"invalid value "loud""#),
        ("ipgate_unix maybe;", r#"invalid value "maybe""#),
        ("ipgate_report on;", r#"unexpected "on" in ipgate_report: write format=json or format=prometheus"#),
        ("ipgate_report format=xml;", r#"unexpected "format=xml" in ipgate_report"#),
        ("ipgate_report format=json on;", "invalid number of arguments"),
        (r#"ipgate_list late "10.0.0.1";"#, r#""ipgate_list" directive is not allowed here"#),
        ("ipgate_address $nothing;", r#"unknown "nothing" variable"#),
    ];
    for (directive, message) in rows {
        let site = Site::new().server(OFFICE, &format!("location / {{ {directive} empty_gif; }}"));
        let outcome = site.test();
        assert!(!outcome.is_good, "{directive}");
        assert!(
            outcome.said.contains("[emerg]") && outcome.said.contains(message),
            "{directive}: {}",
            outcome.said
        );
    }
}

#[test]
fn an_undefined_list_is_named_with_its_place() {
    let site = Site::new().http("server {\n listen 127.0.0.1:PORT0;\n ipgate offcie;\n}");
    let outcome = site.test();
    assert!(
        !outcome.is_good && outcome.said.contains(r#"no ipgate_list defines "offcie", which is used in "#)
    );
    let conf = std::fs::read_to_string(site.path("nginx.conf")).unwrap();
    let line = conf.lines().position(|line| line.contains("offcie")).unwrap() + 1;
    assert!(outcome.said.contains(&format!("nginx.conf:{line}")), "{}", outcome.said);
}
