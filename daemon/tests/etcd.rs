//! From a real etcd to a published image, and changes back into it.

#![cfg(feature = "etcd")]

mod common;
#[path = "../../sources/tests/support/server.rs"]
#[allow(dead_code, unreachable_pub)]
mod server;

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use common::{Daemon, Place, allows, ask, said};
use serde_json::Value;
use server::Etcd;

fn etcdctl(etcd: &Etcd, arguments: &[&str]) -> String {
    let output = Command::new("etcdctl")
        .env("ETCDCTL_API", "3")
        .arg("--endpoints")
        .arg(etcd.url())
        .args(arguments)
        .output();
    let output = output.expect("etcdctl (Debian: etcd-client)");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// What `deisctl config router set` and `deis config:set` wrote, is published; and is after a restart without the server.
#[test]
fn keys_of_deis_are_published() {
    let Some(mut etcd) = Etcd::start() else { return };
    let place = Place::new();
    let (state, image) = (place.path("state"), place.path("site.image"));
    let url = etcd.url();
    let start = || {
        Daemon::start(arguments![
            "--etcd",
            &url,
            "--state",
            &state,
            "--publish",
            &image,
            "--admin",
            "127.0.0.1:0"
        ])
    };
    etcdctl(&etcd, &["put", "/deis/router/enforceWhitelist", "true"]);
    etcdctl(
        &etcd,
        &["put", "/deis/config/shop/deis_whitelist", "10.0.1.0/24:office_ABC,212.121.212.121:client_YXZ"],
    );
    let daemon = start();
    daemon.wait_until_published();
    assert!(
        allows(&image, "shop", "10.0.1.7")
            && !allows(&image, "shop", "10.0.2.7")
            && !allows(&image, "blog", "10.0.1.7")
    );
    etcdctl(&etcd, &["put", "/deis/config/shop/deis_whitelist", "10.0.2.0/24:new_office"]);
    daemon.until("the change is published", || allows(&image, "shop", "10.0.2.7"));
    assert!(!allows(&image, "shop", "10.0.1.7"));
    let before = daemon.wait_until_published();
    assert!(daemon.stop().0.success());

    etcd.kill();
    let daemon = start();
    daemon.wait_until_ready();
    assert_eq!(daemon.report()["site"]["digest"], before["site"]["digest"]);
    daemon.until("it is away", || daemon.report()["sources"][0]["condition"] == "away");
    etcd.restart();
    etcdctl(&etcd, &["put", "/deis/config/blog/deis_whitelist", "192.0.2.0/24"]);
    daemon.until("it goes on", || allows(&image, "blog", "192.0.2.1"));
}

#[test]
fn changes_go_into_etcd_and_none_is_lost() {
    const EACH: usize = 10;
    let Some(etcd) = Etcd::start() else { return };
    let place = Place::new();
    let tokens = place.write("tokens", "anna-owns-everything anna * owner\n");
    fs::set_permissions(&tokens, fs::Permissions::from_mode(0o600)).unwrap();
    etcdctl(&etcd, &["put", "/deis/config/shop/deis_whitelist", "192.0.2.7"]);
    let (url, listen) = (etcd.url(), "127.0.0.1:0");
    let daemon = Daemon::start(arguments![
        "--etcd",
        &url,
        "--control",
        listen,
        "--tokens",
        &tokens,
        "--admin",
        listen
    ]);
    daemon.wait_until_ready();
    let control = daemon.address("control");
    let send = |method: &str, address: &str| {
        let body = format!("{{\"addresses\": [{address:?}]}}");
        let token = [("Authorization", "token anna-owns-everything")];
        ask(control, method, "/v2/apps/shop/whitelist/", &token, &body)
    };
    thread::scope(|scope| {
        for writer in 0..3 {
            scope.spawn(move || {
                for n in 0..EACH {
                    while send("POST", &format!("10.{writer}.{n}.0/24")).code == 503 {} // others were faster 32 times
                }
            });
        }
    });
    let text = etcdctl(&etcd, &["get", "--print-value-only", "/deis/config/shop/deis_whitelist"]);
    assert_eq!(text.trim().split(',').count(), 1 + 3 * EACH, "{text}");
    assert_eq!(send("DELETE", "192.0.2.7").code, 204);
    daemon.until("it is in force", || daemon.report()["site"]["entries"] == 3 * EACH);
}

/// The command, which is built beside the daemon where the tests of all packages are built.
fn ipgate() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_BIN_EXE_ipgated")).with_file_name("ipgate");
    let help = Command::new(&path).args(["fleet", "status", "--help"]).output();
    if help.is_ok_and(|help| String::from_utf8_lossy(&help.stdout).contains("--fleet")) {
        return Some(path);
    }
    let missing = format!("SKIPPED: no `ipgate` of now is at {} (cargo build -p ipgate-cli)", path.display());
    let _ = writeln!(std::io::stderr(), "{missing}");
    None
}

