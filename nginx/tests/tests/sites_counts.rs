//! What the report counts for each app of a site.

use std::fs;

use ipgate_nginx_tests::{Nginx, Site, eventually};
use serde_json::{Value, json};

/// What the report says of the site, with the apps in which a text occurs.
fn report(nginx: &Nginx, app: &str) -> Value {
    let response = nginx.get(&format!("/report?app={app}"));
    let report: Value = serde_json::from_slice(&response.body).expect("JSON");
    report["sites"][0].clone()
}

fn app(nginx: &Nginx, name: &str) -> Value {
    let site = report(nginx, name);
    site["page"].as_array().unwrap().iter().find(|app| app["name"] == name).expect("the app").clone()
}

fn counts(allowed: u64, denied: u64, dry_run: u64) -> Value {
    json!({ "allowed": allowed, "denied": denied, "dry_run": dry_run })
}

/// By name, host and location; in either phase, and where variables of an answer are wanted.
#[test]
fn each_app_has_counts_of_its_own() {
    let server = |phase: &str| {
        format!(
            "{phase} error_page 403 /sorry; location /sorry {{ ipgate_site off; return 403; }}
             location / {{ ipgate_site fleet; ipgate $arg_app; empty_gif; }}
             location /host {{ ipgate_site fleet; ipgate_host $arg_host; empty_gif; }}
             location /shop {{ ipgate_site fleet; ipgate shop; empty_gif; }}
             location /page {{ ipgate_site fleet; ipgate shop; error_page 403 = @shop; empty_gif; }}
             location @shop {{ ipgate_site fleet; ipgate shop; empty_gif; }}
             location /text {{ ipgate_site fleet; ipgate shop; ipgate_address $arg_client; empty_gif; }}
             location /strict {{ ipgate_site fleet; ipgate_unknown_app deny; ipgate $arg_app; empty_gif; }}
             location /dry {{ ipgate_site fleet; ipgate_dry_run on; ipgate shop; empty_gif; }}
             location /report {{ ipgate_report; }}"
        )
    };
    for phase in ["", "ipgate_phase early;", "add_header X-Label $ipgate_label always;"] {
        let nginx = Site::new().fleet_server("", "", &server(phase)).start();
        assert_eq!(app(&nginx, "shop")["decisions"], counts(0, 0, 0));
        for (path, client) in [
            ("/?app=shop", "192.0.2.1"),
            ("/?app=shop", "10.1.1.1"),
            ("/?app=shop", "10.9.1.1"),
            ("/host?host=eu.shop.example.com:80", "192.0.2.1"),
            ("/host?host=nowhere.example.com", "10.1.1.1"),
            ("/shop", "192.0.2.1"),
            ("/shop", "8.8.8.8"),
            ("/page", "8.8.8.8"),
            ("/text?client=192.0.2.1", "8.8.8.8"),
            ("/text?client=nobody", "192.0.2.1"),
            ("/strict?app=shop", "10.9.1.1"),
            ("/strict?app=nowhere", "10.1.1.1"),
            ("/dry", "192.0.2.1"),
            ("/dry", "10.9.1.1"),
            ("/dry", "8.8.8.8"),
            ("/?app=bank", "10.1.1.1"),
        ] {
            nginx.get_from(path, client);
        }
        let shop = app(&nginx, "shop");
        assert_eq!(shop["decisions"], counts(6, 5, 2), "{phase}");
        assert_eq!(shop["denials"], json!({ "no-address": 1, "no-entry": 3, "deny-entry": 3 }), "{phase}");
        let labels = json!({ "corp": counts(1, 0, 0), "lab": counts(0, 2, 1), "partner": counts(5, 0, 0) });
        assert_eq!(shop["labels"], labels, "{phase}");
        let bank = app(&nginx, "bank");
        assert_eq!(bank["decisions"], counts(0, 1, 0), "{phase}");
        assert_eq!((&bank["denials"], &bank["labels"]), (&json!({ "no-entry": 1 }), &json!({})), "{phase}");
        assert_eq!(app(&nginx, "team/wiki")["decisions"], counts(0, 0, 0), "{phase}");
        // With those of apps that the site does not name.
        let site = report(&nginx, "");
        assert_eq!(site["decisions"], counts(7, 7, 2), "{phase}");
        let denials = json!({ "no-address": 1, "no-entry": 4, "deny-entry": 3, "unknown-app": 1 });
        assert_eq!(site["denials"], denials, "{phase}");
        assert_eq!(site["gone"], json!({ "decisions": counts(0, 0, 0), "denials": {} }), "{phase}");
    }
}

