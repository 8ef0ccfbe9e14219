//! Loading on a thread, for event loops.
//!
//! The thread also frees the table that was replaced: giving millions of bytes back to the system takes its time, and
//! waits for whoever else changes the process's memory.

use std::io;
use std::mem;
use std::process;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, SyncSender, TryRecvError};
use std::thread::JoinHandle;

use ipgate::{
    Gate,
    gate::{Guard, Snapshot},
};

use crate::boundary;
use crate::failure::Failure;
use crate::file::FollowedFile;
use crate::fork;
use crate::load::Loaded;
use crate::threads;

/// A load that is under way, or whose thread waits for what it is to free.
#[derive(Debug)]
pub(crate) struct Job {
    thread: Option<Thread>,
    /// The process that started the thread. One that was forked since does not have it.
    process: u32,
    /// The file as it was before.
    before: Option<FollowedFile>,
}

#[derive(Debug)]
struct Thread {
    handle: JoinHandle<()>,
    /// What came of it.
    outcome: Receiver<Done>,
    /// The table that was replaced. The thread ends with it, or with this end of the way.
    retired: SyncSender<Arc<Snapshot>>,
}

/// The file with what came of loading it: nothing, where it has not changed or is being written again.
pub(crate) type Done = (Option<FollowedFile>, Result<Option<Loaded>, Failure>);

/// What a look at a job shows.
#[allow(clippy::large_enum_variant)] // it lives for a moment
pub(crate) enum Progress {
    /// It is under way.
    Pending(Job),
    /// It has ended. The job is to be kept until another one is started, and its thread is gone by then.
    Done(Box<Done>, Job),
    /// This process does not have its thread; the file as it was before.
    Elsewhere(Option<FollowedFile>),
}

impl Job {
    /// Starts to drop expired entries and to take in those that hold again, to load the file where it has changed, and to compare that with the
    /// gate's table where the guard wants it. Takes the file, unless no thread can be started.
    pub(crate) fn start(file: &mut Option<FollowedFile>, guard: Guard, gate: Gate) -> io::Result<Job> {
        let mut taken = file.clone();
        let (sender, outcome) = mpsc::sync_channel(1);
        let (retired, replaced) = mpsc::sync_channel(1);
        let load = move || {
            threads::in_short_slices();
            let loaded = boundary::caught(|| {
                fork::put_off(|| gate.drop_expired());
                let Some(loaded) = taken.as_mut().and_then(FollowedFile::load) else { return Ok(None) };
                loaded?.guarded(&guard, &gate).map(Some)
            });
            drop((guard, gate));
            // Nobody to receive it: the gate is gone.
            let _ = sender.send((taken, loaded));
            drop(replaced.recv());
        };
        let handle = threads::start("ipgate-load", load)?;
        let thread = Some(Thread { handle, outcome, retired });
        Ok(Job { thread, process: process::id(), before: file.take() })
    }

    /// Whether it has ended, and with what.
    pub(crate) fn look(self) -> Progress {
        if self.is_elsewhere() {
            return Progress::Elsewhere(self.before.clone());
        }
        match self.thread.as_ref().map(|thread| thread.outcome.try_recv()) {
            Some(Ok(done)) => Progress::Done(Box::new(done), self),
            Some(Err(TryRecvError::Empty)) => Progress::Pending(self),
            Some(Err(TryRecvError::Disconnected)) | None => {
                let lost = (self.before.clone(), Err(Failure::panic("the loading thread was lost")));
                Progress::Done(Box::new(lost), self)
            }
        }
    }

    /// Has the thread free a table, if nobody else holds it any more, and end.
    pub(crate) fn retire(&self, replaced: Arc<Snapshot>) {
        if let Some(thread) = self.thread.as_ref().filter(|_| !self.is_elsewhere()) {
            // It takes one, and does not only where it was lost.
            let _ = thread.retired.try_send(replaced);
        }
    }

    fn is_elsewhere(&self) -> bool {
        self.process != process::id()
    }
}

impl Drop for Job {
    /// Waits for the thread, so that none runs when the library is unloaded. In another process nothing of it is
    /// touched: whatever it had locked when the process was forked stays so.
    fn drop(&mut self) {
        let is_elsewhere = self.is_elsewhere();
        match self.thread.take() {
            Some(Thread { handle, retired, .. }) if !is_elsewhere => {
                drop(retired);
                drop(handle.join());
            }
            not_ours => mem::forget(not_ours),
        }
    }
}
