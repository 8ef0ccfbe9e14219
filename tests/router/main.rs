//! The example router, as a process: who gets through, and a list edited under requests.

#![cfg(all(feature = "watch", target_os = "linux"))] // other systems have no 127.0.0.2 without setup

mod bounds;
mod process;
mod proxy;

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use process::{Router, binary, get, status};

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
