//! One way of asking for all: latency, throughput, batches and cold lookups.

use std::hint::black_box;

use ipgate_lpm::Key;

use crate::timer::Timer;

/// One timed pass over addresses. The other memory is what a cold lookup's caches are full of.
type Run<'a, K> = Box<dyn Fn(&[K], &mut [u8]) -> f64 + 'a>;

/// The values of many addresses.
pub type Answers<'a, K> = Box<dyn Fn(&[K]) -> Vec<u32> + 'a>;

/// A table under test.
pub struct Contender<'a, K> {
    /// What the figures call it.
    pub name: &'static str,
    /// How long it took to build, in milliseconds.
    pub build_ms: f64,
    /// Memory of the lookup structures, where the peer tells it.
    pub bytes: Option<usize>,
    /// The values of many addresses, asked one by one, [`ipgate_lpm::NO_MATCH`] where there is none.
    pub answers: Answers<'a, K>,
    /// The same, asked in a batch.
    pub batch_answers: Option<Answers<'a, K>>,
    runs: Vec<(&'static str, Run<'a, K>)>,
}

/// Address arithmetic that makes a lookup wait for the previous answer.
pub trait Chain: Key {
    /// The same address, once `zero` is known to be 0.
    #[must_use]
    fn after(self, zero: u32) -> Self;
}

impl Chain for u32 {
    #[inline(always)]
    fn after(self, zero: u32) -> Self {
        self ^ zero
    }
}

impl Chain for u128 {
    #[inline(always)]
    fn after(self, zero: u32) -> Self {
        self ^ (u128::from(zero) | u128::from(zero) << 96)
    }
}

/// Addresses of one call of a batch.
const BATCH: usize = 256;

impl<'a, K: Chain> Contender<'a, K> {
    /// A table that is asked one address at a time.
    pub fn new<F: Fn(K) -> u32 + Copy + 'a>(
        name: &'static str,
        build_ms: f64,
        bytes: Option<usize>,
        ask: F,
    ) -> Self {
        let lat = move |keys: &[K], _: &mut [u8]| {
            let zero = black_box(0u32);
            let mut answer = 0;
            let start = Timer::now();
            for &key in keys {
                answer = ask(key.after(answer & zero));
            }
            black_box(answer);
            per_key(start, keys)
        };
        let thr = move |keys: &[K], _: &mut [u8]| {
            let mut sum = 0u32;
            let start = Timer::now();
            for &key in keys {
                sum = sum.wrapping_add(ask(key));
            }
            black_box(sum);
            per_key(start, keys)
        };
        let cold = move |keys: &[K], other: &mut [u8]| {
            let each = keys.iter().step_by((keys.len() / 200).max(1));
            let mut times: Vec<f64> = each
                .map(|&key| {
                    for byte in other.iter_mut().step_by(64) {
                        *byte = byte.wrapping_add(1);
                    }
                    black_box(&other);
                    nanoseconds(|| {
                        black_box(ask(black_box(key)));
                    })
                })
                .collect();
            times.sort_by(f64::total_cmp);
            times[times.len() / 2]
        };
        Contender {
            name,
            build_ms,
            bytes,
            answers: Box::new(move |keys| keys.iter().map(|&key| ask(key)).collect()),
            batch_answers: None,
            runs: vec![("lat", Box::new(lat)), ("thr", Box::new(thr)), ("cold", Box::new(cold))],
        }
    }

    /// The table's own batches beside single lookups. `value` says what an answer means.
    #[must_use]
    pub fn with_batch<O: Copy + Default + 'a>(
        mut self,
        batch: impl Fn(&[K], &mut [O]) + Copy + 'a,
        value: impl Fn(O) -> u32 + Copy + 'a,
    ) -> Self {
        let run = move |keys: &[K], _: &mut [u8]| {
            let mut out = [O::default(); BATCH];
            let start = Timer::now();
            for keys in keys.chunks(BATCH) {
                batch(keys, &mut out[..keys.len()]);
                black_box(&out);
            }
            per_key(start, keys)
        };
        self.runs.push(("batch", Box::new(run)));
        self.batch_answers = Some(Box::new(move |keys| {
            let mut out = vec![O::default(); keys.len()];
            for (keys, out) in keys.chunks(BATCH).zip(out.chunks_mut(BATCH)) {
                batch(keys, out);
            }
            out.into_iter().map(value).collect()
        }));
        self
    }

    /// The names of what can be measured.
    pub fn modes(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.runs.iter().map(|run| run.0)
    }

    /// Nanoseconds a lookup of one pass over the addresses, after a pass that fills the caches with what this
    /// contender keeps there and not the one before it.
    pub fn run(&self, mode: &str, keys: &[K], other: &mut [u8]) -> Option<f64> {
        let run = &self.runs.iter().find(|run| run.0 == mode)?.1;
        if mode != "cold" {
            run(keys, other);
        }
        Some(run(keys, other))
    }
}

fn per_key<K>(start: Timer, keys: &[K]) -> f64 {
    start.elapsed().as_nanos() as f64 / keys.len() as f64
}

/// Nanoseconds of one call, by the time-stamp counter where there is one.
fn nanoseconds(call: impl FnOnce()) -> f64 {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: fences and the counter are part of x86-64.
    unsafe {
        use std::arch::x86_64::{_mm_lfence, _mm_mfence, _rdtsc};
        _mm_mfence();
        _mm_lfence();
        let start = _rdtsc();
        _mm_lfence();
        call();
        _mm_lfence();
        let end = _rdtsc();
        (end - start) as f64 / ticks_per_ns()
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let start = Timer::now();
        call();
        start.elapsed().as_nanos() as f64
    }
}

#[cfg(target_arch = "x86_64")]
fn ticks_per_ns() -> f64 {
    static TICKS: std::sync::OnceLock<f64> = std::sync::OnceLock::new();
    *TICKS.get_or_init(|| {
        // SAFETY: the counter is part of x86-64.
        let read = || unsafe { std::arch::x86_64::_rdtsc() };
        let (start, ticks) = (std::time::Instant::now(), read());
        std::thread::sleep(std::time::Duration::from_millis(20));
        (read() - ticks) as f64 / start.elapsed().as_nanos() as f64
    })
}
