//! What is published into nftables, in a network of the test's own: who gets through, and what stays where something fails.

mod common;

use std::fs;
use std::io::{ErrorKind, Write};
use std::net::{SocketAddr, UdpSocket};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use common::{Daemon, Place};

/// The address that is guarded.
const SERVER: &str = "10.255.255.1:0";
/// Says that a test runs in a network of its own.
const INSIDE: &str = "IPGATED_TEST_NETWORK";
/// Clients, each an address of that network.
const CLIENTS: [&str; 4] = ["192.0.2.7", "192.0.2.200", "10.1.2.3", "198.51.100.7"];
/// Rules that refuse whoever is not in the sets, as an operator writes them.
const RULES: &str = "\
add table inet ipgate
add set inet ipgate shop_v4 { type ipv4_addr; flags interval; }
add set inet ipgate shop_v6 { type ipv6_addr; flags interval; }
add chain inet ipgate input { type filter hook input priority 0; }
add rule inet ipgate input ip daddr 10.255.255.1 ip saddr != @shop_v4 reject
";

/// Runs a test in a network of its own; it says whether this is that.
fn is_inside(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let probe = Command::new("unshare").args(["-n", "nft", "list", "tables"]).output();
    if !probe.is_ok_and(|probe| probe.status.success()) {
        println!("SKIPPED: nftables needs `nft` (`make setup` installs it), and the right to make a network");
        return false;
    }
    let this = std::env::current_exe().unwrap();
    let status = Command::new("unshare")
        .arg("-n")
        .arg(this)
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(INSIDE, "1")
        .status()
        .unwrap();
    assert!(status.success(), "{test}, in a network of its own");
    false
}

