//! Lists of any size, and clients that are on them: the same for every way of filtering.

use std::fmt::Write;
use std::net::Ipv4Addr;

/// Disjoint prefixes spread over the address space, of one to 2^k addresses each, so that every way of
/// filtering can hold them and none is helped by their number.
pub(crate) struct Prefixes(Vec<(u32, u8)>);

impl Prefixes {
    pub(crate) fn new(count: u32) -> Prefixes {
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        let room = 0xdf00_0000_u32 / count; // from 1.0.0.0 to 223.255.255.255
        let largest = 31 - room.leading_zeros(); // bits that fit into the room
        let prefix = |index: u32| {
            let bits = u8::try_from(random.below(largest.min(12))).unwrap_or(0);
            let at = 0x0100_0000 + index * room;
            let size = 1_u32 << bits;
            (at.div_ceil(size) * size, 32 - bits)
        };
        Prefixes((0..count).map(prefix).collect())
    }

    fn text(&self, mut line: impl FnMut(&mut String, Ipv4Addr, u8, usize)) -> String {
        let mut text = String::new();
        for (index, &(address, length)) in self.0.iter().enumerate() {
            line(&mut text, Ipv4Addr::from(address), length, index);
        }
        text
    }

    /// As a list, with a label for each of 64 groups.
    pub(crate) fn list(&self, label: &str) -> String {
        self.text(|text, address, length, index| {
            let _ = writeln!(text, "{address}/{length}:{label}{}", index % 64);
        })
    }

    /// As nginx's allow.
    pub(crate) fn allow(&self) -> String {
        self.text(|text, address, length, _| {
            let _ = writeln!(text, "allow {address}/{length};");
        }) + "deny all;\n"
    }

    /// As the lines of nginx's geo.
    pub(crate) fn geo(&self) -> String {
        self.text(|text, address, length, _| {
            let _ = writeln!(text, "{address}/{length} 1;");
        })
    }

    /// As the lines of nginx's geo with ranges.
    pub(crate) fn ranges(&self) -> String {
        self.text(|text, address, length, _| {
            let last = u32::from(address) + ((1_u64 << (32 - length)) - 1) as u32;
            let _ = writeln!(text, "{address}-{} 1;", Ipv4Addr::from(last));
        })
    }

    /// Clients that are on the list.
    pub(crate) fn clients(&self, count: usize) -> Vec<Ipv4Addr> {
        let mut random = Random(0xd1b5_4a32_d192_ed03);
        let all = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        let client = |_| {
            let (address, length) = self.0[random.below(all) as usize];
            Ipv4Addr::from(address + random.below(1 << (32 - length)))
        };
        (0..count).map(client).collect()
    }
}

/// xorshift64*: the same numbers in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u32) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) as u32;
        ((u64::from(high) * u64::from(end.max(1))) >> 32) as u32
    }
}
