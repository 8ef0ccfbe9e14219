//! Where lists come from, and the table that a policy over them comes to.

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::Arc;

use ipgate::{
    Content, Limits, List, Mode, Policy, ShownPath, Table, TooLarge,
    list::{Parser, Rejected},
    site::SiteParser,
};

use crate::args::{Around, Lists, Reading};
use crate::output::{Failure, complain, count};
use crate::site;
use crate::stream::{Input, STDIN};

/// The name of `--entries` in messages.
const ENTRIES: &str = "<entries>";

/// What a list comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source<'a> {
    Input(&'a Input),
    /// The text of `--entries`.
    Entries(&'a str),
}

impl<'s> Source<'s> {
    /// The list's text, or an image.
    fn text_or_image(self) -> Result<Text, Failure> {
        match self {
            Source::Input(input) => Text::read_any(input),
            Source::Entries(text) => {
                Ok(Text { name: ENTRIES.to_owned(), bytes: Content::from(text.as_bytes()) })
            }
        }
    }

    /// The folder, where it is that of a site and no list.
    pub(crate) fn site(self) -> Option<&'s Path> {
        match self {
            Source::Input(Input::File(folder)) if SiteParser::is_site(folder) => Some(folder),
            Source::Input(_) | Source::Entries(_) => None,
        }
    }

    /// Reads and parses the list.
    pub(crate) fn list(self, reading: Reading) -> Result<List, Failure> {
        self.text_or_image()?.not_an_image()?.parse(reading)
    }
}

impl fmt::Display for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Input(input) => input.fmt(f),
            Source::Entries(_) => f.write_str(ENTRIES),
        }
    }
}

/// A list's text with its name.
pub(crate) struct Text {
    pub(crate) name: String,
    pub(crate) bytes: Content,
}

impl Text {
    /// Reads the text of a list. An image, which is none, is refused.
    pub(crate) fn read(input: &Input) -> Result<Text, Failure> {
        Text::read_any(input)?.not_an_image()
    }

    /// Reads a file or standard input, whatever it holds, within the limits.
    fn read_any(input: &Input) -> Result<Text, Failure> {
        let name = input.to_string();
        let bytes = match input {
            Input::Stdin => read_stdin(),
            Input::File(path) => {
                refuse_pipe(path)?;
                Content::of_file(&open(path)?, Limits::default())
            }
        };
        Ok(Text { bytes: bytes.map_err(|error| cannot_read(&name, &error))?, name })
    }

    /// An image where a list's text is needed is a mistake worth its own sentence.
    fn not_an_image(self) -> Result<Text, Failure> {
        match Table::is_image(&self.bytes) {
            true => Err(Failure::Told(format!(
                "{} is a compiled image, which only `check`, `explain` and `replay` read (--list FILE); \
                 give the list that it was compiled from",
                self.name
            ))),
            false => Ok(self),
        }
    }

    /// Parses the text; what a strict reading rejects, and a lenient one leaves out, is told.
    pub(crate) fn parse(self, reading: Reading) -> Result<List, Failure> {
        let Text { name, bytes } = self;
        let parsed = parser(reading)
            .source(&name)
            .parse_content(bytes)
            .map_err(|rejected| tell_rejected(&name, &rejected))?;
        for error in parsed.report.errors() {
            complain(format_args!("{} (left out)", crate::render::line(&name, error)));
        }
        let warnings = parsed.report.warning_count();
        if parsed.list.left_out() > 0 {
            let entries = count(parsed.list.len(), "entry is", "entries are");
            let errors = count(parsed.list.left_out(), "error", "errors");
            complain(format_args!("{name}: {entries} taken; what has errors is left out: {errors}"));
        }
        if name == STDIN || name == ENTRIES {
            parsed.report.warnings().for_each(|warning| complain(crate::render::line(&name, warning)));
        } else if warnings > 0 {
            let warnings = count(warnings, "warning", "warnings");
            complain(format_args!("{name}: {warnings}, which `ipgate lint {name}` shows"));
        }
        Ok(parsed.list)
    }
}

/// Tells everything that was found in a list that is not taken.
pub(crate) fn tell_rejected(name: &str, rejected: &Rejected) -> Failure {
    let report = rejected.report();
    for diagnostic in report.errors() {
        complain(crate::render::line(name, diagnostic));
    }
    let errors = count(report.error_count(), "error", "errors");
    let hidden = report.error_count() - report.errors().count();
    let more = if hidden > 0 { format!(", {hidden} of them not shown") } else { String::new() };
    let why = rejected.why_not_leniently().map_or_else(String::new, |why| format!("; {why}"));
    Failure::Told(format!("{name}: the list is rejected: {errors}{more}{why}"))
}

/// The lists that were given, and what they come to.
pub(crate) struct Loaded {
    pub(crate) default: Option<Arc<List>>,
    pub(crate) app: Option<Arc<List>>,
    pub(crate) table: Table,
    /// How the lists combine.
    pub(crate) mode: Mode,
    /// Which app of which site it is, where it is one's.
    pub(crate) site: Option<String>,
    /// The name of the image that the table comes from, in the place of lists.
    pub(crate) image: Option<String>,
}

/// What all lists are parsed by, but for their names.
pub(crate) fn parser(reading: Reading) -> Parser {
    Parser::new().lenient(reading.lenient).max_bad_percent(reading.bound.max_bad_percent)
}

