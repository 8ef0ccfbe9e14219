//! A clock of the processor time of the calling thread, so that whatever else the machine runs is not counted.

use std::time::Duration;

/// An instant of the thread's processor time.
#[derive(Clone, Copy)]
pub struct Timer(Duration);

impl Timer {
    /// Now.
    #[must_use]
    pub fn now() -> Timer {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: `time` is a place for the answer.
        unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
        Timer(Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
    }

    /// What the thread has used since.
    #[must_use]
    pub fn elapsed(self) -> Duration {
        Timer::now().0.saturating_sub(self.0)
    }
}
