//! Where the notifications of the system and the calls of the owner reach the watching thread. Whatever
//! comes, and however much of it, is one [`Mail`]: its size is bounded.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use notify::event::{AccessKind, AccessMode, Event, EventKind, ModifyKind};

/// Whether the system says when a file that was open for writing is closed.
const CLOSING_IS_TOLD: bool = cfg!(any(target_os = "linux", target_os = "android"));

#[derive(Debug, Default)]
pub(super) struct Mailbox {
    state: Mutex<State>,
    bell: Condvar,
}

#[derive(Debug, Default)]
struct State {
    mail: Mail,
    /// The files whose writers matter, without symlinks on the way.
    targets: Vec<PathBuf>,
}

/// What has come since the last time.
#[derive(Debug, Default)]
pub(super) struct Mail {
    /// The owner wants the thread to end.
    pub(super) stop: bool,
    /// The owner wants the files to be read again.
    pub(super) reread: bool,
    /// Something has happened in the watched directories.
    pub(super) look: bool,
    /// Targets that were written to (true), or closed by their writer (false).
    pub(super) writers: HashMap<PathBuf, bool>,
}

impl Mailbox {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the thread.
    pub(super) fn stop(&self) {
        self.state().mail.stop = true;
        self.bell.notify_all();
    }

    /// Has the files read again.
    pub(super) fn reread(&self) {
        self.state().mail.reread = true;
        self.bell.notify_all();
    }

    /// Sets the files whose writers matter.
    pub(super) fn set_targets(&self, targets: Vec<PathBuf>) {
        self.state().targets = targets;
    }

    /// Takes a notification. An error means that some may have been lost, which a look makes good.
    pub(super) fn notified(&self, event: notify::Result<Event>) {
        let written = match event.as_ref().map(|event| event.kind) {
            Ok(EventKind::Access(AccessKind::Close(AccessMode::Write))) => Some(false),
            Ok(EventKind::Access(_)) => return, // reading, ours among others
            Ok(EventKind::Modify(ModifyKind::Data(_))) => Some(true),
            _ => None,
        };
        let paths = event.map(|event| event.paths).unwrap_or_default();
        let mut state = self.state();
        if let Some(written) = written.filter(|_| CLOSING_IS_TOLD) {
            for path in paths.into_iter().filter(|path| state.is_target(path)).collect::<Vec<_>>() {
                state.mail.writers.insert(path, written);
            }
        }
        state.mail.look = true;
        drop(state);
        self.bell.notify_all();
    }

    /// Waits for mail until the deadline, and takes what there is.
    pub(super) fn take(&self, deadline: Instant) -> Mail {
        let state = self.state();
        let wait = deadline.saturating_duration_since(Instant::now());
        let (mut state, _) = self
            .bell
            .wait_timeout_while(state, wait, |state| {
                !(state.mail.stop || state.mail.reread || state.mail.look)
            })
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut state.mail)
    }
}

impl State {
    fn is_target(&self, path: &Path) -> bool {
        self.targets.iter().any(|target| target == path)
    }
}
