//! What an operator writes into etcd is what a gate does: Deis v1's commands and the plain layout, with a real server.
#![cfg(feature = "etcd")]

mod support;

use std::time::Duration;

use ipgate_sources::{EtcdSource, Layout};
use support::{Etcd, Follower, V3, eventually};

/// A machine may be slow: what is about a deploy must not be about its time.
const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test(flavor = "multi_thread")]
async fn what_deisctl_and_deis_set_is_in_force() {
    let Some(etcd) = Etcd::start() else { return };
    let keys = V3::connect(&etcd.url()).await;
    keys.put("/deis/domains/example.com", "shop").await;
    keys.put("/deis/domains/blog.example.org", "blog").await;
    let mut follower = Follower::start(EtcdSource::new([etcd.url()]));
    follower.ready().await;
    assert!(follower.allows("shop", "192.0.2.1"), "nothing is required");

    keys.put("/deis/router/enforceWhitelist", "true").await;
    follower.until("shop", "192.0.2.1", false).await;
    assert!(!follower.allows("deis/controller", "192.0.2.1"));

    keys.put("/deis/config/shop/deis_whitelist", "10.0.1.0/24:office_ABC,212.121.212.121:client_YXZ").await;
    follower.until("shop", "10.0.1.7", true).await;
    assert_eq!(follower.label("shop", "212.121.212.121").as_deref(), Some("client_YXZ"));
    assert!(!follower.allows("shop", "212.121.212.122") && !follower.allows("blog", "10.0.1.7"));
    assert_eq!(follower.app_of("example.com").as_deref(), Some("shop"));

    keys.put("/deis/router/controller/whitelist", "10.0.1.0/24:office_intranet,121.212.121.212:dev_jenkins")
        .await;
    follower.until("deis/controller", "121.212.121.212", true).await;
    assert_eq!(follower.app_of("deis.example.com").as_deref(), Some("deis/controller"));
    assert_eq!(follower.app_of("deis.blog.example.org").as_deref(), Some("deis/controller"));
    keys.put("/deis/controller/subdomain", "admin").await;
    eventually(|| follower.app_of("admin.example.com").as_deref() == Some("deis/controller")).await;

    keys.put("/deis/router/enforceWhitelist", "True").await;
    follower.until("blog", "10.0.1.7", true).await;
    eventually(|| follower.told("write `true`") == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plain_layout_says_all_of_a_site() {
    let Some(etcd) = Etcd::start() else { return };
    let keys = V3::connect(&etcd.url()).await;
    for (key, value) in [
        ("/ipgate/enforce", "true\n"),
        ("/ipgate/default", "10.0.0.0/8:corp,!10.9.0.0/16:lab"),
        ("/ipgate/apps/shop/list", "192.0.2.7:partner"),
        ("/ipgate/apps/shop/hosts", "shop.example, *.shop.example\nwww.shop.example.org"),
        ("/ipgate/apps/team/blog/list", "198.51.100.0/24"),
        ("/ipgate/apps/team/blog/mode", "override"),
        ("/ipgate/routers/one", "not of the site"),
    ] {
        keys.put(key, value).await;
    }
    let source = EtcdSource::new([etcd.url()]).prefix("/ipgate/").layout(Layout::Plain);
    let mut follower = Follower::start(source);
    follower.ready().await;
    assert!(follower.allows("shop", "10.1.1.1") && follower.allows("shop", "192.0.2.7"));
    assert!(!follower.allows("shop", "10.9.1.1") && !follower.allows("team/blog", "10.1.1.1"));
    assert!(follower.allows("team/blog", "198.51.100.1"));
    assert_eq!(follower.app_of("eu.shop.example:443").as_deref(), Some("shop"));

    keys.put("/ipgate/mode", "override").await;
    follower.until("shop", "10.1.1.1", false).await;
    keys.put("/ipgate/mode", "overide").await;
    keys.put("/ipgate/apps/shop/list", "192.0.2.8").await;
    follower.until("shop", "192.0.2.8", true).await;
    assert!(!follower.allows("shop", "10.1.1.1"), "the last good mode stays");
    keys.delete("/ipgate/apps/shop/list").await;
    follower.until("shop", "10.1.1.1", true).await; // the default list is left
    assert!(!follower.allows("shop", "192.0.2.8"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_understood_is_told_once() {
    let Some(etcd) = Etcd::start() else { return };
    let keys = V3::connect(&etcd.url()).await;
    for (key, value) in [
        ("/deis/apps/shop/lst", "10.0.0.0/8"),
        ("/deis/enforced", "true"),
        ("/deis/config/shop/DEIS_WHITELIST", "10.0.0.0/8"),
        ("/deis/domains/a b", "shop"),
        ("/deis/router/whitelist", "10.0.0.0/8"),
        ("/deis/apps/shop/hosts", "shop.example no/host"),
        ("/deis/config/blog/other", "not ours"),
    ] {
        keys.put(key, value).await;
    }
    keys.put("/deis/config/blog/deis_whitelist", b"10.0.0.0/8:\xff".to_vec()).await;
    let mut follower = Follower::start(EtcdSource::new([etcd.url()]));
    follower.ready().await;
    assert!(!follower.allows("blog", "10.1.1.1"), "a list that cannot be read is not an open one");
    for again in 0..3 {
        keys.put("/deis/apps/shop/lst", "10.0.0.0/8").await;
        keys.put("/deis/config/blog/deis_whitelist", b"10.0.0.0/8:\xff".to_vec()).await;
        keys.put("/deis/apps/shop/list", format!("192.0.2.{again}")).await;
        follower.until("shop", &format!("192.0.2.{again}"), true).await;
    }
    for (part, times) in [
        ("/deis/apps/shop/lst", 1),
        ("/deis/enforced", 1),
        ("in small letters", 1),
        ("`a b` is no host", 1),
        ("/deis/router/whitelist", 1),
        ("no/host", 1),
        ("not ours", 0),
        ("/deis/config/blog/other", 0),
        ("byte 12 is not UTF-8", 1),
    ] {
        assert_eq!(follower.told(part), times, "{part}: {:#?}", follower.notices());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_list_touches_its_app_alone_and_is_told_once() {
    let Some(etcd) = Etcd::start() else { return };
    let keys = V3::connect(&etcd.url()).await;
    keys.put("/deis/config/shop/deis_whitelist", "10.0.0.0/8").await;
    keys.put("/deis/config/never/deis_whitelist", "foobar").await;
    let mut follower = Follower::start(EtcdSource::new([etcd.url()]));
    follower.ready().await;
    assert!(!follower.allows("never", "10.1.1.1"), "it never had a good one");
    for again in 0..20 {
        keys.put("/deis/config/shop/deis_whitelist", "10.0.0.0/33").await;
        keys.put("/deis/config/blog/deis_whitelist", format!("192.0.2.{again}")).await;
    }
    follower.until("blog", "192.0.2.19", true).await;
    assert!(follower.allows("shop", "10.1.1.1") && !follower.allows("shop", "192.0.2.1"));
    eventually(|| follower.told("the list of the app shop is bad") == 1).await; // told after it is in force
    keys.put("/deis/config/shop/deis_whitelist", "192.0.2.0/24").await;
    follower.until("shop", "192.0.2.1", true).await;
    eventually(|| follower.told("the list of the app shop is good again") == 1).await;
    assert_eq!(follower.told("the list of the app shop is bad"), 1, "{:#?}", follower.notices());
    assert_eq!(follower.told("the list of the app never is bad"), 1, "{:#?}", follower.notices());
}

/// A deploy of Deis v1 deletes the directory of its app and writes it again key by key.
#[tokio::test(flavor = "multi_thread")]
async fn a_deploy_never_opens_its_app() {
    let Some(etcd) = Etcd::start() else { return };
    let keys = V3::connect(&etcd.url()).await;
    keys.put("/deis/config/shop/deis_whitelist", "10.0.0.0/8:office").await;
    keys.put("/deis/config/other/deis_whitelist", "10.0.0.0/8:office").await;
    let mut follower = Follower::start(EtcdSource::new([etcd.url()]).settle(HOUR));
    follower.ready().await;
    let gate = follower.gate.clone();
    let (stop, mut stopped) = tokio::sync::oneshot::channel::<()>();
    let watching = tokio::task::spawn_blocking(move || {
        let (stranger, office) = ("192.0.2.1".parse().unwrap(), "10.1.1.1".parse().unwrap());
        let mut checks = 0_u64;
        while stopped.try_recv() == Err(tokio::sync::oneshot::error::TryRecvError::Empty) {
            assert!(!gate.is_allowed("shop", stranger), "open during a deploy");
            assert!(gate.is_allowed("shop", office), "closed to its office during a deploy");
            checks += 1;
        }
        checks
    });
    for deploy in 0..20 {
        keys.delete_below("/deis/config/shop/").await;
        for key in 0..5 {
            keys.put(&format!("/deis/config/shop/key{key}"), "value").await;
        }
        keys.put("/deis/config/shop/deis_whitelist", format!("10.0.0.0/8:deploy{deploy}")).await;
    }
    eventually(|| follower.label("shop", "10.1.1.1").as_deref() == Some("deploy19")).await;
    stop.send(()).unwrap();
    assert!(watching.await.unwrap() > 0);
    // Gone for good is another matter: then the app has no list, and none is required.
    let mut follower = Follower::start(EtcdSource::new([etcd.url()]));
    follower.ready().await;
    assert!(!follower.allows("shop", "192.0.2.1"));
    keys.delete_below("/deis/config/shop/").await;
    follower.until("shop", "192.0.2.1", true).await;
    eventually(|| follower.told("the list of the app shop is gone, and is not in force any more") == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_moves_to_another_app() {
    let Some(etcd) = Etcd::start() else { return };
    let keys = V3::connect(&etcd.url()).await;
    keys.put("/deis/config/shop/deis_whitelist", "10.0.0.0/8").await;
    keys.put("/deis/config/blog/deis_whitelist", "192.0.2.0/24").await;
    keys.put("/deis/domains/www.example.com", "shop").await;
    let mut follower = Follower::start(EtcdSource::new([etcd.url()]));
    follower.ready().await;
    assert_eq!(follower.app_of("www.example.com").as_deref(), Some("shop"));
    keys.put("/deis/domains/www.example.com", "blog").await;
    eventually(|| {
        let app = follower.app_of("www.example.com");
        assert!(app.is_some(), "a host in between belongs to nobody");
        app.as_deref() == Some("blog")
    })
    .await;
    // And back, which is told again.
    keys.put("/deis/domains/www.example.com", "shop").await;
    eventually(|| follower.app_of("www.example.com").as_deref() == Some("shop")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_keys_deleted_at_once_unset_nothing() {
    let Some(etcd) = Etcd::start() else { return };
    let keys = V3::connect(&etcd.url()).await;
    keys.put("/plain/apps/shop/list", "10.0.0.0/8").await;
    keys.put("/plain/apps/blog/list", "10.0.0.0/8").await;
    let source = EtcdSource::new([etcd.url()]).prefix("/plain").layout(Layout::Plain);
    let mut follower = Follower::start(source);
    follower.ready().await;
    keys.delete_below("/plain/").await;
    eventually(|| follower.told("it has no list at all") == 1).await;
    assert!(follower.allows("shop", "10.1.1.1") && !follower.allows("shop", "192.0.2.1"));
    keys.put("/plain/apps/blog/list", "192.0.2.0/24").await;
    follower.until("blog", "192.0.2.1", true).await;
    // Now it is not everything that is gone: the other app's list was removed.
    follower.until("shop", "192.0.2.1", true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_apps_appear_at_once() {
    let Some(etcd) = Etcd::start() else { return };
    let keys = V3::connect(&etcd.url()).await;
    keys.put("/deis/router/enforceWhitelist", "true").await;
    let mut follower = Follower::start(EtcdSource::new([etcd.url()]));
    follower.ready().await;
    let apps: Vec<(String, String)> = (0..10_000)
        .flat_map(|app| {
            [
                (
                    format!("/deis/config/app{app}/deis_whitelist"),
                    format!("10.{}.{}.0/24:app{app}", app / 256, app % 256),
                ),
                (format!("/deis/domains/app{app}.example.com"), format!("app{app}")),
            ]
        })
        .collect();
    keys.put_all(&apps).await;
    follower.until("app9999", "10.39.15.1", true).await;
    eventually(|| follower.app_of("app9999.example.com").as_deref() == Some("app9999")).await;
    follower.until_source(|source| source.apps == 10_000).await;
    assert!(!follower.allows("app9999", "10.0.0.1") && follower.allows("app0", "10.0.0.1"));
    // One that starts now reads them in pages.
    let mut other = Follower::start(EtcdSource::new([etcd.url()]));
    other.ready().await;
    assert_eq!(other.label("app1234", "10.4.210.9").as_deref(), Some("app1234"));
}
