//! Which denials are told: the first of each kind in a while, so that whoever is denied cannot fill a disk.

use std::collections::HashSet;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// After that long a denial of the same key is told again.
const WINDOW: Duration = Duration::from_secs(10);
/// At most so many are told in that time.
const MOST: usize = 100;

/// What was told lately.
#[derive(Debug)]
pub(super) struct Denials {
    hasher: RandomState,
    window: Mutex<Window>,
}

#[derive(Debug)]
struct Window {
    began: Instant,
    /// Hashes of keys: two that are alike cost a line of the log.
    told: HashSet<u64>,
    /// Not told since the last line.
    untold: u64,
}

impl Denials {
    pub(super) fn new() -> Denials {
        let window = Window { began: Instant::now(), told: HashSet::new(), untold: 0 };
        Denials { hasher: RandomState::new(), window: Mutex::new(window) }
    }

    /// Whether a denial of that key is to be told, and then how many were not since the last one that was.
    pub(super) fn note(&self, key: &impl Hash) -> Option<u64> {
        self.note_at(key, Instant::now())
    }

    fn note_at(&self, key: &impl Hash, now: Instant) -> Option<u64> {
        let key = self.hasher.hash_one(key);
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_duration_since(window.began) >= WINDOW {
            window.told.clear();
            window.began = now;
        }
        if window.told.len() < MOST && window.told.insert(key) {
            return Some(std::mem::take(&mut window.untold));
        }
        window.untold += 1;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_once_in_a_while() {
        let (denials, now) = (Denials::new(), Instant::now());
        assert_eq!(denials.note_at(&"a", now), Some(0));
        assert_eq!(denials.note_at(&"a", now), None);
        assert_eq!(denials.note_at(&"b", now), Some(1));
        assert_eq!(denials.note_at(&"b", now), None);
        assert_eq!(denials.note_at(&"a", now + WINDOW), Some(1));
    }

    #[test]
    fn many_keys_are_no_more_lines() {
        let (denials, now) = (Denials::new(), Instant::now());
        let told = (0..10 * MOST).filter(|key| denials.note_at(key, now).is_some()).count();
        assert_eq!(told, MOST);
        assert_eq!(denials.note_at(&"later", now + WINDOW), Some(9 * MOST as u64));
    }
}
