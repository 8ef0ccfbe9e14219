//! Names to numbers, in shards that states of a site share: a change copies one of them.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::quality::RandomState;

/// How many shards there are: of ten thousand names a change copies some hundred.
const SHARDS: usize = 64;

/// Numbers by name. Names come from requests, so that the hasher's seed is random.
#[derive(Debug, Clone)]
pub(super) struct Directory {
    hasher: RandomState,
    shards: Box<[Arc<Shard>]>,
    len: usize,
}

type Shard = HashMap<Box<str>, u32, RandomState>;

impl Default for Directory {
    fn default() -> Directory {
        let hasher = RandomState::default();
        let shard = Arc::new(Shard::with_hasher(hasher.clone()));
        Directory { shards: (0..SHARDS).map(|_| Arc::clone(&shard)).collect(), hasher, len: 0 }
    }
}

impl Directory {
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The number of a name. O(1) but for its length; allocates nothing.
    pub(super) fn get(&self, name: &str) -> Option<u32> {
        self.shards.get(self.shard(name))?.get(name).copied()
    }

    /// Gives a name a number. Copies a shard where another state of the site has it, too.
    pub(super) fn insert(&mut self, name: &str, number: u32) {
        let shard = self.shard(name);
        if let Some(shard) = self.shards.get_mut(shard) {
            self.len += usize::from(Arc::make_mut(shard).insert(name.into(), number).is_none());
        }
    }

    pub(super) fn remove(&mut self, name: &str) {
        let shard = self.shard(name);
        if let Some(shard) = self.shards.get_mut(shard).filter(|shard| shard.contains_key(name)) {
            Arc::make_mut(shard).remove(name);
            self.len -= 1;
        }
    }

    fn shard(&self, name: &str) -> usize {
        // Other bits than the tables of the shards go by.
        (self.hasher.hash_one(name) >> 40) as usize % SHARDS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_does_not_see_later_changes() {
        let mut names = Directory::default();
        (0..10_000).for_each(|number| names.insert(&format!("app{number}"), number));
        let before = names.clone();
        names.remove("app7");
        names.insert("app8", 1);
        names.insert("new", 2);
        names.remove("none");
        assert_eq!((names.get("app7"), names.get("app8"), names.get("new")), (None, Some(1), Some(2)));
        assert_eq!((before.get("app7"), before.get("app8"), before.get("new")), (Some(7), Some(8), None));
        assert!((9..10_000).all(|number| names.get(&format!("app{number}")) == Some(number)));
        assert_eq!((names.len, before.len), (10_000, 10_000));
        let shared = names.shards.iter().zip(&before.shards).filter(|(now, before)| Arc::ptr_eq(now, before));
        assert!(shared.count() >= SHARDS - 3);
    }
}
