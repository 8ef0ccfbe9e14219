//! Images of sites: what comes back, and what is refused.

use std::time::SystemTime;

use ipgate::list::Until;
use ipgate::site::{App, AppName, Host, ListSlot, Site, SiteGate};
use ipgate::{List, Mode, Table};
use xxhash_rust::xxh3::xxh3_64;

fn list(text: &str) -> List {
    text.parse().unwrap()
}

fn name(text: &str) -> AppName {
    text.parse().unwrap()
}

fn host(text: &str) -> Host {
    text.parse().unwrap()
}

fn site() -> Site {
    let shop = App::new().with_list(list("10.8.0.0/15:shop,2001:db8::/32:six")).with_mode(Mode::Precede);
    let shop = shop.with_host(host("shop.example")).with_host(host("*.shop.example"));
    Site::new()
        .with_default(list("10.0.0.0/8:corp,!10.9.0.0/16:lab"))
        .with_mode(Mode::Override)
        .with_enforce(true)
        .with_app(name("shop"), shop)
        .with_app(name("deis/controller"), App::new().with_list(List::new()))
        .with_app(name("waiting"), App::new().with_list(ListSlot::Waiting).with_host(host("a.example")))
        .with_app(name("unset"), App::new())
}

/// An image with a checksum that fits, so that what lies behind is reached.
fn put_right(bytes: &mut [u8]) {
    let checksum = xxh3_64(&bytes[32..]);
    bytes[24..32].copy_from_slice(&checksum.to_le_bytes());
}

#[test]
fn everything_comes_back_and_lists_that_are_the_same_are_not_swapped() {
    let site = site();
    let image = site.to_image().unwrap();
    assert!(Site::is_image(&image) && Table::is_image(&image));
    let back = Site::from_image(&image).unwrap();
    assert_eq!((back.mode(), back.is_enforced()), (Mode::Override, true));
    let names: Vec<&str> = back.apps().keys().map(AppName::as_str).collect();
    assert_eq!(names, ["deis/controller", "shop", "unset", "waiting"]);
    let shop = &back.apps()["shop"];
    assert_eq!(shop.mode(), Some(Mode::Precede));
    assert_eq!(shop.hosts(), [host("*.shop.example"), host("shop.example")]);
    assert_eq!(shop.list().list().unwrap().to_string(), "10.8.0.0/15:shop\n2001:db8::/32:six\n");
    assert_eq!(back.apps()["deis/controller"].list().entry_count(), Some(0));
    assert!(matches!(back.apps()["waiting"].list(), ListSlot::Waiting));
    assert!(back.apps()["unset"].list().is_unset());

    // Of the text or of the image: it is the same list.
    let gate = SiteGate::new(&site).unwrap();
    assert_eq!(gate.replace(&back), Ok(1));
    let client = "10.9.1.1".parse().unwrap();
    assert_eq!(gate.check_host("EU.shop.example:443", client).label(), Some("shop"));
    assert!(!gate.is_allowed("waiting", client) && !gate.is_allowed("deis/controller", client));
    let from_image = SiteGate::new(&back).unwrap();
    assert_eq!(from_image.replace(&site), Ok(1));
    assert_eq!(from_image.replace(&Site::from_image(&image).unwrap()), Ok(1));
}

#[test]
fn what_a_gate_enforces_is_written_as_it_is() {
    let gate = SiteGate::new(&site()).unwrap();
    let written = gate.snapshot().site();
    assert_eq!(written.apps().len(), 4);
    assert_eq!(gate.replace(&written), Ok(1));
    assert_eq!(written, Site::from_image(&site().to_image().unwrap()).unwrap());
}

#[test]
fn an_image_of_something_else_is_refused() {
    let table = Table::new(&list("10.0.0.0/8")).to_image(1);
    assert!(!Site::is_image(&table) && !Site::is_image(b"10.0.0.0/8"));
    let error = Site::from_image(&table).unwrap_err();
    assert!(error.to_string().contains("something else"), "{error}");
    let error = Table::from_image(&site().to_image().unwrap()).unwrap_err();
    assert!(error.to_string().contains("something else"), "{error}");
}

#[test]
fn a_host_of_two_apps_is_refused() {
    let app = || App::new().with_host(host("shop.example"));
    let error = Site::new().with_app(name("a"), app()).with_app(name("b"), app()).to_image().unwrap_err();
    assert!(error.to_string().contains("shop.example"), "{error}");
}

/// Each byte changed, and the image cut at each: without a word of the checksum, which would refuse it all.
#[test]
fn damaged_images_are_refused_or_do_no_harm() {
    let image = site().to_image().unwrap();
    for length in 0..image.len() {
        assert!(Site::from_image(&image[..length]).is_err(), "{length}");
    }
    let mut refused = 0;
    for at in 32..image.len() {
        for bit in 0..8 {
            let mut damaged = image.clone();
            damaged[at] ^= 1 << bit;
            assert!(Site::from_image(&damaged).is_err(), "{at}");
            put_right(&mut damaged);
            let Ok(site) = Site::from_image(&damaged) else {
                refused += 1;
                continue;
            };
            let gate = SiteGate::new(&site).unwrap();
            let client = "10.9.1.1".parse().unwrap();
            for (name, app) in site.apps() {
                assert_eq!(gate.check(name.as_str(), client).app(), Some(name.as_str()));
                assert!(app.hosts().iter().all(|host| gate.snapshot().host(host.as_str()) == Some(name)));
            }
        }
    }
    // Most of it are lists, which have checksums of their own; of the rest, what is left is another site.
    assert!(refused > 6 * image.len(), "{refused} of {}", 8 * image.len());
}

#[test]
fn what_has_expired_since_is_dropped_when_it_is_opened() {
    let soon = SystemTime::now() + std::time::Duration::from_millis(30);
    let micros = soon.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_micros() as i64;
    let until = Until::from_unix_micros(micros).unwrap();
    let image = Site::new()
        .with_app(name("shop"), App::new().with_list(list(&format!("192.0.2.7:guest;until={until}"))))
        .to_image()
        .unwrap();
    while SystemTime::now() < until.system_time() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let gate = SiteGate::new(&Site::from_image(&image).unwrap()).unwrap();
    assert!(!gate.is_allowed("shop", "192.0.2.7".parse().unwrap()));
    assert_eq!(gate.status().entries, 0);
}

/// Writes what the fuzz target begins with.
#[test]
#[ignore = "writes into the repository"]
fn seeds() {
    let seed = format!("{}/fuzz/seeds/image/site", env!("CARGO_MANIFEST_DIR"));
    std::fs::write(seed, site().to_image().unwrap()).unwrap();
}
