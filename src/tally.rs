//! Tallies: decisions counted by label, at the price of an addition.
//!
//! They are counted by the numbers that labels have in one table, and by their texts when that table goes.

mod labels;

use std::ops::AddAssign;

use crate::list::Action;
use crate::reason::Reason;
use crate::table::{Decision, Table};
pub(crate) use labels::Labels;

/// How many decisions there were.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Sum {
    /// How many allowed a client.
    pub allowed: u64,
    /// How many denied one.
    pub denied: u64,
}

impl Sum {
    fn add(&mut self, is_allowed: bool) {
        self.allowed += u64::from(is_allowed);
        self.denied += u64::from(!is_allowed);
    }
}

impl AddAssign for Sum {
    fn add_assign(&mut self, other: Sum) {
        self.allowed += other.allowed;
        self.denied += other.denied;
    }
}

/// Whose decisions a [`Sum`] counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose<'t> {
    /// Those of entries with that label.
    Label(&'t str),
    /// Those of entries without a label, and of no entry.
    Unlabelled,
    /// Those of entries with labels beyond the [`Tally::LABELS`] that are told apart.
    Others,
}

/// The decisions of one thread, counted by label across swaps.
///
/// [`Tally::count`] is an addition; a table's first decision allocates 16 bytes for each of its labels.
/// Memory is bounded: of labels beyond [`Tally::LABELS`] only the sum is kept.
///
/// ```
/// use ipgate::tally::{Sum, Tally, Whose};
/// use ipgate::{List, Table};
/// let table = Table::new(&"10.0.0.0/8:corp,!10.9.0.0/16:lab".parse::<List>()?);
/// let mut tally = Tally::new();
/// assert!(tally.count(table.lookup("10.1.1.1".parse().unwrap())));
/// assert!(!tally.count(table.lookup("10.9.1.1".parse().unwrap())));
/// assert!(!tally.count(table.lookup("192.0.2.1".parse().unwrap())));
/// tally.end(&table);
/// assert!(tally.sums().any(|sum| sum == (Whose::Label("corp"), Sum { allowed: 1, denied: 0 })));
/// assert!(tally.sums().any(|sum| sum == (Whose::Unlabelled, Sum { allowed: 0, denied: 1 })));
/// # Ok::<(), ipgate::list::Rejected>(())
/// ```
#[derive(Debug, Default)]
pub struct Tally {
    /// Denied and allowed by label number in the table that is in use; first what has no label. Empty until there
    /// is a table.
    recent: Vec<[u64; 2]>,
    labels: Labels,
    unlabelled: Sum,
}

impl Tally {
    /// The most labels that are told apart, so that no list can take all memory.
    pub const LABELS: usize = 4096;

    /// A tally of nothing.
    #[must_use]
    pub fn new() -> Tally {
        Tally::default()
    }

    /// Counts a decision, and returns whether it allows. Between one [`Tally::end`] and the next all decisions
    /// have to be of one table, or they are counted for other labels.
    #[inline(always)]
    pub fn count(&mut self, decision: Decision<'_>) -> bool {
        match decision.action() {
            Some(_) => self.count_entry(decision),
            None => self.count_unlabelled(decision.reason()),
        }
    }

    /// Counts what an entry decided. What is rare is a call that gives the result itself: nothing has to be kept
    /// for after it.
    #[inline(always)]
    pub(crate) fn count_entry(&mut self, decision: Decision<'_>) -> bool {
        let action = decision.action_of_entry();
        let is_allowed = action == Action::Allow;
        match self.recent.get_mut(decision.label_number() as usize) {
            Some(counts) => counts[usize::from(is_allowed)] += 1,
            None => return self.count_anew(decision.table(), decision.label_number(), action),
        }
        is_allowed
    }

    /// The first decision of a table, and labels whose numbers have no place.
    #[cold]
    #[inline(never)]
    fn count_anew(&mut self, table: &Table, label: u32, action: Action) -> bool {
        let is_allowed = action == Action::Allow;
        if self.recent.is_empty() {
            self.recent.resize(1 + table.label_count().min(Tally::LABELS), [0; 2]);
        }
        match self.recent.get_mut(label as usize) {
            Some(counts) => counts[usize::from(is_allowed)] += 1,
            None => self.sum(table.label(label).unwrap_or_default()).add(is_allowed),
        }
        is_allowed
    }

