//! The difference of two sites in JSON.

use ipgate::list::Until;
use ipgate::site::AppName;
use ipgate::space::Space;
use serde::Serialize;

use super::access::Group;
use super::said::{AppChange, ListChange, ListState, Said};
use super::shown::{EntryLine, entry_lines};
use crate::output::{self, Counts, Failure, Out, maybe_text};

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Line<'a> {
    Setting {
        name: &'static str,
        /// Where it is not that of the site.
        app: Option<&'a str>,
        old: Option<String>,
        new: Option<String>,
    },
    App {
        app: &'a str,
        change: &'static str,
    },
    List {
        app: Option<&'a str>,
        old: &'static str,
        new: &'static str,
    },
    Host {
        host: &'a str,
        old: Option<&'a str>,
        new: Option<&'a str>,
    },
    Access {
        apps: Vec<&'a str>,
        hosts: Vec<&'a str>,
        unnamed: bool,
        #[serde(serialize_with = "maybe_text")]
        from: Option<Until>,
        gained: Vec<String>,
        lost: Vec<String>,
        addresses_gained: Counts,
        addresses_lost: Counts,
    },
    Summary(Summary),
}

/// An entry, and the app whose list it is of; nobody's is the default list.
#[derive(Serialize)]
struct OfList<'a> {
    #[serde(flatten)]
    line: EntryLine<'a>,
    app: Option<&'a str>,
}

#[derive(Serialize)]
struct Summary {
    apps_added: usize,
    apps_removed: usize,
    apps_changed: usize,
    hosts_changed: usize,
    added: usize,
    removed: usize,
    relabelled: usize,
    /// Named apps whose clients gain or lose access.
    access_changed: usize,
}

/// `shown` is what the sites say where that is to be shown; the summary counts it in any case.
pub(super) fn write(
    out: &mut Out,
    shown: Option<&Said<'_>>,
    said: &Said<'_>,
    groups: &[Group<'_>],
) -> Result<(), Failure> {
    shown.map_or(Ok(()), |said| write_said(out, said))?;
    for group in groups {
        let prefixes = |space: &Space| space.prefixes().map(|prefix| prefix.to_string()).collect();
        let access = Line::Access {
            apps: group.apps().into_iter().map(AppName::as_str).collect(),
            hosts: group.hosts.iter().map(|host| host.as_str()).collect(),
            unnamed: group.unnamed,
            from: group.from,
            gained: prefixes(&group.gained),
            lost: prefixes(&group.lost),
            addresses_gained: Counts::of(&group.gained),
            addresses_lost: Counts::of(&group.lost),
        };
        output::json(out, &access)?;
    }
    output::json(out, &Line::Summary(Summary::of(said, groups)))
}

fn write_said(out: &mut Out, said: &Said<'_>) -> Result<(), Failure> {
    let setting = |name, app, [old, new]: [Option<String>; 2]| Line::Setting { name, app, old, new };
    if let Some(values) = said.enforce {
        output::json(out, &setting("enforce", None, values.map(|value| Some(value.to_string()))))?;
    }
    if let Some(modes) = said.mode {
        output::json(out, &setting("mode", None, modes.map(|mode| Some(mode.to_string()))))?;
    }
    said.default.iter().try_for_each(|list| write_list(out, None, list))?;
    for AppChange { name, is_named, mode, list } in &said.apps {
        let app = name.as_str();
        let change = match is_named {
            [false, _] => "added",
            [_, false] => "removed",
            [true, true] => "changed",
        };
        output::json(out, &Line::App { app, change })?;
        if let Some(modes) = mode {
            let modes = modes.map(|mode| mode.map(|mode| mode.to_string()));
            output::json(out, &setting("mode", Some(app), modes))?;
        }
        list.iter().try_for_each(|list| write_list(out, Some(app), list))?;
    }
    for change in &said.hosts {
        let [old, new] = change.apps.map(|app| app.map(AppName::as_str));
        output::json(out, &Line::Host { host: change.host.as_str(), old, new })?;
    }
    Ok(())
}

fn write_list(out: &mut Out, app: Option<&str>, list: &ListChange) -> Result<(), Failure> {
    let [old, new] = list.state.map(ListState::as_str);
    if old != new {
        output::json(out, &Line::List { app, old, new })?;
    }
    entry_lines(&list.diff).try_for_each(|line| output::json(out, &OfList { line, app }))
}

impl Summary {
    fn of(said: &Said<'_>, groups: &[Group<'_>]) -> Summary {
        let [apps_added, apps_removed, apps_changed] = said.app_counts();
        let [added, removed, relabelled] = said.entry_counts();
        Summary {
            apps_added,
            apps_removed,
            apps_changed,
            hosts_changed: said.hosts.len(),
            added,
            removed,
            relabelled,
            access_changed: groups.iter().map(|group| group.apps().len()).sum(),
        }
    }
}
