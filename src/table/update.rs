//! Updates: entries that are put and removed, without compiling the whole list again.

use std::time::SystemTime;

use ipnet::IpNet;

use super::amend::Amended;
use super::build::Row;
use super::compiled::Table;
use super::entries::Origin;
use super::shifts::Shifts;
use crate::address::canonical_prefix;
use crate::list::{Entry, InvalidList, List};

/// Changes of a table's entries, each of one prefix of one list: what stands there from then on.
///
/// [`Gate::update`](crate::Gate::update) brings them into force in a time that depends on their number and not on the
/// table's.
///
/// ```
/// use ipgate::{List, Table, Update};
/// let list: List = "10.0.0.0/8:corp,10.9.0.0/16:lab,192.0.2.7:guest".parse()?;
/// let mut update = Update::new();
/// update.put("!10.9.0.0/16:lab".parse::<List>()?.entries()[0].clone()); // in the place of what stood there
/// update.remove("192.0.2.7/32".parse().unwrap());
/// let table = Table::new(&list).updated(&update).unwrap();
/// assert!(table.entries().map(|entry| entry.to_string()).eq(["10.0.0.0/8:corp", "!10.9.0.0/16:lab"]));
/// # Ok::<(), ipgate::list::Rejected>(())
/// ```
#[derive(Debug, Clone)]
pub struct Update {
    origin: Origin,
    changes: Vec<(IpNet, Option<Entry>)>,
}

impl Default for Update {
    fn default() -> Update {
        Update::new()
    }
}

impl Update {
    /// No changes, of the app list: the one list of a table that was made without a policy.
    #[must_use]
    pub fn new() -> Update {
        Update::of(Origin::App)
    }

    /// No changes, of that list of a policy. A default list that does not count because the app list overrides it is not
    /// in the table, and is not to be updated.
    #[must_use]
    pub fn of(origin: Origin) -> Update {
        Update { origin, changes: Vec::new() }
    }

    /// Adds an entry, in the place of all entries of the list that have the same prefix.
    pub fn put(&mut self, entry: Entry) {
        self.changes.push((entry.prefix(), Some(entry)));
    }

    /// Removes the entries of the list that have this very prefix, however many there are, and none is no error. Their
    /// addresses belong to the entry around them then, if there is one. The prefix is made canonical, as
    /// [`Entry::new`] does.
    pub fn remove(&mut self, prefix: IpNet) {
        self.changes.push((canonical_prefix(prefix).prefix, None));
    }

    /// How many changes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

impl Extend<Entry> for Update {
    /// Puts each.
    fn extend<T: IntoIterator<Item = Entry>>(&mut self, entries: T) {
        entries.into_iter().for_each(|entry| self.put(entry));
    }
}

impl Table {
    /// The table after some changes, in their order, without the entries that have expired by now. Its answers are those of
    /// a table that is compiled of the changed list. Where no list was set, one is from now on.
    ///
    /// What is compiled is shared with this table, and what was changed since stands beside it: O(c log n) for n entries
    /// and all c changes since, and O(l) for l labels. A lookup asks for the changed prefixes first, which costs a few
    /// nanoseconds until the table is compiled anew: by [`Table::compacted`], or here, in O(n), where more than a sixteenth
    /// of the entries was changed. Tables of less than 4,096 entries are compiled anew at once. That bounds the memory,
    /// too: 250 bytes a change, and the texts of labels.
    ///
    /// Entries that are put have no line.
    ///
    /// # Errors
    ///
    /// [`InvalidList::TooManyEntries`] where there could be more than two lists may have.
    pub fn updated(&self, update: &Update) -> Result<Table, InvalidList> {
        let whole = self.whole();
        let most = whole.len() + update.len();
        if most > 2 * List::MAX_ENTRIES {
            return Err(InvalidList::TooManyEntries(most));
        }
        let mut amended = Amended::of(whole);
        amended.apply(update);
        Ok(amended.into_table().live())
    }

    /// The same table compiled anew, where it was updated since it was compiled; `None` where it was not. O(n) for n
    /// entries.
    #[must_use]
    pub fn compacted(&self) -> Option<Table> {
        let whole = self.whole();
        whole.patch.as_ref()?;
        Some(whole.recompiled().live())
    }

    /// What has become of a table that was compacted since, where it was only updated: the same upon `compacted`.
    pub(crate) fn upon(&self, compacted: &Table, before: &Table) -> Option<Table> {
        let (before, now) = (before.whole(), self.whole());
        let is_updated = now.image.is_same(&before.image) && now.has_lines_of(before);
        is_updated.then(|| Amended::since(compacted.whole(), before, now).into_table().live())
    }

    /// Whether the lines of compiled entries stand where they stood in another state of the table.
    fn has_lines_of(&self, other: &Table) -> bool {
        let unshifted = <[Shifts; 2]>::default();
        let [now, before] =
            [self, other].map(|table| table.patch.as_ref().map_or(&unshifted, |patch| &patch.shifts));
        now == before
    }

