//! Panics on demand, so that tests can see what becomes of one inside a call. Nothing outside of tests.

#[cfg(test)]
thread_local! {
    static ARMED: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// Has the next [`point`] on this thread panic.
#[cfg(test)]
pub(crate) fn arm() {
    ARMED.set(true);
}

/// Where a panic may be asked for.
#[inline(always)]
pub(crate) fn point() {
    #[cfg(test)]
    if ARMED.take() {
        panic!("a panic on demand");
    }
}
