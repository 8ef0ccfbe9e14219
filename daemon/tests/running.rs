//! The daemon as a process: closed at first, in force, told anew, stopped.

mod common;

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::time::Instant;

use common::{Daemon, Place, command};

#[test]
fn it_is_closed_until_a_source_has_answered() {
    let place = Place::new();
    let (site, image) = (place.path("site"), place.path("out/site.image"));
    let daemon = Daemon::start(arguments!["--site", &site, "--publish", &image, "--admin", "127.0.0.1:0"]);
    assert_eq!(daemon.get("/healthz").body, "ok\n");
    daemon.wait_for("its answer cannot be read");
    let ready = daemon.get("/readyz");
    assert_eq!(ready.code, 503);
    assert!(ready.body.contains(&format!("no answer yet from folder {}", site.display())), "{}", ready.body);
    assert_eq!(daemon.report()["site"]["ready"], false);
    let site_before = daemon.get("/site");
    assert_eq!((site_before.code, &site_before.body), (503, &ready.body), "nobody is no site");
    assert!(!image.exists(), "nobody is published");
    let _place = place.with_site();
    daemon.wait_until_ready();
    daemon.wait_until_published();
    assert!(common::allows(&image, "shop", "192.0.2.7") && !common::allows(&image, "shop", "192.0.2.8"));
}

#[test]
fn changes_come_into_force_and_are_reported() {
    let place = Place::new().with_site();
    let daemon = Daemon::start(arguments!["--site", place.path("site"), "--admin", "127.0.0.1:0"]);
    daemon.wait_until_ready();
    let before = daemon.report();
    assert_eq!((&before["site"]["apps"], &before["site"]["entries"]), (&1.into(), &2.into()));
    place.write("site/apps/blog.list", "198.51.100.0/24:press\n");
    daemon.until("the app is there", || daemon.report()["site"]["apps"] == 2);
    let after = daemon.report();
    assert_ne!(before["site"]["digest"], after["site"]["digest"]);
    assert!(after["site"]["generation"].as_u64() > before["site"]["generation"].as_u64());
    assert_eq!(after["sources"][0]["condition"], "connected");

    let metrics = daemon.get("/metrics").body;
    for line in [
        "ipgated_ready 1.0",
        "ipgated_site_apps 2.0",
        "ipgated_site_entries 3.0",
        "ipgated_source_condition{source=\"1\",condition=\"connected\"} 1.0",
        "ipgated_source_condition{source=\"1\",condition=\"away\"} 0.0",
        "ipgated_source_apps{source=\"1\",kind=\"folder\"} 2.0",
        "ipgated_source_bad{source=\"1\",kind=\"folder\"} 0.0",
        "ipgated_refusals_total 0",
        "# EOF",
    ] {
        assert!(metrics.lines().any(|other| other == line), "{line} is not in\n{metrics}");
    }
    assert!(!metrics.contains(place.path("").to_str().unwrap()), "{metrics}");
}

#[test]
fn the_site_in_force_is_given_as_an_image() {
    let place = Place::new().with_site();
    let daemon = Daemon::start(arguments!["--site", place.path("site"), "--admin", "127.0.0.1:0"]);
    daemon.wait_until_ready();
    let given = daemon.get("/site");
    assert_eq!((given.code, given.headers["content-type"].as_str()), (200, "application/octet-stream"));
    let tag = format!("\"{}\"", daemon.report()["site"]["digest"].as_str().unwrap());
    assert_eq!(given.headers["etag"], tag);
    let path = place.path("given.image");
    fs::write(&path, &given.bytes).unwrap();
    for (app, client, allowed) in [
        ("shop", "192.0.2.7", true),
        ("shop", "10.1.1.1", true),
        ("other", "10.1.1.1", true),
        ("other", "192.0.2.7", false),
    ] {
        assert_eq!(common::allows(&path, app, client), allowed, "{app} {client}");
    }
    // Whoever has it gets none, until it is another one.
    let again =
        |tag: &str| common::ask(daemon.address("admin"), "GET", "/site", &[("If-None-Match", tag)], "");
    let same = again(&tag);
    assert_eq!((same.code, same.bytes.len(), &same.headers["etag"]), (304, 0, &tag));
    place.write("site/apps/blog.list", "198.51.100.0/24:press\n");
    daemon.until("the app is there", || daemon.report()["site"]["apps"] == 2);
    let other = again(&tag);
    assert_eq!(other.code, 200);
    assert_ne!(other.headers["etag"], tag);
    fs::write(&path, &other.bytes).unwrap();
    assert!(common::allows(&path, "blog", "198.51.100.1"));
}

#[test]
fn a_bad_list_is_one_line_and_touches_its_app_alone() {
    let place = Place::new().with_site();
    place.write("site/apps/bad.list", "10.0.0.0/33\nfoobar\n");
    let daemon = Daemon::start(arguments!["--site", place.path("site"), "--admin", "127.0.0.1:0"]);
    daemon.wait_until_ready();
    assert_eq!(daemon.report()["site"]["apps"], 2);
    place.write("site/apps/shop.list", "10.0.0.0/33\n");
    daemon.until("it is told", || daemon.report()["sources"][0]["condition"] == "degraded");
    let shop = "shop.list: list rejected: 1 error";
    daemon.wait_for(shop);
    let lines = daemon.log().iter().filter(|line| !line.is_object()).count();
    assert_eq!(lines, 0, "every line is an object: {:#?}", daemon.log());
    assert!(
        daemon.log().iter().all(|line| !line["message"].as_str().unwrap().contains('\n')),
        "{:#?}",
        daemon.log()
    );
}

