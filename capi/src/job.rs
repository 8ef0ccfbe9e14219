//! Loading on a thread, for event loops.
//!
//! The thread also frees the table that was replaced: giving millions of bytes back to the system takes its time, and
//! waits for whoever else changes the process's memory.

use std::io;
use std::mem;
use std::process;
use std::sync::mpsc::{self, Receiver, SyncSender, TryRecvError};
use std::thread::JoinHandle;

use crate::threads;

/// A load that is under way, or whose thread waits for what it is to free: what was there before, what comes of it, and
/// what it replaces.
#[derive(Debug)]
pub(crate) struct Job<B, D, R> {
    thread: Option<Thread<D, R>>,
    /// The process that started the thread. One that was forked since does not have it.
    process: u32,
    /// What to begin with again where the thread is lost.
    before: B,
}

#[derive(Debug)]
struct Thread<D, R> {
    handle: JoinHandle<()>,
    /// What came of it.
    outcome: Receiver<D>,
    /// What was replaced. The thread ends with it, or with this end of the way.
    retired: SyncSender<R>,
}

/// What a look at a job shows.
#[allow(clippy::large_enum_variant)] // it lives for a moment
pub(crate) enum Progress<B, D, R> {
    /// It is under way.
    Pending(Job<B, D, R>),
    /// It has ended. The job is to be kept until another one is started, and its thread is gone by then.
    Done(Box<D>, Job<B, D, R>),
    /// The thread ended without a word; what was there before.
    Lost(B),
    /// This process does not have its thread; what was there before.
    Elsewhere(B),
}

impl<B: Clone, D: Send + 'static, R: Send + 'static> Job<B, D, R> {
    /// Starts it.
    pub(crate) fn start(before: B, load: impl FnOnce() -> D + Send + 'static) -> io::Result<Job<B, D, R>> {
        let (sender, outcome) = mpsc::sync_channel(1);
        let (retired, replaced) = mpsc::sync_channel(1);
        let body = move || {
            threads::in_short_slices();
            // Nobody to receive it: the gate is gone.
            let _ = sender.send(load());
            drop(replaced.recv());
        };
        let handle = threads::start("ipgate-load", body)?;
        let thread = Some(Thread { handle, outcome, retired });
        Ok(Job { thread, process: process::id(), before })
    }

    /// Whether it has ended, and with what.
    pub(crate) fn look(self) -> Progress<B, D, R> {
        if self.is_elsewhere() {
            return Progress::Elsewhere(self.before.clone());
        }
        match self.thread.as_ref().map(|thread| thread.outcome.try_recv()) {
            Some(Ok(done)) => Progress::Done(Box::new(done), self),
            Some(Err(TryRecvError::Empty)) => Progress::Pending(self),
            Some(Err(TryRecvError::Disconnected)) | None => Progress::Lost(self.before.clone()),
        }
    }
}

impl<B, D, R> Job<B, D, R> {
    /// Has the thread free what was replaced, if nobody else holds it any more, and end.
    pub(crate) fn retire(&self, replaced: R) {
        if let Some(thread) = self.thread.as_ref().filter(|_| !self.is_elsewhere()) {
            // It takes one, and does not only where it was lost.
            let _ = thread.retired.try_send(replaced);
        }
    }

    fn is_elsewhere(&self) -> bool {
        self.process != process::id()
    }
}

impl<B, D, R> Drop for Job<B, D, R> {
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
