//! `list`: the entries in canonical form, or by label.

use std::collections::BTreeMap;
use std::io::Write;

use ipgate::{Entry, Label, List};
use serde::Serialize;

use crate::args::{AppList, Form, OfSite, Reading};
use crate::output::{self, EntryJson, Exit, Failure, Out, Outcome};
use crate::site;

#[derive(Serialize)]
struct Group<'a> {
    label: Option<&'a str>,
    count: usize,
    entries: Vec<String>,
}

/// What is to be printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Entries,
    /// The entries, by label.
    Labels,
    /// The apps of a site.
    Apps,
}

impl What {
    pub(crate) fn of(labels: bool, apps: bool) -> What {
        if apps {
            What::Apps
        } else if labels {
            What::Labels
        } else {
            What::Entries
        }
    }
}

pub(crate) fn run(list: &AppList, of: &OfSite, reading: Reading, what: What, form: Form) -> Outcome {
    let list = match (of.folder()?, list.source()) {
        (Some(folder), _) if what == What::Apps => return site::apps(folder, reading, form.json),
        (Some(folder), _) => site::list(folder, of, reading)?,
        (None, Some(source)) if what != What::Apps => source.list(reading)?.into(),
        (None, _) if what == What::Apps => {
            return Err(Failure::Told("apps are of a site; give its folder with --site FOLDER".to_owned()));
        }
        (None, _) => {
            let sentence = "no list is given; name one with --list FILE or --entries TEXT, or an app with --site FOLDER --app NAME";
            return Err(Failure::Told(sentence.to_owned()));
        }
    };
    let mut out = output::stdout();
    match (what == What::Labels, form.json) {
        (false, false) => write!(out, "{list}")?,
        (false, true) => {
            for entry in list.entries() {
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
