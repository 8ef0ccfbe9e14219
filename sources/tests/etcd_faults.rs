//! What a real etcd and the network before it do wrong, through both of its APIs: nothing is opened, nothing is lost.
#![cfg(all(feature = "etcd", feature = "etcd-v2"))]

mod support;

use std::time::Duration;

use ipgate_sources::{Condition, StateFolder};
use support::{Api, Etcd, Fault, Follower, Proxy, eventually};

/// Each of these with either API.
macro_rules! with_both {
    ($($name:ident)*) => {
        mod v3 {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                let Some(etcd) = super::Etcd::start() else { return };
                let keys = super::Api::v3(&etcd.url()).await;
                super::$name(etcd, keys).await;
            })*
        }
        mod v2 {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                let Some(etcd) = super::Etcd::start() else { return };
                let keys = super::Api::v2(&etcd.url()).await;
                super::$name(etcd, keys).await;
            })*
        }
    };
}

with_both! {
    a_server_is_killed_and_comes_back
    what_was_forgotten_is_read_again
    changes_come_through_cuts
    answers_are_cut_in_the_middle
    a_slow_network_is_a_slow_one
    a_quiet_connection_is_kept
    a_half_open_connection_is_noticed
    a_server_that_is_halted_is_noticed
    a_store_that_was_restored_is_read_anew
    a_store_that_lost_everything_unsets_nothing
    a_restart_begins_with_what_was_kept
}

fn is_away(condition: &Condition) -> bool {
    matches!(condition, Condition::Away(_))
}

async fn a_server_is_killed_and_comes_back(mut etcd: Etcd, keys: Api) {
    keys.put(&Api::list("shop"), "10.0.0.0/8").await;
    keys.put(&Api::list("blog"), "10.0.0.0/8").await;
    let mut follower = Follower::start_with(keys.source(&etcd.url()), None);
    follower.ready().await;
    for round in 1..=3 {
        etcd.kill();
        follower.until_source(|source| is_away(&source.condition)).await;
        follower.until_lost(follower.losses() + 1).await;
        assert!(follower.allows("shop", "10.1.1.1") && !follower.allows("shop", "192.0.2.1"));
        etcd.restart();
        keys.put(&Api::list("blog"), &format!("192.0.2.{round}")).await;
        follower.until("blog", &format!("192.0.2.{round}"), true).await;
        assert!(follower.allows("shop", "10.1.1.1") && !follower.allows("shop", "192.0.2.1"));
    }
    assert_eq!(follower.told("tried again"), 3, "once for each time: {:#?}", follower.notices());
    assert_eq!(follower.told("is gone"), 0, "{:#?}", follower.notices());
}

/// The changes since those that were seen last are not kept any more.
async fn what_was_forgotten_is_read_again(etcd: Etcd, keys: Api) {
    let proxy = Proxy::start(etcd.port()).await;
    keys.put(&Api::list("shop"), "10.0.0.0/8").await;
    let mut follower = Follower::start_with(keys.source(&proxy.url()), None);
    follower.ready().await;
    // For polls it is a matter of which request comes first: as often as it takes.
    let mut round = 0_u8;
    while follower.told("all keys were read again") == 0 {
        round = round.wrapping_add(1);
        match keys {
            // A watch goes on from where it was, where that is not forgotten.
            Api::V3(_) => {
                proxy.set(Fault::Refuse);
                proxy.cut();
                follower.until_source(|source| is_away(&source.condition)).await;
            }
            Api::V2(_) => proxy.set(Fault::Delay(Duration::from_secs(1))),
        }
        keys.put(&Api::list("shop"), &format!("192.0.2.{round}")).await;
        keys.forget().await;
        proxy.set(Fault::None);
        keys.put(&Api::list("shop"), &format!("198.51.100.{round}")).await;
        follower.until("shop", &format!("198.51.100.{round}"), true).await;
    }
    assert!(!follower.allows("shop", "10.1.1.1"));
    // While the connection is lost a list is removed, and the removal is forgotten.
    keys.put(&Api::list("blog"), "10.0.0.0/8").await;
    follower.until("blog", "192.0.2.1", false).await;
    proxy.set(Fault::Refuse);
    follower.until_source(|source| is_away(&source.condition)).await;
    keys.delete(&Api::list("blog")).await;
    keys.put(&Api::list("shop"), "203.0.113.0/24").await;
    keys.forget().await;
    assert!(!follower.allows("blog", "192.0.2.1"));
    proxy.set(Fault::None);
    follower.until("shop", "203.0.113.1", true).await;
    follower.until("blog", "192.0.2.1", true).await;
    eventually(|| follower.told("the list of the app blog is gone, and is not in force any more") == 1).await;
}

