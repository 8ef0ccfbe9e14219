//! Swaps under load: nothing fails, and nobody waits.

use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ipgate_nginx_tests::{Nginx, eventually};

use crate::filters::Filter;
use crate::lists::Prefixes;
use crate::measure::{compile, started, wrk, wrk_script};

/// How long wrk runs in one piece; failed requests end the bench.
const PIECE: &str = "4s";
/// Of the pieces with swaps, and of as many without: the machine is shared, and its own hiccups count in both.
const PIECES: usize = 5;

pub(crate) fn run(entries: u32) {
    println!("\nswaps of {entries} entries under wrk");
    for (filter, swaps) in [(Filter::Image, 100), (Filter::Text, 20)] {
        let prefixes = Prefixes::new(entries);
        let (nginx, _) = started(filter.site(&prefixes));
        let files = ["one", "two"].map(|label| prepare(&nginx, filter, &prefixes, label));
        let script = wrk_script(&nginx, &prefixes.clients(20_000));
        wrk(&nginx, &script, PIECE);
        let calm = Load::run(&nginx, &script, |load| load.pieces() >= PIECES);
        let mut swapped = 0;
        let begin = Instant::now();
        let swapping = Load::run(&nginx, &script, |load| {
            swap_in(&nginx, &files[swapped % 2], filter);
            swapped += 1;
            swapped >= swaps && load.pieces() >= PIECES
        });
        println!(
            "{:14} {swapped} swaps in {:.0} s, {:.0} requests, none failed; p99.9 {:.0} us without swaps ({:.0} to {:.0}), \
             {:.0} us with them ({:.0} to {:.0})",
            filter.name(),
            begin.elapsed().as_secs_f64(),
            swapping.requests,
            calm.median(),
            calm.least(),
            calm.most(),
            swapping.median(),
            swapping.least(),
            swapping.most(),
        );
    }
}

/// What wrk says of one piece after the other.
#[derive(Default)]
struct Load {
    requests: f64,
    /// The 99.9th percentile of each piece, in microseconds.
    latencies: Vec<f64>,
}

impl Load {
    /// Loads nginx until `step`, which is called again and again beside it, says that it is enough.
    fn run(nginx: &Nginx, script: &str, mut step: impl FnMut(&Load) -> bool) -> Load {
        let load = Mutex::new(Load::default());
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let (answered, latency) = wrk(nginx, script, PIECE);
                    let mut load = load.lock().expect("nobody panics with it");
                    load.requests += answered;
                    load.latencies.push(latency);
                }
            });
            loop {
                let snapshot = {
                    let load = load.lock().expect("nobody panics with it");
                    Load { requests: load.requests, latencies: load.latencies.clone() }
                };
                if step(&snapshot) {
                    break;
                }
                thread::sleep(Duration::from_millis(100));
            }
            is_over.store(true, Ordering::Relaxed);
        });
        let mut load = load.into_inner().expect("nobody panics with it");
        load.latencies.sort_by(f64::total_cmp);
        load
    }

    fn pieces(&self) -> usize {
        self.latencies.len()
    }

    fn median(&self) -> f64 {
        self.latencies[self.latencies.len() / 2]
    }

    fn least(&self) -> f64 {
        self.latencies[0]
    }

    fn most(&self) -> f64 {
        self.latencies[self.latencies.len() - 1]
    }
}

fn prepare(nginx: &Nginx, filter: Filter, prefixes: &Prefixes, label: &str) -> std::path::PathBuf {
    let text = nginx.path(&format!("{label}.text"));
    fs::write(&text, prefixes.list(label)).expect("a list");
    if filter == Filter::Text {
        return text;
    }
    let image = nginx.path(&format!("{label}.image"));
    compile(&text, &image);
    image
}

/// Puts a file in the place of the list, as `mv` does: that costs the machine nothing that a swap does not.
fn swap_in(nginx: &Nginx, from: &Path, filter: Filter) {
    let generation = |nginx: &Nginx| nginx.report()["lists"][0]["generation"].as_u64();
    let before = generation(nginx);
    let name = if filter == Filter::Image { "a.image" } else { "a.list" };
    let beside = nginx.path("beside");
    fs::hard_link(from, &beside).expect("a second name");
    fs::rename(&beside, nginx.path(name)).expect("a file in its place");
    eventually("the swap", || generation(nginx) > before);
}
