//! The followed list of an app, or the default list.

use std::time::{Duration, Instant};

use super::gathered::Gathered;
use crate::list::{Parser, ReadError};
use crate::site::text::list_of_content;
use crate::site::{AppName, ListSlot};
use crate::table::Origin;
use crate::watch::known::{Known, Look, Place};
use crate::watch::outcome::WatchError;
use crate::watch::repeats::Repeats;

/// For how long a list must be gone before it is unset: it may be a writer that removes before it writes.
const GONE: Duration = Duration::from_secs(2);

/// A list that is followed. There are many: what is in force is kept by the gate alone, and its place follows from its name.
pub(super) struct ListFile {
    known: Known,
    /// What is to be in force and is not.
    held: Option<ListSlot>,
    /// The listing that found it last.
    found: u32,
    /// Whether a list was ever in force in its place.
    was_good: bool,
    /// What is wrong with it.
    trouble: Option<Box<Trouble>>,
}

/// What few lists have.
#[derive(Default)]
struct Trouble {
    /// Since when it is gone.
    gone: Option<Instant>,
    failures: Repeats,
}

impl ListFile {
    /// A list in whose place one is in force already or not.
    pub(super) fn new(was_good: bool) -> ListFile {
        ListFile { known: Known::default(), held: None, found: 0, was_good, trouble: None }
    }

    pub(super) fn forget(&mut self) {
        self.known.forget();
    }

    /// It was found with that listing.
    pub(super) fn is_found(&mut self, listing: u32) {
        self.found = listing;
    }

    /// The listing that found it last.
    pub(super) fn found(&self) -> u32 {
        self.found
    }

    /// What is to stand in the place of the list and does not yet.
    pub(super) fn held(&self) -> Option<&ListSlot> {
        self.held.as_ref()
    }

    /// What is to stand in the place of the list, where that is `in_force` now: one that was not read yet has said nothing.
    pub(super) fn slot(&self, in_force: impl FnOnce() -> ListSlot) -> ListSlot {
        match &self.held {
            Some(held) => held.clone(),
            None if self.was_good => in_force(),
            None => ListSlot::Waiting,
        }
    }

    /// It is not where it was looked for.
    pub(super) fn is_gone(&mut self, now: Instant, gathered: &mut Gathered) {
        let since = *self.trouble.get_or_insert_default().gone.get_or_insert(now);
        if self.held.as_ref().is_some_and(ListSlot::is_unset) {
            return;
        }
        match now.saturating_duration_since(since) >= GONE {
            true => (self.held, gathered.is_new) = (Some(ListSlot::Unset), true),
            false => gathered.settles_at(since + GONE),
        }
    }

    /// It is where it was looked for. One that has come back is as it was, unless it is another.
    fn is_there(&mut self) {
        let gone = self.trouble.as_mut().and_then(|trouble| trouble.gone.take());
        if gone.is_some() && self.held.as_ref().is_some_and(ListSlot::is_unset) {
            self.held = None;
        }
    }

    /// Looks at it, where it was looked for.
    pub(super) fn look(
        &mut self,
        app: Option<&AppName>,
        place: Place<'_>,
        now: Instant,
        retry: bool,
        parser: &Parser,
        gathered: &mut Gathered,
    ) {
        self.is_there();
        let error = match self.known.look(place, now, retry, parser) {
            Look::Same => return,
            Look::Unsettled(until) => return gathered.settles_at(until),
            Look::Failed(WatchError::Missing { .. }) => return, // it went just now, and is gone at the next look
            Look::Failed(error) => error,
            Look::Text(content) => match list_of_content(parser, place.name, content) {
                Ok((slot, report)) => {
                    // Here, where nobody waits for it.
                    let slot = slot.into_compiled(if app.is_some() { Origin::App } else { Origin::Default });
                    (self.held, gathered.is_new) = (Some(slot), true);
                    if !report.is_empty() {
                        gathered.reports.push((place.name.to_owned(), report));
                    }
                    gathered.failures +=
                        self.trouble.take().map_or(0, |mut trouble| trouble.failures.recovered());
                    return;
                }
                Err(ReadError::Io { path, error }) => WatchError::Unreadable { path, error },
                Err(ReadError::Rejected { path, rejected }) => WatchError::Rejected { path, rejected },
            },
        };
        let repeats = &mut self.trouble.get_or_insert_default().failures;
        let has_good = self.was_good || self.held.as_ref().is_some_and(ListSlot::has_list);
        if has_good {
            return gathered.failed(repeats, error);
        }
        if self.held != Some(ListSlot::Waiting) {
            (self.held, gathered.is_new) = (Some(ListSlot::Waiting), true);
        }
        let error = WatchError::NeverGood { app: app.cloned(), error: Box::new(error) };
        match app {
            Some(_) => gathered.failed(repeats, error),
            None => gathered.failed_for_all(repeats, error),
        }
    }

    /// Takes note that what was held is in force; whether there is a list any more.
    pub(super) fn comes_into_force(&mut self) -> bool {
        let Some(held) = self.held.take() else { return true };
        self.was_good |= held.has_list();
        !held.is_unset()
    }
}
