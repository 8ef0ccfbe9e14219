//! What one look at a site found.

use std::path::PathBuf;
use std::time::Instant;

use crate::list::Report;
use crate::watch::outcome::{Outcome, WatchError};
use crate::watch::repeats::Repeats;

/// What was found, beside what is kept to be brought into force.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) reports: Vec<(PathBuf, Report)>,
    /// How often what is good now had failed.
    pub(super) failures: u64,
    /// What is to be told.
    pub(super) outcomes: Vec<Outcome>,
    /// Every failure, told or only counted.
    pub(super) errors: Vec<String>,
    /// What no site can begin with.
    fatal: Option<Fatal>,
    /// Something that is of all apps is not known: no other site than the one in force can begin without it.
    pub(super) is_blocked: bool,
    /// When something that is changing may have settled.
    pub(super) settles: Option<Instant>,
    /// Something was read, or is gone.
    pub(super) is_new: bool,
}

impl Gathered {
    /// It may have settled then.
    pub(super) fn settles_at(&mut self, at: Instant) {
        self.settles = Some(self.settles.map_or(at, |before| before.min(at)));
    }

    /// Something is wrong with one app alone.
    pub(super) fn failed(&mut self, repeats: &mut Repeats, error: WatchError) {
        let _ = self.count(repeats, error);
    }

    /// Something is wrong with what is of all apps.
    pub(super) fn failed_for_all(&mut self, repeats: &mut Repeats, error: WatchError) {
        let fatal = match self.count(repeats, error) {
            Ok(place) => Fatal::Told(place),
            Err(error) => Fatal::Counted(error),
        };
        self.fatal.get_or_insert(fatal);
    }

    /// The place of the failure among the outcomes, or the failure where it is not to be told again.
    fn count(&mut self, repeats: &mut Repeats, error: WatchError) -> Result<usize, WatchError> {
        let said = error.to_string();
        let times = repeats.failed(said.clone());
        self.errors.push(said);
        let Some(times) = times else { return Err(error) };
        self.outcomes.push(Outcome::Refused { error, times });
        Ok(self.outcomes.len() - 1)
    }

    /// Adds what was read earlier and is not in force yet.
    pub(super) fn add_earlier(&mut self, earlier: Gathered) {
        self.is_new |= earlier.is_new;
        self.failures += earlier.failures;
        self.reports.splice(0..0, earlier.reports);
        self.errors.splice(0..0, earlier.errors);
    }

    /// What is wrong with what is of all apps.
    pub(super) fn fatal(&mut self) -> Option<WatchError> {
        let place = match self.fatal.take()? {
            Fatal::Counted(error) => return Some(error),
            Fatal::Told(place) => place,
        };
        match self.outcomes.remove(place) {
            Outcome::Refused { error, .. } => Some(error),
            _ => None,
        }
    }
}

/// What is wrong with what is of all apps.
enum Fatal {
    /// Its place among the outcomes.
    Told(usize),
    Counted(WatchError),
}
