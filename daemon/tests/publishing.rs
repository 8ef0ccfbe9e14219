//! What is published: images and folders, whole at every instant, and only when something has changed.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use common::{Daemon, Place, allows};
use ipgate::site::{Site, SiteParser};

/// A list of so many entries, all with that label.
fn long_list(entries: u32, label: &str) -> String {
    (0..entries).map(|n| format!("10.{}.{}.0/24:{label}\n", n >> 8, n & 255)).collect()
}

fn digest(image: &Path) -> Option<String> {
    let bytes = fs::read(image).ok()?;
    Some(Site::from_image(&bytes).expect("what stands there is whole").digest().to_string())
}

#[test]
fn an_image_is_written_when_something_changes() {
    let place = Place::new().with_site();
    let image = place.path("run/site.image");
    let start = || {
        Daemon::start(arguments!["--site", place.path("site"), "--publish", &image, "--admin", "127.0.0.1:0"])
    };
    let daemon = start();
    let report = daemon.wait_until_published();
    assert_eq!(digest(&image).as_deref(), report["publishing"]["digest"].as_str());
    assert!(allows(&image, "shop", "192.0.2.7") && !allows(&image, "shop", "192.0.2.8"));
    place.write("site/apps/shop.list", "192.0.2.8:friend\n");
    daemon.until("the change is there", || allows(&image, "shop", "192.0.2.8"));
    assert!(!allows(&image, "shop", "192.0.2.7"));
    daemon.wait_until_published();
    assert_eq!(daemon.report()["publishing"]["writes"], 2);
    let metrics = daemon.get("/metrics").body;
    assert!(
        metrics.contains("ipgated_publish_failing 0") && metrics.contains("ipgated_publish_writes_total 2"),
        "{metrics}"
    );
    assert!(daemon.stop().0.success());
    // The same site again: nobody has to load it anew.
    let before = fs::metadata(&image).unwrap().ino();
    let daemon = start();
    let report = daemon.wait_until_published();
    assert_eq!(report["publishing"]["writes"], 0);
    assert_eq!(fs::metadata(&image).unwrap().ino(), before);
}

#[test]
fn a_published_image_outlives_a_start_without_a_source() {
    let place = Place::new().with_site();
    let (site, image) = (place.path("site"), place.path("site.image"));
    let arguments = || arguments!["--site", &site, "--publish", &image, "--admin", "127.0.0.1:0"];
    let daemon = Daemon::start(arguments());
    daemon.wait_until_published();
    daemon.kill();
    fs::rename(&site, place.path("away")).unwrap();
    let daemon = Daemon::start(arguments());
    daemon.wait_for("its answer cannot be read");
    assert!(daemon.stop().0.success());
    assert!(
        allows(&image, "shop", "192.0.2.7"),
        "what was good stays, and nobody's image is not put over it"
    );
}

/// Killed at any instant: what stands there is what stood there before, or what was to be written.
#[test]
fn killed_at_any_instant_it_leaves_the_old_or_the_new() {
    let place = Place::new().with_site();
    let (site, image) = (place.path("site"), place.path("out/site.image"));
    let mut before = None;
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for round in 0..40_u64 {
        place.write("site/default.list", &long_list(20_000, &format!("round_{round}")));
        let new = SiteParser::new().read(&site).unwrap().site.digest().to_string();
        let daemon = Daemon::start(arguments!["--site", &site, "--publish", &image]);
        // Every fourth is let finish, so that there is an old one; the others are killed earlier and later.
        match round % 4 {
            0 => drop(daemon.wait_for("published")),
            _ => thread::sleep(Duration::from_millis(round * 7 % 120)),
        }
        daemon.kill();
        let now = digest(&image);
        let which = match &now {
            now if *now == before => "old",
            Some(now) if *now == new => "new",
            now => panic!("round {round}: {now:?} is neither {before:?} nor {new}"),
        };
        *counts.entry(which).or_default() += 1;
        before = now;
    }
    println!("of 40 that were killed, {counts:?}");
    let daemon = Daemon::start(arguments!["--site", &site, "--publish", &image]);
    daemon.wait_for("published");
    daemon.stop();
    let left: Vec<_> =
        fs::read_dir(place.path("out")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["site.image"], "what was begun is cleared away");
}

/// A file system of so many bytes, ended when it is dropped.
struct Small(PathBuf);

