//! A hasher for builders, whose keys are a few numbers: a long product for each, instead of the rounds of SipHash.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

/// A map whose hashes nobody can foresee: no list can be made to collide.
pub(crate) type QuickMap<K, V> = HashMap<K, V, Quick>;

/// Starts hashes at a number that is drawn for each map.
pub(crate) struct Quick(u64);

impl Default for Quick {
    fn default() -> Quick {
        Quick(RandomState::new().hash_one(0u64))
    }
}

impl BuildHasher for Quick {
    type Hasher = Mixer;

    fn build_hasher(&self) -> Mixer {
        Mixer { state: self.0, key: self.0.rotate_left(32) | 1 }
    }
}

/// A hash under way.
pub(crate) struct Mixer {
    state: u64,
    key: u64,
}

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        self.state
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u64(u64::from(byte)));
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        let product = u128::from(self.state ^ number) * u128::from(self.key);
        self.state = product as u64 ^ (product >> 64) as u64;
    }
}
