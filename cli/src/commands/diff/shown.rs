//! What comparisons of lists and of sites show alike: entries, and addresses gained and lost.

use std::io::Write;

use ipgate::diff::Diff;
use ipgate::list::Until;
use ipgate::space::Space;
use serde::Serialize;

use crate::output::{EntryJson, Failure, Out};

/// An entry that differs, in JSON.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(super) enum EntryLine<'d> {
    Added(EntryJson<'d>),
    Removed(EntryJson<'d>),
    Relabelled { old: EntryJson<'d>, new: EntryJson<'d> },
}

/// All entries that differ.
pub(super) fn entry_lines(diff: &Diff) -> impl Iterator<Item = EntryLine<'_>> {
    let added = diff.added().iter().map(|entry| EntryLine::Added(entry.into()));
    let removed = diff.removed().iter().map(|entry| EntryLine::Removed(entry.into()));
    let relabelled = diff.relabelled().iter();
    let relabelled =
        relabelled.map(|pair| EntryLine::Relabelled { old: (&pair.old).into(), new: (&pair.new).into() });
    added.chain(removed).chain(relabelled)
}

/// How many entries were added, removed and relabelled.
pub(super) fn entry_counts(diff: &Diff) -> [usize; 3] {
    [diff.added().len(), diff.removed().len(), diff.relabelled().len()]
}

pub(super) fn write_entries(out: &mut Out, indent: &str, diff: &Diff) -> Result<(), Failure> {
    for entry in diff.added() {
        writeln!(out, "{indent}+ {entry}")?;
    }
    for entry in diff.removed() {
        writeln!(out, "{indent}- {entry}")?;
    }
    for relabelled in diff.relabelled() {
        writeln!(out, "{indent}~ {} -> {}", relabelled.old, relabelled.new)?;
    }
    Ok(())
}

pub(super) fn write_entry_counts(out: &mut Out, counts: [usize; 3]) -> Result<(), Failure> {
    let [added, removed, relabelled] = counts;
    Ok(writeln!(out, "# entries: {added} added, {removed} removed, {relabelled} relabelled")?)
}

/// Said before what differs at a later time only.
pub(super) fn write_from(out: &mut Out, indent: &str, from: Option<Until>) -> Result<(), Failure> {
    match from {
        Some(until) => Ok(writeln!(out, "{indent}# access is the same until {until}, and then:")?),
        None => Ok(()),
    }
}

pub(super) fn write_prefixes(
    out: &mut Out,
    indent: &str,
    gained: &Space,
    lost: &Space,
) -> Result<(), Failure> {
    for (name, space) in [("gained", gained), ("lost", lost)] {
        for prefix in space.prefixes() {
            writeln!(out, "{indent}{name} {prefix}")?;
        }
    }
    Ok(())
}

pub(super) fn write_counts(out: &mut Out, indent: &str, gained: &Space, lost: &Space) -> Result<(), Failure> {
    for (name, space) in [("gained", gained), ("lost", lost)] {
        writeln!(out, "{indent}# addresses {name}: {} IPv4, {} IPv6", space.v4_count(), space.v6_count())?;
    }
    Ok(())
}
