//! Keys against a second reading of them that anyone can check by eye.

use std::collections::BTreeMap;

use ipgate::Mode;
use ipgate::site::{AppName, Host};
use proptest::prelude::*;

use super::{Keys, Layout};
use crate::statement::{Stated, StatedApp, StatedList, Statement};

fn name(name: &str) -> AppName {
    name.parse().unwrap()
}

fn hosts(hosts: &[&str]) -> Vec<Host> {
    hosts.iter().map(|host| host.parse().unwrap()).collect()
}

fn keys(layout: Layout, pairs: &[(&str, &str)]) -> Keys {
    let mut keys = Keys::new(layout, "/deis/");
    keys.replace(pairs.iter().map(|(key, value)| (key.as_bytes(), value.as_bytes())));
    keys
}

fn text(list: &Stated<StatedList>) -> Option<(&str, &str)> {
    match list {
        Stated::Set(StatedList::Text { place, text }) => Some((place, text)),
        _ => None,
    }
}

#[test]
fn a_value_that_is_no_text_cannot_be_kept() {
    let mut keys = keys(Layout::Auto, &[("/deis/default", "10.0.0.0/8")]);
    assert_eq!(keys.whole().bookmark.unwrap().values.len(), 1);
    keys.put(b"/deis/config/shop/deis_whitelist", b"\xff");
    assert_eq!(keys.changes().bookmark, None);
    assert_eq!(keys.whole().bookmark, None);
    keys.remove(b"/deis/config/shop/deis_whitelist");
    let gone = keys.changes().bookmark.unwrap().values;
    assert_eq!(gone.into_iter().collect::<Vec<_>>(), [("/deis/config/shop/deis_whitelist".into(), None)]);
}

#[test]
fn the_keys_of_deis_mean_what_its_router_made_of_them() {
    let mut keys = keys(
        Layout::Deis,
        &[
            ("/deis/router/enforceWhitelist", "true"),
            ("/deis/router/controller/whitelist", "10.0.1.0/24:office_intranet"),
            ("/deis/config/shop/deis_whitelist", "10.0.1.0/24:office_ABC, 212.121.212.121:client_YXZ"),
            ("/deis/config/blog/port", "80"),
            ("/deis/domains/Example.COM", "shop"),
            ("/deis/domains/other.example", "blog"),
            ("/deis/apps/plain/list", "10.0.0.0/8"),
        ],
    );
    let whole = keys.whole();
    assert_eq!(whole.enforce, Some(Stated::Set(true)));
    assert_eq!((&whole.default, &whole.mode), (&Some(Stated::Unset), &Some(Stated::Unset)));
    assert_eq!(
        whole.apps.keys().map(AppName::as_str).collect::<Vec<_>>(),
        ["blog", "deis/controller", "shop"]
    );
    let shop = whole.apps["shop"].as_ref().unwrap();
    let place = "/deis/config/shop/deis_whitelist";
    assert_eq!(text(&shop.list), Some((place, "10.0.1.0/24:office_ABC, 212.121.212.121:client_YXZ")));
    assert_eq!(shop.hosts, hosts(&["example.com"]));
    let controller = whole.apps["deis/controller"].as_ref().unwrap();
    assert_eq!(controller.hosts, hosts(&["deis.example.com", "deis.other.example"]));
    assert_eq!(whole.apps["blog"].as_ref().unwrap().list, Stated::Unset);

    keys.put(b"/deis/controller/subdomain", b"admin");
    let changes = keys.changes();
    assert_eq!(changes.apps.len(), 1, "a subdomain is the controller's alone");
    let controller = changes.apps["deis/controller"].as_ref().unwrap();
    assert_eq!(controller.hosts, hosts(&["admin.example.com", "admin.other.example"]));
    keys.put(b"/deis/router/enforceWhitelist", b"True");
    let changes = keys.changes();
    assert_eq!(changes.enforce, Some(Stated::Set(false)));
    assert!(changes.remarks[0].contains("write `true`"), "{:?}", changes.remarks);
    keys.put(b"/deis/router/enforceWhitelist", b"\xff");
    assert!(matches!(keys.changes().enforce, Some(Stated::Bad(_))));
    keys.remove(b"/deis/router/controller/whitelist");
    assert_eq!(keys.changes().apps, BTreeMap::from([(name("deis/controller"), None)]));
}

