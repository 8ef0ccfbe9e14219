//! `limit_except`: other rules for some methods, inherited as by allow and deny.

use ipgate_nginx_tests::{Connection, Nginx, Site};

/// Methods of a reader and of a writer.
const METHODS: [&str; 2] = ["GET", "POST"];
/// In no list, in the list of readers, in both.
const CLIENTS: [&str; 3] = ["192.0.2.1", "10.2.0.1", "10.1.0.1"];

fn status(nginx: &Nginx, method: &str, path: &str, client: &str) -> u16 {
    let mut connection = Connection::open(nginx.port(0)).unwrap();
    connection.request(method, path, &[("X-Real-IP", client)]).unwrap().status
}

/// The statuses for each method and each client.
fn statuses(nginx: &Nginx, path: &str) -> [[u16; 3]; 2] {
    METHODS.map(|method| CLIENTS.map(|client| status(nginx, method, path, client)))
}

#[test]
fn methods_have_rules_of_their_own_wherever_allow_and_deny_have() {
    // the same, once with lists and once with allow and deny
    let rows = [
        ("", "limit_except GET { ipgate few; }", "limit_except GET { allow 10.1.0.0/16; deny all; }"),
        (
            "ipgate many;",
            "limit_except GET { ipgate few; }",
            "limit_except GET { allow 10.1.0.0/16; deny all; }",
        ),
        ("ipgate many;", "limit_except GET { ipgate off; }", "limit_except GET { allow all; }"),
        ("ipgate many;", "limit_except GET { }", "limit_except GET { }"),
        (
            "ipgate few;",
            "limit_except POST { ipgate many; }",
            "limit_except POST { allow 10.0.0.0/8; deny all; }",
        ),
    ];
    let expected = [
        [[200, 200, 200], [403, 403, 200]],
        [[403, 200, 200], [403, 403, 200]],
        [[403, 200, 200], [200, 200, 200]],
        [[403, 200, 200], [403, 200, 200]],
        [[403, 200, 200], [403, 403, 200]],
    ];
    let mut server = String::new();
    for (index, (outer, ours, theirs)) in rows.iter().enumerate() {
        let stock = match *outer {
            "ipgate many;" => "allow 10.0.0.0/8; deny all;",
            "ipgate few;" => "allow 10.1.0.0/16; deny all;",
            _ => "",
        };
        let pass = "proxy_pass http://127.0.0.1:PORT1;";
        server += &format!("location /ours{index} {{ {outer} {pass} {ours} }}\n");
        server += &format!("location /early{index} {{ ipgate_phase early; {outer} {pass} {ours} }}\n");
        server += &format!("location /stock{index} {{ {stock} {pass} {theirs} }}\n");
    }
    let nginx = Site::new()
        .server(
            r#"ipgate_list many "10.0.0.0/8"; ipgate_list few "10.1.0.0/16";
               server { listen 127.0.0.1:PORT1; return 200 yes; }"#,
            &server,
        )
        .start();
    for (index, expected) in expected.iter().enumerate() {
        for kind in ["stock", "ours", "early"] {
            assert_eq!(statuses(&nginx, &format!("/{kind}{index}")), *expected, "{kind}: {:?}", rows[index]);
        }
    }
}

#[test]
fn each_value_is_inherited_by_itself() {
    let nginx = Site::new()
        .server(
            r#"ipgate_list many "10.0.0.0/8"; ipgate_list few "10.1.0.0/16"; ipgate_list proxy "192.0.2.0/24";
               server { listen 127.0.0.1:PORT1; return 200 yes; }"#,
            "proxy_http_version 1.1; ipgate_default many; ipgate proxy;
             location /mode { proxy_pass http://127.0.0.1:PORT1; limit_except GET { ipgate_mode override; } }
             location /default { proxy_pass http://127.0.0.1:PORT1; limit_except GET { ipgate off; ipgate_default few; } }
             location /enforce { ipgate off; ipgate_default off; proxy_pass http://127.0.0.1:PORT1;
                                 limit_except GET { ipgate_enforce on; } }
             location /status { ipgate off; proxy_pass http://127.0.0.1:PORT1;
                                limit_except GET { ipgate_deny_status 418; } }
             location /dry { ipgate off; proxy_pass http://127.0.0.1:PORT1; limit_except GET { ipgate_dry_run on; } }
             location /address { ipgate off; proxy_pass http://127.0.0.1:PORT1;
                                 limit_except GET { ipgate_address 10.9.9.9; } }
             location /phase { ipgate off; proxy_pass http://127.0.0.1:PORT1; satisfy any; allow all;
                               limit_except GET { ipgate_phase early; } }
             location /rest { ipgate off; proxy_pass http://127.0.0.1:PORT1;
                              limit_except GET { ipgate_log_level off; ipgate_unix allow; } }",
        )
        .start();
    let rows = [
        ("/mode", [[200, 200, 200], [200, 403, 403]]),
        ("/default", [[200, 200, 200], [403, 403, 200]]),
        ("/enforce", [[200, 200, 200], [403, 403, 403]]),
        ("/status", [[403, 200, 200], [418, 200, 200]]),
        ("/dry", [[403, 200, 200], [200, 200, 200]]),
        ("/address", [[403, 200, 200], [200, 200, 200]]),
        ("/phase", [[200, 200, 200], [403, 200, 200]]),
        ("/rest", [[403, 200, 200], [403, 200, 200]]),
    ];
    for (path, expected) in rows {
        assert_eq!(statuses(&nginx, path), expected, "{path}");
    }
    for method in METHODS {
        let _ = status(&nginx, method, "/rest/counted", CLIENTS[0]);
    }
    assert_eq!(nginx.log_count("GET /rest/counted"), 1, "{}", nginx.log());
    assert_eq!(nginx.log_count("POST /rest/counted"), 0, "{}", nginx.log());
}

#[test]
fn the_report_and_lists_are_no_matter_of_methods() {
    for directive in ["ipgate_report;", r#"ipgate_list late "10.0.0.1";"#] {
        let site = Site::new().server("", &format!("location / {{ limit_except GET {{ {directive} }} }}"));
        let outcome = site.test();
        assert!(
            !outcome.is_good && outcome.said.contains("directive is not allowed here"),
            "{}",
            outcome.said
        );
    }
}
