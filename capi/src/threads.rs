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

/// Gives the calling thread its share of the processor in short slices, so that a request that wakes the event loop
/// does not wait for the end of a long one. Its share stays what it is: a thread of less would be kept waiting with a
/// lock of the process's memory that the event loop wants, too (measured: up to half a second, `make nginx-bench`).
/// Kernels before 6.12 overlook it.
pub(crate) fn in_short_slices() {
    #[cfg(target_os = "linux")]
    {
        // SAFETY: takes numbers; 0 is the calling thread, whose niceness stays. An error would look like -1, which is
        // no harm either.
        let nice = unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) };
        let attributes = libc::sched_attr {
            size: size_of::<libc::sched_attr>() as u32,
            sched_policy: libc::SCHED_OTHER as u32,
            sched_flags: 0,
            sched_nice: nice,
            sched_priority: 0,
            sched_runtime: 100_000, // ns
            sched_deadline: 0,
            sched_period: 0,
        };
        // SAFETY: a struct that says its own size, and 0 for the calling thread. Refused, the call changes nothing,
        // which does no harm.
        unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, 0) };
    }
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
