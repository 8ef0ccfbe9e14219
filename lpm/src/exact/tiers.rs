//! All tiers of a structure, as the lookups see them.

use super::filter::Filter;
use super::tier::{MOST_TIERS, Tier};
use crate::Key;

/// The tiers, longest first, and their filter.
#[derive(Clone, Debug)]
pub(crate) struct Exact<K> {
    pub(crate) filter: Filter,
    tiers: [Tier<K>; MOST_TIERS],
    count: usize,
}

impl<K: Key> Exact<K> {
    /// One tier, with a filter for it and for those that are pushed.
    pub(crate) fn new(filter: Filter, first: Tier<K>) -> Exact<K> {
        Exact { filter, tiers: [first; MOST_TIERS], count: 1 }
    }

    /// Adds a tier, of at most [`MOST_TIERS`], whose prefixes are shorter than those before.
    pub(crate) fn push(&mut self, tier: Tier<K>) {
        if let Some(place) = self.tiers.get_mut(self.count) {
            *place = tier;
            self.count += 1;
        }
    }

    /// Whether there is one tier, of hosts.
    pub(crate) fn has_hosts_alone(&self) -> bool {
        self.count == 1 && self.tiers.iter().all(|tier| tier.mask == K::MAX)
    }

    /// The tiers; with `HOSTS`, which may be asked where [`Exact::has_hosts_alone`], the only one.
    #[inline(always)]
    pub(crate) fn tiers<const HOSTS: bool>(&self) -> &[Tier<K>] {
        self.tiers.get(..if HOSTS { 1 } else { self.count }).unwrap_or_default()
    }
}
