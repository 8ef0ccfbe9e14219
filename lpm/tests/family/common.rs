//! The golden model and skewed lists, shared by the tests.
#![allow(dead_code, unreachable_pub, missing_docs)]

use ipgate_lpm::{Engine, Family, Key, NO_MATCH, Options, Prefix, SimdLevel};

/// A small generator (splitmix64): the same lists on every run.
pub struct Rng(pub u64);

impl Rng {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }
    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n.max(1)
    }
    pub fn wide(&mut self) -> u128 {
        u128::from(self.next()) << 64 | u128::from(self.next())
    }
}

/// Linear scan: the longest prefix that covers, the later of equal ones.
pub fn scan<K: Key>(list: &[Prefix<K>], address: K) -> Option<usize> {
    let mut best: Option<usize> = None;
    for (place, p) in list.iter().enumerate() {
        let covers = address.masked(p.len) == p.key.masked(p.len);
        if covers && best.is_none_or(|b| list[b].len <= p.len) {
            best = Some(place);
        }
    }
    best
}

/// Lists of the shapes that lists have, and some that they should not.
pub fn lists<K: Key>(rng: &mut Rng) -> Vec<(&'static str, Vec<Prefix<K>>)> {
    let bits = u64::from(K::BITS);
    let at = |wide: u128| K::from_wide(wide >> (128 - K::BITS));
    let top = |rng: &mut Rng| at(rng.wide());
    let path = top(rng);
    let mut out: Vec<(&'static str, Vec<(K, u64)>)> = vec![
        ("empty", vec![]),
        ("one host", vec![(top(rng), bits)]),
        ("default", vec![(K::default(), 0)]),
        ("edges", vec![(K::default(), bits), (K::MAX, bits), (K::MAX, 1), (K::default(), 3)]),
        ("nested path", (0..=bits).map(|l| (path, l)).collect()),
        ("nested at max", (0..=bits).map(|l| (K::MAX, l)).collect()),
        ("nested at zero", (0..=bits).map(|l| (K::default(), l)).collect()),
    ];
    out.push((
        "one bit apart",
        (0..bits).map(|bit| (at(path.wide() << (128 - bits) ^ 1 << (127 - bit)), bits)).collect(),
    ));
    let sharing = (0..bits).flat_map(|shared| {
        // Two that share so many bits and differ in the next.
        let other = path.wide() << (128 - bits) ^ 1 << (127 - shared);
        [(path, bits), (at(other | rng.wide() >> (shared + 1).min(127)), bits)]
    });
    out.push(("shared prefixes of every length", sharing.collect()));
    for n in [3, 10, 15, 16, 17, 40, 300, 1500] {
        out.push(("hosts", (0..n).map(|_| (top(rng), bits)).collect()));
        out.push(("any length", (0..n).map(|_| (top(rng), rng.below(bits + 1))).collect()));
        let table: Vec<_> = (0..n)
            .map(|_| {
                let base = if K::BITS == 32 { rng.wide() } else { 0x2a << 120 | rng.wide() >> 10 };
                let lens: &[u64] = if K::BITS == 32 {
                    &[24, 24, 24, 22, 23, 16, 20, 25]
                } else {
                    &[48, 48, 32, 40, 44, 29, 64]
                };
                (at(base), lens[rng.below(lens.len() as u64) as usize])
            })
            .collect();
        out.push(("routing table", table));
        let homes: Vec<u128> = (0..4).map(|_| rng.wide()).collect();
        let spread = if K::BITS == 32 { 20 } else { 90 };
        let cluster = |rng: &mut Rng, deep: u32| {
            at(homes[rng.below(4) as usize] ^ rng.wide() >> (128 - spread + deep).min(127) << (128 - K::BITS))
        };
        out.push(("clusters", (0..n).map(|_| (cluster(rng, 0), bits - rng.below(bits / 2))).collect()));
        out.push(("tight clusters", (0..n).map(|_| (cluster(rng, 8), bits - rng.below(4))).collect()));
        let last = rng.wide() << 64;
        out.push(("one /64", (0..n).map(|_| (at(last | rng.wide() >> 64), bits - rng.below(20))).collect()));
        let dense = rng.wide() >> 112 << 112;
        out.push((
            "dense run",
            (0..n as u128).map(|i| (at(dense | i << (128 - bits as u32)), bits)).collect(),
        ));
        out.push((
            "dense /48s",
            (0..n as u128).map(|i| (at(dense | i << 96), bits.min(48) - (i as u64 & 1))).collect(),
        ));
        out.push(("at max", (0..n as u128).map(|i| (K::from_wide(K::MAX.wide() - i * 3), bits)).collect()));
        out.push(("at zero", (0..n as u128).map(|i| (K::from_wide(i * 3), bits)).collect()));
    }
    out.into_iter()
        .map(|(name, list)| {
            let values =
                [1, 2, 100, 254, 255, 1 << 16, u64::from(ipgate_lpm::MAX_VALUE) + 1][rng.below(7) as usize];
            let list = list.into_iter().map(|(key, len)| Prefix {
                key,
                len: len as u8,
                allow: rng.below(4) != 0,
                value: rng.below(values) as u32,
            });
            let mut list: Vec<_> = list.collect();
            for i in 0..list.len() / 10 {
                let twin = list[rng.below(list.len() as u64) as usize];
                list[i] = Prefix { value: list[i].value, allow: list[i].allow, ..twin };
            }
            (name, list)
        })
        .collect()
}

