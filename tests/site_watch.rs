//! Sites followed into a gate: what appears, changes, vanishes and is bad, at times that the tests choose.
#![cfg(all(feature = "watch", feature = "site-text"))]

use std::fs;
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use ipgate::gate::Guard;
use ipgate::site::{Site, SiteGate, SiteGuard, SiteParser};
use ipgate::watch::{FollowedSite, Outcome, SiteWatch, WatchError};
use tempfile::TempDir;

/// A site in a folder of its own, followed into a gate.
struct Bench {
    folder: TempDir,
    gate: SiteGate,
    site: FollowedSite,
    now: Instant,
}

impl Bench {
    fn new(files: &[(&str, &str)]) -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let gate = closed();
        let path = folder.path().join("fleet");
        fs::create_dir(&path).unwrap();
        let site = FollowedSite::new(&gate, &path).unwrap();
        let bench = Bench { folder, gate, site, now: Instant::now() };
        files.iter().for_each(|(file, text)| bench.write(file, text));
        bench
    }

    fn loaded(files: &[(&str, &str)]) -> Bench {
        let mut bench = Bench::new(files);
        let outcomes = bench.site.load().unwrap();
        assert!(matches!(outcomes[..], [Outcome::SiteSwapped { .. }]), "{outcomes:?}");
        bench.now = Instant::now();
        bench
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join("fleet").join(file)
    }

    /// Another file in its place, as it should be done.
    fn write(&self, file: &str, text: &str) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let beside = self.folder.path().join("beside");
        fs::write(&beside, text).unwrap();
        fs::rename(beside, path).unwrap();
    }

    fn remove(&self, file: &str) {
        fs::remove_file(self.path(file)).unwrap();
    }

    /// What a look so many milliseconds after the last one tells.
    fn after(&mut self, millis: u64) -> Vec<String> {
        self.now += Duration::from_millis(millis);
        let (outcomes, _) = self.site.look(self.now, true);
        let folder = format!("{}/", self.folder.path().display());
        outcomes.iter().map(|outcome| outcome.to_string().replace(&folder, "")).collect()
    }

    /// What is told until everything has settled.
    fn settled(&mut self) -> Vec<String> {
        let mut told = self.after(0);
        told.extend(self.after(1000));
        told.extend(self.after(1000));
        told.extend(self.after(1000));
        told
    }

    fn label(&self, app: &str, client: &str) -> Option<String> {
        self.gate.check(app, client.parse().unwrap()).label().map(str::to_owned)
    }

    fn allows(&self, app: &str, client: &str) -> bool {
        self.gate.is_allowed(app, client.parse().unwrap())
    }
}

/// As a router begins: everyone is denied until there is a site.
fn closed() -> SiteGate {
    SiteGate::new(&Site::new().with_enforce(true)).unwrap()
}

const FLEET: [(&str, &str); 5] = [
    ("site.toml", "enforce = true\n"),
    ("default.list", "10.0.0.0/8:corp\n"),
    ("apps/shop.list", "192.0.2.7:partner\n"),
    ("apps/deis/controller.list", "198.51.100.0/24:ops\n"),
    ("hosts", "shop.example shop\n"),
];

#[test]
fn apps_and_hosts_come_change_and_go() {
    let mut bench = Bench::loaded(&FLEET);
    assert!(bench.settled().is_empty(), "nothing has changed");
    assert_eq!(bench.label("shop", "192.0.2.7").as_deref(), Some("partner"));
    assert_eq!(bench.label("deis/controller", "198.51.100.1").as_deref(), Some("ops"));

    bench.write("apps/blog.list", "203.0.113.0/24:readers\n");
    bench.write("apps/shop.list", "192.0.2.8:other\n");
    bench.write("hosts", "shop.example blog\n*.example shop\n");
    assert_eq!(bench.settled(), ["generation 3 of the site is in force with 3 apps"]);
    assert_eq!(bench.label("blog", "203.0.113.9").as_deref(), Some("readers"));
    assert!(!bench.allows("shop", "192.0.2.7") && bench.allows("shop", "192.0.2.8"));
    let state = bench.gate.snapshot();
    assert_eq!(state.host("shop.example").map(|name| name.as_str()), Some("blog"));
    assert_eq!(state.host("a.example").map(|name| name.as_str()), Some("shop"));
    // What did not change is the list that it was.
    let verdict = bench.gate.check("deis/controller", "198.51.100.1".parse().unwrap());
    assert_eq!((verdict.site_generation(), verdict.list_generation()), (3, 2));

    // A list that is gone is unset, not at once.
    bench.remove("apps/deis/controller.list");
    assert!(bench.after(0).is_empty() && bench.after(1900).is_empty());
    assert!(bench.allows("deis/controller", "198.51.100.1"));
    assert_eq!(bench.after(200), ["generation 4 of the site is in force with 2 apps"]);
    assert!(!bench.allows("deis/controller", "198.51.100.1"));
    assert!(bench.allows("deis/controller", "10.1.1.1"), "the default list decides");
}

