//! Sites as people write them: folders with a file each for settings, hosts and lists.
#![cfg(feature = "site-text")]

use std::fs;
use std::path::Path;

use ipgate::site::{App, AppName, ListSlot, Site, SiteGate, SiteParser};
use ipgate::{List, Mode, Policy, Reason, Table};
use tempfile::TempDir;

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        write(folder.path(), name, text);
    }
    folder
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn name(text: &str) -> AppName {
    text.parse().unwrap()
}

fn list(text: &str) -> List {
    text.parse().unwrap()
}

/// What is wrong with a site, without the folder before each file.
fn problems(files: &[(&str, &str)]) -> String {
    let folder = folder(files);
    let error = SiteParser::new().read(folder.path()).unwrap_err().to_string();
    error.replace(&format!("{}/", folder.path().display()), "")
}

#[test]
fn everything_that_a_folder_can_say() {
    let folder = folder(&[
        (
            "site.toml",
            "enforce = true\nmode = \"precede\"\n[apps.\"deis/controller\"]\nmode = \"override\"\n[apps.named]\n",
        ),
        ("default.list", "10.0.0.0/8:corp\n"),
        ("apps/shop.list", "192.0.2.7:partner\n"),
        ("apps/deis/controller.list", ""),
        ("apps/a.b.list", "198.51.100.0/24"),
        ("apps/.shop.list.swp", "an editor's"),
        ("apps/shop.list~", "an editor's"),
        ("apps/#shop.list#", "an editor's"),
        ("apps/..data/shop.list", "Kubernetes' own"),
        (
            "hosts",
            "\u{feff}# hosts\r\nShop.Example.com   shop # the shop\r\n*.shop.example.com\tshop\n\nother.example other\n",
        ),
    ]);
    let parsed = SiteParser::new().read(folder.path()).unwrap().whole().unwrap();
    let host = |text: &str| text.parse().unwrap();
    let expected = Site::new()
        .with_enforce(true)
        .with_mode(Mode::Precede)
        .with_default(list("10.0.0.0/8:corp"))
        .with_app(
            name("shop"),
            App::new()
                .with_list(list("192.0.2.7:partner"))
                .with_host(host("*.shop.example.com"))
                .with_host(host("shop.example.com")),
        )
        .with_app(name("deis/controller"), App::new().with_list(list("")).with_mode(Mode::Override))
        .with_app(name("a.b"), App::new().with_list(list("198.51.100.0/24")))
        .with_app(name("named"), App::new())
        .with_app(name("other"), App::new().with_host(host("other.example")));
    assert_eq!(parsed.site, expected);
    assert!(parsed.reports.is_empty());
    let gate = SiteGate::new(&parsed.site).unwrap();
    let verdict = gate.check_host("SHOP.example.com:443", "192.0.2.7".parse().unwrap());
    assert_eq!((verdict.label(), verdict.app()), (Some("partner"), Some("shop")));
    let source = verdict.entry().unwrap().source().unwrap().to_owned();
    assert_eq!(source, folder.path().join("apps/shop.list").display().to_string());
}

#[test]
fn any_part_may_be_missing_and_not_all() {
    for (file, text) in [("site.toml", ""), ("default.list", ""), ("hosts", ""), ("apps/a.list", "")] {
        assert!(SiteParser::new().read(folder(&[(file, text)]).path()).is_ok(), "{file}");
    }
    assert!(problems(&[]).ends_with(
        ": it is no site: there is none of `site.toml`, `default.list`, `apps` and `hosts` in it"
    ));
    let none = SiteParser::new().read("/nowhere/at/all").unwrap_err().to_string();
    assert!(none.starts_with("/nowhere/at/all: No such file"), "{none}");
    let file = folder(&[("x", "")]);
    let error = SiteParser::new().read(file.path().join("x")).unwrap_err().to_string();
    assert!(error.ends_with("x: it is no folder and no image, and no site"), "{error}");
}

