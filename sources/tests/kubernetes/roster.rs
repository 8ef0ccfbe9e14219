//! Routers that say what they enforce in Leases.

use std::sync::Arc;
use std::time::Duration;

use ipgate_sources::{KubernetesAccess, KubernetesRoster, Roster};
use kube::api::DeleteParams;
use serde_json::{Value, json};

use crate::confirmed::{Confirmed, known, report, until_known};
use crate::kubernetes::Kubernetes;

/// Short, so that who dies is soon silent.
const LEASE: Duration = Duration::from_secs(2);

pub(crate) fn roster(cluster: &Kubernetes, namespace: &str) -> KubernetesRoster {
    KubernetesRoster::new(KubernetesAccess::kubeconfig(cluster.admin()))
        .with_namespace(namespace)
        .with_lease(LEASE)
}

pub(crate) async fn a_router_appears_changes_and_dies(cluster: Arc<Kubernetes>) {
    let namespace = cluster.namespace("roster").await;
    let all = roster(&cluster, &namespace);
    assert_eq!(known(&all).await, "");
    let [one, two] = ["edge-1", "Edge_2"].map(|id| Confirmed::start(roster(&cluster, &namespace), id));
    one.say(report('a'));
    two.say(report('a'));
    until_known(&all, "edge-1 a, Edge_2 a").await;
    one.say(report('b'));
    until_known(&all, "edge-1 b, Edge_2 a").await;
    // As kubectl sees it.
    let arguments = ["--namespace", &namespace, "get", "lease", "ipgate-edge-1", "-o", "json"];
    let lease: Value = serde_json::from_str(&cluster.kubectl(&arguments)).unwrap();
    assert_eq!(lease["metadata"]["annotations"]["ipgate.dev/digest"], "b".repeat(64));
    assert_eq!(
        (&lease["spec"]["holderIdentity"], &lease["spec"]["leaseDurationSeconds"]),
        (&json!("edge-1"), &json!(2))
    );
    // A stop lets it go at once; one that is killed is silent, with what it said last, until somebody removes it.
    two.stop().await;
    assert_eq!(known(&all).await, "edge-1 b");
    drop(one);
    until_known(&all, "edge-1 b!").await;
    assert!(all.all().await.unwrap()[0].heard.unwrap() > LEASE);
    let leases = cluster.api("coordination.k8s.io", "v1", "Lease", &namespace);
    leases.delete("ipgate-edge-1", &DeleteParams::default()).await.unwrap();
    assert_eq!(known(&all).await, "");
    // Leases of others are none of a router.
    let lease = json!({ "metadata": { "name": "controller", "namespace": namespace }, "spec": { "holderIdentity": "x" } });
    cluster.put("coordination.k8s.io", "v1", "Lease", lease).await;
    assert_eq!(known(&all).await, "");
}

/// With the verbs of a role, as an account has them, and then without.
pub(crate) async fn a_right_that_is_withdrawn_is_told_once(cluster: Arc<Kubernetes>) {
    let namespace = cluster.namespace("unsaid").await;
    let verbs = ["create", "patch", "delete", "list"];
    let rules = json!([{ "apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": verbs }]);
    cluster.account(&namespace, "router", rules).await;
    cluster.until_may(&namespace, "router", "patch", "leases.coordination.k8s.io").await;
    let token = cluster.token(&namespace, "router").await;
    let access = KubernetesAccess::kubeconfig(cluster.kubeconfig(json!({ "token": token })));
    let all = roster(&cluster, &namespace);
    let of_router = KubernetesRoster::new(access).with_namespace(&namespace).with_lease(LEASE);
    let one = Confirmed::start(of_router, "edge-1");
    one.say(report('a'));
    until_known(&all, "edge-1 a").await;
    cluster.unbind(&namespace, "router").await;
    let user = format!("system:serviceaccount:{namespace}:router");
    one.until_told(&format!("User \"{user}\" cannot patch resource \"leases\"")).await;
    one.say(report('b'));
    until_known(&all, "edge-1 a!").await;
    cluster.bind(&namespace, "router").await;
    until_known(&all, "edge-1 b").await;
    one.until_told("told to its fleet again").await;
    let notices = one.notices();
    assert_eq!(notices.iter().filter(|notice| notice.contains("cannot be told")).count(), 1, "{notices:?}");
    one.stop().await;
}
