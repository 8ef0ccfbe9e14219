//! Many addresses at once, as in log replay: the cache misses of several lookups overlap.

use std::net::IpAddr;

use ipgate_lpm::image::Image;
use ipgate_lpm::{Family, Key, NO_MATCH};

use super::compiled::Table;
use super::decision::{Decision, Ruling};
use crate::address::{Address, Bits};

/// Addresses that are asked together.
const GROUP: usize = 64;

/// Bytes of what decides that stay in a cache of the second level: lookups that miss no cache have nothing to overlap, and
/// cost less one by one.
const CACHED: usize = 1 << 20;

impl Table {
    /// Whether each of many addresses is allowed: as [`Table::is_allowed`] of each, and faster where the table does not
    /// fit the cache. What is beyond the addresses is denied; addresses that find no room are not looked up. Addresses
    /// may have any form that becomes an [`Address`], and decisions any that `bool` becomes.
    ///
    /// ```
    /// use ipgate::{List, Table};
    /// use std::net::IpAddr;
    /// let table = Table::new(&"10.0.1.0/24:office_ABC".parse::<List>()?);
    /// let clients = ["10.0.1.7", "2001:db8::1"].map(|text| text.parse::<IpAddr>().unwrap());
    /// let mut allowed = [false; 2];
    /// table.are_allowed(&clients, &mut allowed);
    /// assert_eq!(allowed, [true, false]);
    /// # Ok::<(), ipgate::list::Rejected>(())
    /// ```
    pub fn are_allowed<A, D>(&self, addresses: &[A], allowed: &mut [D])
    where
        A: Copy + Into<Address>,
        D: Copy + From<bool>,
    {
        let (allowed, beyond) = allowed.split_at_mut(allowed.len().min(addresses.len()));
        beyond.fill(D::from(false));
        if !self.is_cached && !self.allows_everyone() {
            return self.are_allowed_in_groups(addresses, allowed);
        }
        for (address, allowed) in addresses.iter().zip(allowed) {
            *allowed = D::from(self.allows((*address).into()));
        }
    }

    #[inline(never)]
    fn are_allowed_in_groups<A, D>(&self, addresses: &[A], allowed: &mut [D])
    where
        A: Copy + Into<Address>,
        D: Copy + From<bool>,
    {
        for (group, allowed) in addresses.chunks(GROUP).zip(allowed.chunks_mut(GROUP)) {
            self.ask(group, allowed, Family::are_allowed, Family::are_allowed);
            if self.is_updated() {
                for (address, allowed) in group.iter().zip(allowed) {
                    if let Some(decides) = self.changed_at((*address).into()) {
                        *allowed = D::from(self.ruling_by((*address).into(), decides).reason().is_allowed());
                    }
                }
            }
        }
    }

    /// Whether what decides, which is part of the image, stays in a cache.
    pub(super) fn decides_in_cache(image: &Image, v4: &Family<u32>, v6: &Family<u128>) -> bool {
        let of_both = || {
            let ((_, of_v4, _), (_, of_v6, _)) = (v4.bytes(), v6.bytes());
            of_v4 + of_v6
        };
        image.len() <= CACHED || of_both() <= CACHED
    }

    /// The decisions for many addresses, in their order: as [`Table::lookup`] of each, and faster where the table does
    /// not fit the cache.
    ///
    /// ```
    /// use ipgate::{List, Table};
    /// let table = Table::new(&"10.0.1.0/24:office_ABC".parse::<List>()?);
    /// let clients = ["10.0.1.7", "10.0.2.7"].map(|text| text.parse().unwrap());
    /// let labels = table.lookup_many(&clients).map(|decision| decision.label());
    /// assert!(labels.eq([Some("office_ABC"), None]));
    /// # Ok::<(), ipgate::list::Rejected>(())
    /// ```
    pub fn lookup_many<'t>(&'t self, addresses: &'t [IpAddr]) -> impl Iterator<Item = Decision<'t>> {
        addresses.chunks(GROUP).flat_map(move |group| {
            let mut numbers = [NO_MATCH; GROUP];
            self.ask(group, &mut numbers, Family::lookup_many, Family::lookup_many);
            numbers.into_iter().zip(group).map(move |(number, address)| {
                let address = Address::from(*address);
                let changed = if self.is_updated() { self.changed_at(address) } else { None };
                self.decision(match (changed, number) {
                    (Some(decides), _) => self.ruling_by(address, decides),
                    (None, NO_MATCH) => self.ruling_without_entry(),
                    (None, number) => Ruling::of_entry(self.entries.value(number)),
                })
            })
        })
    }

