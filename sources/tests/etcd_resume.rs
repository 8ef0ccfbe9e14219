//! A restart goes on from the revision that was kept, and reads all again only where that cannot be had.
#![cfg(all(feature = "etcd", feature = "etcd-v2"))]

mod support;

use std::path::Path;
use std::time::Duration;

use ipgate_sources::{Condition, EtcdSource, Source, StateFolder};
use support::{Etcd, Fault, Follower, Proxy, V3, eventually};

fn source(url: &str) -> EtcdSource {
    EtcdSource::new([url]).read_spread(Duration::from_millis(20))
}

fn start(url: &str, state: &Path) -> Follower {
    Follower::start_with(Box::new(source(url)), Some(StateFolder::open(state).unwrap()))
}

/// Keys of both layouts, so that it counts what each of them says.
async fn fill(keys: &V3) {
    for (key, value) in [
        ("/deis/config/shop/deis_whitelist", "10.0.0.0/8"),
        ("/deis/config/blog/deis_whitelist", "10.0.0.0/8"),
        ("/deis/apps/shop/list", "192.0.2.0/24:plain"),
        ("/deis/apps/bad/list", "10.0.0.0/33"),
        ("/deis/domains/example.com", "shop"),
        ("/deis/router/enforceWhitelist", "true"),
    ] {
        keys.put(key, value).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_meanwhile_is_all_that_is_read() {
    let Some(etcd) = Etcd::start() else { return };
    let (keys, folder) = (V3::connect(&etcd.url()).await, tempfile::tempdir().unwrap());
    fill(&keys).await;
    let mut follower = start(&etcd.url(), folder.path());
    follower.ready().await;
    keys.put("/deis/config/late/deis_whitelist", "198.51.100.1").await;
    follower.until("late", "198.51.100.1", true).await;
    follower.stop().await;

    keys.delete("/deis/apps/shop/list").await;
    keys.put("/deis/config/blog/deis_whitelist", "10.0.0.0/33").await;
    keys.put("/deis/domains/www.example.com", "new").await;
    keys.put("/deis/config/new/deis_whitelist", "203.0.113.1").await;
    keys.delete("/deis/config/late/deis_whitelist").await;
    let mut follower = start(&etcd.url(), folder.path());
    // The plain list of the shop is gone: that of Deis counts, which was never said while the other one was there.
    follower.until("shop", "10.1.1.1", true).await;
    follower.until("new", "203.0.113.1", true).await;
    assert_eq!(follower.app_of("www.example.com").as_deref(), Some("new"));
    assert_eq!(follower.app_of("example.com").as_deref(), Some("shop"));
    assert!(!follower.allows("shop", "192.0.2.1"));
    assert!(follower.allows("blog", "10.1.1.1"), "its last good list stays");
    follower.until("late", "198.51.100.1", false).await;
    for app in ["bad", "blog", "late", "other"] {
        assert!(!follower.allows(app, "203.0.113.9"), "{app}");
    }
    follower.until_source(|source| source.bad.len() == 2).await;
    assert_eq!(follower.source().readings, 0, "{:#?}", follower.notices());
    // Lists cease to be required: what has none is open, what is bad or was never good is not.
    keys.put("/deis/router/enforceWhitelist", "false").await;
    follower.until("late", "203.0.113.9", true).await;
    assert!(!follower.allows("bad", "203.0.113.9") && !follower.allows("blog", "203.0.113.9"));
    assert_eq!(follower.source().readings, 0, "{:#?}", follower.notices());
}

/// Without an answer of the source a second time: what was held or bad is so after a restart, too.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_held_is_held_again_and_confirmed_by_a_reading() {
    let Some(etcd) = Etcd::start() else { return };
    let (keys, folder) = (V3::connect(&etcd.url()).await, tempfile::tempdir().unwrap());
    fill(&keys).await;
    keys.put("/deis/router/enforceWhitelist", "false").await;
    let hour = || Box::new(source(&etcd.url()).settle(Duration::from_secs(3600)));
    let state = || Some(StateFolder::open(folder.path()).unwrap());
    let mut follower = Follower::start_with(hour(), state());
    follower.ready().await;
    keys.delete("/deis/config/blog/deis_whitelist").await;
    follower.until_source(|source| source.held.len() == 1).await;
    follower.stop().await;

    let mut follower = Follower::start_with(hour(), state());
    follower.until_source(|source| source.condition == Condition::Connected && source.held.len() == 1).await;
    assert!(!follower.allows("blog", "192.0.2.1") && follower.allows("blog", "10.1.1.1"));
    follower.stop().await;
    let source = Box::new(source(&etcd.url()).settle(Duration::from_millis(100)));
    let mut follower = Follower::start_with(source, state());
    assert!(!follower.allows("blog", "192.0.2.1"));
    follower.until("blog", "192.0.2.1", true).await;
    follower.until_source(|source| source.readings > 0 && source.held.is_empty()).await;
    assert!(!follower.allows("bad", "192.0.2.1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_forgotten_meanwhile_is_read() {
    let Some(etcd) = Etcd::start() else { return };
    let (keys, folder) = (V3::connect(&etcd.url()).await, tempfile::tempdir().unwrap());
    fill(&keys).await;
    let mut follower = start(&etcd.url(), folder.path());
    follower.ready().await;
    follower.stop().await;
    keys.put("/deis/apps/shop/list", "198.51.100.0/24").await;
    keys.delete("/deis/config/blog/deis_whitelist").await;
    keys.compact().await;
    let follower = start(&etcd.url(), folder.path());
    assert!(follower.allows("shop", "192.0.2.1"), "as it was kept");
    follower.until("shop", "198.51.100.1", true).await;
    follower.until("blog", "10.1.1.1", false).await;
    eventually(|| follower.told("are compacted away; all keys were read again") == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_store_is_read() {
    let Some(etcd) = Etcd::start() else { return };
    let Some(mut other) = Etcd::start() else { return };
    let (keys, folder) = (V3::connect(&etcd.url()).await, tempfile::tempdir().unwrap());
    fill(&keys).await;
    let mut follower = start(&etcd.url(), folder.path());
    follower.ready().await;
    follower.stop().await;

    // The same keys at the same revisions, in another cluster.
    let kept = StateFolder::open(folder.path()).unwrap();
    let take_over = |url: &str| {
        std::fs::copy(kept.file(&source(&etcd.url()).name()), kept.file(&source(url).name())).unwrap();
    };
    let others = V3::connect(&other.url()).await;
    fill(&others).await;
    others.put("/deis/apps/shop/list", "198.51.100.0/24").await;
    take_over(&other.url());
    let mut follower = start(&other.url(), folder.path());
    follower.until("shop", "198.51.100.1", true).await;
    follower.until_source(|source| source.readings == 1).await;
    assert_eq!(follower.told("this is another cluster"), 1, "{:#?}", follower.notices());

    // A store that was restored, and has come past the revision that was kept, tells another past.
    let backup = other.backup();
    others.put("/deis/config/blog/deis_whitelist", "192.0.2.7").await;
    follower.until("blog", "192.0.2.7", true).await;
    follower.stop().await;
    other.restore(&backup);
    for round in 0..10 {
        others.put("/deis/apps/shop/list", format!("203.0.113.{round}")).await;
    }
    let mut follower = start(&other.url(), folder.path());
    assert!(follower.allows("blog", "192.0.2.7"), "as it was kept");
    follower.until_source(|source| source.readings == 1).await;
    follower.until("blog", "10.1.1.1", true).await;
    assert!(!follower.allows("blog", "192.0.2.7") && follower.allows("shop", "203.0.113.9"));

    // One layout alone is not what was kept of both.
    follower.stop().await;
    let plain = source(&other.url()).layout(ipgate_sources::Layout::Plain);
    let mut follower = Follower::start_with(Box::new(plain), Some(kept));
    follower.until_source(|source| source.readings == 1).await;
}

/// A connection that is lost is not all that is lost: what comes after it is read, and no more.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_goes_on_where_it_was() {
    let Some(mut etcd) = Etcd::start() else { return };
    let (keys, proxy) = (V3::connect(&etcd.url()).await, Proxy::start(etcd.port()).await);
    fill(&keys).await;
    let mut follower = Follower::start(source(&proxy.url()));
    follower.ready().await;
    for round in 0..3 {
        proxy.set(Fault::Refuse);
        proxy.cut();
        follower.until_source(|source| matches!(source.condition, Condition::Away(_))).await;
        keys.put("/deis/apps/shop/list", format!("198.51.100.{round}")).await;
        if round == 1 {
            etcd.restart();
        }
        proxy.set(Fault::None);
        follower.until("shop", &format!("198.51.100.{round}"), true).await;
    }
    eventually(|| follower.told("connected again") == 3).await;
    assert_eq!(follower.source().readings, 1, "{:#?}", follower.notices());
}
