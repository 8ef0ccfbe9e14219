//! Boundaries of an IPv4 list, walked as the engines of /24s do.

use crate::Key;
use crate::draft::Source;

/// Walks ranges in address order.
pub(crate) struct Cursor<'s, K> {
    pub(crate) src: &'s Source<'s, K>,
    pub(crate) at: usize,
}

impl<K: Key> Cursor<'_, K> {
    /// The range in effect at `address`, which must not decrease.
    #[inline]
    pub(crate) fn seek(&mut self, address: u32) -> usize {
        while self.src.starts.get(self.at + 1).is_some_and(|&s| s.window() <= address) {
            self.at += 1;
        }
        self.at
    }
    /// The next boundary up to and including `last`.
    #[inline]
    pub(crate) fn next_up_to(&self, last: u32) -> Option<u32> {
        self.src.starts.get(self.at + 1).map(|s| s.window()).filter(|&s| s <= last)
    }
}