/// An app that comes after another one has gone is given its number, and nothing of its counts.
#[test]
fn an_app_does_not_inherit_the_counts_of_one_that_is_gone() {
    let nginx = Site::new()
        .fleet_server(
            "",
            "",
            "location / { ipgate_site fleet; ipgate $arg_app; empty_gif; } location /report { ipgate_report; }",
        )
        .start();
    nginx.get_from("/?app=team/wiki", "203.0.113.7");
    nginx.get_from("/?app=team/wiki", "8.8.8.8");
    nginx.get_from("/?app=shop", "192.0.2.1");
    assert_eq!(app(&nginx, "team/wiki")["labels"], json!({ "writer": counts(1, 0, 0) }));
    fs::remove_file(nginx.path("fleet/apps/team/wiki.list")).unwrap();
    eventually("the app is gone", || report(&nginx, "team/wiki")["found"] == 0);
    assert_eq!(
        report(&nginx, "")["gone"],
        json!({ "decisions": counts(1, 1, 0), "denials": { "no-entry": 1 } })
    );

    nginx.write("fleet/apps/fresh.list", "203.0.113.0/24:reader\n");
    eventually("another one is there", || report(&nginx, "fresh")["found"] == 1);
    assert_eq!(app(&nginx, "fresh")["decisions"], counts(0, 0, 0));
    nginx.get_from("/?app=fresh", "203.0.113.7");
    let fresh = app(&nginx, "fresh");
    assert_eq!(
        (&fresh["decisions"], &fresh["labels"]),
        (&counts(1, 0, 0), &json!({ "reader": counts(1, 0, 0) }))
    );
    // Those that stay keep theirs, also when their lists change.
    nginx.write("fleet/apps/shop.list", "203.0.113.0/24:other\n192.0.2.0/24:partner\n");
    eventually("a new list", || {
        app(&nginx, "shop")["entries"] == 2 && { nginx.get_from("/?app=shop", "203.0.113.7").status == 200 }
    });
    let shop = app(&nginx, "shop");
    assert_eq!(shop["labels"]["partner"], counts(1, 0, 0));
    assert_eq!(shop["labels"]["other"], counts(1, 0, 0));
    // It comes again, and begins anew.
    nginx.write("fleet/apps/team/wiki.list", "203.0.113.0/24:writer\n");
    eventually("the app is back", || report(&nginx, "team/wiki")["found"] == 1);
    assert_eq!(app(&nginx, "team/wiki")["decisions"], counts(0, 0, 0));
}

/// A peer that is let in although the site knows no address of it is the site's to count.
#[test]
fn a_peer_behind_a_unix_socket_that_is_let_in_is_none_of_the_apps_denials() {
    let nginx = Site::new()
        .with_fleet()
        .http(
            "ipgate_site fleet path=fleet;
             server { listen 127.0.0.1:PORT0; listen unix:socket; ipgate_site fleet; ipgate shop;
                 location /deny { empty_gif; } location /allow { ipgate_unix allow; empty_gif; }
                 location /report { ipgate_site off; ipgate_report; } }",
        )
        .start();
    for path in ["/deny", "/allow", "/allow"] {
        use std::io::{Read, Write};
        let mut socket = std::os::unix::net::UnixStream::connect(nginx.path("socket")).unwrap();
        write!(socket, "GET {path} HTTP/1.0\r\n\r\n").unwrap();
        socket.read_to_end(&mut Vec::new()).unwrap();
    }
    assert_eq!(app(&nginx, "shop")["decisions"], counts(0, 1, 0));
    assert_eq!(report(&nginx, "")["decisions"], counts(2, 1, 0));
}
