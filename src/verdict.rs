//! Verdicts: what a gate says of one client.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::Guard;

use crate::address::Address;
use crate::held::{Held, Hold};
use crate::reason::Reason;
use crate::snapshot::{Manner, Snapshot};
use crate::table::{Decision, EntryRef, Origin, Ruling};

/// The answer for one client: the decision, the reason, the entry with its label, the generation.
///
/// A verdict holds on to the table that gave it, so that its label and entry stay what they were when the
/// gate swaps.
#[derive(Debug, Clone)]
pub struct Verdict<'g> {
    snapshot: Held<'g, Snapshot>,
    seen: Seen,
}

/// A verdict that borrows its table from a reader, and so can be copied: what is handed over to be taken apart at
/// once.
#[derive(Debug, Clone, Copy)]
pub struct Judgement<'r> {
    snapshot: &'r Snapshot,
    seen: Seen,
}

/// What there is to say of one client, beside the snapshot.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    /// `None` for a client without a usable address.
    address: Option<Address>,
    ruling: Ruling,
    /// Which list of a policy the table is of, where its entries do not know.
    from: Option<Origin>,
    /// How the table was asked.
    manner: Manner,
    /// Of the snapshot; of a policy over live gates, that of all its tables together.
    generation: u64,
}

impl Seen {
    #[inline(always)]
    pub(crate) fn reason(self) -> Reason {
        self.ruling.reason()
    }

    pub(crate) fn generation(self) -> u64 {
        self.generation
    }
}

impl<'r> Judgement<'r> {
    /// The judgement for an address, or for a client without one.
    #[inline(always)]
    pub(crate) fn new(snapshot: &'r Snapshot, address: Option<Address>) -> Judgement<'r> {
        let manner = snapshot.manner();
        let ruling = match address {
            Some(address) => snapshot.ruling(address, manner),
            None => Ruling::without_entry(Reason::NoAddress),
        };
        let seen = Seen { address, ruling, from: None, manner, generation: snapshot.generation() };
        Judgement { snapshot, seen }
    }

    /// The same of a layer whose entries come from that list of a policy, where they do not know.
    #[inline(always)]
    pub(crate) fn with_origin(mut self, from: Option<Origin>) -> Judgement<'r> {
        self.seen.from = from;
        self
    }

    /// The same where `enforce` says whether a list is required.
    #[inline(always)]
    pub(crate) fn enforced(mut self, enforce: bool) -> Judgement<'r> {
        self.seen.ruling = self.seen.ruling.enforced(enforce);
        self
    }

    /// The same with that generation.
    #[inline(always)]
    pub(crate) fn with_generation(mut self, generation: u64) -> Judgement<'r> {
        self.seen.generation = generation;
        self
    }

    /// What was seen of that snapshot before.
    #[inline(always)]
    pub(crate) fn of_seen(snapshot: &'r Snapshot, seen: Seen) -> Judgement<'r> {
        Judgement { snapshot, seen }
    }

    /// Which list of a policy it was seen of, where that was said.
    #[inline(always)]
    pub(crate) fn layer(self) -> Option<Origin> {
        self.seen.from
    }

    /// What is to be kept of it beside the snapshot.
    #[inline(always)]
    pub(crate) fn seen(self) -> Seen {
        self.seen
    }

    /// The canonical address that was looked up, or `None` for a client without one.
    #[must_use]
    pub fn address(self) -> Option<IpAddr> {
        self.seen.address.map(IpAddr::from)
    }

    /// The decision of the table, which does not know whose layer it is.
    #[inline(always)]
    pub(crate) fn decision(self) -> Decision<'r> {
        self.snapshot.table().decision(self.seen.ruling)
    }

    /// Whether the client may pass.
    #[inline(always)]
    #[must_use]
    pub fn is_allowed(self) -> bool {
        self.reason().is_allowed()
    }

    /// Why.
    #[inline(always)]
    #[must_use]
    pub fn reason(self) -> Reason {
        self.seen.ruling.reason()
    }

    /// The label of the entry that decided, if one did and it has one. O(1).
    #[inline]
    #[must_use]
    pub fn label(self) -> Option<&'r str> {
        self.decision().label()
    }

    /// The label as UTF-8 bytes, without the time that it takes to see once more that they are.
    #[inline(always)]
    #[must_use]
    pub fn label_bytes(self) -> Option<&'r [u8]> {
        self.decision().label_bytes()
    }

    /// Which list of the policy decided, if an entry of one did.
    #[inline(always)]
    #[must_use]
    pub fn origin(self) -> Option<Origin> {
        let of_entry = self.decision().origin()?;
        Some(self.seen.from.unwrap_or(of_entry))
    }

    /// The entry that decided, if one did. One more lookup.
    #[inline(always)]
    #[must_use]
    pub fn entry(self) -> Option<EntryRef<'r>> {
        let address = self.seen.address.filter(|_| self.seen.ruling.is_of_entry())?;
        self.snapshot.deciding(address, self.seen.manner)
    }

    /// The generation of the table that decided.
    #[inline(always)]
    #[must_use]
    pub fn generation(self) -> u64 {
        self.seen.generation
    }
}

impl fmt::Display for Judgement<'_> {
    /// `10.0.1.7 allow 10.0.1.0/24:office_ABC`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.seen.address {
            Some(address) => write!(f, "{address}")?,
            None => write!(f, "-")?,
        }
        write!(f, " {} ", if self.is_allowed() { "allow" } else { "deny" })?;
        match self.entry() {
            Some(entry) => write!(f, "{entry}"),
            None => write!(f, "{}", self.reason()),
        }
    }
}

impl<'r> From<Judgement<'r>> for Verdict<'r> {
    #[inline(always)]
    fn from(judgement: Judgement<'r>) -> Verdict<'r> {
        Verdict { snapshot: Held::Reader(judgement.snapshot), seen: judgement.seen }
    }
}

impl Verdict<'_> {
    /// The verdict for an address, or for a client without one, that keeps its snapshot itself.
    #[inline(always)]
    pub(crate) fn of_own(snapshot: Guard<Arc<Snapshot>>, address: Option<Address>) -> Verdict<'static> {
        let Judgement { seen, .. } = Judgement::new(&snapshot, address);
        Verdict { snapshot: Held::Own(Hold::of(snapshot)), seen }
    }

    #[inline(always)]
    fn judgement(&self) -> Option<Judgement<'_>> {
        Some(Judgement { snapshot: self.snapshot.get()?, seen: self.seen })
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
        self.seen.ruling.reason()
    }

    /// The label of the entry that decided, if one did and it has one. O(1).
    #[inline]
    #[must_use]
    pub fn label(&self) -> Option<&str> {
        self.judgement()?.label()
    }

    /// Which list of the policy decided, if an entry of one did.
    #[inline]
    #[must_use]
    pub fn origin(&self) -> Option<Origin> {
        self.judgement()?.origin()
    }

    /// The entry that decided, if one did. One more lookup.
    #[must_use]
    pub fn entry(&self) -> Option<EntryRef<'_>> {
        self.judgement()?.entry()
    }

    /// The generation of the table that decided.
    #[inline]
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.seen.generation
    }

    /// The canonical address that was looked up, or `None` for a client without one.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.seen.address.map(IpAddr::from)
    }
}

impl fmt::Display for Verdict<'_> {
    /// `10.0.1.7 allow 10.0.1.0/24:office_ABC (generation 1)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.judgement().map_or(Ok(()), |judgement| write!(f, "{judgement}"))?;
        write!(f, " (generation {})", self.generation())
    }
}
