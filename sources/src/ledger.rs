//! What is bad in a source, and what is gone and held for a while.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use crate::notice::{Notice, Part};

/// The parts of one source that are not as they should be.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// What is gone and still in force, and from when on a reading may confirm it.
    held: BTreeMap<Part, Instant>,
    bad: BTreeMap<Part, Bad>,
    /// What there is to tell.
    pub(crate) notices: Vec<Notice>,
}

/// Something that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bad {
    /// What is wrong, and where.
    pub message: String,
    /// Since when.
    pub since: SystemTime,
    /// Whether there is a good one that stays.
    pub has_good: bool,
    /// How many different bad ones there were since it was good.
    pub attempts: u64,
}

/// How what is gone is looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    /// When the reading of a whole began; a stream of changes confirms nothing.
    pub(crate) whole_began: Option<Instant>,
    pub(crate) now: Instant,
    pub(crate) settle: Duration,
}

impl Ledger {
    /// Whether something that is gone has to go, since that closes the gate or a reading has confirmed it; until then it is
    /// held.
    pub(crate) fn may_go(&mut self, part: &Part, closes: bool, reading: &Reading) -> bool {
        let due = self.held.get(part);
        let is_confirmed = due.is_some_and(|due| reading.whole_began.is_some_and(|began| began >= *due));
        if closes || is_confirmed {
            if self.held.remove(part).is_some() {
                self.notices.push(Notice::Unset { part: part.clone() });
            }
            return true;
        }
        if due.is_none() {
            self.held.insert(part.clone(), reading.now + reading.settle);
            self.notices.push(Notice::Held { part: part.clone(), settle: reading.settle });
        }
        false
    }

    /// It is there again, or something else is gone of it, which has a time of its own.
    pub(crate) fn release(&mut self, part: &Part) {
        self.held.remove(part);
    }

    pub(crate) fn is_held(&self, part: &Part) -> bool {
        self.held.contains_key(part)
    }

    pub(crate) fn is_bad(&self, part: &Part) -> bool {
        self.bad.contains_key(part)
    }

    pub(crate) fn note_bad(&mut self, part: &Part, message: String, has_good: bool) {
        let before = self.bad.get(part);
        if before.is_some_and(|before| before.message == message) {
            return;
        }
        let (since, attempts) =
            before.map_or((SystemTime::now(), 0), |before| (before.since, before.attempts));
        // A list that is bad in another way is told again; the time is that of the first.
        self.notices.push(Notice::Bad { part: part.clone(), message: message.clone(), has_good });
        self.bad.insert(part.clone(), Bad { message, since, has_good, attempts: attempts + 1 });
    }

    pub(crate) fn note_good(&mut self, part: &Part) {
        if self.bad.remove(part).is_some() {
            self.notices.push(Notice::Good { part: part.clone() });
        }
    }

    /// When a reading should begin that confirms what is gone.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.held.values().min().copied()
    }

    pub(crate) fn held(&self) -> impl Iterator<Item = &Part> {
        self.held.keys()
    }

    pub(crate) fn bad(&self) -> &BTreeMap<Part, Bad> {
        &self.bad
    }
}
