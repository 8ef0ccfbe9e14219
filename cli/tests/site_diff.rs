//! `diff` of two sites: what they say, and who gains and loses access where.

mod common;

use std::fs;

use common::{Dir, Run};
use serde_json::json;

/// The folder of a site with these files.
fn write_site(dir: &Dir, folder: &str, files: &[(&str, &str)]) {
    fs::create_dir_all(dir.path(folder).join("apps/deis")).unwrap();
    for (name, text) in files {
        dir.write(&format!("{folder}/{name}"), text);
    }
}

/// Two sites, `old` and `new`.
fn sites(old: &[(&str, &str)], new: &[(&str, &str)]) -> Dir {
    let dir = Dir::new();
    write_site(&dir, "old", old);
    write_site(&dir, "new", new);
    dir
}

fn diff(old: &[(&str, &str)], new: &[(&str, &str)]) -> Run {
    sites(old, new).run(&["diff", "old", "new"])
}

#[track_caller]
fn expect(run: &Run, expected: &str) {
    assert_eq!((run.out.as_str(), run.err.as_str(), run.code), (expected, "", 1));
}

const BEFORE: [(&str, &str); 6] = [
    ("site.toml", "enforce = true\n"),
    ("default.list", "10.0.0.0/8:corp\n!10.9.0.0/16:lab\n"),
    ("apps/shop.list", "192.0.2.7:partner\n"),
    ("apps/old.list", "198.51.100.0/24\n"),
    ("apps/deis/controller.list", "10.9.0.0/16\n"),
    ("hosts", "shop.example.com shop\nblog.example.com old\n"),
];
const AFTER: [(&str, &str); 6] = [
    ("site.toml", "enforce = true\n[apps.shop]\nmode = \"override\"\n"),
    ("default.list", "10.0.0.0/8:corp\n"),
    ("apps/shop.list", "192.0.2.7:friend\n192.0.2.8:friend\n"),
    ("apps/blog.list", "203.0.113.7:friend\n"),
    ("apps/deis/controller.list", "10.9.0.0/16\n"),
    ("hosts", "shop.example.com shop\nblog.example.com blog\n"),
];

/// deis/controller allowed 10.9.0.0/16 before as after: what the default list says of it makes no difference there.
#[test]
fn settings_lists_apps_hosts_and_access() {
    let expected = "\
default list
  - !10.9.0.0/16:lab
app blog: added
  list set
  + 203.0.113.7:friend
app old: removed
  list unset
  - 198.51.100.0/24
app shop
  mode: - -> override
  + 192.0.2.8:friend
  ~ 192.0.2.7:partner -> 192.0.2.7:friend
host blog.example.com: old -> blog
access of all that neither site names
  gained 10.9.0.0/16
  # addresses gained: 65536 IPv4, 0 IPv6
  # addresses lost: 0 IPv4, 0 IPv6
access of blog
  gained 10.9.0.0/16
  gained 203.0.113.7/32
  # addresses gained: 65537 IPv4, 0 IPv6
  # addresses lost: 0 IPv4, 0 IPv6
access of old
  gained 10.9.0.0/16
  lost 198.51.100.0/24
  # addresses gained: 65536 IPv4, 0 IPv6
  # addresses lost: 256 IPv4, 0 IPv6
access of shop
  gained 192.0.2.8/32
  lost 10.0.0.0/13
  lost 10.8.0.0/16
  lost 10.10.0.0/15
  lost 10.12.0.0/14
  lost 10.16.0.0/12
  lost 10.32.0.0/11
  lost 10.64.0.0/10
  lost 10.128.0.0/9
  # addresses gained: 1 IPv4, 0 IPv6
  # addresses lost: 16711680 IPv4, 0 IPv6
access of host blog.example.com
  gained 10.9.0.0/16
  gained 203.0.113.7/32
  lost 198.51.100.0/24
  # addresses gained: 65537 IPv4, 0 IPv6
  # addresses lost: 256 IPv4, 0 IPv6
# apps: 1 added, 1 removed, 1 changed; hosts: 1 changed
# entries: 2 added, 2 removed, 1 relabelled
";
    expect(&diff(&BEFORE, &AFTER), expected);
}

