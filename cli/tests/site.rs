//! Sites: one app's lists and policy for `check`, `explain`, `list` and `replay`, and all files for `lint`.

mod common;

use std::fs;

use common::{Dir, run};

fn site() -> Dir {
    let dir = Dir::new();
    fs::create_dir_all(dir.path("fleet/apps/deis")).unwrap();
    dir.write(
        "fleet/site.toml",
        "enforce = true\n[apps.\"deis/controller\"]\nmode = \"override\"\n[apps.early]\nmode = \"precede\"\n",
    );
    dir.write("fleet/default.list", "10.0.0.0/8:corp\n!10.9.0.0/16:lab\n");
    dir.write("fleet/apps/shop.list", "192.0.2.7:partner\n");
    dir.write("fleet/apps/deis/controller.list", "198.51.100.0/24:ops\n");
    dir.write("fleet/apps/early.list", "10.8.0.0/15:office\n");
    dir.write("fleet/hosts", "shop.example.com shop\n*.shop.example.com shop\n");
    dir
}

#[test]
fn an_app_is_asked_for_by_name_or_by_host() {
    let dir = site();
    for (of, client, expected) in [
        (["--app", "shop"], "192.0.2.7", "allow\t192.0.2.7/32\tpartner"),
        (["--app", "shop"], "10.1.1.1", "allow\t10.0.0.0/8\tcorp"),
        (["--app", "shop"], "10.9.1.1", "deny\t10.9.0.0/16\tlab"),
        (["--app", "deis/controller"], "10.1.1.1", "deny\t-\t-"),
        (["--app", "deis/controller"], "198.51.100.7", "allow\t198.51.100.0/24\tops"),
        (["--app", "early"], "10.9.1.1", "allow\t10.8.0.0/15\toffice"),
        (["--app", "nobody"], "10.1.1.1", "allow\t10.0.0.0/8\tcorp"),
        (["--host", "EU.shop.example.com:443"], "192.0.2.7", "allow\t192.0.2.7/32\tpartner"),
        (["--host", "other.example.com"], "192.0.2.7", "deny\t-\t-"),
    ] {
        let run = dir.run(&["--site", "fleet", of[0], of[1], "check", client]);
        let code = i32::from(expected.starts_with("deny"));
        assert_eq!(
            (run.out, run.err.as_str(), run.code),
            (format!("{client}\t{expected}\n"), "", code),
            "{of:?} {client}"
        );
        let behind = dir.run(&["check", client, "--site", "fleet", of[0], of[1]]);
        assert_eq!(behind.code, code, "the options behind the command");
    }
}

#[test]
fn explain_says_which_app_it_is_and_why_one_list_wins() {
    let dir = site();
    let explain =
        |of: [&str; 2], client: &str| dir.run(&["--site", "fleet", of[0], of[1], "explain", client]).out;
    let shop = explain(["--app", "shop"], "10.9.1.1");
    assert!(shop.contains("The app is shop of the site fleet.\n"), "{shop}");
    assert!(shop.contains("fleet/default.list:2"), "{shop}");
    let early = explain(["--app", "early"], "10.9.1.1");
    assert!(
        early.contains("yields to the app list, which precedes the default list, by its 10.8.0.0/15"),
        "{early}"
    );
    let override_ = explain(["--app", "deis/controller"], "10.1.1.1");
    assert!(override_.contains("Mode override"), "{override_}");
    assert!(
        explain(["--app", "none"], "10.1.1.1")
            .contains("The site fleet names no app none: it has no list of its own.")
    );
    assert!(explain(["--host", "x.example"], "10.1.1.1").contains("names no app for that host"));
}

#[test]
fn the_apps_and_the_list_of_one() {
    let dir = site();
    let apps = dir.run(&["--site", "fleet", "list", "--apps"]);
    let expected = "deis/controller\t1\toverride\t-\nearly\t1\tprecede\t-\nshop\t1\textend\t*.shop.example.com,shop.example.com\n";
    assert_eq!((apps.out.as_str(), apps.code), (expected, 0));
    let json = dir.run(&["--json", "--site", "fleet", "list", "--apps"]).json();
    assert_eq!(json[2]["hosts"], serde_json::json!(["*.shop.example.com", "shop.example.com"]));
    assert_eq!(dir.run(&["--site", "fleet", "--app", "shop", "list"]).out, "192.0.2.7:partner\n");
    let unset = dir.run(&["--site", "fleet", "--app", "nobody", "list"]);
    assert_eq!((unset.code, unset.err.as_str()), (2, "ipgate: the app has no list of its own\n"));
}

