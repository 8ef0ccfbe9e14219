//! Routing tables: read from a file, or made in the shape of one.

use std::collections::HashSet;

use ipgate_lpm::Key;

use crate::rng::Rng;

/// Addresses with their prefix lengths.
pub type Routes<K> = Vec<(K, u8)>;

/// Share of each length in 10,000 of IPv4.
const LENGTHS_V4: [(u8, u32); 10] = [
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

/// The same of IPv6.
const LENGTHS_V6: [(u8, u32); 9] =
    [(48, 4714), (32, 1408), (44, 897), (40, 838), (36, 600), (29, 400), (46, 500), (47, 300), (64, 15)];

/// Leading bits of the IPv6 blocks that registries give away.
const TOPS_V6: [u128; 14] = [
    0x2001, 0x2400, 0x2402, 0x2405, 0x2600, 0x2604, 0x2607, 0x2800, 0x2a00, 0x2a02, 0x2a06, 0x2a0b, 0x2a10,
    0x2c0f,
];

/// The IPv4 routing table in the file that `IPGATE_BENCH_V4` names, or one of the same shape.
pub fn table_v4() -> Routes<u32> {
    if let Ok(path) = std::env::var("IPGATE_BENCH_V4") {
        return read(&path, |text| text.parse().ok().map(|address: std::net::Ipv4Addr| address.into()));
    }
    // Blocks of /12 are filled unevenly.
    generate(900_000, &LENGTHS_V4, Rng(4), |rng| {
        let block = (rng.unit().powi(2) * 3500.0) as u32 + 16;
        block.wrapping_mul(2654435761) >> 20 << 20 | rng.next() as u32 >> 12
    })
}

/// The IPv6 routing table in the file that `IPGATE_BENCH_V6` names, or one of the same shape.
pub fn table_v6() -> Routes<u128> {
    if let Ok(path) = std::env::var("IPGATE_BENCH_V6") {
        return read(&path, |text| text.parse().ok().map(|address: std::net::Ipv6Addr| address.into()));
    }
    generate(160_000, &LENGTHS_V6, Rng(6), |rng| {
        let top = TOPS_V6[rng.below(TOPS_V6.len())];
        // Few /32s hold most of the longer prefixes.
        let site = (rng.unit().powi(4) * 8000.0) as u128;
        top << 112 | (site * 8) << 96 | rng.wide() >> 32
    })
}

fn generate<K: Key>(
    n: usize,
    lengths: &[(u8, u32)],
    mut rng: Rng,
    mut key: impl FnMut(&mut Rng) -> K,
) -> Routes<K> {
    let mut seen = HashSet::new();
    while seen.len() < n {
        let len = rng.pick(lengths);
        seen.insert((key(&mut rng).masked(len), len));
    }
    let mut routes: Vec<_> = seen.into_iter().collect();
    routes.sort_unstable();
    routes
}

fn read<K>(path: &str, parse: impl Fn(&str) -> Option<K>) -> Routes<K> {
    let text = std::fs::read_to_string(path).expect("the list can be read");
    let route = |line: &str| {
        let (address, len) = line.trim().split_once('/')?;
        Some((parse(address)?, len.parse().ok()?))
    };
    text.lines().filter_map(route).collect()
}

/// `n` of the routes, evenly.
pub(crate) fn thinned<K: Copy>(routes: &[(K, u8)], n: usize) -> Routes<K> {
    let n = n.min(routes.len());
    (0..n).map(|i| routes[(i as u128 * routes.len() as u128 / n as u128) as usize]).collect()
}