/// Reads the lists and compiles their policy. That there is none to decide by is an error: a script that
/// has lost its list must not let everyone in.
pub(crate) fn load(lists: &Lists) -> Result<Loaded, Failure> {
    let Lists { app, around, site, reading } = lists;
    if let Some(folder) = site.folder()? {
        return site::load(folder, site, around, *reading);
    }
    let Some(source) = app.source() else {
        if around.default.is_none() && !around.enforce {
            let sentence = "no list is given, so there is nothing to decide by; give --list FILE, \
                --entries TEXT or --default FILE, or --enforce to deny everyone";
            return Err(Failure::Told(sentence.to_owned()));
        }
        return around_app(around, *reading, None);
    };
    let text = source.text_or_image()?;
    match Table::is_image(&text.bytes) {
        true => image(around, text),
        false => around_app(around, *reading, Some(text.parse(*reading)?)),
    }
}

/// The policy that an image holds whole.
fn image(around: &Around, text: Text) -> Result<Loaded, Failure> {
    let Text { name, bytes } = text;
    if around.default.is_some() || around.enforce || around.mode != Mode::default() {
        let sentence = format!(
            "{name} is an image, which holds its policy; give --default, --mode and --enforce to `ipgate compile`"
        );
        return Err(sentence.into());
    }
    let table = Table::from_content(bytes).map_err(|error| format!("{name}: {error}"))?;
    let now = std::time::SystemTime::now();
    let expired = table.next_expiry().is_some_and(|until| until.has_passed(now));
    let table = if expired { table.live_at(now) } else { table };
    // An image holds its policy.
    let mode = if table.app_precedes() { Mode::Precede } else { Mode::default() };
    Ok(Loaded { table, mode, default: None, app: None, site: None, image: Some(name) })
}

/// The policy of the options around an app list.
pub(crate) fn around_app(around: &Around, reading: Reading, app: Option<List>) -> Result<Loaded, Failure> {
    let default = around.default.as_ref().map(|input| Source::Input(input).list(reading).map(Arc::new));
    Ok(compiled(default.transpose()?, app.map(Arc::new), around.mode, around.enforce))
}

/// A policy over these lists.
pub(crate) fn compiled(
    default: Option<Arc<List>>,
    app: Option<Arc<List>>,
    mode: Mode,
    enforce: bool,
) -> Loaded {
    let mut policy = Policy::new().with_mode(mode).with_enforce(enforce);
    if let Some(list) = &default {
        policy = policy.with_default(Arc::clone(list));
    }
    if let Some(list) = &app {
        policy = policy.with_app(Arc::clone(list));
    }
    for list in [&app, &default].into_iter().flatten().filter(|list| list.is_empty()) {
        let name = list.source().unwrap_or("-");
        complain(format_args!("{name}: the list is given, but has no entries: nobody matches it"));
    }
    Loaded { table: Table::from_policy(&policy), mode, default, app, site: None, image: None }
}

/// Opens a file; a directory is refused here, because some systems open it and fail later.
pub(crate) fn open(path: &Path) -> Result<File, Failure> {
    let name = ShownPath(path);
    let file = File::open(path).map_err(|error| cannot_read(name, &error))?;
    let is_directory = file.metadata().map_err(|error| cannot_read(name, &error))?.is_dir();
    if is_directory {
        let advice = match SiteParser::is_site(path) {
            true => {
                "the folder of a site, and a file is needed; `check`, `explain`, `list` and `replay` take an app of it \
                 (--site FOLDER, --app NAME or --host HOST), `lint` all of it, and `diff` two sites"
            }
            false => "a directory; give a file",
        };
        return Err(format!("{name} is {advice}").into());
    }
    Ok(file)
}

/// Standard input, of which a file that is too large is not read.
#[cfg(unix)]
fn read_stdin() -> io::Result<Content> {
    use std::os::fd::AsFd;
    let descriptor = io::stdin().as_fd().try_clone_to_owned()?;
    Content::of_file(&File::from(descriptor), Limits::default())
}

#[cfg(not(unix))]
fn read_stdin() -> io::Result<Content> {
    Content::read(io::stdin().lock(), Limits::default())
}

/// Opening a named pipe waits until someone writes to it, without a word. What the shell has opened already, as for
/// `<(command)`, is no name of one.
#[cfg(unix)]
fn refuse_pipe(path: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::FileTypeExt;
    let is_open = path.starts_with("/dev/fd") || path.starts_with("/proc/self/fd");
    match fs::metadata(path) {
        Ok(found) if found.file_type().is_fifo() && !is_open => {
            let name = path.display();
            Err(format!("{name} is a pipe, and a file is needed; give `-` for it, and `< {name}`").into())
        }
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
fn refuse_pipe(_: &Path) -> Result<(), Failure> {
    Ok(())
}

pub(crate) fn cannot_read(name: impl fmt::Display, error: &io::Error) -> Failure {
    if let Some(error) = TooLarge::of(error) {
        return Failure::Told(format!("{name}: {error}; {}", error.advice()));
    }
    Failure::Told(match error.kind() {
        io::ErrorKind::NotFound => format!("{name} does not exist"),
        io::ErrorKind::PermissionDenied => format!("{name} cannot be read: you have no permission"),
        io::ErrorKind::IsADirectory => format!("{name} is a directory; give a file"),
        _ => format!("{name} cannot be read: {error}"),
    })
}
