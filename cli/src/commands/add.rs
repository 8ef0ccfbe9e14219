//! `add`: entries put at the end of a list file.

use std::io::Write;

use ipgate::Action;
use ipgate::list::append_lines;
use serde::Serialize;

use crate::args::{Edited, Form};
use crate::edit::{Given, ListFile, Standing};
use crate::effect::{ChangeJson, Edit};
use crate::expiry::{Ends, Outlasting};
use crate::output::{self, Exit, Failure, Out, Outcome, complain};

#[derive(Serialize)]
struct Line<'a> {
    entry: &'a str,
    result: &'static str,
    changes: Vec<ChangeJson>,
    ends: Option<Ends>,
    outlasted: Option<Outlasting>,
}

pub(crate) fn run(file: &Edited, entries: &[String], form: Form) -> Outcome {
    let given = Given::all(entries)?;
    let file = ListFile::open(&file.list)?;
    let mut standing = Standing::of(&file.list, &given);
    let mut added: Vec<&Given> = Vec::new();
    let mut present = Vec::new();
    for given in &given {
        let is_there = given.entries.iter().all(|entry| standing.has(entry));
        if !is_there {
            given.entries.iter().for_each(|entry| standing.add(entry));
            added.push(given);
        }
        present.push(is_there);
    }
    let edited = match added.is_empty() {
        true => None,
        false => {
            let mut text = file.list.text().to_vec();
            append_lines(&mut text, added.iter().map(|given| given.text.as_str()));
            let expected = file.list.entries().iter().chain(added.iter().flat_map(|given| &given.entries));
            Some(file.save(&text, expected, file.list.text().len())?)
        }
    };
    let edit = Edit::of(&file.list, edited.as_ref());
    let mut out = output::stdout();
    let mut exit = Exit::Yes;
    for (given, present) in given.iter().zip(present) {
        exit = exit.max(tell(&mut out, given, present, &edit, form)?);
    }
    out.flush()?;
    Ok(exit)
}

/// Says what became of an entry. An expiry that ends nothing is no yes.
fn tell(
    out: &mut Out,
    given: &Given,
    present: bool,
    edit: &Edit<'_>,
    Form { json }: Form,
) -> Result<Exit, Failure> {
    let action = given.entries.first().map_or(Action::Deny, |first| first.action());
    let outlasted = given.entries.iter().find_map(|entry| Outlasting::of(edit.after(), entry));
    let ends = given.entries.iter().find_map(|entry| Ends::of(&edit.before, edit.after(), entry));
    let effect = edit.effect(&given.entries);
    if let Some(outlasted) = &outlasted {
        complain(format_args!("`{}`: {}", given.text, outlasted.sentence(action)));
    }
    let exit = Exit::of(outlasted.is_none());
    let text = &given.text;
    if json {
        let result = if present { "present" } else { "added" };
        output::json(out, &Line { entry: text, result, changes: effect.json(), ends, outlasted })?;
    } else if present {
        writeln!(out, "{text} is there already")?;
    } else {
        writeln!(out, "added {text}")?;
        effect.write(out, &given.entries)?;
        if let Some(ends) = ends {
            writeln!(out, "  {}", ends.sentence(action))?;
        }
    }
    Ok(exit)
}