#[test]
fn json_of_sites() {
    let dir = sites(&BEFORE, &AFTER);
    let run = dir.run(&["--json", "diff", "old", "new"]);
    let lines = run.json();
    assert_eq!(run.code, 1);
    assert_eq!(
        lines[..5],
        [
            json!({"kind": "removed", "app": null, "entry": "!10.9.0.0/16:lab", "prefix": "10.9.0.0/16",
                "action": "deny", "label": "lab", "until": null, "line": 2}),
            json!({"kind": "app", "app": "blog", "change": "added"}),
            json!({"kind": "list", "app": "blog", "old": "unset", "new": "set"}),
            json!({"kind": "added", "app": "blog", "entry": "203.0.113.7:friend", "prefix": "203.0.113.7/32",
                "action": "allow", "label": "friend", "until": null, "line": 1}),
            json!({"kind": "app", "app": "old", "change": "removed"}),
        ]
    );
    assert!(lines.contains(&json!({"kind": "app", "app": "shop", "change": "changed"})));
    let mode = json!({"kind": "setting", "name": "mode", "app": "shop", "old": null, "new": "override"});
    assert!(lines.contains(&mode), "{}", run.out);
    let host = json!({"kind": "host", "host": "blog.example.com", "old": "old", "new": "blog"});
    assert!(lines.contains(&host), "{}", run.out);
    let access = json!({"kind": "access", "apps": ["blog"], "hosts": [], "unnamed": false, "from": null,
        "gained": ["10.9.0.0/16", "203.0.113.7/32"], "lost": [],
        "addresses_gained": {"ipv4": "65537", "ipv6": "0"}, "addresses_lost": {"ipv4": "0", "ipv6": "0"}});
    assert!(lines.contains(&access), "{}", run.out);
    let summary = json!({"kind": "summary", "apps_added": 1, "apps_removed": 1, "apps_changed": 1,
        "hosts_changed": 1, "added": 2, "removed": 2, "relabelled": 1, "access_changed": 3});
    assert_eq!(lines.last(), Some(&summary));

    let access = dir.run(&["--json", "diff", "--access", "old", "new"]);
    let kinds: Vec<_> =
        access.json().into_iter().map(|line| line["kind"].as_str().unwrap().to_owned()).collect();
    assert_eq!(kinds, ["access", "access", "access", "access", "access", "summary"]);
}

/// A site of ten thousand apps changes its default list: nobody wants to read that ten thousand times.
#[test]
fn apps_that_change_alike_stand_there_once() {
    let mut hosts: String = (0..9_998).map(|i| format!("{i}.example.com app{i:04}\n")).collect();
    let before =
        [("default.list", "10.0.0.0/8\n"), ("apps/shop.list", "192.0.2.7\n"), ("hosts", hosts.as_str())];
    let mut after = before;
    after[0].1 = "10.0.0.0/8\n172.16.0.0/12\n";
    let run = diff(&before, &after);
    let expected = "\
default list
  + 172.16.0.0/12
access of shop, 9998 apps without a list of their own and all that neither site names
  gained 172.16.0.0/12
  # addresses gained: 1048576 IPv4, 0 IPv6
  # addresses lost: 0 IPv4, 0 IPv6
# apps: 0 added, 0 removed, 0 changed; hosts: 0 changed
# entries: 1 added, 0 removed, 0 relabelled
";
    expect(&run, expected);

    // An app that has an exception of its own there is not one of them.
    let of_shop =
        [("apps/shop.list", "!172.16.0.0/12\n"), ("apps/a.list", "::1\n"), ("apps/b.list", "::1\n")];
    let dir = sites(&before, &after);
    for folder in ["old", "new"] {
        write_site(&dir, folder, &of_shop);
        hosts.push_str("c.example.com c\n");
        dir.write(&format!("{folder}/apps/c.list"), "::1\n");
        dir.write(&format!("{folder}/apps/d.list"), "::1\n");
        dir.write(&format!("{folder}/apps/e.list"), "::1\n");
    }
    let run = dir.run(&["diff", "--access", "old", "new"]);
    let expected = "\
access of a, b, c, d, 1 more app, 9998 apps without a list of their own and all that neither site names
  gained 172.16.0.0/12
  # addresses gained: 1048576 IPv4, 0 IPv6
  # addresses lost: 0 IPv4, 0 IPv6
";
    expect(&run, expected);
}