#[test]
fn the_plain_keys_mean_what_is_written() {
    let mut keys = keys(
        Layout::Plain,
        &[
            ("/deis/enforce", "TRUE\n"),
            ("/deis/mode", "override"),
            ("/deis/default", "10.0.0.0/8:corp"),
            ("/deis/apps/deis/deis-controller/list", "192.0.2.1"),
            ("/deis/apps/shop/mode", "extended"),
            ("/deis/apps/shop/hosts", "a.example,b.example c.example\n\n*.d.example"),
            ("/deis/config/old/deis_whitelist", "10.0.0.0/8"),
        ],
    );
    let whole = keys.whole();
    assert_eq!((whole.enforce, whole.mode), (Some(Stated::Set(true)), Some(Stated::Set(Mode::Override))));
    assert_eq!(text(whole.default.as_ref().unwrap()), Some(("/deis/default", "10.0.0.0/8:corp")));
    assert_eq!(whole.apps.keys().map(AppName::as_str).collect::<Vec<_>>(), ["deis/deis-controller", "shop"]);
    let shop = whole.apps["shop"].as_ref().unwrap();
    assert!(matches!(&shop.mode, Stated::Bad(why) if why.starts_with("/deis/apps/shop/mode: ")));
    assert_eq!(shop.hosts, hosts(&["a.example", "b.example", "c.example", "*.d.example"]));
    // Hosts that are no text leave those that were; a host that is none leaves the others.
    keys.put(b"/deis/apps/shop/hosts", b"\xff");
    assert_eq!(keys.changes().apps["shop"].as_ref().unwrap().hosts.len(), 4);
    keys.put(b"/deis/apps/shop/hosts", b"a.example no/host");
    let changes = keys.changes();
    assert_eq!(changes.apps["shop"].as_ref().unwrap().hosts, hosts(&["a.example"]));
    assert!(changes.remarks[0].contains("no/host"), "{:?}", changes.remarks);
}

#[test]
fn both_layouts_together() {
    let mut keys = keys(
        Layout::Auto,
        &[
            ("/deis/config/shop/deis_whitelist", "10.0.0.0/8"),
            ("/deis/apps/shop/list", "192.0.2.1"),
            ("/deis/apps/blog/hosts", "blog.example"),
            ("/deis/domains/www.blog.example", "blog"),
            ("/deis/config/blog/deis_whitelist", "10.0.0.0/8"),
            ("/deis/enforce", "false"),
            ("/deis/router/enforceWhitelist", "true"),
        ],
    );
    let whole = keys.whole();
    assert_eq!(whole.enforce, Some(Stated::Set(true)), "either requires lists");
    assert_eq!(text(&whole.apps["shop"].as_ref().unwrap().list), Some(("/deis/apps/shop/list", "192.0.2.1")));
    let blog = whole.apps["blog"].as_ref().unwrap();
    assert_eq!(text(&blog.list), Some(("/deis/config/blog/deis_whitelist", "10.0.0.0/8")));
    assert_eq!(blog.hosts, hosts(&["blog.example", "www.blog.example"]));
    assert_eq!(whole.remarks.iter().filter(|remark| remark.contains("the first counts")).count(), 1);
    keys.put(b"/deis/config/shop/deis_whitelist", b"10.0.0.0/9");
    assert_eq!(keys.changes().remarks, [""; 0], "told once");
    keys.remove(b"/deis/apps/shop/list");
    let changes = keys.changes();
    assert_eq!(
        text(&changes.apps["shop"].as_ref().unwrap().list),
        Some(("/deis/config/shop/deis_whitelist", "10.0.0.0/9"))
    );
}

#[test]
fn a_directory_takes_its_keys_along_and_no_others() {
    let list = |app: &str| format!("/deis/config/{app}/deis_whitelist");
    let (one, other, longer) = (list("shop"), list("blog"), list("shop2"));
    let pairs = [
        (&*one, "10.0.0.1"),
        (&*other, "10.0.0.2"),
        (&*longer, "10.0.0.3"),
        ("/deis/domains/a.example", "shop"),
    ];
    let mut keys = keys(Layout::Deis, &pairs);
    drop(keys.whole());
    keys.remove_below("/deis/config/shop");
    let changes = keys.changes();
    assert_eq!(changes.apps.len(), 1);
    assert_eq!(changes.apps["shop"].as_ref().unwrap().list, Stated::Unset, "its domain is still there");
    keys.remove_below("/deis");
    assert!(keys.changes().apps.values().all(Option::is_none));
    assert!(keys.whole().is_empty_whole());
}

