//! What was decided of a request.

use std::fmt;

use ipgate::client::{Client, NoClient};
use ipgate::site::SiteVerdict;
use ipgate::table::EntryRef;
use ipgate::{Reason, Verdict};

/// What was decided of a request: the list's verdict, and who was taken for the client.
///
/// With [`GateLayer::with_admission`](crate::GateLayer::with_admission) it is an extension of the request. It holds on to the
/// table that gave the verdict, so that label and entry stay what they were; `Clone`, `Send` and `Sync`.
#[derive(Debug, Clone)]
pub struct Admission {
    pub(crate) judged: Judged,
    pub(crate) client: Result<Client, Refusal>,
}

/// Why nobody could be asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// There is no usable client address.
    NoClient(NoClient),
    /// The request names two hosts.
    SeveralHosts,
}

/// The verdict of whatever was asked.
#[derive(Debug, Clone)]
pub(crate) enum Judged {
    Gate(Verdict<'static>),
    Site(SiteVerdict<'static>),
}

impl Admission {
    /// Whether the lists let the client in. In a dry run the request goes on if not, too.
    #[inline]
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.reason().is_allowed()
    }

    /// Why.
    #[inline]
    #[must_use]
    pub fn reason(&self) -> Reason {
        match &self.judged {
            Judged::Gate(verdict) => verdict.reason(),
            Judged::Site(verdict) => verdict.reason(),
        }
    }

    /// The client, and how it was found.
    ///
    /// # Errors
    ///
    /// [`Refusal`]: nobody knows who it is, or for whom it asks, so that [`Admission::reason`] is [`Reason::NoAddress`].
    pub fn client(&self) -> Result<Client, Refusal> {
        self.client
    }

    /// The app, where a site was asked that names it.
    #[must_use]
    pub fn app(&self) -> Option<&str> {
        match &self.judged {
            Judged::Gate(_) => None,
            Judged::Site(verdict) => verdict.app(),
        }
    }

    /// The label of the entry that decided, if one did and it has one.
    #[must_use]
    pub fn label(&self) -> Option<&str> {
        match &self.judged {
            Judged::Gate(verdict) => verdict.label(),
            Judged::Site(verdict) => verdict.label(),
        }
    }

    /// The entry that decided, if one did. One more lookup.
    #[must_use]
    pub fn entry(&self) -> Option<EntryRef<'_>> {
        match &self.judged {
            Judged::Gate(verdict) => verdict.entry(),
            Judged::Site(verdict) => verdict.entry(),
        }
    }

    /// The generation of the gate, or of the site.
    #[must_use]
    pub fn generation(&self) -> u64 {
        match &self.judged {
            Judged::Gate(verdict) => verdict.generation(),
            Judged::Site(verdict) => verdict.site_generation(),
        }
    }
}

impl fmt::Display for Admission {
    /// `203.0.113.7 allow 203.0.113.0/24:partner (generation 1), client by element 1 from the right`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.judged {
            Judged::Gate(verdict) => write!(f, "{verdict}")?,
            Judged::Site(verdict) => write!(f, "{verdict}")?,
        }
        match self.client {
            Ok(client) => write!(f, ", client by {}", client.found()),
            Err(refusal) => write!(f, ", {refusal}"),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::NoClient(why) => write!(f, "no client address: {why}"),
            Refusal::SeveralHosts => f.write_str("the request names two hosts"),
        }
    }
}

impl std::error::Error for Refusal {}
