//! What two sites say differently: settings, lists, apps and hosts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ipgate::diff::Diff;
use ipgate::site::{App, AppName, Host, ListSlot, Site};
use ipgate::{List, Mode};

use super::shown::entry_counts;

/// All of it. What both say alike is not there.
pub(super) struct Said<'s> {
    pub(super) enforce: Option<[bool; 2]>,
    pub(super) mode: Option<[Mode; 2]>,
    pub(super) default: Option<ListChange>,
    pub(super) apps: Vec<AppChange<'s>>,
    pub(super) hosts: Vec<HostChange<'s>>,
}

/// A list that is not the same.
pub(super) struct ListChange {
    /// What it is in the old site and in the new one.
    pub(super) state: [ListState; 2],
    /// Of a list that is not set, all entries are missing.
    pub(super) diff: Diff,
}

/// What stands in the place of a list. Unset and empty are two things, and an empty list is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ListState {
    Unset,
    /// It is to come, and nobody is let in until it does: so an image says, or a router.
    Waiting,
    Set,
}

/// An app of which the sites say different things, its hosts apart.
pub(super) struct AppChange<'s> {
    pub(super) name: &'s AppName,
    /// Whether the old site names it, and the new one.
    pub(super) is_named: [bool; 2],
    /// Its own mode; none where that of the site holds.
    pub(super) mode: Option<[Option<Mode>; 2]>,
    pub(super) list: Option<ListChange>,
}

/// A host that is of another app, or was or is of none.
pub(super) struct HostChange<'s> {
    pub(super) host: &'s Host,
    pub(super) apps: [Option<&'s AppName>; 2],
}

impl<'s> Said<'s> {
    pub(super) fn between([old, new]: [&'s Site; 2]) -> Said<'s> {
        Said {
            enforce: differing([old, new].map(Site::is_enforced)),
            mode: differing([old, new].map(Site::mode)),
            default: ListChange::between([old, new].map(Site::default_list)),
            apps: apps([old, new]).into_iter().filter_map(|name| AppChange::of(name, [old, new])).collect(),
            hosts: hosts([old, new]),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        let Said { enforce, mode, default, apps, hosts } = self;
        let is_site_same = enforce.is_none() && mode.is_none() && default.is_none();
        is_site_same && apps.is_empty() && hosts.is_empty()
    }

    /// How many entries of all lists were added, removed and relabelled.
    pub(super) fn entry_counts(&self) -> [usize; 3] {
        let of_apps = self.apps.iter().filter_map(|app| app.list.as_ref());
        let counts = self.default.iter().chain(of_apps).map(|list| entry_counts(&list.diff));
        counts
            .fold([0; 3], |[a, b, c], [added, removed, relabelled]| [a + added, b + removed, c + relabelled])
    }

    /// How many apps only the new site names, only the old one, and both in different ways.
    pub(super) fn app_counts(&self) -> [usize; 3] {
        let count = |is_named| self.apps.iter().filter(|app| app.is_named == is_named).count();
        [count([false, true]), count([true, false]), count([true, true])]
    }
}

impl ListChange {
    fn between(slots: [&ListSlot; 2]) -> Option<ListChange> {
        let state = slots.map(ListState::of);
        let lists = slots.map(ListSlot::list);
        if differing(state).is_none() && differing(lists.each_ref()).is_none() {
            return None;
        }
        let [old, new]: [Arc<List>; 2] = lists.map(Option::unwrap_or_default);
        let diff = Diff::between(&old, &new);
        // Entries in another order may well say the same.
        let is_same = diff.is_empty() && differing(state).is_none();
        (!is_same).then_some(ListChange { state, diff })
    }
}

impl ListState {
    fn of(slot: &ListSlot) -> ListState {
        match slot {
            ListSlot::Unset => ListState::Unset,
            ListSlot::Waiting => ListState::Waiting,
            ListSlot::List(_) | ListSlot::Table(_) => ListState::Set,
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            ListState::Unset => "unset",
            ListState::Waiting => "waiting",
            ListState::Set => "set",
        }
    }
}

impl<'s> AppChange<'s> {
    fn of(name: &'s AppName, sites: [&Site; 2]) -> Option<AppChange<'s>> {
        let apps = sites.map(|site| site.apps().get(name));
        let is_named = apps.map(|app| app.is_some());
        let mode = differing(apps.map(|app| app.and_then(App::mode)));
        let list = ListChange::between(apps.map(|app| app.map_or(&ListSlot::Unset, App::list)));
        let is_same = differing(is_named).is_none() && mode.is_none() && list.is_none();
        (!is_same).then_some(AppChange { name, is_named, mode, list })
    }
}

/// Old and new, where they are two.
fn differing<T: PartialEq>([old, new]: [T; 2]) -> Option<[T; 2]> {
    (old != new).then_some([old, new])
}

/// The apps that any of two sites names.
pub(super) fn apps(sites: [&Site; 2]) -> BTreeSet<&AppName> {
    sites.into_iter().flat_map(|site| site.apps().keys()).collect()
}

fn hosts<'s>(sites: [&'s Site; 2]) -> Vec<HostChange<'s>> {
    let of_site = |site: &'s Site| {
        let apps = site.apps().iter();
        let hosts = apps.flat_map(|(name, app)| app.hosts().iter().map(move |host| (host, name)));
        hosts.collect::<BTreeMap<&Host, &AppName>>()
    };
    let of_sites = sites.map(of_site);
    let all: BTreeSet<&Host> = of_sites.iter().flat_map(|hosts| hosts.keys().copied()).collect();
    let change = |host: &'s Host| {
        let apps = differing(of_sites.each_ref().map(|hosts| hosts.get(host).copied()))?;
        Some(HostChange { host, apps })
    };
    all.into_iter().filter_map(change).collect()
}
