//! Lists that are written where they are kept.

use std::sync::Arc;

use ipgate::site::AppName;
use ipgate_sources::{KubernetesAccess, KubernetesStore, Store, StoreError};
use serde_json::{Value, json};

use crate::kubernetes::Kubernetes;

fn store(cluster: &Kubernetes) -> KubernetesStore {
    KubernetesStore::new(KubernetesAccess::kubeconfig(cluster.admin()))
}

async fn annotations(cluster: &Kubernetes, namespace: &str, name: &str) -> Value {
    let service = cluster.services(namespace).get(name).await.unwrap();
    json!(service.metadata.annotations.unwrap_or_default())
}

pub(crate) async fn what_each_form_can_say(cluster: Arc<Kubernetes>) {
    let namespace = cluster.namespace("written").await;
    cluster.service(&namespace, "shop", json!({ "other": "stays" })).await;
    let app: AppName = format!("{namespace}/shop").parse().unwrap();
    let store = store(&cluster);
    assert_eq!(store.read(&app).await.unwrap().unwrap().caution, None);
    let (older, ours) = ("router.deis.io/whitelist", "ipgate.dev/list");
    for (text, expected) in [
        (Some("10.0.1.0/24,121.212.121.212"), json!({ older: "10.0.1.0/24,121.212.121.212" })),
        (Some("10.0.0.0/8:corp"), json!({ older: "10.0.0.0/8", ours: "10.0.0.0/8:corp" })),
        // Nobody of it can be said there; what stands there stays.
        (Some("2001:db8::/32"), json!({ older: "10.0.0.0/8", ours: "2001:db8::/32" })),
        (Some("192.0.2.1,!10.0.0.0/8"), json!({ older: "192.0.2.1", ours: "192.0.2.1,!10.0.0.0/8" })),
        (Some("192.0.2.7"), json!({ older: "192.0.2.7" })),
        (None, json!({})),
    ] {
        let read = store.read(&app).await.unwrap().unwrap();
        store.write(&app, text, &read).await.unwrap();
        let mut expected = expected;
        expected["other"] = "stays".into();
        assert_eq!(annotations(&cluster, &namespace, "shop").await, expected, "{text:?}");
        assert_eq!(store.read(&app).await.unwrap().unwrap().text.as_deref(), text);
    }
    cluster.change_service(&namespace, "shop", json!({ "labels": { "heritage": "deis" } })).await;
    let caution = store.read(&app).await.unwrap().unwrap().caution.unwrap();
    assert!(caution.contains("heritage=deis") && caution.contains("next deploy"), "{caution}");
    // An app whose namespace has its name.
    cluster.change_service(&namespace, "shop", json!({ "labels": { "app": namespace } })).await;
    let named = namespace.parse().unwrap();
    assert!(store.read(&named).await.unwrap().is_some() && store.read(&app).await.unwrap().is_none());
    for missing in ["nobody", "../etc", "a/b/c", "Upper Case"] {
        if let Ok(app) = missing.parse() {
            assert_eq!(store.read(&app).await.unwrap(), None, "{missing}");
        }
    }
}

/// At an Ingress the list stands beside the ranges of ingress-nginx, which never admit more than it does.
pub(crate) async fn what_an_ingress_can_say(cluster: Arc<Kubernetes>) {
    let namespace = cluster.namespace("entered").await;
    let nginx = |name: &str| format!("nginx.ingress.kubernetes.io/{name}-source-range");
    let (allow, deny, ours) = (nginx("allowlist"), nginx("denylist"), "ipgate.dev/list".to_owned());
    let store = store(&cluster);
    for (name, there, read, written, expected) in [
        ("new", json!({}), None, Some("10.0.0.0/8"), json!({ &ours: "10.0.0.0/8" })),
        (
            "ranges",
            json!({ &allow: "10.0.0.0/8, 192.0.2.1" }),
            Some("10.0.0.0/8, 192.0.2.1"),
            Some("192.0.2.1:office"),
            json!({ &allow: "192.0.2.1", &ours: "192.0.2.1:office" }),
        ),
        (
            "denied",
            json!({ &allow: "10.0.0.0/8", &deny: "10.1.0.0/16" }),
            Some("10.0.0.0/8,!10.1.0.0/16"),
            Some("192.0.2.0/24,10.0.0.0/8,!10.1.0.0/16"),
            json!({ &allow: "192.0.2.0/24", &deny: "10.1.0.0/16", &ours: "192.0.2.0/24,10.0.0.0/8,!10.1.0.0/16" }),
        ),
        (
            "gone",
            json!({ &allow: "10.0.0.0/8", &deny: "10.1.0.0/16" }),
            Some("10.0.0.0/8,!10.1.0.0/16"),
            None,
            json!({}),
        ),
    ] {
        crate::ingress::ingress(&cluster, &namespace, name, &format!("{name}.{namespace}.example"), there)
            .await;
        let app: AppName = format!("{namespace}/{name}").parse().unwrap();
        let stored = store.read(&app).await.unwrap().unwrap();
        assert_eq!(stored.text.as_deref(), read, "{name}");
        store.write(&app, written, &stored).await.unwrap();
        let there = cluster.api("networking.k8s.io", "v1", "Ingress", &namespace).get(name).await.unwrap();
        assert_eq!(json!(there.metadata.annotations.unwrap_or_default()), expected, "{name}");
        let again = store.write(&app, written, &stored).await;
        assert_eq!(again, Err(StoreError::Conflict), "{name}: what was read is of before");
        assert_eq!(store.read(&app).await.unwrap().unwrap().text.as_deref(), written, "{name}");
    }
}

