//! The folder of a site, followed: every file by itself, and what has come together is brought into force together.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::gathered::Gathered;
use super::list::ListFile;
use super::listing::Listing;
use super::part::Part;
use crate::list::Parser;
use crate::site::text::{
    DEFAULT, HOSTS, SETTINGS, Settings, is_site, no_site, parse_hosts, parse_settings, write_list_path,
};
use crate::site::{App, AppName, Changes, Host, ListSlot, SiteRefusal, SiteSnapshot, SiteTextError};
use crate::watch::file::Followed;
use crate::watch::known::Place;
use crate::watch::outcome::WatchError;
use crate::watch::repeats::Repeats;

/// A folder, with what is known of its files.
pub(super) struct Folder {
    path: PathBuf,
    settle: Duration,
    settings: Part<Settings>,
    hosts: Part<BTreeMap<Host, AppName>>,
    default: Option<ListFile>,
    default_path: PathBuf,
    apps: BTreeMap<AppName, ListFile>,
    /// The apps whose lists hold something that is not in force, so that one that changes is found among ten thousand.
    holding: BTreeSet<AppName>,
    /// Where lists of apps are.
    listing: Listing,
    /// Nothing of it is in force yet.
    is_first: bool,
    /// Failures to look through the folder.
    failures: Repeats,
    /// What stands among the lists and is none.
    strange: Repeats,
}

impl Folder {
    pub(super) fn new(path: &Path, settle: Duration) -> io::Result<Folder> {
        let file = |name| Followed::new(path.join(name)).map(|file| file.settle(settle));
        Ok(Folder {
            path: path.to_owned(),
            settle,
            settings: Part::new(file(SETTINGS)?, parse_settings),
            hosts: Part::new(file(HOSTS)?, parse_hosts),
            default: None,
            default_path: path.join(DEFAULT),
            apps: BTreeMap::new(),
            holding: BTreeSet::new(),
            listing: Listing::new(Instant::now()),
            is_first: true,
            failures: Repeats::default(),
            strange: Repeats::default(),
        })
    }