#[test]
fn a_list_that_comes_back_in_time_was_never_gone() {
    let mut bench = Bench::loaded(&FLEET);
    let aside = bench.folder.path().join("aside");
    fs::rename(bench.path("apps/shop.list"), &aside).unwrap();
    assert!(bench.after(0).is_empty() && bench.after(1900).is_empty());
    fs::rename(&aside, bench.path("apps/shop.list")).unwrap();
    let told = bench.settled();
    assert!(told.iter().all(|told| told.contains("generation 2 stays in force")), "{told:?}");
    assert!(bench.allows("shop", "192.0.2.7"));
}

#[test]
fn a_bad_list_touches_its_app_alone() {
    let mut bench = Bench::loaded(&FLEET);
    bench.write("apps/shop.list", "10.0.0.0/33\n");
    bench.write("apps/new.list", "nonsense\n");
    bench.write("apps/good.list", "203.0.113.0/24\n");
    let told = bench.settled();
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told.iter().any(|told| told.starts_with("fleet/apps/shop.list: list rejected")), "{told:?}");
    let new = told.iter().find(|told| told.starts_with("fleet/apps/new.list: ")).unwrap();
    assert!(
        new.ends_with("; the app new has had no good list, and denies everyone until it has one"),
        "{new}"
    );
    assert!(bench.allows("shop", "192.0.2.7"), "the last good list stays");
    assert!(!bench.allows("new", "10.1.1.1"), "it never had a good list");
    assert!(bench.allows("good", "203.0.113.1"));
    assert!(bench.settled().is_empty(), "told once");
    assert!(bench.gate.status().last_failure.is_some());

    bench.write("apps/new.list", "203.0.113.0/24\n");
    bench.write("apps/shop.list", "192.0.2.9\n");
    let told = bench.settled();
    assert_eq!(told, ["generation 4 of the site is in force with 4 apps, after 2 failed attempts"]);
    assert!(bench.allows("new", "10.1.1.1") && bench.allows("shop", "192.0.2.9"));
}

#[test]
fn what_is_of_all_apps_stays_where_it_is_bad_or_gone() {
    let mut bench = Bench::loaded(&FLEET);
    bench.write("site.toml", "enforced = false\n");
    bench.write("hosts", "shop.example\n");
    bench.write("default.list", "nobody knows");
    let told = bench.settled();
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told.iter().any(|told| told.contains("there is no setting `enforced`")), "{told:?}");
    assert!(told.iter().any(|told| told.contains("the app is missing behind `shop.example`")), "{told:?}");
    assert!(told.iter().any(|told| told.starts_with("fleet/default.list: list rejected")), "{told:?}");
    let stays = |bench: &Bench| {
        assert!(bench.allows("nobody", "10.1.1.1") && !bench.allows("nobody", "192.0.2.7"));
        assert!(bench.gate.snapshot().host("shop.example").is_some() && bench.gate.snapshot().is_enforced());
        assert_eq!(bench.gate.generation(), 2);
    };
    stays(&bench);
    bench.remove("site.toml");
    bench.remove("hosts");
    let told = bench.settled();
    assert!(told.iter().any(|told| told.starts_with("fleet/site.toml: there is no such file; put it back")));
    stays(&bench);
    // The folder of the lists, all at once, and the whole site.
    fs::rename(bench.path("apps"), bench.folder.path().join("aside")).unwrap();
    let told = bench.settled();
    assert!(told.iter().any(|told| told.starts_with("fleet/apps: there is no such file")), "{told:?}");
    assert!(bench.allows("shop", "192.0.2.7"));
    fs::rename(bench.path(""), bench.folder.path().join("fleet-aside")).unwrap();
    let told = bench.settled();
    assert!(told.iter().any(|told| told.starts_with("fleet: ")), "{told:?}");
    assert!(bench.allows("shop", "192.0.2.7"));
    stays(&bench);
}

#[test]
fn a_folder_that_is_missing_is_told_once_and_when_it_is_back() {
    let mut bench = Bench::loaded(&FLEET);
    bench.settled();
    let aside = bench.folder.path().join("aside");
    fs::rename(bench.path("apps"), &aside).unwrap();
    assert_eq!(bench.settled(), ["fleet/apps: there is no such file; put it back, or correct the path"]);
    fs::rename(&aside, bench.path("apps")).unwrap();
    assert_eq!(
        bench.settled(),
        ["the list is unchanged, generation 2 stays in force, after 4 failed attempts"]
    );
    assert!(bench.allows("shop", "192.0.2.7"));
}

