//! `fmt`: canonical text, comments kept.

use std::io::Write;

use ipgate::list::format_text;
use serde::Serialize;

use crate::args::Form;
use crate::edit;
use crate::output::{self, Exit, Failure, Out, Outcome};
use crate::source::{Text, tell_rejected};
use crate::stream::Input;

/// What to do with the canonical text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Task {
    Print,
    Check,
    Write,
}

impl Task {
    pub(crate) fn of(check: bool, write: bool) -> Task {
        match (check, write) {
            (true, _) => Task::Check,
            (false, true) => Task::Write,
            (false, false) => Task::Print,
        }
    }
}

#[derive(Serialize)]
struct Formatted<'a> {
    file: &'a str,
    changed: bool,
    /// Where it was asked to be printed.
    text: Option<&'a str>,
}

pub(crate) fn run(files: &[Input], task: Task, Form { json }: Form) -> Outcome {
    super::for_each(files, |out, file| match (task, file) {
        (Task::Write, Input::File(path)) => {
            // Locked before it is read, so that no edit between reading and writing is lost.
            let edit = edit::lock(path)?;
            format(out, file, task, json, |canonical| Ok(edit.write(canonical)?))
        }
        (Task::Write, Input::Stdin) => {
            Err(Failure::Told("standard input cannot be written back; leave out --write".to_owned()))
        }
        _ => format(out, file, task, json, |_| Ok(())),
    })
}

fn format(
    out: &mut Out,
    file: &Input,
    task: Task,
    json: bool,
    write_back: impl FnOnce(&[u8]) -> Result<(), Failure>,
) -> Outcome {
    let text = Text::read(file)?;
    let canonical = format_text(&text.bytes).map_err(|rejected| tell_rejected(&text.name, &rejected))?;
    let changed = *canonical.as_bytes() != *text.bytes;
    if changed {
        write_back(canonical.as_bytes())?;
    }
    if json {
        let shown = Some(canonical.as_str()).filter(|_| task == Task::Print);
        output::json(out, &Formatted { file: &text.name, changed, text: shown })?;
    } else if task == Task::Print {
        out.write_all(canonical.as_bytes())?;
    } else if changed {
        writeln!(out, "{}", text.name)?;
    }
    Ok(Exit::of(task != Task::Check || !changed))
}
