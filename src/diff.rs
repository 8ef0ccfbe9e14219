//! What changes between two lists: entries, and the addresses that they allow.

use std::cmp::Ordering;
use std::time::SystemTime;

use ipnet::IpNet;

use crate::list::{Action, Entry, List};
use crate::space::Space;

/// The difference between two lists.
///
/// Entries are compared by what they mean, not by where they stand or how they were written. They count
/// whether they have expired or not; the address space is that of the entries that have not.
///
/// ```
/// use ipgate::{List, diff::Diff};
/// let old: List = "10.0.0.0/24:office,192.0.2.7:partner".parse()?;
/// let new: List = "10.0.0.0/25:office,192.0.2.7:friend".parse()?;
/// let diff = Diff::between(&old, &new);
/// assert_eq!(diff.added()[0].to_string(), "10.0.0.0/25:office");
/// assert_eq!(diff.removed()[0].to_string(), "10.0.0.0/24:office");
/// assert_eq!(diff.relabelled()[0].new.to_string(), "192.0.2.7:friend");
/// assert_eq!(diff.lost().prefixes().next().map(|p| p.to_string()), Some("10.0.0.128/25".to_owned()));
/// assert!(diff.gained().is_empty());
/// # Ok::<(), ipgate::list::Rejected>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Diff {
    added: Vec<Entry>,
    removed: Vec<Entry>,
    relabelled: Vec<Relabelled>,
    gained: Space,
    lost: Space,
}

/// An entry whose prefix and action stayed, and whose label or expiry changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relabelled {
    /// As the old list has it.
    pub old: Entry,
    /// As the new list has it.
    pub new: Entry,
}

impl Diff {
    /// Compares two lists as they stand now. O(n log n) for n entries of both, and quadratic only in those
    /// of one prefix.
    #[must_use]
    pub fn between(old: &List, new: &List) -> Diff {
        Diff::between_at(old, new, SystemTime::now())
    }

    /// Compares two lists; `now` decides which entries have expired, and so which addresses are allowed.
    #[must_use]
    pub fn between_at(old: &List, new: &List, now: SystemTime) -> Diff {
        let (old, new) = (by_prefix(old), by_prefix(new));
        let (before, after) = (space(&old, now), space(&new, now));
        let mut diff =
            Diff { gained: after.difference(&before), lost: before.difference(&after), ..Diff::default() };
        let (mut old, mut new) = (same_prefix(&old).peekable(), same_prefix(&new).peekable());
        loop {
            let order = match (old.peek(), new.peek()) {
                (Some(old), Some(new)) => first_prefix(old).cmp(&first_prefix(new)),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => return diff,
            };
            let old = if order.is_le() { old.next() } else { None };
            let new = if order.is_ge() { new.next() } else { None };
            for action in [Action::Allow, Action::Deny] {
                diff.compare(with_action(old, action), with_action(new, action));
            }
        }
    }

    /// Compares the entries of one prefix and action.
    fn compare(&mut self, old: Vec<&Entry>, new: Vec<&Entry>) {
        if old == new {
            return;
        }
        let last = (old.last().copied(), new.last().copied());
        let mut removed = old;
        let mut added = Vec::new();
        for entry in new {
            match removed.iter().position(|other| *other == entry) {
                Some(same) => drop(removed.remove(same)),
                None => added.push(entry),
            }
        }
        if removed.is_empty() && added.is_empty() {
            // The same entries in another order: the last one decides.
            if let (Some(old), Some(new)) = last
                && old != new
            {
                (removed, added) = (vec![old], vec![new]);
            }
        }
        let pairs = removed.len().min(added.len());
        let relabelled = removed.drain(..pairs).zip(added.drain(..pairs));
        self.relabelled
            .extend(relabelled.map(|(old, new)| Relabelled { old: old.clone(), new: new.clone() }));
        self.removed.extend(removed.into_iter().cloned());
        self.added.extend(added.into_iter().cloned());
    }

    /// Entries that only the new list has, by prefix.
    #[must_use]
    pub fn added(&self) -> &[Entry] {
        &self.added
    }

    /// Entries that only the old list has, by prefix.
    #[must_use]
    pub fn removed(&self) -> &[Entry] {
        &self.removed
    }

    /// Entries whose label or expiry changed, by prefix.
    #[must_use]
    pub fn relabelled(&self) -> &[Relabelled] {
        &self.relabelled
    }

    /// The addresses that the new list allows and the old one does not.
    #[must_use]
    pub fn gained(&self) -> &Space {
        &self.gained
    }

    /// The addresses that the old list allows and the new one does not.
    #[must_use]
    pub fn lost(&self) -> &Space {
        &self.lost
    }

    /// Whether the two lists say the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Diff::default()
    }
}

/// The entries sorted by prefix; those of one prefix keep their order, so that the last one decides.
fn by_prefix(list: &List) -> Vec<&Entry> {
    let mut entries: Vec<&Entry> = list.entries().iter().collect();
    entries.sort_by_key(|entry| entry.prefix());
    entries
}

