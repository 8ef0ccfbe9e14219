//! What allocates and what does not, counted.

#[path = "support/counting.rs"]
mod counting;

use std::hint::black_box;
use std::net::IpAddr;

use counting::{Counting, allocations, live};
use ipgate::client::{ClientRule, Header};
use ipgate::site::{App, AppRef, Site, SiteGate, Sought};
use ipgate::{Address, Gate, List, Mode, list::Parser};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Ten entries: thousands of such gates may be in memory at a time. All that is allocated for one counts.
#[test]
fn a_gate_of_ten_entries_is_small() {
    drop(Gate::new(&List::new())); // what there is once for all gates
    for (most, entry) in [(1_920, "10.N.0.7:team_N"), (2_400, "[2001:db8:N::7]:team_N")] {
        let lines = (0..10).map(|number| entry.replace('N', &number.to_string()) + "\n");
        let list: List = lines.collect::<String>().parse().unwrap();
        let before = live();
        let gate = Gate::new(&list);
        let bytes = live() - before;
        drop(gate);
        let lengths = if cfg!(debug_assertions) { 320 } else { 0 }; // of sections, which debug builds assert by
        assert!(bytes <= most + lengths, "{entry}: {bytes} bytes");
    }
}

#[test]
fn a_reader_does_not_allocate_after_its_first_check() {
    let text = "all:x,!10.0.0.0/8:corp,10.9.0.0/16:lab,2001:db8::/32:office,!2001:db8::/48";
    let gate = Gate::new(&text.parse::<List>().unwrap());
    let clients: Vec<IpAddr> =
        ["10.0.0.1", "10.9.0.1", "192.0.2.1", "2001:db8::1", "2001:db9::1", "::ffff:10.9.0.1"]
            .iter()
            .map(|text| text.parse().unwrap())
            .collect();
    let mut reader = gate.reader();
    let mut check = || {
        for &client in &clients {
            let verdict = reader.check(client);
            black_box((verdict.is_allowed(), verdict.reason(), verdict.label(), verdict.generation()));
            black_box(verdict.entry().map(|entry| entry.prefix()));
            black_box(reader.is_allowed(client));
            black_box(reader.check_without_address().is_allowed());
        }
    };
    check();
    assert_eq!(allocations(&mut check), 0);
    let old = gate.snapshot(); // freeing the old table is another matter
    gate.replace(&"10.0.0.0/8:new".parse().unwrap()).unwrap();
    assert_eq!(allocations(&mut check), 0, "nor when it takes a new table");
    drop(old);
}

#[test]
fn a_gate_does_not_allocate_for_a_decision() {
    let gate = Gate::new(&"10.0.0.0/8".parse::<List>().unwrap());
    let client: IpAddr = "10.0.0.1".parse().unwrap();
    black_box(gate.is_allowed(client));
    assert_eq!(allocations(|| gate.is_allowed(client)), 0);
    assert_eq!(allocations(|| gate.check(client).label().map(str::len)), 0);
}

/// Entries with few labels: as many allocations for ten times the entries, but for the vectors' growth.
#[test]
fn parsing_does_not_allocate_for_each_entry() {
    let text = |entries: u32| -> String {
        let entry = |n: u32| {
            let (address, label) = (std::net::Ipv4Addr::from(n << 8), n % 7);
            match n % 3 {
                0 => format!("{address}/24:label{label}\n"),
                1 => format!("!{address}/24:label{label};until=2999-12-31 # note\n"),
                _ => format!("2001:db8:{n:x}::/48,"),
            }
        };
        (1..=entries).map(entry).collect()
    };
    let parser = Parser::new();
    let parse = |text: &str| allocations(|| parser.parse(text).unwrap());
    let (small, large) = (parse(&text(1_000)), parse(&text(60_000)));
    assert!(large < small + 60, "{small} allocations for 1,000 entries, {large} for 60,000");
    assert!(small < 100, "{small} allocations for 1,000 entries with seven labels");
}

/// A label costs one allocation, however often it is written.
#[test]
fn labels_are_stored_once() {
    let text = |label: fn(u32) -> u32| -> String {
        (0..1000u32).map(|n| format!("10.0.{}.{}:label{}\n", n / 256, n % 256, label(n))).collect()
    };
    let parse = |text: &str| allocations(|| text.parse::<List>().unwrap());
    let (all, few) = (parse(&text(|n| n)), parse(&text(|n| n % 10)));
    assert!((990..1000 + 60).contains(&(all - few)), "{all} with 1,000 labels, {few} with 10");
}

/// By name, by host in any case, by a number that is known, and with another app between.
#[test]
fn a_reader_of_a_site_does_not_allocate_after_its_first_check() {
    let list = |text: &str| text.parse::<List>().unwrap();
    let app = |text: &str, host: &str| App::new().with_list(list(text)).with_host(host.parse().unwrap());
    let site = Site::new()
        .with_default(list("10.0.0.0/8:corp,!10.9.0.0/16:lab,2001:db8::/32"))
        .with_app("shop".parse().unwrap(), app("10.9.0.0/16:shop,192.0.2.7", "*.shop.example"))
        .with_app("blog".parse().unwrap(), app("!10.0.0.0/8", "blog.example").with_mode(Mode::Precede));
    let gate = SiteGate::new(&site).unwrap();
    let mut reader = gate.reader();
    let mut shop = AppRef::new("shop".parse().unwrap());
    let clients: Vec<IpAddr> =
        ["10.9.1.1", "192.0.2.7", "2001:db8::1", "::1"].iter().map(|text| text.parse().unwrap()).collect();
    let mut check = || {
        clients.iter().for_each(|client| {
            black_box(reader.check_app(&mut shop, *client).label());
            black_box(reader.check("blog", *client).label());
            black_box(reader.check("nobody", *client).label());
            black_box(reader.check_host("EU.Shop.Example.:443", *client).app());
            black_box(reader.check_host("blog.example", *client).entry().map(|entry| entry.prefix()));
            black_box(reader.admit(Sought::App(&mut shop), Address::from(*client)).app());
            black_box(reader.admit(Sought::Name(b"nobody"), Address::from(*client)).app());
        });
    };
    check();
    assert_eq!(allocations(check), 0);
}

/// Whatever a header says, and where a client is refused.
#[test]
fn finding_a_client_does_not_allocate() {
    let trusted = Gate::new(&"10.0.0.0/8:lb,2001:db8::/32:edge,!10.9.0.0/16".parse::<List>().unwrap());
    let rules = ["X-Forwarded-For", "Forwarded", "X-Real-IP"]
        .map(|header| ClientRule::behind(trusted.clone(), header.parse::<Header>().unwrap()));
    let peers: [Option<IpAddr>; 3] = [Some([10, 0, 0, 1].into()), Some([203, 0, 113, 9].into()), None];
    let long = "10.0.0.2,".repeat(70);
    let lines: [&[&str]; 9] = [
        &[],
        &["203.0.113.9, 10.0.0.3, [2001:db8::1]:443"],
        &["203.0.113.9", "10.0.0.3"],
        &["10.0.0.3, 10.0.0.2"],
        &["office, 10.0.0.2"],
        &[&long],
        &["for=203.0.113.9;host=\"a, b\", for=\"[2001:db8::1]:443\""],
        &["for=unknown"],
        &["for=\"x"],
    ];
    let find = || {
        for rule in &rules {
            for peer in peers {
                for lines in lines {
                    let _ = black_box(rule.find(peer, lines));
                }
            }
        }
    };
    find();
    assert_eq!(allocations(find), 0);
}