pub(crate) async fn two_writers_lose_nothing(cluster: Arc<Kubernetes>) {
    let namespace = cluster.namespace("writers").await;
    cluster.service(&namespace, "shop", json!({})).await;
    let app: AppName = format!("{namespace}/shop").parse().unwrap();
    let writers: Vec<_> =
        (0..4).map(|writer| tokio::spawn(adds(store(&cluster), app.clone(), writer))).collect();
    let mut conflicts = 0;
    for writer in writers {
        conflicts += writer.await.unwrap();
    }
    let text = store(&cluster).read(&app).await.unwrap().unwrap().text.unwrap();
    assert_eq!(text.split(',').count(), 40, "{conflicts} conflicts: {text}");
    // One that is told of a conflict has changed nothing.
    let store = store(&cluster);
    let first = store.read(&app).await.unwrap().unwrap();
    store.write(&app, Some("192.0.2.1"), &first).await.unwrap();
    assert_eq!(store.write(&app, Some("192.0.2.2"), &first).await, Err(StoreError::Conflict));
    assert_eq!(store.read(&app).await.unwrap().unwrap().text.as_deref(), Some("192.0.2.1"));
    // Neither has one whose Service was deleted and written again.
    let read = store.read(&app).await.unwrap().unwrap();
    cluster.delete_service(&namespace, "shop").await;
    assert_eq!(store.write(&app, Some("192.0.2.3"), &read).await, Err(StoreError::NoSuchApp));
    cluster.service(&namespace, "shop", json!({})).await;
    assert_eq!(store.write(&app, Some("192.0.2.3"), &read).await, Err(StoreError::Conflict));
}

/// Adds ten addresses, one after the other; how often somebody else was quicker.
async fn adds(store: KubernetesStore, app: AppName, writer: u8) -> usize {
    let mut conflicts = 0;
    for number in 0..10 {
        loop {
            let read = store.read(&app).await.unwrap().unwrap();
            let address = format!("10.{writer}.0.{number}");
            let text = read.text.iter().fold(address, |address, text| format!("{text},{address}"));
            match store.write(&app, Some(&text), &read).await {
                Ok(()) => break,
                Err(StoreError::Conflict) => conflicts += 1,
                Err(error) => panic!("{error}"),
            }
        }
    }
    conflicts
}

pub(crate) async fn what_cannot_be_written_is_refused(cluster: Arc<Kubernetes>) {
    let namespace = cluster.namespace("refused").await;
    cluster.service(&namespace, "shop", json!({ "router.deis.io/whitelist": "10.0.0.0/8" })).await;
    let app: AppName = format!("{namespace}/shop").parse().unwrap();
    let alone = store(&cluster).older_form_alone();
    let read = alone.read(&app).await.unwrap().unwrap();
    for (text, why) in [
        ("10.0.0.0/8:corp", "`10.0.0.0/8:corp` has a label"),
        ("2001:db8::/32", "is IPv6"),
        ("10.0.0.0/8,!10.9.0.0/16", "`!10.9.0.0/16` denies"),
        ("10.0.0.0/8;until=2099-01-01", "has an end"),
        ("", "an empty list counts as none"),
        ("10.0.0.0/33", "list rejected"),
    ] {
        match alone.write(&app, Some(text), &read).await {
            Err(StoreError::CannotSay(said)) => assert!(said.contains(why), "{said}"),
            other => panic!("{text}: {other:?}"),
        }
    }
    alone.write(&app, Some("192.0.2.1"), &read).await.unwrap();
    // More than an object holds, and more than is left of that.
    let store = store(&cluster);
    let read = store.read(&app).await.unwrap().unwrap();
    let long = (0..24_000).map(|n| format!("10.{}.{}.1", n / 250, n % 250)).collect::<Vec<_>>().join(",");
    let long = store.write(&app, Some(&long), &read).await;
    assert!(matches!(&long, Err(StoreError::CannotSay(said)) if said.contains("hold 262144")), "{long:?}");
    cluster
        .change_service(&namespace, "shop", json!({ "annotations": { "note": "x".repeat(200_000) } }))
        .await;
    let read = store.read(&app).await.unwrap().unwrap();
    let list = (0..10_000).map(|n| format!("10.{}.{}.1", n / 250, n % 250)).collect::<Vec<_>>().join(",");
    let more = store.write(&app, Some(&list), &read).await;
    assert!(matches!(&more, Err(StoreError::CannotSay(said)) if said.contains("annotations")), "{more:?}");
    assert_eq!(store.read(&app).await.unwrap().unwrap().text.as_deref(), Some("192.0.2.1"));
    // Who may read, and not write.
    let rules = json!([{ "apiGroups": [""], "resources": ["services"], "verbs": ["list"] }]);
    cluster.account(&namespace, "reader", rules).await;
    cluster.until_may(&namespace, "reader", "list", "services").await;
    let token = cluster.token(&namespace, "reader").await;
    let reader =
        KubernetesStore::new(KubernetesAccess::kubeconfig(cluster.kubeconfig(json!({ "token": token }))));
    let read = reader.read(&app).await.unwrap().unwrap();
    let denied = reader.write(&app, Some("10.0.0.0/8"), &read).await;
    assert!(matches!(&denied, Err(StoreError::Denied(said)) if said.contains("cannot patch")), "{denied:?}");
    // The file of a token is read again after a refusal.
    let file = cluster.file("token");
    std::fs::write(&file, "bad").unwrap();
    let late =
        KubernetesStore::new(KubernetesAccess::kubeconfig(cluster.kubeconfig(json!({ "tokenFile": file }))));
    assert!(matches!(late.read(&app).await, Err(StoreError::Denied(_))));
    std::fs::write(&file, cluster.token(&namespace, "reader").await).unwrap();
    assert!(late.read(&app).await.unwrap().is_some());
}
