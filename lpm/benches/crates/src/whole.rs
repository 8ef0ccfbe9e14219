//! The public table, gate and image: what a lookup costs behind a reader or a gate, and how long an image takes to load.

use std::fmt::Write as _;
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

use ipgate::{Gate, List, Table};
use ipgate_lpm::Prefix;

use crate::cases::group_of;
use crate::figures::Figures;
use crate::mixes::Mix;
use crate::reference::Reference;
use crate::timer::{Timer, wait};

/// The cases that are looked at as a whole, with their sizes.
pub const CASES: [(&str, usize); 3] =
    [("v4-hosts-random-10", 10), ("v4-hosts-random-1k", 1000), ("v4-hosts-random-1m", 1_000_000)];

/// Checks of each thread where two stand beside one.
const PARTED: usize = 1 << 22;

/// Image load, reader and gate beside the bare table, and two threads beside one.
///
/// # Panics
///
/// If the list is refused, or the temporary file cannot be written.
#[inline(never)]
pub fn measure(figures: &mut Figures, case: &str, size: usize) {
    let group = group_of("v4-hosts-random").expect("the group exists");
    let list: Vec<Prefix<u32>> = group.list(size, &Vec::new());
    let table = Table::new(&written(&list));
    load(figures, case, &table);

    let keys: Vec<IpAddr> =
        Mix::Zipf.addresses(&list, &Reference::new(&list)).iter().map(|&key| v4(key)).collect();
    let gate = Gate::from_table(table);
    let snapshot = gate.snapshot();
    let (table, mut reader) = (snapshot.table(), gate.reader());
    for &key in keys.iter().take(4096) {
        assert_eq!(reader.check(key).label(), table.lookup(key).label(), "{case} {key}");
        assert_eq!(gate.check(key).is_allowed(), table.is_allowed(key), "{case} {key}");
    }
    for _ in 0..figures.passes {
        let passes = [
            ("table", pass(&keys, |key| table.is_allowed(key))),
            ("reader", pass(&keys, |key| reader.is_allowed(key))),
            ("reader-check", pass(&keys, |key| reader.check(key).is_allowed())),
            ("gate-check", pass(&keys, |key| gate.check(key).is_allowed())),
        ];
        for (who, (lat, thr)) in passes {
            figures.push(case, "zipf", "lat", who, lat);
            figures.push(case, "zipf", "thr", who, thr);
        }
        let read = two_threads(&keys, || {
            let mut reader = gate.reader();
            move |key| reader.check(key).is_allowed()
        });
        figures.push(case, "zipf", "two_threads", "reader-check", read);
        let gated = two_threads(&keys, || |key| gate.check(key).is_allowed());
        figures.push(case, "zipf", "two_threads", "gate-check", gated);
    }
}

fn v4(key: u32) -> IpAddr {
    Ipv4Addr::from(key).into()
}

/// The list as text, parsed.
fn written(list: &[Prefix<u32>]) -> List {
    let mut text = String::new();
    for prefix in list {
        let _ = writeln!(text, "{}/{}:label_{}", Ipv4Addr::from(prefix.key), prefix.len, prefix.value);
    }
    text.parse().expect("the list is sound")
}

fn load(figures: &mut Figures, case: &str, table: &Table) {
    let file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
    std::fs::write(file.path(), table.to_image(1)).expect("an image can be written");
    for _ in 0..figures.passes.max(1) {
        let start = Timer::now();
        let loaded = Table::read_image(file.path()).expect("the image is sound");
        figures.push(case, "-", "load_ms", "ours", start.elapsed().as_secs_f64() * 1e3);
        assert_eq!(loaded.len(), table.len(), "{case}");
    }
}

/// Nanoseconds of a lookup that waits for the one before, and of one that does not.
fn pass(keys: &[IpAddr], mut ask: impl FnMut(IpAddr) -> bool) -> (f64, f64) {
    black_box(keys.iter().filter(|&&key| ask(key)).count());
    let lat = each_waits(keys, &mut ask) - each_waits(keys, |key| key.is_ipv4());
    let start = Timer::now();
    black_box(keys.iter().filter(|&&key| ask(key)).count());
    (lat, start.elapsed().as_nanos() as f64 / keys.len() as f64)
}

/// Nanoseconds of asking for one address after the other, each time waiting for what led to the answer.
fn each_waits(keys: &[IpAddr], mut ask: impl FnMut(IpAddr) -> bool) -> f64 {
    let start = Timer::now();
    for &key in keys {
        black_box(ask(key));
        wait();
    }
    start.elapsed().as_nanos() as f64 / keys.len() as f64
}

/// What two threads get done beside one, each with its own way of asking.
fn two_threads<A: FnMut(IpAddr) -> bool>(keys: &[IpAddr], asker: impl Fn() -> A + Sync) -> f64 {
    let work = || {
        let mut ask = asker();
        let start = Instant::now();
        for _ in 0..PARTED / keys.len() {
            black_box(keys.iter().filter(|&&key| ask(key)).count());
        }
        start.elapsed().as_secs_f64()
    };
    let one = work();
    let both = std::thread::scope(|scope| {
        let threads = [scope.spawn(work), scope.spawn(work)];
        threads.into_iter().map(|thread| thread.join().unwrap_or(f64::NAN)).fold(0.0, f64::max)
    });
    2.0 * one / both
}
