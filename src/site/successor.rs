//! The next state of a site: the current one with some changes, of which it shares everything else.

use std::sync::Arc;
use std::time::SystemTime;

use super::apps::{AppState, Apps};
use super::changes::{Changes, Permit};
use super::description::{App, ListSlot};
use super::guard::{SiteGuard, SiteRefusal, SiteRefused};
use super::host::Host;
use super::name::AppName;
use super::snapshot::{Names, SiteSnapshot, key};
use crate::policy::{Mode, Policy};
use crate::reason::Reason;
use crate::snapshot::Snapshot;
use crate::table::{Origin, Table};

/// A state that is being made.
pub(super) struct Successor<'c> {
    before: Option<&'c SiteSnapshot>,
    next: SiteSnapshot,
    is_changed: bool,
    /// Lists that take the place of others; of an app, or the default list.
    swaps: Vec<(Option<AppName>, Arc<Snapshot>, Arc<Snapshot>)>,
    refusals: Vec<SiteRefusal>,
    now: SystemTime,
}

impl<'c> Successor<'c> {
    /// The first state: without lists and apps.
    pub(super) fn first() -> Successor<'static> {
        let (generation, now) = (1, SystemTime::now());
        let next = SiteSnapshot {
            generation,
            mode: Mode::default(),
            enforce: false,
            default: compiled(&ListSlot::Unset, Origin::Default, generation, now),
            apps: Apps::default(),
            names: Arc::new(Names { generation, ..Names::default() }),
        };
        Successor { before: None, next, is_changed: true, swaps: Vec::new(), refusals: Vec::new(), now }
    }

    /// The state after that one.
    pub(super) fn of(before: &'c SiteSnapshot) -> Successor<'c> {
        let next = SiteSnapshot { generation: before.generation + 1, ..before.clone() };
        let (swaps, refusals, now) = (Vec::new(), Vec::new(), SystemTime::now());
        Successor { before: Some(before), next, is_changed: false, swaps, refusals, now }
    }

    /// Whether anything is different.
    pub(super) fn is_changed(&self) -> bool {
        self.is_changed || !self.refusals.is_empty()
    }

    /// Makes the changes.
    pub(super) fn change(&mut self, changes: &Changes) {
        if let Some(slot) = &changes.default {
            self.set_default(slot);
        }
        let (mode, enforce) =
            (changes.mode.unwrap_or(self.next.mode), changes.enforce.unwrap_or(self.next.enforce));
        self.is_changed |= (mode, enforce) != (self.next.mode, self.next.enforce);
        (self.next.mode, self.next.enforce) = (mode, enforce);
        if changes.is_whole {
            let is_named = |app: &&Arc<AppState>| changes.apps.contains_key(&app.name);
            let gone: Vec<Arc<AppState>> =
                self.next.apps.iter().filter(|app| !is_named(app)).cloned().collect();
            gone.iter().for_each(|app| self.remove(app));
        }
        // Hosts go from all apps before they come to any: they may move.
        for (name, app) in &changes.apps {
            let Some(old) = self.state(name) else { continue };
            match app {
                Some(app) if hosts(app) == old.hosts => {}
                Some(_) => self.free_hosts(&old),
                None => self.remove(&old),
            }
        }
        let mut from = 0;
        for (name, app) in &changes.apps {
            if let Some(app) = app {
                self.put(name, app, &mut from);
            }
        }
    }

    fn set_default(&mut self, slot: &ListSlot) {
        if is_of(&self.next.default, slot) {
            return;
        }
        let new = compiled(slot, Origin::Default, self.next.generation, self.now);
        let old = std::mem::replace(&mut self.next.default, Arc::clone(&new));
        self.swaps.push((None, old, new));
        self.is_changed = true;
    }

    fn state(&self, name: &AppName) -> Option<Arc<AppState>> {
        self.next.apps.shared(self.next.names.apps.get(name.as_str())?)
    }

    fn names(&mut self) -> &mut Names {
        self.is_changed = true;
        let names = Arc::make_mut(&mut self.next.names);
        names.generation = self.next.generation;
        names
    }

    fn remove(&mut self, app: &AppState) {
        self.free_hosts(app);
        self.names().apps.remove(app.name.as_str());
        self.next.apps.remove(app.number);
    }

    fn free_hosts(&mut self, app: &AppState) {
        for host in &app.hosts {
            self.names().directory(host).remove(key(host));
        }
    }

    /// Puts an app, at the number that it has or at a free one at or above `from`.
    fn put(&mut self, name: &AppName, app: &App, from: &mut u32) {
        let (old, hosts) = (self.state(name), hosts(app));
        let number = match &old {
            Some(old) => old.number,
            None => {
                let number = self.next.apps.free_number(*from);
                *from = number + 1;
                self.names().apps.insert(name.as_str(), number);
                number
            }
        };
        let old_list = old.as_ref().and_then(|old| old.list.as_ref());
        let list = match (app.list(), old_list) {
            (ListSlot::Unset, _) => None,
            (slot, Some(list)) if is_of(list, slot) => Some(Arc::clone(list)),
            (slot, _) => Some(compiled(slot, Origin::App, self.next.generation, self.now)),
        };
        if let (Some(old), Some(new)) = (old_list, &list)
            && !Arc::ptr_eq(old, new)
        {
            self.swaps.push((Some(name.clone()), Arc::clone(old), Arc::clone(new)));
        }
        let is_same_list = match (old_list, &list) {
            (Some(old), Some(new)) => Arc::ptr_eq(old, new),
            (old, new) => old.is_none() && new.is_none(),
        };
        let has_same_hosts = old.as_ref().is_some_and(|old| old.hosts == hosts);
        if is_same_list && has_same_hosts && old.is_some_and(|old| old.mode == app.mode()) {
            return;
        }
        if !has_same_hosts {
            hosts.iter().for_each(|host| self.take_host(host, name, number));
        }
        self.is_changed = true;
        self.next.apps.insert(AppState { name: name.clone(), number, mode: app.mode(), hosts, list });
    }

    fn take_host(&mut self, host: &Host, name: &AppName, number: u32) {
        let directory = self.names().directory(host);
        let other = directory.get(key(host)).filter(|other| *other != number);
        directory.insert(key(host), number);
        if let Some(other) = other.and_then(|other| self.next.apps.get(other)) {
            let apps = [other.name.clone(), name.clone()];
            self.refusals.push(SiteRefusal::Host { host: host.clone(), apps });
        }
    }

    /// The state, where the guard lets it pass.
    pub(super) fn finish(
        mut self,
        guard: &SiteGuard,
        permits: &[Permit],
    ) -> Result<SiteSnapshot, SiteRefused> {
        for (app, old, new) in &self.swaps {
            if !(has_list(old.table()) && has_list(new.table())) {
                continue;
            }
            let of_list = if app.is_some() { &guard.app } else { &guard.default };
            if let Err(refused) = of_list.check(old.table(), new.table()) {
                self.refusals.push(match app {
                    Some(app) => SiteRefusal::App { app: app.clone(), refused },
                    None => SiteRefusal::Default(refused),
                });
            }
        }
        if let Some(before) = self.before {
            self.refusals.extend(guard.check(before, &self.next, permits));
        }
        if self.refusals.is_empty() { Ok(self.next) } else { Err(SiteRefused { refusals: self.refusals }) }
    }

    /// The state with what holds at `now`; `None` where that is what there is.
    pub(super) fn without_expired(mut self, now: SystemTime) -> Option<SiteSnapshot> {
        let generation = self.next.generation;
        let live = |list: &Arc<Snapshot>| {
            let table = list.table();
            (!table.is_live_at(now)).then(|| Arc::new(Snapshot::new(table.live_at(now), generation)))
        };
        if let Some(default) = live(&self.next.default) {
            (self.next.default, self.is_changed) = (default, true);
        }
        let changed: Vec<AppState> = self
            .next
            .apps
            .iter()
            .filter_map(|app| {
                Some(AppState { list: Some(live(app.list.as_ref()?)?), ..app.as_ref().clone() })
            })
            .collect();
        self.is_changed |= !changed.is_empty();
        changed.into_iter().for_each(|app| self.next.apps.insert(app));
        self.is_changed.then_some(self.next)
    }
}

