//! Routers that say what they enforce in a real etcd: they come, change, die, and lose their rights.
#![cfg(all(feature = "etcd", feature = "etcd-v2"))]

mod support;

use std::time::Duration;

use etcd_client::{ConnectOptions, Permission, RoleRevokePermissionOptions};
use ipgate_sources::{EtcdAccess, EtcdRoster, Roster, RouterReport};
use serde_json::Value;
use support::{Confirmed, Etcd, V3, known, report, until_known};

/// Short, so that who dies is soon forgotten; the server takes no shorter one.
const LEASE: Duration = Duration::from_secs(2);

fn roster(etcd: &Etcd) -> EtcdRoster {
    EtcdRoster::new([etcd.url()]).lease(LEASE)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_router_appears_changes_and_dies() {
    let Some(mut etcd) = Etcd::start() else { return };
    let (all, keys) = (roster(&etcd), V3::connect(&etcd.url()).await);
    assert_eq!(known(&all).await, "");
    let [one, two] = ["edge-1", "edge-2"].map(|id| Confirmed::start(roster(&etcd), id));
    one.say(report('a'));
    two.say(report('a'));
    until_known(&all, "edge-1 a, edge-2 a").await;
    one.say(report('b'));
    until_known(&all, "edge-1 b, edge-2 a").await;
    // As an operator sees it.
    let value: Value = serde_json::from_str(&keys.get("/deis/routers/edge-1").await.unwrap()).unwrap();
    assert_eq!((&value["digest"], &value["generation"]), (&Value::String("b".repeat(64)), &Value::from(7)));
    assert_eq!((&value["apps"], &value["entries"]), (&Value::from(2), &Value::from(9)));

    // One is killed: its key goes with its lease. That of the other one is renewed meanwhile.
    drop(one);
    until_known(&all, "edge-2 a").await;
    let revision = keys.revision().await;
    tokio::time::sleep(LEASE / 2).await;
    assert_eq!(known(&all).await, "edge-2 a");
    assert_eq!(keys.revision().await, revision, "what does not change is not written again");

    // The server ends without a word, and comes again; and another time with nothing of what it had.
    etcd.restart();
    two.say(report('c'));
    until_known(&roster(&etcd), "edge-2 c").await;
    etcd.restart_empty();
    until_known(&roster(&etcd), "edge-2 c").await;
    // What cannot be read is a router nevertheless.
    V3::connect(&etcd.url()).await.put("/deis/routers/edge-3", "{").await;
    let routers = roster(&etcd).all().await.unwrap();
    assert!(routers[1].id == "edge-3" && routers[1].report.is_err(), "{routers:?}");
    V3::connect(&etcd.url()).await.delete("/deis/routers/edge-3").await;
    // A stop takes it back at once.
    two.stop().await;
    assert_eq!(known(&roster(&etcd)).await, "");
}

/// More than a page of them.
#[tokio::test(flavor = "multi_thread")]
async fn all_pages_are_read() {
    let Some(etcd) = Etcd::start() else { return };
    let key = |n: usize| (format!("/deis/routers/edge-{n:04}"), r#"{"digest": "aa", "later": 1}"#.to_owned());
    let keys = V3::connect(&etcd.url()).await;
    keys.put_all(&(0..2500).map(key).collect::<Vec<_>>()).await;
    keys.put_all(&[("/deis/router0".into(), "x".into()), ("/deis/routers0".into(), "x".into())]).await;
    let routers = roster(&etcd).all().await.unwrap();
    assert_eq!((routers.len(), routers[2499].id.as_str()), (2500, "edge-2499"));
    let is_good =
        |said: &Result<RouterReport, String>| said.as_ref().unwrap().digest.as_deref() == Some("aa");
    assert!(routers.iter().all(|router| is_good(&router.report)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_that_is_withdrawn_is_told_once_and_what_was_said_expires() {
    let Some(etcd) = Etcd::start() else { return };
    let V3(mut root) = V3::connect(&etcd.url()).await;
    root.user_add("root", "root", None).await.unwrap();
    root.role_add("root").await.unwrap();
    root.user_grant_role("root", "root").await.unwrap();
    root.user_add("router", "secret", None).await.unwrap();
    root.role_add("ipgate-confirm").await.unwrap();
    // What the README grants to who confirms.
    let write = || Permission::write("/deis/routers/").with_prefix();
    root.role_grant_permission("ipgate-confirm", write()).await.unwrap();
    root.user_grant_role("router", "ipgate-confirm").await.unwrap();
    root.auth_enable().await.unwrap();
    let options = ConnectOptions::new().with_user("root", "root").with_auto_token_refresh(true);
    let V3(mut root) = V3::connect_with(&etcd.url(), Some(options)).await;
    let folder = tempfile::tempdir().unwrap();
    let password = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        EtcdAccess::new([etcd.url()]).user(name, path)
    };
    let access = password("router", "secret");
    let all = EtcdRoster::new(password("root", "root"));
    let one = Confirmed::start(EtcdRoster::new(access.clone()).lease(LEASE), "edge-1");
    one.say(report('a'));
    until_known(&all, "edge-1 a").await;
    let unreadable = EtcdRoster::new(access).all().await.unwrap_err().to_string();
    assert!(unreadable.contains("grant the right to read below /deis/routers/"), "{unreadable}");

    let range = RoleRevokePermissionOptions::new().with_prefix();
    root.role_revoke_permission("ipgate-confirm", "/deis/routers/", Some(range)).await.unwrap();
    one.say(report('b'));
    one.until_told("grant the right to write /deis/routers/edge-1").await;
    // What it said is no longer true: it is not renewed, and nobody takes it for what is in force.
    until_known(&all, "").await;
    root.role_grant_permission("ipgate-confirm", write()).await.unwrap();
    until_known(&all, "edge-1 b").await;
    one.until_told("told to its fleet again").await;
    let notices = one.notices();
    assert_eq!(notices.iter().filter(|notice| notice.contains("cannot be told")).count(), 1, "{notices:?}");
    assert!(!notices.concat().contains("secret"), "{notices:?}");
    one.stop().await;
    assert_eq!(known(&all).await, "");
}