    /// The same without what has expired by now.
    fn live(self) -> Table {
        self.live_by(SystemTime::now())
    }

    /// The same by another clock.
    pub(super) fn live_by(self, now: SystemTime) -> Table {
        if self.is_live_at(now) { self } else { self.live_at(now) }
    }

    /// An updated table without the entries that have expired at `now`.
    pub(super) fn without_expired(&self, now: SystemTime) -> Table {
        let mut amended = Amended::of(self);
        for entry in self.expiring().filter(|entry| !entry.is_live(now)) {
            amended.at(entry.prefix()).retain(|row| row.until.is_none_or(|until| !until.has_passed(now)));
        }
        amended.into_table()
    }
}

impl<'a> Amended<'a> {
    /// Makes the changes.
    fn apply(&mut self, update: &'a Update) {
        let Update { origin, changes } = update;
        for (prefix, entry) in changes {
            let rows = self.at(*prefix);
            rows.retain(|row| row.origin != *origin);
            if let Some(entry) = entry {
                rows.push(Row { line: 0, ..Row::of_list(entry, *origin) });
                // The app list decides before the default list.
                rows.sort_by_key(|row| row.origin);
            }
        }
        self.is_beyond_text(*origin);
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use proptest::prelude::*;

    use super::*;
    use crate::list::{Action, Label, Until};
    use crate::policy::{Mode, Policy};

    /// Prefixes that often lie in each other, and are often the same.
    fn prefix() -> impl Strategy<Value = IpNet> {
        let bits = prop::collection::vec(0..3u8, 4);
        let v4 = (bits.clone(), prop::sample::select(vec![0, 1, 7, 8, 9, 15, 16, 17, 24, 30, 31, 32]));
        let v6 = (bits, prop::sample::select(vec![0, 3, 32, 48, 63, 64, 65, 112, 127, 128]));
        let v4 = v4.prop_map(|(octets, len)| {
            let address = IpAddr::from([octets[0] * 85, octets[1], octets[2], octets[3]]);
            IpNet::new(address, len).unwrap()
        });
        let v6 = v6.prop_map(|(parts, len)| {
            let mut octets = [0; 16];
            for (at, part) in [0, 6, 7, 15].into_iter().zip(parts) {
                octets[at] = part * 0x20 + u8::from(at == 0);
            }
            IpNet::new(IpAddr::from(octets), len).unwrap()
        });
        prop_oneof![v4, v6].prop_map(|net| canonical_prefix(net.trunc()).prefix)
    }

    fn entry() -> impl Strategy<Value = Entry> {
        let until = prop::sample::select(vec![None, None, Some("2097-12-31"), Some("2098-12-31")]);
        let label = prop::sample::select(vec![None, Some("a"), Some("b"), Some("c"), Some("d")]);
        (prefix(), any::<bool>(), label, until).prop_map(|(prefix, allow, label, until)| {
            let action = if allow { Action::Allow } else { Action::Deny };
            let label = label.map(|label| label.parse::<Label>().unwrap());
            let until = until.map(|until| until.parse::<Until>().unwrap());
            let entry = Entry::new(prefix, action);
            let entry = label.into_iter().fold(entry, Entry::with_label);
            until.into_iter().fold(entry, Entry::with_until)
        })
    }

    /// Entries of which each prefix has one, as those of an update have.
    fn entries(most: usize) -> impl Strategy<Value = Vec<Entry>> {
        prop::collection::vec(entry(), 0..most).prop_map(|mut entries| {
            let mut seen = std::collections::HashSet::new();
            entries.retain(|entry| seen.insert(entry.prefix()));
            entries
        })
    }

    fn update() -> impl Strategy<Value = Update> {
        let change = prop_oneof![
            2 => entry().prop_map(|entry| (entry.prefix(), Some(entry))),
            1 => prefix().prop_map(|prefix| (prefix, None)),
        ];
        let origin = prop::sample::select(vec![Origin::Default, Origin::App]);
        (origin, prop::collection::vec(change, 0..12))
            .prop_map(|(origin, changes)| Update { origin, changes })
    }

    /// What an update does to a list, one change after the other: the model.
    fn model(list: &mut Vec<Entry>, update: &Update) {
        for (prefix, entry) in &update.changes {
            list.retain(|entry| entry.prefix() != *prefix);
            list.extend(entry.clone());
        }
    }

    /// Addresses at both ends of every prefix and beside them.
    fn interesting<'e>(entries: impl Iterator<Item = &'e Entry>) -> Vec<IpAddr> {
        let mut addresses = vec!["10.0.0.1".parse().unwrap(), "2001:db8::1".parse().unwrap()];
        for entry in entries {
            match entry.prefix() {
                IpNet::V4(net) => {
                    let (first, last) = (u32::from(net.network()), u32::from(net.broadcast()));
                    for at in [first.wrapping_sub(1), first, last, last.wrapping_add(1)] {
                        addresses.push(IpAddr::V4(at.into()));
                    }
                }
                IpNet::V6(net) => {
                    let (first, last) = (u128::from(net.network()), u128::from(net.broadcast()));
                    for at in [first.wrapping_sub(1), first, last, last.wrapping_add(1)] {
                        addresses.push(IpAddr::V6(at.into()));
                    }
                }
            }
        }
        addresses
    }

