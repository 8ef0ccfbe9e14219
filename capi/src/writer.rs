//! What a gate's handle holds beside the library's gate: who may swap, with which guard, and what came of it.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ipgate::{
    Gate,
    gate::{Guard, Snapshot},
    list::Parser,
};

use crate::error::ipgate_error;
use crate::failure::{Failure, Failures};
use crate::fault;
use crate::file::FollowedFile;
use crate::job::Job;
use crate::load::{Loaded, Origin};

/// The holder of the current table, which is swapped while readers check.
///
/// Any number of threads may use one at the same time, except to free it. Swaps exclude each other: one waits
/// for the other. A swap that fails, for whatever reason, changes nothing but ipgate_gate_stats() and
/// ipgate_gate_last_error().
#[derive(Debug)]
pub struct ipgate_gate {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// Without a guard of its own: the one in `Writer` is asked where the compiling is done.
    gate: Gate,
    writer: Mutex<Writer>,
}

/// What swaps need and leave behind.
#[derive(Debug)]
pub(crate) struct Writer {
    gate: Gate,
    pub(crate) guard: Guard,
    /// Where the current table comes from.
    pub(crate) origin: Origin,
    /// What there was to say about it.
    pub(crate) warnings: Option<ipgate_error>,
    /// Since the last swap.
    pub(crate) failures: Failures,
    /// The file that ipgate_gate_poll() looks at, with the parser for it. Not here while a job has it.
    pub(crate) file: Option<FollowedFile>,
    /// What is loaded on a thread.
    pub(crate) job: Option<Load>,
    /// The job before, and the table that its own replaced, which its thread frees at the next poll: those who read
    /// have let go of it by then.
    pub(crate) former: Option<(Load, Option<Arc<Snapshot>>)>,
}

/// A load of a file: with what came of it, which is nothing where it has not changed or is being written again.
type Load = Job<Option<FollowedFile>, (Option<FollowedFile>, Result<Option<Loaded>, Failure>), Arc<Snapshot>>;

impl ipgate_gate {
    pub(crate) fn new(gate: Gate) -> ipgate_gate {
        let writer = Writer {
            gate: gate.clone(),
            guard: Guard::new(),
            origin: Origin::default(),
            warnings: None,
            failures: Failures::default(),
            file: None,
            job: None,
            former: None,
        };
        ipgate_gate { shared: Arc::new(Shared { gate, writer: Mutex::new(writer) }) }
    }

    pub(crate) fn gate(&self) -> &Gate {
        &self.shared.gate
    }

    /// Another handle on the same gate.
    pub(crate) fn share(&self) -> ipgate_gate {
        ipgate_gate { shared: Arc::clone(&self.shared) }
    }

    /// Loads a file, which is polled from then on, and swaps it in.
    pub(crate) fn replace_file(&self, path: &Path, parser: Parser) -> Result<(), Failure> {
        let mut file = FollowedFile::new(path, parser)?;
        let loaded = file.load_now();
        let mut writer = self.writer();
        writer.unfollow();
        writer.file = Some(file);
        writer.take(loaded)
    }

    /// The writer's lock. Every step of a swap leaves it consistent, so a poisoned one is as good.
    pub(crate) fn writer(&self) -> MutexGuard<'_, Writer> {
        self.shared.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Writer {
    pub(crate) fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Takes what was loaded, or records why not.
    pub(crate) fn take(&mut self, loaded: Result<Loaded, Failure>) -> Result<(), Failure> {
        let outcome = loaded.and_then(|loaded| self.swap(loaded));
        if let Err(failure) = &outcome {
            self.failed(failure.clone());
        }
        outcome
    }

    fn swap(&mut self, loaded: Loaded) -> Result<(), Failure> {
        fault::point();
        let loaded = loaded.guarded(&self.guard, &self.gate)?;
        let warnings = loaded.warnings();
        self.gate.replace_table(loaded.table).map_err(|refused| Failure::refused(&refused))?;
        (self.origin, self.warnings) = (loaded.origin, Some(warnings));
        self.failures.clear();
        Ok(())
    }

    pub(crate) fn failed(&mut self, failure: Failure) {
        self.gate.record_failure(failure.message());
        self.failures.add(failure);
    }

    /// Swaps something in that is no file: nothing is polled from then on.
    pub(crate) fn take_unfollowed(&mut self, loaded: Result<Loaded, Failure>) -> Result<(), Failure> {
        self.take(loaded)?;
        self.unfollow();
        Ok(())
    }

    fn unfollow(&mut self) {
        (self.file, self.job) = (None, None);
    }
}
