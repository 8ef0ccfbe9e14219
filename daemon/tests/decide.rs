//! The listener for proxies, asked as they ask.

mod common;

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use common::{Answer, Daemon, Place, ask, said};

/// A daemon with one listener below `[[decide]]`.
fn start(place: &Place, decide: &str) -> Daemon {
    let file = place.write("ipgated.toml", &format!("[[decide]]\nlisten = \"127.0.0.1:0\"\n{decide}"));
    let site = place.path("site");
    let daemon = Daemon::start(arguments!["--config", file, "--site", site, "--admin", "127.0.0.1:0"]);
    daemon.address("decide");
    daemon
}

fn ready(place: &Place, decide: &str) -> Daemon {
    let daemon = start(place, decide);
    daemon.wait_until_ready();
    daemon
}

fn question(daemon: &Daemon, path: &str, headers: &[(&str, &str)]) -> Answer {
    ask(daemon.address("decide"), "GET", path, headers, "")
}

/// Code, label, entry, client and body.
fn told(answer: &Answer) -> (u16, &str, &str, &str, &str) {
    let header = |name: &str| answer.headers[name].as_str();
    assert!(header("x-ipgate-generation").parse::<u64>().is_ok(), "{answer:?}");
    (answer.code, header("x-ipgate-label"), header("x-ipgate-entry"), header("x-ipgate-client"), &answer.body)
}

#[test]
fn every_answer_has_all_headers() {
    let place = Place::new().with_site();
    place.write("site/default.list", "10.0.0.0/8:corp\n!10.6.6.0/24:B\u{fc}ro\n2001:db8::/32:-\n");
    let daemon = ready(&place, "profile = \"nginx\"\napp = \"blog\"\n");
    let asked = |lines: &[&str]| {
        let lines: Vec<_> = lines.iter().map(|line| ("X-Ipgate-Client", *line)).collect();
        let answer = question(&daemon, "/", &lines);
        let (code, label, entry, client, body) = told(&answer);
        [&code.to_string(), label, entry, client, body].map(str::to_owned)
    };
    assert_eq!(asked(&["10.1.2.3"]), ["200", "corp", "10.0.0.0/8:corp", "10.1.2.3", ""]);
    assert_eq!(asked(&["::ffff:10.1.2.3"]), ["200", "corp", "10.0.0.0/8:corp", "10.1.2.3", ""]);
    assert_eq!(
        asked(&["10.6.6.6"]),
        ["403", "B%C3%BCro", "!10.6.6.0/24:B%C3%BCro", "10.6.6.6", "deny-entry"]
    );
    assert_eq!(asked(&["192.0.2.1"]), ["403", "-", "-", "192.0.2.1", "no-entry"]);
    assert_eq!(asked(&["2001:db8::7"])[..2], ["200", "%2D"], "a label, and not nothing");
    assert_eq!(asked(&[]), ["403", "-", "-", "-", "no-header"]);
    assert_eq!(asked(&["10.1.2.3", "10.1.2.3"]), ["403", "-", "-", "-", "several-lines"]);
    assert_eq!(asked(&["unknown"])[4], "unknown");
    assert_eq!(asked(&["10.1.2.3, 10.1.2.4"])[0], "403");
    assert_eq!(asked(&[""])[0], "403");
    // What a client may send beside is not looked at.
    let claims = [
        ("X-Ipgate-Client", "192.0.2.1"),
        ("X-Forwarded-For", "10.1.2.3"),
        ("X-Real-IP", "10.1.2.3"),
        ("Forwarded", "for=10.1.2.3"),
    ];
    assert_eq!(question(&daemon, "/", &claims).code, 403);
    let missing = daemon.wait_for("nobody knows who the client is");
    assert_eq!(
        (&missing["level"], &missing["header"], &missing["reason"]),
        (&"ERROR".into(), &"x-ipgate-client".into(), &"no-header".into())
    );
    assert!(missing["message"].as_str().unwrap().contains("proxy_set_header"), "{missing}");
    let metrics = daemon.get("/metrics").body;
    for line in [
        "ipgated_decisions_total{profile=\"nginx\",app=\"(none)\",result=\"allow\",reason=\"allow-entry\"} 3",
        "ipgated_decisions_total{profile=\"nginx\",app=\"(none)\",result=\"deny\",reason=\"no-header\"} 1",
        "ipgated_decisions_total{profile=\"nginx\",app=\"(none)\",result=\"deny\",reason=\"several-lines\"} 1",
    ] {
        assert!(metrics.lines().any(|other| other == line), "{line} is not in\n{metrics}");
    }
}

