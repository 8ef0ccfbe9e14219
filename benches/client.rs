//! What finding the client of a request costs, for the headers that proxies write. Passes are interleaved with those that
//! only ask the gate, and the least of each way counts: a busy machine only adds.
//!
//! `cargo bench --bench client`; with `-- --test` once and briefly, for the answers.

use std::hint::black_box;
use std::net::IpAddr;
use std::time::Instant;

use ipgate::client::{ClientRule, Header};
use ipgate::{Gate, List};

/// A case: what is asked, the rule's header, the peer, the header's lines, and the client.
struct Case {
    name: &'static str,
    rule: ClientRule,
    peer: IpAddr,
    lines: &'static [&'static str],
    client: IpAddr,
}

const PROXIES: &str = "10.0.0.0/24:lb,10.1.0.0/24:edge,192.0.2.0/28:cdn,2001:db8::/48:lb6,!10.0.0.66";

fn case(
    name: &'static str,
    header: Option<&str>,
    peer: &str,
    lines: &'static [&'static str],
    client: &str,
) -> Case {
    let header = header.map(|header| header.parse::<Header>().expect("a header"));
    let trusted = || Gate::new(&PROXIES.parse::<List>().expect("a list"));
    let rule = header.map_or_else(ClientRule::peer, |header| ClientRule::behind(trusted(), header));
    let address = |text: &str| text.parse::<IpAddr>().expect("an address");
    Case { name, rule, peer: address(peer), lines, client: address(client) }
}

fn cases() -> [Case; 9] {
    let list = Some("X-Forwarded-For");
    let client = "203.0.113.9";
    [
        case("no header believed", None, client, &["192.0.2.7"], client),
        case("peer not trusted", list, client, &["192.0.2.7"], client),
        case("one element", list, "10.0.0.1", &["203.0.113.9"], client),
        case("three elements", list, "10.0.0.1", &["203.0.113.9, 192.0.2.1, 10.1.0.7"], client),
        case(
            "three of IPv6",
            list,
            "2001:db8::1",
            &["2001:db9:1:2::7, 2001:db8::17, 2001:db8::2"],
            "2001:db9:1:2::7",
        ),
        case("three lines", list, "10.0.0.1", &["203.0.113.9", "192.0.2.1", "10.1.0.7"], client),
        case(
            "Forwarded, three",
            Some("Forwarded"),
            "10.0.0.1",
            &["for=203.0.113.9;proto=https, for=192.0.2.1, for=10.1.0.7"],
            client,
        ),
        case(
            "Forwarded, quoted",
            Some("Forwarded"),
            "10.0.0.1",
            &["for=\"[2001:db9::7]:4711\";proto=https, for=\"10.1.0.7:80\""],
            "2001:db9::7",
        ),
        case("X-Real-IP", Some("X-Real-IP"), "10.0.0.1", &["203.0.113.9"], client),
    ]
}

fn main() {
    let (passes, finds) = if std::env::args().any(|arg| arg == "--test") { (1, 10) } else { (60, 20_000) };
    let cases = cases();
    let mut least = [f64::INFINITY; 9];
    for _ in 0..passes {
        for (case, least) in cases.iter().zip(&mut least) {
            let Case { rule, peer, lines, client, .. } = case;
            let find = || rule.find(black_box(*peer), black_box(*lines)).map(|found| found.address());
            assert_eq!(find(), Ok(*client), "{}", case.name);
            let began = Instant::now();
            for _ in 0..finds {
                let _ = black_box(find());
            }
            *least = least.min(began.elapsed().as_nanos() as f64 / f64::from(finds));
        }
    }
    println!("{:<20}  ns a request", "header");
    for (case, least) in cases.iter().zip(least) {
        println!("{:<20}  {least:.1}", case.name);
    }
}
