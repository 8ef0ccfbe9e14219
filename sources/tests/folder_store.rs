//! Lists of apps, read and written where they stand.

use std::fs;
use std::path::Path;

use ipgate::site::AppName;
use ipgate_sources::{FolderStore, Store, StoreError};

fn app(name: &str) -> AppName {
    name.parse().unwrap()
}

fn list(folder: &Path, name: &str) -> Option<String> {
    fs::read_to_string(folder.join("apps").join(format!("{name}.list"))).ok()
}

#[tokio::test]
async fn what_was_read_is_written_over() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("apps")).unwrap();
    fs::write(folder.path().join("apps/shop.list"), "192.0.2.7\n").unwrap();
    fs::write(folder.path().join("hosts"), "blog.example deis/blog\n").unwrap();
    let store = FolderStore::new(folder.path());
    assert_eq!(store.read(&app("nobody")).await, Ok(None));

    let shop = store.read(&app("shop")).await.unwrap().unwrap();
    assert_eq!(shop.text.as_deref(), Some("192.0.2.7\n"));
    store.write(&app("shop"), Some("192.0.2.8\n"), &shop).await.unwrap();
    // What was read is not what is there any more.
    assert_eq!(store.write(&app("shop"), Some("192.0.2.9\n"), &shop).await, Err(StoreError::Conflict));
    assert_eq!(store.write(&app("shop"), None, &shop).await, Err(StoreError::Conflict));
    assert_eq!(list(folder.path(), "shop").as_deref(), Some("192.0.2.8\n"));

    // An app that a host names, and its first list.
    let blog = store.read(&app("deis/blog")).await.unwrap().unwrap();
    assert_eq!(blog.text, None);
    store.write(&app("deis/blog"), Some("::1\n"), &blog).await.unwrap();
    assert_eq!(store.write(&app("deis/blog"), Some("::2\n"), &blog).await, Err(StoreError::Conflict));
    let blog = store.read(&app("deis/blog")).await.unwrap().unwrap();
    store.write(&app("deis/blog"), None, &blog).await.unwrap();
    assert_eq!(list(folder.path(), "deis/blog"), None);
    assert_eq!(store.write(&app("deis/blog"), Some("::3\n"), &blog).await, Err(StoreError::Conflict));
}

#[tokio::test]
async fn what_a_folder_cannot_hold_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("hosts"), "a.example .shop\nb.example shop~\n").unwrap();
    let store = FolderStore::new(folder.path());
    for name in [".shop", "shop~"] {
        let read = store.read(&app(name)).await.unwrap().unwrap();
        let refused = store.write(&app(name), Some("::1\n"), &read).await.unwrap_err();
        assert!(matches!(&refused, StoreError::CannotSay(why) if why.contains(name)), "{refused:?}");
    }
    let image = ipgate::Table::new(&"192.0.2.7".parse().unwrap()).to_image(0);
    fs::create_dir_all(folder.path().join("apps")).unwrap();
    fs::write(folder.path().join("apps/shop.list"), image).unwrap();
    let refused = store.read(&app("shop")).await.unwrap_err();
    assert!(refused.to_string().contains("perhaps a compiled list"), "{refused}");
}

/// Many writers of one list, which is not there at first: each line of each of them is in it at the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_at_once_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("hosts"), "shop.example shop\n").unwrap();
    let writers = (0..6).map(|writer| {
        let store = FolderStore::new(folder.path());
        tokio::spawn(async move {
            for n in 0..15 {
                loop {
                    let read = store.read(&app("shop")).await.unwrap().unwrap();
                    let text = format!("{}10.{writer}.{n}.0/24\n", read.text.as_deref().unwrap_or_default());
                    match store.write(&app("shop"), Some(&text), &read).await {
                        Ok(()) => break,
                        Err(StoreError::Conflict) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let text = list(folder.path(), "shop").unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines.dedup();
    assert_eq!((lines.len(), text.lines().count()), (90, 90));
}
