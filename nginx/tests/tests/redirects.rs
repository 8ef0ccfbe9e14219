//! A request that nginx sends on comes by the gates again: what was decided is neither logged nor counted twice.

use ipgate_nginx_tests::{Connection, Nginx, Site, get, get_with};
use serde_json::json;

const LIST: &str = r#"ipgate_list office "10.0.0.0/8:office"; ipgate_list lab "10.9.0.0/16:lab";"#;
const INSIDE: &str = "10.1.1.1";
const OUTSIDE: &str = "192.0.2.1";

/// A server with a report for this machine.
fn start(server: &str) -> Nginx {
    let reports = "server { listen 127.0.0.1:PORT1; location /report { ipgate_report; } }";
    Site::new()
        .file("index.html", "index\n")
        .server(&format!("{LIST} {reports} log_not_found off;"), &format!("root .; {server}"))
        .start()
}

/// Allowed, denied and let pass in a dry run, of a list.
fn counts(nginx: &Nginx, list: &str) -> serde_json::Value {
    let report = get(nginx.port(1), "/report");
    let report: serde_json::Value = serde_json::from_slice(&report.body).unwrap();
    let lists = report["lists"].as_array().unwrap();
    lists.iter().find(|found| found["name"] == list).unwrap()["decisions"].clone()
}

#[test]
fn a_rejection_is_logged_and_counted_once() {
    for server in [
        // as it was found
        "ipgate office; ipgate_phase early; error_page 403 /denied; location = /denied { internal; }",
        "ipgate office; ipgate_phase early; error_page 403 /denied; recursive_error_pages on;",
        "ipgate office; ipgate_phase early; error_page 403 = @denied; location @denied { return 403 named; }",
        "ipgate office; ipgate_phase early; error_page 403 = @denied; location @denied { empty_gif; }",
        // the access phase, and places in between
        "ipgate office; error_page 403 /denied; location = /denied { internal; }",
        "ipgate office; error_page 403 /denied; recursive_error_pages on;",
        "ipgate office; error_page 403 @denied; location @denied { empty_gif; }",
        "ipgate office; satisfy any; deny all; error_page 403 /denied;",
        "ipgate office; add_header X-Reason $ipgate_reason always; error_page 403 /denied;",
        "location / { ipgate office; ipgate_phase early; error_page 403 /denied; }
         location = /denied { ipgate office; ipgate_phase early; }",
        "location / { ipgate office; ipgate_phase early; error_page 403 /denied; }
         location = /denied { ipgate office; }",
        "location / { ipgate office; error_page 403 /denied; }
         location = /denied { ipgate office; ipgate_phase early; }",
    ] {
        let nginx = start(server);
        let status = nginx.get_from("/", OUTSIDE).status;
        assert!(status == 403 || (status == 500 && server.contains("recursive")), "{server}: {status}");
        assert_eq!(nginx.log_count("ipgate: REJECTED"), 1, "{server}: {}", nginx.log());
        assert_eq!(counts(&nginx, "office"), json!({ "allowed": 0, "denied": 1, "dry_run": 0 }), "{server}");
        // The next request is another one, on the same connection, too, where nginx keeps it.
        if status == 403 {
            let mut connection = Connection::open(nginx.port(0)).unwrap();
            for _ in 0..2 {
                let _ = connection.get("/", &[("X-Real-IP", OUTSIDE)]).unwrap();
            }
            assert_eq!(counts(&nginx, "office")["denied"], 3, "{server}");
            assert_eq!(nginx.log_count("ipgate: REJECTED"), 3, "{server}: {}", nginx.log());
        }
    }
}

#[test]
fn a_dry_run_counts_once_too() {
    for phase in ["access", "early"] {
        let nginx =
            start(&format!("ipgate office; ipgate_dry_run on; ipgate_phase {phase}; index index.html;"));
        let response = nginx.get_from("/", OUTSIDE);
        assert_eq!((response.status, response.text().as_str()), (200, "index\n"), "{phase}");
        assert_eq!(nginx.log_count("ipgate: REJECTED_DRY_RUN"), 1, "{phase}: {}", nginx.log());
        assert_eq!(counts(&nginx, "office"), json!({ "allowed": 0, "denied": 0, "dry_run": 1 }), "{phase}");
    }
}

#[test]
fn other_rules_are_asked_all_the_same() {
    // On the way to an error page other lists, and the same one about another address, have their say.
    let nginx = start(
        "location / { ipgate lab; error_page 403 /page; }
         location = /page { ipgate office; try_files /index.html =500; }
         location /other { ipgate lab; error_page 403 /page-of-other; }
         location = /page-of-other { ipgate lab; ipgate_address $http_x_client; try_files /index.html =500; }",
    );
    assert_eq!(nginx.get_from("/", INSIDE).text(), "index\n");
    assert_eq!(counts(&nginx, "lab"), json!({ "allowed": 0, "denied": 1, "dry_run": 0 }));
    assert!(counts(&nginx, "office")["allowed"].as_u64() > Some(0));
    let headers = [("X-Real-IP", INSIDE), ("X-Client", "10.9.1.1")];
    assert_eq!(get_with(nginx.port(0), "/other", &headers).text(), "index\n");
    let headers = [("X-Real-IP", INSIDE), ("X-Client", OUTSIDE)];
    assert!(!get_with(nginx.port(0), "/other", &headers).text().contains("index"));
}

#[test]
fn what_an_early_gate_has_let_pass_is_let_pass_by_the_same_rules_alone() {
    // A server that lets Unix sockets in, or asks about another address, says nothing for a location that does not.
    let nginx = start(
        "ipgate office; ipgate_phase early;
         location /same { empty_gif; }
         location /other { ipgate_address $http_x_client; empty_gif; }",
    );
    assert_eq!(nginx.get_from("/same", INSIDE).status, 200);
    let ask = |client: &str| {
        get_with(nginx.port(0), "/other", &[("X-Real-IP", INSIDE), ("X-Client", client)]).status
    };
    assert_eq!((ask("10.2.2.2"), ask(OUTSIDE), ask("")), (200, 403, 403));
}

#[test]
fn an_early_gate_asks_again_when_realip_finds_another_client_in_a_location() {
    let nginx = Site::new()
        .http(&format!(
            r#"{LIST} ipgate_list everyone "10.0.0.0/8,127.0.0.1";
               server {{ listen 127.0.0.1:PORT0; ipgate everyone; ipgate_phase early;
                 location / {{ set_real_ip_from 127.0.0.1; real_ip_header X-Real-IP; empty_gif; }} }}"#
        ))
        .start();
    assert_eq!(nginx.get_from("/", INSIDE).status, 200);
    assert_eq!(nginx.get_from("/", OUTSIDE).status, 403);
}
