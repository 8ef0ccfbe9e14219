//! What a site's handle holds beside the library's gate: what came of the last changes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ipgate::site::{Changes, Site, SiteGate};

use crate::error::ipgate_error;
use crate::failure::{Failure, Failures};
use crate::fault;

use super::file::Followed;

/// The holder of all that one fleet of routers enforces: a default list, how the lists of apps combine with it,
/// whether lists are required, and the apps, each with a list, a mode and hosts of its own where it has them. For
/// each app the table of ipgate_policy holds; an app that the site does not name has no list.
///
/// The default list is compiled and held once, however many apps there are. Changing an app compiles its list alone,
/// and a check sees the site as it was before a change or as it is after it.
///
/// Any number of threads may use one at the same time, except to free it. Changes exclude each other: one waits for
/// the other. A change that fails, for whatever reason, changes nothing but ipgate_site_get_stats() and
/// ipgate_site_last_error().
#[derive(Debug)]
pub struct ipgate_site {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    gate: SiteGate,
    writer: Mutex<Writer>,
}

/// What changes need and leave behind.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    /// The folder or image that ipgate_site_poll() looks at.
    pub(super) followed: Followed,
    /// What there was to say about the list that was taken last.
    pub(crate) warnings: Option<ipgate_error>,
    /// Since the last change.
    pub(super) failures: Failures,
}

/// What is to be different, and what there is to say about the list that it brings, where it brings one.
pub(super) struct Change {
    pub(super) changes: Changes,
    pub(crate) warnings: Option<ipgate_error>,
}

impl Change {
    /// To another site.
    pub(super) fn to(site: &Site) -> Change {
        Change { changes: Changes::to(site), warnings: None }
    }
}

impl ipgate_site {
    pub(super) fn new(gate: SiteGate) -> ipgate_site {
        ipgate_site { shared: Arc::new(Shared { gate, writer: Mutex::default() }) }
    }

    pub(crate) fn gate(&self) -> &SiteGate {
        &self.shared.gate
    }

    /// Another handle on the same site.
    pub(crate) fn share(&self) -> ipgate_site {
        ipgate_site { shared: Arc::clone(&self.shared) }
    }

    /// The writer's lock. Every step of a change leaves it consistent, so a poisoned one is as good.
    pub(crate) fn writer(&self) -> MutexGuard<'_, Writer> {
        self.shared.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a change, or records why not.
    pub(super) fn take(&self, change: Result<Change, Failure>) -> Result<(), Failure> {
        let mut writer = self.writer();
        let outcome = change.and_then(|change| self.apply(&mut writer, change));
        if let Err(failure) = &outcome {
            self.gate().record_failure(failure.message());
            writer.failures.add(failure.clone());
        }
        outcome
    }

    fn apply(&self, writer: &mut Writer, change: Change) -> Result<(), Failure> {
        fault::point();
        self.gate().apply(&change.changes).map_err(|refused| Failure::refused(&refused))?;
        writer.warnings = change.warnings.or(writer.warnings.take());
        writer.failures.clear();
        writer.followed = Followed::default();
        Ok(())
    }
}
