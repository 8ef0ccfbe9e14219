//! The watching thread: waits, looks, tells.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::directories::Directories;
use super::file::Followed;
use super::follower::Follower;
use super::mailbox::Mailbox;
use super::outcome::{Outcome, WatchError};
use super::repeats::Repeats;

/// No waiting is longer than this, so that a clock that jumps is noticed.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// Notifications within this time are one: a busy directory costs 50 looks a second at the most.
const GATHERING: Duration = Duration::from_millis(20);

pub(super) type Callback = Box<dyn FnMut(Outcome) + Send>;

/// What the thread works with.
pub(super) struct Thread {
    follower: Follower,
    directories: Directories,
    mailbox: Arc<Mailbox>,
    interval: Duration,
    callback: Callback,
    /// Failures to get notifications.
    notifications: Repeats,
    /// What is to be told first.
    first: Vec<Outcome>,
}

impl Thread {
    /// Loads the files, on the thread of the caller.
    pub(super) fn load(
        follower: Follower,
        mailbox: Arc<Mailbox>,
        interval: Duration,
        callback: Callback,
    ) -> Result<Thread, WatchError> {
        let directories = Directories::new(Arc::clone(&mailbox));
        let (notifications, first) = (Repeats::default(), Vec::new());
        let mut thread = Thread { follower, directories, mailbox, interval, callback, notifications, first };
        // Notifications come first: what happens while the files are loaded is not missed.
        let polling_only = thread.follow_directories();
        thread.first.push(thread.follower.start()?);
        thread.first.extend(polling_only);
        Ok(thread)
    }

    /// Follows the files until the mailbox says stop. A panic in here would be a defect of this library;
    /// it is not passed over in silence.
    pub(super) fn run(mut self) {
        let gate = self.follower.gate().clone();
        if catch_unwind(AssertUnwindSafe(|| self.follow())).is_err() {
            gate.record_failure("the list files are no longer followed: the watching thread panicked");
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
            let expired = self.follower.expire(SystemTime::now());
            self.tell(expired);
            let compacted = self.follower.compact(now);
            self.tell(compacted);
        }
    }

    /// When the next entry of the gate's table expires.
    fn next_expiry(&self) -> Option<Instant> {
        let until = self.follower.gate().snapshot().table().next_expiry()?;
        let wait = until.system_time().duration_since(SystemTime::now()).unwrap_or_default();
        Instant::now().checked_add(wait)
    }

    /// Watches the directories that lead to the files now.
    fn follow_directories(&mut self) -> Option<Outcome> {
        match self.directories.follow(self.follower.files().map(Followed::path)) {
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
                self.follower.gate().record_failure(panicked);
            }
        }
    }
}