    /// Asks each family for its addresses of a group, and puts the answers in the places of the addresses.
    fn ask<A: Copy + Into<Address>, O: Copy + Default, D: From<O>>(
        &self,
        group: &[A],
        answers: &mut [D],
        v4: impl Fn(&Family<u32>, &[u32], &mut [O]),
        v6: impl Fn(&Family<u128>, &[u128], &mut [O]),
    ) {
        let (mut of_v4, mut of_v6) = (Part::new(), Part::new());
        for (place, address) in (0..).zip(group).take(answers.len().min(GROUP)) {
            match (*address).into().bits() {
                Bits::V4(address) => of_v4.push(address, place),
                Bits::V6(address) => of_v6.push(address, place),
            }
        }
        of_v4.answer(answers, |addresses, answers| v4(&self.v4, addresses, answers));
        of_v6.answer(answers, |addresses, answers| v6(&self.v6, addresses, answers));
    }
}

/// The addresses of one family in a group.
struct Part<K> {
    count: usize,
    addresses: [K; GROUP],
    /// Where each stands in the group.
    places: [u8; GROUP],
}

impl<K: Key> Part<K> {
    fn new() -> Part<K> {
        Part { count: 0, addresses: [K::default(); GROUP], places: [0; GROUP] }
    }

    fn push(&mut self, address: K, place: u8) {
        if let (Some(to), Some(at)) = (self.addresses.get_mut(self.count), self.places.get_mut(self.count)) {
            (*to, *at) = (address, place);
            self.count += 1;
        }
    }

    /// Puts the answers of `ask` in their places.
    fn answer<O: Copy + Default, D: From<O>>(&self, answers: &mut [D], ask: impl Fn(&[K], &mut [O])) {
        if self.count == 0 {
            return;
        }
        let mut own = [O::default(); GROUP];
        let addresses = self.addresses.get(..self.count).unwrap_or_default();
        ask(addresses, own.get_mut(..self.count).unwrap_or_default());
        for (answer, place) in own.into_iter().zip(self.places).take(self.count) {
            if let Some(to) = answers.get_mut(usize::from(place)) {
                *to = D::from(answer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::list::List;

    /// Small tables are asked one by one and large ones in groups: both ways, and groups that are not full.
    #[test]
    fn groups_and_single_addresses_have_the_same_answers() {
        let list: List = "10.0.0.0/8,!10.9.0.0/16,2001:db8::/32".parse().unwrap();
        let table = Table::new(&list);
        let known = [
            ("10.1.1.1", true),
            ("10.9.1.1", false),
            ("2001:db8::1", true),
            ("2001:db9::1", false),
            ("::ffff:10.8.0.1", true),
            ("192.0.2.1", false),
        ];
        for count in [0, 1, 5, GROUP, GROUP + 1, 3 * GROUP + 7] {
            let (clients, mut expected): (Vec<IpAddr>, Vec<bool>) = (known.iter().cycle().take(count))
                .map(|(client, is_allowed)| (client.parse::<IpAddr>().unwrap(), *is_allowed))
                .unzip();
            let mut grouped = vec![false; count];
            table.are_allowed_in_groups(&clients, &mut grouped);
            assert_eq!(grouped, expected, "{count} in groups");
            expected.extend([false; 2]); // beyond the addresses
            let mut single = vec![true; count + 2];
            table.are_allowed(&clients, &mut single);
            assert_eq!(single, expected, "{count}");
        }
    }
}