/// Addresses where answers change, their neighbours, and some anywhere.
pub fn probes<K: Key>(list: &[Prefix<K>], rng: &mut Rng) -> Vec<K> {
    let mut out = vec![K::default(), K::MAX];
    let step = (list.len() / 120).max(1);
    for p in list.iter().step_by(step) {
        let (first, last) = (p.key.masked(p.len), p.key.last(p.len));
        let inside = first.wide() | (rng.wide() & (first.wide() ^ last.wide()));
        for wide in [
            first.wide(),
            last.wide(),
            first.wide().wrapping_sub(1),
            last.wide().wrapping_add(1),
            inside,
            p.key.wide() ^ 1 << rng.below(u64::from(K::BITS)),
        ] {
            out.push(K::from_wide(wide));
        }
    }
    out.extend((0..40).map(|_| K::from_wide(rng.wide() >> (128 - K::BITS))));
    out
}

/// Compares every way to ask a table with the golden model.
pub fn compare<K: Key>(name: &str, table: &Family<K>, list: &[Prefix<K>], probes: &[K]) {
    let mut values = vec![0; probes.len()];
    let mut allowed = vec![false; probes.len()];
    table.lookup_many(probes, &mut values);
    table.are_allowed(probes, &mut allowed);
    for (i, &address) in probes.iter().enumerate() {
        let want = scan(list, address);
        let about = || format!("{name} ({}), {table:?}, address {address:x?}", list.len());
        assert_eq!(table.matched(address), want, "matched: {}", about());
        let value = want.map(|w| list[w].value);
        assert_eq!(table.lookup(address), value, "lookup: {}", about());
        assert_eq!(values[i], value.unwrap_or(NO_MATCH), "batch: {}", about());
        let allow = want.is_some_and(|w| list[w].allow);
        assert_eq!(table.is_allowed(address), allow, "is_allowed: {}", about());
        assert_eq!(allowed[i], allow, "are_allowed: {}", about());
    }
}

/// The table under every engine (where it can hold the list) and level.
pub fn tables<K: Key>(list: &[Prefix<K>]) -> Vec<Family<K>> {
    let forced = [Engine::Tiny, Engine::Lines, Engine::Narrow, Engine::Flat, Engine::Bits, Engine::Direct];
    let engines = std::iter::once(None).chain(forced.map(Some));
    let mut out = Vec::new();
    for engine in engines {
        for (map_engine, set_engine, tiers) in [
            (engine, None, None),
            (None, engine, None),
            (engine, engine, Some(true)),
            (engine, None, Some(true)),
        ] {
            let options = Options { map_engine, set_engine, tiers, level: None };
            if let Ok(table) = Family::build_with(list, options) {
                out.extend(SimdLevel::available().map(|level| table.at_level(level)));
            }
        }
    }
    out
}
