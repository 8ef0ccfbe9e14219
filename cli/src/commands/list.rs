//! `list`: the entries in canonical form, or by label.

use std::collections::BTreeMap;
use std::io::Write;

use ipgate::{Entry, Label, List};
use serde::Serialize;

use crate::args::{AppList, Form, Reading};
use crate::output::{self, EntryJson, Exit, Failure, Out, Outcome};

#[derive(Serialize)]
struct Group<'a> {
    label: Option<&'a str>,
    count: usize,
    entries: Vec<String>,
}

pub(crate) fn run(app: &AppList, reading: Reading, labels: bool, form: Form) -> Outcome {
    let Some(source) = app.source() else {
        let sentence = "no list is given; name one with --list FILE or --entries TEXT";
        return Err(Failure::Told(sentence.to_owned()));
    };
    let list = source.list(reading)?;
    let mut out = output::stdout();
    match (labels, form.json) {
        (false, false) => write!(out, "{list}")?,
        (false, true) => {
            for entry in &list {
                output::json(&mut out, &EntryJson::from(entry))?;
            }
        }
        (true, json) => by_label(&mut out, &list, json)?,
    }
    out.flush()?;
    Ok(Exit::Yes)
}

/// The groups in the order of their labels, entries without one last.
fn by_label(out: &mut Out, list: &List, json: bool) -> Result<(), Failure> {
    let mut groups: BTreeMap<(bool, Option<&str>), Vec<&Entry>> = BTreeMap::new();
    for entry in list {
        let label = entry.label().map(Label::as_str);
        groups.entry((label.is_none(), label)).or_default().push(entry);
    }
    for ((_, label), entries) in groups {
        let count = entries.len();
        if json {
            let entries = entries.into_iter().map(Entry::to_string).collect();
            output::json(out, &Group { label, count, entries })?;
            continue;
        }
        writeln!(out, "{} ({})", label.unwrap_or("-"), output::count(count, "entry", "entries"))?;
        for entry in entries {
            writeln!(out, "  {entry}")?;
        }
    }
    Ok(())
}
