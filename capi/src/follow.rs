//! Following a file on a thread of the library's own, for programs without an event loop.

use std::ffi::{c_char, c_void};
use std::mem::{self, MaybeUninit};
use std::process;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::boundary;
use crate::error::ipgate_error;
use crate::failure::Failure;
use crate::fork;
use crate::options::{self, ipgate_options};
use crate::poll::{IPGATE_POLL_THREAD, ipgate_poll};
use crate::raw;
use crate::site::ipgate_site;
use crate::status::ipgate_status;
use crate::threads;
use crate::writer::ipgate_gate;

/// Is told of each new list: IPGATE_POLL_SWAPPED, with the list's warnings as `report`, or
/// IPGATE_POLL_FAILED, with the error. Runs on the following thread; `report` lives until it returns, and is
/// not to be freed. It must not free the follower.
pub type ipgate_callback =
    Option<extern "C" fn(data: *mut c_void, outcome: ipgate_poll, report: *const ipgate_error)>;

/// A file that is followed into a gate by a thread.
///
/// To be freed by one thread, and by the process that made it; one that was forked since frees it without
/// effect, and follows the file anew if it wants to.
#[derive(Debug)]
pub struct ipgate_follower {
    stop: Arc<Stop>,
    thread: Option<JoinHandle<()>>,
    process: u32,
}

/// Tells the thread to end.
#[derive(Debug, Default)]
struct Stop {
    asked: Mutex<bool>,
    changed: Condvar,
}

impl Stop {
    fn ask(&self) {
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }

    /// Waits; whether it is to end.
    fn wait(&self, time: Duration) -> bool {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(asked, time, |asked| !*asked);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// How soon a file that is being written, or loaded, is looked at again.
const SOON: Duration = Duration::from_millis(20);

/// Where the callback's messages go.
struct Listener {
    callback: ipgate_callback,
    data: *mut c_void,
}

// SAFETY: the header says that the callback runs on another thread, with the caller's data.
unsafe impl Send for Listener {}

impl Listener {
    fn tell(&self, outcome: ipgate_poll, report: &ipgate_error) {
        if let Some(callback) = self.callback {
            callback(self.data, outcome, report);
        }
    }
}

/// Loads a file as ipgate_gate_replace_file() does, and polls it from then on every `interval_ms`
/// milliseconds (at least 10; 0 for 1000) on a thread of its own, until the follower is freed. `callback` may
/// be NULL; it is called for what comes after the first load. `data` is passed to it as it is.
///
/// Fails as ipgate_gate_replace_file() does, or with IPGATE_ERROR_THREAD. Nothing is followed then.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_gate_follow(
    gate: *mut ipgate_gate,
    path: *const c_char,
    options: *const ipgate_options,
    interval_ms: u32,
    callback: ipgate_callback,
    data: *mut c_void,
    follower: Option<&mut MaybeUninit<*mut ipgate_follower>>,
    error: Option<&mut MaybeUninit<*mut ipgate_error>>,
) -> ipgate_status {
    boundary::make_or(follower, error, || {
        // SAFETY: nobody frees `gate` meanwhile, `path` ends with a NUL, and `options` has as many bytes as its size says.
        let (gate, path, parser) =
            unsafe { (raw::handle(gate, "gate")?, raw::path(path)?, options::parser(options)?) };
        gate.replace_file(path, parser)?;
        ipgate_follower::start(gate.share(), interval_ms, Listener { callback, data })
    })
}

/// Loads a site as ipgate_site_replace_file() does, and polls it from then on, as ipgate_gate_follow() does a file.
///
/// Fails as ipgate_site_replace_file() does, or with IPGATE_ERROR_THREAD. Nothing is followed then.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_site_follow(
    site: *mut ipgate_site,
    path: *const c_char,
    options: *const ipgate_options,
    interval_ms: u32,
    callback: ipgate_callback,
    data: *mut c_void,
    follower: Option<&mut MaybeUninit<*mut ipgate_follower>>,
    error: Option<&mut MaybeUninit<*mut ipgate_error>>,
) -> ipgate_status {
    boundary::make_or(follower, error, || {
        // SAFETY: nobody frees `site` meanwhile, `path` ends with a NUL, and `options` has as many bytes as its size says.
        let (site, path, parser) =
            unsafe { (raw::handle(site, "site")?, raw::path(path)?, options::parser(options)?) };
        site.replace_file(path, parser)?;
        ipgate_follower::start(site.share(), interval_ms, Listener { callback, data })
    })
}

/// What is polled by a thread.
trait Polled: Send + 'static {
    fn poll(&self) -> Result<ipgate_poll, Failure>;
    /// What there was to say about what was taken last.
    fn warnings(&self) -> Option<ipgate_error>;
}

impl Polled for ipgate_gate {
    fn poll(&self) -> Result<ipgate_poll, Failure> {
        self.writer().poll(IPGATE_POLL_THREAD)
    }

    fn warnings(&self) -> Option<ipgate_error> {
        self.writer().warnings.clone()
    }
}

impl Polled for ipgate_site {
    fn poll(&self) -> Result<ipgate_poll, Failure> {
        ipgate_site::poll(self, IPGATE_POLL_THREAD)
    }

    fn warnings(&self) -> Option<ipgate_error> {
        self.writer().warnings.clone()
    }
}

impl ipgate_follower {
    fn start(polled: impl Polled, interval_ms: u32, listener: Listener) -> Result<ipgate_follower, Failure> {
        let interval =
            Duration::from_millis(u64::from(if interval_ms == 0 { 1000 } else { interval_ms.max(10) }));
        let stop = Arc::new(Stop::default());
        let follow = {
            let stop = Arc::clone(&stop);
            move || follow(&polled, &stop, interval, &listener)
        };
        let thread = threads::start("ipgate-follow", follow).map_err(|error| Failure::thread(&error))?;
        Ok(ipgate_follower { stop, thread: Some(thread), process: process::id() })
    }
}

fn follow(polled: &impl Polled, stop: &Stop, interval: Duration, listener: &Listener) {
    let mut wait = interval;
    while !stop.wait(wait) {
        // What takes long is a thread's, so that neither a lock is held nor a fork put off by it.
        let outcome = boundary::caught(|| fork::put_off(|| polled.poll()));
        wait = if matches!(outcome, Ok(ipgate_poll::IPGATE_POLL_PENDING)) {
            SOON.min(interval)
        } else {
            interval
        };
        match outcome {
            Ok(ipgate_poll::IPGATE_POLL_SWAPPED) => {
                let warnings = fork::put_off(|| polled.warnings()).unwrap_or_default();
                listener.tell(ipgate_poll::IPGATE_POLL_SWAPPED, &warnings);
            }
            Ok(_) => {}
            Err(failure) => listener.tell(ipgate_poll::IPGATE_POLL_FAILED, &failure.into()),
        }
    }
}

impl Drop for ipgate_follower {
    /// Waits for the thread, so that none runs when the library is unloaded.
    fn drop(&mut self) {
        match self.thread.take() {
            Some(thread) if self.process == process::id() => {
                self.stop.ask();
                drop(thread.join());
            }
            not_ours => mem::forget((not_ours, Arc::clone(&self.stop))),
        }
    }
}

/// Ends the following and waits until the thread has ended; the gate keeps what it has. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_follower_free(follower: Option<Box<ipgate_follower>>) {
    boundary::value((), || drop(follower));
}
