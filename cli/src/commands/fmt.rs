//! `fmt`: canonical text, comments kept.

use std::borrow::Cow;
use std::io::Write;

use ipgate::list::Parser;
use serde::Serialize;

use crate::args::{Bound, Form};
use crate::edit;
use crate::output::{self, Exit, Failure, Out, Outcome, complain, count};
use crate::render;
use crate::source::{Text, tell_rejected};
use crate::stream::Input;

/// What is to be done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Job {
    pub(crate) task: Task,
    /// Whether what is no entry is kept instead of refused.
    pub(crate) lenient: bool,
    pub(crate) bound: Bound,
}

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
    text: Option<Cow<'a, str>>,
}

pub(crate) fn run(files: &[Input], job: Job, Form { json }: Form) -> Outcome {
    super::for_each(files, |out, file| match (job.task, file) {
        (Task::Write, Input::File(path)) => {
            // Locked before it is read, so that no edit between reading and writing is lost.
            let edit = edit::lock(path)?;
            format(out, file, job, json, |canonical| Ok(edit.write(canonical)?))
        }
        (Task::Write, Input::Stdin) => {
            Err(Failure::Told("standard input cannot be written back; leave out --write".to_owned()))
        }
        _ => format(out, file, job, json, |_| Ok(())),
    })
}

fn format(
    out: &mut Out,
    file: &Input,
    Job { task, lenient, bound }: Job,
    json: bool,
    write_back: impl FnOnce(&[u8]) -> Result<(), Failure>,
) -> Outcome {
    let text = Text::read(file)?;
    let parser = Parser::new().lenient(lenient).max_bad_percent(bound.max_bad_percent);
    let formatted = parser.format(&text.bytes).map_err(|rejected| tell_rejected(&text.name, &rejected))?;
    for error in formatted.report.errors() {
        complain(format_args!("{} (kept as it is)", render::line(&text.name, error)));
    }
    if formatted.report.error_count() > 0 {
        let errors = count(formatted.report.error_count(), "error", "errors");
        complain(format_args!("{}: what is no entry is kept: {errors}", text.name));
    }
    let canonical = formatted.text;
    let changed = canonical != *text.bytes;
    if changed {
        write_back(&canonical)?;
    }
    if json {
        let shown = (task == Task::Print).then(|| String::from_utf8_lossy(&canonical));
        output::json(out, &Formatted { file: &text.name, changed, text: shown })?;
    } else if task == Task::Print {
        out.write_all(&canonical)?;
    } else if changed {
        writeln!(out, "{}", text.name)?;
    }
    Ok(Exit::of(task != Task::Check || !changed))
}
