//! Lists changed in a real etcd by several writers, none of whom loses what another one wrote.
#![cfg(all(feature = "etcd", feature = "etcd-v2"))]

mod support;

use std::collections::BTreeSet;
use std::sync::Arc;

use ipgate::site::AppName;
use ipgate_sources::{EtcdStore, EtcdV2Store, Layout, Store, StoreError, Stored};
use support::{Etcd, V2, V3};

fn shop() -> AppName {
    "shop".parse().unwrap()
}

async fn read(store: &dyn Store, app: &str) -> Option<Stored> {
    store.read(&app.parse().unwrap()).await.unwrap()
}

/// Adds an entry as a writer does: reads, changes, writes where nothing was changed meanwhile.
async fn add(store: &dyn Store, app: &AppName, entry: &str) {
    loop {
        let read = store.read(app).await.unwrap().unwrap();
        let text = match &read.text {
            Some(text) => format!("{text},{entry}"),
            None => entry.to_owned(),
        };
        match store.write(app, Some(&text), &read).await {
            Ok(()) => return,
            Err(StoreError::Conflict) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// Two writers who add fifty entries each, at once, in an app that had none.
async fn two_writers(store: Arc<dyn Store>) {
    let writers = [1, 2].map(|writer| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for entry in 0..50 {
                add(&*store, &shop(), &format!("10.{writer}.{entry}.0/24")).await;
            }
        })
    });
    for writer in writers {
        writer.await.unwrap();
    }
    let text = read(&*store, "shop").await.unwrap().text.unwrap();
    assert_eq!(text.split(',').collect::<BTreeSet<_>>().len(), 100, "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_writers_at_once_lose_nothing() {
    let Some(etcd) = Etcd::start() else { return };
    V3::connect(&etcd.url()).await.put("/deis/config/shop/other", "x").await;
    two_writers(Arc::new(EtcdStore::new([etcd.url()]))).await;
    V2::new(&etcd.url()).put("/deis/config/shop/other", "x").await;
    two_writers(Arc::new(EtcdV2Store::new([etcd.url()]))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_is_there_where_any_key_of_it_is() {
    let Some(etcd) = Etcd::start() else { return };
    let (v3, v2) = (V3::connect(&etcd.url()).await, V2::new(&etcd.url()));
    let stores: [Box<dyn Store>; 2] =
        [Box::new(EtcdStore::new([etcd.url()])), Box::new(EtcdV2Store::new([etcd.url()]))];
    for (key, value) in [
        ("/deis/config/shop/port", "80"),
        ("/deis/domains/blog.example", "blog"),
        ("/deis/services/wiki/wiki_v1.web.1", "10.0.0.1:80"),
        ("/deis/controller/host", "10.0.0.1"),
    ] {
        v3.put(key, value).await;
        v2.put(key, value).await;
    }
    for store in &stores {
        for app in ["shop", "blog", "wiki", "deis/controller"] {
            assert_eq!(read(&**store, app).await.map(|read| read.text), Some(None), "{app}");
        }
        for app in ["sho", "shop2", "example"] {
            assert_eq!(read(&**store, app).await, None, "{app}");
        }
        let controller: AppName = "deis/controller".parse().unwrap();
        add(&**store, &controller, "10.0.1.0/24:office_intranet").await;
    }
    assert_eq!(
        v3.get("/deis/router/controller/whitelist").await.as_deref(),
        Some("10.0.1.0/24:office_intranet")
    );
    assert_eq!(
        v2.get("/deis/router/controller/whitelist").await.as_deref(),
        Some("10.0.1.0/24:office_intranet")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn removing_the_list_deletes_its_key() {
    let Some(etcd) = Etcd::start() else { return };
    let (v3, v2) = (V3::connect(&etcd.url()).await, V2::new(&etcd.url()));
    v3.put("/deis/config/shop/deis_whitelist", "10.0.0.0/8").await;
    v3.put("/deis/config/shop/port", "80").await;
    v2.put("/deis/config/shop/deis_whitelist", "10.0.0.0/8").await;
    v2.put("/deis/config/shop/port", "80").await;
    let stores: [Box<dyn Store>; 2] =
        [Box::new(EtcdStore::new([etcd.url()])), Box::new(EtcdV2Store::new([etcd.url()]))];
    for store in stores {
        let before = read(&*store, "shop").await.unwrap();
        assert_eq!(before.text.as_deref(), Some("10.0.0.0/8"));
        store.write(&shop(), Some("192.0.2.1"), &before).await.unwrap();
        assert_eq!(store.write(&shop(), None, &before).await, Err(StoreError::Conflict));
        let now = read(&*store, "shop").await.unwrap();
        store.write(&shop(), None, &now).await.unwrap();
        assert_eq!(read(&*store, "shop").await.unwrap().text, None);
        assert_eq!(store.write(&shop(), Some("10.0.0.0/8"), &now).await, Err(StoreError::Conflict));
        assert_eq!(store.write(&shop(), None, &now).await, Err(StoreError::Conflict));
    }
    assert_eq!(v3.get("/deis/config/shop/deis_whitelist").await, None);
    assert_eq!(v2.get("/deis/config/shop/deis_whitelist").await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_old_router_cannot_read_is_not_written_for_it() {
    let Some(etcd) = Etcd::start() else { return };
    let keys = V3::connect(&etcd.url()).await;
    keys.put("/deis/config/shop/deis_whitelist", "10.0.0.0/8:office").await;
    let old = EtcdStore::new([etcd.url()]).layout(Layout::Deis);
    let before = read(&old, "shop").await.unwrap();
    for text in [
        "2001:db8::1",
        "!10.0.0.0/8",
        "10.0.0.0/8,",
        "10.0.0.1-10.0.0.9",
        "10.0.0.0/8:a:b",
        "10.0.0.0/8;until=2030-01-01",
    ] {
        let refused = old.write(&shop(), Some(text), &before).await;
        assert!(
            matches!(&refused, Err(StoreError::CannotSay(why)) if why.contains("Deis v1")),
            "{text}: {refused:?}"
        );
    }
    assert_eq!(keys.get("/deis/config/shop/deis_whitelist").await.as_deref(), Some("10.0.0.0/8:office"));
    // Where the plain layout is read, too, that holds it, and has the word.
    let both = EtcdStore::new([etcd.url()]);
    let before = read(&both, "shop").await.unwrap();
    both.write(&shop(), Some("2001:db8::1"), &before).await.unwrap();
    assert_eq!(keys.get("/deis/apps/shop/list").await.as_deref(), Some("2001:db8::1"));
    let now = read(&both, "shop").await.unwrap();
    assert_eq!(now.text.as_deref(), Some("2001:db8::1"));
    // Removed is removed: the old list does not come back.
    both.write(&shop(), None, &now).await.unwrap();
    assert_eq!(read(&both, "shop").await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_appears_at_the_other_place_is_a_conflict() {
    let Some(etcd) = Etcd::start() else { return };
    let keys = V3::connect(&etcd.url()).await;
    keys.put("/deis/config/shop/deis_whitelist", "10.0.0.0/8").await;
    let store = EtcdStore::new([etcd.url()]);
    let before = read(&store, "shop").await.unwrap();
    keys.put("/deis/apps/shop/list", "192.0.2.1").await;
    assert_eq!(store.write(&shop(), Some("10.0.0.0/9"), &before).await, Err(StoreError::Conflict));
    add(&store, &shop(), "192.0.2.2").await;
    assert_eq!(keys.get("/deis/apps/shop/list").await.as_deref(), Some("192.0.2.1,192.0.2.2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_is_too_large_is_refused_with_a_sentence() {
    let Some(etcd) = Etcd::start() else { return };
    V3::connect(&etcd.url()).await.put("/deis/apps/shop/list", "").await;
    let store = EtcdStore::new([etcd.url()]);
    let before = read(&store, "shop").await.unwrap();
    let refused = store.write(&shop(), Some(&"10.0.0.0/8,".repeat(200_000)), &before).await;
    assert!(matches!(&refused, Err(StoreError::CannotSay(why)) if why.contains("1.5 MiB")), "{refused:?}");
    // The connection is as good as before.
    store.write(&shop(), Some("10.0.0.0/8"), &before).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_away_says_so_and_comes_back() {
    let Some(mut etcd) = Etcd::start() else { return };
    V3::connect(&etcd.url()).await.put("/deis/config/shop/deis_whitelist", "10.0.0.0/8").await;
    V2::new(&etcd.url()).put("/deis/config/shop/deis_whitelist", "10.0.0.0/8").await;
    let stores: [Box<dyn Store>; 2] =
        [Box::new(EtcdStore::new([etcd.url()])), Box::new(EtcdV2Store::new([etcd.url()]))];
    for store in &stores {
        assert!(read(&**store, "shop").await.is_some());
    }
    etcd.kill();
    for store in &stores {
        let away = store.read(&shop()).await;
        assert!(matches!(&away, Err(StoreError::Unreachable(_))), "{away:?}");
    }
    etcd.restart();
    for store in &stores {
        assert!(read(&**store, "shop").await.is_some());
    }
}
