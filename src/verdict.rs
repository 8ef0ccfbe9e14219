//! Verdicts: what a gate says of one client.

use std::fmt;
use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::Guard;

use crate::address::Address;
use crate::reason::Reason;
use crate::snapshot::Snapshot;
use crate::table::{Decision, EntryRef, Origin, Ruling};

/// The answer for one client: the decision, the reason, the entry with its label, the generation.
///
/// A verdict holds on to the table that gave it, so that its label and entry stay what they were when the
/// gate swaps.
#[derive(Debug, Clone)]
pub struct Verdict<'g> {
    snapshot: Held<'g>,
    /// `None` for a client without a usable address.
    address: Option<Address>,
    ruling: Ruling,
    /// When the address was checked, where the table has entries that had expired by then.
    late: Option<SystemTime>,
    /// Of the snapshot; of a policy over live gates, that of all its tables together.
    generation: u64,
}

/// The snapshot that a verdict is about: the reader's, or the verdict's own.
#[derive(Debug)]
pub(crate) enum Held<'g> {
    Reader(&'g Snapshot),
    /// Held in a slot of the thread's own, so that threads who check do not contend for one count of holders.
    Own(Guard<Arc<Snapshot>>),
}

impl Clone for Held<'_> {
    fn clone(&self) -> Self {
        match self {
            Held::Reader(snapshot) => Held::Reader(snapshot),
            Held::Own(snapshot) => Held::Own(Guard::from_inner(Arc::clone(snapshot))),
        }
    }
}

impl Deref for Held<'_> {
    type Target = Snapshot;

    #[inline]
    fn deref(&self) -> &Snapshot {
        match self {
            Held::Reader(snapshot) => snapshot,
            Held::Own(snapshot) => snapshot,
        }
    }
}

impl<'g> Verdict<'g> {
    /// The verdict for an address, or for a client without one.
    #[inline(always)]
    pub(crate) fn new(snapshot: Held<'g>, address: Option<Address>) -> Verdict<'g> {
        let late = snapshot.late();
        let ruling = match address {
            Some(address) => snapshot.ruling(address, late),
            None => Ruling::without_entry(Reason::NoAddress),
        };
        let generation = snapshot.generation();
        Verdict { snapshot, address, ruling, late, generation }
    }

    /// The same by an entry of that list of a policy.
    #[inline(always)]
    pub(crate) fn with_origin(self, origin: Origin) -> Verdict<'g> {
        Verdict { ruling: self.ruling.with_origin(origin), ..self }
    }

    /// The same where `enforce` says whether a list is required.
    #[inline(always)]
    pub(crate) fn enforced(self, enforce: bool) -> Verdict<'g> {
        Verdict { ruling: self.ruling.enforced(enforce), ..self }
    }

    /// The same with that generation.
    pub(crate) fn with_generation(self, generation: u64) -> Verdict<'g> {
        Verdict { generation, ..self }
    }

    /// The decision with the table that it is of.
    #[inline]
    #[must_use]
    pub fn decision(&self) -> Decision<'_> {
        self.snapshot.table().decision(self.ruling)
    }

    /// Whether the client may pass.
    #[inline]
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.reason().is_allowed()
    }

    /// Why.
    #[inline]
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.ruling.reason()
    }

    /// The label of the entry that decided, if one did and it has one. O(1).
    #[inline]
    #[must_use]
    pub fn label(&self) -> Option<&str> {
        self.decision().label()
    }

    /// Which list of the policy decided, if an entry of one did.
    #[inline]
    #[must_use]
    pub fn origin(&self) -> Option<Origin> {
        self.decision().origin()
    }

    /// The entry that decided, if one did. One more lookup.
    #[must_use]
    pub fn entry(&self) -> Option<EntryRef<'_>> {
        self.origin()?;
        self.snapshot.deciding(self.address?, self.late)
    }

    /// The generation of the table that decided.
    #[inline]
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The canonical address that was looked up, or `None` for a client without one.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.address.map(IpAddr::from)
    }
}

impl fmt::Display for Verdict<'_> {
    /// `10.0.1.7 allow 10.0.1.0/24:office_ABC (generation 1)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address {
            Some(address) => write!(f, "{address}")?,
            None => write!(f, "-")?,
        }
        write!(f, " {} ", if self.is_allowed() { "allow" } else { "deny" })?;
        match self.entry() {
            Some(entry) => write!(f, "{entry}")?,
            None => write!(f, "{}", self.reason())?,
        }
        write!(f, " (generation {})", self.generation())
    }
}
