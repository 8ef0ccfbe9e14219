//! Several sources as one site: for each app, and for each setting, the first source that has a word on it. Denials are of all.
//!
//! Denials go into the default list, whichever source has that: with it, an app's list that extends it lacks them as well.
//! Where no source has one, they must let nobody in whom nobody let in without them:
//!
//! | default list | enforce | the default list in force | mode |
//! | --- | --- | --- | --- |
//! | D | any | D and the denials | as it is |
//! | none | on | the denials, which admit nobody | as it is |
//! | none | off | `all` and the denials | `override` everywhere: an app's own list alone decides, as before |

use std::collections::HashSet;
use std::time::SystemTime;

use ipgate::ipnet::{IpNet, Ipv4Net, Ipv6Net};
use ipgate::site::{App, AppName, Changes, ListSlot};
use ipgate::{Action, Entry, List, Mode};

use crate::keeper::Keeper;

/// What is to be different in the gate.
pub(crate) fn changes<'n>(
    keepers: &[Keeper],
    settings: bool,
    apps: impl IntoIterator<Item = &'n AppName>,
) -> Changes {
    let changes = if settings { self::settings(keepers, Changes::new()) } else { Changes::new() };
    let is_open = is_open(keepers);
    apps.into_iter().fold(changes, |changes, name| match app(keepers, name) {
        Some(app) if is_open => changes.with_app(name.clone(), app.with_mode(Mode::Override)),
        Some(app) => changes.with_app(name.clone(), app),
        None => changes.without_app(name.clone()),
    })
}

/// Whether everyone comes in but those who are denied, unless an app's list says otherwise: there are denials, and nothing else
/// for all apps.
pub(crate) fn is_open(keepers: &[Keeper]) -> bool {
    has_denials(keepers) && default_list(keepers).is_none() && !enforce(keepers) && !is_mode_unknown(keepers)
}

fn settings(keepers: &[Keeper], changes: Changes) -> Changes {
    let mode = if is_open(keepers) { Some(Mode::Override) } else { mode_of(keepers).and_then(Keeper::mode) };
    let default = match default_list(keepers) {
        _ if is_mode_unknown(keepers) => ListSlot::Waiting, // how the lists combine is not known
        Some(list) if has_denials(keepers) => with_denials(keepers, list),
        Some(list) => list.clone(),
        None if is_open(keepers) => with_denials(keepers, &everyone()),
        None if has_denials(keepers) => with_denials(keepers, &ListSlot::from(List::new())),
        None => ListSlot::Unset,
    };
    changes.with_default(default).with_mode(mode.unwrap_or_default()).with_enforce(enforce(keepers))
}

fn app(keepers: &[Keeper], name: &AppName) -> Option<App> {
    keepers.iter().find_map(|keeper| keeper.app(name))
}

fn default_list(keepers: &[Keeper]) -> Option<&ListSlot> {
    keepers.iter().map(Keeper::default_list).find(|list| !list.is_unset())
}

fn enforce(keepers: &[Keeper]) -> bool {
    keepers.iter().find_map(Keeper::enforce).unwrap_or_default()
}

/// The source that has the word on the mode.
fn mode_of(keepers: &[Keeper]) -> Option<&Keeper> {
    keepers.iter().find(|keeper| keeper.mode().is_some() || keeper.is_mode_unknown())
}

fn is_mode_unknown(keepers: &[Keeper]) -> bool {
    mode_of(keepers).is_some_and(Keeper::is_mode_unknown)
}

fn has_denials(keepers: &[Keeper]) -> bool {
    keepers.iter().any(|keeper| !keeper.denials().is_unset())
}

fn everyone() -> ListSlot {
    let all = [IpNet::V4(Ipv4Net::default()), IpNet::V6(Ipv6Net::default())];
    let entries = all.map(|prefix| Entry::new(prefix, Action::Allow));
    List::from_entries(entries).map_or(ListSlot::Waiting, ListSlot::from)
}

/// A list, and whom it denies beside. Where it allows the very prefix that is denied, that is an exception, and counts: denials
/// are of machines. O(n) for all entries.
fn with_denials(keepers: &[Keeper], list: &ListSlot) -> ListSlot {
    let is_waiting = |slot: &ListSlot| matches!(slot, ListSlot::Waiting);
    let denials = || keepers.iter().map(Keeper::denials);
    let Some(list) = list.list().filter(|_| !denials().any(is_waiting)) else { return ListSlot::Waiting };
    let now = SystemTime::now();
    let is_exception = |entry: &&Entry| entry.action() == Action::Allow && entry.is_live(now);
    let exceptions: HashSet<IpNet> = list.entries().iter().filter(is_exception).map(Entry::prefix).collect();
    let denied: Vec<_> = denials().filter_map(ListSlot::list).collect();
    let denied = denied.iter().flat_map(|list| list.entries());
    let denied = denied.filter(|entry| !exceptions.contains(&entry.prefix())).cloned();
    let entries: Vec<Entry> = denied.chain(list.entries().iter().cloned()).collect();
    List::from_entries(entries).map_or(ListSlot::Waiting, ListSlot::from)
}
