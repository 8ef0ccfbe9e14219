//! Decisions counted by label, at the price of an addition: by the numbers that labels have in one table, and by
//! their texts when that table goes.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use ipgate::{Action, Reason, Table};

/// How many decisions there were.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) allowed: u64,
    pub(crate) denied: u64,
}

impl Sum {
    fn add(&mut self, is_allowed: bool) {
        self.allowed += u64::from(is_allowed);
        self.denied += u64::from(!is_allowed);
    }
}

/// Whose decisions a sum counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose<'t> {
    /// Entries of that label.
    Label(&'t str),
    /// Entries without a label, and no entry.
    Nobody,
    /// Labels beyond those that are told apart.
    Others,
}

/// The decisions of one reader.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Denied and allowed by label number in the table that is in use; first what has no label. Empty until there
    /// is a table.
    recent: Vec<[u64; 2]>,
    labels: HashMap<Box<str>, Sum, RandomState>,
    nobody: Sum,
    others: Sum,
}

impl Tally {
    /// The most labels that are told apart, so that no list can take all memory.
    const LABELS: usize = 4096;

    /// Counts what an entry decided, by label number; whether it allows. Between one [`Tally::end`] and the next it has
    /// to be the same table. What is rare is a call that gives the result itself: nothing has to be kept for after it.
    #[inline(always)]
    pub(crate) fn count_entry(&mut self, table: &Table, label: u32, action: Action) -> bool {
        let is_allowed = action == Action::Allow;
        match self.recent.get_mut(label as usize) {
            Some(counts) => counts[usize::from(is_allowed)] += 1,
            None => return self.count_anew(table, label, action),
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
            None => self.count(table.label(label).unwrap_or_default(), is_allowed),
        }
        is_allowed
    }

    /// Counts what no entry decided; whether it is allowed.
    #[inline(never)]
    pub(crate) fn count_nobody(&mut self, reason: Reason) -> bool {
        self.nobody.add(reason.is_allowed());
        reason.is_allowed()
    }

    /// Counts by label, without a table.
    pub(crate) fn count(&mut self, label: &str, is_allowed: bool) {
        self.sum(label).add(is_allowed);
    }

    /// Takes what was counted by the numbers of a table, which goes.
    pub(crate) fn end(&mut self, table: &Table) {
        let recent = std::mem::take(&mut self.recent);
        for (label, [denied, allowed]) in (0..).zip(recent).filter(|(_, counts)| *counts != [0; 2]) {
            let sum = self.sum(table.label(label).unwrap_or_default());
            sum.allowed += allowed;
            sum.denied += denied;
        }
    }

    fn sum(&mut self, label: &str) -> &mut Sum {
        if label.is_empty() {
            return &mut self.nobody;
        }
        if self.labels.len() >= Tally::LABELS && !self.labels.contains_key(label) {
            return &mut self.others;
        }
        if !self.labels.contains_key(label) {
            self.labels.insert(label.into(), Sum::default());
        }
        self.labels.get_mut(label).unwrap_or(&mut self.others)
    }

    /// Everything that was counted up to the last [`Tally::end`].
    pub(crate) fn sums(&self) -> impl Iterator<Item = (Whose<'_>, Sum)> {
        let labels = self.labels.iter().map(|(label, sum)| (Whose::Label(label), *sum));
        labels.chain([(Whose::Nobody, self.nobody), (Whose::Others, self.others)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let table = |list: &str| Table::new(&list.parse().unwrap());
        let (first, second) = (table("10.0.0.0/8:a,11.0.0.0/8:b"), table("10.0.0.0/8:b,11.0.0.0/8:c"));
        let mut tally = Tally::default();
        assert!(tally.count_entry(&first, 1, Action::Allow));
        assert!(!tally.count_entry(&first, 2, Action::Deny));
        assert!(!tally.count_entry(&first, 0, Action::Deny));
        tally.end(&first);
        assert!(tally.count_entry(&second, 1, Action::Allow) && tally.count_entry(&second, 2, Action::Allow));
        tally.end(&second);
        tally.count("c", false);
        assert!(tally.count_nobody(Reason::NoGate));
        let expected = [("Nobody", 1, 1), ("label a", 1, 0), ("label b", 1, 1), ("label c", 1, 1)];
        assert_eq!(sums(&tally), expected.map(|(name, allowed, denied)| (name.to_owned(), allowed, denied)));
    }

    #[test]
    fn labels_beyond_the_most_are_counted_together() {
        let most = u32::try_from(Tally::LABELS).unwrap();
        let list: String = (0..most + 10).map(|i| format!("10.{}.{}.0/24:l{i}\n", i >> 8, i & 255)).collect();
        let table = Table::new(&list.parse().unwrap());
        let mut tally = Tally::default();
        (1..=most + 10).for_each(|label| assert!(tally.count_entry(&table, label, Action::Allow)));
        tally.end(&table);
        tally.count("l0", false);
        assert_eq!(tally.labels["l0"], Sum { allowed: 1, denied: 1 });
        assert_eq!(tally.labels.len(), Tally::LABELS);
        assert_eq!(tally.others, Sum { allowed: 10, denied: 0 });
        // Those that have no place by number find one by text, as long as there is one.
        let beyond = format!("l{}", most + 9);
        assert_eq!(tally.labels[&*beyond], Sum { allowed: 1, denied: 0 });
    }
}
