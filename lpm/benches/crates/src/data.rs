//! Lists and address mixes, the same in every run.

use ipgate_lpm::{Key, Prefix};

/// The address mixes: anywhere, inside the prefixes, and Zipf over 10,000 of the latter.
pub const MIXES: [&str; 3] = ["uniform", "drawn", "zipf"];

/// The sizes that are cut out of a table, with their names.
pub const TABLE_SIZES: [(&str, usize); 4] =
    [("10", 10), ("1k", 1000), ("100k", 100_000), ("full", usize::MAX)];

/// The sizes of host lists.
pub const HOST_SIZES: [(&str, usize); 4] = [("10", 10), ("1k", 1000), ("100k", 100_000), ("1m", 1_000_000)];

/// A small generator (splitmix64).
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }
    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
    fn wide(&mut self) -> u128 {
        u128::from(self.next()) << 64 | u128::from(self.next())
    }
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Addresses with their prefix lengths.
pub type Plain<K> = Vec<(K, u8)>;

/// The IPv4 routing table in the file that `IPGATE_BENCH_V4` names, or one of the same shape.
pub fn table_v4() -> Plain<u32> {
    if let Ok(path) = std::env::var("IPGATE_BENCH_V4") {
        return read(&path, |t| t.parse::<std::net::Ipv4Addr>().ok().map(u32::from));
    }
    // Share of each length in 10,000; blocks of /12 are filled unevenly.
    let lengths = [
        (24, 5960),
        (22, 1205),
        (23, 1070),
        (21, 563),
        (20, 472),
        (19, 290),
        (18, 150),
        (16, 150),
        (17, 90),
        (25, 10),
    ];
    let mut rng = Rng(4);
    generate(900_000, &lengths, &mut rng, |rng| {
        let block = (rng.unit().powi(2) * 3500.0) as u32 + 16;
        block.wrapping_mul(2654435761) >> 20 << 20 | rng.next() as u32 >> 12
    })
}

/// The IPv6 routing table in the file that `IPGATE_BENCH_V6` names, or one of the same shape.
pub fn table_v6() -> Plain<u128> {
    if let Ok(path) = std::env::var("IPGATE_BENCH_V6") {
        return read(&path, |t| t.parse::<std::net::Ipv6Addr>().ok().map(u128::from));
    }
    let lengths =
        [(48, 4714), (32, 1408), (44, 897), (40, 838), (36, 600), (29, 400), (46, 500), (47, 300), (64, 15)];
    let mut rng = Rng(6);
    generate(160_000, &lengths, &mut rng, |rng| {
        let tops = [
            0x2001u128, 0x2400, 0x2402, 0x2405, 0x2600, 0x2604, 0x2607, 0x2800, 0x2a00, 0x2a02, 0x2a06,
            0x2a0b, 0x2a10, 0x2c0f,
        ];
        let top = tops[rng.below(tops.len())];
        // Few /32s hold most of the longer prefixes.
        let site = (rng.unit().powi(4) * 8000.0) as u128;
        top << 112 | (site * 8) << 96 | rng.wide() >> 32
    })
}

fn generate<K: Key>(
    n: usize,
    lengths: &[(u8, u32)],
    rng: &mut Rng,
    mut key: impl FnMut(&mut Rng) -> K,
) -> Plain<K> {
    let total: u32 = lengths.iter().map(|l| l.1).sum();
    let mut seen = std::collections::HashSet::new();
    while seen.len() < n {
        let mut pick = rng.below(total as usize) as u32;
        let len = lengths
            .iter()
            .find(|l| {
                let hit = pick < l.1;
                pick = pick.wrapping_sub(l.1);
                hit
            })
            .unwrap()
            .0;
        seen.insert((key(rng).masked(len), len));
    }
    let mut out: Vec<_> = seen.into_iter().collect();
    out.sort_unstable();
    out
}

