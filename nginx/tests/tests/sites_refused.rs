//! What `nginx -t` says of sites that cannot be.

use ipgate_nginx_tests::{Outcome, Site};

/// The level and the words of the first line of `nginx -t` at a level, without paths.
fn said(outcome: &Outcome, site: &Site, level: &str) -> String {
    let line = outcome.said.lines().find(|line| line.contains(level)).unwrap_or_default();
    let line = line.replace(&format!("{}/", site.path("").display()).replace("//", "/"), "");
    line.strip_prefix("nginx: ").unwrap_or(&line).to_owned()
}

#[test]
fn directives_that_make_no_sense() {
    for (http, server, expected) in [
        (
            "",
            "ipgate $arg_app;",
            r#""ipgate $arg_app" names an app, and no site is chosen for it: write "ipgate_site NAME;", in nginx.conf:"#,
        ),
        (
            "",
            "ipgate_host $host;",
            r#""ipgate_host $host" names an app, and no site is chosen for it: write "ipgate_site NAME;", in nginx.conf:"#,
        ),
        (
            "",
            "ipgate_site fleet; location /off { ipgate_site off; ipgate $arg_app; }",
            r#""ipgate $arg_app" names an app, and no site is chosen for it"#,
        ),
        (
            "ipgate_list office all; ipgate office;",
            "ipgate_site fleet;",
            r#""ipgate office" names a list in nginx.conf:"#,
        ),
        ("", "ipgate_site nowhere;", r#"no ipgate_site defines "nowhere", which is used in nginx.conf:"#),
        ("", "ipgate_site fleet; ipgate a/../b;", r#""ipgate a/../b" names no app: "#),
        ("", r#"ipgate_site fleet; ipgate "";"#, r#""ipgate " names no app: "#),
        ("", "ipgate_site fleet; ipgate_site fleet;", r#""ipgate_site" directive is duplicate"#),
        ("", "ipgate_site fleet; ipgate a; ipgate b;", r#""ipgate" directive is duplicate"#),
        (
            "",
            "ipgate_site fleet; ipgate a; ipgate_host $host;",
            r#""ipgate_host" directive stands beside the other one of "ipgate" and "ipgate_host": both say the app"#,
        ),
        (
            "",
            "ipgate_site fleet; ipgate_default office;",
            r#""ipgate_default" stands where ipgate_site "fleet" is chosen, which has a default list, a mode and enforce of its own: remove it"#,
        ),
        ("", "ipgate_site fleet; ipgate_mode override;", r#""ipgate_mode" stands where ipgate_site "fleet""#),
        ("ipgate_site fleet; ipgate_enforce on;", "", r#""ipgate_enforce" stands where ipgate_site "fleet""#),
        (
            "",
            "ipgate_site other path=fleet;",
            r#""ipgate_site" directive has one argument here, the name of a site: what it is stands in "http" or "stream", or outside"#,
        ),
        ("", "ipgate_unknown_app open;", r#"invalid value "open""#),
        ("ipgate_site fleet path=fleet;", "", r#"duplicate ipgate_site "fleet""#),
        ("ipgate_site off path=fleet;", "", r#""ipgate_site" directive needs another name"#),
        (
            "ipgate_site other file=fleet;",
            "",
            r#"unexpected "file=fleet" in ipgate_site "other": write path=PATH, of a folder or an image, and options"#,
        ),
        ("ipgate_site other path=;", "", r#""ipgate_site" directive has an empty file name"#),
        (
            "ipgate_site other path=fleet depth=1;",
            "",
            r#"unexpected "depth=1" in ipgate_site "other": there are interval=TIME, size=SIZE, entries=N, lenient, bad=N%, shrink=N%, keep=ADDRESS,..., max_removed=N% and keep_enforced"#,
        ),
        (
            "ipgate_site other path=fleet max_removed=2;",
            "",
            r#"invalid "max_removed=2": write the percentage of apps that may lose their lists at once, such as max_removed=20%"#,
        ),
    ] {
        let site = Site::new().fleet_server("", http, server);
        let outcome = site.test();
        let line = said(&outcome, &site, "[emerg]");
        assert!(
            !outcome.is_good && line.starts_with(&format!("[emerg] {expected}")),
            "{http} {server}:\n{}\n{line}",
            outcome.said
        );
    }
}

#[test]
fn what_is_inherited_and_not_asked_is_fine() {
    for (http, server) in [
        ("ipgate_list office all; ipgate_default office; ipgate_mode override;", "ipgate_site fleet;"),
        ("ipgate_list office all; ipgate office;", "ipgate_site fleet; ipgate $arg_app;"),
        ("ipgate_list office all; ipgate office;", "ipgate_site fleet; ipgate off;"),
        ("ipgate $arg_app;", "ipgate_site fleet;"),
        ("ipgate $arg_app;", "ipgate_site off;"),
        ("ipgate_site late path=fleet;", "ipgate_site late; ipgate_host late.$host;"),
    ] {
        let outcome = Site::new().fleet_server("", http, server).test();
        assert!(outcome.is_good, "{http} {server}: {}", outcome.said);
    }
}

#[test]
fn sites_that_are_bad() {
    for (name, content, expected) in [
        ("fleet/site.toml", "enforce = perhaps\n", "fleet/site.toml:1:11: "),
        (
            "fleet/site.toml",
            "colour = 1\n",
            "fleet/site.toml:1:1: there is no setting `colour`; the settings are",
        ),
        (
            "fleet/hosts",
            "shop.example.com\n",
            "fleet/hosts:1:1: the app is missing behind `shop.example.com`; write a line as: shop.example.com shop",
        ),
        (
            "fleet/hosts",
            "a.example shop\na.example bank\n",
            "fleet/hosts:2:1: a.example is of the app shop on line 1 and of bank here; remove one of the two lines",
        ),
        (
            "fleet/default.list",
            "foobar\n",
            "fleet/default.list: list rejected, 1 error: line 1, column 1: `foobar` is no address",
        ),
    ] {
        let site = Site::new().fleet_server("", "", "ipgate_site fleet;").file(name, content);
        let outcome = site.test();
        let line = said(&outcome, &site, "[emerg]");
        let expected = format!(r#"[emerg] ipgate_site "fleet": {expected}"#);
        assert!(!outcome.is_good && line.starts_with(&expected), "{expected}\n{}", outcome.said);
    }
    for (options, expected) in [
        ("path=nowhere", "nowhere: "),
        (
            "path=logs",
            "logs: it is no site: there is none of `site.toml`, `default.list`, `apps` and `hosts` in it",
        ),
        (
            "path=fleet keep=192.0.2.1",
            "site change refused: default list: swap refused: 192.0.2.1 must be allowed",
        ),
    ] {
        let site = Site::new().with_fleet().server(&format!("ipgate_site fleet {options};"), "");
        let outcome = site.test();
        let line = said(&outcome, &site, "[emerg]");
        let expected = format!(r#"[emerg] ipgate_site "fleet": {expected}"#);
        assert!(!outcome.is_good && line.starts_with(&expected), "{expected}\n{}", outcome.said);
    }
}

#[test]
fn a_bad_list_of_an_app_is_a_warning() {
    let site =
        Site::new().fleet_server("", "", "ipgate_site fleet;").file("fleet/apps/shop.list", "foobar\n");
    let outcome = site.test();
    let line = said(&outcome, &site, "[warn]");
    let expected = r#"[warn] ipgate_site "fleet": fleet/apps/shop.list: list rejected, 1 error: line 1, column 1: `foobar` is no address"#;
    assert!(outcome.is_good && line.starts_with(expected), "{}", outcome.said);
    assert!(
        line.contains("the app shop has had no good list, and denies everyone until it has one"),
        "{line}"
    );
}
