//! The golden model of sites: what a description means for each app, by the golden model of policies.

use std::net::IpAddr;
use std::time::SystemTime;

use ipgate::site::{App, ListSlot, Site};
use ipgate::table::Origin;
use ipgate::{Entry, List, Mode, Policy, Reason};

use super::golden::Golden;

/// What is to be expected for one client of one app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SiteAnswer {
    pub(crate) reason: Reason,
    pub(crate) entry: Option<Entry>,
    pub(crate) origin: Option<Origin>,
}

/// What a site says to the clients of one app, which it may name or not.
pub(crate) struct GoldenApp {
    /// The model; `None` where everyone is denied because a list is to come.
    golden: Option<Golden>,
}

impl GoldenApp {
    pub(crate) fn new(site: &Site, app: &str) -> GoldenApp {
        let app = site.apps().get(app);
        let mode = app.and_then(App::mode).unwrap_or(site.mode());
        let (default, list) = (site.default_list(), app.map_or(&ListSlot::Unset, App::list));
        GoldenApp { golden: golden(default, list, mode, site.is_enforced()) }
    }

    pub(crate) fn decide(&self, client: IpAddr, now: SystemTime) -> SiteAnswer {
        let Some(golden) = &self.golden else {
            return SiteAnswer { reason: Reason::NoList, entry: None, origin: None };
        };
        let deciding = golden.covering(client, now).first().copied().cloned();
        SiteAnswer {
            reason: golden.decide(client, now).reason,
            origin: deciding.as_ref().map(|entry| if entry.from_app { Origin::App } else { Origin::Default }),
            entry: deciding.map(|deciding| deciding.entry),
        }
    }

    /// The entries that cover a client, the one that decides first; `None` where a list is to come.
    pub(crate) fn covering(&self, client: IpAddr, now: SystemTime) -> Option<Vec<(bool, Entry)>> {
        let covering = self.golden.as_ref()?.covering(client, now);
        Some(covering.into_iter().map(|golden| (golden.from_app, golden.entry.clone())).collect())
    }
}

/// Rows of the policy's table; where a list is to come, everyone is denied about whom it may decide, and there is no model.
pub(crate) fn golden(default: &ListSlot, app: &ListSlot, mode: Mode, enforce: bool) -> Option<Golden> {
    let is_waiting = |slot: &ListSlot| matches!(slot, ListSlot::Waiting);
    if let (Mode::Precede, Some(app), true) = (mode, app.list(), is_waiting(default)) {
        // Whom the app list covers is none of the default list's business.
        let entries = Policy::new().with_default(List::new()).with_app(app).with_mode(mode);
        return Some(Golden { otherwise: Reason::NoList, ..Golden::of_policy(&entries) });
    }
    let default_counts = mode != Mode::Override || app.is_unset();
    if is_waiting(app) || default_counts && is_waiting(default) {
        return None;
    }
    let mut policy = Policy::new().with_mode(mode).with_enforce(enforce);
    if let Some(list) = default.list() {
        policy = policy.with_default(list);
    }
    if let Some(list) = app.list() {
        policy = policy.with_app(list);
    }
    Some(Golden::of_policy(&policy))
}

/// The entries of all lists.
pub(crate) fn entries(site: &Site) -> Vec<Entry> {
    let apps = site.apps().values().map(App::list);
    let lists = std::iter::once(site.default_list()).chain(apps).filter_map(ListSlot::list);
    lists.flat_map(|list| list.entries().to_vec()).collect()
}