fn read<K: Key>(path: &str, parse: impl Fn(&str) -> Option<K>) -> Plain<K> {
    let text = std::fs::read_to_string(path).expect("the list can be read");
    let line = |l: &str| {
        let (a, n) = l.trim().split_once('/')?;
        Some((parse(a)?, n.parse().ok()?))
    };
    text.lines().filter_map(line).collect()
}

/// Hosts: anywhere, or in clusters (runs inside a few hundred networks).
pub fn hosts<K: Key>(n: usize, clustered: bool) -> Plain<K> {
    let mut rng = Rng(n as u64 + u64::from(clustered));
    let width = 128 - K::BITS;
    let nets: Vec<u128> = (0..(n / 200).max(2)).map(|_| rng.wide()).collect();
    let mut out: Vec<K> = Vec::new();
    while out.len() < n {
        while out.len() < n + n / 50 {
            let any = if K::BITS == 32 { rng.wide() } else { 1 << 125 | rng.wide() >> 3 };
            // A cluster spans 1,024 addresses of IPv4, a /64 of IPv6 with small host parts.
            let near = if K::BITS == 32 {
                nets[rng.below(nets.len())] >> (width + 10) << 10 | u128::from(rng.next() & 1023)
            } else {
                nets[rng.below(nets.len())] >> 64 << 64 >> 3 | 1 << 125 | u128::from(rng.next() & 0xffff)
            };
            out.push(if clustered { K::from_wide(near) } else { K::from_wide(any >> width) });
        }
        out.sort_unstable();
        out.dedup();
    }
    out.truncate(n);
    out.into_iter().map(|k| (k, K::BITS as u8)).collect()
}

/// `n` of the list's prefixes, evenly, in mixed order, with one of `labels` values.
pub fn sample<K: Key>(list: &Plain<K>, n: usize, labels: u32) -> Vec<Prefix<K>> {
    let mut rng = Rng(9);
    let n = n.min(list.len());
    let mut out: Vec<Prefix<K>> = (0..n)
        .map(|i| {
            let (key, len) = list[(i as u128 * list.len() as u128 / n as u128) as usize];
            Prefix { key, len, allow: true, value: 0 }
        })
        .collect();
    for i in (1..out.len()).rev() {
        out.swap(i, rng.below(i + 1));
    }
    for (i, p) in out.iter_mut().enumerate() {
        p.value = if labels == u32::MAX { i as u32 } else { rng.next() as u32 % labels };
    }
    out
}

/// Addresses of a mix.
pub const ADDRESSES: usize = 1 << 16;

/// Addresses of a mix, one of [`MIXES`].
pub fn addresses<K: Key>(list: &[Prefix<K>], mix: &str) -> Vec<K> {
    let mut rng = Rng(77);
    let drawn = |rng: &mut Rng| {
        let p = &list[rng.below(list.len())];
        let (a, b) = (p.key.masked(p.len).wide(), p.key.last(p.len).wide());
        K::from_wide(a | rng.wide() & (a ^ b))
    };
    match mix {
        "uniform" => (0..ADDRESSES)
            .map(|_| {
                let w = rng.wide();
                if K::BITS == 32 { K::from_wide(w >> 96) } else { K::from_wide(1 << 125 | w >> 3) }
            })
            .collect(),
        "drawn" => (0..ADDRESSES).map(|_| drawn(&mut rng)).collect(),
        _ => {
            let hot: Vec<K> = (0..10_000).map(|_| drawn(&mut rng)).collect();
            let mut sums = vec![0.0; hot.len()];
            let mut sum = 0.0;
            for (i, s) in sums.iter_mut().enumerate() {
                sum += 1.0 / (i + 1) as f64;
                *s = sum;
            }
            (0..ADDRESSES)
                .map(|_| {
                    let x = rng.unit() * sum;
                    hot[sums.partition_point(|&s| s < x).min(hot.len() - 1)]
                })
                .collect()
        }
    }
}
