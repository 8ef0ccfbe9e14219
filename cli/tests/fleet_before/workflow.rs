//! Deis Workflow: its lists, and the names of its apps.

use serde_json::{Value, json};

use crate::nginx::nginx_takes;
use crate::said::{audit, audit_json, columns, short};

/// What `kubectl get deployments,services --all-namespaces -o json` prints.
pub(crate) fn cluster(router: Value, services: &[Value]) -> String {
    let router = json!({
        "kind": "Deployment",
        "metadata": { "name": "deis-router", "namespace": "deis", "annotations": router },
        "spec": { "replicas": 1 },
    });
    let items: Vec<&Value> = std::iter::once(&router).chain(services).collect();
    json!({ "apiVersion": "v1", "kind": "List", "items": items }).to_string()
}

/// The service of an app that is routed.
pub(crate) fn service(app: &str, annotations: Value) -> Value {
    let mut all = json!({ "router.deis.io/domains": app });
    all.as_object_mut().unwrap().extend(annotations.as_object().unwrap().clone());
    json!({
        "kind": "Service",
        "metadata": {
            "name": app,
            "namespace": app,
            "labels": { "app": app, "heritage": "deis", "router.deis.io/routable": "true" },
            "annotations": all,
        },
    })
}

pub(crate) fn app_with(list: &str) -> Value {
    service("shop", json!({ "router.deis.io/whitelist": list }))
}

/// What the template of Workflow makes of a value: cut at commas.
fn workflow_directives(value: &str) -> String {
    value.split(',').map(|piece| format!("allow {};\n", piece.trim())).collect()
}

/// Value, what the router of Workflow enforces, what ipgate does.
const WORKFLOW: &[(&str, &str, &str)] = &[
    ("10.0.1.0/24,121.212.121.212", "list 2", "list 2"),
    ("10.0.1.0/24 , 121.212.121.212", "list 2", "list 2"),
    ("1.2.3.4, 0.0.0.0/0", "list 2", "list 2"),
    ("0.0.0.0/0", "list 1", "list 1"),
    ("10.0.0.5/8", "list 1", "list 1"),
    ("1.2.3.4,\n1.2.3.5", "list 2", "list 2"),
    // It fails open: what does not match counts as absent.
    ("", "open", "nobody"),
    (" 1.2.3.4", "open", "list 1"),
    ("1.2.3.4 ", "open", "list 1"),
    ("1.2.3.4\n", "open", "list 1"),
    ("1.2.3.4,,1.2.3.5", "open", "list 2"),
    (",1.2.3.4", "open", "list 1"),
    ("10.0.1.0/24:office_ABC,212.121.212.121:client_YXZ", "open", "list 2"),
    ("2001:db8::1", "open", "list 1"),
    ("10.0.0.1,2001:db8::/32", "open", "list 2"),
    ("1.2.3.4/33", "open", "nobody"),
    ("01.2.3.4", "open", "nobody"),
    ("1.2.3.4/032", "open", "nobody"),
    ("256.1.1.1", "open", "nobody"),
    ("foobar", "open", "nobody"),
    ("!10.0.0.1", "open", "nobody"),
    ("10.0.0.1 10.0.0.2", "open", "nobody"),
    // All are let in before and after, so that nothing changes.
    ("all", "open", "list 2"),
    // It matches, and nginx refuses it.
    ("1.2.3.4,", "stuck", "list 1"),
    ("1.2.3.4 , ", "stuck", "list 1"),
    ("1.2.3.41.2.3.4", "stuck", "nobody"),
    ("10.0.0.0/255.0.0.0", "stuck", "nobody"),
    ("10.0.0.0/810.0.0.1", "stuck", "nobody"),
    ("255.255.255.255", "stuck", "list 1"),
];

#[test]
fn a_list_of_workflow() {
    for &(value, before, after) in WORKFLOW {
        let run = audit(&cluster(json!({}), &[app_with(value)]));
        let [old, new, why] = columns(&run, "shop");
        assert_eq!((short(&old).as_str(), short(&new).as_str()), (before, after), "{value:?}: {run:?}");
        let is_same = before == after || value == "all";
        assert_eq!((run.code, why == "-"), (i32::from(!is_same), is_same), "{value:?}: {run:?}");
        assert_eq!(
            before == "stuck",
            run.err.contains("no change of any app is in force"),
            "{value:?}: {run:?}"
        );
        if !is_same {
            assert!(why.contains("router.deis.io/whitelist of Service shop/shop is `"), "{value:?}: {why}");
            assert_eq!(why.contains("counts as absent"), before == "open", "{value:?}: {why}");
        }
        if before != "open"
            && let Some(takes) = nginx_takes(&workflow_directives(value))
        {
            assert_eq!(takes, before != "stuck", "{value:?}");
        }
    }
}

