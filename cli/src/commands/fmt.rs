//! `fmt`: canonical text, comments kept.

use std::io::Write;
use std::path::{Path, PathBuf};

use ipgate::format_text;
use serde::Serialize;

use crate::atomic::Replacement;
use crate::output::{self, Exit, Failure, Out, Outcome};
use crate::source::{Text, is_stdin};

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

pub(crate) fn run(files: &[PathBuf], task: Task, json: bool) -> Outcome {
    let mut out = output::stdout();
    let mut exit = Exit::Yes;
    for file in files {
        exit = exit.max(match format(&mut out, file, task, json) {
            Err(Failure::Told(sentence)) => {
                output::complain(sentence);
                Exit::Error
            }
            outcome => outcome?,
        });
    }
    out.flush()?;
    Ok(exit)
}

fn format(out: &mut Out, file: &Path, task: Task, json: bool) -> Outcome {
    if task == Task::Write && is_stdin(file) {
        return Err(Failure::Told("standard input cannot be written back; leave out --write".to_owned()));
    }
    // Locked before it is read, so that no edit between reading and writing is lost.
    let replacement = if task == Task::Write { Some(Replacement::of(file)?) } else { None };
    let text = Text::read(file)?;
    let canonical = format_text(&text.bytes).map_err(|rejected| text.rejected(&rejected))?;
    let changed = *canonical.as_bytes() != *text.bytes;
    if let Some(replacement) = replacement.filter(|_| changed) {
        replacement.write(canonical.as_bytes())?;
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