impl Small {
    fn new(path: PathBuf, size: &str) -> Option<Small> {
        fs::create_dir_all(&path).unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "ipgated-test"])
            .arg(&path)
            .status();
        mount.is_ok_and(|status| status.success()).then_some(Small(path))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_told_once_and_tried_again() {
    let place = Place::new().with_site();
    let Some(small) = Small::new(place.path("small"), "256k") else {
        println!("SKIPPED: a full disk needs the right to mount a small one");
        return;
    };
    let image = small.0.join("site.image");
    let site = place.path("site");
    let daemon = Daemon::start(arguments!["--site", &site, "--publish", &image, "--admin", "127.0.0.1:0"]);
    daemon.wait_until_published();
    let good = digest(&image);
    place.write("site/default.list", &long_list(30_000, "too_much"));
    let told = daemon.wait_for("cannot be published");
    assert_eq!(told["level"], "ERROR");
    assert!(told["message"].as_str().unwrap().contains("no space is left in"), "{told}");
    daemon.until("it is tried again", || {
        daemon.report()["publishing"]["failing"]["attempts"].as_u64() > Some(2)
    });
    assert!(daemon.get("/healthz").body.contains("no space is left in"));
    assert!(daemon.get("/metrics").body.contains("ipgated_publish_failing 1"));
    assert_eq!(digest(&image), good, "the old one is whole");
    place.write("site/default.list", &long_list(10, "little"));
    let report = daemon.wait_until_published();
    assert_eq!(report["publishing"]["failing"], serde_json::Value::Null);
    assert_eq!(daemon.get("/healthz").body, "ok\n");
    daemon.wait_for("published again after");
    let told = daemon.messages().iter().filter(|message| message.contains("cannot be published")).count();
    assert_eq!(told, 1, "{:#?}", daemon.messages());
    drop(daemon);
    drop(small);
}

/// Files below a folder, each with what tells one file from another, and its text.
fn files(folder: &Path) -> BTreeMap<String, (u64, String)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap().map(Result::unwrap) {
            match entry.file_type().unwrap().is_dir() {
                true => folders.push(entry.path()),
                false => {
                    let name = entry.path().strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                    let text = fs::read_to_string(entry.path()).unwrap();
                    found.insert(name, (entry.metadata().unwrap().ino(), text));
                }
            }
        }
    }
    found
}

#[test]
fn of_a_folder_only_what_differs_is_written() {
    let place = Place::new().with_site();
    place.write("site/apps/deis/deis-controller.list", "198.51.100.1\n");
    place.write("site/hosts", "*.shop.example shop\n");
    let (site, out) = (place.path("site"), place.path("out"));
    let daemon = Daemon::start(arguments!["--site", &site, "--publish", &out, "--admin", "127.0.0.1:0"]);
    daemon.wait_until_published();
    let first = files(&out);
    let names: Vec<&str> = first.keys().map(String::as_str).collect();
    let expected = [
        ".ipgated",
        "apps/deis/deis-controller.list",
        "apps/shop.list",
        "default.list",
        "hosts",
        "site.toml",
    ];
    assert_eq!(names, expected);
    let same = |path: &Path| SiteParser::new().read(path).unwrap().whole().unwrap().site.digest();
    assert_eq!(same(&out), same(&site));

    place.write("site/apps/shop.list", "192.0.2.9\n");
    fs::remove_file(place.path("site/apps/deis/deis-controller.list")).unwrap();
    daemon.until("the app is gone", || !out.join("apps/deis").exists());
    daemon.wait_until_published();
    let second = files(&out);
    let rewritten: Vec<&str> = second
        .iter()
        .filter(|(name, file)| first.get(*name) != Some(file))
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(rewritten, ["apps/shop.list"]);
    assert_eq!(same(&out), same(&site));
    assert!(daemon.stop().0.success());

    // What somebody changed by hand is put right by the next start.
    fs::write(out.join("apps/shop.list"), "0.0.0.0/0\n").unwrap();
    fs::write(out.join("apps/left.list"), "0.0.0.0/0\n").unwrap();
    let daemon = Daemon::start(arguments!["--site", &site, "--publish", &out, "--admin", "127.0.0.1:0"]);
    daemon.wait_until_published();
    assert_eq!(same(&out), same(&site));
}

#[test]
fn lists_of_somebody_else_are_left_alone() {
    let place = Place::new().with_site();
    place.write("mine/apps/blog.list", "192.0.2.1\n");
    let daemon = Daemon::start(arguments!["--site", place.path("site"), "--publish", place.path("mine")]);
    daemon.wait_for("lists are there already that ipgated did not write");
    assert_eq!(files(&place.path("mine")).keys().collect::<Vec<_>>(), ["apps/blog.list"]);
}

/// An app whose list was never good is closed in what is published, too.
#[test]
fn a_list_that_is_to_come_is_closed() {
    let place = Place::new().with_site();
    place.write("site/apps/bad.list", "foobar\n");
    let (site, image, out) = (place.path("site"), place.path("site.image"), place.path("out"));
    for path in [&image, &out] {
        let daemon = Daemon::start(arguments!["--site", &site, "--publish", path, "--admin", "127.0.0.1:0"]);
        daemon.wait_until_published();
        assert!(daemon.stop().0.success());
    }
    assert!(!allows(&image, "bad", "10.1.1.1") && allows(&image, "shop", "10.1.1.1"));
    let read = SiteParser::new().read(&out).unwrap().whole().unwrap().site;
    let gate = ipgate::site::SiteGate::new(&read).unwrap();
    assert!(!gate.is_allowed("bad", "10.1.1.1".parse().unwrap()));
    assert!(gate.is_allowed("shop", "10.1.1.1".parse().unwrap()));
}
