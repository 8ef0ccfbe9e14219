//! From a real etcd to a published image, and changes back into it.

#![cfg(feature = "etcd")]

mod common;
#[path = "../../sources/tests/support/server.rs"]
#[allow(dead_code, unreachable_pub)]
mod server;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::thread;

use common::{Daemon, Place, allows, ask};
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