/// One app's bad list is that app's trouble, and nobody is let in by it.
#[test]
fn a_rejected_list_gives_no_answer_for_its_app_and_any_for_others() {
    let dir = site();
    dir.write("fleet/apps/shop.list", "192.0.2.7/33:partner\n");
    let shop = dir.run(&["--site", "fleet", "--app", "shop", "check", "10.1.1.1"]);
    assert_eq!((shop.code, shop.out.as_str()), (2, ""));
    assert!(shop.err.contains("fleet/apps/shop.list:1:"), "{}", shop.err);
    let early = dir.run(&["--site", "fleet", "--app", "early", "check", "10.9.1.1"]);
    assert_eq!(early.code, 0);
    assert_eq!(early.err, "ipgate: 1 list of another app is rejected, which `ipgate lint fleet` shows\n");
    let apps = dir.run(&["--site", "fleet", "list", "--apps"]);
    assert_eq!(apps.code, 2);
    assert!(apps.out.contains("shop\trejected\textend"), "{}", apps.out);
}

#[test]
fn lint_looks_at_every_file_of_a_site() {
    let dir = site();
    assert_eq!(dir.run(&["lint", "fleet"]).code, 0, "nothing to complain of but warnings");
    dir.write("fleet/apps/shop.list", "192.0.2.7/33:partner\n");
    dir.write("fleet/apps/notes.txt", "");
    let lint = dir.run(&["lint", "fleet"]);
    assert_eq!(lint.code, 2);
    assert!(lint.out.contains("fleet/apps/shop.list"), "{}", lint.out);
    assert!(lint.err.contains("fleet/apps/notes.txt: it is no list of an app"), "{}", lint.err);
    dir.write("fleet/site.toml", "enforced = true");
    let lint = dir.run(&["lint", "fleet"]);
    assert_eq!(lint.code, 2);
    assert!(lint.err.contains("fleet/site.toml:1:1: there is no setting `enforced`"), "{}", lint.err);
}

#[test]
fn a_log_is_replayed_against_one_app() {
    let dir = site();
    let replay = dir.run_with(
        &["--site", "fleet", "--app", "shop", "replay", "-"],
        b"10.1.1.1 a\n192.0.2.7 b\n203.0.113.1 c\n",
    );
    assert_eq!(replay.code, 0, "{}", replay.err);
    assert!(replay.out.contains("203.0.113.1\t1"), "{}", replay.out);
}

const HOSTS_LOG: &str = "\
10.9.1.1 GET shop.example.com
192.0.2.7 GET EU.Shop.Example.com:443
203.0.113.1 GET shop.example.com.
203.0.113.1 GET shop.example.com
203.0.113.9 GET \"shop.example.com\"
10.9.1.1 GET early.example.com
10.1.1.1 GET other.example.com
192.0.2.7 GET -
- GET shop.example.com
10.1.1.1 GET
";