#[test]
fn why_a_list_counts_as_absent() {
    for (value, why) in [
        ("", "it is empty"),
        (" 1.2.3.4", "it begins with a blank"),
        ("1.2.3.4 ", "it ends with a blank"),
        ("1.2.3.4,,1.2.3.5", "a piece is empty"),
        ("1.2.3.4,10.0.1.0/24:office", "it holds a label (`10.0.1.0/24:office`)"),
        ("2001:db8::/32", "it holds IPv6 (`2001:db8::/32`)"),
        ("[2001:db8::1]:office", "it holds IPv6"),
        ("1.2.3.4/33", "it holds a prefix that is none (`1.2.3.4/33`)"),
        ("1.2.3.4/", "it holds a prefix that is none"),
        ("01.2.3.4", "it holds a leading zero (`01.2.3.4`)"),
        ("1.2.3.4/032", "it holds a leading zero"),
        ("256.1.1.1", "it holds a number above 255"),
        ("1.2.3.4,all", "it holds `all`"),
        ("foobar", "it holds what is no IPv4 address (`foobar`)"),
        ("a\u{202e}b", "it holds what is no IPv4 address (`a\\u{202e}b`)"),
    ] {
        let run =
            audit(&cluster(json!({ "router.deis.io/nginx.enforceWhitelists": "false" }), &[app_with(value)]));
        let line = run.out.lines().next().unwrap().to_owned();
        assert_eq!(columns(&run, "shop")[0], "open", "{value:?}");
        // `1.2.3.4,all` changes nothing, and is told nothing of.
        assert!(
            line.contains(&format!("counts as absent, since {why}")) || value.ends_with("all"),
            "{value:?}: {line}"
        );
    }
}

#[test]
fn apps_are_named_as_ipgate_names_them() {
    let list = |text: &str| json!({ "router.deis.io/domains": "a", "router.deis.io/whitelist": text });
    let object = |namespace: &str, name: &str, labels: Value, annotations: Value| {
        let mut metadata = json!({ "name": name, "namespace": namespace, "annotations": annotations });
        metadata["labels"] = labels;
        json!({ "kind": "Service", "metadata": metadata })
    };
    let routable = |app: Option<&str>| {
        let mut labels = json!({ "router.deis.io/routable": "true" });
        app.into_iter().for_each(|app| labels["app"] = app.into());
        labels
    };
    let services = [
        object(
            "deis",
            "deis-controller",
            routable(Some("deis-controller")),
            list("10.0.1.0/24,121.212.121.212"),
        ),
        object("example", "example-web", routable(Some("example")), list("10.0.0.1")),
        object("drafty-zaniness", "drafty-zaniness", routable(None), list("10.0.0.2")),
        object("other", "web", routable(None), list("10.0.0.3")),
        object("deis", "deis-builder", json!({ "app": "deis-builder" }), list("10.0.0.4")),
        object("deis", "off", json!({ "router.deis.io/routable": "false" }), list("10.0.0.5")),
    ];
    let run = audit(&cluster(json!({}), &services));
    let names: Vec<&str> = run.out.lines().filter_map(|line| line.split('\t').next()).collect();
    assert_eq!(names, ["deis/deis-controller", "drafty-zaniness", "example", "other/web"]);
    assert_eq!(run.code, 0, "{run:?}");

    // The annotation of ipgate has the word there, and here nobody has heard of it.
    let mut own = list("10.0.0.1");
    own["ipgate.dev/list"] = "10.0.0.1,2001:db8::/32:lab".into();
    let run = audit(&cluster(json!({}), &[object("example", "example-web", routable(Some("example")), own)]));
    let [old, new, why] = columns(&run, "example");
    assert_eq!((short(&old).as_str(), short(&new).as_str()), ("list 1", "list 2"));
    assert!(why.contains("ipgate.dev/list of Service example/example-web is `10.0.0.1,"), "{why}");

    // Two objects of one app have to agree; a list of one counts for the other, too.
    let two = |first: Value, second: Value| {
        let objects = [("one", first), ("two", second)]
            .map(|(name, list)| object("example", name, routable(Some("example")), list));
        let run = audit(&cluster(json!({}), &objects));
        run.out
            .lines()
            .map(|line| line.split('\t').skip(1).take(2).map(short).collect::<Vec<_>>().join(" "))
            .collect::<Vec<_>>()
    };
    assert_eq!(two(list("10.0.0.1"), list("10.0.0.2")), ["list 1 nobody", "list 1 nobody"]);
    assert_eq!(
        two(list("10.0.0.1"), json!({ "router.deis.io/domains": "b" })),
        ["list 1 list 1", "open list 1"]
    );
}

#[test]
fn objects_of_json() {
    let services = [
        app_with("10.0.1.0/24:office,192.0.2.7"),
        service("same", json!({ "router.deis.io/whitelist": "192.0.2.0/24" })),
    ];
    let (code, lines) = audit_json(&cluster(json!({}), &services));
    assert_eq!((code, lines.len()), (1, 2));
    let [same, shop] = [&lines[0], &lines[1]];
    let list = json!({
        "state": "list", "entries": 1, "prefixes": ["192.0.2.0/24"],
        "addresses": { "ipv4": "256", "ipv6": "0" }, "otherwise": null,
    });
    assert_eq!((&same["app"], &same["same"], &same["why"]), (&json!("same"), &json!(true), &json!([])));
    assert_eq!((&same["before"], &same["after"]), (&list, &list));
    assert_eq!((&shop["before"]["state"], &shop["before"]["prefixes"]), (&json!("open"), &Value::Null));
    assert_eq!(shop["after"]["prefixes"], json!(["10.0.1.0/24", "192.0.2.7/32"]));
    assert_eq!(shop["addresses_lost"]["ipv4"], json!((4_294_967_296_u64 - 257).to_string()));
    assert_eq!((&shop["gained"], shop["why"].as_array().unwrap().len()), (&json!([]), 1));
    let (_, lines) = audit_json(&cluster(json!({}), &[app_with("1.2.3.4,"), service("open", json!({}))]));
    assert_eq!(
        (&lines[0]["before"]["state"], &lines[0]["before"]["otherwise"]["state"]),
        (&json!("stuck"), &json!("open"))
    );
    assert_eq!((&lines[1]["before"]["otherwise"], &lines[1]["same"]), (&Value::Null, &json!(false)));
}
