//! The watching thread: waits, looks, tells.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::directories::Directories;
use super::mailbox::Mailbox;
use super::outcome::{Outcome, WatchError};
use super::repeats::Repeats;
use crate::list::Until;

/// How often files are polled, unless set otherwise.
pub(super) const DEFAULT_INTERVAL: Duration = Duration::from_secs(1);
/// No waiting is longer than this, so that a clock that jumps is noticed.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// Notifications within this time are one: a busy directory costs 50 looks a second at the most.
const GATHERING: Duration = Duration::from_millis(20);

pub(super) type Callback = Box<dyn FnMut(Outcome) + Send>;

/// What a thread follows.
pub(super) trait Follow: Send + 'static {
    /// Loads everything for the first time; what is to be told.
    fn start(&mut self) -> Result<Vec<Outcome>, WatchError>;
    /// The files whose ways are watched, there or not.
    fn paths(&self) -> Vec<PathBuf>;
    /// Marks files that are written to, or were closed by their writer.
    fn heed(&mut self, writers: &HashMap<PathBuf, bool>);
    /// Has everything read again, whether it looks changed or not.
    fn forget(&mut self);
    /// Brings the gate up to date. Returns what is to be told, and when to look again although nothing may happen until then.
    fn look(&mut self, now: Instant, retry: bool) -> (Vec<Outcome>, Option<Instant>);
    /// What is due with time alone: what has expired, and what is better done later.
    fn upkeep(&mut self, now: Instant) -> Vec<Outcome>;
    /// When the next entry expires, where that must not wait for the next look.
    fn next_expiry(&self) -> Option<Until>;
    /// How the gate is told of what goes wrong.
    fn recorder(&self) -> Box<dyn Fn(&str) + Send>;
}

/// What the thread works with.
pub(super) struct Thread<F> {
    follower: F,
    directories: Directories,
    mailbox: Arc<Mailbox>,
    interval: Duration,
    callback: Callback,
    /// Failures to get notifications.
    notifications: Repeats,
    /// What is to be told first.
    first: Vec<Outcome>,
}

impl<F: Follow> Thread<F> {
    /// Loads the files, on the thread of the caller.
    pub(super) fn load(
        follower: F,
        mailbox: Arc<Mailbox>,
        interval: Duration,
        callback: Callback,
    ) -> Result<Thread<F>, WatchError> {
        let directories = Directories::new(Arc::clone(&mailbox));
        let (notifications, first) = (Repeats::default(), Vec::new());
        let mut thread = Thread { follower, directories, mailbox, interval, callback, notifications, first };
        // Notifications come first: what happens while the files are loaded is not missed.
        let polling_only = thread.follow_directories();
        let loaded = thread.follower.start()?;
        thread.first.extend(loaded);
        thread.first.extend(polling_only);
        Ok(thread)
    }

    /// Follows the files until the mailbox says stop. A panic in here would be a defect of this library;
    /// it is not passed over in silence.
    pub(super) fn run(mut self) {
        let record = self.follower.recorder();
        if catch_unwind(AssertUnwindSafe(|| self.follow())).is_err() {
            record("the list files are no longer followed: the watching thread panicked");
        }
    }

    fn follow(&mut self) {
        let first = std::mem::take(&mut self.first);
        self.tell(first);
        let mut settles: Option<Instant> = None;
        let mut next_poll = Instant::now() + self.interval;
        loop {
            let deadline = [settles, self.next_expiry()].into_iter().flatten().fold(next_poll, Instant::min);
            let mail = self.mailbox.take(deadline.min(Instant::now() + LONGEST_WAIT));
            if mail.stop {
                return;
            }
            if mail.look {
                std::thread::sleep(GATHERING);
            }
            self.follower.heed(&mail.writers);
            if mail.reread {
                self.follower.forget();
            }
            let now = Instant::now();
            let is_poll = now >= next_poll;
            if is_poll {
                next_poll = now + self.interval;
            }
            if is_poll || mail.look {
                let polling_only = self.follow_directories();
                self.tell(polling_only);
            }
            let (outcomes, unsettled) = self.follower.look(now, is_poll);
            settles = unsettled;
            self.tell(outcomes);
            let kept_up = self.follower.upkeep(now);
            self.tell(kept_up);
        }
    }

    /// When the next entry of the gate's table expires.
    fn next_expiry(&self) -> Option<Instant> {
        let until = self.follower.next_expiry()?;
        let wait = until.system_time().duration_since(SystemTime::now()).unwrap_or_default();
        Instant::now().checked_add(wait)
    }

    /// Watches the directories that lead to the files now.
    fn follow_directories(&mut self) -> Option<Outcome> {
        match self.directories.follow(self.follower.paths().iter().map(PathBuf::as_path)) {
            Ok(()) => {
                self.notifications.recovered();
                None
            }
            Err(error) => {
                let times = self.notifications.failed(error.clone())?;
                Some(Outcome::PollingOnly { error, times })
            }
        }
    }

    fn tell(&mut self, outcomes: impl IntoIterator<Item = Outcome>) {
        for outcome in outcomes {
            if catch_unwind(AssertUnwindSafe(|| (self.callback)(outcome))).is_err() {
                let panicked = "the callback that is told of list files panicked; they are still followed";
                self.follower.recorder()(panicked);
            }
        }
    }
}
