//! Deep groups: boundaries that lie below the grain of an engine, found by binary search.
//!
//! An engine that cannot tell addresses apart stores the escape code for them, and names a group: full addresses,
//! and a code and an entry for each range between them.

use crate::Key;
use crate::code::NO_CODE;
use crate::draft::{Draft, Names, Source};
use crate::sweep::NO_ENTRY;
use crate::view::{Claim, View};
use crate::words::words;

impl<K: Key> Draft<K> {
    /// Number of deep groups so far.
    pub(crate) fn group_count(&self) -> u32 {
        (self.groups.len() - 1) as u32
    }

    /// Adds the ranges `first..=last` as a deep group and returns its number.
    pub(crate) fn push_group(&mut self, src: &Source<'_, K>, first: usize, last: usize) -> u32 {
        let number = self.group_count();
        self.deep_keys.extend_from_slice(&src.starts[first + 1..=last]);
        self.deep_codes.extend_from_slice(&src.codes[first..=last]);
        if src.keep_entries {
            self.deep_entries.extend_from_slice(&src.entries[first..=last]);
        }
        self.groups.push(self.deep_codes.len() as u32);
        number
    }

    /// Code and entry word of the segment that begins in range `first` and ends in range `last`: an escape where
    /// there are boundaries inside.
    pub(crate) fn segment(&mut self, src: &Source<'_, K>, first: usize, last: usize) -> (u32, u32) {
        if first == last {
            (src.codes[first], src.entries[first])
        } else {
            (self.width.mask(), self.push_group(src, first, last))
        }
    }
}

/// Proves that every group lies in the deep sections: strictly increasing starts, one key fewer than codes, each of which
/// stands for something.
pub(crate) fn validate<K: Key>(claim: &Claim<'_>) -> Result<(), crate::ImageError> {
    let codes = claim.deep_codes.len() / 4;
    // Without groups there is no table of them.
    let groups = (claim.groups.len() / 4).saturating_sub(1);
    let ordered =
        if groups == 0 { claim.groups.is_empty() && codes == 0 } else { ascending(claim.groups, codes) };
    claim.ensure(ordered, "a group is out of order")?;
    // Ascending, so there are at least as many codes as groups.
    let keys = codes - groups;
    claim.ensure(claim.deep_keys.len() == keys * K::BYTES, "deep keys are missing")?;
    let named = claim.names == Names::None || claim.deep_entries.len() / 4 == codes;
    claim.ensure(named, "deep entries are missing")?;
    claim.ensure_codes(words(claim.deep_codes))
}

/// Whether the words rise strictly from 0 to `last`.
fn ascending(section: &[u8], last: usize) -> bool {
    let mut list = words(section);
    let Some(mut previous) = list.next() else {
        return false;
    };
    let mut ok = previous == 0;
    for next in list {
        ok &= previous < next;
        previous = next;
    }
    ok && previous as usize == last
}

/// The code of `key` in a deep group; no code where there is no such group.
///
/// # Safety
/// The view's invariant.
#[inline]
pub(crate) unsafe fn code<K: Key>(v: &View<K>, group: u32, key: K) -> u32 {
    if group >= v.groups_len {
        return NO_CODE;
    }
    // SAFETY: the group exists, as compared just now.
    unsafe { v.deep_codes.word(place(v, group, key)) }
}

/// The entry of `key` in a deep group; none where there is no such group.
///
/// # Safety
/// The view's invariant, and the structure keeps entries.
#[inline]
pub(crate) unsafe fn entry<K: Key>(v: &View<K>, group: u32, key: K) -> u32 {
    if group >= v.groups_len {
        return NO_ENTRY;
    }
    // SAFETY: the group exists, as compared just now; `deep_entries` is parallel to the codes.
    unsafe { v.deep_entries.word(place(v, group, key)) }
}

/// Place in the deep sections for `key` in `group`: a binary search.
///
/// # Safety
/// `group` must be less than `groups_len`.
#[inline]
unsafe fn place<K: Key>(v: &View<K>, group: u32, key: K) -> usize {
    // SAFETY: `groups` has one word more than there are groups, strictly increasing up to the number of deep codes;
    // `deep_keys` has one key for each code but the first of a group (`validate`).
    unsafe {
        let first = v.groups.word(group as usize) as usize;
        let codes = v.groups.word(group as usize + 1) as usize - first;
        let keys = first - group as usize;
        let mut base = 0;
        let mut size = codes - 1;
        while size > 1 {
            let half = size / 2;
            base = if v.deep_keys.key(keys + base + half - 1) <= key { base + half } else { base };
            size -= half;
        }
        if size == 1 {
            base += usize::from(v.deep_keys.key(keys + base) <= key);
        }
        first + base
    }
}