async fn changes_come_through_cuts(etcd: Etcd, keys: Api) {
    let proxy = Proxy::start(etcd.port()).await;
    for app in 0..50 {
        keys.put(&Api::list(&format!("app{app}")), "10.0.0.0/8").await;
    }
    let mut follower = Follower::start_with(keys.source(&proxy.url()), None);
    follower.ready().await;
    for round in 0..10 {
        for app in 0..50 {
            keys.put(&Api::list(&format!("app{app}")), &format!("10.0.0.0/8,192.0.2.{round}")).await;
            if app == 25 {
                proxy.cut();
            }
            assert!(!follower.allows(&format!("app{app}"), "203.0.113.1"));
        }
    }
    for app in 0..50 {
        follower.until(&format!("app{app}"), "192.0.2.9", true).await;
    }
    assert_eq!(follower.told("is gone"), 0, "{:#?}", follower.notices());
}

async fn answers_are_cut_in_the_middle(etcd: Etcd, keys: Api) {
    let proxy = Proxy::start(etcd.port()).await;
    for app in 0..300 {
        keys.put(&Api::list(&format!("app{app}")), "10.0.0.0/8:somebody_with_a_long_name").await;
    }
    let mut follower = Follower::start_with(keys.source(&proxy.url()), None);
    follower.ready().await;
    let whole = proxy.passed();
    for part in 1..10 {
        let losses = follower.losses();
        proxy.set(Fault::Truncate(whole * part / 10));
        proxy.cut();
        // The connection is lost, and so are those that are made to read all again.
        follower.until_lost(losses).await;
        for app in 0..300 {
            assert!(!follower.allows(&format!("app{app}"), "192.0.2.1"));
            assert!(follower.allows(&format!("app{app}"), "10.1.1.1"));
        }
        proxy.set(Fault::None);
        keys.put(&Api::list("last"), &format!("192.0.2.{part}")).await;
        follower.until("last", &format!("192.0.2.{part}"), true).await;
    }
    assert_eq!(follower.told("is gone"), 0, "{:#?}", follower.notices());
}

async fn a_slow_network_is_a_slow_one(etcd: Etcd, keys: Api) {
    let proxy = Proxy::start(etcd.port()).await;
    proxy.set(Fault::Delay(Duration::from_millis(50)));
    keys.put(&Api::list("shop"), "10.0.0.0/8").await;
    let mut follower = Follower::start_with(keys.source(&proxy.url()), None);
    follower.ready().await;
    for round in 0..5 {
        keys.put(&Api::list("shop"), &format!("192.0.2.{round}")).await;
        follower.until("shop", &format!("192.0.2.{round}"), true).await;
    }
    assert_eq!(follower.told("cannot be reached"), 0, "{:#?}", follower.notices());
}

/// A connection that is asked too often is ended by the server.
async fn a_quiet_connection_is_kept(etcd: Etcd, keys: Api) {
    keys.put(&Api::list("shop"), "10.0.0.0/8").await;
    let mut follower = Follower::start_with(keys.source(&etcd.url()), None);
    follower.ready().await;
    tokio::time::sleep(Duration::from_secs(12)).await;
    keys.put(&Api::list("shop"), "192.0.2.1").await;
    follower.until("shop", "192.0.2.1", true).await;
    let source = follower.source();
    assert_eq!((source.readings, source.failures_by_kind.len()), (1, 0), "{:#?}", follower.notices());
}

