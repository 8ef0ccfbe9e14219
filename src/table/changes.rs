//! What another table changes for the addresses of a prefix, and by which entries.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;
use std::net::IpAddr;

use ipnet::IpNet;

use super::compiled::Table;
use super::entries::Version;
use super::entry::EntryRef;
use super::width::Width;
use crate::address::canonical_prefix;
use crate::list::Action;
use crate::space::Space;

/// Addresses for which one entry decided in an old table, and one decides in a new one.
#[derive(Debug, Clone)]
pub struct Change<'t> {
    /// The entry that decided, if one did.
    pub was: Option<EntryRef<'t>>,
    /// The entry that decides now, if one does.
    pub by: Option<EntryRef<'t>>,
    /// Whether the addresses were allowed.
    pub was_allowed: bool,
    /// Whether they are allowed now.
    pub is_allowed: bool,
    /// The addresses.
    pub space: Space,
}

impl Table {
    /// What `new` says of the addresses of some prefixes where this table is the old one: these addresses by
    /// the entries that decide for them, in the order of their first addresses. They are all there, changed or not.
    ///
    /// O(k log n) for n entries and the k places inside the prefixes where another entry begins to decide.
    ///
    /// ```
    /// use ipgate::{List, Table};
    /// let old = Table::new(&"10.0.0.0/8:corp,!10.9.0.0/16,10.9.1.0/24:ci".parse::<List>()?);
    /// let new = Table::new(&"10.0.0.0/8:corp,10.9.1.0/24:ci".parse::<List>()?);
    /// let changes = old.changes(&new, &["10.9.0.0/16".parse().unwrap()]);
    /// let [opened, same] = &changes[..] else { panic!("{changes:?}") };
    /// assert_eq!((opened.was_allowed, opened.is_allowed), (false, true));
    /// assert_eq!(opened.by.unwrap().to_string(), "10.0.0.0/8:corp");
    /// assert_eq!(opened.space.v4_count().exact(), Some(65536 - 256));
    /// assert_eq!(same.by.unwrap().label(), Some("ci"));
    /// # Ok::<(), ipgate::list::Rejected>(())
    /// ```
    #[must_use]
    pub fn changes<'t>(&'t self, new: &'t Table, prefixes: &[IpNet]) -> Vec<Change<'t>> {
        let canonical: Vec<IpNet> = prefixes.iter().map(|prefix| canonical_prefix(*prefix).prefix).collect();
        let mut walk = Walk { old: self, new, found: Vec::new(), places: HashMap::new() };
        for prefix in IpNet::aggregate(&canonical) {
            match prefix {
                IpNet::V4(net) => walk.prefix::<u32>(net.network().into(), net.broadcast().into()),
                IpNet::V6(net) => walk.prefix::<u128>(net.network().into(), net.broadcast().into()),
            }
        }
        walk.found
    }

    /// The entry that decides for an address, and the last address up to which it does without a break.
    fn run<K: Width>(&self, at: K) -> (Option<usize>, K) {
        let longest = self.decides(at).map(|index| EntryRef::new(self, K::VERSION, index));
        let entry = longest.map(|longest| longest.or_preceding().index());
        let end = entry.map_or(K::MAX, |index| {
            let (network, length) = self.prefix::<K>(index);
            network.last(length)
        });
        let next = [self.compiled_after(at), K::part(self).and_then(|part| part.next_after(at))];
        let before_next = next.into_iter().flatten().map(|next| K::from_wide(next.wide().saturating_sub(1)));
        (entry, before_next.fold(end, K::min))
    }

    /// Where the first compiled entry behind an address begins that is still there.
    fn compiled_after<K: Width>(&self, at: K) -> Option<K> {
        let columns = self.entries.columns(K::VERSION);
        let mut index = columns.end_of::<K>((at, K::BITS as u8));
        while let Some(gone) = K::part(self).and_then(|part| part.places.gone_at(index)) {
            index = gone.end;
        }
        (index < columns.count()).then(|| columns.prefix::<K>(index).0)
    }
}

/// The places of the entries that decide in the old and in the new table.
type Deciding = (Version, Option<usize>, Option<usize>);

/// One walk over the addresses.
struct Walk<'t> {
    old: &'t Table,
    new: &'t Table,
    found: Vec<Change<'t>>,
    /// Where in `found` a change is.
    places: HashMap<Deciding, usize>,
}