/// What `/routers` of a daemon says: names with digests.
fn routers(daemon: &Daemon) -> Vec<(String, Value)> {
    let answer = daemon.get("/routers").json();
    assert_eq!(answer["unreadable"], Value::Array(Vec::new()), "{answer}");
    let line =
        |line: &Value| (line["id"].as_str().unwrap().to_owned(), line["report"]["site"]["digest"].clone());
    answer["routers"].as_array().unwrap().iter().map(line).collect()
}

/// Two routers say what they enforce: one of them is asked about both, and about a write.
#[test]
fn one_router_knows_what_all_enforce() {
    let Some(etcd) = Etcd::start() else { return };
    let place = Place::new();
    let (url, listen) = (etcd.url(), "127.0.0.1:0");
    let start = |id: &str| {
        let image = place.path(&format!("{id}.image"));
        Daemon::start(arguments![
            "--etcd",
            &url,
            "--confirm",
            "--id",
            id,
            "--admin",
            listen,
            "--publish",
            &image
        ])
    };
    etcdctl(&etcd, &["put", "/deis/config/shop/deis_whitelist", "10.0.1.0/24:office_ABC"]);
    let [one, two] = ["edge-1", "edge-2"].map(start);
    let enforced = |daemon: &Daemon| daemon.wait_until_published()["site"]["digest"].clone();
    let both =
        |digest: &Value| vec![("edge-1".to_owned(), digest.clone()), ("edge-2".to_owned(), digest.clone())];
    let before = enforced(&one);
    one.until("both have it", || routers(&one) == both(&before));
    let command = ipgate();
    let fleet = |arguments: &[&str]| {
        let url = format!("http://{}", one.address("admin"));
        let output = Command::new(command.as_ref()?)
            .args(["fleet"])
            .args(arguments)
            .args(["--fleet", &url])
            .output()
            .unwrap();
        Some((output.status.code(), String::from_utf8(output.stdout).unwrap()))
    };
    if let Some((code, lines)) = fleet(&["status"]) {
        let short = &before.as_str().unwrap()[..12];
        let has = |id: &str| {
            lines.lines().any(|line| line.starts_with(id) && line.contains(short) && line.ends_with("\tok"))
        };
        assert!(code == Some(0) && has("edge-1\tready") && has("edge-2\tready"), "{code:?}: {lines}");
    }

    etcdctl(&etcd, &["put", "/deis/config/shop/deis_whitelist", "10.0.2.0/24:new_office"]);
    two.until("it is published", || allows(&place.path("edge-2.image"), "shop", "10.0.2.7"));
    let after = enforced(&two);
    assert_ne!(before, after);
    if let Some((code, _)) = fleet(&["wait", after.as_str().unwrap(), "--at-least", "2"]) {
        assert_eq!(code, Some(0));
    }
    two.until("both have the new one", || routers(&two) == both(&after));
    // One stops, and is no longer one of them.
    assert!(one.stop().0.success());
    assert_eq!(routers(&two), both(&after)[1..]);
}

#[test]
fn what_cannot_confirm_is_told() {
    let place = Place::new().with_site();
    let site = place.path("site");
    let (code, _, err) = said(arguments!["--site", &site, "--confirm", "--check-config"]);
    assert!(code == 2 && err.contains("--confirm is of sources in etcd (v3) and Kubernetes"), "{err}");
    let (code, _, err) =
        said(["--etcd", "http://127.0.0.1:1", "--confirm", "--id", "rack 1", "--check-config"]);
    assert!(code == 2 && err.contains("is no name of a router"), "{err}");
    let daemon = Daemon::start(arguments!["--site", &site, "--admin", "127.0.0.1:0"]);
    let answer = daemon.get("/routers");
    assert!(answer.code == 404 && answer.body.contains("start with --confirm"), "{answer:?}");
}
