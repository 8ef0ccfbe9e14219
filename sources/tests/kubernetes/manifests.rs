//! What `deploy/kubernetes` has, applied to the server.

use std::path::Path;
use std::sync::{Arc, Mutex};

use ipgate_sources::{
    Condition, KubernetesAccess, KubernetesRoster, KubernetesSource, KubernetesStore, Roster, Store,
    StoreError,
};
use serde_json::{Value, json};

use crate::confirmed::{known, report};
use crate::followed::Followed;
use crate::kubernetes::Kubernetes;

fn manifest(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/kubernetes").join(name);
    path.to_str().unwrap().to_owned()
}

/// kubectl asks first and creates then, which only one may do at a time.
static ONE: Mutex<()> = Mutex::new(());

fn apply(cluster: &Kubernetes, name: &str) {
    let _one = ONE.lock().unwrap();
    cluster.kubectl(&["apply", "-f", &manifest("namespace.yaml")]);
    cluster.kubectl(&["apply", "-f", &manifest(name)]);
}

fn source(access: KubernetesAccess) -> KubernetesSource {
    KubernetesSource::new(access).with_router("deis", "deis-router")
}

/// With just that role everything is followed; with one verb less, that verb is named.
pub(crate) async fn the_role_is_enough_and_one_verb_less_is_named(cluster: Arc<Kubernetes>) {
    apply(&cluster, "rbac.yaml");
    let token = cluster.token("ipgate", "ipgated").await;
    let access = KubernetesAccess::kubeconfig(cluster.kubeconfig(json!({ "token": token })));
    let followed = Followed::ready(source(access)).await;
    assert!(followed.is_connected(), "{}", followed.why());
    // The server may not have routes yet, and says so before it looks at rights.
    assert_eq!(one_verb_less(&cluster, |resource| resource != "httproutes").await, 6);
}

/// The same for the kind that comes with the Gateway API, once that is there.
pub(crate) async fn one_verb_less_for_routes_is_named(cluster: Arc<Kubernetes>) {
    apply(&cluster, "rbac.yaml");
    crate::ingress::routes(&cluster).await;
    assert_eq!(one_verb_less(&cluster, |resource| resource == "httproutes").await, 2);
}

/// Takes each verb of some resources away by itself, and waits until it is named; how many there were.
async fn one_verb_less(cluster: &Kubernetes, is_tried: impl Fn(&str) -> bool) -> usize {
    let namespace = cluster.namespace("less").await;
    let role = |namespace: &str, kind: &str, name: &str| -> Value {
        let namespace = format!("--namespace={namespace}");
        serde_json::from_str(&cluster.kubectl(&[&namespace, "get", kind, name, "-o", "json"])).unwrap()
    };
    let mut rules = role("", "clusterrole", "ipgate-read")["rules"].as_array().unwrap().clone();
    rules.extend(role("deis", "role", "ipgate-router")["rules"].as_array().unwrap().iter().cloned());
    let mut count = 0;
    for (number, rule) in rules.iter().enumerate() {
        let resource = rule["resources"][0].as_str().unwrap();
        let verbs: Vec<String> = serde_json::from_value(rule["verbs"].clone()).unwrap();
        for verb in verbs.iter().filter(|_| is_tried(resource)) {
            let mut less = rules.clone();
            less[number]["verbs"] = json!(verbs.iter().filter(|other| *other != verb).collect::<Vec<_>>());
            let account = cluster.unused("less");
            cluster.account(&namespace, &account, json!(less)).await;
            let token = cluster.token(&namespace, &account).await;
            let access = KubernetesAccess::kubeconfig(cluster.kubeconfig(json!({ "token": token })));
            let followed = Followed::new(source(access));
            // The server needs a moment for new roles, and refuses more until then.
            let expected = format!("cannot {verb} resource \"{resource}\"");
            let is_named = |followed: &Followed| {
                let is_of_kind = match verb.as_str() {
                    "watch" => matches!(followed.condition(), Condition::Degraded(_)),
                    _ => matches!(followed.condition(), Condition::Away(_)),
                };
                is_of_kind && followed.why().contains(&expected)
            };
            followed.until(is_named).await;
            count += 1;
        }
    }
    count
}

