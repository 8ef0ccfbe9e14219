//! The example router, as a process: who gets through, and a list edited under requests.

#![cfg(all(feature = "watch", target_os = "linux"))] // other systems have no 127.0.0.2 without setup

mod bounds;
mod process;
mod proxy;

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use process::{Router, Upstream, binary, exchange, get, status};

#[tokio::test(flavor = "multi_thread")]
async fn the_list_decides_and_an_edit_changes_that_without_a_failed_request() {
    let router = Router::start("127.0.0.1:this_computer\n", &[]);
    let address = router.address;
    assert_eq!(status(&get("127.0.0.1", address).await), 200);
    let line = router.logged("request");
    for (field, expected) in [
        ("peer", "127.0.0.1"),
        ("method", "GET"),
        ("path", "/page"),
        ("decision", "allow"),
        ("reason", "allow-entry"),
        ("entry", "127.0.0.1/32"),
        ("label", "this_computer"),
    ] {
        assert_eq!(line[field], expected, "{line}");
    }
    assert_eq!((&line["status"], &line["generation"]), (&Value::from(200), &Value::from(2)));
    assert!(line["time"].is_string());

    assert_eq!(status(&get("127.0.0.2", address).await), 403);
    let line = router.logged("request");
    assert_eq!((&line["reason"], &line["label"]), (&Value::from("no-entry"), &Value::Null));

    let done = Arc::new(AtomicBool::new(false));
    let until = Arc::clone(&done);
    let meanwhile = tokio::spawn(async move {
        let mut statuses = Vec::new();
        while !until.load(Ordering::Relaxed) || statuses.is_empty() {
            statuses.push(status(&get("127.0.0.1", address).await));
        }
        statuses
    });
    router.edit("127.0.0.1:this_computer\n127.0.0.2:second_address\n");
    assert_eq!(router.logged("list-swapped")["generation"], 3);
    assert_eq!(status(&get("127.0.0.2", address).await), 200);
    router.edit("nonsense\n");
    assert!(router.logged("list-refused")["message"].as_str().unwrap().contains("line 1, column 1"));
    assert_eq!(status(&get("127.0.0.2", address).await), 200, "a bad list changes nothing");
    router.edit("127.0.0.1:this_computer\n");
    assert_eq!(router.logged("list-swapped")["generation"], 4);
    assert_eq!(status(&get("127.0.0.2", address).await), 403);
    done.store(true, Ordering::Relaxed);
    let statuses = meanwhile.await.unwrap();
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
}

#[tokio::test]
async fn an_upstream_that_is_not_there_is_a_502_and_a_denial_has_the_status_that_was_set() {
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let upstream = format!("http://{gone}");
    let router = Router::start("127.0.0.1\n", &["--upstream", &upstream, "--deny-status", "404"]);
    assert_eq!(status(&get("127.0.0.1", router.address).await), 502);
    assert_eq!(status(&get("127.0.0.2", router.address).await), 404);
}

/// Proxies in front name the client; whoever comes straight is itself, whatever it claims.
#[tokio::test]
async fn behind_proxies_the_client_is_whom_they_name() {
    let upstream = Upstream::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    let arguments = ["--upstream", &upstream.url, "--trusted-proxies", "127.0.0.2:lb"];
    let router = Router::start("203.0.113.9:partner\n127.0.0.2\n", &arguments);
    let asked = async |from: &str, way: &str| {
        let request =
            format!("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: {way}\r\nConnection: close\r\n\r\n");
        let status = status(&exchange(from, router.address, request.as_bytes()).await);
        let line = router.logged("request");
        (
            status,
            line["client"].as_str().map(str::to_owned),
            line["found"].as_str().unwrap_or_default().to_owned(),
        )
    };
    for (from, way, client, found) in [
        ("127.0.0.1", "203.0.113.9", Some("127.0.0.1"), "the peer"),
        ("127.0.0.2", "203.0.113.9, 6.6.6.6", Some("6.6.6.6"), "element 1 from the right"),
        ("127.0.0.2", "203.0.113.9, unknown", None, "element 1 from the right is `unknown`"),
    ] {
        assert_eq!(asked(from, way).await, (403, client.map(str::to_owned), found.to_owned()));
    }
    let partner = Some("203.0.113.9".to_owned());
    let found = "element 1 from the right".to_owned();
    assert_eq!(asked("127.0.0.2", "6.6.6.6, 203.0.113.9").await, (200, partner, found));
    let seen = upstream.seen().await;
    assert!(seen.contains("x-real-ip: 203.0.113.9\r\n"), "{seen}");
    assert!(seen.contains("x-forwarded-for: 6.6.6.6, 203.0.113.9, 127.0.0.2\r\n"), "{seen}");
}

#[test]
fn a_port_that_is_taken_is_an_error_that_helps() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = Command::new(binary()).args(["--listen", &address]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("is taken") && message.contains("--listen"), "{message}");
}

#[test]
fn the_sample_list_is_good_and_does_what_the_router_says() {
    let parsed = ipgate::list::Parser::new().deny_warnings(true).read("examples/office.list").unwrap();
    let table = ipgate::Table::new(&parsed.list);
    assert!(table.is_allowed([127, 0, 0, 1].into()));
    assert!(!table.is_allowed([127, 0, 0, 2].into()));
    assert!(!table.is_allowed([10, 0, 1, 66].into()) && table.is_allowed([10, 0, 1, 67].into()));
}
