//! The table beside DPDK's, in one run: `make bench-dpdk`.
//!
//! Bulk calls of 256 addresses, the answers where each leaves them (DPDK: eight bytes each). `ours` is what the list
//! chooses, `direct` the engine of one code for each /24, which is forced.

use ipgate_bench::cases::{Group, group_of};
use ipgate_bench::contender::{Asked, Chain, Contender};
use ipgate_bench::figures::{Figures, cpu};
use ipgate_bench::routes::{table_v4, table_v6};
use ipgate_bench::timer::{self, Timer};
use ipgate_bench::{ours, report};
use ipgate_lpm::{Engine, Family, NO_MATCH, Options, Prefix};

/// One of DPDK's tables.
#[repr(C)]
struct Table([u8; 0]);

unsafe extern "C" {
    fn shim_init() -> i32;
    fn shim_fib_new(count: u32, keys: *const u32, lengths: *const u8, values: *const u32) -> *mut Table;
    fn shim_fib_bulk(table: *mut Table, keys: *const u32, out: *mut u32, count: u32);
    fn shim_fib_raw(table: *mut Table, keys: *const u32, hops: *mut u64, count: u32);
    fn shim_fib_free(table: *mut Table);
    fn shim_fib6_new(count: u32, keys: *const u8, lengths: *const u8, values: *const u32) -> *mut Table;
    fn shim_fib6_bulk(table: *mut Table, keys: *const u8, out: *mut u32, count: u32);
    fn shim_fib6_raw(table: *mut Table, keys: *const u8, hops: *mut u64, count: u32);
    fn shim_fib6_free(table: *mut Table);
    fn shim_lpm_new(count: u32, keys: *const u32, lengths: *const u8, values: *const u32) -> *mut Table;
    fn shim_lpm_one(table: *mut Table, key: u32) -> u32;
    fn shim_lpm_raw(table: *mut Table, keys: *const u32, hops: *mut u32, count: u32);
    fn shim_lpm_free(table: *mut Table);
}

const PASSES: usize = 9;
/// Times that ours is built.
const BUILDS: usize = 5;

/// A list as columns.
struct Columns<K> {
    keys: Vec<K>,
    lengths: Vec<u8>,
    values: Vec<u32>,
}

impl<K: Chain> Columns<K> {
    fn new(list: &[Prefix<K>]) -> Columns<K> {
        Columns {
            keys: list.iter().map(|prefix| prefix.key.masked(prefix.len)).collect(),
            lengths: list.iter().map(|prefix| prefix.len).collect(),
            values: list.iter().map(|prefix| prefix.value).collect(),
        }
    }
}

fn timed(build: impl FnOnce() -> *mut Table) -> (*mut Table, f64) {
    let start = Timer::now();
    let table = build();
    assert!(!table.is_null(), "DPDK refused the list or had no memory for it");
    (table, start.elapsed().as_secs_f64() * 1e3)
}

/// Addresses in network order, as `rte_fib6` wants them.
fn network_order(keys: &[u128]) -> Vec<[u8; 16]> {
    keys.iter().map(|key| key.to_be_bytes()).collect()
}

/// Our table of codes of /24s, which is what DPDK's tables are: values, and entries.
fn direct(family: &Family<u32>) -> [Contender<'_, u32>; 2] {
    let (bytes, _, names) = family.bytes();
    let value = move |key| family.lookup(key).unwrap_or(NO_MATCH);
    let entry = move |key| family.matched(key).map_or(NO_MATCH, |place| place as u32);
    let batch = move |keys: &[u32], out: &mut [u32]| family.lookup_many(keys, out);
    [
        Contender::new("direct", Asked::Value, Some(bytes), value).with_batch(batch, |value| value),
        Contender::new("direct-entry", Asked::Entry, Some(bytes + names), entry),
    ]
}

