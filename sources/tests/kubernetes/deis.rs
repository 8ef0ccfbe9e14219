//! The annotations of Deis Workflow.

use std::sync::Arc;

use ipgate_sources::{KubernetesAccess, KubernetesSource};
use serde_json::json;

use crate::followed::{Followed, source};
use crate::kubernetes::Kubernetes;

/// Each command as its documentation has it, through kubectl, changes who comes in.
pub(crate) async fn the_commands_change_who_comes_in(cluster: Arc<Kubernetes>) {
    for (namespace, service, app) in [
        ("deis", "deis-controller", "deis-controller"),
        ("example", "example-web", "example"),
        ("drafty-zaniness", "drafty-zaniness", "drafty-zaniness"),
    ] {
        if namespace != "deis" {
            cluster.put("", "v1", "Namespace", json!({ "metadata": { "name": namespace } })).await;
        }
        let labels = json!({ "router.deis.io/routable": "true", "app": app });
        let metadata = json!({ "namespace": namespace, "name": service, "labels": labels });
        cluster
            .put("", "v1", "Service", json!({ "metadata": metadata, "spec": { "ports": [{ "port": 80 }] } }))
            .await;
    }
    cluster.router("deis", json!({})).await;
    let all = KubernetesSource::new(KubernetesAccess::kubeconfig(cluster.admin()));
    let followed = Followed::ready(all.without_ingresses().without_routes()).await;
    assert!(followed.allows("example", "198.51.100.7"), "nothing is asked for yet");

    let annotate = |namespace: &str, object: &[&str], annotation: &str| {
        let namespace = format!("--namespace={namespace}");
        cluster.kubectl(&[&[namespace.as_str(), "annotate", "--overwrite"], object, &[annotation]].concat());
    };
    let router = ["deployments/deis-router"];
    annotate("deis", &router, "router.deis.io/nginx.enforceWhitelists=true");
    followed.until_denies("example", "198.51.100.7").await;
    annotate("deis", &router, "router.deis.io/nginx.defaultWhitelist=0.0.0.0/0");
    followed.until_allows("example", "198.51.100.7").await;
    annotate("deis", &router, "router.deis.io/nginx.whitelistMode=override");
    annotate("example", &["service", "example-web"], "router.deis.io/whitelist=10.0.1.0/24,121.212.121.212");
    followed.until_denies("example", "198.51.100.7").await;
    assert!(followed.allows("example", "10.0.1.7") && followed.allows("example", "121.212.121.212"));
    annotate("deis", &["service", "deis-controller"], "router.deis.io/whitelist=10.0.1.0/24,121.212.121.212");
    followed.until_denies("deis/deis-controller", "198.51.100.7").await;
    assert!(followed.allows("deis/deis-controller", "10.0.1.7"));
    // What `deis whitelist:add` and `whitelist:remove` make the controller write.
    let app = ["service", "drafty-zaniness"];
    annotate("drafty-zaniness", &app, "router.deis.io/whitelist=10.0.1.0/24,121.212.121.212");
    followed.until_denies("drafty-zaniness", "198.51.100.7").await;
    assert!(followed.allows("drafty-zaniness", "121.212.121.212"));
    annotate("drafty-zaniness", &app, "router.deis.io/whitelist=10.0.1.0/24");
    followed.until_denies("drafty-zaniness", "121.212.121.212").await;
    assert!(followed.allows("drafty-zaniness", "10.0.1.7"));
    annotate("deis", &router, "router.deis.io/nginx.whitelistMode=extend");
    followed.until_allows("drafty-zaniness", "198.51.100.7").await;
    annotate("deis", &router, "router.deis.io/nginx.enforceWhitelists=FALSE");
    annotate("deis", &router, "router.deis.io/nginx.defaultWhitelist-");
    // It opens what has no list, so it is held for a while; what has one is closed but for that at once or then.
    followed.until_denies("drafty-zaniness", "198.51.100.7").await;
    assert!(followed.allows("drafty-zaniness", "10.0.1.7"));
}

pub(crate) async fn what_the_old_router_counted_as_absent_opens_nothing(cluster: Arc<Kubernetes>) {
    let namespace = cluster.namespace("absent").await;
    cluster.router(&namespace, json!({})).await;
    for (name, list) in [
        ("empty", ""),
        ("pieces", "10.0.0.0/8,,192.0.2.1"),
        ("label", "10.0.0.0/8:corp"),
        ("six", "10.0.0.0/8,2001:db8::/32"),
        ("blank", " 10.0.0.0/8 "),
        ("wide", "10.0.0.0/33"),
        ("zeros", "010.0.0.1"),
        ("mask", "10.0.0.0/255.0.0.0"),
    ] {
        cluster.service(&namespace, name, json!({ "router.deis.io/whitelist": list })).await;
    }
    let followed = Followed::ready(source(cluster.admin(), &namespace)).await;
    let app = |name: &str| format!("{namespace}/{name}");
    for name in ["empty", "pieces", "label", "six", "blank", "wide", "zeros", "mask"] {
        assert!(!followed.allows(&app(name), "198.51.100.7"), "{name}");
        let is_list = !matches!(name, "empty" | "wide" | "zeros" | "mask");
        assert_eq!(followed.allows(&app(name), "10.1.1.1"), is_list, "{name}");
    }
    assert!(followed.allows(&app("six"), "2001:db8::1"));
    let bad = format!("Service {namespace}/wide, router.deis.io/whitelist: list rejected");
    assert!(followed.told().contains(&bad), "{}", followed.told());
    // Settings that mean nothing: the last good ones stay, and where there was none the gate is closed.
    let annotate = |annotation: &str| {
        let namespace = format!("--namespace={namespace}");
        cluster.kubectl(&[&namespace, "annotate", "--overwrite", "deployments/deis-router", annotation]);
    };
    assert!(followed.allows("other", "198.51.100.7"));
    annotate("router.deis.io/nginx.enforceWhitelists=yes");
    followed.until_denies("other", "198.51.100.7").await;
    annotate("router.deis.io/nginx.enforceWhitelists=false");
    followed.until_allows("other", "198.51.100.7").await;
    annotate("router.deis.io/nginx.enforceWhitelists=off");
    annotate("router.deis.io/nginx.whitelistMode=Override");
    followed.until(|followed| followed.status().sources[0].bad.len() == 5).await;
    assert!(followed.told().contains("`Override` is none of"), "{}", followed.told());
}

