//! Which entries decide nothing, so that each of them, and all of them together, can go.
//!
//! What decides for an address at some time is the first of a chain: the entries that hold then and cover it, longer
//! prefixes before shorter ones, and of one prefix the later before the earlier. Only two kinds of entries may leave
//! it without any change, now or later:
//!
//! - one that repeats what the next of the chain says (action, label and expiry). The next one is the same for all
//!   addresses of the entry, and it holds exactly as long;
//! - one that is never the first: others before it in the chain, which hold at least as long, cover all of it. Only
//!   such as repeat nothing count as cover, so that the two kinds never rely on each other.
//!
//! So where the first of a chain goes, the next one that stays says the same, whatever else goes with it.

use std::time::SystemTime;

use ipnet::IpNet;

use crate::list::entry::Entry;
use crate::list::until::Until;

/// What an entry does for its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It decides, or may do so.
    Needed,
    /// It holds no longer.
    Expired,
    /// Without it, the entry below it says the same.
    Repeats,
    /// A later entry of its prefix, which holds at least as long, decides in its place.
    Superseded,
    /// More specific entries, which hold at least as long, decide for all of its addresses.
    Covered,
}

/// The roles of a list's entries, by their numbers.
pub(super) struct Roles {
    roles: Vec<Role>,
    /// The next entry of the chain, where there is one: an earlier one of the same prefix, or else the one that
    /// decides for the longest prefix around it. A list has fewer than 2³² entries.
    below: Vec<Option<u32>>,
}

/// A live entry with its number.
type Numbered<'l> = (usize, &'l Entry);

impl Roles {
    /// O(n log n) for n entries.
    pub(super) fn of(entries: &[Entry], now: SystemTime) -> Roles {
        let role = |entry: &Entry| if entry.is_live(now) { Role::Needed } else { Role::Expired };
        let roles: Vec<Role> = entries.iter().map(role).collect();
        let numbered = entries.iter().enumerate().zip(&roles);
        let mut live: Vec<Numbered<'_>> =
            numbered.filter(|(_, role)| **role == Role::Needed).map(|(numbered, _)| numbered).collect();
        live.sort_by_key(|(number, entry)| (entry.prefix(), *number));
        let mut walk = Walk { roles: Roles { below: vec![None; roles.len()], roles }, open: Vec::new() };
        for same_prefix in live.chunk_by(|(_, one), (_, other)| one.prefix() == other.prefix()) {
            walk.enter(same_prefix);
        }
        while walk.leave() {}
        walk.roles
    }

    pub(super) fn role(&self, number: usize) -> Role {
        self.roles.get(number).copied().unwrap_or(Role::Needed)
    }

    /// The number of the entry that decides where this one does not.
    pub(super) fn below(&self, number: usize) -> Option<usize> {
        usize::try_from(self.below.get(number).copied()??).ok()
    }

    fn set(&mut self, number: usize, role: Role) {
        if let Some(slot) = self.roles.get_mut(number) {
            *slot = role;
        }
    }
}

/// One walk over sorted prefixes. Every prefix's parent, the longest one around it, is the last open one when its
/// turn comes.
struct Walk<'s, 'l> {
    roles: Roles,
    open: Vec<Open<'s, 'l>>,
}

/// A prefix whose inside is being walked, and how much of it the prefixes right below it cover.
struct Open<'s, 'l> {
    prefix: IpNet,
    /// Its entries in the order of the list.
    entries: &'s [Numbered<'l>],
    /// When the last of those ends that repeat nothing, where there are any; `None` inside is never.
    end: Option<Option<Until>>,
    /// Pairs of addresses in covering prefixes of two addresses or more: a count of addresses could be 2^128.
    pairs: u128,
    /// Covering prefixes of one address.
    hosts: u128,
    /// When the first of the covering prefixes ends.
    cover_ends: Option<Until>,
}

impl<'s, 'l> Walk<'s, 'l> {
    fn enter(&mut self, entries: &'s [Numbered<'l>]) {
        let Some(prefix) = entries.first().map(|(_, entry)| entry.prefix()) else { return };
        while self.open.last().is_some_and(|parent| !parent.prefix.contains(&prefix)) {
            self.leave();
        }
        let mut below = self.open.last().and_then(|parent| parent.entries.last()).copied();
        for &(number, entry) in entries {
            if let Some((next, next_entry)) = below {
                if let Some(slot) = self.roles.below.get_mut(number) {
                    *slot = u32::try_from(next).ok();
                }
                if says_the_same(next_entry, entry) {
                    self.roles.set(number, Role::Repeats);
                }
            }
            below = Some((number, entry));
        }
        let mut end = None;
        for &(number, entry) in entries.iter().rev() {
            if self.roles.role(number) == Role::Repeats {
                continue;
            }
            match end {
                Some(end) if lasts_as_long(end, entry.until()) => self.roles.set(number, Role::Superseded),
                _ => end = Some(entry.until()),
            }
        }
        self.open.push(Open { prefix, entries, end, pairs: 0, hosts: 0, cover_ends: None });
    }

    /// Everything inside the last open prefix has been seen; false where there is none.
    fn leave(&mut self) -> bool {
        let Some(closed) = self.open.pop() else { return false };
        if closed.is_covered() {
            for &(number, entry) in closed.entries {
                let covered = lasts_as_long(closed.cover_ends, entry.until());
                if covered && self.roles.role(number) == Role::Needed {
                    self.roles.set(number, Role::Covered);
                }
            }
        }
        if let (Some(parent), Some(end)) = (self.open.last_mut(), closed.end) {
            parent.cover(closed.prefix, end);
        }
        true
    }
}

impl Open<'_, '_> {
    fn cover(&mut self, child: IpNet, end: Option<Until>) {
        match pairs(child) {
            0 => self.hosts += 1,
            pairs => self.pairs += pairs,
        }
        if lasts_as_long(self.cover_ends, end) {
            self.cover_ends = end;
        }
    }

    fn is_covered(&self) -> bool {
        let size = pairs(self.prefix);
        size > 0 && self.pairs + self.hosts / 2 >= size
    }
}

/// Half the number of addresses in a prefix, 0 for a single one.
fn pairs(prefix: IpNet) -> u128 {
    let host_bits = prefix.max_prefix_len() - prefix.prefix_len();
    host_bits.checked_sub(1).map_or(0, |bits| 1 << bits)
}

/// Whether two entries tell an address the same: verdict, label and expiry. Without a label is not the same as with
/// one, and an expiry not the same as a later one.
fn says_the_same(one: &Entry, other: &Entry) -> bool {
    one.action() == other.action() && one.label() == other.label() && one.until() == other.until()
}

/// Whether one expiry is not before another; no expiry is the latest.
pub(super) fn lasts_as_long(one: Option<Until>, other: Option<Until>) -> bool {
    one.is_none_or(|one| other.is_some_and(|other| one >= other))
}
