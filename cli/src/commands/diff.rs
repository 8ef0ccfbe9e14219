//! `diff`: what changes between two lists.

use std::collections::BTreeSet;
use std::io::Write;
use std::time::SystemTime;

use ipgate::ipnet::IpNet;
use ipgate::{List, diff::Diff, list::Until};
use serde::Serialize;

use crate::args::{Form, Pair, Reading};
use crate::output::{self, Counts, EntryJson, Exit, Failure, Out, Outcome};

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Line<'a> {
    Added(EntryJson<'a>),
    Removed(EntryJson<'a>),
    Relabelled {
        old: EntryJson<'a>,
        new: EntryJson<'a>,
    },
    Gained {
        family: &'static str,
        prefix: String,
    },
    Lost {
        family: &'static str,
        prefix: String,
    },
    Summary {
        added: usize,
        removed: usize,
        relabelled: usize,
        gained: Counts,
        lost: Counts,
        from: Option<String>,
    },
}

pub(crate) fn run(pair: &Pair, reading: Reading, access: bool, form: Form) -> Outcome {
    let [old, new] = pair.sources();
    let (old, new) = (old.list(reading)?, new.list(reading)?);
    let (from, diff) = match access {
        true => first_change_of_access(&old, &new),
        false => (None, Diff::between(&old, &new)),
    };
    let mut out = output::stdout();
    match form.json {
        true => write_json(&mut out, &diff, access, from)?,
        false if access => write_access(&mut out, &diff, from)?,
        false => write(&mut out, &diff)?,
    }
    out.flush()?;
    Ok(Exit::of(if access { has_same_access(&diff) } else { diff.is_empty() }))
}

fn has_same_access(diff: &Diff) -> bool {
    diff.gained().is_empty() && diff.lost().is_empty()
}

/// The difference now, or the first one at an instant at which entries expire: access that is the same today and
/// not next year is not the same. As many comparisons as there are such instants.
fn first_change_of_access(old: &List, new: &List) -> (Option<Until>, Diff) {
    let now = SystemTime::now();
    let today = Diff::between_at(old, new, now);
    if !has_same_access(&today) {
        return (None, today);
    }
    let expiries = old.entries().iter().chain(new.entries()).filter_map(|entry| entry.until());
    let instants: BTreeSet<Until> = expiries.filter(|until| !until.has_passed(now)).collect();
    let mut later = instants.into_iter().map(|at| (Some(at), Diff::between_at(old, new, at.system_time())));
    later.find(|(_, diff)| !has_same_access(diff)).unwrap_or((None, today))
}

fn write_access(out: &mut Out, diff: &Diff, from: Option<Until>) -> Result<(), Failure> {
    if has_same_access(diff) {
        return Ok(());
    }
    if let Some(until) = from {
        writeln!(out, "# access is the same until {until}, and then:")?;
    }
    write_prefixes(out, diff)?;
    write_counts(out, diff)
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
    if diff.is_empty() {
        return Ok(());
    }
    write_prefixes(out, diff)?;
    let entries = [diff.added().len(), diff.removed().len(), diff.relabelled().len()];
    let [added, removed, relabelled] = entries;
    writeln!(out, "# entries: {added} added, {removed} removed, {relabelled} relabelled")?;
    write_counts(out, diff)
}

fn write_prefixes(out: &mut Out, diff: &Diff) -> Result<(), Failure> {
    for (name, space) in [("gained", diff.gained()), ("lost", diff.lost())] {
        for prefix in space.prefixes() {
            writeln!(out, "{name} {prefix}")?;
        }
    }
    Ok(())
}

fn write_counts(out: &mut Out, diff: &Diff) -> Result<(), Failure> {
    for (name, space) in [("gained", diff.gained()), ("lost", diff.lost())] {
        writeln!(out, "# addresses {name}: {} IPv4, {} IPv6", space.v4_count(), space.v6_count())?;
    }
    Ok(())
}

fn write_json(out: &mut Out, diff: &Diff, access: bool, from: Option<Until>) -> Result<(), Failure> {
    if !access {
        write_json_entries(out, diff)?;
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
        from: from.map(|until| until.to_string()),
    };
    output::json(out, &summary)
}

fn write_json_entries(out: &mut Out, diff: &Diff) -> Result<(), Failure> {
    for entry in diff.added() {
        output::json(out, &Line::Added(entry.into()))?;
    }
    for entry in diff.removed() {
        output::json(out, &Line::Removed(entry.into()))?;
    }
    for pair in diff.relabelled() {
        output::json(out, &Line::Relabelled { old: (&pair.old).into(), new: (&pair.new).into() })?;
    }
    Ok(())
}

fn family(prefix: IpNet) -> &'static str {
    match prefix {
        IpNet::V4(_) => "ipv4",
        IpNet::V6(_) => "ipv6",
    }
}