#[test]
fn before_a_site_is_in_force_all_are_denied() {
    let daemon = start(&Place::new(), "profile = \"caddy\"\n");
    let answer = question(&daemon, "/", &[("X-Forwarded-For", "10.1.2.3")]);
    assert_eq!(told(&answer), (403, "-", "-", "-", "not-ready"));
    daemon.wait_for("denied: nobody is let in until every source has answered");
}

#[test]
fn whoever_is_no_proxy_gets_no_answer_but_no() {
    let place = Place::new().with_site();
    let proxies = place.write("proxies.list", "10.0.0.1:lb\n");
    place.write("site/default.list", "0.0.0.0/0:everyone\n");
    let file = format!("profile = \"caddy\"\ntrusted_proxies_file = {proxies:?}\n");
    let daemon = ready(&place, &file);
    let asked = || question(&daemon, "/", &[("X-Forwarded-For", "203.0.113.7, 10.0.0.1")]);
    assert_eq!(told(&asked()), (403, "-", "-", "-", "no-proxy"));
    // The file is followed; the walk goes past proxies to the first who is none.
    place.write("proxies.list", "10.0.0.1:lb\n127.0.0.1:caddy\n");
    daemon.until("the proxy is trusted", || asked().code == 200);
    assert_eq!(told(&asked()), (200, "everyone", "0.0.0.0/0:everyone", "203.0.113.7", ""));
    let spoofed = question(&daemon, "/", &[("X-Forwarded-For", "6.6.6.6, 203.0.113.7")]);
    assert_eq!(told(&spoofed).3, "203.0.113.7");
    let without = question(&daemon, "/", &[]);
    assert_eq!(told(&without).4, "no-header");
}

#[test]
fn the_app_by_host_header_and_path() {
    let place = Place::new().with_site();
    place.write("site/hosts", "shop.example shop\n");
    place.write("site/apps/blog.list", "198.51.100.1\n");
    let by_host = ready(&place, "profile = \"caddy\"\n");
    let code = |daemon: &Daemon, path: &str, client: &str, headers: &[(&str, &str)]| {
        let headers: Vec<_> = headers.iter().copied().chain([("X-Forwarded-For", client)]).collect();
        question(daemon, path, &headers).code
    };
    let (partner, press, corp) = ("192.0.2.7", "198.51.100.1", "10.1.1.1");
    assert_eq!(code(&by_host, "/", partner, &[("X-Forwarded-Host", "SHOP.example.:443")]), 200);
    assert_eq!(code(&by_host, "/", partner, &[("X-Forwarded-Host", "other.example")]), 403);
    assert_eq!(code(&by_host, "/", corp, &[("X-Forwarded-Host", "other.example")]), 200);
    assert_eq!(code(&by_host, "/", partner, &[]), 403, "no host");
    let twice = [("X-Forwarded-Host", "shop.example"), ("X-Forwarded-Host", "shop.example")];
    assert_eq!(code(&by_host, "/", partner, &twice), 403, "two hosts");
    let by_header = ready(&place, "profile = \"caddy\"\napp_header = \"X-App\"\n");
    assert_eq!(code(&by_header, "/", press, &[("X-App", "blog")]), 200);
    assert_eq!(code(&by_header, "/", press, &[("X-App", "shop")]), 403);
    let by_path = ready(&place, "profile = \"envoy-http\"\napp_path = \"/decide/{app}\"\n");
    assert_eq!(code(&by_path, "/decide/blog/whatever?it=is", press, &[]), 200);
    assert_eq!(code(&by_path, "/decide/shop/blog", press, &[]), 403);
    assert_eq!(code(&by_path, "/blog", press, &[]), 403);
    let any_method =
        ask(by_path.address("decide"), "DELETE", "/decide/blog/x", &[("X-Forwarded-For", press)], "");
    assert_eq!(any_method.code, 200);
}