    /// Everything that a table says, of addresses and of itself. Lines are not compared: entries of updates have none.
    fn account(table: &Table, addresses: &[IpAddr]) -> Vec<String> {
        let mut allowed = vec![false; addresses.len()];
        table.are_allowed(addresses, &mut allowed);
        let many: Vec<_> = table.lookup_many(addresses).map(|one| (one.reason(), one.label())).collect();
        let mut said: Vec<String> = addresses
            .iter()
            .zip(allowed)
            .zip(many)
            .map(|((&address, is_allowed), many)| {
                let decision = table.lookup(address);
                assert_eq!((decision.is_allowed(), table.is_allowed(address)), (is_allowed, is_allowed));
                assert_eq!((decision.reason(), decision.label()), many);
                let by = table.matched(address);
                assert_eq!(by.and_then(|by| by.label()), decision.label());
                let covering: Vec<_> =
                    table.covering(address).map(|entry| format!("{entry} of {:?}", entry.origin())).collect();
                format!(
                    "{address} {:?} {:?} {:?} {covering:?}",
                    decision.reason(),
                    decision.origin(),
                    by.map(|by| by.to_string())
                )
            })
            .collect();
        said.extend(table.entries().map(|entry| format!("{entry} of {:?}", entry.origin())));
        said.push(format!("{} entries, {:?}", table.len(), table.next_expiry()));
        said.push(table.allowed_space().prefixes().map(|net| net.to_string()).collect::<Vec<_>>().join(","));
        said
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        /// A table with changes beside it, after each of some updates, at each of some times, through an image and
        /// compiled anew, against one that is compiled of the changed lists.
        #[test]
        fn an_updated_table_is_that_of_the_changed_lists(
            default in entries(20),
            app in entries(20),
            updates in prop::collection::vec(update(), 1..5),
            precedes in any::<bool>(),
        ) {
            let mode = if precedes { Mode::Precede } else { Mode::Extend };
            let of_lists = |default: &[Entry], app: &[Entry]| {
                let list = |entries: &[Entry]| List::from_entries(entries.iter().cloned()).unwrap();
                Policy::new().with_default(list(default)).with_app(list(app)).with_mode(mode)
            };
            let (mut now_default, mut now_app) = (default.clone(), app.clone());
            let mut table = Table::from_policy(&of_lists(&default, &app));
            let mut compacting = None; // that table, compiled anew, and as it was then
            for update in &updates {
                model(if update.origin == Origin::App { &mut now_app } else { &mut now_default }, update);
                table = if precedes {
                    table.updated(update).unwrap()
                } else {
                    let mut amended = Amended::of(&table);
                    amended.apply(update);
                    amended.patched()
                };
                let changed = update.changes.iter().filter_map(|(_, entry)| entry.as_ref());
                let before = default.iter().chain(&app);
                let addresses = interesting(now_default.iter().chain(&now_app).chain(changed).chain(before));
                let policy = of_lists(&now_default, &now_app);
                let expected = Table::from_policy(&policy);
                prop_assert_eq!(account(&table, &addresses), account(&expected, &addresses));
                for time in ["2098-06-01", "2099-06-01", "2097-06-01"] {
                    let now = time.parse::<Until>().unwrap().system_time();
                    let expected = Table::from_policy_at(&policy, now);
                    prop_assert_eq!(account(&table.live_at(now), &addresses), account(&expected, &addresses));
                }
                let image = Table::from_image(&table.to_image(7)).unwrap();
                prop_assert_eq!(account(&image, &addresses), account(&expected, &addresses));
                let everything = ["0.0.0.0/0", "::/0"].map(|net| net.parse().unwrap());
                prop_assert!(table.changes(&expected, &everything).iter().all(|change| change.was_allowed == change.is_allowed));
                if let Some((compacted, before)) = &compacting {
                    let upon = table.upon(compacted, before).expect("it was only updated");
                    prop_assert_eq!(account(&upon, &addresses), account(&expected, &addresses));
                }
                if let Some(compacted) = table.compacted() {
                    prop_assert_eq!(account(&compacted, &addresses), account(&expected, &addresses));
                    compacting.get_or_insert((compacted, table.alone()));
                }
            }
        }
    }
}