impl<'t> Walk<'t> {
    fn prefix<K: Width>(&mut self, first: K, last: K) {
        let mut at = first;
        loop {
            let ((was, old_end), (by, new_end)) = (self.old.run(at), self.new.run(at));
            let end = old_end.min(new_end).min(last);
            self.add((K::VERSION, was, by), at.address(), end.address());
            if end >= last {
                return;
            }
            at = K::from_wide(end.wide() + 1);
        }
    }

    fn add(&mut self, deciding: Deciding, first: IpAddr, last: IpAddr) {
        let (version, was, by) = deciding;
        let place = match self.places.entry(deciding) {
            Slot::Occupied(place) => *place.get(),
            Slot::Vacant(place) => {
                let entry = |table, index: Option<usize>| Some(EntryRef::new(table, version, index?));
                let (was, by) = (entry(self.old, was), entry(self.new, by));
                self.found.push(Change {
                    was,
                    by,
                    was_allowed: is_allowed(self.old, was),
                    is_allowed: is_allowed(self.new, by),
                    space: Space::default(),
                });
                *place.insert(self.found.len() - 1)
            }
        };
        if let Some(change) = self.found.get_mut(place) {
            change.space.push(first, last);
        }
    }
}

fn is_allowed(table: &Table, by: Option<EntryRef<'_>>) -> bool {
    by.map_or(table.allows_everyone(), |entry| entry.action() == Action::Allow)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::list::List;

    fn table(text: &str) -> Table {
        Table::new(&text.parse::<List>().unwrap())
    }

    /// Each change as `old entry -> new entry: prefixes`.
    fn changes(old: &str, new: &str, prefixes: &[&str]) -> Vec<String> {
        let prefixes: Vec<IpNet> = prefixes.iter().map(|prefix| prefix.parse().unwrap()).collect();
        let name = |entry: Option<EntryRef<'_>>| entry.map_or("-".to_owned(), |entry| entry.to_string());
        let (old, new) = (table(old), table(new));
        let line = |change: &Change<'_>| {
            let space: Vec<String> = change.space.prefixes().map(|prefix| prefix.to_string()).collect();
            format!("{} -> {}: {}", name(change.was), name(change.by), space.join(" "))
        };
        old.changes(&new, &prefixes).iter().map(line).collect()
    }

    #[test]
    fn addresses_are_grouped_by_the_entries_that_decide() {
        let new = "10.0.0.0/8:corp,10.9.1.0/24:ci";
        assert_eq!(
            changes(&format!("{new},!10.9.0.0/22"), new, &["10.9.0.0/22"]),
            [
                "!10.9.0.0/22 -> 10.0.0.0/8:corp: 10.9.0.0/24 10.9.2.0/23",
                "10.9.1.0/24:ci -> 10.9.1.0/24:ci: 10.9.1.0/24"
            ]
        );
        assert_eq!(changes("", "", &["10.0.0.1/32"]), ["- -> -: 10.0.0.1/32"]);
        assert_eq!(
            changes("10.0.0.1:a,10.0.0.1:b", "10.0.0.1:a", &["10.0.0.1/32"]),
            ["10.0.0.1:b -> 10.0.0.1:a: 10.0.0.1/32"]
        );
    }

    #[test]
    fn prefixes_may_overlap_touch_and_reach_to_the_ends() {
        assert_eq!(
            changes("", "0.0.0.0/0", &["0.0.0.0/1", "128.0.0.0/1", "128.0.0.0/2"]),
            ["- -> 0.0.0.0/0: 0.0.0.0/0"]
        );
        assert_eq!(
            changes("all", "::/1", &["0.0.0.0/0", "::/0"]),
            ["0.0.0.0/0 -> -: 0.0.0.0/0", "::/0 -> ::/1: ::/1", "::/0 -> -: 8000::/1"]
        );
        assert_eq!(
            changes("255.255.255.255", "", &["255.255.255.254/31"]),
            ["- -> -: 255.255.255.254/32", "255.255.255.255 -> -: 255.255.255.255/32"]
        );
    }

    #[test]
    fn mapped_prefixes_are_those_of_ipv4() {
        assert_eq!(changes("10.0.0.0/8", "", &["::ffff:10.0.0.0/120"]), ["10.0.0.0/8 -> -: 10.0.0.0/24"]);
    }
}
