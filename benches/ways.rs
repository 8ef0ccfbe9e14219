//! The ways in, side by side: what a check by the gate costs over one by a reader, and what two threads get done
//! together over one. Passes are interleaved, and the least of each way counts: a busy machine only adds.
//!
//! `cargo bench --bench ways`; with `-- --test` once and briefly, for the answers.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Barrier;
use std::time::Instant;

use ipgate::{Gate, List, Table};

/// Addresses that a pass walks through.
const CLIENTS: u32 = 4096;

/// A way to a decision; each thread makes one of its own.
type Way<'a> = (&'static str, Box<dyn Fn(&[IpAddr], usize) -> usize + Sync + 'a>);

/// How many of the clients are allowed, so many times over. Generic, so that each way is inlined into a loop of its own.
fn walk(clients: &[IpAddr], rounds: usize, mut check: impl FnMut(IpAddr) -> bool) -> usize {
    (0..rounds).map(|_| clients.iter().filter(|client| check(black_box(**client))).count()).sum()
}

fn ways<'a>(gate: &'a Gate, table: &'a Table) -> [Way<'a>; 6] {
    [
        ("Table::is_allowed", Box::new(|clients, n| walk(clients, n, |client| table.is_allowed(client)))),
        (
            "Table::lookup",
            Box::new(|clients, n| walk(clients, n, |client| table.lookup(client).is_allowed())),
        ),
        ("Reader::is_allowed", {
            Box::new(|clients, n| {
                let mut reader = gate.reader();
                walk(clients, n, |client| reader.is_allowed(client))
            })
        }),
        ("Gate::is_allowed", Box::new(|clients, n| walk(clients, n, |client| gate.is_allowed(client)))),
        ("Reader::check", {
            Box::new(|clients, n| {
                let mut reader = gate.reader();
                walk(clients, n, |client| reader.check(client).is_allowed())
            })
        }),
        ("Gate::check", Box::new(|clients, n| walk(clients, n, |client| gate.check(client).is_allowed()))),
    ]
}

/// Nanoseconds from when the first of so many threads begins until the last is done, with as many checks each.
fn pass((_, way): &Way<'_>, threads: usize, clients: &[IpAddr], rounds: usize, allowed: usize) -> f64 {
    let start = Barrier::new(threads);
    let timed = || {
        start.wait();
        let began = Instant::now();
        assert_eq!(way(clients, rounds), rounds * allowed);
        (began, Instant::now())
    };
    std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(timed)).collect();
        let times = handles.into_iter().map(|handle| handle.join().expect("no panic"));
        let (began, ended): (Vec<_>, Vec<_>) = times.unzip();
        let took = began.iter().min().zip(ended.iter().max()).map(|(began, ended)| *ended - *began);
        took.unwrap_or_default().as_nanos() as f64
    })
}

fn main() {
    let (passes, rounds) = if std::env::args().any(|arg| arg == "--test") { (1, 1) } else { (40, 50) };
    println!("entries  way                 ns a check  two threads over one");
    for entries in [10, 1000] {
        // Every other of the networks 10.x.y.0/24 from the first on is allowed.
        let network = |n: u32| Ipv4Addr::from(10 << 24 | n << 8);
        let text: String = (0..entries).map(|n| format!("{}/24:l{}\n", network(2 * n), n % 7)).collect();
        let list: List = text.parse().expect("a list");
        let clients: Vec<IpAddr> = (0..CLIENTS)
            .map(|n| n.wrapping_mul(0x9e37_79b1) >> 12)
            .map(|random| {
                IpAddr::V4(Ipv4Addr::from(u32::from(network(random % (2 * entries))) | random & 255))
            })
            .collect();
        let is_even = |client: &&IpAddr| matches!(client, IpAddr::V4(v4) if v4.octets()[2] % 2 == 0);
        let allowed = clients.iter().filter(is_even).count();
        let (gate, table) = (Gate::new(&list), Table::new(&list));
        let ways = ways(&gate, &table);
        let mut least = [[f64::INFINITY; 2]; 6];
        for _ in 0..passes {
            for (way, least) in ways.iter().zip(&mut least) {
                for (threads, least) in (1..).zip(least) {
                    *least = least.min(pass(way, threads, &clients, rounds, allowed));
                }
            }
        }
        let checks = f64::from(CLIENTS) * rounds as f64;
        for ((name, _), [one, two]) in ways.iter().zip(least) {
            println!("{entries:7}  {name:18} {:10.1} {:15.2}", one / checks, 2.0 * one / two);
        }
    }
}