/// The addresses that sorted entries allow at `now`.
fn space(sorted: &[&Entry], now: SystemTime) -> Space {
    let deciding = same_prefix(sorted).filter_map(|same| same.iter().rev().find(|entry| entry.is_live(now)));
    Space::allowed(deciding.map(|entry| (entry.prefix(), entry.action())))
}

/// Sorted entries, cut where the prefix changes.
fn same_prefix<'s, 'l>(sorted: &'s [&'l Entry]) -> impl Iterator<Item = &'s [&'l Entry]> {
    sorted.chunk_by(|one, other| one.prefix() == other.prefix())
}

fn first_prefix(same: &[&Entry]) -> Option<IpNet> {
    same.first().map(|entry| entry.prefix())
}

fn with_action<'l>(same: Option<&[&'l Entry]>, action: Action) -> Vec<&'l Entry> {
    same.unwrap_or_default().iter().copied().filter(|entry| entry.action() == action).collect()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    fn list(text: &str) -> List {
        text.parse().unwrap()
    }

    /// What was added, removed and relabelled, as text.
    fn entries(old: &str, new: &str) -> [Vec<String>; 3] {
        let diff = Diff::between(&list(old), &list(new));
        let text = |entries: &[Entry]| entries.iter().map(Entry::to_string).collect::<Vec<_>>();
        let relabelled = diff.relabelled().iter().map(|r| format!("{} -> {}", r.old, r.new)).collect();
        [text(diff.added()), text(diff.removed()), relabelled]
    }

    fn expect(added: &[&str], removed: &[&str], relabelled: &[&str]) -> [Vec<String>; 3] {
        [added, removed, relabelled].map(|texts| texts.iter().map(|text| (*text).to_owned()).collect())
    }

    #[test]
    fn order_and_spelling_make_no_difference() {
        let old = "10.0.0.0/8:a, 2001:db8::/32, 192.0.2.0-192.0.2.255";
        let new = "# moved\n192.0.2.0/24\n2001:DB8::/32\n10.0.0.5/8:a";
        assert!(Diff::between(&list(old), &list(new)).is_empty());
        assert!(Diff::between(&List::new(), &List::new()).is_empty());
    }

    #[test]
    fn added_removed_relabelled() {
        assert_eq!(entries("10.0.0.0/8", "10.0.0.0/9"), expect(&["10.0.0.0/9"], &["10.0.0.0/8"], &[]));
        assert_eq!(entries("1.2.3.4:a", "1.2.3.4"), expect(&[], &[], &["1.2.3.4:a -> 1.2.3.4"]));
        assert_eq!(
            entries("1.2.3.4:a", "1.2.3.4:a;until=2026-01-01"),
            expect(&[], &[], &["1.2.3.4:a -> 1.2.3.4:a;until=2026-01-01"])
        );
        assert_eq!(entries("1.2.3.4:a", "!1.2.3.4:a"), expect(&["!1.2.3.4:a"], &["1.2.3.4:a"], &[]));
        assert_eq!(entries("", "all"), expect(&["0.0.0.0/0", "::/0"], &[], &[]));
    }

    #[test]
    fn entries_that_stand_twice() {
        assert_eq!(entries("1.2.3.4,1.2.3.4", "1.2.3.4"), expect(&[], &["1.2.3.4"], &[]));
        assert_eq!(entries("1.2.3.4:a,1.2.3.4:b", "1.2.3.4:b"), expect(&[], &["1.2.3.4:a"], &[]));
        assert_eq!(
            entries("1.2.3.4:a,1.2.3.4:b", "1.2.3.4:b,1.2.3.4:a"),
            expect(&[], &[], &["1.2.3.4:b -> 1.2.3.4:a"])
        );
    }

    #[test]
    fn space_is_what_longest_match_allows() {
        let diff = Diff::between(&list("10.0.0.0/24,10.0.1.0/24"), &list("10.0.0.0/23,!10.0.0.128/25,::1"));
        let text = |space: &Space| space.prefixes().map(|p| p.to_string()).collect::<Vec<_>>();
        assert_eq!(text(diff.lost()), ["10.0.0.128/25"]);
        assert_eq!(text(diff.gained()), ["::1/128"]);
        assert_eq!(diff.lost().v4_count().exact(), Some(128));
        assert_eq!(diff.gained().v6_count().exact(), Some(1));
    }

    #[test]
    fn expired_entries_allow_nothing() {
        let old = list("10.0.0.0/24");
        let new = list("10.0.0.0/24;until=1999-12-31");
        let at = |seconds| Diff::between_at(&old, &new, UNIX_EPOCH + Duration::from_secs(seconds));
        const Y2K: u64 = 946_684_800;
        assert!(at(Y2K - 1).lost().is_empty());
        assert_eq!(at(Y2K).lost().v4_count().exact(), Some(256));
        assert_eq!(at(Y2K - 1).relabelled().len(), 1);
    }
}
