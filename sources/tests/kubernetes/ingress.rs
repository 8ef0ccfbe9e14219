//! The annotations of ingress-nginx, at Ingresses and HTTPRoutes.

use std::sync::Arc;
use std::time::Duration;

use ipgate_sources::{KubernetesAccess, KubernetesNames, KubernetesSource};
use serde_json::{Value, json};

use crate::followed::Followed;
use crate::kubernetes::Kubernetes;

fn nginx(name: &str) -> String {
    format!("nginx.ingress.kubernetes.io/{name}")
}

pub(crate) async fn ingress(
    cluster: &Kubernetes,
    namespace: &str,
    name: &str,
    host: &str,
    annotations: Value,
) {
    let metadata = json!({ "namespace": namespace, "name": name, "annotations": annotations });
    let backend = json!({ "service": { "name": "s", "port": { "number": 80 } } });
    let paths = json!({ "paths": [{ "path": "/", "pathType": "Prefix", "backend": backend }] });
    let spec = json!({ "rules": [{ "host": host, "http": paths }] });
    cluster.put("networking.k8s.io", "v1", "Ingress", json!({ "metadata": metadata, "spec": spec })).await;
}

/// The kind of the Gateway API, as far as it is read here; it stays as it is where it is there.
pub(crate) async fn routes(cluster: &Kubernetes) {
    let schema = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
    let version =
        json!({ "name": "v1", "served": true, "storage": true, "schema": { "openAPIV3Schema": schema } });
    let names = json!({ "kind": "HTTPRoute", "plural": "httproutes", "singular": "httproute", "listKind": "HTTPRouteList" });
    let group = "gateway.networking.k8s.io";
    let metadata = json!({
        "name": format!("httproutes.{group}"),
        "annotations": { "api-approved.kubernetes.io": "unapproved, a test" },
    });
    let spec = json!({ "group": group, "scope": "Namespaced", "names": names, "versions": [version] });
    let definition = json!({ "metadata": metadata, "spec": spec });
    let definitions = cluster.api("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "");
    let name = format!("httproutes.{group}");
    if definitions.get_opt(&name).await.unwrap().is_none() {
        cluster.put("apiextensions.k8s.io", "v1", "CustomResourceDefinition", definition).await;
    }
    let api = cluster.api(group, "v1", "HTTPRoute", "");
    while api.list(&Default::default()).await.is_err() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

pub(crate) async fn ranges_of_ingresses_and_routes(cluster: Arc<Kubernetes>) {
    let namespace = cluster.namespace("ranges").await;
    let put = async |name: &str, annotations| {
        ingress(&cluster, &namespace, name, &format!("{name}.{namespace}.example"), annotations).await;
    };
    put("white", json!({ nginx("whitelist-source-range"): "10.0.0.0/8, 192.0.2.1" })).await;
    put("allow", json!({ nginx("allowlist-source-range"): "10.0.0.0/8" })).await;
    put("deny", json!({ nginx("denylist-source-range"): "10.0.0.0/8" })).await;
    let both = json!({ nginx("whitelist-source-range"): "10.9.1.0/24,192.0.2.1", nginx("denylist-source-range"): "10.9.0.0/16" });
    put("both", both).await;
    let differ = json!({ nginx("whitelist-source-range"): "10.0.0.0/8", nginx("allowlist-source-range"): "0.0.0.0/0" });
    put("differ", differ).await;
    put(
        "ours",
        json!({ nginx("whitelist-source-range"): "0.0.0.0/0", "ipgate.dev/list": "10.0.0.0/8:corp" }),
    )
    .await;
    put("plain", json!({})).await;
    put("custom", json!({ "example.com/ranges": "10.0.0.0/8" })).await;
    let only = |names: KubernetesNames| {
        KubernetesSource::new(KubernetesAccess::kubeconfig(cluster.admin()))
            .with_namespace(&namespace)
            .without_router()
            .without_services()
            .without_routes()
            .with_names(names)
    };
    let followed = Followed::ready(only(KubernetesNames::default())).await;
    for (name, client, is_allowed) in [
        ("white", "10.1.1.1", true),
        ("white", "192.0.2.1", true),
        ("white", "192.0.2.2", false),
        ("allow", "10.1.1.1", true),
        ("allow", "192.0.2.2", false),
        ("deny", "10.1.1.1", false),
        ("deny", "192.0.2.2", true),
        ("deny", "2001:db8::1", true),
        ("both", "10.9.1.1", false), // in nginx, too, where denials come first
        ("both", "192.0.2.1", true),
        ("differ", "10.1.1.1", false),
        ("ours", "10.1.1.1", true),
        ("ours", "192.0.2.1", false),
        ("plain", "192.0.2.1", true),
    ] {
        let (app, host) = (format!("{namespace}/{name}"), format!("{name}.{namespace}.example"));
        assert_eq!(followed.allows(&app, client), is_allowed, "{name} {client}");
        let verdict = followed.gate.check_host(&host, client.parse().unwrap());
        assert_eq!(verdict.is_allowed(), is_allowed, "{host} {client}");
    }
    assert!(followed.told().contains("say different things"), "{}", followed.told());
    let mut names = KubernetesNames::default();
    names.allow_ranges = vec!["example.com/ranges".into()];
    let custom = Followed::ready(only(names)).await;
    assert!(custom.allows(&format!("{namespace}/custom"), "10.1.1.1"));
    assert!(!custom.allows(&format!("{namespace}/custom"), "192.0.2.1"));
}

/// A cluster without the Gateway API is followed without it, and with it once it is there.
pub(crate) async fn a_kind_that_comes_later(cluster: Arc<Kubernetes>) {
    let namespace = cluster.namespace("routes").await;
    let source = || {
        KubernetesSource::new(KubernetesAccess::kubeconfig(cluster.admin()))
            .with_namespace(&namespace)
            .without_router()
            .without_ingresses()
    };
    cluster.service(&namespace, "shop", json!({ "router.deis.io/whitelist": "10.0.0.0/8" })).await;
    let before = Followed::ready(source()).await;
    assert!(before.told().contains("the cluster has no httproutes"), "{}", before.told());
    assert!(before.allows(&format!("{namespace}/shop"), "10.1.1.1"));
    routes(&cluster).await;
    let annotations = json!({ nginx("allowlist-source-range"): "10.0.0.0/8" });
    let metadata = json!({ "namespace": namespace, "name": "web", "annotations": annotations });
    let spec = json!({ "hostnames": ["web.example", "*.web.example"] });
    cluster
        .put("gateway.networking.k8s.io", "v1", "HTTPRoute", json!({ "metadata": metadata, "spec": spec }))
        .await;
    let app = format!("{namespace}/web");
    let after = Followed::ready(source()).await;
    after.until_denies(&app, "192.0.2.1").await;
    let verdict = after.gate.check_host("eu.web.example", "10.1.1.1".parse().unwrap());
    assert_eq!((verdict.app(), verdict.is_allowed()), (Some(app.as_str()), true));
    // The one that began without looks for it again.
    before.until_denies(&app, "192.0.2.1").await;
    assert_eq!(before.told().matches("the cluster has no httproutes").count(), 1);
}
