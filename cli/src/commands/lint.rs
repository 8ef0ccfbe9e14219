//! `lint`: what is wrong with lists, and what is probably not meant.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::time::SystemTime;

use ipgate::list::{Diagnostic, Edit, Report};
use serde::{Serialize, Serializer};

use crate::args::Form;
use crate::edit;
use crate::fix::{self, Fixed};
use crate::output::{self, Exit, Failure, Out, Outcome, complain, count};
use crate::render;
use crate::source::Text;
use crate::stream::Input;

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Line<'a> {
    Diagnostic {
        file: &'a str,
        severity: &'static str,
        code: &'static str,
        line: Option<u32>,
        column: Option<u32>,
        offset: Option<u32>,
        length: Option<u32>,
        token: &'a str,
        message: &'a str,
        suggestion: Option<&'a str>,
        fix: Option<Edits<'a>>,
    },
    Summary {
        file: &'a str,
        errors: usize,
        warnings: usize,
    },
    Fixed {
        file: &'a str,
        fixes: usize,
        /// Where it was not written to the file.
        text: Option<&'a str>,
    },
}

/// The edits of a fix.
struct Edits<'a>(&'a [Edit]);

#[derive(Serialize)]
struct EditLine<'a> {
    offset: u32,
    length: u32,
    text: &'a str,
}

impl Serialize for Edits<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|Edit { offset, len, text }| EditLine {
            offset: *offset,
            length: *len,
            text,
        }))
    }
}

/// What to do about what is found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) deny_warnings: bool,
    pub(crate) fix: bool,
}

pub(crate) fn run(files: &[Input], settings: Settings, Form { json }: Form) -> Outcome {
    super::for_each(files, |out, file| {
        let report = match (settings.fix, file) {
            (false, _) => {
                let text = Text::read(file)?;
                let report = fix::report(&text.bytes, SystemTime::now());
                show(out, &text.name, &text.bytes, &report, json)?;
                report
            }
            (true, Input::File(path)) => fix_file(out, file, path, json)?,
            (true, Input::Stdin) => fix_stdin(out, file, json)?,
        };
        Ok(match (report.error_count(), report.warning_count()) {
            (0, 0) => Exit::Yes,
            (0, _) => Exit::of(!settings.deny_warnings),
            _ => Exit::Error,
        })
    })
}

/// Fixes a file where it stands, and shows what is left.
fn fix_file(out: &mut Out, file: &Input, path: &Path, json: bool) -> Result<Report, Failure> {
    // Locked before it is read, so that no edit between reading and writing is lost.
    let edit = edit::lock(path)?;
    let text = Text::read(file)?;
    let Fixed { bytes, count, report, is_empty } = fix::all(&text)?;
    if count > 0 {
        edit.write(&bytes)?;
    }
    show(out, &text.name, &bytes, &report, json)?;
    tell_fixed(out, &text.name, count, None, json)?;
    if report.error_count() > 0 {
        complain(format_args!("{} has errors, so nothing in it is fixed; mend them first", text.name));
    }
    if count > 0 && is_empty {
        complain(format_args!("{} has no entries now: nobody matches it", text.name));
    }
    Ok(report)
}

/// Writes the fixed text of standard input to standard output, and what is left to standard error.
fn fix_stdin(out: &mut Out, file: &Input, json: bool) -> Result<Report, Failure> {
    let text = Text::read(file)?;
    let Fixed { bytes, count, report, .. } = fix::all(&text)?;
    if json {
        show(out, &text.name, &bytes, &report, json)?;
        // What has an error is not fixed, and is not handed on as if it were.
        let fixed = String::from_utf8(bytes).ok().filter(|_| report.error_count() == 0);
        tell_fixed(out, &text.name, count, fixed.as_deref(), json)?;
    } else {
        report.diagnostics().iter().for_each(|found| complain(render::line(&text.name, found)));
        if report.error_count() == 0 {
            out.write_all(&bytes)?;
        }
    }
    Ok(report)
}

fn tell_fixed(
    out: &mut Out,
    file: &str,
    fixes: usize,
    text: Option<&str>,
    json: bool,
) -> Result<(), Failure> {
    match json {
        true => output::json(out, &Line::Fixed { file, fixes, text }),
        false => Ok(writeln!(out, "{file}: {} made", count(fixes, "fix", "fixes"))?),
    }
}

fn show(out: &mut Out, name: &str, bytes: &[u8], report: &Report, json: bool) -> Result<(), Failure> {
    match json {
        true => write_json(out, name, report),
        false => write(out, name, bytes, report),
    }
}

fn write(out: &mut Out, name: &str, bytes: &[u8], report: &Report) -> Result<(), Failure> {
    let renderer = render::renderer(colours());
    for diagnostic in report.diagnostics() {
        writeln!(out, "{}\n", render::snippet(&renderer, name, bytes, diagnostic))?;
    }
    let errors = count(report.error_count(), "error", "errors");
    let warnings = count(report.warning_count(), "warning", "warnings");
    // One message may stand for the errors of many lines.
    let hidden =
        if report.omitted() > 0 { format!(" ({} not shown)", report.omitted()) } else { String::new() };
    Ok(writeln!(out, "{name}: {errors}, {warnings}{hidden}")?)
}

/// On a terminal, unless the environment asks for none (<https://no-color.org>).
fn colours() -> bool {
    io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

fn write_json(out: &mut Out, file: &str, report: &Report) -> Result<(), Failure> {
    for diagnostic in report.diagnostics() {
        output::json(out, &line(file, diagnostic))?;
    }
    let (errors, warnings) = (report.error_count(), report.warning_count());
    output::json(out, &Line::Summary { file, errors, warnings })
}

fn line<'a>(file: &'a str, diagnostic: &'a Diagnostic) -> Line<'a> {
    let at = diagnostic.position();
    Line::Diagnostic {
        file,
        severity: render::severity(diagnostic.severity()),
        code: diagnostic.code().as_str(),
        line: at.map(|at| at.line),
        column: at.map(|at| at.column),
        offset: at.map(|at| at.offset),
        length: at.map(|at| at.len),
        token: diagnostic.token(),
        message: diagnostic.message(),
        suggestion: diagnostic.suggestion(),
        fix: Some(diagnostic.fix()).filter(|edits| !edits.is_empty()).map(Edits),
    }
}
