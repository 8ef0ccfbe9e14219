//! Clocks: of the calling thread's processor time, so that whatever else the machine runs is not counted, and of one
//! call; and what makes the CPU wait.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

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

/// The result of a computation, and the milliseconds of each of some repetitions.
///
/// # Panics
///
/// If there are none.
pub fn timed<T>(repetitions: usize, mut make: impl FnMut() -> T) -> (T, Vec<f64>) {
    let (mut made, mut times) = (None, Vec::new());
    for _ in 0..repetitions {
        drop(made.take());
        let start = Timer::now();
        made = Some(make());
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    (made.expect("it is made at least once"), times)
}

/// Lets nothing begin before all that stands before it has ended, branches included.
#[inline(always)]
pub fn wait() {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the fence is part of x86-64.
    unsafe {
        std::arch::x86_64::_mm_lfence();
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: the barrier is part of the architecture, and touches neither memory nor flags.
    unsafe {
        std::arch::asm!("isb", options(nostack, preserves_flags));
    }
}

/// Nanoseconds of one call beyond those of a call of nothing.
pub(crate) fn nanoseconds(call: impl FnOnce()) -> f64 {
    static NOTHING: OnceLock<f64> = OnceLock::new();
    clocked(call) - NOTHING.get_or_init(|| middle((0..10_000).map(|_| clocked(|| ())).collect()))
}

/// The mean of the middle half: of clocks that tick in large steps it tells more than the middle one.
pub(crate) fn middle(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    let half = &times[times.len() / 4..times.len() - times.len() / 4];
    half.iter().sum::<f64>() / half.len() as f64
}

/// Nanoseconds of one call, by the time-stamp counter where there is one.
#[inline(always)]
fn clocked(call: impl FnOnce()) -> f64 {
    #[cfg(target_arch = "x86_64")]
    {
        // SAFETY: the fence is part of x86-64.
        unsafe { std::arch::x86_64::_mm_mfence() };
        wait();
        let start = ticks();
        wait();
        call();
        wait();
        (ticks() - start) as f64 / ticks_per_ns()
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let start = Timer::now();
        call();
        start.elapsed().as_nanos() as f64
    }
}

#[cfg(target_arch = "x86_64")]
fn ticks() -> u64 {
    // SAFETY: the counter is part of x86-64.
    unsafe { std::arch::x86_64::_rdtsc() }
}

#[cfg(target_arch = "x86_64")]
fn ticks_per_ns() -> f64 {
    static TICKS: OnceLock<f64> = OnceLock::new();
    *TICKS.get_or_init(|| {
        let (start, from) = (Instant::now(), ticks());
        std::thread::sleep(Duration::from_millis(20));
        (ticks() - from) as f64 / start.elapsed().as_nanos() as f64
    })
}