#[test]
fn a_guard_refuses_and_is_told() {
    let place = Place::new().with_site();
    let file = place.write("ipgated.toml", "[guard]\nkeep_enforced = true\n");
    let site = place.path("site");
    let daemon = Daemon::start(arguments!["--config", &file, "--site", &site, "--admin", "127.0.0.1:0"]);
    daemon.wait_until_ready();
    place.write("site/site.toml", "enforce = false\n");
    let told = daemon.wait_for("permit `enforce-off`");
    assert_eq!(told["level"], "WARN");
    assert_eq!(daemon.report()["site"]["enforce"], true);
    daemon.until("it is counted", || daemon.get("/metrics").body.contains("ipgated_refusals_total 1"));
}

#[test]
fn hangup_reads_the_configuration_anew() {
    let place = Place::new().with_site();
    place.write("other/site.toml", "enforce = true\n");
    place.write("other/apps/blog.list", "198.51.100.0/24\n");
    let source = |name: &str| format!("[[source]]\nkind = \"folder\"\npath = {:?}\n", place.path(name));
    let published = |name: &str| format!("[publish]\npath = {:?}\n", place.path(name));
    let file = place.write("ipgated.toml", &(source("site") + &published("a.image")));
    let daemon = Daemon::start(arguments!["--config", &file, "--admin", "127.0.0.1:0"]);
    daemon.wait_until_published();
    let before = daemon.report();

    place.write("ipgated.toml", "paht = 1\n");
    daemon.signal("HUP");
    let told = daemon.wait_for("the configuration is bad, and nothing has changed");
    assert_eq!(told["level"], "ERROR");
    assert!(told["message"].as_str().unwrap().contains("ipgated.toml:1:1: there is no key `paht`"), "{told}");
    assert_eq!(daemon.report()["site"]["digest"], before["site"]["digest"]);

    // A source that is not there yet: what is in force stays until it is.
    place.write("ipgated.toml", &(source("later") + &published("b.image")));
    daemon.signal("HUP");
    daemon.wait_for("the configuration was read anew");
    assert_eq!(daemon.report()["site"]["digest"], before["site"]["digest"]);
    assert_eq!(daemon.get("/readyz").code, 200);
    fs::rename(place.path("other"), place.path("later")).unwrap();
    daemon.until("the other site is in force", || {
        daemon.report()["site"]["digest"] != before["site"]["digest"]
    });
    let report = daemon.wait_until_published();
    assert_eq!((&report["site"]["apps"], report["sources"].as_array().unwrap().len()), (&1.into(), 1));
    let image = place.path("b.image");
    assert!(common::allows(&image, "blog", "198.51.100.1") && !common::allows(&image, "shop", "192.0.2.7"));
}

#[test]
fn a_restart_begins_with_what_was_in_force() {
    let place = Place::new().with_site();
    let (site, state) = (place.path("site"), place.path("state"));
    let start = || {
        let began = Instant::now();
        let daemon = Daemon::start(arguments!["--site", &site, "--state", &state, "--admin", "127.0.0.1:0"]);
        daemon.wait_until_ready();
        (daemon, began.elapsed())
    };
    let (daemon, _) = start();
    let before = daemon.report();
    let (status, _) = daemon.stop();
    assert!(status.success());
    fs::rename(&site, place.path("away")).unwrap();
    let (daemon, took) = start();
    println!("in force after {took:?}, the source being away");
    let after = daemon.report();
    assert_eq!(after["site"]["digest"], before["site"]["digest"]);
    daemon.wait_for("its answer cannot be read");
    assert_eq!(daemon.report()["sources"][0]["condition"], "away");
}

#[test]
fn it_tells_systemd_and_stops_when_told() {
    let place = Place::new().with_site();
    let socket = place.path("notify");
    let systemd = UnixDatagram::bind(&socket).unwrap();
    let mut command = command();
    command.env("NOTIFY_SOCKET", &socket).env("WATCHDOG_USEC", "300000");
    command.args(arguments!["--site", place.path("site"), "--publish", place.path("site.image")]);
    let daemon = Daemon::spawn(command);
    let told = |what: &str| {
        let mut bytes = [0; 4096];
        loop {
            let len = systemd.recv(&mut bytes).unwrap();
            let text = String::from_utf8_lossy(&bytes[..len]).into_owned();
            if text.lines().any(|line| line.starts_with(what)) {
                return text;
            }
        }
    };
    told("READY=1");
    told("WATCHDOG=1");
    daemon.wait_for("is in force");
    daemon.signal("HUP");
    assert!(told("RELOADING=1").contains("MONOTONIC_USEC="));
    told("READY=1");
    daemon.signal("TERM");
    told("STOPPING=1");
    let (status, log) = daemon.stop();
    assert!(status.success(), "{log:#?}");
    assert!(place.path("site.image").exists(), "what was in force was published");
}

#[test]
fn a_listener_beyond_this_machine_is_warned_of() {
    let place = Place::new().with_site();
    let daemon = Daemon::start(arguments!["--site", place.path("site"), "--admin", "0.0.0.0:0"]);
    assert_eq!(daemon.wait_for("everybody who reaches this address can ask")["level"], "WARN");
    let taken = daemon.address("admin").to_string();
    let (code, _, err) = common::said(arguments!["--site", place.path("site"), "--admin", &taken]);
    assert_eq!(code, 2);
    assert!(err.contains("the admin listener cannot have") && err.contains("give it another port"), "{err}");
}
