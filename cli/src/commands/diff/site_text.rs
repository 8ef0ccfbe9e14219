//! The difference of two sites for people.

use std::fmt::Display;
use std::io::Write;

use ipgate::Shown;
use ipgate::site::AppName;

use super::access::Group;
use super::said::{AppChange, ListChange, Said};
use super::shown::{write_counts, write_entries, write_entry_counts, write_from, write_prefixes};
use crate::output::{Failure, Out, count};

/// What stands below a heading.
const INDENT: &str = "  ";
/// How many apps, and how many hosts, of a group are named: the others are counted.
const NAMED: usize = 4;

pub(super) fn write(out: &mut Out, said: Option<&Said<'_>>, groups: &[Group<'_>]) -> Result<(), Failure> {
    if let Some(said) = said {
        write_said(out, said)?;
    }
    for group in groups {
        writeln!(out, "access of {}", who(group))?;
        write_from(out, INDENT, group.from)?;
        write_prefixes(out, INDENT, &group.gained, &group.lost)?;
        write_counts(out, INDENT, &group.gained, &group.lost)?;
    }
    match said {
        Some(said) if !said.is_empty() => write_summary(out, said),
        Some(_) | None => Ok(()),
    }
}

fn write_said(out: &mut Out, said: &Said<'_>) -> Result<(), Failure> {
    if let Some([old, new]) = said.enforce {
        writeln!(out, "enforce: {old} -> {new}")?;
    }
    if let Some([old, new]) = said.mode {
        writeln!(out, "mode: {old} -> {new}")?;
    }
    if let Some(list) = &said.default {
        writeln!(out, "default list")?;
        write_list(out, list)?;
    }
    said.apps.iter().try_for_each(|app| write_app(out, app))?;
    for change in &said.hosts {
        let [old, new] = change.apps.map(|app| or_none(app.map(name)));
        writeln!(out, "host {}: {old} -> {new}", change.host)?;
    }
    Ok(())
}

fn write_app(out: &mut Out, app: &AppChange<'_>) -> Result<(), Failure> {
    let what = match app.is_named {
        [false, _] => ": added",
        [_, false] => ": removed",
        [true, true] => "",
    };
    writeln!(out, "app {}{what}", name(app.name))?;
    if let Some(modes) = app.mode {
        let [old, new] = modes.map(or_none);
        writeln!(out, "{INDENT}mode: {old} -> {new}")?;
    }
    app.list.iter().try_for_each(|list| write_list(out, list))
}

fn write_list(out: &mut Out, list: &ListChange) -> Result<(), Failure> {
    let [old, new] = list.state;
    if old != new {
        writeln!(out, "{INDENT}list {}", new.as_str())?;
    }
    write_entries(out, INDENT, &list.diff)
}

fn write_summary(out: &mut Out, said: &Said<'_>) -> Result<(), Failure> {
    let [added, removed, changed] = said.app_counts();
    let hosts = said.hosts.len();
    writeln!(out, "# apps: {added} added, {removed} removed, {changed} changed; hosts: {hosts} changed")?;
    write_entry_counts(out, said.entry_counts())
}

fn name(app: &AppName) -> String {
    Shown(app.as_str()).to_string()
}

fn or_none(text: Option<impl Display>) -> String {
    text.map_or_else(|| "-".to_owned(), |text| text.to_string())
}

/// Who is in a group. Apps without a list of their own have no more to tell them apart than their names, of which there may
/// be thousands.
fn who(group: &Group<'_>) -> String {
    let apps = group.apps();
    let mut parts = Vec::new();
    if apps.len() <= NAMED {
        parts.extend(apps.into_iter().map(name));
    } else {
        parts.extend(first_of(&group.listed, |app| name(app), "more app", "more apps"));
        let (one, many) = ("app without a list of its own", "apps without a list of their own");
        parts.extend((!group.unlisted.is_empty()).then(|| count(group.unlisted.len(), one, many)));
    }
    parts.extend(first_of(&group.hosts, |host| format!("host {host}"), "more host", "more hosts"));
    parts.extend(group.unnamed.then(|| "all that neither site names".to_owned()));
    match parts.pop() {
        Some(last) if !parts.is_empty() => format!("{} and {last}", parts.join(", ")),
        last => last.unwrap_or_default(),
    }
}

fn first_of<T>(all: &[T], shown: impl Fn(&T) -> String, one: &str, many: &str) -> Vec<String> {
    let mut parts: Vec<String> = all.iter().take(NAMED).map(shown).collect();
    let more = all.len().saturating_sub(NAMED);
    parts.extend((more > 0).then(|| count(more, one, many)));
    parts
}
