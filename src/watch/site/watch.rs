//! The following of a site on a thread.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::followed::FollowedSite;
use crate::site::{SiteGate, SiteParser};
use crate::watch::known::DEFAULT_SETTLE;
use crate::watch::outcome::{Outcome, WatchError};
use crate::watch::thread::{Callback, DEFAULT_INTERVAL};
use crate::watch::watcher::Watcher;

/// Sets up the following of a site into a [`SiteGate`]: a folder, or an image; what [`FollowedSite`] says of both holds.
///
/// Changes are noticed at once where the system notifies, and at the polling interval where it does not. A folder of ten
/// thousand lists has a watch for each folder in it, not for each list; a look at it is a `stat` for each file, about 20 ms
/// for ten thousand.
///
/// ```no_run
/// use ipgate::site::{Site, SiteGate};
/// use ipgate::watch::SiteWatch;
/// let gate = SiteGate::new(&Site::new().with_enforce(true))?; // denies everyone until the site is loaded
/// let watcher = SiteWatch::new(&gate, "/etc/ipgate")
///     .on_outcome(|outcome| eprintln!("{outcome}"))
///     .start()?;
/// # drop(watcher);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "nothing is followed before `start`"]
pub struct SiteWatch {
    gate: SiteGate,
    path: PathBuf,
    parser: SiteParser,
    interval: Duration,
    settle: Duration,
    callback: Callback,
}

impl SiteWatch {
    /// Will follow what stands at that path into that gate; nothing else should change it meanwhile.
    pub fn new(gate: &SiteGate, path: impl Into<PathBuf>) -> SiteWatch {
        SiteWatch {
            gate: gate.clone(),
            path: path.into(),
            parser: SiteParser::new(),
            interval: DEFAULT_INTERVAL,
            settle: DEFAULT_SETTLE,
            callback: Box::new(|_| ()),
        }
    }

    /// How lists are parsed; strictly unless set.
    pub fn parser(self, parser: SiteParser) -> SiteWatch {
        SiteWatch { parser, ..self }
    }

    /// As [`Watch::interval`](crate::Watch::interval).
    pub fn interval(self, interval: Duration) -> SiteWatch {
        SiteWatch { interval: interval.max(Duration::from_millis(10)), ..self }
    }

    /// As [`Watch::settle`](crate::Watch::settle).
    pub fn settle(self, settle: Duration) -> SiteWatch {
        SiteWatch { settle: settle.max(Duration::from_millis(10)), ..self }
    }

    /// As [`Watch::on_outcome`](crate::Watch::on_outcome).
    pub fn on_outcome(self, callback: impl FnMut(Outcome) + Send + 'static) -> SiteWatch {
        SiteWatch { callback: Box::new(callback), ..self }
    }

    /// Loads the site, and follows it from then on.
    ///
    /// # Errors
    ///
    /// As [`FollowedSite::load`], or where the thread cannot be started. Nothing is followed then.
    pub fn start(self) -> Result<Watcher, WatchError> {
        let unreadable = |error| WatchError::Unreadable { path: self.path.clone(), error };
        let site = FollowedSite::new(&self.gate, &self.path).map_err(unreadable)?;
        let site = site.settle(self.settle).map_err(unreadable)?.parser(self.parser);
        Watcher::start(site, self.interval, self.callback)
    }
}

impl fmt::Debug for SiteWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SiteWatch")
            .field("path", &self.path)
            .field("interval", &self.interval)
            .field("settle", &self.settle)
            .finish_non_exhaustive()
    }
}
