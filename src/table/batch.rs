//! Many addresses at once, as in log replay: the cache misses of several lookups overlap.

use std::net::IpAddr;

use ipgate_lpm::{Family, Key, NO_MATCH};

use super::compiled::Table;
use super::decision::{Decision, Ruling};
use crate::address::{Address, Bits};

/// Addresses that are asked together.
const GROUP: usize = 64;

impl Table {
    /// Whether each of many addresses is allowed: as [`Table::is_allowed`] of each, and faster where the table does not
    /// fit the cache. What is beyond the addresses is denied; addresses that find no room are not looked up.
    ///
    /// ```
    /// use ipgate::{List, Table};
    /// let table = Table::new(&"10.0.1.0/24:office_ABC".parse::<List>()?);
    /// let clients = ["10.0.1.7", "2001:db8::1"].map(|text| text.parse().unwrap());
    /// let mut allowed = [false; 2];
    /// table.are_allowed(&clients, &mut allowed);
    /// assert_eq!(allowed, [true, false]);
    /// # Ok::<(), ipgate::list::Rejected>(())
    /// ```
    pub fn are_allowed(&self, addresses: &[IpAddr], allowed: &mut [bool]) {
        allowed.fill(false);
        for (group, allowed) in addresses.chunks(GROUP).zip(allowed.chunks_mut(GROUP)) {
            match self.allows_everyone() {
                true => allowed.iter_mut().zip(group).for_each(|(allowed, _)| *allowed = true),
                false => self.ask(group, allowed, Family::are_allowed, Family::are_allowed),
            }
        }
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
            numbers.into_iter().take(group.len()).map(move |number| {
                self.decision(match number {
                    NO_MATCH => self.ruling_without_entry(),
                    number => Ruling::of_entry(self.entries.value(number)),
                })
            })
        })
    }

    /// Asks each family for its addresses of a group, and puts the answers in the places of the addresses.
    fn ask<O: Copy + Default>(
        &self,
        group: &[IpAddr],
        answers: &mut [O],
        v4: impl Fn(&Family<u32>, &[u32], &mut [O]),
        v6: impl Fn(&Family<u128>, &[u128], &mut [O]),
    ) {
        let (mut of_v4, mut of_v6) = (Part::new(), Part::new());
        for (place, address) in (0..).zip(group).take(answers.len().min(GROUP)) {
            match Address::from(*address).bits() {
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
    fn answer<O: Copy + Default>(&self, answers: &mut [O], ask: impl Fn(&[K], &mut [O])) {
        if self.count == 0 {
            return;
        }
        let mut own = [O::default(); GROUP];
        let addresses = self.addresses.get(..self.count).unwrap_or_default();
        ask(addresses, own.get_mut(..self.count).unwrap_or_default());
        for (answer, place) in own.into_iter().zip(self.places).take(self.count) {
            if let Some(to) = answers.get_mut(usize::from(place)) {
                *to = answer;
            }
        }
    }
}