fn nft(script: &str) -> Output {
    let mut child =
        Command::new("nft").args(["-f", "-"]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// The network: a server with its rules, and clients.
struct Network {
    server: UdpSocket,
}

impl Network {
    fn new() -> Network {
        let ip = |arguments: &str| {
            assert!(Command::new("ip").args(arguments.split(' ')).status().unwrap().success(), "{arguments}");
        };
        ip("link set lo up");
        for address in CLIENTS.into_iter().chain(["10.255.255.1"]) {
            ip(&format!("address add {address}/32 dev lo"));
        }
        let rules = nft(RULES);
        assert!(rules.status.success(), "{rules:?}");
        let server = UdpSocket::bind(SERVER).unwrap();
        server.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
        Network { server }
    }

    /// Whether what a client sends arrives, or is refused; one of the two is waited for.
    fn allows(&self, client: &str) -> bool {
        let socket = UdpSocket::bind(SocketAddr::new(client.parse().unwrap(), 0)).unwrap();
        socket.connect(self.server.local_addr().unwrap()).unwrap();
        socket.send(b"x").unwrap();
        let began = Instant::now();
        let mut buffer = [0; 1];
        while began.elapsed() < Duration::from_secs(30) {
            match self.server.recv_from(&mut buffer) {
                Ok((_, from)) if from == socket.local_addr().unwrap() => return true,
                Ok(_) => {}
                Err(error) => {
                    assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}")
                }
            }
            if socket.take_error().unwrap().is_some() {
                return false;
            }
        }
        panic!("what {client} sends neither arrives nor is refused");
    }
}

fn daemon(place: &Place) -> Daemon {
    let file = place.write(
        "ipgated.toml",
        "[publish]\ncheck = \"100ms\"\n[[publish_to]]\nkind = \"nft\"\ntable = \"ipgate\"\nset = \"shop\"\napp = \"shop\"\n",
    );
    Daemon::start(arguments!["--config", file, "--site", place.path("site"), "--admin", "127.0.0.1:0"])
}

#[test]
fn packets_get_through_as_the_site_says() {
    if !is_inside("packets_get_through_as_the_site_says") {
        return;
    }
    let (place, network) = (Place::new().with_site(), Network::new());
    place.write("site/apps/shop.list", "192.0.2.0/24:partner\n!192.0.2.128/25\n");
    // A site without any app is taken for one that was lost, and stays.
    place.write("site/apps/other.list", "198.18.0.1\n");
    let all = || CLIENTS.map(|client| network.allows(client));
    assert_eq!(all(), [false; 4], "the sets are empty, and let nobody in");
    let daemon = daemon(&place);
    let report = daemon.wait_until_published();
    assert_eq!(report["publishing"]["targets"][0]["kind"], "nft");
    assert_eq!(all(), [true, false, true, false]);
    place.write("site/apps/shop.list", "192.0.2.200\n");
    daemon.until("the change is in force", || network.allows("192.0.2.200"));
    assert_eq!(all(), [false, true, true, false]);
    fs::remove_file(place.path("site/apps/shop.list")).unwrap();
    fs::remove_file(place.path("site/default.list")).unwrap();
    daemon.until("nobody is let in", || all() == [false; 4]);
    place.write("site/site.toml", "enforce = false\n");
    daemon.until("everyone is let in", || all() == [true; 4]);
    place.write("site/default.list", "::/0\n");
    daemon.until("IPv6 alone is let in", || all() == [false; 4]);
    daemon.wait_until_published();
}

#[test]
fn what_fails_leaves_what_is_in_force_and_another_hand_is_put_right() {
    if !is_inside("what_fails_leaves_what_is_in_force_and_another_hand_is_put_right") {
        return;
    }
    let (place, network) = (Place::new().with_site(), Network::new());
    place.write("site/apps/shop.list", "192.0.2.7\n2001:db8::7\n");
    let daemon = daemon(&place);
    daemon.wait_until_published();
    assert!(network.allows("192.0.2.7") && !network.allows("192.0.2.200"));
    assert!(nft("add element inet ipgate shop_v4 { 198.51.100.0/24 }\n").status.success());
    daemon.until("the hole is closed", || !network.allows("198.51.100.7"));
    daemon.wait_for("something else was in force there");
    // As a reboot or a reload of the rules does.
    assert!(nft(&format!("flush ruleset\n{RULES}")).status.success());
    daemon.until("the sets are there again", || network.allows("192.0.2.7"));
    // A set of that name with another type: the whole transaction is refused, and told once.
    let other = "add set inet ipgate shop_v6 { type inet_service; flags interval; }\n";
    let rules: String =
        RULES.lines().filter(|line| !line.contains("shop_v6")).map(|line| format!("{line}\n")).collect();
    assert!(
        nft(&format!("flush ruleset\n{rules}{other}add element inet ipgate shop_v4 {{ 192.0.2.7 }}\n"))
            .status
            .success()
    );
    daemon.wait_for("the sets stay as they are");
    place.write("site/apps/shop.list", "192.0.2.200\n2001:db8::7\n");
    daemon.until("it is tried again", || {
        daemon.report()["publishing"]["failing"]["attempts"].as_u64() > Some(3)
    });
    assert!(network.allows("192.0.2.7") && !network.allows("192.0.2.200"), "what was in force stays");
    let report = daemon.report();
    assert_ne!(report["publishing"]["digest"], report["site"]["digest"]);
    assert!(nft(&format!("flush ruleset\n{RULES}")).status.success());
    daemon.until("it works again", || network.allows("192.0.2.200") && !network.allows("192.0.2.7"));
    daemon.wait_for("published again after");
}

#[test]
fn changes_under_way_refuse_nobody_who_is_let_in() {
    if !is_inside("changes_under_way_refuse_nobody_who_is_let_in") {
        return;
    }
    let (place, network) = (Place::new().with_site(), Network::new());
    let daemon = daemon(&place);
    daemon.wait_until_published();
    for (round, count) in [1_000_u32, 1_000, 1_000, 100_000].into_iter().enumerate() {
        let first = 203_u32 << 24 | u32::try_from(round).unwrap() << 20;
        let list: String = (0..count)
            .map(|n| std::net::Ipv4Addr::from(first + (n << 8)))
            .map(|address| format!("{address}/25\n"))
            .collect();
        let began = Instant::now();
        let (mut sent, generation) = (0, daemon.report()["site"]["generation"].as_u64());
        place.write("site/apps/shop.list", &format!("192.0.2.7:partner\n{list}"));
        daemon.until("it is in force", || {
            assert!(network.allows("192.0.2.7") && !network.allows("192.0.2.200"));
            sent += 2;
            let report = daemon.report();
            report["site"]["generation"].as_u64() > generation
                && report["publishing"]["digest"] == report["site"]["digest"]
        });
        let log = daemon.log();
        let took =
            log.iter().rev().find(|line| line["message"] == "published").map(|line| line["millis"].clone());
        println!(
            "{count} prefixes: in force and read back {:?} after the source's file, of which the publisher took {took:?} ms; {sent} packets meanwhile",
            began.elapsed()
        );
    }
}
