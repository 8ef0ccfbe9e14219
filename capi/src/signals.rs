//! Threads of this library take no signals: those are for the threads of the program.

use std::mem::MaybeUninit;
use std::ptr;

/// Runs something, a thread's start, with every signal blocked for the calling thread, which a new thread
/// inherits. An event loop that a signal has to wake would not wake for one that went to another thread.
pub(crate) fn blocked<T>(body: impl FnOnce() -> T) -> T {
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
