//! Tables as large and as shaped as those of the Internet's routers, from a seed: the real distribution of
//! prefix lengths, in clusters as allocations are.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipgate::ipnet::{IpNet, Ipv4Net, Ipv6Net};
use ipgate::{Action, Entry, List};

/// Shares of prefix lengths in the global IPv4 table, in tenths of a percent; what is missing to 1000 is spread
/// over /8 to /32.
const V4_LENGTHS: [(u8, u32); 9] =
    [(24, 600), (22, 120), (23, 110), (21, 60), (20, 50), (19, 25), (16, 15), (18, 5), (17, 5)];
/// The same for IPv6; the rest is spread over /16 to /64.
const V6_LENGTHS: [(u8, u32); 8] =
    [(48, 470), (32, 140), (44, 90), (40, 80), (36, 60), (29, 40), (46, 40), (47, 30)];

/// xorshift64*: the same numbers on every machine.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() >> 16) as usize % end.max(1)
    }

    fn length(&mut self, shares: &[(u8, u32)], rest: std::ops::RangeInclusive<u8>) -> u8 {
        let mut at = self.below(1000) as u32;
        for &(length, share) in shares {
            if at < share {
                return length;
            }
            at -= share;
        }
        rest.start() + self.below(usize::from(rest.end() - rest.start()) + 1) as u8
    }

    fn v4(&mut self) -> IpNet {
        let length = self.length(&V4_LENGTHS, 8..=32);
        // A third of the /16 blocks hold everything, as allocations cluster.
        let block = (self.below(24_000) as u32).wrapping_mul(2_654_435_761) >> 16;
        let block = 0x0100_0000 + ((block << 16) % 0xdf00_0000);
        let bits = block | (self.next() >> 48) as u32;
        Ipv4Net::new(Ipv4Addr::from(bits), length).expect("a length up to 32").trunc().into()
    }

    fn v6(&mut self) -> IpNet {
        let length = self.length(&V6_LENGTHS, 16..=64);
        let block = (0x2000 + (self.below(32) as u128) * 0x40) << 112 | (self.below(4_000) as u128) << 96;
        let bits = block | u128::from(self.next()) << 32 | u128::from(self.next() >> 32);
        Ipv6Net::new(Ipv6Addr::from(bits), length).expect("a length up to 128").trunc().into()
    }

    fn prefix(&mut self) -> IpNet {
        if self.below(100) < 80 { self.v4() } else { self.v6() }
    }

    /// An address: three of four inside one of the entries.
    pub(crate) fn address(&mut self, entries: &[Entry]) -> IpAddr {
        let inside = self.below(4) > 0 && !entries.is_empty();
        let prefix = if inside { entries[self.below(entries.len())].prefix() } else { self.prefix() };
        let host = u128::from(self.next()) << 64 | u128::from(self.next());
        match prefix {
            IpNet::V4(net) => {
                IpAddr::V4((u32::from(net.network()) | u32::from(net.hostmask()) & host as u32).into())
            }
            IpNet::V6(net) => {
                IpAddr::V6((u128::from(net.network()) | u128::from(net.hostmask()) & host).into())
            }
        }
    }
}

/// A list of `len` distinct prefixes; one in 16 has a label of its own, one in 32 is denied.
pub(crate) fn list(seed: u64, len: usize) -> List {
    let mut random = Random::new(seed);
    let mut prefixes = std::collections::HashSet::with_capacity(len);
    let mut entries = Vec::with_capacity(len);
    while entries.len() < len {
        let prefix = random.prefix();
        if !prefixes.insert(prefix) {
            continue;
        }
        let action = if random.below(32) == 0 { Action::Deny } else { Action::Allow };
        let label = match random.below(16) {
            0 => format!("as{}", entries.len()),
            _ => format!("as{}", random.below(256)),
        };
        entries.push(Entry::new(prefix, action).with_label(label.parse().expect("a label")));
    }
    List::from_entries(entries).expect("prefixes are distinct")
}
