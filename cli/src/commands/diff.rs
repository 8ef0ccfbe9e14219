//! `diff`: what changes between two lists.

use std::io::Write;

use ipgate::diff::Diff;
use ipgate::ipnet::IpNet;
use serde::Serialize;

use crate::args::{Form, Pair, Reading};
use crate::output::{self, Counts, EntryJson, Exit, Failure, Out, Outcome};

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Line<'a> {
    Added(EntryJson<'a>),
    Removed(EntryJson<'a>),
    Relabelled { old: EntryJson<'a>, new: EntryJson<'a> },
    Gained { family: &'static str, prefix: String },
    Lost { family: &'static str, prefix: String },
    Summary { added: usize, removed: usize, relabelled: usize, gained: Counts, lost: Counts },
}

pub(crate) fn run(pair: &Pair, reading: Reading, form: Form) -> Outcome {
    let [old, new] = pair.sources();
    let (old, new) = (old.list(reading)?, new.list(reading)?);
    let diff = Diff::between(&old, &new);
    let mut out = output::stdout();
    match form.json {
        true => write_json(&mut out, &diff)?,
        false => write(&mut out, &diff)?,
    }
    out.flush()?;
    Ok(Exit::of(diff.is_empty()))
}

fn write(out: &mut Out, diff: &Diff) -> Result<(), Failure> {
    for entry in diff.added() {
        writeln!(out, "+ {entry}")?;
    }
    for entry in diff.removed() {
        writeln!(out, "- {entry}")?;
    }
    for relabelled in diff.relabelled() {
        writeln!(out, "~ {} -> {}", relabelled.old, relabelled.new)?;
    }
    for (name, space) in [("gained", diff.gained()), ("lost", diff.lost())] {
        for prefix in space.prefixes() {
            writeln!(out, "{name} {prefix}")?;
        }
    }
    if diff.is_empty() {
        return Ok(());
    }
    let entries = [diff.added().len(), diff.removed().len(), diff.relabelled().len()];
    let [added, removed, relabelled] = entries;
    writeln!(out, "# entries: {added} added, {removed} removed, {relabelled} relabelled")?;
    for (name, space) in [("gained", diff.gained()), ("lost", diff.lost())] {
        writeln!(out, "# addresses {name}: {} IPv4, {} IPv6", space.v4_count(), space.v6_count())?;
    }
    Ok(())
}

fn write_json(out: &mut Out, diff: &Diff) -> Result<(), Failure> {
    for entry in diff.added() {
        output::json(out, &Line::Added(entry.into()))?;
    }
    for entry in diff.removed() {
        output::json(out, &Line::Removed(entry.into()))?;
    }
    for pair in diff.relabelled() {
        output::json(out, &Line::Relabelled { old: (&pair.old).into(), new: (&pair.new).into() })?;
    }
    for prefix in diff.gained().prefixes() {
        output::json(out, &Line::Gained { family: family(prefix), prefix: prefix.to_string() })?;
    }
    for prefix in diff.lost().prefixes() {
        output::json(out, &Line::Lost { family: family(prefix), prefix: prefix.to_string() })?;
    }
    let summary = Line::Summary {
        added: diff.added().len(),
        removed: diff.removed().len(),
        relabelled: diff.relabelled().len(),
        gained: Counts::of(diff.gained()),
        lost: Counts::of(diff.lost()),
    };
    output::json(out, &summary)
}

fn family(prefix: IpNet) -> &'static str {
    match prefix {
        IpNet::V4(_) => "ipv4",
        IpNet::V6(_) => "ipv6",
    }
}
