//! What happens while a cluster is followed.

use std::sync::Arc;
use std::time::Duration;

use ipgate_sources::{Condition, KubernetesAccess, KubernetesSource};
use serde_json::json;

use crate::followed::{Followed, source};
use crate::kubernetes::Kubernetes;

/// Both arrive as a deletion, which is confirmed before it opens anything; one that is written again was never away.
pub(crate) async fn a_label_that_changes_and_an_object_that_goes(cluster: Arc<Kubernetes>) {
    let namespace = cluster.namespace("gone").await;
    let list = || json!({ "router.deis.io/whitelist": "10.0.0.0/8" });
    for name in ["label", "object", "again", "stays"] {
        cluster.service(&namespace, name, list()).await;
    }
    let followed = Followed::ready(source(cluster.admin(), &namespace)).await;
    let app = |name: &str| format!("{namespace}/{name}");
    // A deploy that deletes and writes again.
    cluster.delete_service(&namespace, "again").await;
    cluster.service(&namespace, "again", list()).await;
    cluster
        .change_service(&namespace, "label", json!({ "labels": { "router.deis.io/routable": "false" } }))
        .await;
    cluster.delete_service(&namespace, "object").await;
    let is_told = |followed: &Followed, name: &str, what: &str| {
        followed.told().contains(&format!("the list of the app {} is gone{what}", app(name)))
    };
    followed
        .until(|followed| {
            is_told(followed, "label", "; it stays") && is_told(followed, "object", "; it stays")
        })
        .await;
    let readings = followed.status().sources[0].readings;
    assert!(readings > 1 || !followed.allows(&app("label"), "192.0.2.1"), "held until it is confirmed");
    followed.until_allows(&app("label"), "192.0.2.1").await;
    followed.until_allows(&app("object"), "192.0.2.1").await;
    assert!(followed.status().sources[0].readings >= 2, "a second reading has confirmed it");
    assert!(is_told(&followed, "object", ", and is not in force any more"));
    for name in ["again", "stays"] {
        assert!(
            followed.allows(&app(name), "10.1.1.1") && !followed.allows(&app(name), "192.0.2.1"),
            "{name}"
        );
    }
    // Where lists are required, what goes closes, and goes at once.
    cluster.router(&namespace, json!({ "router.deis.io/nginx.enforceWhitelists": "true" })).await;
    followed.until_denies(&app("object"), "192.0.2.1").await;
    cluster
        .change_service(&namespace, "again", json!({ "annotations": { "router.deis.io/whitelist": null } }))
        .await;
    followed.until_denies(&app("again"), "10.1.1.1").await;
}

pub(crate) async fn all_services_gone_at_once_change_nothing(cluster: Arc<Kubernetes>) {
    let namespace = cluster.namespace("emptied").await;
    for name in ["one", "two", "three"] {
        cluster.service(&namespace, name, json!({ "router.deis.io/whitelist": "10.0.0.0/8" })).await;
    }
    let settle = Duration::from_millis(200);
    let followed = Followed::ready(source(cluster.admin(), &namespace).with_settle(settle)).await;
    for name in ["one", "two", "three"] {
        cluster.delete_service(&namespace, name).await;
    }
    followed.until(|followed| followed.told().contains("it says that it has no list at all")).await;
    // Those before it may have been away for long enough while it was there.
    let last = format!("{namespace}/three");
    assert!(followed.allows(&last, "10.1.1.1") && !followed.allows(&last, "192.0.2.1"));
    // One that is there again says that it was meant.
    cluster.service(&namespace, "one", json!({ "router.deis.io/whitelist": "10.0.0.0/8" })).await;
    followed.until_allows(&last, "192.0.2.1").await;
    assert!(!followed.allows(&format!("{namespace}/one"), "192.0.2.1"));
}

pub(crate) async fn a_bad_list_is_told_once(cluster: Arc<Kubernetes>) {
    let namespace = cluster.namespace("bad").await;
    for name in ["good", "bad"] {
        cluster.service(&namespace, name, json!({ "router.deis.io/whitelist": "10.0.0.0/8" })).await;
    }
    let followed = Followed::ready(source(cluster.admin(), &namespace)).await;
    let (good, bad) = (format!("{namespace}/good"), format!("{namespace}/bad"));
    let set = async |name: &str, list: &str| {
        cluster
            .change_service(&namespace, name, json!({ "annotations": { "router.deis.io/whitelist": list } }))
            .await;
    };
    set("bad", "10.0.0.0/8,foobar").await;
    followed.until(|followed| !followed.status().sources[0].bad.is_empty()).await;
    for number in 0..20 {
        // Written again and again with something else about it.
        cluster
            .change_service(&namespace, "bad", json!({ "annotations": { "deploy": number.to_string() } }))
            .await;
        set("good", &format!("192.0.2.{number}")).await;
    }
    followed.until_allows(&good, "192.0.2.19").await;
    assert!(
        followed.allows(&bad, "10.1.1.1") && !followed.allows(&bad, "192.0.2.1"),
        "the last good one stays"
    );
    assert_eq!(
        followed.told().matches("is bad, and the last good one stays").count(),
        1,
        "{}",
        followed.told()
    );
    set("bad", "172.16.0.0/12").await;
    followed.until_allows(&bad, "172.16.1.1").await;
    assert!(followed.told().contains("is good again"));
}

