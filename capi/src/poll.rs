//! Following a file without a thread of the library's own: the program asks now and then.

use std::time::SystemTime;

use ipgate::watch::Glance;

use crate::boundary;
use crate::error::ipgate_error;
use crate::failure::Failure;
use crate::file::FollowedFile;
use crate::fork;
use crate::job::{Job, Progress};
use crate::load::Loaded;
use crate::raw;
use crate::writer::{Writer, ipgate_gate};
use std::mem::MaybeUninit;

/// What a poll came to.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ipgate_poll {
    /// Nothing new; also where what is wrong with the file has been reported already.
    IPGATE_POLL_UNCHANGED = 0,
    /// A new list is being loaded on a thread, or the file is being written: poll again soon.
    IPGATE_POLL_PENDING = 1,
    /// A new list is in force.
    IPGATE_POLL_SWAPPED = 2,
    /// There is a new list and it was not taken, or the call failed. The last good list stays.
    IPGATE_POLL_FAILED = 3,
    /// There is something to load, and IPGATE_POLL_LOOK said not to: poll without it.
    IPGATE_POLL_READY = 4,
}

/// Read, parse and compile on a thread, instead of the calling one. It also frees the table that was replaced, at the
/// next poll, and ends.
pub const IPGATE_POLL_THREAD: u32 = 1;
/// Begin no load, and say IPGATE_POLL_READY where there is one to begin. For programs of several processes that are
/// to load one after the other, since loading takes more memory than what is loaded. A load that was begun before
/// is ended, and IPGATE_POLL_PENDING stands for it, and for a file that is being written.
pub const IPGATE_POLL_LOOK: u32 = 2;

/// Looks whether the file of the last ipgate_gate_replace_file() has changed, and swaps its list in if so.
/// For an event loop's timer: where nothing has changed this is one stat(), and with IPGATE_POLL_THREAD in
/// `flags` it is never much more. Returns an ipgate_poll, with an error for IPGATE_POLL_FAILED.
///
/// The same failure is reported once, and then counted in ipgate_gate_stats(). A file that cannot be read is
/// tried again each time; one that was rejected or refused, when it changes. Without a file there is nothing
/// to do. Also drops expired entries, which have ceased to hold long before, and takes those in again that hold
/// once more because the clock was set back.
///
/// In a process that was forked while a load was pending the next poll begins anew.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_gate_poll(
    gate: *mut ipgate_gate,
    flags: u32,
    error: Option<&mut MaybeUninit<*mut ipgate_error>>,
) -> ipgate_poll {
    let mut outcome = ipgate_poll::IPGATE_POLL_FAILED;
    boundary::call(error, || {
        // SAFETY: nobody frees `gate` meanwhile.
        let gate = unsafe { raw::handle(gate, "gate")? };
        outcome = gate.writer().poll(known_flags(flags)?)?;
        Ok(())
    });
    outcome
}

/// The flags, if they are known.
pub(crate) fn known_flags(flags: u32) -> Result<u32, Failure> {
    let known = IPGATE_POLL_THREAD | IPGATE_POLL_LOOK;
    match flags & !known {
        0 => Ok(flags),
        _ => Err(Failure::argument(format!("flags is {flags:#x}: there are only {known:#x}"))),
    }
}

impl Writer {
    pub(crate) fn poll(&mut self, flags: u32) -> Result<ipgate_poll, Failure> {
        let (on_thread, only_look) = (flags & IPGATE_POLL_THREAD != 0, flags & IPGATE_POLL_LOOK != 0);
        if let Some((job, replaced)) = &mut self.former {
            replaced.take().into_iter().for_each(|replaced| job.retire(replaced));
        }
        match self.job.take().map(Job::look) {
            Some(Progress::Pending(job)) => {
                self.job = Some(job);
                return Ok(ipgate_poll::IPGATE_POLL_PENDING);
            }
            Some(Progress::Done(done, job)) => {
                let (file, loaded) = *done;
                (self.file, self.former) = (file, Some((job, Some(self.gate().snapshot()))));
                let outcome = self.polled(loaded.transpose());
                return match outcome {
                    // Nothing came of it, and nothing is under way: the file is being written again.
                    Ok(ipgate_poll::IPGATE_POLL_PENDING) if only_look => {
                        Ok(ipgate_poll::IPGATE_POLL_UNCHANGED)
                    }
                    outcome => outcome,
                };
            }
            Some(Progress::Lost(file)) => {
                self.file = file;
                return self.polled(Some(Err(Failure::panic("the loading thread was lost"))));
            }
            Some(Progress::Elsewhere(file)) => self.file = file,
            None => {}
        }
        let sight = self.file.as_mut().map_or(Glance::Same, FollowedFile::glance);
        if only_look || on_thread {
            return match sight {
                _ if self.is_out_of_date() => self.begin(only_look),
                Glance::Settled => self.begin(only_look),
                Glance::Unsettled(_) => Ok(ipgate_poll::IPGATE_POLL_PENDING),
                Glance::Same => Ok(ipgate_poll::IPGATE_POLL_UNCHANGED),
            };
        }
        self.gate().drop_expired();
        match sight {
            Glance::Same => Ok(ipgate_poll::IPGATE_POLL_UNCHANGED),
            Glance::Settled | Glance::Unsettled(_) => {
                let loaded = self.file.as_mut().and_then(FollowedFile::load);
                self.polled(loaded)
            }
        }
    }

    /// Whether entries have expired, or hold again because the clock was set back.
    fn is_out_of_date(&self) -> bool {
        !self.gate().snapshot().table().is_live_at(SystemTime::now())
    }

    /// Does what there is to do on a thread, or only says that there is something.
    fn begin(&mut self, only_look: bool) -> Result<ipgate_poll, Failure> {
        if only_look {
            return Ok(ipgate_poll::IPGATE_POLL_READY);
        }
        let (mut file, guard, gate) = (self.file.clone(), self.guard.clone(), self.gate().clone());
        // Drops expired entries and takes in those that hold again, loads the file where it has changed, and compares that
        // with the gate's table where the guard wants it.
        let load = move || {
            let loaded = boundary::caught(|| {
                fork::put_off(|| gate.drop_expired());
                let Some(loaded) = file.as_mut().and_then(FollowedFile::load) else { return Ok(None) };
                loaded?.guarded(&guard, &gate).map(Some)
            });
            (file, loaded)
        };
        match Job::start(self.file.clone(), load) {
            Ok(job) => {
                (self.job, self.file) = (Some(job), None);
                Ok(ipgate_poll::IPGATE_POLL_PENDING)
            }
            Err(error) => self.polled(Some(Err(Failure::thread(&error)))),
        }
    }

    /// What a load comes to: the same content as before is no news, nor is the same failure.
    fn polled(&mut self, loaded: Option<Result<Loaded, Failure>>) -> Result<ipgate_poll, Failure> {
        let Some(loaded) = loaded else { return Ok(ipgate_poll::IPGATE_POLL_PENDING) };
        if loaded.as_ref().is_ok_and(|loaded| loaded.origin.is_same_text(&self.origin)) {
            self.failures.clear();
            return Ok(ipgate_poll::IPGATE_POLL_UNCHANGED);
        }
        let known = self.failures.last.clone();
        match self.take(loaded) {
            Ok(()) => Ok(ipgate_poll::IPGATE_POLL_SWAPPED),
            Err(failure) if known.is_some_and(|known| known.message() == failure.message()) => {
                Ok(ipgate_poll::IPGATE_POLL_UNCHANGED)
            }
            Err(failure) => Err(failure),
        }
    }
}
