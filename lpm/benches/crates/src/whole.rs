//! The public table, gate and image: what a lookup costs behind a reader, and how long an image takes to load.

use std::fmt::Write as _;
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};

use ipgate::{Gate, List, Table};
use ipgate_lpm::Prefix;

use crate::data::addresses;
use crate::figures::Figures;
use crate::timer::Timer;

/// Image load, and the reader beside the bare table, for a list of IPv4 prefixes.
///
/// # Panics
///
/// If the list is refused, or the temporary file cannot be written.
#[inline(never)]
pub fn measure(figures: &mut Figures, case: &str, list: &[Prefix<u32>]) {
    let mut text = String::new();
    for prefix in list {
        let _ = writeln!(text, "{}/{}:label_{}", Ipv4Addr::from(prefix.key), prefix.len, prefix.value);
    }
    let parsed: List = text.parse().expect("the list is sound");
    let start = Timer::now();
    let table = Table::new(&parsed);
    figures.push(case, "-", "table_build_ms", "ours", start.elapsed().as_secs_f64() * 1e3);
    let file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
    std::fs::write(file.path(), table.to_image(1)).expect("an image can be written");
    for _ in 0..figures.repetitions.max(1) {
        let start = Timer::now();
        let loaded = Table::read_image(file.path()).expect("the image is sound");
        figures.push(case, "-", "load_ms", "ours", start.elapsed().as_secs_f64() * 1e3);
        assert_eq!(loaded.len(), table.len(), "{case}");
    }
    let keys: Vec<IpAddr> =
        addresses(list, "zipf").iter().map(|&key| IpAddr::from(Ipv4Addr::from(key))).collect();
    let gate = Gate::from_table(table);
    let snapshot = gate.snapshot();
    let (table, mut reader) = (snapshot.table(), gate.reader());
    for &key in keys.iter().take(4096) {
        assert_eq!(reader.check(key).label(), table.lookup(key).label(), "{case} {key}");
    }
    for _ in 0..figures.repetitions {
        let bare = pass(&keys, |key| table.is_allowed(key));
        let read = pass(&keys, |key| reader.is_allowed(key));
        for (mode, bare, read) in [("lat", bare.0, read.0), ("thr", bare.1, read.1)] {
            figures.push(case, "zipf", mode, "table", bare);
            figures.push(case, "zipf", mode, "reader", read);
        }
    }
}

/// Nanoseconds of a lookup that waits for the one before, and of one that does not.
fn pass(keys: &[IpAddr], mut ask: impl FnMut(IpAddr) -> bool) -> (f64, f64) {
    let zero = black_box(0u32);
    let mut answer = keys.iter().filter(|&&key| ask(key)).count() > keys.len();
    let start = Timer::now();
    for &key in keys {
        let IpAddr::V4(v4) = key else { continue };
        answer = ask(IpAddr::from(Ipv4Addr::from_bits(v4.to_bits() ^ u32::from(answer) & zero)));
    }
    black_box(answer);
    let lat = start.elapsed().as_nanos() as f64 / keys.len() as f64;
    let start = Timer::now();
    let allowed = keys.iter().filter(|&&key| ask(key)).count();
    black_box(allowed);
    (lat, start.elapsed().as_nanos() as f64 / keys.len() as f64)
}
