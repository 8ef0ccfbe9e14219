//! The v2 API of a real etcd: each thing that can be done to a key, and what Deis v1 did with them.
#![cfg(feature = "etcd-v2")]

mod support;

use std::time::Duration;

use ipgate_sources::{EtcdV2Source, Layout};
use support::{Etcd, Follower, V2, eventually};

/// A machine may be slow: what is about a deploy must not be about its time.
const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test(flavor = "multi_thread")]
async fn what_deisctl_and_deis_set_is_in_force() {
    let Some(etcd) = Etcd::start() else { return };
    let keys = V2::new(&etcd.url());
    let mut follower = Follower::start(EtcdV2Source::new([etcd.url()]));
    follower.ready().await;
    assert!(follower.allows("shop", "192.0.2.1"), "an empty etcd requires nothing");
    keys.put("/deis/router/enforceWhitelist", "true").await;
    follower.until("shop", "192.0.2.1", false).await;
    keys.put("/deis/config/shop/deis_whitelist", "10.0.1.0/24:office_ABC,212.121.212.121:client_YXZ").await;
    follower.until("shop", "212.121.212.121", true).await;
    assert_eq!(follower.label("shop", "10.0.1.7").as_deref(), Some("office_ABC"));
    keys.put("/deis/router/controller/whitelist", "10.0.1.0/24:office_intranet,121.212.121.212:dev_jenkins")
        .await;
    keys.put("/deis/domains/example.com", "shop").await;
    keys.put("/deis/controller/subdomain", "admin").await;
    follower.until("deis/controller", "121.212.121.212", true).await;
    eventually(|| follower.app_of("admin.example.com").as_deref() == Some("deis/controller")).await;
    assert_eq!(follower.app_of("example.com").as_deref(), Some("shop"));
    keys.put("/deis/router/enforceWhitelist", "false").await;
    follower.until("blog", "192.0.2.1", true).await;
    assert!(!follower.allows("shop", "192.0.2.1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_to_change_a_key_is_seen() {
    let Some(etcd) = Etcd::start() else { return };
    let keys = V2::new(&etcd.url());
    let key = "/deis/config/shop/deis_whitelist";
    keys.put("/deis/config/anchor/deis_whitelist", "10.0.0.0/8").await;
    let mut follower = Follower::start(EtcdV2Source::new([etcd.url()]));
    follower.ready().await;
    keys.put_with(key, "192.0.2.1", &[("prevExist", "false")]).await; // create
    follower.until("shop", "192.0.2.1", true).await;
    keys.put_with(key, "192.0.2.2", &[("prevExist", "true")]).await; // update
    follower.until("shop", "192.0.2.2", true).await;
    keys.put_with(key, "192.0.2.3", &[("prevValue", "192.0.2.2")]).await; // compareAndSwap
    follower.until("shop", "192.0.2.3", true).await;
    keys.compare_and_delete(key, "192.0.2.3").await;
    follower.until("shop", "203.0.113.1", true).await;
    keys.put(key, "192.0.2.4").await; // set
    follower.until("shop", "203.0.113.1", false).await;
    keys.delete(key).await;
    follower.until("shop", "203.0.113.1", true).await;
    keys.put_with(key, "192.0.2.5", &[("ttl", "1")]).await; // expire
    follower.until("shop", "203.0.113.1", false).await;
    follower.until("shop", "203.0.113.1", true).await;
    keys.put(key, "192.0.2.6").await;
    follower.until("shop", "203.0.113.1", false).await;
    keys.directory("/deis/config/shop", &[("prevExist", "true"), ("ttl", "1")]).await; // a directory expires
    follower.until("shop", "203.0.113.1", true).await;
    eventually(|| follower.told("and is not in force any more") == 4).await;
}

/// As `deis config:set` does: the whole directory goes, and comes again key by key.
#[tokio::test(flavor = "multi_thread")]
async fn a_deploy_never_opens_its_app() {
    let Some(etcd) = Etcd::start() else { return };
    let keys = V2::new(&etcd.url());
    keys.put("/deis/config/shop/deis_whitelist", "10.0.0.0/8:office").await;
    keys.put("/deis/config/other/deis_whitelist", "10.0.0.0/8").await;
    let mut follower = Follower::start(EtcdV2Source::new([etcd.url()]).settle(HOUR));
    follower.ready().await;
    let gate = follower.gate.clone();
    let (stop, mut stopped) = tokio::sync::oneshot::channel::<()>();
    let watching = tokio::task::spawn_blocking(move || {
        let (stranger, office) = ("192.0.2.1".parse().unwrap(), "10.1.1.1".parse().unwrap());
        while stopped.try_recv() == Err(tokio::sync::oneshot::error::TryRecvError::Empty) {
            assert!(!gate.is_allowed("shop", stranger), "open during a deploy");
            assert!(gate.is_allowed("shop", office), "closed to its office during a deploy");
            std::thread::yield_now();
        }
    });
    for deploy in 0..20 {
        keys.delete_below("/deis/config/shop").await;
        for key in 0..60 {
            keys.put(&format!("/deis/config/shop/key{key}"), "value").await;
        }
        keys.put("/deis/config/shop/deis_whitelist", &format!("10.0.0.0/8:deploy{deploy}")).await;
    }
    eventually(|| follower.label("shop", "10.1.1.1").as_deref() == Some("deploy19")).await;
    stop.send(()).unwrap();
    watching.await.unwrap();
    assert_eq!(follower.told("and is not in force any more"), 0, "{:#?}", follower.notices());
}

/// A directory above those that are followed takes them with it; what is written after it counts.
#[tokio::test(flavor = "multi_thread")]
async fn all_keys_deleted_at_once_unset_nothing() {
    let Some(etcd) = Etcd::start() else { return };
    let keys = V2::new(&etcd.url());
    keys.put("/deis/config/shop/deis_whitelist", "10.0.0.0/8").await;
    keys.put("/deis/domains/shop.example", "shop").await;
    let mut follower = Follower::start(EtcdV2Source::new([etcd.url()]));
    follower.ready().await;
    keys.delete_below("/deis").await;
    eventually(|| follower.told("it has no list at all") >= 1).await;
    assert!(follower.allows("shop", "10.1.1.1") && !follower.allows("shop", "192.0.2.1"));
    assert_eq!(follower.app_of("shop.example").as_deref(), Some("shop"));
    keys.put("/deis/config/shop/deis_whitelist", "192.0.2.0/24").await;
    follower.until("shop", "192.0.2.1", true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plain_layout_is_there_for_v2_too() {
    let Some(etcd) = Etcd::start() else { return };
    let keys = V2::new(&etcd.url());
    for (key, value) in [
        ("/ipgate/enforce", "true"),
        ("/ipgate/default", "10.0.0.0/8:corp"),
        ("/ipgate/apps/team/blog/list", "198.51.100.0/24"),
        ("/ipgate/apps/team/blog/mode", "override"),
        ("/ipgate/apps/shop/hosts", "shop.example"),
    ] {
        keys.put(key, value).await;
    }
    let mut follower =
        Follower::start(EtcdV2Source::new([etcd.url()]).prefix("ipgate").layout(Layout::Plain));
    follower.ready().await;
    assert!(follower.allows("shop", "10.1.1.1") && !follower.allows("team/blog", "10.1.1.1"));
    keys.put("/ipgate/mode", "override").await;
    keys.put("/ipgate/apps/shop/list", "192.0.2.1").await;
    follower.until("shop", "10.1.1.1", false).await;
    keys.delete("/ipgate/default").await;
    keys.delete("/ipgate/enforce").await;
    follower.until("other", "203.0.113.1", true).await;
    assert!(follower.allows("shop", "192.0.2.1") && !follower.allows("shop", "203.0.113.1"));
}
