//! `fleet diff`: what a new site, or a new list, would change in what routers enforce.

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use common::{Dir, Run};

/// A router that enforces the site of that image; without one, nothing is in force there.
fn router(dir: &Dir, image: Option<&str>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let image = image.map(|name| {
        let digest = dir.run(&["fleet", "digest", name]).out.trim().to_owned();
        (fs::read(dir.path(name)).unwrap(), digest)
    });
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut reader = BufReader::new(stream.unwrap());
            let mut request = String::new();
            while reader.read_line(&mut request).is_ok_and(|read| read > 2) {}
            let (status, tag, body) = answer(request.split(' ').nth(1).unwrap(), image.as_ref());
            let head = format!(
                "HTTP/1.1 {status}\r\n{tag}content-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let _ = reader.get_mut().write_all(&[head.as_bytes(), &body].concat());
        }
    });
    url
}

fn answer(path: &str, image: Option<&(Vec<u8>, String)>) -> (&'static str, String, Vec<u8>) {
    let report = |ready: bool, digest: &str| {
        let site = format!(r#"{{"ready": {ready}, "digest": "{digest}", "generation": 7, "apps": 2}}"#);
        ("200 OK", String::new(), format!(r#"{{"site": {site}}}"#).into_bytes())
    };
    match (path, image) {
        ("/report", Some((_, digest))) => report(true, digest),
        ("/report", None) => report(false, &"0".repeat(64)),
        ("/site", Some((image, digest))) => ("200 OK", format!("etag: \"{digest}\"\r\n"), image.clone()),
        ("/site", None) => ("503 Service Unavailable", String::new(), b"nobody is let in\n".to_vec()),
        _ => ("404 Not Found", String::new(), Vec::new()),
    }
}

/// A site and its image, and another site.
fn sites() -> Dir {
    let dir = Dir::new();
    for (site, shop) in [("now", "192.0.2.7:partner\n"), ("next", "192.0.2.7:partner\n192.0.2.8:partner\n")] {
        fs::create_dir_all(dir.path(site).join("apps")).unwrap();
        dir.write(&format!("{site}/site.toml"), "enforce = true\n[apps.shop]\nmode = \"override\"\n");
        dir.write(&format!("{site}/default.list"), "10.0.0.0/8:corp\n");
        dir.write(&format!("{site}/apps/shop.list"), shop);
        dir.write(&format!("{site}/hosts"), "shop.example.com shop\nblog.example.com blog\n");
        assert_eq!(dir.run(&["compile", "--site", site, "-o", &format!("{site}.image")]).code, 0);
    }
    dir
}

/// What `diff` says of the same sites.
#[track_caller]
fn expect(run: &Run, of_sites: &Run) {
    assert_eq!((run.code, run.out.as_str(), run.err.as_str()), (of_sites.code, of_sites.out.as_str(), ""));
}

#[test]
fn a_new_site() {
    let dir = sites();
    let url = router(&dir, Some("now.image"));
    let diff = |arguments: &[&str]| dir.run(&[&["fleet", "diff", "--router", &url], arguments].concat());
    for form in [&[][..], &["--access"], &["--json"], &["--json", "--access"]] {
        let of_sites = dir.run(&[&["diff", "now", "next"], form].concat());
        assert!(of_sites.code == 1 && of_sites.out.contains("192.0.2.8"), "{of_sites:?}");
        expect(&diff(&[&["next"], form].concat()), &of_sites);
        let of_image = dir.run(&[&["diff", "now", "next.image"], form].concat());
        expect(&diff(&[&["next.image"], form].concat()), &of_image);
        assert_eq!(diff(&[&["now"], form].concat()).code, 0);
    }
    assert_eq!(diff(&["now"]).out, "");
    // A router by its address with a slash, of the environment too.
    let slash = format!("{url}/");
    assert_eq!(dir.run(&["fleet", "diff", "--router", &slash, "now"]).code, 0);
}

#[test]
fn a_new_list() {
    let dir = sites();
    let url = router(&dir, Some("now.image"));
    let diff = |arguments: &[&str]| dir.run(&[&["fleet", "diff", "--router", &url], arguments].concat());
    let of_sites = dir.run(&["diff", "now", "next"]);
    // Its mode and its hosts stay.
    dir.write("shop.list", "192.0.2.7:partner,192.0.2.8:partner");
    expect(&diff(&["-a", "shop", "shop.list"]), &of_sites);
    let stdin = dir.run_with(
        &["fleet", "diff", "--router", &url, "--app", "shop", "-"],
        b"192.0.2.7:partner\n192.0.2.8:partner",
    );
    expect(&stdin, &of_sites);
    assert_eq!(diff(&["-a", "shop", "now/apps/shop.list"]).code, 0);

    dir.write("default.list", "10.0.0.0/9:corp\n");
    let expected = "\
default list
  + 10.0.0.0/9:corp
  - 10.0.0.0/8:corp
access of blog and all that neither site names
  lost 10.128.0.0/9
  # addresses gained: 0 IPv4, 0 IPv6
  # addresses lost: 8388608 IPv4, 0 IPv6
# apps: 0 added, 0 removed, 0 changed; hosts: 0 changed
# entries: 1 added, 1 removed, 0 relabelled
";
    let default = diff(&["--default", "default.list"]);
    assert_eq!((default.code, default.out.as_str(), default.err.as_str()), (1, expected, ""));
    let both = diff(&["-a", "shop", "shop.list", "--default", "default.list"]);
    assert!(both.code == 1 && both.out.contains("app shop\n  + 192.0.2.8:partner"), "{both:?}");
    assert!(both.out.contains("  - 10.0.0.0/8:corp"), "{both:?}");

    // One that the site does not name would be new, and is told.
    let new = diff(&["-a", "wiki", "shop.list"]);
    assert!(new.code == 1 && new.out.contains("app wiki: added\n  list set\n"), "{new:?}");
    assert!(new.err.contains("names no app wiki"), "{new:?}");
}

/// A list that a router waits for lets nobody in, and what it would be does.
#[test]
fn a_list_that_is_waited_for() {
    let dir = sites();
    dir.write("good.list", "203.0.113.7:friend\n");
    fs::write(dir.path("waiting.image"), waiting_image()).unwrap();
    let url = router(&dir, Some("waiting.image"));
    let run = dir.run(&["fleet", "diff", "--router", &url, "-a", "blog", "good.list"]);
    let expected = "\
app blog
  list set
  + 203.0.113.7:friend
access of blog
  gained 10.0.0.0/8
  gained 203.0.113.7/32
  # addresses gained: 16777217 IPv4, 0 IPv6
  # addresses lost: 0 IPv4, 0 IPv6
# apps: 0 added, 0 removed, 1 changed; hosts: 0 changed
# entries: 1 added, 0 removed, 0 relabelled
";
    assert_eq!((run.code, run.out.as_str(), run.err.as_str()), (1, expected, ""));
    let json = dir.run(&["--json", "fleet", "diff", "--router", &url, "-a", "blog", "good.list"]);
    assert!(json.out.contains(r#""kind":"list","app":"blog","old":"waiting","new":"set""#), "{json:?}");
    assert_eq!(dir.run(&["fleet", "diff", "--router", &url, "waiting.image"]).code, 0);
}

fn waiting_image() -> Vec<u8> {
    use ipgate::site::{App, ListSlot, Site};
    let site = Site::new()
        .with_enforce(true)
        .with_default("10.0.0.0/8:corp".parse::<ipgate::List>().unwrap())
        .with_app("blog".parse().unwrap(), App::new().with_list(ListSlot::Waiting));
    site.to_image().unwrap()
}

#[test]
fn other_routers_are_told() {
    let dir = sites();
    let [one, two, other, closed] =
        [Some("now.image"), Some("now.image"), Some("next.image"), None].map(|image| router(&dir, image));
    let diff = |routers: &[&str]| dir.run(&["fleet", "diff", "--router", &routers.join(","), "now"]);
    let same = diff(&[&one, &two]);
    assert_eq!((same.code, same.err.as_str()), (0, ""));
    let differs = diff(&[&one, &other, &two]);
    assert_eq!((differs.code, differs.out.as_str()), (1, ""));
    assert!(differs.err.contains(&format!("{other} enforces another site than {one}")), "{}", differs.err);
    assert_eq!(differs.err.lines().count(), 1, "{}", differs.err);
    let denied = diff(&[&one, &closed]);
    assert!(
        denied.code == 1 && denied.err.contains(&format!("nothing is in force at {closed}")),
        "{denied:?}"
    );
    let away = diff(&[&one, "http://127.0.0.1:1"]);
    assert!(away.code == 2 && away.err.contains("http://127.0.0.1:1 cannot be asked"), "{away:?}");
}

#[test]
fn mistakes() {
    let dir = sites();
    let (url, closed) = (router(&dir, Some("now.image")), router(&dir, None));
    let mut strange = url.clone();
    strange.push_str("/v2");
    dir.write("bad.list", "10.0.0.0/33\n");
    dir.write("good.list", "10.0.0.0/8\n");
    for (router, arguments, sentence) in [
        (closed.as_str(), &["next"][..], "nothing is in force there"),
        ("http://127.0.0.1:1", &["next"], "http://127.0.0.1:1 cannot be asked for its site"),
        (&strange, &["next"], "is it the admin address of an `ipgated`"),
        (&url, &["good.list"], "good.list is no site; name the app whose list it is with --app"),
        (
            &url,
            &["-a", "shop", "next"],
            "next is a site, and the list of one app or the default list is needed",
        ),
        (&url, &["--default", "good.list", "next"], "NEW is a whole site"),
        (&url, &["-a", "shop", "bad.list"], "bad.list: the list is rejected"),
        (&url, &["-a", "shop", "-", "--default", "-"], "standard input can be read once"),
        (&url, &["no"], "no is no site"),
        (&url, &[], "required"),
        (&url, &["-a", "shop"], "required"),
    ] {
        let run = dir.run(&[&["fleet", "diff", "--router", router], arguments].concat());
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{arguments:?}: {run:?}");
        assert!(run.err.contains(sentence), "{arguments:?}: {}", run.err);
    }
}
