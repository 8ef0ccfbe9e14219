//! Address mixes: who asks.

use ipgate_lpm::Prefix;

use crate::lists::Places;
use crate::reference::Reference;
use crate::rng::Rng;

/// Where addresses come from, and how often each comes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mix {
    /// Anywhere.
    Uniform,
    /// Inside the prefixes.
    Drawn,
    /// Zipf over 10,000 of those.
    Zipf,
    /// Half inside the prefixes; half beside one, where no prefix is.
    Near,
    /// Zipf over 10,000 of those.
    NearZipf,
}

/// Clients of a Zipf mix.
const CLIENTS: usize = 10_000;
/// Prefixes that are looked at for one that has a free address beside it.
const TRIES: usize = 64;

impl Mix {
    /// What the figures call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Mix::Uniform => "uniform",
            Mix::Drawn => "drawn",
            Mix::Zipf => "zipf",
            Mix::Near => "near",
            Mix::NearZipf => "near-zipf",
        }
    }

    /// Whether half of it lies beside the prefixes.
    #[must_use]
    pub fn is_near(self) -> bool {
        matches!(self, Mix::Near | Mix::NearZipf)
    }

    /// Addresses of the mix, fewer for small lists: enough that no branch predictor knows them by heart.
    #[must_use]
    pub fn addresses<K: Places>(self, list: &[Prefix<K>], reference: &Reference<K>) -> Vec<K> {
        let mut rng = Rng(77);
        let count = if list.len() <= 1000 { 1 << 14 } else { 1 << 16 };
        match self {
            Mix::Uniform => (0..count).map(|_| K::anywhere(rng.wide())).collect(),
            Mix::Drawn => (0..count).map(|_| drawn(list, &mut rng)).collect(),
            Mix::Near => (0..count).map(|_| drawn_or_near(list, reference, &mut rng)).collect(),
            Mix::Zipf => zipf(count, &mut rng, |rng| drawn(list, rng)),
            Mix::NearZipf => zipf(count, &mut rng, |rng| drawn_or_near(list, reference, rng)),
        }
    }
}

fn zipf<K: Copy>(count: usize, rng: &mut Rng, client: impl Fn(&mut Rng) -> K) -> Vec<K> {
    let clients: Vec<K> = (0..CLIENTS).map(|_| client(rng)).collect();
    let sums: Vec<f64> = (1..=CLIENTS)
        .scan(0.0, |sum, rank| {
            *sum += 1.0 / rank as f64;
            Some(*sum)
        })
        .collect();
    let all = sums[CLIENTS - 1];
    let mut one = || {
        let at = rng.unit() * all;
        clients[sums.partition_point(|&sum| sum < at).min(CLIENTS - 1)]
    };
    (0..count).map(|_| one()).collect()
}

/// An address in one of the prefixes.
fn drawn<K: Places>(list: &[Prefix<K>], rng: &mut Rng) -> K {
    let prefix = &list[rng.below(list.len())];
    let (first, last) = (prefix.key.masked(prefix.len).wide(), prefix.key.last(prefix.len).wide());
    K::from_wide(first | rng.wide() & (first ^ last))
}

/// One of those, or the address before or behind a prefix, in no prefix. (Where a whole list leaves no such gap, it is
/// one that a prefix has.)
fn drawn_or_near<K: Places>(list: &[Prefix<K>], reference: &Reference<K>, rng: &mut Rng) -> K {
    if rng.one_in(2) {
        return drawn(list, rng);
    }
    let mut beside = || {
        let prefix = &list[rng.below(list.len())];
        match rng.one_in(2) {
            true => K::from_wide(prefix.key.masked(prefix.len).wide().wrapping_sub(1)),
            false => K::from_wide(prefix.key.last(prefix.len).wide().wrapping_add(1)),
        }
    };
    let first = beside();
    std::iter::once(first)
        .chain(std::iter::repeat_with(beside).take(TRIES))
        .find(|&address| reference.matched(address).is_none())
        .unwrap_or(first)
}
