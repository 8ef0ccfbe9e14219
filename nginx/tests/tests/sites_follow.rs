//! Sites that change while nginx runs: apps, hosts and lists come and go without a reload, in every worker.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use ipgate_nginx_tests::{Connection, Installed, Nginx, Site, eventually};
use rustix::process::Signal;

const SERVER: &str = r#"add_header X-Worker $pid always; add_header X-Label $ipgate_label always;
    add_header X-App $ipgate_app always; add_header X-Generation $ipgate_generation always;
    ipgate_site fleet;
    location / { ipgate $arg_app; empty_gif; } location /named { ipgate shop; empty_gif; }
    location /host { ipgate_host $host; empty_gif; } location /report { ipgate_site off; ipgate_report; }"#;

/// Who serves an app, under which label, to a client.
fn label(nginx: &Nginx, app: &str, client: &str) -> String {
    nginx.get_from(&format!("/?app={app}"), client).header("X-Label").to_owned()
}

fn site_of(nginx: &Nginx) -> serde_json::Value {
    nginx.report()["sites"][0].clone()
}

/// A connection to each worker, kept.
fn connections(nginx: &Nginx, workers: usize) -> Vec<Connection> {
    let (mut connections, mut seen) = (Vec::new(), HashSet::new());
    eventually("a connection to each worker", || {
        let mut connection = Connection::open(nginx.port(0)).unwrap();
        let response = connection.get("/", &[]).unwrap();
        if seen.insert(response.header("X-Worker").to_owned()) {
            connections.push(connection);
        }
        seen.len() == workers
    });
    connections
}