/// Where no list is required, one that is refused must not be as good as none.
#[test]
fn a_first_list_that_the_guard_refuses_lets_nobody_in() {
    let mut bench = Bench::new(&FLEET);
    bench.write("site.toml", "enforce = false\n");
    bench.gate.set_guard(
        SiteGuard::new()
            .of_default(Guard::new().must_allow(["192.0.2.1".parse().unwrap()]))
            .of_apps(Guard::new().widest(28, 64)),
    );
    let outcomes = bench.site.load().unwrap();
    assert!(matches!(outcomes[..], [Outcome::SiteSwapped { .. }, Outcome::Refused { .. }]), "{outcomes:?}");
    for app in ["nobody", "deis/controller"] {
        for client in ["10.1.1.1", "198.51.100.1", "8.8.8.8"] {
            assert!(!bench.allows(app, client), "{app} {client}");
        }
    }
    // The default list may decide about the clients of every app in this mode.
    assert!(!bench.allows("shop", "192.0.2.7") && !bench.allows("shop", "8.8.8.8"));
    bench.write("default.list", "192.0.2.0/24\n");
    bench.write("apps/deis/controller.list", "198.51.100.1\n");
    bench.settled();
    assert!(bench.allows("nobody", "192.0.2.9") && bench.allows("deis/controller", "198.51.100.1"));
}

#[test]
fn a_default_list_that_is_removed_is_unset_for_all_apps_in_one_step() {
    let mut bench = Bench::loaded(&FLEET);
    bench.remove("default.list");
    assert_eq!(bench.settled(), ["generation 3 of the site is in force with 2 apps"]);
    assert!(!bench.allows("nobody", "10.1.1.1"), "enforced");
    assert!(!bench.allows("shop", "10.1.1.1") && bench.allows("shop", "192.0.2.7"));
    bench.write("default.list", "10.0.0.0/8\n");
    assert_eq!(bench.settled(), ["generation 4 of the site is in force with 2 apps"]);
    assert!(bench.allows("nobody", "10.1.1.1"));
}

#[test]
fn a_guard_keeps_what_it_refuses_and_lets_the_rest_in() {
    let mut bench = Bench::loaded(&FLEET);
    let office = "198.51.100.1".parse().unwrap();
    bench.gate.set_guard(
        SiteGuard::new().max_removed(20.0).keep_enforced(true).of_apps(Guard::new().widest(28, 64)),
    );
    bench.remove("apps/shop.list");
    bench.write("apps/deis/controller.list", "203.0.113.0/24\n");
    bench.write("site.toml", "enforce = false\nmode = \"override\"\n");
    bench.write("apps/blog.list", "192.0.2.0/29\n");
    let told = bench.settled();
    let all = told.join("\n");
    for said in ["deis/controller", "permit `enforce-off`", "permit `removal`"] {
        assert!(all.contains(said), "{said}: {told:?}");
    }
    assert!(bench.allows("shop", "192.0.2.7") && bench.gate.is_allowed("deis/controller", office));
    assert!(bench.allows("blog", "192.0.2.6") && bench.gate.snapshot().is_enforced());
    assert!(!bench.allows("blog", "10.1.1.1"), "the mode is that of the file");
    // What was refused is tried again with whatever changes next.
    bench.gate.set_guard(SiteGuard::new());
    assert!(bench.settled().is_empty(), "nothing has changed");
    bench.write("apps/blog.list", "192.0.2.1\n");
    bench.settled();
    assert!(!bench.gate.is_allowed("deis/controller", office) && !bench.gate.snapshot().is_enforced());
    let state = bench.gate.snapshot();
    let shop = state.apps().find(|app| app.name.as_str() == "shop").unwrap(); // `hosts` names it
    assert_eq!((shop.entries, shop.is_waiting), (None, false));
}

