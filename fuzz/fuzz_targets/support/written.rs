//! Entries and addresses that a fuzzer writes.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use arbitrary::Arbitrary;
use ipgate::ipnet::{IpNet, Ipv4Net, Ipv6Net};
use ipgate::{Action, Entry, List};

/// An entry in a form that small changes keep close to others.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub(crate) struct Written {
    pub(crate) bits: Bits,
    length: u8,
    deny: bool,
    label: u8,
    expiry: u8,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
pub(crate) enum Bits {
    V4(u32),
    V6(u128),
    /// In `2001:db8::/64`, where entries meet more often.
    Near(u64),
}

impl Bits {
    pub(crate) fn address(&self) -> IpAddr {
        match *self {
            Bits::V4(bits) => IpAddr::V4(Ipv4Addr::from(bits)),
            Bits::V6(bits) => IpAddr::V6(Ipv6Addr::from(bits)),
            Bits::Near(bits) => IpAddr::V6(Ipv6Addr::from(0x2001_0db8 << 96 | u128::from(bits))),
        }
    }
}

impl Written {
    pub(crate) fn prefix(&self) -> IpNet {
        match self.bits.address() {
            IpAddr::V4(v4) => Ipv4Net::new(v4, self.length % 33).expect("up to 32").trunc().into(),
            IpAddr::V6(v6) => Ipv6Net::new(v6, self.length % 129).expect("up to 128").trunc().into(),
        }
    }

    pub(crate) fn entry(&self) -> Entry {
        let mut entry = Entry::new(self.prefix(), if self.deny { Action::Deny } else { Action::Allow });
        if self.label % 4 > 0 {
            entry = entry.with_label(format!("label{}", self.label).parse().expect("a label"));
        }
        match self.expiry % 8 {
            0 => entry.with_until("2000-01-01".parse().expect("a date")),
            1 => entry.with_until("2999-12-31".parse().expect("a date")),
            _ => entry,
        }
    }
}

/// A list in which each prefix keeps its first action, so that nothing conflicts.
#[allow(dead_code)] // a target has lists of its own
pub(crate) fn list(written: &[Written]) -> List {
    let mut actions = HashMap::new();
    let entries = written.iter().map(|written| {
        let prefix = written.entry().prefix();
        let deny = *actions.entry(prefix).or_insert(written.deny);
        Written { deny, ..*written }.entry()
    });
    List::from_entries(entries).expect("nothing conflicts")
}

/// Both ends of a prefix, and the addresses beside them.
pub(crate) fn edges(prefix: IpNet) -> [IpAddr; 4] {
    match prefix {
        IpNet::V4(net) => {
            let (first, last) = (u32::from(net.network()), u32::from(net.broadcast()));
            [first, last, first.wrapping_sub(1), last.wrapping_add(1)].map(|bits| IpAddr::V4(bits.into()))
        }
        IpNet::V6(net) => {
            let (first, last) = (u128::from(net.network()), u128::from(net.broadcast()));
            [first, last, first.wrapping_sub(1), last.wrapping_add(1)].map(|bits| IpAddr::V6(bits.into()))
        }
    }
}
