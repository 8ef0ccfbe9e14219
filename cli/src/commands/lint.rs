//! `lint`: what is wrong with lists, and what is probably not meant.

use std::io::{self, IsTerminal, Write};

use ipgate::list::{Diagnostic, Linter, Parser, Report};
use serde::Serialize;

use crate::args::Form;
use crate::output::{self, Exit, Failure, Out, Outcome, count};
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
    },
    Summary {
        file: &'a str,
        errors: usize,
        warnings: usize,
    },
}

pub(crate) fn run(files: &[Input], deny_warnings: bool, Form { json }: Form) -> Outcome {
    super::for_each(files, |out, file| lint(out, file, deny_warnings, json))
}

fn lint(out: &mut Out, file: &Input, deny_warnings: bool, json: bool) -> Outcome {
    let text = Text::read(file)?;
    let parser = Parser::new().max_diagnostics(usize::MAX).lint(Linter::new());
    let report = match parser.parse(&text.bytes) {
        Ok(parsed) => parsed.report,
        Err(rejected) => rejected.report().clone(),
    };
    match json {
        true => write_json(out, &text, &report)?,
        false => write(out, &text, &report)?,
    }
    Ok(match (report.error_count(), report.warning_count()) {
        (0, 0) => Exit::Yes,
        (0, _) => Exit::of(!deny_warnings),
        _ => Exit::Error,
    })
}

fn write(out: &mut Out, text: &Text, report: &Report) -> Result<(), Failure> {
    let renderer = render::renderer(colours());
    for diagnostic in report.diagnostics() {
        writeln!(out, "{}\n", render::snippet(&renderer, &text.name, &text.bytes, diagnostic))?;
    }
    let errors = count(report.error_count(), "error", "errors");
    let warnings = count(report.warning_count(), "warning", "warnings");
    Ok(writeln!(out, "{}: {errors}, {warnings}", text.name)?)
}

/// On a terminal, unless the environment asks for none (<https://no-color.org>).
fn colours() -> bool {
    io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

fn write_json(out: &mut Out, text: &Text, report: &Report) -> Result<(), Failure> {
    for diagnostic in report.diagnostics() {
        output::json(out, &line(&text.name, diagnostic))?;
    }
    let (errors, warnings) = (report.error_count(), report.warning_count());
    output::json(out, &Line::Summary { file: &text.name, errors, warnings })
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
    }
}