    /// Counts what no entry decided.
    #[inline(never)]
    pub(crate) fn count_unlabelled(&mut self, reason: Reason) -> bool {
        self.unlabelled.add(reason.is_allowed());
        reason.is_allowed()
    }

    /// Ends the counting by a table's numbers: to be called with the table of the last decisions before one of
    /// another table is counted, and before the sums are looked at. O(labels).
    pub fn end(&mut self, table: &Table) {
        let recent = std::mem::take(&mut self.recent);
        for (label, [denied, allowed]) in (0..).zip(recent).filter(|(_, counts)| *counts != [0; 2]) {
            *self.sum(table.label(label).unwrap_or_default()) += Sum { allowed, denied };
        }
    }

    fn sum(&mut self, label: &str) -> &mut Sum {
        match label {
            "" => &mut self.unlabelled,
            label => self.labels.sum(label, Tally::LABELS),
        }
    }

    /// Everything that was counted up to the last [`Tally::end`], in no order. A sum may be zero.
    pub fn sums(&self) -> impl Iterator<Item = (Whose<'_>, Sum)> {
        self.labels.sums().chain([(Whose::Unlabelled, self.unlabelled)])
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn table(list: &str) -> Table {
        Table::new(&list.parse().unwrap())
    }

    fn count(tally: &mut Tally, table: &Table, client: [u8; 4]) -> bool {
        tally.count(table.lookup(client.into()))
    }

    fn sums(tally: &Tally) -> Vec<(String, u64, u64)> {
        let name = |whose| match whose {
            Whose::Label(label) => format!("label {label}"),
            other => format!("{other:?}"),
        };
        let mut sums: Vec<_> =
            tally.sums().map(|(whose, sum)| (name(whose), sum.allowed, sum.denied)).collect();
        sums.retain(|sum| (sum.1, sum.2) != (0, 0));
        sums.sort();
        sums
    }

    #[test]
    fn numbers_become_labels_when_their_table_goes() {
        let (first, second) =
            (table("10.0.0.0/8:a,!11.0.0.0/8:b,!12.0.0.0/8"), table("10.0.0.0/8:b,11.0.0.0/8:c"));
        let mut tally = Tally::new();
        assert!(count(&mut tally, &first, [10, 0, 0, 1]));
        assert!(!count(&mut tally, &first, [11, 0, 0, 1]));
        assert!(!count(&mut tally, &first, [12, 0, 0, 1]));
        assert!(!count(&mut tally, &first, [192, 0, 2, 1]));
        tally.end(&first);
        assert!(count(&mut tally, &second, [10, 0, 0, 1]) && count(&mut tally, &second, [11, 0, 0, 1]));
        tally.end(&second);
        assert!(count(&mut tally, &Table::from_policy(&crate::Policy::new()), [10, 0, 0, 1]));
        let expected = [("Unlabelled", 1, 2), ("label a", 1, 0), ("label b", 1, 1), ("label c", 1, 0)];
        assert_eq!(sums(&tally), expected.map(|(name, allowed, denied)| (name.to_owned(), allowed, denied)));
    }

    #[test]
    fn labels_beyond_the_most_are_counted_together() {
        let most = u32::try_from(Tally::LABELS).unwrap();
        let client = |number: u32| Ipv4Addr::from(0x0a00_0000 | number << 8).octets();
        let list: String =
            (0..most + 10).map(|i| format!("{}/24:l{i}\n", Ipv4Addr::from(client(i)))).collect();
        let table = table(&list);
        let mut tally = Tally::new();
        (0..most + 10).for_each(|label| assert!(count(&mut tally, &table, client(label))));
        tally.end(&table);
        let all: u64 = tally.sums().map(|(_, sum)| sum.allowed).sum();
        assert_eq!(all, u64::from(most) + 10);
        let told_apart = tally.sums().filter(|(whose, _)| matches!(whose, Whose::Label(_)));
        assert_eq!(told_apart.count(), Tally::LABELS);
        let has = |whose, allowed| tally.sums().any(|sum| sum == (whose, Sum { allowed, denied: 0 }));
        assert!(has(Whose::Others, 10));
        // Those that have no place by number find one by text, as long as there is one.
        let beyond =
            (0..most + 10).find(|label| table.lookup(client(*label).into()).label_number() > most).unwrap();
        assert!(has(Whose::Label(&format!("l{beyond}")), 1));
    }
}