/// The rows of the policy table without a default list: `enforce` decides where no list is set.
#[test]
fn enforce_and_mode_of_a_site() {
    let run = diff(
        &[("site.toml", "enforce = false\n"), ("apps/shop.list", "192.0.2.7\n")],
        &[("site.toml", "enforce = true\nmode = \"precede\"\n"), ("apps/shop.list", "192.0.2.7\n")],
    );
    let expected = "\
enforce: false -> true
mode: extend -> precede
access of all that neither site names
  lost 0.0.0.0/0
  lost ::/0
  # addresses gained: 0 IPv4, 0 IPv6
  # addresses lost: 4294967296 IPv4, 340282366920938463463374607431768211456 IPv6
# apps: 0 added, 0 removed, 0 changed; hosts: 0 changed
# entries: 0 added, 0 removed, 0 relabelled
";
    expect(&run, expected);

    // In mode precede, the app's wider entry wins over the exception of the default list.
    let lists = [("default.list", "!10.9.0.0/16\n"), ("apps/shop.list", "10.8.0.0/15\n")];
    let dir = sites(&lists, &lists);
    dir.write("new/site.toml", "mode = \"precede\"\n");
    let expected = "\
mode: extend -> precede
access of shop
  gained 10.9.0.0/16
  # addresses gained: 65536 IPv4, 0 IPv6
  # addresses lost: 0 IPv4, 0 IPv6
# apps: 0 added, 0 removed, 0 changed; hosts: 0 changed
# entries: 0 added, 0 removed, 0 relabelled
";
    expect(&dir.run(&["diff", "old", "new"]), expected);
}

/// An empty list is set, and nobody matches it: that closes an app that was open.
#[test]
fn unset_and_empty_are_two_things() {
    let run = diff(&[("site.toml", "")], &[("site.toml", ""), ("apps/shop.list", "")]);
    let expected = "\
app shop: added
  list set
access of shop
  lost 0.0.0.0/0
  lost ::/0
  # addresses gained: 0 IPv4, 0 IPv6
  # addresses lost: 4294967296 IPv4, 340282366920938463463374607431768211456 IPv6
# apps: 1 added, 0 removed, 0 changed; hosts: 0 changed
# entries: 0 added, 0 removed, 0 relabelled
";
    expect(&run, expected);
}

/// A host that is named no more may be below a `*.` that is.
#[test]
fn hosts_below_others() {
    let lists = [("default.list", ""), ("apps/shop.list", "192.0.2.7\n"), ("apps/blog.list", "192.0.2.8\n")];
    let dir = sites(&lists, &lists);
    dir.write("old/hosts", "*.example.com shop\nblog.example.com blog\nwww.example.com shop\n");
    dir.write("new/hosts", "*.example.com shop\n");
    let expected = "\
host blog.example.com: blog -> -
host www.example.com: shop -> -
access of host blog.example.com
  gained 192.0.2.7/32
  lost 192.0.2.8/32
  # addresses gained: 1 IPv4, 0 IPv6
  # addresses lost: 1 IPv4, 0 IPv6
# apps: 0 added, 0 removed, 0 changed; hosts: 2 changed
# entries: 0 added, 0 removed, 0 relabelled
";
    expect(&dir.run(&["diff", "old", "new"]), expected);
}