#[test]
fn gateway_api_without_the_header_says_what_to_name() {
    let place = Place::new().with_site();
    let daemon = ready(&place, "profile = \"gateway-api\"\n");
    assert_eq!(question(&daemon, "/", &[]).code, 403);
    let told = daemon.wait_for("allowedHeaders");
    assert_eq!(told["header"], "x-forwarded-for");
}

/// Reads what a listener says until it closes.
fn end(stream: &mut TcpStream) -> String {
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer); // one that is reset has ended, too
    String::from_utf8(answer).unwrap()
}

#[test]
fn what_is_slow_or_too_long_is_closed() {
    let place = Place::new().with_site();
    let hasty = ready(&place, "profile = \"caddy\"\ntimeout = \"300ms\"\n");
    let connect = |daemon: &Daemon| TcpStream::connect(daemon.address("decide")).unwrap();
    let (mut slow, mut silent) = (connect(&hasty), connect(&hasty));
    slow.write_all(b"GET / HTTP/1.1\r\nX-Forwarded-For: 10.1.").unwrap();
    assert_eq!((end(&mut slow), end(&mut silent)), (String::new(), String::new()));
    let daemon = ready(&place, "profile = \"caddy\"\nmax_header_bytes = 8192\n");
    let mut long = connect(&daemon);
    let _ =
        long.write_all(format!("GET / HTTP/1.1\r\nHost: a\r\nX-Long: {}", "a".repeat(100_000)).as_bytes());
    assert!(!end(&mut long).starts_with("HTTP/1.1 200"));
    let mut many = connect(&daemon);
    let _ = many.write_all(format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(1000)).as_bytes());
    assert!(!end(&mut many).starts_with("HTTP/1.1 200"));
    let mut garbage = connect(&daemon);
    garbage.write_all(b"\x16\x03\x01\0\r\n\r\n").unwrap();
    assert!(!end(&mut garbage).starts_with("HTTP/1.1 200"));
    assert_eq!(question(&daemon, "/", &[("X-Forwarded-For", "10.1.1.1")]).code, 200);
}

#[test]
fn idle_connections_do_not_keep_others_out() {
    let place = Place::new().with_site();
    let daemon = ready(&place, "profile = \"caddy\"\nmax_connections = 50\n");
    let address = daemon.address("decide");
    let mut proxy = Proxy::new(address);
    proxy.ask();
    let mut idle = Vec::new();
    for _ in 0..400 {
        idle.push(TcpStream::connect(address).unwrap());
        proxy.ask(); // on the connection that it has
    }
    Proxy::new(address).ask();
    let open = || {
        let is_socket =
            |path: PathBuf| fs::read_link(path).is_ok_and(|to| to.to_string_lossy().starts_with("socket:"));
        let files = fs::read_dir(format!("/proc/{}/fd", daemon.id())).unwrap();
        files.filter(|file| is_socket(file.as_ref().unwrap().path())).count()
    };
    daemon.until("no more are open than may be", || open() < 70);
}

/// A connection that is kept.
struct Proxy(TcpStream);

impl Proxy {
    fn new(address: SocketAddr) -> Proxy {
        Proxy(TcpStream::connect(address).unwrap())
    }

    fn ask(&mut self) {
        self.0.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 10.1.1.1\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            assert_eq!(self.0.read(&mut byte).unwrap(), 1, "it was closed");
            answer.push(byte[0]);
        }
        assert!(answer.starts_with(b"HTTP/1.1 200"));
    }
}

#[test]
fn whoever_is_denied_cannot_fill_the_log() {
    let place = Place::new().with_site();
    let daemon = ready(&place, "profile = \"caddy\"\n");
    for n in 0..500 {
        let client = format!("192.0.2.{}", n % 2);
        assert_eq!(question(&daemon, "/", &[("X-Forwarded-For", &client)]).code, 403);
    }
    let lines = daemon.messages().iter().filter(|message| *message == "denied").count();
    assert!((2..100).contains(&lines), "{lines}");
}

