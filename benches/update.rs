//! Small changes to large lists: from changed entries that are parsed to a table that is in force, beside compiling the
//! whole list again, and what checks cost until the table is compiled anew; and from a renamed file to the same.
//!
//! `cargo bench --features watch --bench update`; with `-- --test` for a short list, for the answers.

use std::hint::black_box;
use std::net::IpAddr;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use ipgate::ipnet::IpNet;
use ipgate::watch::Outcome;
use ipgate::{Action, Entry, Gate, Label, List, Table, Update, Watch};

/// How often each is measured; the middle counts.
const TIMES: usize = 9;
/// For how long a followed file must be unchanged before it is read.
const SETTLE: Duration = Duration::from_millis(10);
/// Addresses that a check is measured with.
const CLIENTS: u32 = 1 << 16;

/// A host's address: scattered, so that changes come everywhere.
type Host = fn(u32) -> IpAddr;

fn v4(number: u32) -> IpAddr {
    IpAddr::V4(number.wrapping_mul(0x9e37_79b1).into())
}

fn v6(number: u32) -> IpAddr {
    let scattered = u128::from(number.wrapping_mul(0x9e37_79b1));
    IpAddr::V6((0x2001_0db8 << 96 | scattered << 64 | scattered).into())
}

fn entry(host: IpAddr, label: u32) -> Entry {
    let label = Label::new(&format!("team{}", label % 100)).expect("it is short");
    Entry::new(IpNet::from(host), Action::Allow).with_label(label)
}

/// Every other change relabels a host, removes one, or adds one.
fn update(host: Host, entries: u32, changes: u32) -> Update {
    let mut update = Update::new();
    for change in 0..changes {
        let old = (change * 7919) % entries;
        match change % 4 {
            0 | 2 => update.put(entry(host(old), old + 1)),
            1 => update.remove(IpNet::from(host(old))),
            _ => update.put(entry(host(entries + change), change)),
        }
    }
    update
}

fn middle(mut millis: impl FnMut() -> f64) -> f64 {
    let mut all: Vec<f64> = (0..TIMES).map(|_| millis()).collect();
    all.sort_by(f64::total_cmp);
    all[TIMES / 2]
}

fn nanos(gate: &Gate, clients: &[IpAddr]) -> f64 {
    let mut reader = gate.reader();
    let mut pass = || {
        let start = Instant::now();
        clients.iter().for_each(|client| {
            black_box(reader.check(black_box(*client)).label());
        });
        start.elapsed().as_secs_f64() * 1e9 / clients.len() as f64
    };
    (0..TIMES).map(|_| pass()).fold(f64::INFINITY, f64::min)
}

fn measure(family: &str, host: Host, entries: u32) {
    let list =
        List::from_entries((0..entries).map(|number| entry(host(number), number))).expect("no two clash");
    let text = list.to_string();
    let whole = middle(|| {
        let start = Instant::now();
        let gate = Gate::new(&text.parse::<List>().expect("it was printed"));
        let millis = start.elapsed().as_secs_f64() * 1e3;
        black_box(gate);
        millis
    });
    let compiled = Table::new(&list);
    let clients: Vec<IpAddr> = (0..CLIENTS).map(|number| host(number * 31 % entries)).collect();
    println!("{family}, {entries} hosts: text to table {whole:.1} ms, {} MB", compiled.bytes() >> 20);
    for changes in [1, 10, 100, 1000, 10_000].into_iter().filter(|changes| changes * 32 <= entries) {
        let update = update(host, entries, changes);
        let mut last = None;
        let millis = middle(|| {
            let gate = Gate::from_table(Table::from_image(&compiled.to_image(1)).expect("it was just made"));
            let start = Instant::now();
            gate.update(&update).expect("it is small");
            let millis = start.elapsed().as_secs_f64() * 1e3;
            last = Some(gate);
            millis
        });
        let Some(gate) = last else { return };
        let bytes = gate.snapshot().table().bytes() - compiled.bytes();
        let patched = nanos(&gate, &clients);
        let answers: Vec<_> =
            clients.iter().map(|client| gate.check(*client).label().map(str::to_owned)).collect();
        let start = Instant::now();
        gate.compact();
        let compacting = start.elapsed().as_secs_f64() * 1e3;
        let anew: Vec<_> =
            clients.iter().map(|client| gate.check(*client).label().map(str::to_owned)).collect();
        assert!(answers == anew, "an updated table says what one compiled anew says");
        println!(
            "  {changes:>6} changes: in force in {millis:7.3} ms, {bytes:>8} bytes; a check {patched:.1} ns until \
             compiled anew in {compacting:.1} ms, then {:.1} ns",
            nanos(&gate, &clients)
        );
    }
}

/// A followed file of which some lines change: from the renaming of the new text to the table that is in force.
fn follow(family: &str, host: Host, entries: u32) {
    let lines: Vec<String> =
        (0..entries).map(|number| format!("{}\n", entry(host(number), number))).collect();
    let directory = tempfile::tempdir().expect("a folder for the file");
    let (path, beside) = (directory.path().join("hosts.list"), directory.path().join("hosts.list.new"));
    std::fs::write(&path, lines.concat()).expect("there is room");
    let (tell, outcomes) = channel();
    let gate = Gate::new(&List::new());
    let watch = Watch::new(&gate).app(&path).settle(SETTLE).on_outcome(move |outcome| {
        if let Outcome::Swapped { generation, .. } = outcome {
            let _ = tell.send((Instant::now(), generation));
        }
    });
    let watcher = watch.start().expect("the file is there");
    let _ = outcomes.recv();
    println!("{family}, {entries} lines of a followed file, settling {} ms included:", SETTLE.as_millis());
    for changes in [1, 100, 1000, entries / 4] {
        let mut turn = 0;
        let millis = middle(|| {
            turn += 1;
            let mut changed = lines.clone();
            (0..changes).for_each(|change| {
                let line = (change * (entries / changes)) as usize;
                changed[line] = format!("{}\n", entry(host(line as u32), turn));
            });
            std::fs::write(&beside, changed.concat()).expect("there is room");
            let start = Instant::now();
            std::fs::rename(&beside, &path).expect("it was just written");
            let (end, _) = outcomes.recv().expect("the watcher lives");
            end.duration_since(start).as_secs_f64() * 1e3
        });
        println!("  {changes:>6} lines changed: in force after {millis:7.1} ms");
    }
    drop(watcher);
}

fn main() {
    let is_test = std::env::args().any(|argument| argument == "--test");
    let entries = if is_test { 10_000 } else { 1_000_000 };
    measure("IPv4", v4, entries);
    measure("IPv6", v6, entries);
    follow("IPv4", v4, entries);
    follow("IPv6", v6, entries);
}