/// With just that role a router says what it enforces, and reads what others do; with one verb less, that verb is named.
pub(crate) async fn the_role_of_leases_is_enough_and_one_verb_less_is_named(cluster: Arc<Kubernetes>) {
    apply(&cluster, "rbac.yaml");
    cluster.until_may("ipgate", "ipgated", "create", "leases.coordination.k8s.io").await;
    let roster = async |namespace: &str, account: &str| {
        let token = cluster.token(namespace, account).await;
        let access = KubernetesAccess::kubeconfig(cluster.kubeconfig(json!({ "token": token })));
        KubernetesRoster::new(access).with_namespace(namespace)
    };
    let id = "edge-1".parse().unwrap();
    let enough = roster("ipgate", "ipgated").await;
    for digit in ['a', 'b'] {
        enough.say(&id, &report(digit)).await.unwrap();
        assert_eq!(known(&enough).await, format!("edge-1 {digit}"));
    }
    enough.leave(&id).await.unwrap();
    assert_eq!(known(&enough).await, "");

    let namespace = cluster.namespace("less-leases").await;
    let role = cluster.kubectl(&["--namespace=ipgate", "get", "role", "ipgate-routers", "-o", "json"]);
    let rules = serde_json::from_str::<Value>(&role).unwrap()["rules"].clone();
    let verbs: Vec<String> = serde_json::from_value(rules[0]["verbs"].clone()).unwrap();
    assert_eq!((rules.as_array().unwrap().len(), verbs.len()), (1, 4), "{rules}");
    for verb in &verbs {
        let mut less = rules.clone();
        less[0]["verbs"] = json!(verbs.iter().filter(|other| *other != verb).collect::<Vec<_>>());
        let account = cluster.unused("less");
        cluster.account(&namespace, &account, less).await;
        let roster = roster(&namespace, &account).await;
        let expected = format!("cannot {verb} resource \"leases\"");
        // The server needs a moment for new roles, and refuses more until then.
        loop {
            let refused = match verb.as_str() {
                "list" => roster.all().await.map(drop),
                "delete" => roster.leave(&id).await,
                _ => roster.say(&id, &report('a')).await,
            };
            if refused.unwrap_err().to_string().contains(&expected) {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
}

/// Everything is what the server takes, and the control service's role is enough to write.
pub(crate) async fn the_rest_is_taken_by_the_server(cluster: Arc<Kubernetes>) {
    apply(&cluster, "rbac.yaml");
    for name in ["rbac-control.yaml", "config.yaml", "daemonset.yaml", "site.yaml"] {
        cluster.kubectl(&["apply", "--server-side", "--dry-run=server", "-f", &manifest(name)]);
        apply(&cluster, name);
    }
    // The lists that the ConfigMap has are those that the volume names.
    let patch = std::fs::read_to_string(manifest("site-volume.yaml")).unwrap();
    cluster.kubectl(&["--namespace=ipgate", "patch", "daemonset", "ipgate", "--patch", &patch]);
    let got = |what: &[&str]| -> Value {
        serde_json::from_str(&cluster.kubectl(&[&["--namespace=ipgate", "get", "-o", "json"], what].concat()))
            .unwrap()
    };
    let daemonset = got(&["daemonset", "ipgate"]);
    let volumes = daemonset["spec"]["template"]["spec"]["volumes"].as_array().unwrap();
    let lists = volumes.iter().find(|volume| volume["name"] == "lists").unwrap();
    let mut named: Vec<&str> = lists["configMap"]["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["key"].as_str().unwrap())
        .collect();
    named.sort_unstable();
    let map = got(&["configmap", "ipgate-site"]);
    let there: Vec<&String> = map["data"].as_object().unwrap().keys().collect();
    assert_eq!(named, there);
    let namespace = cluster.namespace("controlled").await;
    cluster.service(&namespace, "shop", json!({})).await;
    let app = format!("{namespace}/shop").parse().unwrap();
    let access = async |account: &str| {
        let token = cluster.token("ipgate", account).await;
        KubernetesAccess::kubeconfig(cluster.kubeconfig(json!({ "token": token })))
    };
    let control = access("ipgate-control").await;
    cluster.until_may("ipgate", "ipgate-control", "patch", "services").await;
    cluster.until_may("ipgate", "ipgated", "list", "services").await;
    let store = KubernetesStore::new(control.clone());
    let read = store.read(&app).await.unwrap().unwrap();
    store.write(&app, Some("10.0.0.0/8:corp"), &read).await.unwrap();
    let followed = Followed::ready(source(control)).await;
    followed
        .until(|followed| {
            followed.allows(app.as_str(), "10.1.1.1") && !followed.allows(app.as_str(), "192.0.2.1")
        })
        .await;
    // The account of the nodes cannot.
    let store = KubernetesStore::new(access("ipgated").await);
    let read = store.read(&app).await.unwrap().unwrap();
    assert!(matches!(store.write(&app, None, &read).await, Err(StoreError::Denied(_))));
}
