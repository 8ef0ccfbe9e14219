//! The threads of this library: they take no signals, and forks heed them.

use std::io;
use std::mem::MaybeUninit;
use std::ptr;
use std::thread::{self, JoinHandle};

use crate::fork;

/// Starts a thread. Signals are for the threads of the program: an event loop that one has to wake would not
/// wake for one that went to another thread.
pub(crate) fn start<T: Send + 'static>(
    name: &str,
    body: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    fork::heeded();
    signals_blocked(|| thread::Builder::new().name(name.to_owned()).spawn(body))
}

/// Runs something, a thread's start, with every signal blocked for the calling thread, which a new thread
/// inherits.
fn signals_blocked<T>(body: impl FnOnce() -> T) -> T {
    let (mut all, mut before) = (MaybeUninit::uninit(), MaybeUninit::uninit());
    // SAFETY: sigfillset initialises the set that it is given; pthread_sigmask reads that one and
    // initialises the other. With valid pointers and SIG_SETMASK neither fails.
    unsafe {
        libc::sigfillset(all.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr());
    }
    let result = body();
    // SAFETY: `before` was initialised above.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), ptr::null_mut()) };
    result
}
