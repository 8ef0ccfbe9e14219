//! What a reader of a site has counted.

use super::snapshot::SiteSnapshot;
use super::tally::{AppTally, SiteTally};
use crate::reason::Reason;
use crate::tally::{Labels, Sum, Whose};

/// Whose decisions are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted<'t> {
    /// Those about the clients of the app of that name.
    App(&'t str),
    /// Those about the clients of apps that the site does not name.
    Unnamed,
    /// Those about the clients of apps that were there when they were counted, and are gone.
    Gone,
}

/// Decisions of one reader about the clients of one app: see [`SiteReader::counts`](super::SiteReader::counts).
///
/// ```
/// use ipgate::List;
/// use ipgate::site::{App, Counted, Site, SiteGate, Sought};
/// use ipgate::tally::{Sum, Whose};
/// use ipgate::{Address, Reason};
/// let shop = App::new().with_list("192.0.2.7:partner".parse::<List>()?);
/// let gate = SiteGate::new(&Site::new().with_app("shop".parse()?, shop))?;
/// let mut reader = gate.reader();
/// for client in ["192.0.2.7", "203.0.113.9"] {
///     reader.admit(Sought::Name(b"shop"), client.parse::<std::net::IpAddr>().map(Address::from)?);
/// }
/// let counts = reader.counts_of(Counted::App("shop"));
/// assert_eq!(counts.sum(), Sum { allowed: 1, denied: 1 });
/// assert!(counts.reasons().any(|count| count == (Reason::NoEntry, 1)));
/// assert!(counts.labels().any(|count| count == (Whose::Label("partner"), Sum { allowed: 1, denied: 0 })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct AppCounts<'t> {
    reasons: [u64; Reason::ALL.len()],
    labels: Option<&'t Labels>,
}

impl<'t> AppCounts<'t> {
    /// All that a tally has.
    pub(super) fn all(tally: &'t SiteTally) -> impl Iterator<Item = (Counted<'t>, AppCounts<'t>)> {
        let named = tally.named().map(|(name, app)| (Counted::App(name), app));
        let unnamed = tally.unnamed().map(|unnamed| (Counted::Unnamed, unnamed));
        let all = named.chain(unnamed).chain([(Counted::Gone, tally.gone())]);
        all.map(|(whose, app)| (whose, AppCounts::new(Some(app))))
    }

    /// What a tally has of those.
    pub(super) fn of(tally: &'t SiteTally, site: &SiteSnapshot, whose: Counted<'_>) -> AppCounts<'t> {
        AppCounts::new(match whose {
            Counted::App(name) => site.app(name).and_then(|(number, _)| tally.of_app(number)),
            Counted::Unnamed => tally.unnamed(),
            Counted::Gone => Some(tally.gone()),
        })
    }

    fn new(tally: Option<&'t AppTally>) -> AppCounts<'t> {
        AppCounts {
            reasons: tally.map(|tally| tally.reasons).unwrap_or_default(),
            labels: tally.and_then(|tally| tally.labels.as_deref()),
        }
    }

    /// All together.
    #[must_use]
    pub fn sum(self) -> Sum {
        let counted = |is_allowed: bool| {
            let of_kind = self.reasons().filter(move |(reason, _)| reason.is_allowed() == is_allowed);
            of_kind.map(|(_, count)| count).sum()
        };
        Sum { allowed: counted(true), denied: counted(false) }
    }

    /// How often each reason decided.
    pub fn reasons(self) -> impl Iterator<Item = (Reason, u64)> {
        Reason::ALL.iter().copied().zip(self.reasons)
    }

    /// What was decided under each label of either list, in no order. A sum may be zero.
    pub fn labels(self) -> impl Iterator<Item = (Whose<'t>, Sum)> {
        let labels = || self.labels.into_iter().flat_map(Labels::sums);
        let (all, mut labelled) = (self.sum(), Sum::default());
        labels().for_each(|(_, sum)| labelled += sum);
        let unlabelled =
            Sum { allowed: all.allowed - labelled.allowed, denied: all.denied - labelled.denied };
        labels().chain([(Whose::Unlabelled, unlabelled)])
    }
}