#[test]
fn a_site_that_cannot_be_begun_with_leaves_the_gate_closed() {
    for (file, text, said) in [
        ("site.toml", "mode = 1", "`mode` is an integer"),
        ("hosts", "x", "the app is missing behind `x`"),
        ("default.list", "10.0.0.0/33", "there has been no good default list"),
    ] {
        let mut bench = Bench::new(&FLEET);
        bench.write(file, text);
        for _ in 0..2 {
            let error = bench.site.load().unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
            assert_eq!(bench.gate.generation(), 1);
            assert!(!bench.allows("shop", "192.0.2.7"));
        }
    }
    let error = FollowedSite::new(&closed(), "/nowhere/at/all").unwrap().load().unwrap_err();
    assert!(matches!(error, WatchError::Missing { .. }), "{error}");
    let mut bench = Bench::new(&[]);
    assert!(bench.site.load().unwrap_err().to_string().contains("it is no site"));

    // Settings that were never good are not those by default, whatever else changes.
    for file in ["site.toml", "hosts"] {
        let mut bench = Bench::new(&FLEET);
        bench.write(file, "nonsense\n");
        bench.remove("default.list");
        assert!(bench.site.load().is_err());
        bench.write("apps/shop.list", "203.0.113.0/24\n");
        bench.settled();
        assert!(bench.gate.generation() == 1 && !bench.allows("nobody", "10.1.1.1"), "{file}");
        bench.remove(file);
        bench.settled();
        assert_eq!(bench.gate.generation(), 1, "{file}");
        bench.write(file, if file == "hosts" { "" } else { "enforce = true" });
        bench.settled();
        assert!(bench.allows("shop", "203.0.113.1") && !bench.allows("nobody", "10.1.1.1"));
    }

    // A bad default list closes those about whom it decides, and a bad list beside it is told.
    let mut bench = Bench::new(&FLEET);
    bench.write("site.toml", "mode = \"override\"\n");
    bench.write("default.list", "10.0.0.0/33");
    bench.write("apps/bad.list", "10.0.0.0/33");
    bench.site.load().unwrap_err();
    let told = bench.settled(); // the other files may not have settled when the load failed
    assert!(told.iter().any(|told| told.contains("the app bad has had no good list")), "{told:?}");
    assert!(bench.allows("shop", "192.0.2.7") && !bench.allows("bad", "192.0.2.7"));
    assert!(!bench.allows("nobody", "10.1.1.1"), "lists are not required, and one is to come");

    // The bad list of one app closes that app.
    let mut bench = Bench::new(&FLEET);
    bench.write("apps/shop.list", "10.0.0.0/33");
    let outcomes = bench.site.load().unwrap();
    assert!(matches!(outcomes[..], [Outcome::Refused { .. }, Outcome::SiteSwapped { .. }]), "{outcomes:?}");
    assert!(!bench.allows("shop", "10.1.1.1") && bench.allows("deis/controller", "198.51.100.1"));
}

#[test]
fn an_image_in_the_place_of_a_folder_and_a_folder_in_that_of_an_image() {
    let mut bench = Bench::loaded(&FLEET);
    let image = SiteParser::new().read(bench.path("")).unwrap().site.to_image().unwrap();
    bench.write("apps/late.list", "203.0.113.0/24\n");
    bench.settled();
    assert!(bench.allows("late", "203.0.113.1"));
    let (path, aside) = (bench.folder.path().join("fleet"), bench.folder.path().join("aside"));
    fs::rename(&path, &aside).unwrap();
    fs::write(&path, &image).unwrap();
    assert_eq!(bench.settled(), ["generation 4 of the site is in force with 2 apps"]);
    assert!(!bench.allows("late", "203.0.113.1") && bench.allows("shop", "192.0.2.7"));
    assert_eq!(
        bench.gate.check("shop", "192.0.2.7".parse().unwrap()).list_generation(),
        2,
        "it is the same list"
    );

    // Cut, it changes nothing.
    fs::write(&path, &image[..image.len() / 2]).unwrap();
    let told = bench.settled();
    assert!(told[0].contains("its length is not the one that it states"), "{told:?}");
    assert!(bench.allows("shop", "192.0.2.7"));

    fs::remove_file(&path).unwrap();
    fs::rename(&aside, &path).unwrap();
    assert_eq!(bench.settled(), ["generation 5 of the site is in force with 3 apps"]);
    assert!(bench.allows("late", "203.0.113.1"));
}

