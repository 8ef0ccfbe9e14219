//! What a site says of one client.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::Guard;

use super::apps::AppState;
use super::snapshot::SiteSnapshot;
use crate::address::Address;
use crate::held::{Held, Hold};
use crate::reason::Reason;
use crate::table::{EntryRef, Origin};
use crate::verdict::{Judgement, Seen};

/// The answer for one client of one app: the decision, the reason, the entry with its label, which app it was asked for,
/// which of the two lists decided, and of which generations site and list are.
///
/// A verdict holds on to the state of the site that gave it.
#[derive(Debug, Clone)]
pub struct SiteVerdict<'g> {
    snapshot: Held<'g, SiteSnapshot>,
    /// The number of the app, where the site names it.
    app: Option<u32>,
    /// Whether what was seen was seen of the app's list.
    is_of_app: bool,
    seen: Seen,
}

impl SiteSnapshot {
    /// The verdict for a client of an app, named by the site or not.
    #[must_use]
    pub fn check(&self, app: &str, address: IpAddr) -> SiteVerdict<'_> {
        self.verdict(self.app(app), Some(address.into()))
    }

    /// The verdict for a client of the app to which a request's host belongs: in any case, with or without a dot at its end
    /// and a port. A host that the site does not name is of an app that it does not name.
    #[must_use]
    pub fn check_host(&self, host: &str, address: IpAddr) -> SiteVerdict<'_> {
        self.verdict(self.app_of_host(host), Some(address.into()))
    }

    /// The verdict for a client of an app without a usable address: denied.
    #[must_use]
    pub fn check_without_address(&self, app: &str) -> SiteVerdict<'_> {
        self.verdict(self.app(app), None)
    }

    #[inline]
    pub(super) fn verdict<'s>(
        &'s self,
        app: Option<(u32, &'s AppState)>,
        address: Option<Address>,
    ) -> SiteVerdict<'s> {
        let judgement = self.judge(app.map(|(_, app)| app), address);
        SiteVerdict {
            snapshot: Held::Reader(self),
            app: app.map(|(number, _)| number),
            is_of_app: judgement.layer() == Some(Origin::App),
            seen: judgement.seen(),
        }
    }
}

impl SiteVerdict<'_> {
    /// The verdict of a state that it keeps itself.
    pub(super) fn of_own(
        snapshot: Guard<Arc<SiteSnapshot>>,
        find: impl FnOnce(&SiteSnapshot) -> Option<(u32, &AppState)>,
        address: Option<Address>,
    ) -> SiteVerdict<'static> {
        let SiteVerdict { app, is_of_app, seen, .. } = snapshot.verdict(find(&snapshot), address);
        SiteVerdict { snapshot: Held::Own(Hold::of(snapshot)), app, is_of_app, seen }
    }

    fn app_state(&self) -> Option<&AppState> {
        self.snapshot.get()?.apps.get(self.app?)
    }

    fn judgement(&self) -> Option<Judgement<'_>> {
        let list = match self.is_of_app {
            true => self.app_state()?.list.as_ref()?,
            false => &self.snapshot.get()?.default,
        };
        Some(Judgement::of_seen(list.snapshot(), self.seen))
    }

    /// Whether the client may pass.
    #[inline]
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.seen.reason().is_allowed()
    }

    /// Why.
    #[inline]
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.seen.reason()
    }

    /// The name of the app, if the site names it.
    #[must_use]
    pub fn app(&self) -> Option<&str> {
        Some(self.app_state()?.about.name.as_str())
    }

    /// The label of the entry that decided, if one did and it has one. O(1).
    #[must_use]
    pub fn label(&self) -> Option<&str> {
        self.judgement()?.label()
    }

    /// Which list decided, if an entry of one did.
    #[must_use]
    pub fn origin(&self) -> Option<Origin> {
        self.judgement()?.origin()
    }

    /// The entry that decided, if one did. One more lookup.
    #[must_use]
    pub fn entry(&self) -> Option<EntryRef<'_>> {
        self.judgement()?.entry()
    }

    /// The generation of the site.
    #[must_use]
    pub fn site_generation(&self) -> u64 {
        self.snapshot.get().map_or(0, SiteSnapshot::generation)
    }

    /// The generation of the list that was asked last: that of the site with which it came into force.
    #[must_use]
    pub fn list_generation(&self) -> u64 {
        self.seen.generation()
    }

    /// The canonical address that was looked up, or `None` for a client without one.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.judgement()?.address()
    }
}

impl fmt::Display for SiteVerdict<'_> {
    /// `10.0.1.7 allow 10.0.1.0/24:office_ABC (app shop, default list of generation 1, site 3)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.judgement().map_or(Ok(()), |judgement| write!(f, "{judgement}"))?;
        match self.app() {
            Some(app) => write!(f, " (app {app}, ")?,
            None => write!(f, " (no app of the site, ")?,
        }
        let list = if self.is_of_app { "app list" } else { "default list" };
        write!(f, "{list} of generation {}, site {})", self.list_generation(), self.site_generation())
    }
}
