//! The handle of a watching thread.

use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use super::mailbox::Mailbox;
use super::outcome::WatchError;
use super::thread::{Callback, Follow, Thread};

/// Files being followed. Dropping it ends the following and waits for the thread; the gate keeps what it
/// holds.
#[derive(Debug)]
#[must_use = "dropping the watcher ends the following"]
pub struct Watcher {
    mailbox: Arc<Mailbox>,
    thread: Option<JoinHandle<()>>,
}

impl Watcher {
    /// Loads everything on this thread, and follows it on another.
    pub(super) fn start(
        follow: impl Follow,
        interval: Duration,
        callback: Callback,
    ) -> Result<Watcher, WatchError> {
        let mailbox = Arc::new(Mailbox::default());
        // The thread comes first and waits: nothing can fail once the gate has what was loaded.
        let (hand_over, handed_over) = mpsc::channel::<Thread<_>>();
        let thread = std::thread::Builder::new().name("ipgate-watch".to_owned());
        let thread = thread.spawn(move || handed_over.recv().map_or((), Thread::run));
        let watcher = Watcher {
            mailbox: Arc::clone(&mailbox),
            thread: Some(thread.map_err(|error| WatchError::Thread { error })?),
        };
        let loaded = Thread::load(follow, mailbox, interval, callback);
        let result = loaded.map(|following| drop(hand_over.send(following)));
        drop(hand_over); // a thread that got nothing ends, and dropping the watcher waits for it
        result.map(|()| watcher)
    }

    /// Has the files read again now, whether they look changed or not, and what the guard refused tried
    /// again. Returns at once; the callback gets the outcome.
    pub fn poll_now(&self) {
        self.mailbox.reread();
    }

    /// Whether the thread is alive, as it is until [`Watcher::stop`].
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// Ends the following and waits for the thread, and so for a callback that is running: the callback is
    /// not called after this. The same as dropping the watcher.
    pub fn stop(self) {}
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.mailbox.stop();
        // The thread cannot wait for itself, where the callback owns the watcher.
        if let Some(thread) = self.thread.take().filter(|t| t.thread().id() != std::thread::current().id()) {
            let _ = thread.join(); // its panic is the gate's last failure
        }
    }
}