/// Another site at the path is guarded as any change is; so is what another follower of the same gate finds.
#[test]
fn another_site_takes_nothing_away_by_mistake() {
    let mut bench = Bench::loaded(&FLEET);
    bench.gate.set_guard(SiteGuard::new().max_removed(0.0).keep_enforced(true));
    let (path, aside) = (bench.folder.path().join("fleet"), bench.folder.path().join("aside"));
    fs::rename(&path, &aside).unwrap();
    fs::write(&path, Site::new().to_image().unwrap()).unwrap();
    let told = bench.settled().join("\n");
    assert!(told.contains("permit `enforce-off`") && told.contains("permit `removal`"), "{told}");
    assert!(bench.allows("shop", "192.0.2.7") && bench.gate.snapshot().is_enforced());
    fs::remove_file(&path).unwrap();
    fs::create_dir_all(path.join("apps")).unwrap();
    bench.write("apps/shop.list", "nonsense\n");
    bench.settled();
    assert!(bench.allows("shop", "192.0.2.7"), "its last good list");
    assert!(bench.allows("deis/controller", "198.51.100.1"), "not to be removed");

    // What was refused is tried again with the next change.
    bench.gate.set_guard(SiteGuard::new());
    bench.write("apps/shop.list", "192.0.2.8\n");
    bench.settled();
    assert!(bench.allows("shop", "192.0.2.8") && bench.gate.snapshot().app_count() == 1);

    bench.write("apps/shop.list", "nonsense\n");
    let mut again = FollowedSite::new(&bench.gate, &path).unwrap();
    again.load().unwrap();
    assert!(bench.allows("shop", "192.0.2.8"), "its last good list");
}

#[test]
fn strange_files_among_the_lists_are_told_once() {
    let mut bench = Bench::loaded(&FLEET);
    bench.write("apps/readme.txt", "hello");
    let told = bench.settled();
    assert!(matches!(&told[..], [one] if one.contains("readme.txt: it is no list of an app")), "{told:?}");
}

#[test]
fn a_thread_follows_and_tells() {
    let bench = Bench::new(&FLEET);
    let (sender, told) = mpsc::channel();
    let watcher = SiteWatch::new(&bench.gate, bench.path(""))
        .interval(Duration::from_millis(50))
        .on_outcome(move |outcome| sender.send(outcome.to_string()).unwrap())
        .start()
        .unwrap();
    assert!(bench.allows("shop", "192.0.2.7"), "loaded when it has started");
    assert_eq!(told.recv().unwrap(), "generation 2 of the site is in force with 2 apps");
    bench.write("apps/team/blog.list", "203.0.113.0/24:readers\n");
    assert_eq!(told.recv().unwrap(), "generation 3 of the site is in force with 3 apps");
    assert_eq!(bench.label("team/blog", "203.0.113.9").as_deref(), Some("readers"));
    bench.write("apps/team/blog.list", "192.0.2.0/24:readers\n");
    assert_eq!(told.recv().unwrap(), "generation 4 of the site is in force with 3 apps");
    bench.remove("apps/team/blog.list");
    assert_eq!(told.recv().unwrap(), "generation 5 of the site is in force with 2 apps");
    watcher.stop();
    assert!(told.recv().is_err(), "nothing is told after the end");
    assert!(bench.allows("shop", "192.0.2.7"));
}

/// The folder of a ConfigMap, as the kubelet makes it and makes it anew: links to links, of which one is replaced.
#[test]
#[cfg(unix)]
fn a_site_in_a_config_map() {
    use std::os::unix::fs::symlink;

    let mut bench = Bench::new(&[]);
    let version = |name: &str, site: &str, list: &str| {
        fs::create_dir_all(bench.path(name).join("apps/deis")).unwrap();
        for (file, text) in
            [("site.toml", site), ("default.list", "10.9.0.0/16:corp"), ("apps/deis/shop.list", list)]
        {
            fs::write(bench.path(name).join(file), text).unwrap();
        }
    };
    version("..2026_01", "enforce = true", "192.0.2.1:old");
    version("..2026_02", "enforce = true\nmode = \"override\"", "192.0.2.2:new");
    symlink("..2026_01", bench.path("..data")).unwrap();
    for name in ["site.toml", "default.list", "apps"] {
        symlink(format!("..data/{name}"), bench.path(name)).unwrap();
    }
    let outcomes = bench.site.load().unwrap();
    assert!(matches!(outcomes[..], [Outcome::SiteSwapped { .. }]), "{outcomes:?}");
    bench.now = Instant::now();
    assert_eq!(bench.label("deis/shop", "192.0.2.1").as_deref(), Some("old"));
    assert!(bench.allows("deis/shop", "10.9.0.1") && !bench.allows("shop", "192.0.2.1"));

    symlink("..2026_02", bench.path("..data_tmp")).unwrap();
    fs::rename(bench.path("..data_tmp"), bench.path("..data")).unwrap();
    fs::remove_dir_all(bench.path("..2026_01")).unwrap();
    let told = bench.settled();
    assert_eq!(bench.label("deis/shop", "192.0.2.2").as_deref(), Some("new"), "{told:?}");
    assert!(!bench.allows("deis/shop", "192.0.2.1") && !bench.allows("deis/shop", "10.9.0.1"), "{told:?}");
}