/// Each line is decided by the lists of the app that its host is of; `lab` is an exception that early has overridden.
#[test]
fn a_log_is_replayed_against_the_app_of_each_line() {
    let dir = site();
    dir.write("fleet/hosts", "shop.example.com shop\n*.shop.example.com shop\nearly.example.com early\n");
    let args = ["--site", "fleet", "replay", "--host-field", "3", "-"];
    let replay = dir.run_with(&args, HOSTS_LOG.as_bytes());
    let expected = "\
# 10 lines, 2 without a usable address and host
# allowed: 3 lines of 3 clients
# denied: 5 lines of 4 clients
# app shop: allowed: 1 line of 1 client; denied: 4 lines of 3 clients
shop\t203.0.113.1\t2\t-\t-
shop\t10.9.1.1\t1\t10.9.0.0/16\tlab
shop\t203.0.113.9\t1\t-\t-
# no app: allowed: 1 line of 1 client; denied: 1 line of 1 client
-\t192.0.2.7\t1\t-\t-
# app early: allowed: 1 line of 1 client; denied: 0 lines of 0 clients
";
    assert_eq!((replay.out.as_str(), replay.code), (expected, 0), "{}", replay.err);
    assert!(replay.err.contains("line 9: field 1 is `-`, which is not an IP address"), "{}", replay.err);
    assert!(replay.err.contains("line 10 has no field 3"), "{}", replay.err);

    let json = dir.run_with(&[&["--json"], &args[..]].concat(), HOSTS_LOG.as_bytes()).json();
    assert_eq!(
        json[..3],
        [
            serde_json::json!({"kind": "totals", "lines": 10, "without_address": 2, "allowed_lines": 3,
                "denied_lines": 5, "allowed_clients": 3, "denied_clients": 4}),
            serde_json::json!({"kind": "app", "app": "shop", "allowed_lines": 1, "denied_lines": 4,
                "allowed_clients": 1, "denied_clients": 3}),
            serde_json::json!({"kind": "client", "app": "shop", "address": "203.0.113.1", "lines": 2,
                "decision": "deny", "reason": "no-entry", "prefix": null, "label": null}),
        ]
    );
    assert_eq!((&json[5]["kind"], &json[5]["app"]), (&"app".into(), &serde_json::Value::Null));
    assert_eq!((&json[6]["kind"], &json[6]["app"]), (&"client".into(), &serde_json::Value::Null));
}

#[test]
fn fields_of_hosts() {
    let dir = site();
    for (args, line) in [
        (&["--delimiter", "|", "--client-field", "2"][..], "shop.example.com|192.0.2.7"),
        (&["--quoted", "--client-field", "2"], "\"shop.example.com:80\" 192.0.2.7 [a b]"),
        (&["--client-field", "2", "--forwarded", "last"], "shop.example.com 1.1.1.1,192.0.2.7"),
    ] {
        let args = [&["--site", "fleet", "replay", "--host-field", "1"], args, &["-"]].concat();
        let replay = dir.run_with(&args, line.as_bytes());
        assert_eq!((replay.code, replay.err.as_str()), (0, ""), "{args:?}");
        let shop = "# app shop: allowed: 1 line of 1 client; denied: 0 lines of 0 clients\n";
        assert!(replay.out.ends_with(shop), "{args:?}: {}", replay.out);
    }
    let empty = dir.run_with(
        &["--site", "fleet", "replay", "--delimiter", "|", "--host-field", "2", "-"],
        b"10.1.1.1||x\n10.1.1.1\n",
    );
    assert_eq!(empty.code, 2);
    assert!(empty.err.contains("line 1 has no field 2"), "{}", empty.err);
    let sentence = "no line has a usable address and host: are --client-field and --host-field right, and the log plain text?";
    assert!(empty.err.contains(sentence), "{}", empty.err);
}

#[test]
fn mistakes_with_hosts_of_a_log() {
    let dir = site();
    let replay =
        |args: &[&str]| dir.run_with(&[args, &["replay", "--host-field", "2", "-"]].concat(), b"10.1.1.1 a");
    for (args, sentence) in [
        (&[][..], "--host-field is of a site; give its folder with --site FOLDER"),
        (&["--entries", "10.0.0.0/8"], "--host-field is of a site; give its folder with --site FOLDER"),
        (&["--site", "fleet", "--app", "shop"], "cannot be used with"),
        (&["--site", "fleet", "--host", "shop.example.com"], "cannot be used with"),
        (
            &["--site", "fleet", "--enforce"],
            "fleet is a site, which says --default, --mode and --enforce itself",
        ),
        (&["--site", "nowhere"], "nowhere: No such file or directory"),
    ] {
        let run = replay(args);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{args:?}");
        assert!(run.err.contains(sentence), "{args:?}: {}", run.err);
    }
    let keyed = dir.run(&["--site", "fleet", "replay", "--json-key", "ip", "--host-field", "2", "-"]);
    assert_eq!(keyed.code, 2, "{}", keyed.err);
    assert_eq!(dir.run(&["--site", "fleet", "replay", "--host-field", "0", "-"]).code, 2);

    dir.write("fleet/apps/early.list", "10.8.0.0/33\n");
    let rejected = replay(&["--site", "fleet"]);
    let sentence = "ipgate: 1 list is rejected, which `ipgate lint fleet` shows\n";
    assert_eq!((rejected.code, rejected.out.as_str(), rejected.err.as_str()), (2, "", sentence));
}

