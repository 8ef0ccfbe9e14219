//! `fleet audit --before`: what the routers of Deis Workflow and of Deis v1 really enforce, against their own documents and, where
//! nginx decides, against nginx.

#[path = "../common/mod.rs"]
mod common;
mod nginx;
mod said;
mod settings;
mod v1;
mod workflow;

use serde_json::{Value, json};

use said::audit;
use workflow::{app_with, cluster};

#[test]
fn what_is_no_such_file_is_an_error() {
    let no_router = json!({ "kind": "List", "items": [app_with("10.0.0.1")] }).to_string();
    let mut other_router: Value = serde_json::from_str(&cluster(json!({}), &[app_with("10.0.0.1")])).unwrap();
    other_router["items"][0]["metadata"]["namespace"] = "edge".into();
    assert_eq!(audit(&other_router.to_string()).code, 0, "it is the only one");
    for (dump, sentence) in [
        (no_router.as_str(), "there is no Deployment deis-router in it"),
        (&cluster(json!({}), &[]), "no Service with the label router.deis.io/routable=true"),
        (r#"{"errorCode":100,"message":"Key not found","cause":"/deis","index":3}"#, "Key not found"),
        (
            r#"{"action":"get","node":{"key":"/other","dir":true,"nodes":[]}}"#,
            "none of the keys of Deis below /other",
        ),
        ("{}", "kubectl get deployments,services --all-namespaces -o json"),
        ("", "kubectl get deployments,services"),
        ("10.0.0.0/8\n", "kubectl get deployments,services"),
    ] {
        let run = audit(dump);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{dump}: {run:?}");
        assert!(run.err.contains("<stdin>: ") && run.err.contains(sentence), "{dump}: {}", run.err);
    }
    let both = common::run(&["fleet", "audit", "--before", "-", "--site", "site"]);
    assert_eq!(both.code, 2);
    assert_eq!(common::run(&["fleet", "audit"]).code, 2);
    assert!(common::run(&["fleet", "audit", "--before", "no.json"]).err.contains("no.json does not exist"));
}
