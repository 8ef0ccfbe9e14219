//! Who asks, and what they may.

use std::fs;
use std::sync::Arc;

use ipgate_sources::Condition;
use kube::api::{DeleteParams, PostParams};
use serde_json::json;

use crate::followed::{Followed, source};
use crate::kubernetes::Kubernetes;

fn rules() -> serde_json::Value {
    json!([{ "apiGroups": ["", "apps"], "resources": ["services", "deployments"], "verbs": ["list", "watch"] }])
}

fn is_away(followed: &Followed) -> bool {
    matches!(followed.condition(), Condition::Away(_))
}

pub(crate) async fn a_right_that_is_withdrawn_changes_nothing(cluster: Arc<Kubernetes>) {
    let namespace = cluster.namespace("withdrawn").await;
    cluster.account(&namespace, "router", rules()).await;
    cluster.until_may(&namespace, "router", "watch", "services").await;
    cluster.service(&namespace, "shop", json!({ "router.deis.io/whitelist": "10.0.0.0/8" })).await;
    let kubeconfig = cluster.kubeconfig(json!({ "token": cluster.token(&namespace, "router").await }));
    let followed = Followed::ready(source(kubeconfig, &namespace)).await;
    let app = format!("{namespace}/shop");
    cluster.unbind(&namespace, "router").await;
    followed.until(is_away).await; // once the running watch has ended
    let why = followed.why();
    let user = format!("system:serviceaccount:{namespace}:router");
    assert!(
        why.contains("it refuses") && why.contains(&user) && why.contains("cannot list resource"),
        "{why}"
    );
    assert!(followed.allows(&app, "10.1.1.1") && !followed.allows(&app, "192.0.2.1"));
    // What changed meanwhile counts once it may be read again.
    cluster
        .change_service(
            &namespace,
            "shop",
            json!({ "annotations": { "router.deis.io/whitelist": "192.0.2.1" } }),
        )
        .await;
    cluster.bind(&namespace, "router").await;
    followed.until_allows(&app, "192.0.2.1").await;
    assert_eq!(followed.told().matches("it refuses").count(), 1, "{}", followed.told());
}

/// A token of a file: one that has ended, and one whose account is gone.
pub(crate) async fn a_token_that_ends_is_read_again(cluster: Arc<Kubernetes>) {
    let namespace = cluster.namespace("token").await;
    cluster.account(&namespace, "router", rules()).await;
    cluster.until_may(&namespace, "router", "watch", "services").await;
    cluster.service(&namespace, "shop", json!({ "router.deis.io/whitelist": "10.0.0.0/8" })).await;
    let file = cluster.file("token");
    fs::write(&file, cluster.short_token(&namespace, "router", 5).await).unwrap();
    let followed =
        Followed::ready(source(cluster.kubeconfig(json!({ "tokenFile": file })), &namespace)).await;
    let app = format!("{namespace}/shop");
    let is_kept =
        |followed: &Followed| followed.allows(&app, "10.1.1.1") && !followed.allows(&app, "192.0.2.1");
    followed.until(is_away).await;
    assert!(followed.why().contains("(401)"), "{}", followed.why());
    assert!(is_kept(&followed));
    fs::write(&file, cluster.token(&namespace, "router").await).unwrap();
    followed.until(Followed::is_connected).await;
    // The account is deleted, and with it every token.
    let accounts = cluster.api("", "v1", "ServiceAccount", &namespace);
    accounts.delete("router", &DeleteParams::default()).await.unwrap();
    followed.until(is_away).await;
    assert!(followed.why().contains("(401)") && is_kept(&followed), "{}", followed.why());
    let account = json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": "router" } });
    accounts.create(&PostParams::default(), &serde_json::from_value(account).unwrap()).await.unwrap();
    fs::write(&file, cluster.token(&namespace, "router").await).unwrap();
    followed.until(Followed::is_connected).await;
    cluster
        .change_service(
            &namespace,
            "shop",
            json!({ "annotations": { "router.deis.io/whitelist": "192.0.2.1" } }),
        )
        .await;
    followed.until_allows(&app, "192.0.2.1").await;
}

pub(crate) async fn who_is_not_known_is_told(cluster: Arc<Kubernetes>) {
    let namespace = cluster.namespace("unknown").await;
    let secret = "c2VjcmV0LXRva2Vu";
    let kubeconfig = cluster.kubeconfig(json!({ "token": secret }));
    let followed = Followed::new(source(kubeconfig, &namespace));
    followed.until(is_away).await;
    assert!(followed.why().contains("does not know who asks (401)"), "{}", followed.why());
    assert!(!followed.allows("any", "10.1.1.1"), "a first start denies everyone");
    // A kubeconfig that is none, with a token in it.
    let broken = cluster.file("broken");
    fs::write(&broken, format!("users: [{{ name: a, user: {{ token: {secret} }}\n  - : {secret}")).unwrap();
    let unread = Followed::new(source(broken, &namespace));
    unread.until(is_away).await;
    let missing = Followed::new(source(cluster.file("missing"), &namespace));
    missing.until(is_away).await;
    assert!(missing.why().contains("cannot be read: No such file"), "{}", missing.why());
    let told = [&followed, &unread, &missing].map(Followed::told).join("\n");
    assert!(!told.contains(secret), "{told}");
}
