//! Who gains or loses access to which apps of a site. Apps that change alike are one group.

use std::collections::HashMap;
use std::time::SystemTime;

use ipgate::ipnet::IpNet;
use ipgate::list::Until;
use ipgate::site::{AppName, Host, Site};
use ipgate::space::Space;
use ipgate::{Policy, Table};

use super::first::first_difference;
use super::region::Defaults;
use super::said::{self, Said};

/// Apps whose clients gain and lose the same addresses.
pub(super) struct Group<'s> {
    /// From when on, where that is not now.
    pub(super) from: Option<Until>,
    pub(super) gained: Space,
    pub(super) lost: Space,
    /// Apps that have or had a list of their own, or wait for one.
    pub(super) listed: Vec<&'s AppName>,
    /// Named apps that never had one.
    pub(super) unlisted: Vec<&'s AppName>,
    /// Hosts that are of another app than before.
    pub(super) hosts: Vec<&'s Host>,
    /// Whether apps and hosts that neither site names are among them.
    pub(super) unnamed: bool,
}

impl<'s> Group<'s> {
    /// All apps that are named, in the order of their names.
    pub(super) fn apps(&self) -> Vec<&'s AppName> {
        let mut apps = [&self.listed[..], &self.unlisted].concat();
        apps.sort_unstable();
        apps
    }
}

/// Everyone whose access differs: now, or with `later` at the first instant at which it does. What has no list of its own
/// comes first, since most apps are such.
pub(super) fn groups<'s>(sites: [&'s Site; 2], said: &Said<'s>, later: bool) -> Vec<Group<'s>> {
    let lists = sites.map(|site| site.default_list().list());
    let defaults =
        Defaults::new(lists.each_ref().map(Option::as_deref), said.default.as_ref().map(|list| &list.diff));
    let mut groups = Groups { sites, defaults, later, found: Vec::new(), places: HashMap::new() };

    let (listed, unlisted): (Vec<&AppName>, Vec<&AppName>) =
        said::apps(sites).into_iter().partition(|name| {
            sites.iter().any(|site| site.apps().get(*name).is_some_and(|app| !app.list().is_unset()))
        });
    if let Some(group) = groups.of([None, None]) {
        group.unlisted = unlisted;
        group.unnamed = true;
    }
    for name in listed {
        if let Some(group) = groups.of([Some(name), Some(name)]) {
            group.listed.push(name);
        }
    }
    for change in &said.hosts {
        // A host that one of the sites does not name may be below a `*.` of it.
        let ([old, new], [was, is]) = (sites, change.apps);
        let below = |site: &'s Site| site.app_of_host(change.host.as_str());
        if let Some(group) = groups.of([was.or_else(|| below(old)), is.or_else(|| below(new))]) {
            group.hosts.push(change.host);
        }
    }
    groups.found
}

/// What tells groups apart.
type Key = (Option<Until>, Vec<IpNet>, Vec<IpNet>);

struct Groups<'s, 'd> {
    sites: [&'s Site; 2],
    defaults: Defaults<'d>,
    later: bool,
    found: Vec<Group<'s>>,
    /// Where in `found` a group is.
    places: HashMap<Key, usize>,
}

impl<'s> Groups<'s, '_> {
    /// The group of what was of one app and is of another, or the same; of an app that is not named where there is none.
    /// Nothing where access stays.
    fn of(&mut self, apps: [Option<&AppName>; 2]) -> Option<&mut Group<'s>> {
        let ([old, new], [was, is]) = (self.sites, apps);
        let policies = self.defaults.narrowed([policy(old, was), policy(new, is)])?;
        let compare = |at| gained_and_lost(&policies, at);
        let is_same = |spaces: &[Space; 2]| spaces.iter().all(Space::is_empty);
        let lists = policies.iter().flat_map(|policy| [policy.default_list(), policy.app_list()]).flatten();
        let (from, spaces) = match self.later {
            true => first_difference(lists, compare, is_same),
            false => (None, compare(SystemTime::now())),
        };
        if is_same(&spaces) {
            return None;
        }
        let [gained, lost] = spaces;
        let key = (from, gained.prefixes().collect(), lost.prefixes().collect());
        let place = *self.places.entry(key).or_insert(self.found.len());
        if place == self.found.len() {
            let (listed, unlisted, hosts) = (Vec::new(), Vec::new(), Vec::new());
            self.found.push(Group { from, gained, lost, listed, unlisted, hosts, unnamed: false });
        }
        self.found.get_mut(place)
    }
}

/// The policy of an app; of one that the site does not name where there is none.
fn policy(site: &Site, app: Option<&AppName>) -> Policy {
    // No app has the empty name.
    site.effective_policy(app.map_or("", AppName::as_str))
}

fn gained_and_lost(policies: &[Policy; 2], at: SystemTime) -> [Space; 2] {
    let [old, new] = policies.each_ref().map(|policy| Table::from_policy_at(policy, at).allowed_space());
    [new.difference(&old), old.difference(&new)]
}