/// Lists may come compiled, one by one or all in one file.
#[test]
fn images_stand_for_texts() {
    let folder =
        folder(&[("hosts", "shop.example shop"), ("apps/deis/controller.list", "2001:db8::/32:six")]);
    let write = |file: &str, image: Vec<u8>| fs::write(folder.path().join(file), image).unwrap();
    write("default.list", Table::new(&list("10.0.0.0/8:corp")).to_image(1));
    write("apps/shop.list", Table::new(&list("192.0.2.7:partner")).to_image(1));
    let parsed = SiteParser::new().read(folder.path()).unwrap().whole().unwrap();
    let gate = SiteGate::new(&parsed.site).unwrap();
    let label = |app: &str, client: &str| gate.check(app, client.parse().unwrap()).label().map(str::to_owned);
    assert_eq!(label("shop", "192.0.2.7").as_deref(), Some("partner"));
    assert_eq!(label("shop", "10.1.1.1").as_deref(), Some("corp"));
    assert_eq!(label("deis/controller", "2001:db8::1").as_deref(), Some("six"));

    // The whole as one file, which is known by what it holds.
    let beside = tempfile::tempdir().unwrap();
    let image = beside.path().join("site.image");
    fs::write(&image, parsed.site.to_image().unwrap()).unwrap();
    assert!(SiteParser::is_site(&image));
    let of_image = SiteParser::new().read(&image).unwrap().whole().unwrap();
    assert_eq!(gate.replace(&of_image.site), Ok(1));

    // An image of two lists, of which one precedes the other, is that of no list.
    let policy = Policy::new().with_default(list("10.0.0.0/8")).with_app(list("10.9.0.0/16"));
    write("apps/shop.list", Table::from_policy(&policy.with_mode(Mode::Precede)).to_image(1));
    let parsed = SiteParser::new().read(folder.path()).unwrap();
    assert!(matches!(parsed.site.apps()["shop"].list(), ListSlot::Waiting));
    let error = parsed.whole().unwrap_err().to_string();
    assert!(error.contains("the image is of a policy, and the image of one list is needed"), "{error}");
}

/// An app of such a name would be open, or be under the default list alone, without a word.
#[test]
fn lists_that_are_passed_over_are_told() {
    let folder = folder(&[
        ("apps/.hidden.list", "192.0.2.7"),
        ("apps/team/#x.list", "192.0.2.7"),
        ("apps/.#shop.list", "somebody@somewhere"),
        ("apps/shop.list", "192.0.2.7"),
    ]);
    let parsed = SiteParser::new().read(folder.path()).unwrap();
    let strange: Vec<String> = parsed
        .strange
        .iter()
        .map(|problem| problem.path().file_name().unwrap().to_string_lossy().into())
        .collect();
    assert_eq!(strange.len(), 2, "{strange:?}");
    assert!(strange.contains(&".hidden.list".to_owned()) && strange.contains(&"#x.list".to_owned()));
    assert!(parsed.whole().is_err());
}

