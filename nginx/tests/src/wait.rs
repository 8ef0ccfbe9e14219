//! Waiting for what other processes do, without knowing how long they take.

use std::time::{Duration, Instant};

/// Waits until `condition` holds; panics with `what` after a time that only a broken program needs.
pub fn eventually(what: &str, condition: impl FnMut() -> bool) {
    eventually_within(Duration::from_secs(60), what, condition);
}

/// The same with a time of the caller's.
pub fn eventually_within(time: Duration, what: &str, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + time;
    while !condition() {
        assert!(Instant::now() < end, "{what}: not within {time:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
