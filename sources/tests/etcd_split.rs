//! A default list that is too large for one key, in a real etcd.
#![cfg(all(feature = "etcd", feature = "etcd-v2"))]

mod support;

use etcd_client::GetOptions;
use ipgate_sources::{EtcdSource, EtcdStore, Layout, StoreError};
use support::{Etcd, Follower, V3};

/// A list of so many addresses, of more than 2 MiB, and that one.
fn large(other: &str) -> String {
    let addresses =
        (0..200_000_u32).map(|number| format!("10.{}.{}.{}", number >> 16, number >> 8 & 255, number & 255));
    addresses.chain([other.to_owned()]).collect::<Vec<_>>().join("\n")
}

async fn parts(keys: &V3) -> Vec<String> {
    let all = GetOptions::new().with_prefix().with_keys_only();
    let answer = keys.0.kv_client().get("/ipgate/default", Some(all)).await.unwrap();
    answer.kvs().iter().map(|key| key.key_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_in_parts_counts_whole_or_not_at_all() {
    let Some(etcd) = Etcd::start() else { return };
    let keys = V3::connect(&etcd.url()).await;
    let store = || EtcdStore::new([etcd.url()]).prefix("/ipgate").layout(Layout::Plain);
    let (store, other) = (store(), store());
    let nothing = store.read_default().await.unwrap();
    assert_eq!(nothing.text, None);
    store.write_default(Some("192.0.2.1"), &nothing).await.unwrap();
    assert_eq!(parts(&keys).await, ["/ipgate/default"]);
    let mut follower = Follower::start(EtcdSource::new([etcd.url()]).prefix("/ipgate").layout(Layout::Plain));
    follower.ready().await;
    assert!(follower.allows("any", "192.0.2.1") && !follower.allows("any", "192.0.2.2"));

    // Two writers: the one who was overtaken has changed nothing, and nothing of either is lost.
    assert_eq!(store.write_default(Some("192.0.2.9"), &nothing).await, Err(StoreError::Conflict));
    let read = store.read_default().await.unwrap();
    let (first, second) = (large("192.0.2.2"), large("192.0.2.3"));
    store.write_default(Some(&first), &read).await.unwrap();
    assert_eq!(other.write_default(Some(&second), &read).await, Err(StoreError::Conflict));
    follower.until("any", "192.0.2.2", true).await;
    assert!(!follower.allows("any", "192.0.2.1") && !follower.allows("any", "192.0.2.3"));
    let read = other.read_default().await.unwrap();
    assert_eq!(read.text.as_deref(), Some(first.as_str()));
    other.write_default(Some(&second), &read).await.unwrap();
    follower.until("any", "192.0.2.3", true).await;
    assert!(!follower.allows("any", "192.0.2.2") && follower.allows("any", "10.1.2.3"));
    let left = parts(&keys).await;
    assert_eq!(left.len(), 4, "the parts of the list that counts, and what says so: {left:?}");

    // A part is lost, and comes again; another text is in its place.
    let part = left[1].clone();
    let value = keys.get(&part).await.unwrap();
    for bad in [None, Some("10.0.0.0/8")] {
        match bad {
            Some(other) => keys.put(&part, other).await,
            None => keys.delete(&part).await,
        }
        follower.until_source(|source| source.bad.len() == 1).await;
        assert!(follower.allows("any", "192.0.2.3") && !follower.allows("any", "10.77.0.1"));
        keys.put(&part, value.as_str()).await;
        follower.until_source(|source| source.bad.is_empty()).await;
    }
    assert_eq!(
        follower.told("/ipgate/default/split: part 2 of 3 is missing"),
        1,
        "{:#?}",
        follower.notices()
    );
    assert_eq!(follower.told("/ipgate/default/split: the SHA-256 of its parts is"), 1);

    // Both forms at once are none; a small list takes all parts with it.
    keys.put("/ipgate/default", "0.0.0.0/0").await;
    follower.until_source(|source| source.bad.len() == 1).await;
    assert!(follower.allows("any", "192.0.2.3") && !follower.allows("any", "192.0.2.1"));
    let read = store.read_default().await.unwrap();
    store.write_default(Some("192.0.2.4"), &read).await.unwrap();
    follower.until("any", "192.0.2.4", true).await;
    follower.until_source(|source| source.bad.is_empty()).await;
    assert!(!follower.allows("any", "192.0.2.3"));
    assert_eq!(parts(&keys).await, ["/ipgate/default"]);

    let of_deis = EtcdStore::new([etcd.url()]).layout(Layout::Deis);
    let refused = of_deis.read_default().await;
    assert!(
        matches!(&refused, Err(StoreError::CannotSay(why)) if why.contains("no default list")),
        "{refused:?}"
    );
}