pub(crate) async fn a_list_in_our_grammar_has_the_word(cluster: Arc<Kubernetes>) {
    let namespace = cluster.namespace("grammar").await;
    cluster.router(&namespace, json!({ "ipgate.dev/list": "192.0.2.0/24:office" })).await;
    let both = json!({
        "router.deis.io/whitelist": "198.51.100.0/24",
        "ipgate.dev/list": "10.0.0.0/8:corp,!10.9.0.0/16:lab,[2001:db8::/32]:six",
    });
    cluster.service(&namespace, "both", both).await;
    let followed = Followed::ready(source(cluster.admin(), &namespace)).await;
    let app = format!("{namespace}/both");
    let verdict = followed.gate.check(&app, "10.1.1.1".parse().unwrap());
    assert_eq!(verdict.label(), Some("corp"));
    for (client, is_allowed) in [
        ("10.9.1.1", false),
        ("2001:db8::1", true),
        ("198.51.100.1", false), // the older annotation is not asked
        ("192.0.2.1", true),
    ] {
        assert_eq!(followed.allows(&app, client), is_allowed, "{client}");
    }
    cluster.change_service(&namespace, "both", json!({ "annotations": { "ipgate.dev/list": null } })).await;
    followed.until_allows(&app, "198.51.100.1").await;
    assert!(!followed.allows(&app, "10.1.1.1"));
}

pub(crate) async fn hosts_below_the_platform_domain(cluster: Arc<Kubernetes>) {
    let namespace = cluster.namespace("hosts").await;
    cluster.router(&namespace, json!({ "router.deis.io/nginx.platformDomain": "apps.example.com" })).await;
    let domains = json!({ "router.deis.io/domains": "shop, www.shop.example,sh op.example", "router.deis.io/whitelist": "10.0.0.0/8" });
    cluster.service(&namespace, "shop", domains).await;
    let followed = Followed::ready(source(cluster.admin(), &namespace)).await;
    let app = format!("{namespace}/shop");
    let is_host = |followed: &Followed, host: &str| {
        followed.gate.check_host(host, "10.1.1.1".parse().unwrap()).app() == Some(app.as_str())
    };
    assert!(is_host(&followed, "shop.apps.example.com") && is_host(&followed, "www.shop.example"));
    assert!(!is_host(&followed, "shop"));
    let passed_over = format!("Service {namespace}/shop: a host is passed over: `sh op.example`");
    assert!(followed.told().contains(&passed_over), "{}", followed.told());
    // Another domain, which is the router's to say; what this source was told would have the word.
    let namespace_option = format!("--namespace={namespace}");
    let domain = "router.deis.io/nginx.platformDomain=paas.example.org";
    cluster.kubectl(&[&namespace_option, "annotate", "--overwrite", "deployments/deis-router", domain]);
    followed.until(|followed| is_host(followed, "shop.paas.example.org")).await;
    let told = source(cluster.admin(), &namespace).with_platform_domain("told.example.net");
    let told = Followed::ready(told).await;
    assert!(is_host(&told, "shop.told.example.net") && !is_host(&told, "shop.paas.example.org"));
}

/// Which list holds for an app that two Services are is nobody's guess.
pub(crate) async fn two_services_of_one_app(cluster: Arc<Kubernetes>) {
    let namespace = cluster.namespace("twice").await;
    let put = async |name: &str, list: &str| {
        let labels = json!({ "router.deis.io/routable": "true", "app": namespace });
        let annotations = json!({ "router.deis.io/whitelist": list });
        let metadata =
            json!({ "namespace": namespace, "name": name, "labels": labels, "annotations": annotations });
        cluster
            .put("", "v1", "Service", json!({ "metadata": metadata, "spec": { "ports": [{ "port": 80 }] } }))
            .await;
    };
    put("one", "10.0.0.0/8").await;
    put("two", "10.0.0.0/8").await;
    let followed = Followed::ready(source(cluster.admin(), &namespace)).await;
    assert!(followed.allows(&namespace, "10.1.1.1") && !followed.allows(&namespace, "192.0.2.1"));
    cluster
        .change_service(
            &namespace,
            "two",
            json!({ "annotations": { "router.deis.io/whitelist": "0.0.0.0/0" } }),
        )
        .await;
    followed.until(|followed| followed.told().contains("have different lists")).await;
    assert!(followed.allows(&namespace, "10.1.1.1") && !followed.allows(&namespace, "192.0.2.1"));
}