/// Keys and values that meet each other often.
fn pair() -> impl Strategy<Value = (String, Option<String>)> {
    let key = prop::sample::select(vec![
        "router/enforceWhitelist",
        "router/controller/whitelist",
        "controller/subdomain",
        "config/a/deis_whitelist",
        "config/a/other",
        "config/b/deis_whitelist",
        "domains/one.example",
        "domains/two.example",
        "domains/no host",
        "apps/a/list",
        "apps/a/hosts",
        "apps/b/mode",
        "apps/c/list",
        "apps/c/lst",
        "enforce",
        "mode",
        "default",
        "default/split",
        "other",
    ]);
    let value = prop::sample::select(vec![
        "true",
        "false",
        "a",
        "b",
        "deis",
        "10.0.0.0/8",
        "one.example",
        "override",
    ]);
    (key.prop_map(|key| format!("/deis/{key}")), prop::option::of(value.prop_map(str::to_owned)))
}

/// What changes say, put together, as one whole.
#[derive(Default)]
struct Put {
    apps: BTreeMap<AppName, StatedApp>,
    rest: Statement,
}

impl Put {
    fn take(&mut self, statement: Statement) {
        for (name, app) in statement.apps {
            match app {
                Some(app) => drop(self.apps.insert(name, app)),
                None => drop(self.apps.remove(&name)),
            }
        }
        self.rest.default = statement.default.or(self.rest.default.take());
        self.rest.mode = statement.mode.or(self.rest.mode.take());
        self.rest.enforce = statement.enforce.or(self.rest.enforce.take());
    }
}

proptest! {
    /// Changes one by one come to what a reading of all keys says; domains whose value means nothing are left out, since
    /// they stay as they were.
    #[test]
    fn changes_come_to_the_whole(
        pairs in prop::collection::vec(pair(), 0..40),
        layout in prop::sample::select(vec![Layout::Auto, Layout::Deis, Layout::Plain]),
    ) {
        let mut model: BTreeMap<String, String> = BTreeMap::new();
        let mut followed = Keys::new(layout, "/deis/");
        let mut put = Put::default();
        let first = followed.whole();
        let mut bookmark = first.bookmark.clone().unwrap();
        put.take(first);
        for (key, value) in pairs {
            if key.contains("/domains/") && value.as_deref().is_some_and(|value| value.contains('/')) {
                continue;
            }
            match value {
                Some(value) => {
                    followed.put(key.as_bytes(), value.as_bytes());
                    model.insert(key, value);
                }
                None => {
                    followed.remove(key.as_bytes());
                    model.remove(&key);
                }
            }
            let mut changes = followed.changes();
            bookmark.add(changes.bookmark.take().unwrap());
            put.take(changes);
        }
        let mut read = Keys::new(layout, "/deis/");
        read.replace(model.iter().map(|(key, value)| (key.as_bytes(), value.as_bytes())));
        let whole = read.whole();
        let apps: BTreeMap<AppName, StatedApp> =
            whole.apps.iter().filter_map(|(name, app)| Some((name.clone(), app.clone()?))).collect();
        prop_assert_eq!(&put.apps, &apps);
        prop_assert_eq!((&put.rest.default, &put.rest.mode), (&whole.default, &whole.mode));
        prop_assert_eq!(&put.rest.enforce, &whole.enforce);
        // Those that were kept say what a reading says.
        let mut kept = Keys::new(layout, "/deis/");
        kept.restore(&bookmark);
        prop_assert_eq!(Statement { remarks: Vec::new(), ..kept.whole() }, Statement { remarks: Vec::new(), ..whole.clone() });
        // And as one may read the keys by eye.
        let get = |key: &str| model.get(&format!("/deis/{key}")).map(String::as_str);
        for app in ["a", "b", "c"] {
            let plain = get(&format!("apps/{app}/list")).filter(|_| layout.has_plain());
            let deis = get(&format!("config/{app}/deis_whitelist")).filter(|_| layout.has_deis());
            let stated = apps.get(app).and_then(|app| text(&app.list)).map(|(_, text)| text);
            prop_assert_eq!(stated, plain.or(deis));
        }
    }
}
