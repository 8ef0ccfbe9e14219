//! One way of asking for all: latency, throughput, batches and cold lookups.

use std::hint::black_box;

use ipgate_lpm::{Key, NO_MATCH, Prefix};

use crate::timer::{Timer, middle, nanoseconds, wait};

/// One timed pass over addresses. The other memory is what a cold lookup's caches are full of.
type Run<'a, K> = Box<dyn Fn(&[K], &mut [u8]) -> f64 + 'a>;

/// The answers for many addresses.
pub type Answers<'a, K> = Box<dyn Fn(&[K]) -> Vec<u32> + 'a>;

/// What a table is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The decision: 1 or 0.
    Decision,
    /// The value of the longest match, or [`NO_MATCH`].
    Value,
    /// The place of the longest match in the list, or [`NO_MATCH`].
    Entry,
}

impl Asked {
    /// The answer for an address whose longest match stands at this place.
    #[must_use]
    pub fn wanted<K>(self, list: &[Prefix<K>], matched: Option<usize>) -> u32 {
        match (self, matched) {
            (Asked::Decision, matched) => u32::from(matched.is_some_and(|place| list[place].allow)),
            (_, None) => NO_MATCH,
            (Asked::Value, Some(place)) => list[place].value,
            (Asked::Entry, Some(place)) => place as u32,
        }
    }
}

/// A table under test.
pub struct Contender<'a, K> {
    /// What the figures call it.
    pub name: &'static str,
    /// What its answers are.
    pub asked: Asked,
    /// Memory of the lookup structures, where the peer tells it.
    pub bytes: Option<usize>,
    /// The answers for many addresses, asked one by one.
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

/// Cold lookups of a pass.
const COLD: usize = 64;

impl<'a, K: Chain> Contender<'a, K> {
    /// A table that is asked one address at a time.
    pub fn new<F: Fn(K) -> u32 + Copy + 'a>(
        name: &'static str,
        asked: Asked,
        bytes: Option<usize>,
        ask: F,
    ) -> Self {
        // A predicted branch would know the answer, and with it the next address, before the table does: so the next
        // lookup waits for data and for branches. What the waiting costs is no part of the lookup.
        let lat =
            move |keys: &[K], _: &mut [u8]| each_waits(keys, ask) - each_waits(keys, |key| key.wide() as u32);
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
            let each = keys.iter().step_by((keys.len() / COLD).max(1));
            let times = each.map(|&key| {
                for byte in other.iter_mut().step_by(64) {
                    *byte = byte.wrapping_add(1);
                }
                black_box(&other);
                nanoseconds(|| {
                    black_box(ask(black_box(key)));
                })
            });
            middle(times.collect())
        };
        Contender {
            name,
            asked,
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

    /// Nanoseconds a lookup of one pass over the addresses for each mode, after a pass that fills the caches with what
    /// this contender keeps there and not the one before it.
    pub fn run(&self, keys: &[K], other: &mut [u8]) -> impl Iterator<Item = (&'static str, f64)> {
        if let Some((_, warm)) = self.runs.first() {
            warm(keys, other);
        }
        self.runs.iter().map(|(mode, run)| (*mode, run(keys, other)))
    }
}

/// Nanoseconds of asking for one address after the other: each is derived from the answer before it, and waits for
/// what led to that.
#[inline(always)]
fn each_waits<K: Chain>(keys: &[K], ask: impl Fn(K) -> u32) -> f64 {
    let zero = black_box(0u32);
    let mut answer = 0;
    let start = Timer::now();
    for &key in keys {
        answer = ask(key.after(answer & zero));
        wait();
    }
    black_box(answer);
    per_key(start, keys)
}

fn per_key<K>(start: Timer, keys: &[K]) -> f64 {
    start.elapsed().as_nanos() as f64 / keys.len() as f64
}
