//! Gates as handles: what they hold beside the library's gate, and how lists get into them.

use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ipgate::{Content, Gate, Guard, Parser, Policy, Snapshot, Table};

use crate::boundary::{self, given};
use crate::error::{Failure, ipgate_error};
use crate::fault;
use crate::file::FollowedFile;
use crate::guard::{self, ipgate_guard};
use crate::job::Job;
use crate::list::ipgate_list;
use crate::load::{Loaded, Origin};
use crate::options::{self, ipgate_options};
use crate::policy::ipgate_policy;
use crate::raw;
use crate::status::ipgate_status;

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
    /// The last failure, and how many there were since the last swap.
    pub(crate) last_failure: Option<Failure>,
    pub(crate) failures: u64,
    /// The file that ipgate_gate_poll() looks at, with the parser for it. Not here while a job has it.
    pub(crate) file: Option<FollowedFile>,
    /// What is loaded on a thread.
    pub(crate) job: Option<Job>,
    /// The job before, and the table that its own replaced, which its thread frees at the next poll: those who read
    /// have let go of it by then.
    pub(crate) former: Option<(Job, Option<Arc<Snapshot>>)>,
}

impl ipgate_gate {
    fn new(gate: Gate) -> ipgate_gate {
        let writer = Writer {
            gate: gate.clone(),
            guard: Guard::new(),
            origin: Origin::default(),
            warnings: None,
            last_failure: None,
            failures: 0,
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
        (self.last_failure, self.failures) = (None, 0);
        Ok(())
    }

    pub(crate) fn failed(&mut self, failure: Failure) {
        self.gate.record_failure(failure.message());
        self.failures += 1;
        self.last_failure = Some(failure);
    }

    /// Swaps something in that is no file: nothing is polled from then on.
    fn take_unfollowed(&mut self, loaded: Result<Loaded, Failure>) -> Result<(), Failure> {
        self.take(loaded)?;
        self.unfollow();
        Ok(())
    }

    fn unfollow(&mut self) {
        (self.file, self.job) = (None, None);
    }
}

/// Makes a gate at generation 1: with what `policy` allows, or where that is NULL with no list yet, so that
/// everyone is denied until one is swapped in. A policy that holds gates is refused.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_gate_new(
    policy: Option<&ipgate_policy>,
    gate: Option<&mut MaybeUninit<*mut ipgate_gate>>,
    error: Option<&mut MaybeUninit<*mut ipgate_error>>,
) -> ipgate_status {
    boundary::make(gate, error, || {
        let closed = || Ok(Policy::new().with_enforce(true));
        let policy = policy.map_or_else(closed, ipgate_policy::fixed)?;
        Ok(ipgate_gate::new(Gate::from_policy(&policy)))
    })
}

/// Gives another handle on the same gate, to be freed like the first. The gate lives until the last of its
/// handles, and of its readers, is freed.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_gate_share(
    gate: Option<&ipgate_gate>,
    share: Option<&mut MaybeUninit<*mut ipgate_gate>>,
) -> ipgate_status {
    boundary::make(share, None, || Ok(given(gate, "gate")?.share()))
}

/// Guards swaps from now on; the last call counts. The strings in `guard` are not needed afterwards.
///
/// Fails with IPGATE_ERROR_ARGUMENT; the guard stays what it was then.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_gate_set_guard(
    gate: *mut ipgate_gate,
    guard: *const ipgate_guard,
    error: Option<&mut MaybeUninit<*mut ipgate_error>>,
) -> ipgate_status {
    boundary::call(error, || {
        // SAFETY: the header's rules.
        let (gate, guard) = unsafe { (raw::handle(gate, "gate")?, guard::guard(guard)?) };
        let mut writer = gate.writer();
        writer.guard = guard;
        writer.file.iter_mut().for_each(FollowedFile::forget); // a file that was refused has another chance
        Ok(())
    })
}

