//! How long parsing, building, looking up and swapping take. Every answer is verified before it is timed.
//!
//! `IPGATE_BENCH_LIST` names a list file to work on, such as a whole routing table; otherwise a table with the
//! real distribution of prefix lengths is generated. `cargo bench -- --test` runs everything once on a small one.

#[allow(dead_code, reason = "the tests use all of it")]
#[path = "../tests/support/bgp.rs"]
mod bgp;
#[allow(dead_code, reason = "the tests use all of it")]
#[path = "../tests/support/golden.rs"]
mod golden;

use std::hint::black_box;
use std::net::IpAddr;
use std::sync::Barrier;
use std::time::{Duration, Instant, SystemTime};

use bgp::Random;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use golden::Golden;
use ipgate::{Gate, List, Table};

/// Addresses that a lookup bench walks through; a power of two.
const CLIENTS: usize = 1 << 16;
/// How many of them the golden model checks, each with a scan over the whole list.
const VERIFIED: usize = 200;

fn in_test_mode() -> bool {
    std::env::args().any(|arg| arg == "--test")
}

/// The list to work on.
fn list() -> List {
    match std::env::var_os("IPGATE_BENCH_LIST") {
        Some(path) => {
            let list = List::read(&path).unwrap_or_else(|error| panic!("IPGATE_BENCH_LIST: {error}"));
            assert!(!list.is_empty(), "IPGATE_BENCH_LIST: a list without entries");
            list
        }
        None => bgp::list(1, if in_test_mode() { 5_000 } else { 200_000 }),
    }
}

fn clients(list: &List) -> Vec<IpAddr> {
    let mut random = Random::new(2);
    (0..CLIENTS).map(|_| random.address(list.entries())).collect()
}

/// The table says what the golden model says; nothing is timed that is wrong.
fn verify(list: &List, table: &Table, clients: &[IpAddr]) {
    let (golden, now) = (Golden::of_list(list), SystemTime::now());
    for &client in &clients[..VERIFIED] {
        let (decision, expected) = (table.lookup(client), golden.decide(client, now));
        assert_eq!((decision.reason(), decision.label()), (expected.reason, expected.label()), "{client}");
        assert_eq!(table.is_allowed(client), expected.is_allowed(), "{client}");
    }
}

fn parse(c: &mut Criterion) {
    let list = list();
    let text = list.to_string();
    assert_eq!(text.parse::<List>().as_ref(), Ok(&list));
    let mut group = c.benchmark_group("parse");
    group.sample_size(10).throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("strict", |b| b.iter_with_large_drop(|| text.parse::<List>()));
    group.bench_function("lint", |b| b.iter_with_large_drop(|| list.lint()));
    group.finish();
}

fn build(c: &mut Criterion) {
    let list = list();
    verify(&list, &Table::new(&list), &clients(&list));
    let mut group = c.benchmark_group("build");
    group.sample_size(10).throughput(Throughput::Elements(list.len() as u64));
    group.bench_function("table", |b| b.iter_with_large_drop(|| Table::new(&list)));
    group.finish();
}

fn lookup(c: &mut Criterion) {
    let list = list();
    let (table, clients) = (Table::new(&list), clients(&list));
    verify(&list, &table, &clients);
    let gate = Gate::new(&list);
    let mut reader = gate.reader();
    for &client in &clients {
        assert_eq!(reader.check(client).reason(), table.lookup(client).reason());
        assert_eq!(gate.is_allowed(client), table.is_allowed(client));
    }
    let mut at = 0;
    let mut next = || {
        at = (at + 1) % CLIENTS;
        clients[at]
    };
    let mut group = c.benchmark_group("lookup");
    group.throughput(Throughput::Elements(1));
    group.bench_function("table/is_allowed", |b| b.iter(|| table.is_allowed(black_box(next()))));
    group.bench_function("table/label", |b| b.iter(|| table.lookup(black_box(next())).label().map(str::len)));
    group.bench_function("reader/is_allowed", |b| b.iter(|| reader.is_allowed(black_box(next()))));
    group.bench_function("reader/check", |b| b.iter(|| reader.check(black_box(next())).is_allowed()));
    group.bench_function("gate/is_allowed", |b| b.iter(|| gate.is_allowed(black_box(next()))));
    group.bench_function("gate/check", |b| b.iter(|| gate.check(black_box(next())).is_allowed()));
    group.finish();
}

/// How long `threads` threads take for as many checks each, all at the same time.
fn on_threads(threads: usize, checks: u64, work: impl Fn(u64) -> usize + Sync) -> Duration {
    let start = Barrier::new(threads);
    let timed = || {
        start.wait();
        let started = Instant::now();
        black_box(work(checks));
        started.elapsed()
    };
    std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(timed)).collect();
        handles.into_iter().map(|handle| handle.join().expect("no panic")).max().unwrap_or_default()
    })
}

fn walk(clients: &[IpAddr], checks: u64, mut check: impl FnMut(IpAddr) -> bool) -> usize {
    clients.iter().cycle().take(checks as usize).filter(|client| check(**client)).count()
}

/// One gate shared by a thread for each core, beside a reader for each.
fn shared(c: &mut Criterion) {
    let list = list();
    let (gate, clients) = (Gate::new(&list), clients(&list));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut group = c.benchmark_group(format!("shared by {threads} threads"));
    group.throughput(Throughput::Elements(1));
    group.bench_function("reader/is_allowed", |b| {
        let work = |checks| {
            let mut reader = gate.reader();
            walk(&clients, checks, |client| reader.is_allowed(client))
        };
        b.iter_custom(|checks| on_threads(threads, checks, work));
    });
    group.bench_function("reader/check", |b| {
        let work = |checks| {
            let mut reader = gate.reader();
            walk(&clients, checks, |client| reader.check(client).is_allowed())
        };
        b.iter_custom(|checks| on_threads(threads, checks, work));
    });
    group.bench_function("gate/is_allowed", |b| {
        let work = |checks| walk(&clients, checks, |client| gate.is_allowed(client));
        b.iter_custom(|checks| on_threads(threads, checks, work));
    });
    group.bench_function("gate/check", |b| {
        let work = |checks| walk(&clients, checks, |client| gate.check(client).is_allowed());
        b.iter_custom(|checks| on_threads(threads, checks, work));
    });
    group.finish();
}

fn swap(c: &mut Criterion) {
    let list = list();
    let gate = Gate::new(&list);
    let mut reader = gate.reader();
    let (client, mut generation) = (clients(&list)[0], 1);
    let expected = Table::new(&list).lookup(client).reason();
    let mut group = c.benchmark_group("swap");
    group.sample_size(10);
    // The swap itself and the first check behind it; the table is built beforehand.
    group.bench_function("replace and check", |b| {
        b.iter_batched(
            || Table::new(&list),
            |table| {
                generation = gate.replace_table(table).expect("no guard");
                let verdict = reader.check(client);
                assert_eq!((verdict.generation(), verdict.reason()), (generation, expected));
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
    assert_eq!(gate.generation(), generation);
}

criterion_group!(benches, parse, build, lookup, shared, swap);
criterion_main!(benches);
