//! What changes between two lists.

use std::io::Write;

use ipgate::ipnet::IpNet;
use ipgate::{List, diff::Diff, list::Until};
use serde::Serialize;

use super::first::first_difference;
use super::shown::{
    entry_counts, entry_lines, write_counts, write_entries, write_entry_counts, write_from, write_prefixes,
};
use crate::args::Form;
use crate::output::{self, Counts, Exit, Failure, Out, Outcome};

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Line {
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

pub(super) fn run([old, new]: [List; 2], access: bool, form: Form) -> Outcome {
    let (from, diff) = match access {
        true => first_difference([&old, &new], |at| Diff::between_at(&old, &new, at), has_same_access),
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

fn write_access(out: &mut Out, diff: &Diff, from: Option<Until>) -> Result<(), Failure> {
    if has_same_access(diff) {
        return Ok(());
    }
    write_from(out, "", from)?;
    write_prefixes(out, "", diff.gained(), diff.lost())?;
    write_counts(out, "", diff.gained(), diff.lost())
}

fn write(out: &mut Out, diff: &Diff) -> Result<(), Failure> {
    if diff.is_empty() {
        return Ok(());
    }
    write_entries(out, "", diff)?;
    write_prefixes(out, "", diff.gained(), diff.lost())?;
    write_entry_counts(out, entry_counts(diff))?;
    write_counts(out, "", diff.gained(), diff.lost())
}

fn write_json(out: &mut Out, diff: &Diff, access: bool, from: Option<Until>) -> Result<(), Failure> {
    if !access {
        entry_lines(diff).try_for_each(|line| output::json(out, &line))?;
    }
    for prefix in diff.gained().prefixes() {
        output::json(out, &Line::Gained { family: family(prefix), prefix: prefix.to_string() })?;
    }
    for prefix in diff.lost().prefixes() {
        output::json(out, &Line::Lost { family: family(prefix), prefix: prefix.to_string() })?;
    }
    let [added, removed, relabelled] = entry_counts(diff);
    let summary = Line::Summary {
        added,
        removed,
        relabelled,
        gained: Counts::of(diff.gained()),
        lost: Counts::of(diff.lost()),
        from: from.map(|until| until.to_string()),
    };
    output::json(out, &summary)
}

fn family(prefix: IpNet) -> &'static str {
    match prefix {
        IpNet::V4(_) => "ipv4",
        IpNet::V6(_) => "ipv6",
    }
}
