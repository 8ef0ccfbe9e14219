//! Swaps under load: nothing fails, and nobody waits.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use ipgate_nginx_tests::{Nginx, eventually};

use crate::filters::Filter;
use crate::lists::Prefixes;
use crate::measure::{compile, started, wrk, wrk_script};

/// How long wrk runs in one piece; failed requests end the bench.
const PIECE: &str = "4s";

pub(crate) fn run(entries: u32) {
    println!("\nswaps of {entries} entries under wrk");
    for (filter, swaps) in [(Filter::Image, 100), (Filter::Text, 20)] {
        let prefixes = Prefixes::new(entries);
        let (nginx, _) = started(filter.site(&prefixes));
        let files = ["one", "two"].map(|label| prepare(&nginx, filter, &prefixes, label));
        let script = wrk_script(&nginx, &prefixes.clients(20_000));
        wrk(&nginx, &script, PIECE);
        let calm = [0; 3].map(|_| wrk(&nginx, &script, PIECE).1).into_iter().fold(f64::INFINITY, f64::min);
        let is_over = AtomicBool::new(false);
        let begin = Instant::now();
        let (requests, worst) = thread::scope(|scope| {
            let load = scope.spawn(|| {
                let (mut requests, mut worst) = (0.0, 0.0_f64);
                while !is_over.load(Ordering::Relaxed) {
                    let (answered, latency) = wrk(&nginx, &script, PIECE);
                    (requests, worst) = (requests + answered, worst.max(latency));
                }
                (requests, worst)
            });
            for swap in 0..swaps {
                swap_in(&nginx, &files[swap % 2], filter);
            }
            is_over.store(true, Ordering::Relaxed);
            load.join().expect("no request failed")
        });
        println!(
            "{:14} {swaps} swaps in {:.0} s, {requests:.0} requests, none failed; p99.9 {calm:.0} us without swaps, \
             at worst {worst:.0} us with them",
            filter.name(),
            begin.elapsed().as_secs_f64(),
        );
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

fn swap_in(nginx: &Nginx, from: &Path, filter: Filter) {
    let generation = |nginx: &Nginx| nginx.report()["lists"][0]["generation"].as_u64();
    let before = generation(nginx);
    let name = if filter == Filter::Image { "a.image" } else { "a.list" };
    nginx.write(name, fs::read(from).expect("the list"));
    eventually("the swap", || generation(nginx) > before);
}
