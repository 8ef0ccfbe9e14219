//! What the report says of sites, and of their apps, a page at a time.

use ipgate_nginx_tests::{Nginx, Site, eventually, get_with};
use serde_json::{Value, json};

const SERVER: &str = "location / { ipgate_site fleet; ipgate $arg_app; empty_gif; }
    location /strict { ipgate_site fleet; ipgate_unknown_app deny; ipgate $arg_app; empty_gif; }
    location /dry { ipgate_site fleet; ipgate_dry_run on; ipgate bank; empty_gif; }
    location /report { ipgate_report; }";

fn page(nginx: &Nginx, query: &str) -> Value {
    let response = nginx.get(&format!("/report?{query}"));
    assert_eq!(response.status, 200, "{query}");
    let report: Value = serde_json::from_slice(&response.body).expect("JSON");
    report["sites"][0].clone()
}

fn names(site: &Value) -> Vec<&str> {
    site["page"].as_array().unwrap().iter().map(|app| app["name"].as_str().unwrap()).collect()
}

#[test]
fn it_says_what_there_is_to_know() {
    let nginx = Site::new().fleet_server("", "", SERVER).start();
    for (path, client) in [
        ("/?app=shop", "192.0.2.1"),
        ("/?app=shop", "10.1.1.1"),
        ("/?app=shop", "10.9.1.1"),
        ("/?app=shop", "8.8.8.8"),
        ("/strict?app=nowhere", "10.1.1.1"),
        ("/dry", "8.8.8.8"),
    ] {
        nginx.get_from(path, client);
    }
    let report = nginx.report();
    assert_eq!(report["lists"], json!([]));
    assert_eq!(report["unlisted"], json!({ "allowed": 0, "denied": 0, "dry_run": 0 }));
    let site = &report["sites"][0];
    assert_eq!(site["name"], "fleet");
    assert_eq!(site["source"], json!(nginx.path("fleet")));
    assert_eq!(site["interval_ms"], 40);
    assert_eq!((&site["apps"], &site["lists"], &site["entries"]), (&json!(3), &json!(3), &json!(5)));
    assert!(site["bytes"].as_u64().unwrap() > 0 && site["generation"].as_u64().unwrap() > 0);
    assert!(site["last_change"].as_str().unwrap().ends_with('Z'));
    assert_eq!(
        (&site["last_result"], &site["failures"], &site["last_error"], &site["last_failure"]),
        (&json!("ok"), &json!(0), &Value::Null, &Value::Null)
    );
    assert_eq!(site["decisions"], json!({ "allowed": 2, "denied": 3, "dry_run": 1 }));
    assert_eq!(site["denials"], json!({ "no-entry": 2, "deny-entry": 1, "unknown-app": 1 }));
    assert_eq!((&site["found"], &site["from"]), (&json!(3), &json!(0)));
    let app = |name: &str| {
        site["page"].as_array().unwrap().iter().find(|app| app["name"] == name).expect("the app").clone()
    };
    let shop = app("shop");
    assert_eq!(
        (&shop["list"], &shop["mode"], &shop["entries"], &shop["hosts"]),
        (&json!("set"), &json!("extend"), &json!(2), &json!(2))
    );
    assert!(shop["generation"].as_u64().unwrap() > 0);
    assert_eq!(app("bank")["mode"], "override");

    nginx.write("fleet/apps/late.list", "foobar\n");
    eventually("an app that waits", || page(&nginx, "app=late")["page"][0]["list"] == "waiting");
    nginx.write("fleet/site.toml", "perhaps\n");
    eventually("a failure", || {
        page(&nginx, "")["last_error"].as_str().is_some_and(|e| e.contains("site.toml"))
    });
    assert_eq!(page(&nginx, "")["last_result"], "failed");
}

#[test]
fn it_is_paged_and_searched() {
    let mut site = Site::new().file("fleet/default.list", "10.0.0.0/8\n");
    let mut hosts = String::new();
    for n in 0..250 {
        site = site.file(&format!("fleet/apps/app{n:03}.list"), format!("192.0.2.{n}\n"));
        hosts += &format!("host{}.example.com app{n:03}\n", 249 - n);
    }
    let nginx = site
        .file("fleet/hosts", hosts)
        .server("ipgate_site fleet path=fleet;", "location /report { ipgate_report; }")
        .start();
    let all = page(&nginx, "");
    assert_eq!(
        (&all["apps"], &all["found"], all["page"].as_array().unwrap().len()),
        (&json!(250), &json!(250), 100)
    );
    assert_eq!((names(&all)[0], names(&all)[99]), ("app000", "app099"));
    let last = page(&nginx, "from=240&count=20");
    assert_eq!((names(&last)[0], names(&last).len(), &last["from"]), ("app240", 10, &json!(240)));
    assert_eq!(names(&page(&nginx, "app=P12&count=3")), ["app120", "app121", "app122"]);
    assert_eq!(page(&nginx, "app=p12")["found"], 10);
    assert_eq!(names(&page(&nginx, "app=host12.example")), ["app237"]);
    assert_eq!(names(&page(&nginx, "app=host12%2Eexample")), ["app237"]);
    for query in ["from=250", "app=nothing", "count=0", "app=%FF", "from=99999999999"] {
        assert_eq!(names(&page(&nginx, query)), [""; 0], "{query}");
    }
    assert_eq!(page(&nginx, "count=100000")["page"].as_array().unwrap().len(), 250);
    for query in ["from=-1", "count=many", "from="] {
        assert_eq!(nginx.get(&format!("/report?{query}")).status, 400, "{query}");
    }
}

#[test]
fn a_site_that_is_named_in_its_location_opens_it_to_whom_that_lets_in() {
    let nginx = Site::new()
        .fleet_server(
            "",
            "",
            "location /closed { ipgate_report; } location /open { ipgate_site fleet; ipgate shop; ipgate_report; }",
        )
        .start();
    let status = |path: &str, client: &str| get_with(nginx.port(0), path, &[("X-Real-IP", client)]).status;
    assert_eq!((status("/closed", "192.0.2.1"), status("/open", "192.0.2.1")), (403, 200));
    assert_eq!((status("/open", "8.8.8.8"), nginx.get("/closed").status), (403, 200));
}
