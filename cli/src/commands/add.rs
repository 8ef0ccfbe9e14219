//! `add`: entries put at the end of a list file.

use std::io::Write;

use ipgate::Entry;
use serde::Serialize;

use crate::args::{Edited, Form};
use crate::edit::{self, Given, ListFile};
use crate::output::{self, Exit, Outcome};

#[derive(Serialize)]
struct Line<'a> {
    entry: &'a str,
    result: &'static str,
}

pub(crate) fn run(file: &Edited, entries: &[String], form: Form) -> Outcome {
    let given = Given::all(entries)?;
    let file = ListFile::open(&file.list)?;
    let mut added: Vec<&Given> = Vec::new();
    let mut lines = Vec::new();
    for given in &given {
        let is_there = |entry: &Entry| {
            let mut others = added.iter().flat_map(|other| &other.entries);
            file.list.entries().contains(entry) || others.any(|other| other == entry)
        };
        let present = given.entries.iter().all(is_there);
        if !present {
            added.push(given);
        }
        lines.push(Line { entry: &given.text, result: if present { "present" } else { "added" } });
    }
    if !added.is_empty() {
        let mut text = file.list.text().to_vec();
        edit::append(&mut text, added.iter().map(|given| given.text.as_str()));
        let expected = file.list.entries().iter().chain(added.iter().flat_map(|given| &given.entries));
        file.save(&text, expected, file.list.text().len())?;
    }
    let mut out = output::stdout();
    for line in lines {
        match (form.json, line.result) {
            (true, _) => output::json(&mut out, &line)?,
            (false, "present") => writeln!(out, "{} is there already", line.entry)?,
            (false, _) => writeln!(out, "added {}", line.entry)?,
        }
    }
    out.flush()?;
    Ok(Exit::Yes)
}