    /// A file in each folder whose changes matter, there or not.
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        let in_folders = self.listing.folders().map(|folder| folder.join("*"));
        std::iter::once(self.path.join(SETTINGS)).chain(in_folders).collect()
    }

    pub(super) fn forget(&mut self) {
        self.settings.forget();
        self.hosts.forget();
        self.listing.forget();
        self.default.iter_mut().chain(self.apps.values_mut()).for_each(ListFile::forget);
    }

    /// Looks at everything. Where the folder itself cannot be looked through, nothing counts as gone.
    pub(super) fn gather(
        &mut self,
        now: Instant,
        retry: bool,
        parser: &Parser,
        current: &SiteSnapshot,
        gathered: &mut Gathered,
    ) {
        if !is_site(&self.path) {
            gathered.is_blocked = true;
            let error = SiteTextError::new(vec![no_site(&self.path)]);
            return gathered.failed_for_all(&mut self.failures, WatchError::Site { error });
        }
        self.find(current);
        gathered.is_blocked |= !self.listing.unreadable.is_empty();
        let blind = self.tell(gathered);
        self.settings.look(now, retry, parser, gathered);
        self.hosts.look(now, retry, parser, gathered);
        let settle = self.settle;
        if let Some(default) = &mut self.default {
            match self.default_path.symlink_metadata() {
                Ok(_) => {
                    default.look(None, Place::of(&self.default_path, settle), now, retry, parser, gathered)
                }
                Err(_) => default.is_gone(now, gathered),
            }
        }
        let mut path = PathBuf::new();
        for (name, list) in &mut self.apps {
            if list.found() == self.listing.number() {
                write_list_path(&mut path, &self.path, name);
                list.look(Some(name), Place::of(&path, settle), now, retry, parser, gathered);
            } else if !blind.iter().any(|start| name.as_str().starts_with(start)) {
                list.is_gone(now, gathered);
            }
            if list.held().is_some() && !self.holding.contains(name) {
                self.holding.insert(name.clone());
            }
        }
    }

    /// Finds the lists that there are, and follows those that are new.
    fn find(&mut self, current: &SiteSnapshot) {
        if self.default.is_none() && self.default_path.symlink_metadata().is_ok() {
            self.default = Some(ListFile::new(current.default_slot().has_list()));
        }
        let apps = &mut self.apps;
        self.listing.look(&self.path, Instant::now(), |listing, name| match apps.get_mut(&name) {
            Some(list) => list.is_found(listing),
            None => {
                let mut list = ListFile::new(current.slot_of(name.as_str()).has_list());
                list.is_found(listing);
                apps.insert(name, list);
            }
        });
    }

    /// Tells what is strange, and which folders cannot be read; the starts of the names of apps that may be in these.
    fn tell(&mut self, gathered: &mut Gathered) -> Vec<String> {
        let problems = |problems: Vec<_>| WatchError::Site { error: SiteTextError::new(problems) };
        let Listing { strange, unreadable, .. } = &self.listing;
        match strange.is_empty() {
            true => drop(self.strange.recovered()),
            false => gathered.failed(&mut self.strange, problems(strange.clone())),
        }
        let apps = self.listing.folders().next();
        let missing = apps.filter(|apps| !apps.exists() && !self.apps.is_empty());
        match unreadable.is_empty() {
            true if missing.is_some() => {} // the same failure, told below
            true => gathered.failures += self.failures.recovered(),
            false => {
                let unreadable = unreadable.iter().map(|(_, problem)| problem.clone()).collect();
                gathered.failed_for_all(&mut self.failures, problems(unreadable));
            }
        }
        let mut blind: Vec<String> = unreadable.iter().map(|(start, _)| start.clone()).collect();
        if let Some(path) = missing {
            // All at once is no way to remove lists one by one: an empty folder says that there are none.
            blind.push(String::new());
            gathered.failed_for_all(&mut self.failures, WatchError::Missing { path: path.to_owned() });
        }
        blind
    }

    /// What is to be different from what is in force.
    pub(super) fn changes(&self, current: &SiteSnapshot) -> Changes {
        let mut changes = Changes::new();
        let (settings, before) = (&self.settings.latest, &self.settings.in_force);
        if self.is_first || settings.mode != before.mode {
            changes = changes.with_mode(settings.mode);
        }
        if self.is_first || settings.enforce != before.enforce {
            changes = changes.with_enforce(settings.enforce);
        }
        changes = match &self.default {
            Some(default) => default.held().cloned().into_iter().fold(changes, Changes::with_default),
            None if self.is_first => changes.with_default(ListSlot::Unset),
            None => changes,
        };
        let hosts = (self.is_first || !self.hosts.is_in_force()).then(|| of_apps(&self.hosts.latest));
        for name in self.changed(hosts.as_ref()) {
            let hosts = match &hosts {
                Some(hosts) => hosts.get(name).into_iter().flatten().map(|host| (*host).clone()).collect(),
                None => current.hosts_of(name.as_str()).to_vec(),
            };
            changes = match self.app(name, hosts, current) {
                Some(app) => changes.with_app(name.clone(), app),
                None => changes.without_app(name.clone()),
            };
        }
        if self.is_first { changes.of_whole() } else { changes }
    }

    /// The apps of which anything is to be different; `hosts` are those of all apps where they are to be.
    fn changed<'f>(&'f self, hosts: Option<&HostsOfApps<'f>>) -> BTreeSet<&'f AppName> {
        let mut changed: BTreeSet<&AppName> = match self.is_first {
            true => self.apps.keys().collect(),
            false => self.holding.iter().collect(),
        };
        let (modes, before) = (&self.settings.latest.modes, &self.settings.in_force.modes);
        let all = modes.keys().chain(before.keys());
        changed.extend(all.filter(|name| self.is_first || modes.get(*name) != before.get(*name)));
        if let Some(hosts) = hosts {
            let before = of_apps(&self.hosts.in_force);
            let all = hosts.keys().chain(before.keys()).copied();
            changed.extend(all.filter(|name| self.is_first || hosts.get(name) != before.get(name)));
        }
        changed
    }

    /// An app as it is to be, if the site is to name it.
    fn app(&self, name: &AppName, hosts: Vec<Host>, current: &SiteSnapshot) -> Option<App> {
        let list = self.apps.get(name).map(|list| list.slot(|| current.slot_of(name.as_str())));
        let list = list.filter(|slot| !slot.is_unset());
        let mode = self.settings.latest.modes.get(name);
        if list.is_none() && mode.is_none() && hosts.is_empty() {
            return None;
        }
        let app = App::new().with_list(list.unwrap_or_default());
        let app = mode.copied().flatten().into_iter().fold(app, App::with_mode);
        Some(hosts.into_iter().fold(app, App::with_host))
    }

    /// Takes note of what is in force now: all but what was refused, which is tried again with the next change.
    pub(super) fn comes_into_force(&mut self, refusals: &[SiteRefusal]) {
        let is_refused = |kind: fn(&SiteRefusal) -> bool| refusals.iter().any(kind);
        match is_refused(|refusal| matches!(refusal, SiteRefusal::EnforceOff)) {
            true => self.settings.comes_into_force_but(|settings, before| settings.enforce = before.enforce),
            false => self.settings.comes_into_force(),
        }
        self.hosts.comes_into_force();
        if !is_refused(|refusal| matches!(refusal, SiteRefusal::Default(_))) {
            self.default.take_if(|default| !default.comes_into_force());
        }
        let keeps_removed = is_refused(|refusal| matches!(refusal, SiteRefusal::Removal { .. }));
        self.is_first &= keeps_removed; // there are apps of another site, which the next change removes
        let is_refused = |name: &AppName| {
            let of_app =
                |refusal: &SiteRefusal| matches!(refusal, SiteRefusal::App { app, .. } if app == name);
            refusals.iter().any(of_app)
        };
        self.holding.retain(|name| {
            let Some(list) = self.apps.get_mut(name) else { return false };
            let stays = is_refused(name) || keeps_removed && list.held().is_some_and(ListSlot::is_unset);
            if !stays && !list.comes_into_force() {
                self.apps.remove(name);
            }
            stays
        });
    }
}

/// The hosts of each app.
type HostsOfApps<'h> = BTreeMap<&'h AppName, Vec<&'h Host>>;

fn of_apps(hosts: &BTreeMap<Host, AppName>) -> HostsOfApps<'_> {
    let mut apps = HostsOfApps::new();
    hosts.iter().for_each(|(host, app)| apps.entry(app).or_default().push(host));
    apps
}
