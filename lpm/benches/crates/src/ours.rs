//! ipgate's own contenders, compiled here so that they are compiled for the default CPU.

use std::time::Instant;

use ipgate_lpm::{Family, NO_MATCH, Prefix, SimdLevel};

use crate::contender::Contender;
use crate::data::{MIXES, addresses};
use crate::figures::Figures;
use crate::timer::Timer;
use crate::trace::lines_read;

fn level_name(level: SimdLevel) -> &'static str {
    match level {
        SimdLevel::Portable => "ours-portable",
        SimdLevel::Avx2 => "ours-avx2",
        SimdLevel::Avx512 => "ours-avx512",
    }
}

macro_rules! ours {
    ($build:ident, $contenders:ident, $extras:ident, $key:ty) => {
        /// Compiles a list and says how many milliseconds it took: the middle of five times.
        ///
        /// # Panics
        ///
        /// If the list is refused.
        #[inline(never)]
        pub fn $build(list: &[Prefix<$key>]) -> (Family<$key>, Vec<f64>) {
            let mut times = Vec::new();
            loop {
                let start = Timer::now();
                let family = Family::build(list).expect("the list is sound");
                times.push(start.elapsed().as_secs_f64() * 1e3);
                if times.len() == 5 {
                    return (family, times);
                }
            }
        }

        /// The decision, or the value and the entry, one by one and in batches.
        #[inline(never)]
        pub fn $contenders(family: &Family<$key>, set: bool, build_ms: f64) -> Vec<Contender<'_, $key>> {
            let (map_bytes, set_bytes, names) = family.bytes();
            if set {
                let ask = move |key| if family.is_allowed(key) { 0 } else { NO_MATCH };
                let decisions = Contender::new("ours", build_ms, Some(set_bytes), ask).with_batch(
                    move |keys: &[$key], out: &mut [bool]| family.are_allowed(keys, out),
                    |allowed| if allowed { 0 } else { NO_MATCH },
                );
                return vec![decisions];
            }
            let ask = move |key| family.lookup(key).unwrap_or(NO_MATCH);
            let values = Contender::new("ours", build_ms, Some(map_bytes), ask).with_batch(
                move |keys: &[$key], out: &mut [u32]| family.lookup_many(keys, out),
                |value| value,
            );
            let name = move |key| family.matched(key).map_or(NO_MATCH, |place| place as u32);
            let mut all =
                vec![values, Contender::new("ours-matched", build_ms, Some(map_bytes + names), name)];
            for level in SimdLevel::available().filter(|&level| level != family.level()) {
                // Leaked, so that closures can borrow it: once for each case of a benchmark.
                let forced: &Family<$key> = Box::leak(Box::new(family.at_level(level)));
                let ask = move |key| forced.lookup(key).unwrap_or(NO_MATCH);
                let contender = Contender::new(level_name(level), build_ms, None, ask);
                let batch = move |keys: &[$key], out: &mut [u32]| forced.lookup_many(keys, out);
                all.push(contender.with_batch(batch, |value| value));
            }
            all
        }

        /// What only we report: cache lines of a lookup, and two threads beside one.
        #[inline(never)]
        pub fn $extras(
            figures: &mut Figures,
            case: &str,
            list: &[Prefix<$key>],
            family: &Family<$key>,
            set: bool,
        ) {
            for mix in MIXES {
                let keys = &addresses(list, mix)[..4096];
                let lines: usize = keys.iter().map(|&key| lines_read(family, key, set)).sum();
                figures.push(case, mix, "cache_lines", "ours", lines as f64 / keys.len() as f64);
            }
            let keys = addresses(list, "drawn");
            let work = || {
                let start = Instant::now();
                // Long enough for the scheduler to part the threads.
                for _ in 0..400 {
                    let add = |sum: u32, &key| sum.wrapping_add(family.lookup(key).unwrap_or(0));
                    std::hint::black_box(keys.iter().fold(0, add));
                }
                start.elapsed().as_secs_f64()
            };
            for _ in 0..figures.repetitions {
                let one = work();
                let both = std::thread::scope(|scope| {
                    let threads = [scope.spawn(work), scope.spawn(work)];
                    threads.into_iter().map(|thread| thread.join().unwrap_or(f64::NAN)).fold(0.0, f64::max)
                });
                figures.push(case, "drawn", "two_threads", "ours", 2.0 * one / both);
            }
        }
    };
}

ours!(build_v4, contenders_v4, extras_v4, u32);
ours!(build_v6, contenders_v6, extras_v6, u128);
