//! Loading on a thread, for event loops.

use std::io;
use std::mem;
use std::process;
use std::thread::JoinHandle;

use ipgate::{Gate, Guard};

use crate::boundary;
use crate::error::Failure;
use crate::file::FollowedFile;
use crate::fork;
use crate::load::Loaded;
use crate::threads;

/// A load that is under way.
#[derive(Debug)]
pub(crate) struct Job {
    thread: Option<JoinHandle<Done>>,
    /// The process that started the thread. One that was forked since does not have it.
    process: u32,
    /// The file as it was before.
    before: Option<FollowedFile>,
}

/// The file with what came of loading it: nothing, where it has not changed or is being written again.
pub(crate) type Done = (Option<FollowedFile>, Result<Option<Loaded>, Failure>);

/// What a look at a job shows.
#[allow(clippy::large_enum_variant)] // it lives for a moment
pub(crate) enum Progress {
    /// It is under way.
    Pending(Job),
    /// It has ended.
    Done(Done),
    /// This process does not have its thread; the file as it was before.
    Elsewhere(Option<FollowedFile>),
}

impl Job {
    /// Starts to drop expired entries, to load the file where it has changed, and to compare that with the
    /// gate's table where the guard wants it. Takes the file, unless no thread can be started.
    pub(crate) fn start(file: &mut Option<FollowedFile>, guard: Guard, gate: Gate) -> io::Result<Job> {
        let mut taken = file.clone();
        let load = move || {
            let loaded = boundary::caught(|| {
                fork::put_off(|| gate.drop_expired());
                let Some(loaded) = taken.as_mut().and_then(FollowedFile::load) else { return Ok(None) };
                loaded?.guarded(&guard, &gate).map(Some)
            });
            (taken, loaded)
        };
        let thread = threads::start("ipgate-load", load)?;
        Ok(Job { thread: Some(thread), process: process::id(), before: file.take() })
    }

    /// Whether it has ended, and with what.
    pub(crate) fn look(mut self) -> Progress {
        if self.is_elsewhere() {
            return Progress::Elsewhere(self.before.clone());
        }
        match self.thread.take_if(|thread| thread.is_finished()) {
            None => Progress::Pending(self),
            Some(thread) => {
                let lost = |_| (self.before.clone(), Err(Failure::panic("the loading thread was lost")));
                Progress::Done(thread.join().unwrap_or_else(lost))
            }
        }
    }

    fn is_elsewhere(&self) -> bool {
        self.process != process::id()
    }
}

impl Drop for Job {
    /// Waits for the thread, so that none runs when the library is unloaded.
    fn drop(&mut self) {
        let is_elsewhere = self.is_elsewhere();
        match self.thread.take() {
            Some(thread) if !is_elsewhere => drop(thread.join()),
            not_ours => mem::forget(not_ours),
        }
    }
}
