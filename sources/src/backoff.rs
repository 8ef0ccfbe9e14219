//! How long to wait before the next attempt: exponential, with full jitter.

use std::time::Duration;

use rand::RngExt;

/// The first wait is at most that long.
const FIRST: Duration = Duration::from_millis(100);

/// The waits between attempts that fail.
///
/// Each is drawn evenly from nothing to a limit that doubles, so that routers that lost one server do not come back together
/// (Brooker, "Exponential Backoff And Jitter", AWS 2015).
#[derive(Debug)]
pub(crate) struct Backoff {
    limit: Duration,
    max: Duration,
}

impl Backoff {
    pub(crate) fn new(max: Duration) -> Backoff {
        Backoff { limit: FIRST.min(max), max }
    }

    /// How long to wait this time. Never less than a tenth of the limit: nobody is asked in a busy loop.
    pub(crate) fn next(&mut self) -> Duration {
        let limit = self.limit;
        self.limit = (limit * 2).min(self.max);
        rand::rng().random_range(limit / 10..=limit)
    }

    /// After a success.
    pub(crate) fn reset(&mut self) {
        self.limit = FIRST.min(self.max);
    }
}