/// What the chart of Deis Workflow permits: `list`, and not `watch`.
pub(crate) async fn what_may_not_be_watched_is_listed(cluster: Arc<Kubernetes>) {
    let namespace = cluster.namespace("polled").await;
    let rules = |verbs: &[&str]| json!([{ "apiGroups": ["", "apps"], "resources": ["services", "deployments"], "verbs": verbs }]);
    cluster.account(&namespace, "old", rules(&["list"])).await;
    cluster.service(&namespace, "shop", json!({ "router.deis.io/whitelist": "10.0.0.0/8" })).await;
    let kubeconfig = cluster.kubeconfig(json!({ "token": cluster.token(&namespace, "old").await }));
    let polled = source(kubeconfig, &namespace).with_poll_interval(Duration::from_millis(300));
    let followed = Followed::ready(polled).await;
    followed.until(|followed| matches!(followed.condition(), Condition::Degraded(_))).await;
    let user = format!("system:serviceaccount:{namespace}:old");
    followed
        .until(|followed| followed.why().contains("deployments") && followed.why().contains("services"))
        .await;
    let why = followed.why();
    assert!(why.contains("cannot watch resource \"services\"") && why.contains(&user), "{why}");
    assert!(why.contains("the verb `watch`"), "{why}");
    let app = format!("{namespace}/shop");
    cluster
        .change_service(
            &namespace,
            "shop",
            json!({ "annotations": { "router.deis.io/whitelist": "192.0.2.1" } }),
        )
        .await;
    followed.until_allows(&app, "192.0.2.1").await;
    assert!(!followed.allows(&app, "10.1.1.1"));
    // What goes is confirmed by listing, too.
    cluster.service(&namespace, "blog", json!({ "router.deis.io/whitelist": "10.0.0.0/8" })).await;
    followed.until_denies(&format!("{namespace}/blog"), "192.0.2.1").await;
    cluster.delete_service(&namespace, "blog").await;
    followed.until_allows(&format!("{namespace}/blog"), "192.0.2.1").await;
    // It is noticed when the verb is granted.
    cluster.set_rules(&namespace, "old", rules(&["list", "watch"])).await;
    followed.until(Followed::is_connected).await;
    assert!(followed.told().contains("followed as it should be again"));
}

/// A watch that is asked for from where nothing is known any more (410).
pub(crate) async fn a_history_that_is_gone_is_listed_anew(cluster: Arc<Kubernetes>) {
    let namespace = cluster.namespace("compacted").await;
    let allow = |list: &str| json!({ "nginx.ingress.kubernetes.io/whitelist-source-range": list });
    let put = async |name: &str, list: &str| {
        let metadata = json!({ "namespace": namespace, "name": name, "annotations": allow(list) });
        let service = json!({ "service": { "name": "s", "port": { "number": 80 } } });
        let spec = json!({ "defaultBackend": service });
        cluster
            .put("networking.k8s.io", "v1", "Ingress", json!({ "metadata": metadata, "spec": spec }))
            .await;
    };
    put("shop", "10.0.0.0/8").await;
    let ingresses = KubernetesSource::new(KubernetesAccess::kubeconfig(cluster.admin()))
        .with_namespace(&namespace)
        .without_router()
        .without_services()
        .without_routes();
    let followed = Followed::ready(ingresses).await;
    let ended = |followed: &Followed| {
        followed.status().sources[0].failures_by_kind.get("ended").copied().unwrap_or(0)
    };
    while ended(&followed) == 0 {
        // Something else changes, and what came before that is forgotten; the next watch is up to 20 s away.
        cluster
            .put(
                "",
                "v1",
                "ConfigMap",
                json!({ "metadata": { "namespace": namespace, "name": cluster.unused("change") } }),
            )
            .await;
        cluster.compact();
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    put("blog", "192.0.2.0/24").await;
    followed.until_denies(&format!("{namespace}/blog"), "10.1.1.1").await;
    assert!(followed.allows(&format!("{namespace}/shop"), "10.1.1.1"));
    assert!(followed.status().sources[0].readings >= 2);
    assert!(!followed.told().contains("cannot be reached"), "{}", followed.told());
}
