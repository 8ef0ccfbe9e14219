//! The settings of Deis Workflow, and what all apps have to bear.

use serde_json::json;

use crate::said::{audit, columns, short};
use crate::workflow::{app_with, cluster, service};

/// The rule of the gate, with lists that both read alike.
#[test]
fn the_gate_of_workflow() {
    let (default, own) = ("10.0.0.0/8", "192.0.2.7,192.0.2.8");
    for (has_default, has_own, mode, enforce, expected) in [
        (false, false, "extend", "false", "open"),
        (false, false, "override", "FALSE", "open"),
        (false, false, "extend", "true", "nobody"),
        (false, false, "override", "True", "nobody"),
        (true, false, "extend", "false", "list 1"),
        (true, false, "override", "true", "list 1"),
        (false, true, "extend", "false", "list 2"),
        (false, true, "override", "true", "list 2"),
        (true, true, "extend", "false", "list 3"),
        (true, true, "extend", "true", "list 3"),
        (true, true, "override", "false", "list 2"),
        (true, true, "override", "true", "list 2"),
    ] {
        let mut router = json!({
            "router.deis.io/nginx.enforceWhitelists": enforce,
            "router.deis.io/nginx.whitelistMode": mode,
        });
        if has_default {
            router["router.deis.io/nginx.defaultWhitelist"] = default.into();
        }
        let app = if has_own { app_with(own) } else { service("shop", json!({})) };
        let run = audit(&cluster(router, &[app]));
        let [old, new, why] = columns(&run, "shop");
        let expected = (expected, expected, "-", 0);
        assert_eq!((short(&old).as_str(), short(&new).as_str(), why.as_str(), run.code), expected, "{run:?}");
    }
}

#[test]
fn settings_that_are_bad_count_as_absent() {
    let enforce = "router.deis.io/nginx.enforceWhitelists";
    let mode = "router.deis.io/nginx.whitelistMode";
    let default = "router.deis.io/nginx.defaultWhitelist";
    for (router, list, before, after, because) in [
        (json!({ enforce: "yes" }), None, "open", "nobody", Some(enforce)),
        (json!({ enforce: "" }), None, "open", "nobody", Some(enforce)),
        // With a list it makes no difference.
        (json!({ enforce: "yes" }), Some("1.2.3.4"), "list 1", "list 1", None),
        (json!({ mode: "Override" }), Some("1.2.3.4"), "list 1", "nobody", Some(mode)),
        (json!({ default: "10.0.0.0/8", mode: "replace" }), Some("1.2.3.4"), "list 2", "nobody", Some(mode)),
        (
            json!({ default: "10.0.0.0/8,1.2.3.4", mode: "precede" }),
            Some("1.2.3.4"),
            "list 3",
            "list 3",
            None,
        ),
        (json!({ default: "10.0.0.0/8:corp" }), None, "open", "list 1", Some(default)),
        (json!({ default: "10.0.0.0/8:corp" }), Some("1.2.3.4"), "list 1", "list 2", Some(default)),
        (json!({ default: "10.0.0.0/33" }), Some("1.2.3.4"), "list 1", "nobody", Some(default)),
        (json!({ default: "10.0.0.0/33", mode: "override" }), Some("1.2.3.4"), "list 1", "list 1", None),
        (json!({ enforce: "yes", default: "" }), None, "open", "nobody", Some(default)),
        // What is refused stands in the configuration of the app, or it does not.
        (json!({ default: "1.2.3.4," }), Some("1.2.3.4"), "stuck", "list 2", Some(default)),
        (json!({ default: "1.2.3.4,", mode: "override" }), Some("1.2.3.4"), "list 1", "list 1", None),
    ] {
        let app = list.map_or_else(|| service("shop", json!({})), app_with);
        let run = audit(&cluster(router.clone(), &[app]));
        let [old, new, why] = columns(&run, "shop");
        assert_eq!((short(&old).as_str(), short(&new).as_str()), (before, after), "{router}: {run:?}");
        match because {
            Some(name) => {
                assert!(why.contains(&format!("{name} of Deployment deis/deis-router is `")), "{why}")
            }
            None => assert_eq!(why, "-", "{router}"),
        }
        assert_eq!(run.code, i32::from(because.is_some()), "{router}");
        // What does not matter is not told.
        let told = [enforce, mode, default].into_iter().filter(|name| why.contains(name)).count();
        assert!(told <= 2, "{why}");
        if router.as_object().unwrap().len() == 1 {
            assert_eq!(told, usize::from(because.is_some()), "{why}");
        }
    }
}

#[test]
fn what_is_stuck_is_stuck_for_all() {
    let others = [
        service("blog", json!({ "router.deis.io/whitelist": "10.0.0.0/8:corp" })),
        service("open", json!({})),
        service("same", json!({ "router.deis.io/whitelist": "192.0.2.7" })),
    ];
    let mut services = others.to_vec();
    services.push(app_with("1.2.3.4,"));
    let run = audit(&cluster(json!({}), &services));
    assert_eq!(run.code, 1);
    let because = "nginx refuses the configuration because of router.deis.io/whitelist of Service shop/shop";
    for (app, before, after) in [
        ("blog", "stuck, otherwise open", "list: 1 entry, 16777216 IPv4, 0 IPv6"),
        ("open", "stuck, otherwise open", "open"),
        ("same", "stuck, otherwise list: 1 entry, 1 IPv4, 0 IPv6", "list: 1 entry, 1 IPv4, 0 IPv6"),
        ("shop", "stuck", "list: 1 entry, 1 IPv4, 0 IPv6"),
    ] {
        let [old, new, why] = columns(&run, app);
        assert_eq!((old.as_str(), new.as_str()), (before, after), "{run:?}");
        assert_eq!(why.starts_with(because), app != "shop", "{why}");
    }
    assert!(columns(&run, "blog")[2].contains("it holds a label"), "{run:?}");
    assert!(columns(&run, "shop")[2].contains("nginx refuses it, since a piece is empty"), "{run:?}");
    assert!(
        run.err.contains(because) && run.err.contains("a router that restarts has no apps"),
        "{}",
        run.err
    );

    // What is not routed is not in the configuration.
    let mut unrouted = app_with("1.2.3.4,");
    unrouted["metadata"]["annotations"]["router.deis.io/domains"] = "no_host".into();
    services[3] = unrouted;
    let run = audit(&cluster(json!({}), &services));
    assert_eq!((columns(&run, "open")[0].as_str(), run.err.as_str()), ("open", ""));
    let [old, new, why] = columns(&run, "shop");
    assert_eq!((old.as_str(), short(&new).as_str()), ("unrouted", "list 1"));
    assert!(why.contains("router.deis.io/domains of Service shop/shop is `no_host`"), "{why}");
}
