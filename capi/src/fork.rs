//! `fork()` beside the threads that this library starts: a child must not find a lock held by a thread that
//! it does not have. A program can keep its own threads out of the library while it forks, but not ours.

use std::cell::UnsafeCell;
use std::sync::{Once, PoisonError, RwLock, RwLockWriteGuard};

/// Read by the library's threads while they use a gate, written by whoever forks.
static IN_USE: RwLock<()> = RwLock::new(());

/// The lock of the thread that forks, from before the fork until after it, in parent and child.
struct Held(UnsafeCell<Option<RwLockWriteGuard<'static, ()>>>);

// SAFETY: touched by the fork handlers only, on the thread that forks, while it has `IN_USE` for itself.
unsafe impl Sync for Held {}

static HELD: Held = Held(UnsafeCell::new(None));

/// Runs something on one of the library's threads that takes locks of a gate. Forks wait for it, so it should
/// be short.
pub(crate) fn put_off<T>(body: impl FnOnce() -> T) -> T {
    let _in_use = IN_USE.read().unwrap_or_else(PoisonError::into_inner);
    body()
}

/// Makes forks heed [`put_off`]: to be called before a thread is started.
pub(crate) fn heeded() {
    static HEEDED: Once = Once::new();
    // SAFETY: the handlers are functions of this library, which takes them back when it is unloaded: the
    // registering function is linked into it for that. Failing for want of memory leaves things as they are.
    HEEDED.call_once(|| unsafe {
        libc::pthread_atfork(Some(before), Some(after), Some(after));
    });
}

extern "C" fn before() {
    let held = IN_USE.write().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: this thread has `IN_USE` for itself.
    unsafe { *HELD.0.get() = Some(held) };
}

extern "C" fn after() {
    // SAFETY: the thread of `before`, or its copy in the child, has `IN_USE` for itself until the guard that
    // is taken here is dropped.
    let held = unsafe { (*HELD.0.get()).take() };
    drop(held);
}
