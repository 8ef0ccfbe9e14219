//! The two families of a table behind one trait.

use std::net::IpAddr;

use ipgate_lpm::{Family, Key};

use super::compiled::Table;
use super::entries::Version;
use super::patch::{Part, decides_between};

/// What differs between the families.
pub(super) trait Width: Key {
    const VERSION: Version;

    fn family(table: &Table) -> &Family<Self>;
    /// What was changed in it.
    fn part(table: &Table) -> Option<&Part<Self>>;
    fn address(self) -> IpAddr;
}

impl Width for u32 {
    const VERSION: Version = Version::V4;

    fn family(table: &Table) -> &Family<u32> {
        &table.v4
    }

    fn part(table: &Table) -> Option<&Part<u32>> {
        table.patch.as_ref().map(|patch| &patch.v4)
    }

    fn address(self) -> IpAddr {
        IpAddr::V4(self.into())
    }
}

impl Width for u128 {
    const VERSION: Version = Version::V6;

    fn family(table: &Table) -> &Family<u128> {
        &table.v6
    }

    fn part(table: &Table) -> Option<&Part<u128>> {
        table.patch.as_ref().map(|patch| &patch.v6)
    }

    fn address(self) -> IpAddr {
        IpAddr::V6(self.into())
    }
}

impl Table {
    /// The entry that decides for an address.
    #[inline(always)]
    pub(super) fn decides<K: Width>(&self, address: K) -> Option<usize> {
        match K::part(self) {
            Some(part) => self.decides_in(part, address),
            None => K::family(self).matched(address),
        }
    }

    #[cold]
    #[inline(never)]
    fn decides_in<K: Width>(&self, part: &Part<K>, address: K) -> Option<usize> {
        self.changed_in(part, address).unwrap_or_else(|| K::family(self).matched(address))
    }

    /// The entry that decides for an address where something was changed, if one does there.
    pub(super) fn changed<K: Width>(&self, address: K) -> Option<Option<usize>> {
        K::part(self).and_then(|part| self.changed_in(part, address))
    }

    fn changed_in<K: Width>(&self, part: &Part<K>, address: K) -> Option<Option<usize>> {
        let spot = part.spot(address)?;
        let inside = if spot.has_inside { K::family(self).matched(address) } else { None };
        let is_longer = |index: &usize| self.entries.columns(K::VERSION).length(*index) > spot.length;
        Some(inside.filter(is_longer).or(spot.decides))
    }

    /// Network address and length of an entry.
    #[inline(always)]
    pub(super) fn prefix<K: Width>(&self, index: usize) -> (K, u8) {
        match K::part(self) {
            Some(part) => self.prefix_in(part, index),
            None => self.entries.columns(K::VERSION).prefix(index),
        }
    }

    #[cold]
    #[inline(never)]
    fn prefix_in<K: Width>(&self, part: &Part<K>, index: usize) -> (K, u8) {
        let of_row = part.places.row(index).and_then(|row| part.prefixes.get(row.spot));
        of_row.copied().unwrap_or_else(|| self.entries.columns(K::VERSION).prefix(index))
    }

    /// The entry that decides for the longest prefix that is shorter than this one and covers it.
    pub(super) fn decides_above<K: Width>(&self, inner: (K, u8)) -> Option<usize> {
        let columns = self.entries.columns(K::VERSION);
        let compiled = columns.above(inner).map(|index| (index, columns.length(index)));
        decides_between(compiled, K::part(self).and_then(|part| part.above(inner)))
    }
}