#[test]
fn settings_by_which_clients_name_themselves() {
    let place = Place::new().with_site();
    let site = place.path("site");
    let check = |decide: &str| {
        let file = place.write("ipgated.toml", &format!("[[decide]]\nlisten = \"127.0.0.1:9182\"\n{decide}"));
        said(arguments!["--config", file, "--site", &site, "--check-config"])
    };
    for (decide, expected) in [
        (
            "profile = \"nginx\"\nclient_header = \"X-Forwarded-For\"\n",
            "`x-forwarded-for` comes from the client unchanged there",
        ),
        ("profile = \"haproxy\"\nclient_header = \"Forwarded\"\n", "have the proxy set `X-Ipgate-Client`"),
        ("profile = \"caddy\"\nclient_header = \"X-Real-IP\"\n", "`X-Forwarded-For` alone is the proxy's"),
        ("profile = \"traefik\"\nclient_header = \"Forwarded\"\n", "`X-Forwarded-For` alone is the proxy's"),
        ("profile = \"envoy-http\"\nclient_header = \"Forwarded\"\n", "`X-Forwarded-For` is Envoy's"),
        ("profile = \"caddy\"\ntrusted_proxies = \"0.0.0.0/0\"\n", "holds every address"),
        ("profile = \"caddy\"\ntrusted_proxies = \"10.0.0.0/33\"\n", "`trusted_proxies`: "),
        ("profile = \"caddy\"\ntrusted_proxies_file = \"/nowhere\"\n", "`trusted_proxies_file`: "),
        ("profile = \"caddy\"\napp = \"a\"\napp_header = \"b\"\n", "more than one of `app`"),
        ("profile = \"caddy\"\napp_path = \"/decide\"\n", "with `{app}` in the place of one segment"),
        ("profile = \"squid\"\n", "`squid` is none of `nginx`"),
        ("profile = \"caddy\"\nmax_header_bytes = 100\n", "8192 is the least"),
        (
            "profile = \"caddy\"\n[[decide]]\nlisten = \"127.0.0.1:9182\"\nprofile = \"nginx\"\n",
            "are both 127.0.0.1:9182",
        ),
        (
            "profile = \"caddy\"\n[[decide]]\nlisten = \"0.0.0.0:9183\"\nprofile = \"nginx\"\n",
            "`trusted_proxies` does not say which",
        ),
    ] {
        let (code, out, err) = check(decide);
        assert_eq!((code, out.as_str()), (2, ""), "{decide}: {err}");
        assert!(err.contains(expected), "{decide}\n  says {err}\n  and not {expected}");
    }
    for (decide, expected) in [
        ("profile = \"nginx\"\nclient_header = \"X-Real-IP\"\n", "clients can send `x-real-ip` themselves"),
        (
            "profile = \"envoy-http\"\nclient_header = \"X-Envoy-External-Address\"\n",
            "`use_remote_address: true`",
        ),
        (
            "profile = \"gateway-api\"\nclient_header = \"Forwarded\"\n",
            "clients can send `forwarded` themselves",
        ),
        ("profile = \"caddy\"\ntrusted_proxies = \"0.0.0.0/1:lb\"\n", "shorter than /8"),
        ("profile = \"caddy\"\napp_header = \"X-App\"\n", "choose whose list is asked"),
        ("profile = \"envoy-http\"\napp_path = \"/d/{app}\"\n", "that prefix has to hold all of `app_path`"),
    ] {
        let (code, out, err) = check(decide);
        assert_eq!((code, out.as_str()), (0, "the configuration is good\n"), "{decide}: {err}");
        assert!(
            err.starts_with("warning: ") && err.contains(expected),
            "{decide}\n  says {err}\n  and not {expected}"
        );
    }
    for profile in ["nginx", "caddy", "traefik", "apisix", "envoy-http", "gateway-api", "haproxy"] {
        let (code, _, err) = check(&format!("profile = \"{profile}\"\n"));
        assert_eq!((code, err.as_str()), (0, ""), "{profile}");
    }
}

#[test]
fn flags_are_a_listener() {
    let place = Place::new().with_site();
    let daemon = Daemon::start(arguments![
        "--site",
        place.path("site"),
        "--admin",
        "127.0.0.1:0",
        "--decide",
        "127.0.0.1:0",
        "--trusted-proxies",
        "127.0.0.1:lb",
        "--client-header",
        "X-Real-Client",
    ]);
    daemon.wait_until_ready();
    assert_eq!(question(&daemon, "/", &[("X-Real-Client", "10.1.1.1")]).code, 200);
    assert_eq!(question(&daemon, "/", &[("X-Ipgate-Client", "10.1.1.1")]).code, 403);
    daemon.wait_for("clients can send `x-real-client` themselves");
}
