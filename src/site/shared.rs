//! What the gate of a site and its readers share: the current state, its generation, and the writer's lock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::SystemTime;

use arc_swap::{ArcSwap, Guard};

use super::guard::SiteGuard;
use super::snapshot::SiteSnapshot;
use crate::gate::Failure;

/// What a gate and its readers share.
#[derive(Debug)]
pub(super) struct Shared {
    current: ArcSwap<SiteSnapshot>,
    /// The generation of `current`. Stored after it, so that whoever reads a generation here finds that state or a newer
    /// one there.
    generation: AtomicU64,
    writer: Mutex<Writer>,
    /// States that were in force and that somebody may hold. Who lets go last would have to count hundreds of lists down, and
    /// should not be a reader that a request waits for: a writer does it. Nobody waits for this lock.
    retired: Mutex<Vec<Arc<SiteSnapshot>>>,
    /// No two sites of a process have the same.
    id: u64,
}

/// What only one at a time uses.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) guard: SiteGuard,
    pub(super) last_change: SystemTime,
    pub(super) last_failure: Option<Failure>,
}

impl Shared {
    pub(super) fn new(first: SiteSnapshot, writer: Writer) -> Shared {
        static SITES: AtomicU64 = AtomicU64::new(1);
        Shared {
            id: SITES.fetch_add(1, Ordering::Relaxed),
            generation: AtomicU64::new(first.generation()),
            current: ArcSwap::from_pointee(first),
            writer: Mutex::new(writer),
            retired: Mutex::default(),
        }
    }

    #[inline(always)]
    pub(super) fn id(&self) -> u64 {
        self.id
    }

    #[inline(always)]
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// The current state, held in a slot of the thread's own.
    #[inline]
    pub(super) fn borrow(&self) -> Guard<Arc<SiteSnapshot>> {
        self.current.load()
    }

    /// The current state. Out of line, so that the check that needs no new state stays small.
    #[cold]
    #[inline(never)]
    pub(super) fn load(&self) -> Arc<SiteSnapshot> {
        self.current.load_full()
    }

    /// Puts a state in the place of the current one.
    pub(super) fn store(&self, writer: &mut Writer, next: SiteSnapshot) {
        let generation = next.generation();
        let last = self.current.swap(Arc::new(next));
        self.generation.store(generation, Ordering::Release);
        writer.last_change = SystemTime::now();
        if let Some(mut retired) = self.retired() {
            retired.push(last);
        }
        self.sweep();
    }

    /// Frees the states that nobody holds any more, unless somebody does so right now.
    pub(super) fn sweep(&self) {
        if let Some(mut retired) = self.retired() {
            retired.retain(|state| Arc::strong_count(state) > 1);
        }
    }

    fn retired(&self) -> Option<MutexGuard<'_, Vec<Arc<SiteSnapshot>>>> {
        match self.retired.try_lock() {
            Ok(retired) => Some(retired),
            Err(TryLockError::Poisoned(retired)) => Some(retired.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// The writer's lock. A writer that panicked has not stored anything half-way, so its poison does not matter.
    pub(super) fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
