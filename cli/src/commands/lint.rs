//! `lint`: what is wrong with lists, and what is probably not meant.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::time::SystemTime;

use ipgate::list::{Code, Diagnostic, Edit, Report};
use serde::{Serialize, Serializer};

use crate::args::Form;
use crate::edit;
use crate::fix::{self, Fixed};
use crate::output::{self, Exit, Failure, Out, Outcome, complain, count};
use crate::render;
use crate::site;
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
        /// How many of each code are not shown.
        omitted: Vec<OmittedJson>,
    },
    Fixed {
        file: &'a str,
        fixes: usize,
        /// Where it was not written to the file.
        text: Option<&'a str>,
    },
}

#[derive(Serialize)]
struct OmittedJson {
    code: &'static str,
    count: usize,
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
    /// Show each finding, and not only the first of a kind.
    pub(crate) all: bool,
}

/// How findings are shown.
#[derive(Clone, Copy)]
struct Show {
    all: bool,
    json: bool,
    now: SystemTime,
}

pub(crate) fn run(files: &[Input], settings: Settings, Form { json }: Form) -> Outcome {
    let show = Show { all: settings.all, json, now: SystemTime::now() };
    let (files, problems) = site::files(files);
    let exit = if problems.is_empty() { Exit::Yes } else { Exit::Error };
    problems.iter().for_each(complain);
    let lists = super::for_each(&files, |out, file| {
        let report = match (settings.fix, file) {
            (false, _) => {
                let text = Text::read(file)?;
                let report = fix::report(&text.bytes, show.now);
                show.report(out, &text.name, &text.bytes, &report)?;
                report
            }
            (true, Input::File(path)) => fix_file(out, file, path, show)?,
            (true, Input::Stdin) => fix_stdin(out, file, show)?,
        };
        Ok(match (report.error_count(), report.warning_count()) {
            (0, 0) => Exit::Yes,
            (0, _) => Exit::of(!settings.deny_warnings),
            _ => Exit::Error,
        })
    })?;
    Ok(exit.max(lists))
}

/// Fixes a file where it stands, and shows what is left.
fn fix_file(out: &mut Out, file: &Input, path: &Path, show: Show) -> Result<Report, Failure> {
    // Locked before it is read, so that no edit between reading and writing is lost.
    let edit = edit::lock(path)?;
    let text = Text::read(file)?;
    let Fixed { bytes, count, report, is_empty } = fix::all(&text, show.now)?;
    if count > 0 {
        edit.write(&bytes)?;
    }
    show.report(out, &text.name, &bytes, &report)?;
    tell_fixed(out, &text.name, count, None, show.json)?;
    if report.error_count() > 0 {
        complain(format_args!("{} has errors, so nothing in it is fixed; mend them first", text.name));
    }
    if count > 0 && is_empty {
        complain(format_args!("{} has no entries now: nobody matches it", text.name));
    }
    Ok(report)
}

/// Writes the fixed text of standard input to standard output, and what is left to standard error.
fn fix_stdin(out: &mut Out, file: &Input, show: Show) -> Result<Report, Failure> {
    let text = Text::read(file)?;
    let Fixed { bytes, count, report, .. } = fix::all(&text, show.now)?;
    if show.json {
        show.report(out, &text.name, &bytes, &report)?;
        // What has an error is not fixed, and is not handed on as if it were.
        let fixed = String::from_utf8(bytes).ok().filter(|_| report.error_count() == 0);
        tell_fixed(out, &text.name, count, fixed.as_deref(), true)?;
    } else {
        show.each(&bytes, &report, &mut |found| {
            complain(render::line(&text.name, found));
            Ok(())
        })?;
        if let Some(hidden) = show.hidden(&report) {
            complain(format_args!("{}: {hidden}", text.name));
        }
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

impl Show {
    fn report(self, out: &mut Out, name: &str, bytes: &[u8], report: &Report) -> Result<(), Failure> {
        match self.json {
            true => self.write_json(out, name, bytes, report),
            false => self.write(out, name, bytes, report),
        }
    }

    /// Shows what a report has kept, or all that was found, as it is found once more. Of a list with errors no fix is
    /// offered.
    fn each(
        self,
        bytes: &[u8],
        report: &Report,
        show: &mut dyn FnMut(&Diagnostic) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        if !self.all || report.omitted() == 0 {
            return report.diagnostics().iter().try_for_each(show);
        }
        // What the whole file is, which no entry says.
        report.diagnostics().iter().filter(|found| found.code() == Code::Format).try_for_each(&mut *show)?;
        let mut result = Ok(());
        fix::each(bytes, self.now, &mut |found| {
            if result.is_ok() {
                result = show(found);
            }
        });
        result
    }

    /// How many findings are not shown, and of which kinds.
    fn omitted(self, report: &Report) -> Vec<(Code, usize)> {
        if self.all { Vec::new() } else { report.omitted_of_a_kind().collect() }
    }

    fn hidden(self, report: &Report) -> Option<String> {
        let omitted = self.omitted(report).into_iter().map(|(code, count)| format!("{count} {code}"));
        let omitted: Vec<String> = omitted.collect();
        (!omitted.is_empty()).then(|| format!("not shown: {}; --all shows them", omitted.join(", ")))
    }

    fn write(self, out: &mut Out, name: &str, bytes: &[u8], report: &Report) -> Result<(), Failure> {
        let renderer = render::renderer(colours());
        self.each(bytes, report, &mut |found| {
            Ok(writeln!(out, "{}\n", render::snippet(&renderer, name, bytes, found))?)
        })?;
        let errors = count(report.error_count(), "error", "errors");
        let warnings = count(report.warning_count(), "warning", "warnings");
        let hidden = self.hidden(report).map_or_else(String::new, |hidden| format!(" ({hidden})"));
        Ok(writeln!(out, "{name}: {errors}, {warnings}{hidden}")?)
    }

    fn write_json(self, out: &mut Out, file: &str, bytes: &[u8], report: &Report) -> Result<(), Failure> {
        let (errors, warnings) = (report.error_count(), report.warning_count());
        self.each(bytes, report, &mut |found| output::json(out, &line(file, found, errors == 0)))?;
        let omitted = self.omitted(report).into_iter();
        let omitted = omitted.map(|(code, count)| OmittedJson { code: code.as_str(), count }).collect();
        output::json(out, &Line::Summary { file, errors, warnings, omitted })
    }
}

/// On a terminal, unless the environment asks for none (<https://no-color.org>).
fn colours() -> bool {
    io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

fn line<'a>(file: &'a str, diagnostic: &'a Diagnostic, fixable: bool) -> Line<'a> {
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
        fix: Some(diagnostic.fix()).filter(|edits| fixable && !edits.is_empty()).map(Edits),
    }
}
