//! What every answer is compared with: every prefix in a hash map, every length asked, the longest first.

use std::cmp::Reverse;
use std::collections::HashMap;

use ipgate_lpm::{Key, Prefix};

/// A list that can be asked slowly.
pub struct Reference<K> {
    places: HashMap<(K, u8), usize>,
    /// Longest first.
    lengths: Vec<u8>,
}

impl<K: Key> Reference<K> {
    /// Takes a list; of equal prefixes the later one counts. O(n) for n prefixes.
    #[must_use]
    pub fn new(list: &[Prefix<K>]) -> Reference<K> {
        let mut lengths: Vec<u8> = list.iter().map(|prefix| prefix.len).collect();
        lengths.sort_unstable_by_key(|&len| Reverse(len));
        lengths.dedup();
        let place =
            |(place, prefix): (usize, &Prefix<K>)| ((prefix.key.masked(prefix.len), prefix.len), place);
        Reference { places: list.iter().enumerate().map(place).collect(), lengths }
    }

    /// Place in the list of the longest match. A step for each length.
    #[must_use]
    pub fn matched(&self, address: K) -> Option<usize> {
        self.lengths.iter().find_map(|&len| self.places.get(&(address.masked(len), len)).copied())
    }
}
