//! What a request costs with the ipgate module, beside nginx without a filter and with its own.
//!
//! Instructions are counted by callgrind in user space, on one process. Cycles are those of the worker's processor
//! time (user and system, from /proc/PID/schedstat) at the clock that /proc/cpuinfo names, with wrk as the load:
//! this needs no performance counters, and is coarser.
//!
//! Arguments pick parts: `requests`, `swaps`.

mod filters;
mod lists;
mod measure;
mod swaps;

use filters::Filter;
use lists::Prefixes;

fn main() {
    let largest: u32 =
        std::env::var("IPGATE_BENCH_ENTRIES").map_or(1_000_000, |n| n.parse().expect("a number"));
    println!("{} at {} MHz, {}", measure::cpu(), measure::mhz(), measure::nginx());
    let is_wanted = |part: &str| std::env::args().len() == 1 || std::env::args().any(|arg| arg == part);
    let sizes = [10, 1_000, 100_000, 1_000_000].into_iter();
    let sizes = sizes.filter(|&size| size <= largest && is_wanted("requests"));
    for entries in sizes {
        let prefixes = Prefixes::new(entries);
        println!("\n{entries} entries, clients that are on the list");
        println!(
            "{:14} {:>14} {:>14} {:>14} {:>14} {:>10} {:>10}",
            "", "instr. fixed", "instr. random", "cycles fixed", "cycles random", "nginx -t", "RSS MB"
        );
        let mut base = None;
        for filter in Filter::ALL {
            if !filter.is_bearable(entries) {
                println!("{:14} {:>14}", filter.name(), "not measured");
                continue;
            }
            let figures = measure::figures(filter, &prefixes);
            println!("{}", figures.line(filter.name(), base.as_ref()));
            base.get_or_insert(figures);
        }
    }
    if is_wanted("swaps") {
        swaps::run(largest);
    }
}
