//! Deis v1.

use serde_json::{Value, json};

use crate::nginx::nginx_takes;
use crate::said::{audit, columns, short};

/// What `curl …/v2/keys/deis?recursive=true` prints, of these keys below the prefix.
fn store(keys: &[(&str, &str)]) -> String {
    fn node(key: &str, keys: &[(&str, &str)]) -> Value {
        let mut nodes = Vec::new();
        let mut seen = Vec::new();
        for (path, value) in keys {
            let Some((first, _)) = path.split_once('/') else {
                nodes.push(json!({ "key": format!("{key}/{path}"), "value": value, "modifiedIndex": 7 }));
                continue;
            };
            if seen.contains(&first) {
                continue;
            }
            seen.push(first);
            let inside: Vec<(&str, &str)> = keys
                .iter()
                .filter_map(|(path, value)| Some((path.strip_prefix(first)?.strip_prefix('/')?, *value)))
                .collect();
            nodes.push(node(&format!("{key}/{first}"), &inside));
        }
        json!({ "key": key, "dir": true, "nodes": nodes, "modifiedIndex": 3 })
    }
    json!({ "action": "get", "node": node("/deis", keys) }).to_string()
}

/// What the template of v1 makes of a value: cut at commas, then at colons, a label where there are two parts.
fn v1_directives(value: &str) -> String {
    let piece = |piece: &str| {
        let parts: Vec<&str> = piece.split(':').collect();
        let label = if parts.len() == 2 { format!("  # {}", parts[1]) } else { String::new() };
        format!("allow {};{label}\n", parts[0])
    };
    value.split(',').map(piece).collect()
}

/// Value, what the router of v1 enforces, what ipgate does.
const V1: &[(&str, &str, &str)] = &[
    ("10.0.1.0/24:office_ABC,212.121.212.121:client_YXZ", "list 2", "list 2"),
    ("0.0.0.0:some_optional_label,10.0.0.0/8", "list 2", "list 2"),
    ("10.0.0.1, 10.0.0.2", "list 2", "list 2"),
    ("10.0.0.1:a:b", "list 1", "list 1"),
    ("10.0.0.1:office\n", "list 1", "list 1"),
    ("10.0.0.1\n", "list 1", "list 1"),
    ("10.0.0.5/8", "list 1", "list 1"),
    ("all", "list 2", "list 2"),
    // nginx takes more than ipgate does.
    ("010.0.0.1", "list 1", "nobody"),
    ("1.2.3.4/032", "list 1", "nobody"),
    ("1.2.3.", "list 1", "nobody"),
    ("...", "list 1", "nobody"),
    ("\"10.0.0.1\"", "list 1", "nobody"),
    // The router of the whole cluster stays on its last configuration.
    ("", "stuck", "nobody"),
    ("10.0.0.1,", "stuck", "list 1"),
    ("10.0.0.1,,10.0.0.2", "stuck", "list 2"),
    ("office.example.com", "stuck", "nobody"),
    ("1.2.3.4/33", "stuck", "nobody"),
    ("1.2.3.4/", "stuck", "nobody"),
    ("1.2.3.4/+8", "stuck", "nobody"),
    ("256.1.1.1", "stuck", "nobody"),
    ("1.2.3", "stuck", "nobody"),
    ("1.2.3.4.5", "stuck", "nobody"),
    ("2001:db8::1", "stuck", "list 1"),
    ("[2001:db8::1]:office", "stuck", "list 1"),
    ("!10.0.0.1", "stuck", "nobody"),
    ("10.0.0.0-10.0.0.255", "stuck", "list 1"),
    ("10.0.0.1 10.0.0.2", "stuck", "nobody"),
    ("10.0.0.1\n10.0.0.2", "stuck", "list 2"),
    ("\"10.0.0.1,10.0.0.2\"", "stuck", "nobody"),
    ("255.255.255.255", "stuck", "list 1"),
    ("ALL", "stuck", "nobody"),
    ("unix:", "stuck", "nobody"),
    ("10.0.0.1;", "stuck", "nobody"),
];

#[test]
fn a_list_of_v1() {
    for &(value, before, after) in V1 {
        let run =
            audit(&store(&[("config/shop/deis_whitelist", value), ("domains/shop.example.com", "shop")]));
        let [old, new, why] = columns(&run, "shop");
        assert_eq!((short(&old).as_str(), short(&new).as_str()), (before, after), "{value:?}: {run:?}");
        assert_eq!(
            (run.code, why == "-"),
            (i32::from(before != after), before == after),
            "{value:?}: {run:?}"
        );
        assert_eq!(
            before == "stuck",
            why.contains("/deis/config/shop/deis_whitelist is `") && why.contains("nginx refuses it")
        );
        if let Some(takes) = nginx_takes(&v1_directives(value)) {
            assert_eq!(takes, before != "stuck", "{value:?}");
        }
    }
}

#[test]
fn the_gate_of_v1() {
    let keys = [
        ("router/enforceWhitelist", "true"),
        ("router/controller/whitelist", "10.0.1.0/24:office_intranet,121.212.121.212:dev_jenkins"),
        ("config/blog/PORT", "80"),
        ("config/shop/deis_whitelist", "192.0.2.7:partner"),
        ("domains/shop.example.com", "shop"),
        ("services/blog/blog_v1.web.1", "10.0.0.9:49153"),
        ("services/shop/shop_v2.web.1", "10.0.0.9:49154"),
    ];
    let states = |keys: &[(&str, &str)]| {
        let run = audit(&store(keys));
        let states = ["blog", "deis/controller", "shop"].map(|app| {
            let [old, new, _] = columns(&run, app);
            assert_eq!((short(&old), run.code), (short(&new), 0), "{run:?}");
            short(&new)
        });
        assert_eq!(run.out.lines().count(), 3, "{run:?}");
        states
    };
    assert_eq!(states(&keys), ["nobody", "list 2", "list 1"]);
    // Only this very text requires lists.
    for enforce in ["True", "false", "", "1", "true\n"] {
        let mut keys = keys;
        keys[0].1 = enforce;
        assert_eq!(states(&keys), ["open", "list 2", "list 1"], "{enforce:?}");
    }
    let without: Vec<_> = keys.into_iter().filter(|(key, _)| !key.starts_with("router/controller")).collect();
    assert_eq!(states(&without), ["nobody", "nobody", "list 1"]);

    // An app without a service is in no configuration, whatever its list.
    let mut more = keys.to_vec();
    more.push(("config/gone/deis_whitelist", "foobar"));
    let run = audit(&store(&more));
    assert_eq!((columns(&run, "gone")[0].as_str(), run.code), ("unrouted", 0), "{run:?}");
    // The controller's list is in every one.
    more[1].1 = "intranet.example.com";
    let run = audit(&store(&more));
    assert_eq!(columns(&run, "shop")[0], "stuck, otherwise list: 1 entry, 1 IPv4, 0 IPv6", "{run:?}");
    assert!(run.code == 1 && run.err.contains("/deis/router/controller/whitelist"), "{run:?}");
}