/// Where nothing is required, hosts of no app are open, and that is said.
#[test]
fn a_log_of_an_open_site() {
    let dir = Dir::new();
    fs::create_dir_all(dir.path("open/apps")).unwrap();
    dir.write("open/apps/shop.list", "");
    dir.write("open/hosts", "shop shop\n");
    let args = ["--site", "open", "replay", "--host-field", "2", "-"];
    let run = dir.run_with(&args, b"10.1.1.1 x\n10.1.1.1 shop\n");
    let expected = "\
# 2 lines, 0 without a usable address and host
# allowed: 1 line of 1 client
# denied: 1 line of 1 client
# app shop: allowed: 0 lines of 0 clients; denied: 1 line of 1 client
shop\t10.1.1.1\t1\t-\t-
# no app: allowed: 1 line of 1 client; denied: 0 lines of 0 clients
";
    assert_eq!((run.out.as_str(), run.code), (expected, 0));
    let told = "ipgate: open: there is no default list, and none is required (`enforce`): \
        apps without a list of their own allow everyone\n";
    assert_eq!(run.err, told);
}

#[test]
fn mistakes_with_sites() {
    let dir = site();
    for (args, sentence) in [
        (
            &["--site", "fleet", "check", "10.1.1.1"][..],
            "fleet is a site; name one of its apps with --app NAME or --host HOST",
        ),
        (&["--app", "shop", "check", "10.1.1.1"], "--app is of a site; give its folder with --site FOLDER"),
        (&["--host", "shop", "check", "10.1.1.1"], "--host is of a site; give its folder with --site FOLDER"),
        (
            &["--site", "fleet", "--app", "shop", "--enforce", "check", "10.1.1.1"],
            "fleet is a site, which says --default, --mode and --enforce itself",
        ),
        (&["--site", "nowhere", "--app", "shop", "check", "10.1.1.1"], "nowhere: No such file or directory"),
        (
            &["--site", "fleet/apps/deis", "--app", "shop", "check", "10.1.1.1"],
            "fleet/apps/deis: it is no site: there is none of",
        ),
        (
            &["--list", "fleet", "check", "10.1.1.1"],
            "fleet is the folder of a site, and a file is needed; `check`, `explain`, `list` and `replay` take an app of it",
        ),
        (&["list", "--apps"], "apps are of a site; give its folder with --site FOLDER"),
    ] {
        let run = dir.run(args);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{args:?}");
        assert!(run.err.contains(sentence), "{args:?}: {}", run.err);
    }
    for args in [
        &["--site", "fleet", "--app", "shop", "--list", "x", "check", "10.1.1.1"][..],
        &["--site", "fleet", "--app", "shop", "--host", "x", "check", "10.1.1.1"],
        &["--site", "fleet", "--app", "../x", "check", "10.1.1.1"],
    ] {
        assert_eq!(dir.run(args).code, 2, "{args:?}");
    }
}

/// A site that requires nothing says so when it lets everyone in.
#[test]
fn an_open_site_is_told() {
    let dir = Dir::new();
    fs::create_dir(dir.path("open")).unwrap();
    dir.write("open/site.toml", "");
    let check = dir.run(&["--site", "open", "--app", "shop", "check", "10.1.1.1"]);
    assert_eq!((check.code, check.out.as_str()), (0, "10.1.1.1\tallow\t-\t-\n"));
    assert_eq!(
        check.err,
        "ipgate: open: there is no list for this app, and none is required (`enforce`): everyone is allowed\n"
    );
    assert_eq!(run(&["check", "10.1.1.1"]).code, 2, "without any list there is no answer");
}