/// The hosts of an app, each once.
fn hosts(app: &App) -> Box<[Host]> {
    let mut hosts = app.hosts().to_vec();
    hosts.sort();
    hosts.dedup();
    hosts.into()
}

fn compiled(slot: &ListSlot, origin: Origin, generation: u64, now: SystemTime) -> Arc<Snapshot> {
    let policy = match slot {
        ListSlot::Unset => Policy::new(),
        ListSlot::Waiting => Policy::new().with_enforce(true),
        ListSlot::List(list) if origin == Origin::Default => Policy::new().with_default(Arc::clone(list)),
        ListSlot::List(list) => Policy::new().with_app(Arc::clone(list)),
    };
    Arc::new(Snapshot::new(Table::from_policy_at(&policy, now), generation))
}

/// Whether a table is of a list, which may be empty.
fn has_list(table: &Table) -> bool {
    table.ruling_without_entry().reason() == Reason::NoEntry
}

/// Whether a compiled list is that of a slot, so that it need not be compiled again.
fn is_of(snapshot: &Snapshot, slot: &ListSlot) -> bool {
    let table = snapshot.table();
    match (table.ruling_without_entry().reason(), slot) {
        (Reason::NoGate, ListSlot::Unset) | (Reason::NoList, ListSlot::Waiting) => true,
        (Reason::NoEntry, ListSlot::List(list)) => table.is_of_text(list),
        _ => false,
    }
}