#[test]
fn apps_appear_change_and_vanish_in_every_worker() {
    let nginx = Site::new()
        .workers(3)
        .with_fleet()
        .http(&format!(
            "set_real_ip_from 127.0.0.1; real_ip_header X-Real-IP; ipgate_site fleet path=fleet interval=40ms;
             server {{ listen 127.0.0.1:PORT0 reuseport; keepalive_requests 1000000; {SERVER} }}"
        ))
        .start();
    eventually("three workers", || nginx.workers().len() == 3);
    let workers = nginx.workers();
    let mut connections = connections(&nginx, 3);
    let mut everywhere = |what: &str, path: &str, client: &str, status: u16, label: &str| {
        for connection in &mut connections {
            eventually(what, || {
                let response = connection.get(path, &[("X-Real-IP", client)]).unwrap();
                (response.status, response.header("X-Label")) == (status, label)
            });
        }
    };
    everywhere("no app yet", "/?app=new", "192.0.2.1", 403, "");
    nginx.write("fleet/apps/new.list", "192.0.2.0/24:first\n");
    everywhere("the app is there", "/?app=new", "192.0.2.1", 200, "first");
    nginx.write("fleet/apps/new.list", "!192.0.2.0/24:second\n");
    everywhere("its list has changed", "/?app=new", "192.0.2.1", 403, "second");
    nginx.write("fleet/hosts", "test new\n");
    everywhere("it has a host", "/host", "192.0.2.1", 403, "second");
    fs::remove_file(nginx.path("fleet/apps/new.list")).unwrap();
    everywhere("its list is gone", "/?app=new", "192.0.2.1", 403, "");
    everywhere("and the default list is not", "/?app=new", "10.1.1.1", 200, "corp");
    nginx.write("fleet/default.list", "192.0.2.0/24:all\n");
    everywhere("another default list, for all apps", "/?app=new", "192.0.2.1", 200, "all");
    everywhere("for named apps, too", "/named", "192.0.2.1", 200, "partner");
    fs::remove_file(nginx.path("fleet/apps/shop.list")).unwrap();
    everywhere("a named app has no list any more", "/named", "192.0.2.1", 200, "all");
    nginx.write("fleet/apps/shop.list", "203.0.113.1:again\n");
    everywhere("and has one again", "/named", "203.0.113.1", 200, "again");
    assert_eq!(nginx.workers(), workers, "nobody was replaced");
    assert!(nginx.log_count(r#"ipgate_site "fleet": generation "#) > 3, "{}", nginx.log());
}

#[test]
fn a_bad_list_touches_its_app_alone() {
    let nginx = Site::new().fleet_server("", "", SERVER).start();
    nginx.write("fleet/apps/shop.list", "foobar\n");
    eventually("the log tells", || nginx.log_count("shop.list: list rejected, 1 error: ") == 1);
    nginx.write("fleet/apps/new.list", "192.0.2.300\n");
    eventually("and of the next one", || {
        nginx.log_count("the app new has had no good list, and denies everyone") == 1
    });
    nginx.write("fleet/apps/bank.list", "198.51.100.0/24:cashier\n");
    eventually("the bank has its new list", || label(&nginx, "bank", "198.51.100.1") == "cashier");
    eventually("a new app without a good list is closed", || {
        nginx.get_from("/?app=new", "10.1.1.1").status == 403
    });
    assert_eq!(label(&nginx, "shop", "192.0.2.1"), "partner", "the last good list stays");
    nginx.write("fleet/apps/new.list", "192.0.2.3:new\n");
    nginx.write("fleet/apps/shop.list", "192.0.2.3:better\n");
    eventually("good lists", || {
        label(&nginx, "new", "192.0.2.3") == "new" && label(&nginx, "shop", "192.0.2.3") == "better"
    });
}

#[test]
fn a_bad_site_changes_nothing() {
    let nginx = Site::new().fleet_server("", "", SERVER).start();
    for (name, bad, good) in [
        ("fleet/site.toml", "enforce = perhaps\n", "enforce = true\n"),
        ("fleet/hosts", "one.example.com\n", "one.example.com shop\n"),
    ] {
        let before = nginx.log_count("[error]");
        nginx.write(name, bad);
        eventually("a line", || nginx.log_count("[error]") > before);
        assert!(nginx.log().contains("; what was good of it, generation "), "{}", nginx.log());
        assert_eq!(label(&nginx, "shop", "192.0.2.1"), "partner");
        eventually("a count", || site_of(&nginx)["failures"].as_u64() > Some(0));
        assert_eq!(site_of(&nginx)["last_result"], "failed");
        nginx.write(name, good);
        eventually("good again", || site_of(&nginx)["last_result"] == "ok");
    }
}

#[test]
fn the_guard_refuses() {
    let nginx = Site::new()
        .fleet_server("max_removed=40% keep_enforced shrink=50% keep=10.0.0.1", "", SERVER)
        .start();
    let refused = |what: &str, name: &str, bad: Option<&str>, good: &str| {
        let before = nginx.log_count("[error]");
        match bad {
            Some(bad) => nginx.write(name, bad),
            None => fs::rename(nginx.path(name), nginx.path("away")).unwrap(),
        }
        eventually(what, || nginx.log_count("[error]") > before);
        assert_eq!(label(&nginx, "shop", "192.0.2.1"), "partner");
        assert_eq!(label(&nginx, "other", "10.0.0.1"), "corp");
        assert_eq!(nginx.get_from("/?app=other", "8.8.8.8").status, 403);
        match bad {
            Some(_) => nginx.write(name, good),
            None => fs::rename(nginx.path("away"), nginx.path(name)).unwrap(),
        }
        eventually("good again", || site_of(&nginx)["last_result"] == "ok");
    };
    refused("enforce stays", "fleet/site.toml", Some("enforce = false\n"), "enforce = true\n");
    refused("most apps stay", "fleet/apps", None, "");
    refused("10.0.0.1 stays", "fleet/default.list", Some("10.0.0.2\n"), "10.0.0.0/8:corp\n");
    refused("half of a list stays", "fleet/apps/shop.list", Some("192.0.2.9\n"), "192.0.2.0/24:partner\n");
}

/// Compiles a folder to an image with the command.
fn compile(folder: &Path, image: &Path) {
    let output = Command::new(Installed::command())
        .args(["compile", "--site"])
        .arg(folder)
        .arg("-o")
        .arg(image)
        .output()
        .expect("the command runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn an_image_is_served_as_its_folder_and_followed() {
    let site = Site::new().with_fleet();
    compile(&site.path("fleet"), &site.path("fleet.image"));
    let nginx = site.server("ipgate_site fleet path=fleet.image interval=40ms;", SERVER).start();
    assert_eq!(label(&nginx, "shop", "192.0.2.1"), "partner");
    assert_eq!(nginx.get_from("/?app=bank", "10.1.1.1").status, 403);
    nginx.write("fleet/apps/shop.list", "192.0.2.0/24:compiled\n");
    compile(&nginx.path("fleet"), &nginx.path("next.image"));
    assert_eq!(label(&nginx, "shop", "192.0.2.1"), "partner", "the folder is not what is followed");
    fs::rename(nginx.path("next.image"), nginx.path("fleet.image")).unwrap();
    eventually("the new image", || label(&nginx, "shop", "192.0.2.1") == "compiled");
    let image = fs::read(nginx.path("fleet.image")).unwrap();
    nginx.write("fleet.image", &image[..image.len() / 2]);
    eventually("half an image is refused", || nginx.log_count("[error]") > 0);
    assert_eq!(label(&nginx, "shop", "192.0.2.1"), "compiled");
}

#[test]
fn a_reload_keeps_the_site_and_takes_what_has_changed() {
    let nginx = Site::new().fleet_server("", "", SERVER).start();
    let changed = site_of(&nginx)["last_change"].clone();
    nginx.reload();
    assert_eq!(site_of(&nginx)["last_change"], changed, "nothing was read anew");
    assert_eq!(label(&nginx, "shop", "192.0.2.1"), "partner");
    nginx.write("fleet/hosts", "nothing\n");
    nginx.write("fleet/apps/shop.list", "192.0.2.0/24:late\n");
    nginx.reload();
    assert_eq!(nginx.get_from("/?app=bank", "198.51.100.1").status, 200, "a bad site stops no reload");
    nginx.write("fleet/hosts", "");
    eventually("what is good again is taken", || label(&nginx, "shop", "192.0.2.1") == "late");
    nginx.edit("location /named { ipgate shop; empty_gif; }", "location /named { ipgate bank; empty_gif; }");
    nginx.reload();
    assert_eq!(nginx.get_from("/named", "198.51.100.1").status, 200, "another app is written out");
}

#[test]
fn a_worker_that_starts_has_what_has_changed_since_before_it_serves() {
    let nginx = Site::new().fleet_server("", "", SERVER).start();
    let worker = nginx.workers()[0];
    nginx.signal_to(worker, Signal::STOP);
    nginx.write("fleet/apps/shop.list", "192.0.2.0/24:new\n");
    nginx.signal_to(worker, Signal::KILL);
    eventually("another worker", || nginx.workers().first().is_some_and(|&pid| pid != worker));
    assert_eq!(label(&nginx, "shop", "192.0.2.1"), "new");
}

#[test]
fn a_binary_upgrade_reads_the_site_anew() {
    let nginx = Site::new().daemon().fleet_server("", "", SERVER).start();
    let old = nginx.pid_in_file();
    eventually("a new master", || {
        // It heeds this only when it is nobody's child any more, and then once.
        nginx.signal(Signal::USR2);
        nginx.pid_in_file().is_some() && nginx.pid_in_file() != old
    });
    nginx.signal(Signal::QUIT);
    nginx.write("fleet/apps/shop.list", "192.0.2.0/24:upgraded\n");
    eventually("the new master's workers follow", || label(&nginx, "shop", "192.0.2.1") == "upgraded");
}
