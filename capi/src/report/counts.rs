//! Decisions of several readers, put together.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use ipgate::site::AppCounts;
use ipgate::tally::{Sum, Whose};
use serde::{Serialize, Serializer};

use crate::site::{IPGATE_REASONS, ipgate_app_counts};
use crate::verdict::reason_name;

/// How many decisions there were.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Counts {
    pub(super) allowed: u64,
    pub(super) denied: u64,
    /// Would have been denied.
    pub(super) dry_run: u64,
}

impl Counts {
    pub(super) fn new(sum: Sum, is_dry_run: bool) -> Counts {
        match is_dry_run {
            true => Counts { allowed: sum.allowed, denied: 0, dry_run: sum.denied },
            false => Counts { allowed: sum.allowed, denied: sum.denied, dry_run: 0 },
        }
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.allowed += other.allowed;
        self.denied += other.denied;
        self.dry_run += other.dry_run;
    }
}

/// Denials by the number of their reason, those of dry runs among them.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Denials([u64; IPGATE_REASONS]);

impl Denials {
    /// Those that there were, by the names of their reasons.
    pub(super) fn named(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let named = (0..).zip(self.0).map(|(reason, count)| (reason_name(reason), count));
        named.filter(|(_, count)| *count > 0)
    }
}

impl AddAssign for Denials {
    fn add_assign(&mut self, other: Denials) {
        self.0.iter_mut().zip(other.0).for_each(|(all, count)| *all += count);
    }
}

impl Serialize for Denials {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.named())
    }
}

/// Decisions about the clients of a site or of one app, and why there were denials.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Decided {
    pub(super) decisions: Counts,
    pub(super) denials: Denials,
}

impl Decided {
    /// Adds what a reader of a site has counted.
    pub(super) fn count(&mut self, counts: AppCounts<'_>, is_dry_run: bool) {
        self.decisions += Counts::new(counts.sum(), is_dry_run);
        for (reason, count) in counts.reasons().filter(|(reason, _)| !reason.is_allowed()) {
            if let Some(all) = self.denials.0.get_mut(usize::from(reason.code())) {
                *all += count;
            }
        }
    }

    /// Adds what a program has counted by itself; its reasons are those of denials.
    pub(super) fn count_given(&mut self, counts: &ipgate_app_counts, is_dry_run: bool) {
        let sum = Sum { allowed: counts.allowed, denied: counts.denied };
        self.decisions += Counts::new(sum, is_dry_run);
        self.denials += Denials(counts.reasons);
    }
}

impl AddAssign for Decided {
    fn add_assign(&mut self, other: Decided) {
        self.decisions += other.decisions;
        self.denials += other.denials;
    }
}

/// Decisions by label.
#[derive(Debug, Default, Serialize)]
pub(super) struct Tally {
    pub(super) labels: BTreeMap<String, Counts>,
    /// Labels beyond those that are told apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) other_labels: Option<Counts>,
}

impl Tally {
    /// Adds what was decided by entries with a label; what has none is nothing to a tally.
    pub(super) fn count(&mut self, whose: Whose<'_>, counts: Counts) {
        if counts == Counts::default() {
            return;
        }
        match whose {
            Whose::Unlabelled => {}
            Whose::Others => *self.other_labels.get_or_insert_default() += counts,
            Whose::Label(label) => match self.labels.get_mut(label) {
                Some(known) => *known += counts,
                None => drop(self.labels.insert(label.to_owned(), counts)),
            },
        }
    }
}
