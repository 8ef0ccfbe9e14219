//! Files followed into a gate.
//!
//! Read from top to bottom: [`Watch`] sets up, the `thread` waits for its `mailbox` or the clock, the
//! `follower` looks at the file of each `source` and brings the gate up to date: with the lines that have changed, where
//! `hunks` finds few of them. `directories` has the system's
//! notifications sent to the mailbox; without them, polling finds the same, later. `site` is what a thread follows for a site.

mod directories;
mod file;
mod follower;
mod hunks;
mod known;
mod mailbox;
mod outcome;
mod repeats;
#[cfg(feature = "site-text")]
mod site;
mod source;
mod stamp;
mod thread;
mod watcher;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

pub use file::Followed;
pub use known::{Glance, Look};
pub use outcome::{Outcome, WatchError};
#[cfg(feature = "site-text")]
pub use site::{FollowedSite, SiteWatch};
pub use watcher::Watcher;

use crate::gate::Gate;
use crate::list::Parser;
use crate::policy::Mode;
use crate::table::Origin;
use follower::Follower;
use thread::{Callback, DEFAULT_INTERVAL};

/// Sets up the following of list files into a [`Gate`]: an app list, a default list or both, combined as a
/// [`Policy`](crate::Policy) does.
///
/// ```no_run
/// use ipgate::{Gate, List, Watch};
/// let gate = Gate::new(&List::new()); // denies everyone until the file is loaded
/// let watcher = Watch::new(&gate)
///     .app("office.list")
///     .on_outcome(|outcome| eprintln!("office.list: {outcome}"))
///     .start()?;
/// assert_eq!(gate.generation(), 2);
/// # drop(watcher);
/// # Ok::<(), ipgate::watch::WatchError>(())
/// ```
///
/// # When a change counts
///
/// Renames over the file, symlink swaps anywhere on the way to it (Kubernetes' `..data`), re-created files
/// and writes in place are noticed at once where the system notifies, and at the polling interval where it
/// does not. A file is then read whole when it has *settled*: its identity, size and times have been the
/// same for the settle time (0.1 s), and still are when it has been read. Longer waits protect files that
/// are written in place, which is better avoided (write a new file beside, rename it over):
///
/// - a file of no bytes, as a truncated one is before it is written anew, must stay so for 2 s;
/// - where the system tells (Linux, with notifications), a file that a program has written to and still
///   has open must be unchanged for 5 s.
///
/// A text that says what is in force already swaps nothing. A file that vanished, cannot be read, does not
/// parse or does not pass the gate's guard changes nothing: the last good list stays in force, and
/// [`Outcome::Refused`] and [`Gate::status`] tell. With two files, each is followed by itself, and what is
/// in force is the policy of the latest good text of each.
///
/// A text of 64 KiB or more that differs in a few lines from what is in force is not parsed and compiled again: those
/// lines are, and stand beside what is compiled ([`Table::updated`](crate::Table::updated)) until nothing has changed for
/// 10 s. That is so where there is nothing to say about the text, no lint is asked for, and no more than a sixteenth of it
/// has changed. The table has no digest of such a text.
///
/// Entries whose `until=` passes are dropped from the table on time; where the clock is set back, they
/// hold again.
#[must_use = "nothing is followed before `start`"]
pub struct Watch {
    gate: Gate,
    app: Option<PathBuf>,
    default: Option<PathBuf>,
    mode: Mode,
    enforce: bool,
    parser: Parser,
    interval: Duration,
    settle: Duration,
    callback: Callback,
}

impl Watch {
    /// Will follow files into that gate; nothing else should swap it meanwhile.
    pub fn new(gate: &Gate) -> Watch {
        Watch {
            gate: gate.clone(),
            app: None,
            default: None,
            mode: Mode::default(),
            enforce: false,
            parser: Parser::new(),
            interval: DEFAULT_INTERVAL,
            settle: known::DEFAULT_SETTLE,
            callback: Box::new(|_| ()),
        }
    }

    /// The file with the app list.
    pub fn app(self, path: impl Into<PathBuf>) -> Watch {
        Watch { app: Some(path.into()), ..self }
    }

    /// The file with the default list.
    pub fn default_list(self, path: impl Into<PathBuf>) -> Watch {
        Watch { default: Some(path.into()), ..self }
    }

    /// How the two lists combine; [`Mode::Extend`] unless set.
    pub fn mode(self, mode: Mode) -> Watch {
        Watch { mode, ..self }
    }

    /// The policy's `enforce`; off unless set. It decides only where no list is set, which does not happen
    /// once [`Watch::start`] has returned, since a file that vanished keeps its list.
    pub fn enforce(self, enforce: bool) -> Watch {
        Watch { enforce, ..self }
    }

    /// How files are parsed; strictly unless set.
    pub fn parser(self, parser: Parser) -> Watch {
        Watch { parser, ..self }
    }

    /// How often the files are looked at without a notification, at least every 10 ms; every second unless
    /// set. A look costs a few system calls; only changed files are read.
    pub fn interval(self, interval: Duration) -> Watch {
        Watch { interval: interval.max(Duration::from_millis(10)), ..self }
    }

    /// For how long a file must have been unchanged before it is read, at least 10 ms (the clocks of file
    /// systems tick that slowly); 100 ms unless set.
    pub fn settle(self, settle: Duration) -> Watch {
        Watch { settle: settle.max(Duration::from_millis(10)), ..self }
    }

    /// What to call with each outcome, on the watching thread, the first load's included. It should return
    /// soon, since nothing is followed meanwhile. If it panics, the panic is recorded as the gate's last
    /// failure, and the following goes on.
    pub fn on_outcome(self, callback: impl FnMut(Outcome) + Send + 'static) -> Watch {
        Watch { callback: Box::new(callback), ..self }
    }

    /// Loads the files, and follows them from then on. Waits where a file was written to a moment ago, for
    /// 10 s at the most.
    ///
    /// # Errors
    ///
    /// [`WatchError`] where a file is missing, unreadable or rejected, the guard refuses the first swap, or
    /// the thread cannot be started. Nothing is followed then, and the gate holds what it held.
    pub fn start(self) -> Result<Watcher, WatchError> {
        let mut follower = Follower::new(self.gate, self.parser, self.mode, self.enforce);
        for (origin, path) in [(Origin::Default, self.default), (Origin::App, self.app)] {
            if let Some(path) = path {
                let file = Followed::new(path.clone()).map(|file| file.settle(self.settle));
                follower.follow(origin, file.map_err(|error| WatchError::Unreadable { path, error })?);
            }
        }
        if !follower.has_files() {
            return Err(WatchError::NoFile);
        }
        Watcher::start(follower, self.interval, self.callback)
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("app", &self.app)
            .field("default", &self.default)
            .field("mode", &self.mode)
            .field("enforce", &self.enforce)
            .field("interval", &self.interval)
            .field("settle", &self.settle)
            .finish_non_exhaustive()
    }
}
