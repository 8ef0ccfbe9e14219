//! A tree-bitmap trie over the entries: the independent reference for lookups, and the answer to "every
//! entry that covers this address".

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use treebitmap::IpLookupTable;

/// Prefixes with the index of the entry that decides for each.
pub(super) struct Reference {
    v4: IpLookupTable<Ipv4Addr, u32>,
    v6: IpLookupTable<Ipv6Addr, u32>,
}

impl Reference {
    /// A trie of prefixes, each with the index of an entry.
    pub(super) fn new(prefixes: impl Iterator<Item = (usize, IpNet)>) -> Reference {
        let (mut v4, mut v6) = (IpLookupTable::new(), IpLookupTable::new());
        for (index, prefix) in prefixes {
            let index = u32::try_from(index).unwrap_or(u32::MAX); // lists have fewer than 2^31 entries
            match prefix {
                IpNet::V4(net) => v4.insert(net.addr(), net.prefix_len().into(), index),
                IpNet::V6(net) => v6.insert(net.addr(), net.prefix_len().into(), index),
            };
        }
        Reference { v4, v6 }
    }

    /// The index of the longest prefix that covers a canonical address.
    #[cfg(test)]
    fn longest_match(&self, address: IpAddr) -> Option<usize> {
        let index = match address {
            IpAddr::V4(v4) => self.v4.longest_match(v4).map(|(_, _, index)| *index),
            IpAddr::V6(v6) => self.v6.longest_match(v6).map(|(_, _, index)| *index),
        };
        index.map(|index| index as usize)
    }

    /// The indexes of all prefixes that cover a canonical address, the shortest first.
    pub(super) fn matches(&self, address: IpAddr) -> Vec<usize> {
        match address {
            IpAddr::V4(v4) => self.v4.matches(v4).map(|(_, _, index)| *index as usize).collect(),
            IpAddr::V6(v6) => self.v6.matches(v6).map(|(_, _, index)| *index as usize).collect(),
        }
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reference").field("v4", &self.v4.len()).field("v6", &self.v6.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use crate::{List, Table};

    use super::*;

    /// The trie and the compiled structure agree on which entry decides, at and around every boundary.
    #[test]
    fn the_compiled_structure_matches_what_the_trie_matches() {
        let text =
            "all:0,!10.0.0.0/8:1,10.9.0.0/16:2,10.9.8.0/21:3,10.9.9.9:4,!10.9.9.10/31:5,192.0.2.0/24:6,
            255.255.255.255:7,2001:db8::/32:8,!2001:db8:9::/48:9,2001:db8:9::/64:10,[2001:db8:9::1]:11,
            2001:db8:9:0:8000::/65:12,[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:13";
        let table = Table::new(&text.parse::<List>().unwrap());
        let reference = Reference::new(table.entries().map(|entry| (entry.index(), entry.prefix())));
        for prefix in table.entries().map(|entry| entry.prefix()) {
            let ends: [IpAddr; 2] = [prefix.network(), prefix.broadcast()];
            for address in ends.into_iter().flat_map(around) {
                let matched = table.matched(address).map(|entry| entry.index());
                assert_eq!(matched, reference.longest_match(address), "{address}");
            }
        }
    }

    fn around(address: IpAddr) -> Vec<IpAddr> {
        match address {
            IpAddr::V4(v4) => {
                [-1i32, 0, 1].map(|d| Ipv4Addr::from(u32::from(v4).wrapping_add_signed(d)).into()).to_vec()
            }
            IpAddr::V6(v6) => {
                [-1i128, 0, 1].map(|d| Ipv6Addr::from(u128::from(v6).wrapping_add_signed(d)).into()).to_vec()
            }
        }
    }
}