/// Labels, order and entries that say nothing new are no access; an expiry to come is, from then on.
#[test]
fn access_now_and_later() {
    let before = [("default.list", "10.0.0.0/8:corp\n"), ("apps/shop.list", "192.0.2.7\n192.0.2.8\n")];
    let same =
        [("default.list", "10.0.0.0/8:office\n"), ("apps/shop.list", "192.0.2.8\n192.0.2.7\n10.1.1.1\n")];
    let dir = sites(&before, &same);
    let access = dir.run(&["diff", "--access", "old", "new"]);
    assert_eq!((access.code, access.out.as_str(), access.err.as_str()), (0, "", ""));
    assert_eq!(dir.run(&["diff", "old", "new"]).code, 1);

    dir.write("new/apps/shop.list", "192.0.2.7\n192.0.2.8;until=2098-12-31\n");
    let expected = "\
access of shop
  # access is the same until 2098-12-31, and then:
  lost 192.0.2.8/32
  # addresses gained: 0 IPv4, 0 IPv6
  # addresses lost: 1 IPv4, 0 IPv6
";
    expect(&dir.run(&["diff", "--access", "old", "new"]), expected);
    let json = dir.run(&["--json", "diff", "--access", "old", "new"]).json();
    assert_eq!((json.len(), &json[0]["from"]), (2, &json!("2098-12-31")));
}

#[test]
fn sites_that_say_the_same() {
    let dir = sites(&BEFORE, &BEFORE);
    dir.write("new/apps/shop.list", "# moved\n192.0.2.7/32:partner\n");
    for args in [&["diff", "old", "new"][..], &["diff", "--access", "old", "new"]] {
        let run = dir.run(args);
        assert_eq!((run.code, run.out.as_str(), run.err.as_str()), (0, "", ""), "{args:?}");
    }
    let json = dir.run(&["--json", "diff", "old", "new"]).json();
    assert_eq!((json.len(), &json[0]["kind"], &json[0]["access_changed"]), (1, &json!("summary"), &json!(0)));
}

#[test]
fn mistakes() {
    let dir = sites(&BEFORE, &AFTER);
    dir.write("office.list", "10.0.0.0/8\n");
    for (args, sentence) in [
        (&["diff", "old", "office.list"][..], "old is a site, and office.list is none"),
        (&["diff", "office.list", "new"], "new is a site, and office.list is none"),
        (
            &["diff", "--entries", "", "new"],
            "new is a site, and <entries> is none; compare two sites, or two lists",
        ),
        (&["diff", "old", "old/apps/deis"], "old is a site, and old/apps/deis is none"),
    ] {
        let run = dir.run(args);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{args:?}");
        assert!(run.err.contains(sentence), "{args:?}: {}", run.err);
    }
    // No access is compared with what is not known.
    dir.write("new/apps/shop.list", "192.0.2.7/33\n192.0.2.8\n");
    let run = dir.run(&["diff", "old", "new"]);
    let sentence = "ipgate: 1 list is rejected, which `ipgate lint new` shows\n";
    assert_eq!((run.code, run.out.as_str(), run.err.as_str()), (2, "", sentence));
    let lenient = dir.run(&["diff", "--lenient", "old", "new"]);
    assert_eq!(
        (lenient.code, lenient.err.as_str()),
        (1, "ipgate: new/apps/shop.list: what has errors is left out: 1 error\n")
    );
    dir.write("new/site.toml", "enforced = true\n");
    let run = dir.run(&["diff", "old", "new"]);
    assert_eq!((run.code, run.out.as_str()), (2, ""));
    assert!(run.err.contains("new/site.toml:1:1: "), "{}", run.err);
}