/// A setting that is misspelled is not passed over: it could open the gate.
#[test]
fn whatever_is_wrong_with_settings_and_hosts_is_told_with_its_place() {
    let settings = |text: &str| problems(&[("site.toml", text)]);
    for (text, problem) in [
        (
            "enforced = true",
            "site.toml:1:1: there is no setting `enforced`; the settings are `enforce`, `mode` and `apps`",
        ),
        (
            "\nenforce = 1",
            "site.toml:2:11: `enforce` is an integer; write `enforce = true` or `enforce = false`",
        ),
        (
            "enforce = \"yes\"",
            "site.toml:1:11: `yes` is neither of `true` or `false`; write `enforce = true` or `enforce = false`",
        ),
        (
            "mode = \"Extend\"",
            "site.toml:1:8: `Extend` is none of `extend`, `override` and `precede`; write for example `mode = \"extend\"`",
        ),
        ("apps = 7", "site.toml:1:8: `apps` is no table; write `[apps.\"NAME\"]`, and `mode = …` below it"),
        (
            "[apps.shop]\nlist = \"all\"",
            "site.toml:2:1: the list of an app stands in a file of its own, apps/shop.list",
        ),
        (
            "[apps.shop]\nhosts = []",
            "site.toml:2:1: hosts of apps stand in the file `hosts`, a line each: host, blank, shop",
        ),
        ("[apps.shop]\nmodus = 1", "site.toml:2:1: there is no setting `modus`; the settings are `mode`"),
        (
            "[apps.\"../x\"]",
            "site.toml:1:7: `../x` is no name of an app: it is a path with an empty part, `.` or `..`",
        ),
    ] {
        assert_eq!(settings(text), problem);
    }
    assert!(settings("enforce = ").starts_with("site.toml:1:"), "{}", settings("enforce = "));
    assert!(settings("enforce = ").contains("it is no TOML"));
    let hosts = |text: &str| problems(&[("hosts", text)]);
    for (text, problem) in [
        (
            "a.example\n",
            "hosts:1:1: the app is missing behind `a.example`; write a line as: shop.example.com shop",
        ),
        (
            "\na.example:80 shop",
            "hosts:2:1: `a.example:80` is no host: it is written with a character that no host has; `*.` at its start stands for all names below, and ports do not count",
        ),
        ("a.example /shop", "hosts:1:1: `/shop` is no name of an app: it is written with a `/` at one end"),
        (
            "a.example shop\nA.example. blog",
            "hosts:2:1: a.example is of the app shop on line 1 and of blog here; remove one of the two lines",
        ),
    ] {
        assert_eq!(hosts(text), problem);
    }
    // All of it, in one go.
    let all = problems(&[("site.toml", "a = 1\nb = 2"), ("hosts", "x\ny")]);
    assert_eq!(all.lines().count(), 4, "{all}");
}

/// One app's bad list touches that app alone, and closes it.
#[test]
fn a_bad_list_closes_its_app_and_no_other() {
    let folder = folder(&[
        ("default.list", "all:everyone"),
        ("apps/bad.list", "10.0.0.0/33"),
        ("apps/good.list", "192.0.2.7:partner"),
        ("apps/README", "notes"),
    ]);
    let parsed = SiteParser::new().read(folder.path()).unwrap();
    assert_eq!(parsed.site.apps()["bad"].list(), &ListSlot::Waiting);
    let [(app, error)] = &parsed.rejected[..] else { panic!("{:?}", parsed.rejected) };
    assert_eq!(app.as_ref().map(AppName::as_str), Some("bad"));
    assert!(error.to_string().contains("`/33` is no length"), "{error}");
    let [strange] = &parsed.strange[..] else { panic!("{:?}", parsed.strange) };
    assert!(strange.to_string().ends_with(
        "README: it is no list of an app, whose name would end with `.list`; rename or remove it"
    ));
    let gate = SiteGate::new(&parsed.site).unwrap();
    let client = "192.0.2.7".parse().unwrap();
    assert_eq!(gate.check("bad", client).reason(), Reason::NoList);
    assert!(gate.is_allowed("good", client) && gate.is_allowed("other", client));
    let whole = parsed.whole().unwrap_err();
    assert_eq!(whole.problems().len(), 2, "{whole}");
}

/// What cannot be read is not what is not there.
#[test]
#[cfg(unix)]
fn a_default_list_that_cannot_be_read_is_not_unset() {
    let folder = folder(&[("apps/shop.list", "192.0.2.7")]);
    std::os::unix::fs::symlink("nowhere", folder.path().join("default.list")).unwrap();
    let parsed = SiteParser::new().read(folder.path()).unwrap();
    assert_eq!(parsed.site.default_list(), &ListSlot::Waiting);
    assert!(matches!(&parsed.rejected[..], [(None, _)]));
    // A list may be a link, as in Kubernetes; folders that are links are left alone, since they could lead in a circle.
    let apps = folder.path().join("apps");
    std::os::unix::fs::symlink("shop.list", apps.join("linked.list")).unwrap();
    std::os::unix::fs::symlink(".", apps.join("circle")).unwrap();
    let parsed = SiteParser::new().read(folder.path()).unwrap();
    assert_eq!(parsed.site.apps().keys().map(AppName::as_str).collect::<Vec<_>>(), ["linked", "shop"]);
    assert_eq!(parsed.strange.len(), 1);
}