fn v4(figures: &mut Figures, case: &str, group: &Group, list: &[Prefix<u32>]) {
    let columns = Columns::new(list);
    let (count, keys) = (list.len() as u32, columns.keys.as_ptr());
    let (lengths, values) = (columns.lengths.as_ptr(), columns.values.as_ptr());
    // SAFETY (this and below): the columns are equally long, outputs as long as inputs, tables live until freed.
    let (fib, fib_ms) = timed(|| unsafe { shim_fib_new(count, keys, lengths, values) });
    let (lpm, lpm_ms) = timed(|| unsafe { shim_lpm_new(count, keys, lengths, values) });
    let (family, times) = ours::build_v4(list, BUILDS);
    let options = Options { map_engine: Some(Engine::Direct), ..Options::default() };
    let build = || Family::build_with(list, options).expect("a hundred values have codes of a byte");
    let (forced, forced_times) = timer::timed(BUILDS, build);
    figures.push(case, "-", "build_ms", "rte_fib", fib_ms);
    figures.push(case, "-", "build_ms", "rte_lpm", lpm_ms);
    forced_times.iter().for_each(|&ms| figures.push(case, "-", "build_ms", "direct", ms));
    times.iter().for_each(|&ms| figures.push(case, "-", "build_ms", "ours", ms));
    let ask_fib = move |key: u32| {
        let mut out = 0;
        // SAFETY: as above.
        unsafe { shim_fib_bulk(fib, &key, &mut out, 1) };
        out
    };
    // SAFETY: as above.
    let bulk_fib = move |keys: &[u32], out: &mut [u64]| unsafe {
        shim_fib_raw(fib, keys.as_ptr(), out.as_mut_ptr(), keys.len() as u32);
    };
    // SAFETY: as above.
    let ask_lpm = move |key: u32| unsafe { shim_lpm_one(lpm, key) };
    // SAFETY: as above.
    let bulk_lpm = move |keys: &[u32], out: &mut [u32]| unsafe {
        shim_lpm_raw(lpm, keys.as_ptr(), out.as_mut_ptr(), keys.len() as u32);
    };
    let hop = |hop: u64| if hop == 0x7ffe { NO_MATCH } else { hop as u32 };
    let found = |hop: u32| if hop & 1 << 24 == 0 { NO_MATCH } else { hop & 0xff_ffff };
    let mut contenders = ours::contenders_v4(&family, false);
    contenders.extend(direct(&forced));
    contenders.push(Contender::new("rte_fib", Asked::Value, None, ask_fib).with_batch(bulk_fib, hop));
    contenders.push(Contender::new("rte_lpm", Asked::Value, None, ask_lpm).with_batch(bulk_lpm, found));
    figures.measure(case, list, group.mixes, &contenders);
    drop(contenders);
    // SAFETY: as above; not used afterwards.
    unsafe {
        shim_fib_free(fib);
        shim_lpm_free(lpm);
    }
}

fn v6(figures: &mut Figures, case: &str, group: &Group, list: &[Prefix<u128>]) {
    let columns = Columns::new(list);
    let keys = network_order(&columns.keys);
    let (lengths, values) = (columns.lengths.as_ptr(), columns.values.as_ptr());
    // SAFETY: as in `v4`.
    let build = || unsafe { shim_fib6_new(list.len() as u32, keys.as_ptr().cast(), lengths, values) };
    let (fib, fib_ms) = timed(build);
    let (family, times) = ours::build_v6(list, BUILDS);
    figures.push(case, "-", "build_ms", "rte_fib6", fib_ms);
    times.iter().for_each(|&ms| figures.push(case, "-", "build_ms", "ours", ms));
    let ask = move |key: u128| {
        let mut out = 0;
        // SAFETY: as in `v4`.
        unsafe { shim_fib6_bulk(fib, key.to_be_bytes().as_ptr(), &mut out, 1) };
        out
    };
    // Both start from numbers; that DPDK wants bytes costs it under a nanosecond here.
    let bulk = move |keys: &[u128], out: &mut [u64]| {
        let mut turned = [[0u8; 16]; 256];
        for (turned, key) in turned.iter_mut().zip(keys) {
            *turned = key.to_be_bytes();
        }
        // SAFETY: as in `v4`.
        unsafe { shim_fib6_raw(fib, turned.as_ptr().cast(), out.as_mut_ptr(), keys.len() as u32) };
    };
    let hop = |hop: u64| if hop == 0x7ffe { NO_MATCH } else { hop as u32 };
    let mut contenders = ours::contenders_v6(&family, false);
    contenders.push(Contender::new("rte_fib6", Asked::Value, None, ask).with_batch(bulk, hop));
    figures.measure(case, list, group.mixes, &contenders);
    drop(contenders);
    // SAFETY: as in `v4`.
    unsafe { shim_fib6_free(fib) };
}

fn main() -> std::io::Result<()> {
    // SAFETY: called once, first.
    assert!(unsafe { shim_init() } == 0, "DPDK did not start");
    let mut figures = Figures::new(PASSES, std::env::args().skip(1).collect());
    println!("{}; ipgate compiled for the default CPU, DPDK's bulk calls by the CPU's widest vectors", cpu());
    let (table4, table6) = (table_v4(), table_v6());
    for group in ["v4-map", "v4-hosts-clustered", "v6-map"].into_iter().filter_map(group_of) {
        for &(name, size) in group.sizes {
            let case = group.case(name);
            if !figures.wants(&case) {
                continue;
            }
            match group.name {
                // More clusters have no room in DPDK's tables of the /24s with longer prefixes.
                "v4-hosts-clustered" if size > 100_000 => {}
                "v4-map" | "v4-hosts-clustered" => v4(&mut figures, &case, group, &group.list(size, &table4)),
                _ => v6(&mut figures, &case, group, &group.list(size, &table6)),
            }
        }
    }
    println!("\n{}", report::bars(&figures));
    if let Some(path) = std::env::var_os("IPGATE_BENCH_TSV") {
        std::fs::write(path, format!("# {}\n{}", cpu(), figures.to_tsv()))?;
    }
    Ok(())
}
