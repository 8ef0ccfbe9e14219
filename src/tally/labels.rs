//! Sums by the texts of labels, of which so many are told apart.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::{Sum, Whose};

/// A sum for each label, and one for those beyond the most that are told apart.
#[derive(Debug, Default)]
pub(crate) struct Labels {
    sums: HashMap<Box<str>, Sum, RandomState>,
    others: Sum,
}

impl Labels {
    /// How many labels are told apart.
    pub(crate) fn len(&self) -> usize {
        self.sums.len()
    }

    /// The sum of a label; that of the others where it is a new one beyond `most`.
    pub(crate) fn sum(&mut self, label: &str, most: usize) -> &mut Sum {
        if !self.sums.contains_key(label) {
            if self.sums.len() >= most {
                return &mut self.others;
            }
            self.sums.insert(label.into(), Sum::default());
        }
        self.sums.get_mut(label).unwrap_or(&mut self.others)
    }

    /// That of the labels that are not told apart.
    pub(crate) fn others(&mut self) -> &mut Sum {
        &mut self.others
    }

    /// Adds those of another.
    pub(crate) fn join(&mut self, other: &Labels, most: usize) {
        for (label, sum) in &other.sums {
            *self.sum(label, most) += *sum;
        }
        self.others += other.others;
    }

    /// All of them, in no order.
    pub(crate) fn sums(&self) -> impl Iterator<Item = (Whose<'_>, Sum)> {
        let labels = self.sums.iter().map(|(label, sum)| (Whose::Label(label), *sum));
        labels.chain([(Whose::Others, self.others)])
    }
}
