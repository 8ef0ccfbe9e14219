//! What is in force, and how the sources are: what every part of the daemon asks.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ipgate::site::{SiteDigest, SiteGate, SiteRefused, SiteSnapshot};
use ipgate_sources::{Notice, Status, closed_site};
use tokio::sync::watch;

/// The site that is in force. A new one denies everyone.
#[derive(Debug)]
pub struct InForce {
    gate: SiteGate,
    /// How the sources are; it changes with everything that happens.
    status: watch::Sender<Arc<Status>>,
    /// Whether anything that sources said is in force: once that is so, it stays so.
    ready: watch::Sender<bool>,
    /// The digest of a generation, made when it is asked for.
    digest: Mutex<Option<(u64, SiteDigest)>>,
    swaps: AtomicU64,
    refusals: AtomicU64,
}

impl InForce {
    /// A site that denies everyone.
    ///
    /// # Errors
    ///
    /// None is known: a site without hosts is not refused.
    pub fn new() -> Result<InForce, SiteRefused> {
        Ok(InForce {
            gate: SiteGate::new(&closed_site())?,
            status: watch::Sender::default(),
            ready: watch::Sender::new(false),
            digest: Mutex::new(None),
            swaps: AtomicU64::new(0),
            refusals: AtomicU64::new(0),
        })
    }

    /// The gate that holds it.
    #[must_use]
    pub fn gate(&self) -> &SiteGate {
        &self.gate
    }

    /// How the sources are now.
    #[must_use]
    pub fn status(&self) -> Arc<Status> {
        Arc::clone(&self.status.borrow())
    }

    /// The same, to be waited for.
    #[must_use]
    pub fn follow(&self) -> watch::Receiver<Arc<Status>> {
        self.status.subscribe()
    }

    /// Whether what sources said is in force.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        *self.ready.borrow()
    }

    /// How the sources are from now on.
    pub(crate) fn note_status(&self, status: Arc<Status>) {
        self.ready.send_if_modified(|ready| {
            let becomes = status.is_ready && !*ready;
            *ready |= status.is_ready;
            becomes
        });
        self.status.send_replace(status);
    }

    /// Counts what a runner tells.
    pub(crate) fn note(&self, notice: &Notice) {
        match notice {
            Notice::Swapped { .. } => drop(self.swaps.fetch_add(1, Ordering::Relaxed)),
            Notice::Refused { .. } => drop(self.refusals.fetch_add(1, Ordering::Relaxed)),
            _ => {}
        }
    }

    /// How often changes came into force, and how often the guard refused some.
    pub(crate) fn swaps_and_refusals(&self) -> (u64, u64) {
        (self.swaps.load(Ordering::Relaxed), self.refusals.load(Ordering::Relaxed))
    }

    /// The digest of a state. O(n) for n entries where it is not known; not for threads that wait for sockets.
    #[must_use]
    pub fn digest(&self, state: &SiteSnapshot) -> SiteDigest {
        let known = || *self.digest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, digest)) = known().filter(|(generation, _)| *generation == state.generation()) {
            return digest;
        }
        let digest = state.site().digest();
        *self.digest.lock().unwrap_or_else(PoisonError::into_inner) = Some((state.generation(), digest));
        digest
    }
}
