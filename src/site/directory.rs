//! Names to numbers, in shards that states of a site share: a change copies one of them.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::quality::RandomState;

/// How many shards there are: of ten thousand names a change copies some hundred.
const SHARDS: usize = 64;

/// Numbers by name, as bytes. Names are asked for by requests, so that the hasher's seed is random.
#[derive(Debug, Clone)]
pub(super) struct Directory {
    shards: Box<[Arc<Shard>]>,
    len: usize,
}

type Shard = HashMap<Box<[u8]>, u32, RandomState>;

impl Default for Directory {
    fn default() -> Directory {
        let shard = Arc::new(Shard::default());
        Directory { shards: (0..SHARDS).map(|_| Arc::clone(&shard)).collect(), len: 0 }
    }
}

impl Directory {
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The number of a name. O(1) but for its length; allocates nothing.
    #[inline]
    pub(super) fn get(&self, name: &[u8]) -> Option<u32> {
        self.shards.get(shard(name))?.get(name).copied()
    }

    /// Gives a name a number. Copies a shard where another state of the site has it, too.
    pub(super) fn insert(&mut self, name: &str, number: u32) {
        let name = name.as_bytes();
        if let Some(shard) = self.shards.get_mut(shard(name)) {
            self.len += usize::from(Arc::make_mut(shard).insert(name.into(), number).is_none());
        }
    }

    pub(super) fn remove(&mut self, name: &str) {
        let name = name.as_bytes();
        if let Some(shard) = self.shards.get_mut(shard(name)).filter(|shard| shard.contains_key(name)) {
            Arc::make_mut(shard).remove(name);
            self.len -= 1;
        }
    }
}

/// The shard of a name. Whoever names apps may crowd one, which makes changes slower and lookups no slower; so it is chosen
/// by what is found fast, the last bytes.
#[inline]
fn shard(name: &[u8]) -> usize {
    let number = match name.last_chunk() {
        Some(last) => u64::from_le_bytes(*last),
        None => name.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)),
    };
    (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58) as usize % SHARDS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(names: &Directory, name: &str) -> Option<u32> {
        names.get(name.as_bytes())
    }

    #[test]
    fn a_copy_does_not_see_later_changes() {
        let mut names = Directory::default();
        (0..10_000).for_each(|number| names.insert(&format!("app{number}"), number));
        let before = names.clone();
        names.remove("app7");
        names.insert("app8", 1);
        names.insert("new", 2);
        names.remove("none");
        assert_eq!((get(&names, "app7"), get(&names, "app8"), get(&names, "new")), (None, Some(1), Some(2)));
        assert_eq!(
            (get(&before, "app7"), get(&before, "app8"), get(&before, "new")),
            (Some(7), Some(8), None)
        );
        assert!((9..10_000).all(|number| get(&names, &format!("app{number}")) == Some(number)));
        assert_eq!((names.len, before.len), (10_000, 10_000));
        let shared = names.shards.iter().zip(&before.shards).filter(|(now, before)| Arc::ptr_eq(now, before));
        assert!(shared.count() >= SHARDS - 3);
    }
}
