//! The connections of a listener: so many at the most, and none that waits for ever.
//!
//! Where one more comes than may be, the one is closed that has asked nothing for the longest: connections that are held open
//! for their own sake go first, and proxies that ask keep theirs.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// All connections of a listener.
#[derive(Debug)]
pub(super) struct Connections {
    most: usize,
    began: Instant,
    all: Mutex<All>,
}

#[derive(Debug, Default)]
struct All {
    next: u64,
    by_number: HashMap<u64, Arc<State>>,
}

#[derive(Debug)]
struct State {
    /// When it has asked last, in microseconds since the listener began.
    asked: AtomicU64,
    close: Notify,
}

/// One connection. Dropped, it is one less.
#[derive(Debug)]
pub(super) struct Connection {
    all: Arc<Connections>,
    number: u64,
    state: Arc<State>,
}

impl Connections {
    pub(super) fn new(most: usize) -> Connections {
        Connections { most, began: Instant::now(), all: Mutex::default() }
    }

    /// One more. O(1), and O(n) for n connections where there are as many as may be.
    pub(super) fn enter(self: &Arc<Connections>) -> Connection {
        let state = Arc::new(State { asked: AtomicU64::new(self.now()), close: Notify::new() });
        let mut all = self.all();
        if all.by_number.len() >= self.most {
            all.close_idlest();
        }
        let number = all.next;
        all.next += 1;
        all.by_number.insert(number, Arc::clone(&state));
        Connection { all: Arc::clone(self), number, state }
    }

    /// Closes the one that has asked nothing for the longest.
    pub(super) fn close_idlest(&self) {
        self.all().close_idlest();
    }

    /// Closes those that have asked nothing for so long.
    pub(super) fn close_idle(&self, timeout: Duration) {
        let now = self.now();
        let is_idle = |state: &State| {
            u128::from(now.saturating_sub(state.asked.load(Ordering::Relaxed))) >= timeout.as_micros()
        };
        self.all()
            .by_number
            .values()
            .filter(|state| is_idle(state))
            .for_each(|state| state.close.notify_one());
    }

    /// Closes all.
    pub(super) fn close(&self) {
        self.all().by_number.values().for_each(|state| state.close.notify_one());
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.all().by_number.is_empty()
    }

    fn all(&self) -> MutexGuard<'_, All> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

impl All {
    fn close_idlest(&mut self) {
        let asked = |(number, state): (&u64, &Arc<State>)| (state.asked.load(Ordering::Relaxed), *number);
        let idlest = self.by_number.iter().map(asked).min();
        if let Some(state) = idlest.and_then(|(_, number)| self.by_number.remove(&number)) {
            state.close.notify_one();
        }
    }
}

impl Connection {
    /// It has asked.
    pub(super) fn asks(&self) {
        self.state.asked.store(self.all.now(), Ordering::Relaxed);
    }

    /// Until it is to be closed.
    pub(super) async fn closed(&self) {
        self.state.close.notified().await;
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.all.all().by_number.remove(&self.number);
    }
}
