//! What a change of an app's list does: who gains or loses access, by the default list, the mode and `enforce` in force.

use ipgate::diff::Diff;
use ipgate::site::{App, AppName, ListSlot, Site, SiteSnapshot};
use ipgate::space::Space;
use ipgate::{List, Policy, Table};
use serde_json::{Value, json};

/// How many prefixes are named.
const NAMED: usize = 100;

/// Entries that differ, and addresses whose access does; none where that is not known because a list is to come.
pub(super) fn of_change(state: &SiteSnapshot, app: &AppName, before: &ListSlot, after: &ListSlot) -> Value {
    let [old, new] = [before, after].map(|slot| slot.list().unwrap_or_default());
    let entries = Diff::between(&old, &new);
    let texts = |entries: &[ipgate::Entry]| entries.iter().map(ToString::to_string).collect::<Vec<_>>();
    let spaces = gained_and_lost(state, app, [before, after]);
    let [gained, lost] =
        spaces.map_or([Value::Null, Value::Null], |spaces| spaces.map(|space| shown(&space)));
    json!({
        "added": texts(entries.added()),
        "removed": texts(entries.removed()),
        "gained": gained,
        "lost": lost,
    })
}

fn gained_and_lost(state: &SiteSnapshot, app: &AppName, slots: [&ListSlot; 2]) -> Option<[Space; 2]> {
    let site = state.site();
    let mode = site.apps().get(app).and_then(App::mode);
    let policy = |slot: &ListSlot| -> Option<Policy> {
        let changed = mode.into_iter().fold(App::new().with_list(slot.clone()), App::with_mode);
        let alone = Site::new()
            .with_default(site.default_list().clone())
            .with_mode(site.mode())
            .with_enforce(site.is_enforced());
        alone.with_app(app.clone(), changed).policy(app.as_str())
    };
    let [old, new] = slots.map(|slot| policy(slot).map(|policy| Table::from_policy(&policy).allowed_space()));
    let (old, new) = (old?, new?);
    Some([new.difference(&old), old.difference(&new)])
}

fn shown(space: &Space) -> Value {
    let prefixes: Vec<String> = space.prefixes().take(NAMED).map(|prefix| prefix.to_string()).collect();
    json!({
        "prefixes": prefixes,
        "more": space.prefixes().skip(NAMED).count(),
        "ipv4": space.v4_count().to_string(),
        "ipv6": space.v6_count().to_string(),
    })
}

/// What stands in the place of a list.
pub(super) fn slot(list: Option<List>) -> ListSlot {
    list.map_or(ListSlot::Unset, ListSlot::from)
}

/// Who is let in where an app has no list any more.
pub(super) fn without_list(state: &SiteSnapshot, app: &AppName) -> String {
    let site = state.site();
    let rest = match (site.default_list(), site.is_enforced()) {
        (ListSlot::Waiting, _) => "the default list, which is to come, decides: nobody is let in",
        (ListSlot::Unset, true) => "nobody is let in, since lists are required",
        (ListSlot::Unset, false) => {
            "EVERYONE is let in, since there is no default list and lists are not required"
        }
        _ => "the default list decides",
    };
    format!("{app} has no list of its own then; {rest}")
}
