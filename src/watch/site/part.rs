//! A file that says something of all apps: settings, or hosts.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use super::gathered::Gathered;
use crate::list::Parser;
use crate::site::SiteTextError;
use crate::site::text::Problem;
use crate::watch::file::Followed;
use crate::watch::known::Look;
use crate::watch::outcome::WatchError;
use crate::watch::repeats::Repeats;

/// Reads such a text.
pub(super) type Read<T> = fn(&Path, &str) -> Result<T, Vec<Problem>>;

/// Such a file. Where it is missing from the start, it says what is said by default; one that is bad or vanishes goes on to say
/// what it said, since that may have closed the gate, and where it never said anything, nothing comes into force.
pub(super) struct Part<T> {
    file: Followed,
    read: Read<T>,
    was_there: bool,
    was_good: bool,
    /// What was last good.
    pub(super) latest: Arc<T>,
    pub(super) in_force: Arc<T>,
    /// Whether the two differ, or may.
    is_new: bool,
    repeats: Repeats,
}

impl<T: Default + Clone> Part<T> {
    pub(super) fn new(file: Followed, read: Read<T>) -> Part<T> {
        let (latest, in_force, repeats) = (Arc::default(), Arc::default(), Repeats::default());
        Part { file, read, was_there: false, was_good: false, latest, in_force, is_new: false, repeats }
    }

    pub(super) fn forget(&mut self) {
        self.file.forget();
    }

    pub(super) fn look(&mut self, now: Instant, retry: bool, parser: &Parser, gathered: &mut Gathered) {
        if !self.was_there && self.file.path().symlink_metadata().is_err() {
            return;
        }
        self.take(now, retry, parser, gathered);
        gathered.is_blocked |= !self.was_good;
    }

    fn take(&mut self, now: Instant, retry: bool, parser: &Parser, gathered: &mut Gathered) {
        let content = match self.file.look(now, retry, parser) {
            Look::Same => return,
            Look::Unsettled(until) => return gathered.settles_at(until),
            Look::Text(content) => content,
            Look::Failed(error) => return gathered.failed_for_all(&mut self.repeats, error),
        };
        self.was_there = true;
        let name = self.file.name();
        let read = match std::str::from_utf8(&content) {
            Ok(text) => (self.read)(name, text),
            Err(_) => Err(vec![Problem::new(name, "it is no UTF-8 text")]),
        };
        match read {
            Ok(latest) => {
                self.latest = Arc::new(latest);
                (self.was_good, self.is_new, gathered.is_new) = (true, true, true);
                gathered.failures += self.repeats.recovered();
            }
            Err(problems) => {
                let error = WatchError::Site { error: SiteTextError::new(problems) };
                gathered.failed_for_all(&mut self.repeats, error);
            }
        }
    }

    pub(super) fn is_in_force(&self) -> bool {
        !self.is_new
    }

    /// To be told when it is.
    pub(super) fn comes_into_force(&mut self) {
        if self.is_new {
            self.in_force = Arc::clone(&self.latest);
            self.is_new = false;
        }
    }

    /// To be told when all of it is but what `keep` puts back to what it was.
    pub(super) fn comes_into_force_but(&mut self, keep: impl FnOnce(&mut T, &T)) {
        let before = std::mem::replace(&mut self.in_force, Arc::clone(&self.latest));
        keep(Arc::make_mut(&mut self.in_force), &before);
        self.is_new = true;
    }
}