async fn a_half_open_connection_is_noticed(etcd: Etcd, keys: Api) {
    let proxy = Proxy::start(etcd.port()).await;
    keys.put(&Api::list("shop"), "10.0.0.0/8").await;
    let mut follower = Follower::start_with(keys.source(&proxy.url()), None);
    follower.ready().await;
    proxy.set(Fault::Silent);
    follower.until_source(|source| is_away(&source.condition)).await;
    keys.put(&Api::list("shop"), "192.0.2.1").await;
    assert!(follower.allows("shop", "10.1.1.1") && !follower.allows("shop", "192.0.2.1"));
    proxy.set(Fault::None);
    follower.until("shop", "192.0.2.1", true).await;
    follower.until_source(|source| source.condition == Condition::Connected).await;
}

async fn a_server_that_is_halted_is_noticed(etcd: Etcd, keys: Api) {
    keys.put(&Api::list("shop"), "10.0.0.0/8").await;
    let mut follower = Follower::start_with(keys.source(&etcd.url()), None);
    follower.ready().await;
    etcd.pause();
    follower.until_source(|source| is_away(&source.condition)).await;
    assert!(follower.allows("shop", "10.1.1.1") && !follower.allows("shop", "192.0.2.1"));
    etcd.resume();
    keys.put(&Api::list("shop"), "192.0.2.1").await;
    follower.until("shop", "192.0.2.1", true).await;
}

async fn a_store_that_was_restored_is_read_anew(mut etcd: Etcd, keys: Api) {
    keys.put(&Api::list("shop"), "10.0.0.0/8").await;
    keys.put(&Api::list("blog"), "10.0.0.0/8").await;
    let backup = etcd.backup();
    keys.put(&Api::list("shop"), "192.0.2.0/24").await;
    keys.put(&Api::list("new"), "192.0.2.0/24").await;
    let mut follower = Follower::start_with(keys.source(&etcd.url()), None);
    follower.ready().await;
    assert!(follower.allows("shop", "192.0.2.1"));
    etcd.restore(&backup);
    follower.until("shop", "10.1.1.1", true).await;
    assert!(!follower.allows("shop", "192.0.2.1"));
    eventually(|| follower.told("the store was restored") == 1).await;
    follower.until("new", "203.0.113.1", true).await; // gone for good, and nothing is required
}

async fn a_store_that_lost_everything_unsets_nothing(mut etcd: Etcd, keys: Api) {
    keys.put(&Api::list("shop"), "10.0.0.0/8").await;
    let mut follower = Follower::start_with(keys.source(&etcd.url()), None);
    follower.ready().await;
    etcd.restart_empty();
    eventually(|| follower.told("it has no list at all") == 1).await;
    assert_eq!(follower.told("the store was restored"), 1, "{:#?}", follower.notices());
    assert!(follower.allows("shop", "10.1.1.1") && !follower.allows("shop", "192.0.2.1"));
    keys.put(&Api::list("shop"), "192.0.2.0/24").await;
    follower.until("shop", "192.0.2.1", true).await;
}

async fn a_restart_begins_with_what_was_kept(mut etcd: Etcd, keys: Api) {
    let folder = tempfile::tempdir().unwrap();
    let state = || Some(StateFolder::open(folder.path()).unwrap());
    keys.put(&Api::list("shop"), "10.0.0.0/8").await;
    let mut follower = Follower::start_with(keys.source(&etcd.url()), state());
    follower.ready().await;
    follower.stop().await;
    etcd.kill();
    let mut follower = Follower::start_with(keys.source(&etcd.url()), state());
    assert!(
        follower.allows("shop", "10.1.1.1") && !follower.allows("shop", "192.0.2.1"),
        "before anything is asked"
    );
    follower.until_lost(1).await;
    assert!(follower.allows("shop", "10.1.1.1") && !follower.allows("shop", "192.0.2.1"));
    etcd.restart();
    keys.put(&Api::list("shop"), "192.0.2.0/24").await;
    follower.until("shop", "192.0.2.1", true).await;
    // Without a state, nobody is let in before the first answer.
    etcd.kill();
    let mut first = Follower::start_with(keys.source(&etcd.url()), None);
    first.until_lost(0).await;
    assert!(!first.allows("shop", "192.0.2.1") && !first.allows("other", "192.0.2.1"));
}
