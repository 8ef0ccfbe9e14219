//! ipgate's own contenders, compiled here so that they are compiled for the default CPU.

use std::time::Instant;

use ipgate_lpm::{Family, NO_MATCH, Prefix, SimdLevel};

use crate::contender::{Asked, Contender};
use crate::figures::Figures;
use crate::mixes::Mix;
use crate::reference::Reference;
use crate::timer::timed;
use crate::trace::lines_read;

/// Addresses whose cache lines are counted.
const TRACED: usize = 4096;
/// Lookups of each thread where two stand beside one: long enough for the scheduler to part them.
const PARTED: usize = 1 << 24;

fn level_name(level: SimdLevel) -> &'static str {
    match level {
        SimdLevel::Portable => "ours-portable",
        SimdLevel::Avx2 => "ours-avx2",
        SimdLevel::Avx512 => "ours-avx512",
    }
}

/// Who answers a table's questions: the name of each of our contenders.
pub const OURS: [(Asked, &str); 3] =
    [(Asked::Decision, "ours-decision"), (Asked::Value, "ours"), (Asked::Entry, "ours-entry")];

macro_rules! ours {
    ($build:ident, $contenders:ident, $levels:ident, $lines:ident, $threads:ident, $key:ty) => {
        /// Compiles a list some times, and says how many milliseconds each took.
        ///
        /// # Panics
        ///
        /// If the list is refused.
        #[inline(never)]
        pub fn $build(list: &[Prefix<$key>], repetitions: usize) -> (Family<$key>, Vec<f64>) {
            timed(repetitions, || Family::build(list).expect("the list is sound"))
        }

        /// The decision, and where the prefixes are labelled the value and the entry, one by one and in batches.
        #[inline(never)]
        pub fn $contenders(family: &Family<$key>, decides: bool) -> Vec<Contender<'_, $key>> {
            let (map_bytes, set_bytes, names) = family.bytes();
            let [decision, value, entry] = OURS;
            let ask = move |key| u32::from(family.is_allowed(key));
            let decisions = Contender::new(decision.1, decision.0, Some(set_bytes), ask)
                .with_batch(move |keys: &[$key], out: &mut [bool]| family.are_allowed(keys, out), u32::from);
            if decides {
                return vec![decisions];
            }
            let ask = move |key| family.lookup(key).unwrap_or(NO_MATCH);
            let values = Contender::new(value.1, value.0, Some(map_bytes), ask).with_batch(
                move |keys: &[$key], out: &mut [u32]| family.lookup_many(keys, out),
                |value| value,
            );
            let ask = move |key| family.matched(key).map_or(NO_MATCH, |place| place as u32);
            let entries = Contender::new(entry.1, entry.0, Some(map_bytes + names), ask);
            vec![decisions, values, entries]
        }

        /// The values by the kernels of lesser instruction sets.
        #[inline(never)]
        pub fn $levels(families: &[Family<$key>]) -> Vec<Contender<'_, $key>> {
            let mut all = Vec::new();
            for family in families {
                let ask = move |key| family.lookup(key).unwrap_or(NO_MATCH);
                let batch = move |keys: &[$key], out: &mut [u32]| family.lookup_many(keys, out);
                let values = Contender::new(level_name(family.level()), Asked::Value, None, ask);
                all.push(values.with_batch(batch, |value| value));
            }
            all
        }

        /// Counts the cache lines of a lookup: of the value, or of the decision alone.
        #[inline(never)]
        pub fn $lines(
            figures: &mut Figures,
            case: &str,
            list: &[Prefix<$key>],
            mixes: &[Mix],
            family: &Family<$key>,
            decides: bool,
        ) {
            let reference = Reference::new(list);
            for mix in mixes {
                let keys = &mix.addresses(list, &reference)[..TRACED];
                let lines: usize = keys.iter().map(|&key| lines_read(family, key, decides)).sum();
                let who = if decides { OURS[0].1 } else { OURS[1].1 };
                figures.push(case, mix.name(), "cache_lines", who, lines as f64 / keys.len() as f64);
            }
        }

        /// Measures what two threads do beside one.
        #[inline(never)]
        pub fn $threads(figures: &mut Figures, case: &str, list: &[Prefix<$key>], family: &Family<$key>) {
            let keys = Mix::Drawn.addresses(list, &Reference::new(list));
            let work = || {
                let start = Instant::now();
                for _ in 0..PARTED / keys.len() {
                    let add = |sum: u32, &key| sum.wrapping_add(family.lookup(key).unwrap_or(0));
                    std::hint::black_box(keys.iter().fold(0, add));
                }
                start.elapsed().as_secs_f64()
            };
            for _ in 0..figures.passes {
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

ours!(build_v4, contenders_v4, levels_v4, lines_v4, threads_v4, u32);
ours!(build_v6, contenders_v6, levels_v6, lines_v6, threads_v6, u128);
