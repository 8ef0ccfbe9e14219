//! What an edit changes for the addresses of an entry: who gets in, and by which entry.

use std::io::{self, Write};

use ipgate::ipnet::IpNet;
use ipgate::table::{Change, EntryRef};
use ipgate::{Action, Entry, List, Table};
use serde::Serialize;

use crate::output::{Counts, action};

/// How many lines a text says of one entry, and how many prefixes a line names: the rest is counted.
const SHOWN: usize = 4;

/// A list before and after an edit.
pub(crate) struct Edit<'l> {
    lists: [&'l List; 2],
    pub(crate) before: Table,
    /// Where the edit changed nothing, that is the same.
    after: Option<Table>,
}

impl<'l> Edit<'l> {
    pub(crate) fn of(before: &'l List, after: Option<&'l List>) -> Edit<'l> {
        let lists = [before, after.unwrap_or(before)];
        Edit { lists, before: Table::new(before), after: after.map(Table::new) }
    }

    pub(crate) fn after(&self) -> &Table {
        self.after.as_ref().unwrap_or(&self.before)
    }

    /// What the whole edit comes to for the addresses of some entries; what has changed comes first.
    pub(crate) fn effect<'t>(&'t self, entries: &[Entry]) -> Effect<'t> {
        let prefixes: Vec<IpNet> = entries.iter().map(Entry::prefix).collect();
        let mut changes = self.before.changes(self.after(), &prefixes);
        changes.sort_by_key(|change| (change.was_allowed == change.is_allowed, !has_new_label(change)));
        Effect { lists: self.lists, changes }
    }
}

/// What an edit comes to for some addresses.
pub(crate) struct Effect<'t> {
    lists: [&'t List; 2],
    changes: Vec<Change<'t>>,
}

/// One change in JSON.
#[derive(Serialize)]
pub(crate) struct ChangeJson {
    was: &'static str,
    now: &'static str,
    prefixes: Vec<String>,
    addresses: Counts,
    /// The entries that decided, and decide.
    was_by: Option<DecidingJson>,
    by: Option<DecidingJson>,
}

#[derive(Serialize)]
struct DecidingJson {
    entry: String,
    line: Option<u32>,
}

impl From<EntryRef<'_>> for DecidingJson {
    fn from(entry: EntryRef<'_>) -> DecidingJson {
        DecidingJson { entry: entry.to_string(), line: entry.line() }
    }
}

impl From<&Change<'_>> for ChangeJson {
    fn from(change: &Change<'_>) -> ChangeJson {
        ChangeJson {
            was: verb(change.was_allowed),
            now: verb(change.is_allowed),
            prefixes: change.space.prefixes().map(|prefix| prefix.to_string()).collect(),
            addresses: Counts::of(&change.space),
            was_by: change.was.map(DecidingJson::from),
            by: change.by.map(DecidingJson::from),
        }
    }
}

fn verb(allowed: bool) -> &'static str {
    action(if allowed { Action::Allow } else { Action::Deny })
}

impl Effect<'_> {
    pub(crate) fn json(&self) -> Vec<ChangeJson> {
        self.changes.iter().map(ChangeJson::from).collect()
    }

    /// Lines below that of the entry. `own` is what the edit has added, and need not be named again.
    pub(crate) fn write(&self, out: &mut impl Write, own: &[Entry]) -> io::Result<()> {
        let mut lines: Vec<((String, String), Vec<IpNet>)> = Vec::new();
        let mut more = 0;
        for change in &self.changes {
            let said = self.sentence(change, own);
            if let Some((_, prefixes)) = lines.iter_mut().find(|(other, _)| *other == said) {
                prefixes.extend(change.space.prefixes());
            } else if lines.len() < SHOWN {
                lines.push((said, change.space.prefixes().collect()));
            } else {
                more += 1;
            }
        }
        for ((head, tail), prefixes) in lines {
            writeln!(out, "  {head} {}{tail}", describe(&prefixes))?;
        }
        match more {
            0 => Ok(()),
            more => writeln!(out, "  and {more} more, which --json shows"),
        }
    }

    /// What is said before the addresses, and behind them.
    fn sentence(&self, change: &Change<'_>, own: &[Entry]) -> (String, String) {
        let [before, after] = self.lists;
        let is_own = change.by.is_some_and(|by| own.contains(&by.to_entry()));
        let state = if change.is_allowed { "allowed" } else { "denied" };
        let by = if is_own { String::new() } else { deciding(after, change.by) };
        match (change.was_allowed == change.is_allowed, is_own) {
            (false, _) => (format!("newly {state}:"), by),
            (true, false) => (format!("still {state}:"), by),
            (true, true) if has_new_label(change) => {
                let (old, new) = (label(change.was), label(change.by));
                ("only the label changes for".to_owned(), format!(": {new} in the place of {old}"))
            }
            (true, true) => {
                let was = deciding(before, change.was);
                ("nothing changes for".to_owned(), format!(": {state} already{was}"))
            }
        }
    }
}

/// Which entry decides, as it is written.
fn deciding(list: &List, entry: Option<EntryRef<'_>>) -> String {
    let Some(entry) = entry else { return "; no entry covers it".to_owned() };
    let line = entry.line().map_or_else(String::new, |line| format!(" on line {line}"));
    match written(list, entry) {
        Some(text) => format!(", by `{text}`{line}"),
        None => format!(", by `{entry}`{line}"),
    }
}

/// What an entry of a list's table was written as: a range or `all` is more than one entry there.
fn written<'l>(list: &'l List, entry: EntryRef<'_>) -> Option<&'l str> {
    let line = |entry: &Entry| entry.position().map(|at| at.line);
    let first = list.entries().partition_point(|other| line(other) < entry.line());
    let mut same_line = list.entries().get(first..)?.iter().take_while(|other| line(other) == entry.line());
    let meant = entry.to_entry();
    list.original(same_line.find(|other| **other == meant)?)
}

/// The same decision under another label. Where no entry decided, there was no label to change.
fn has_new_label(change: &Change<'_>) -> bool {
    match (change.was, change.by) {
        (Some(was), Some(by)) => was.action() == by.action() && was.label() != by.label(),
        _ => false,
    }
}

fn label(entry: Option<EntryRef<'_>>) -> String {
    let label = entry.and_then(|entry| entry.label());
    label.map_or_else(|| "no label".to_owned(), |label| format!("`{label}`"))
}

/// Addresses as the fewest prefixes, the first of them named.
fn describe(prefixes: &[IpNet]) -> String {
    let fewest = IpNet::aggregate(&prefixes.to_vec());
    let shown: Vec<String> = fewest.iter().take(SHOWN).copied().map(short).collect();
    match fewest.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// A prefix without its length where it is a single address.
fn short(prefix: IpNet) -> String {
    match prefix.prefix_len() == prefix.max_prefix_len() {
        true => prefix.addr().to_string(),
        false => prefix.to_string(),
    }
}