/// Swaps a list in. Fails with IPGATE_ERROR_REFUSED.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_gate_replace(
    gate: *mut ipgate_gate,
    list: Option<&ipgate_list>,
    error: Option<&mut MaybeUninit<*mut ipgate_error>>,
) -> ipgate_status {
    boundary::call(error, || {
        // SAFETY: the header's rules.
        let gate = unsafe { raw::handle(gate, "gate")? };
        let loaded = Loaded::from(given(list, "list")?);
        gate.writer().take_unfollowed(Ok(loaded))
    })
}

/// Swaps in what a policy allows, which must not hold gates. Fails with IPGATE_ERROR_REFUSED.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_gate_replace_policy(
    gate: *mut ipgate_gate,
    policy: Option<&ipgate_policy>,
    error: Option<&mut MaybeUninit<*mut ipgate_error>>,
) -> ipgate_status {
    boundary::call(error, || {
        // SAFETY: the header's rules.
        let gate = unsafe { raw::handle(gate, "gate")? };
        let policy = given(policy, "policy")?.fixed()?;
        let loaded = Loaded::from(Table::from_policy(&policy));
        gate.writer().take_unfollowed(Ok(loaded))
    })
}

/// Swaps in a list that is given as text, which need not end with a NUL and is not needed afterwards.
/// `options` may be NULL. Fails with IPGATE_ERROR_LIST or IPGATE_ERROR_REFUSED.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_gate_replace_text(
    gate: *mut ipgate_gate,
    text: *const c_char,
    len: usize,
    options: *const ipgate_options,
    error: Option<&mut MaybeUninit<*mut ipgate_error>>,
) -> ipgate_status {
    boundary::call(error, || {
        // SAFETY: the header's rules.
        let gate = unsafe { raw::handle(gate, "gate")? };
        // SAFETY: the header's rules.
        let (text, parser) = unsafe { (raw::bytes(text.cast(), len, "text")?, options::parser(options)?) };
        let loaded = Loaded::text(Content::from(text), &parser);
        gate.writer().take_unfollowed(loaded)
    })
}

/// Swaps in a compiled image, which is copied, so that it is not needed afterwards. Everything that checks
/// rely on is verified. Fails with IPGATE_ERROR_IMAGE or IPGATE_ERROR_REFUSED.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_gate_replace_image(
    gate: *mut ipgate_gate,
    image: *const u8,
    len: usize,
    error: Option<&mut MaybeUninit<*mut ipgate_error>>,
) -> ipgate_status {
    boundary::call(error, || {
        // SAFETY: the header's rules.
        let (gate, image) = unsafe { (raw::handle(gate, "gate")?, raw::bytes(image, len, "image")?) };
        let loaded = Loaded::image("", Content::from(image));
        gate.writer().take_unfollowed(loaded)
    })
}

/// Swaps in the list that a file holds, text or compiled image, and makes it the file that
/// ipgate_gate_poll() looks at from then on, whether or not this first load succeeds. `options` may be NULL,
/// and is for text.
///
/// Reads, parses and compiles on the calling thread, and waits for at most 10 s where the file is being
/// written or was a moment ago. Fails with IPGATE_ERROR_IO, IPGATE_ERROR_LIST,
/// IPGATE_ERROR_IMAGE or IPGATE_ERROR_REFUSED.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_gate_replace_file(
    gate: *mut ipgate_gate,
    path: *const c_char,
    options: *const ipgate_options,
    error: Option<&mut MaybeUninit<*mut ipgate_error>>,
) -> ipgate_status {
    boundary::call(error, || {
        // SAFETY: the header's rules.
        let gate = unsafe { raw::handle(gate, "gate")? };
        // SAFETY: the header's rules.
        let (path, parser) = unsafe { (raw::path(path)?, options::parser(options)?) };
        gate.replace_file(path, parser)
    })
}

/// Frees a handle of a gate. NULL is fine. Waits, with the last handle, until a load that
/// ipgate_gate_poll() started on a thread has ended. Readers go on with the table that the gate had.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_gate_free(gate: Option<Box<ipgate_gate>>) {
    boundary::value((), || drop(gate));
}
