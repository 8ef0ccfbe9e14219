//! The next state of a site: the current one with some changes, of which it shares everything else.

use std::sync::Arc;
use std::time::SystemTime;

use super::apps::{About, AppState, Apps, Listed};
use super::changes::{Changes, Permit};
use super::description::{App, ListSlot, shared};
use super::guard::{SiteGuard, SiteRefusal, SiteRefused};
use super::host::Host;
use super::name::AppName;
use super::snapshot::{Names, SiteSnapshot, key};
use crate::policy::{Mode, Policy};
use crate::reason::Reason;
use crate::table::{Origin, Table};

/// A state that is being made.
pub(super) struct Successor<'c> {
    before: Option<&'c SiteSnapshot>,
    next: SiteSnapshot,
    is_changed: bool,
    swaps: Vec<Swap>,
    refusals: Vec<SiteRefusal>,
    /// Apps that had a list and have none.
    removed: usize,
    now: SystemTime,
}

/// A list that takes the place of another, or of none.
struct Swap {
    /// Whose it is; nobody's, where it is the default list.
    app: Option<AppName>,
    old: Option<Listed>,
    new: Listed,
}

impl Swap {
    /// What the guard of such lists has against it, where lists are required or not; `closed` lets nobody in. Where there was
    /// no list, nobody was let in by one; where there is none any more, and one is required, nobody is.
    fn refusal(&self, guard: &SiteGuard, enforce: bool, closed: &Table) -> Option<SiteRefusal> {
        let new = match self.new.table().ruling_without_entry().reason() {
            Reason::NoList => return None, // a list is to come, and everyone is denied until then
            Reason::NoGate if enforce => closed,
            _ => self.new.table(),
        };
        let of_list = if self.app.is_some() { &guard.app } else { &guard.default };
        let old = self.old.as_ref().map(Listed::table).filter(|old| old.is_of_lists());
        let checked = of_list.check(old.unwrap_or(closed), new);
        let refused = checked.err()?;
        Some(match &self.app {
            Some(app) => SiteRefusal::App { app: app.clone(), refused },
            None => SiteRefusal::Default(refused),
        })
    }
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
        let (swaps, refusals) = (Vec::new(), Vec::new());
        Successor { before: None, next, is_changed: true, swaps, refusals, removed: 0, now }
    }

    /// The state after that one.
    pub(super) fn of(before: &'c SiteSnapshot) -> Successor<'c> {
        let next = SiteSnapshot { generation: before.generation + 1, ..before.clone() };
        let (swaps, refusals, now) = (Vec::new(), Vec::new(), SystemTime::now());
        Successor { before: Some(before), next, is_changed: false, swaps, refusals, removed: 0, now }
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
            let gone = self.next.apps.iter().filter(|(_, app)| !changes.apps.contains_key(&app.about.name));
            let gone: Vec<(u32, Arc<About>)> =
                gone.map(|(number, app)| (number, Arc::clone(&app.about))).collect();
            gone.iter().for_each(|(number, about)| self.remove(*number, about));
        }
        // Hosts go from all apps before they come to any: they may move.
        let mut named = Vec::new();
        for (name, app) in &changes.apps {
            let app = app.as_ref().map(|app| (app, hosts(app)));
            if let Some((number, old)) = self.state(name) {
                match &app {
                    Some((_, hosts)) if *hosts == old.about.hosts => {}
                    Some(_) => self.free_hosts(&old.about),
                    None => self.remove(number, &old.about),
                }
            }
            named.extend(app.map(|(app, hosts)| (name, app, hosts)));
        }
        let mut from = 0;
        for (name, app, hosts) in named {
            self.put(name, app, hosts, &mut from);
        }
    }

    fn set_default(&mut self, slot: &ListSlot) {
        if is_of(&self.next.default, slot) {
            return;
        }
        let new = compiled(slot, Origin::Default, self.next.generation, self.now);
        let old = std::mem::replace(&mut self.next.default, new.clone());
        self.swaps.push(Swap { app: None, old: Some(old), new });
        self.is_changed = true;
    }

    fn state(&self, name: &AppName) -> Option<(u32, AppState)> {
        self.next.app(name.as_str()).map(|(number, app)| (number, app.clone()))
    }

    fn names(&mut self) -> &mut Names {
        self.is_changed = true;
        let names = Arc::make_mut(&mut self.next.names);
        names.generation = self.next.generation;
        names
    }

    fn remove(&mut self, number: u32, app: &About) {
        self.free_hosts(app);
        self.names().apps.remove(app.name.as_str());
        let had_list = self.next.apps.get(number).is_some_and(|app| app.list.is_some());
        self.removed += usize::from(had_list);
        self.next.apps.remove(number);
    }

    fn free_hosts(&mut self, app: &About) {
        for host in &app.hosts {
            self.names().directory(host).remove(key(host));
        }
    }

    /// Puts an app, at the number that it has or at a free one at or above `from`.
    fn put(&mut self, name: &AppName, app: &App, hosts: Box<[Host]>, from: &mut u32) {
        let old = self.state(name);
        let number = match &old {
            Some((number, _)) => *number,
            None => {
                let number = self.next.apps.free_number(*from);
                *from = number + 1;
                self.names().apps.insert(name.as_str(), number);
                number
            }
        };
        let old = old.map(|(_, old)| old);
        let has_same_hosts = old.as_ref().is_some_and(|old| old.about.hosts == hosts);
        let (list, is_same_list) =
            self.list(name, app.list(), old.as_ref().and_then(|old| old.list.as_ref()));
        if is_same_list && has_same_hosts && old.as_ref().is_some_and(|old| old.mode == app.mode()) {
            return;
        }
        self.is_changed = true;
        let about = match old {
            Some(old) if has_same_hosts => old.about,
            old => {
                hosts.iter().for_each(|host| self.take_host(host, name, number));
                let came = old.map_or(self.next.generation, |old| old.about.came);
                Arc::new(About { name: name.clone(), hosts, came })
            }
        };
        self.next.apps.insert(number, AppState { mode: app.mode(), list, about });
    }

    /// The compiled list of an app, and whether it is the one that the app has.
    fn list(&mut self, name: &AppName, slot: &ListSlot, old: Option<&Listed>) -> (Option<Listed>, bool) {
        match (slot, old) {
            (ListSlot::Unset, old) => {
                self.removed += usize::from(old.is_some());
                (None, old.is_none())
            }
            (slot, Some(old)) if is_of(old, slot) => (Some(old.clone()), true),
            (slot, old) => {
                let new = compiled(slot, Origin::App, self.next.generation, self.now);
                self.swaps.push(Swap { app: Some(name.clone()), old: old.cloned(), new: new.clone() });
                (Some(new), false)
            }
        }
    }

    fn take_host(&mut self, host: &Host, name: &AppName, number: u32) {
        let directory = self.names().directory(host);
        let other = directory.get(key(host).as_bytes()).filter(|other| *other != number);
        directory.insert(key(host), number);
        if let Some(other) = other.and_then(|other| self.next.apps.get(other)) {
            let apps = [other.about.name.clone(), name.clone()];
            self.refusals.push(SiteRefusal::Host { host: host.clone(), apps });
        }
    }

    /// The state, where the guard lets it pass.
    pub(super) fn finish(
        mut self,
        guard: &SiteGuard,
        permits: &[Permit],
    ) -> Result<SiteSnapshot, SiteRefused> {
        let (enforce, closed) = (self.next.enforce, Table::from_policy(&Policy::new().with_enforce(true)));
        let refusals = self.swaps.iter().filter_map(|swap| swap.refusal(guard, enforce, &closed));
        self.refusals.extend(refusals);
        if let Some(before) = self.before {
            self.refusals.extend(guard.check(before, &self.next, self.removed, permits));
        }
        if self.refusals.is_empty() { Ok(self.next) } else { Err(SiteRefused { refusals: self.refusals }) }
    }

    /// The state with what holds at `now`; `None` where that is what there is.
    pub(super) fn without_expired(mut self, now: SystemTime) -> Option<SiteSnapshot> {
        let generation = self.next.generation;
        let live = |list: &Listed| {
            let table = list.table();
            (!table.is_live_at(now)).then(|| Listed::new(shared(table.live_at(now)), generation))
        };
        if let Some(default) = live(&self.next.default) {
            (self.next.default, self.is_changed) = (default, true);
        }
        let changed = self.next.apps.iter().filter_map(|(number, app)| {
            Some((number, AppState { list: Some(live(app.list.as_ref()?)?), ..app.clone() }))
        });
        let changed: Vec<(u32, AppState)> = changed.collect();
        self.is_changed |= !changed.is_empty();
        changed.into_iter().for_each(|(number, app)| self.next.apps.insert(number, app));
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

fn compiled(slot: &ListSlot, origin: Origin, generation: u64, now: SystemTime) -> Listed {
    Listed::new(slot.compiled(origin, now), generation)
}

/// Whether a compiled list is that of a slot, so that it need not be compiled again.
fn is_of(list: &Listed, slot: &ListSlot) -> bool {
    let table = list.table();
    match (table.ruling_without_entry().reason(), slot) {
        (Reason::NoGate, ListSlot::Unset) | (Reason::NoList, ListSlot::Waiting) => true,
        (Reason::NoEntry, ListSlot::List(list)) => table.is_of_text(list),
        (Reason::NoEntry, ListSlot::Table(other)) => table.is_same_as(other.table()),
        _ => false,
    }
}
