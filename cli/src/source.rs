//! Where lists come from, and the table that a policy over them comes to.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use ipgate::{Content, List, Mode, Parser, Policy, Rejected, Table};

use crate::args::Global;
use crate::output::{Failure, complain, count};

/// The name of standard input in messages.
const STDIN: &str = "<stdin>";
/// The name of `--entries` in messages.
const ENTRIES: &str = "<entries>";

/// A list's text with its name.
pub(crate) struct Text {
    pub(crate) name: String,
    pub(crate) bytes: Content,
}

impl Text {
    /// Reads a file, or standard input for `-`; one byte beyond the limit for a list's text at the most.
    pub(crate) fn read(path: &Path) -> Result<Text, Failure> {
        let limit = Parser::DEFAULT_MAX_BYTES + 1;
        if is_stdin(path) {
            let read = Content::read(io::stdin().lock(), 0, limit);
            let bytes = read.map_err(|error| cannot_read(STDIN, &error))?;
            return Ok(Text { name: STDIN.to_owned(), bytes });
        }
        let name = path.to_string_lossy().into_owned();
        let bytes = Content::of_file(&open(path)?, limit).map_err(|error| cannot_read(&name, &error))?;
        Ok(Text { name, bytes })
    }

    /// An image where a list's text is needed is a mistake worth its own sentence.
    fn refuse_image(&self) -> Result<(), Failure> {
        match Table::is_image(&self.bytes) {
            true => Err(format!("{} is an image; give the list it was compiled from", self.name).into()),
            false => Ok(()),
        }
    }

    /// Parses the text; what a strict reading rejects, and a lenient one leaves out, is told.
    pub(crate) fn parse(&self, lenient: bool) -> Result<List, Failure> {
        self.refuse_image()?;
        let parsed = Parser::new()
            .lenient(lenient)
            .source(&self.name)
            .parse(&self.bytes)
            .map_err(|rejected| self.rejected(&rejected))?;
        for error in parsed.report.errors() {
            complain(format_args!("{} (left out)", crate::render::line(&self.name, error)));
        }
        let (errors, warnings) = (parsed.report.error_count(), parsed.report.warning_count());
        if errors > 0 {
            let errors = count(errors, "error", "errors");
            complain(format_args!("{}: read leniently past {errors}", self.name));
        }
        if self.name == STDIN || self.name == ENTRIES {
            parsed.report.warnings().for_each(|warning| complain(crate::render::line(&self.name, warning)));
        } else if warnings > 0 {
            let warnings = count(warnings, "warning", "warnings");
            complain(format_args!("{}: {warnings}, which `ipgate lint {}` shows", self.name, self.name));
        }
        Ok(parsed.list)
    }

    /// Tells everything that was found in a list that is not taken.
    pub(crate) fn rejected(&self, rejected: &Rejected) -> Failure {
        let report = rejected.report();
        for diagnostic in report.errors() {
            complain(crate::render::line(&self.name, diagnostic));
        }
        let errors = count(report.error_count(), "error", "errors");
        let hidden = report.error_count() - report.errors().count();
        let more = if hidden > 0 { format!(", {hidden} of them not shown") } else { String::new() };
        Failure::Told(format!("{}: the list is rejected: {errors}{more}", self.name))
    }
}

/// Reads and parses a list, strictly or leniently.
pub(crate) fn list(path: &Path, lenient: bool) -> Result<List, Failure> {
    Text::read(path)?.parse(lenient)
}

/// The list of `--list` or `--entries`, where one is given.
pub(crate) fn app_list(global: &Global) -> Result<Option<List>, Failure> {
    app_text(global)?.map(|text| text.parse(global.lenient)).transpose()
}

/// What `--list` or `--entries` gives, where one is given.
fn app_text(global: &Global) -> Result<Option<Text>, Failure> {
    match (&global.list, &global.text) {
        (Some(_), Some(_)) => {
            Err("--list and --entries exclude each other; give one of them".to_owned().into())
        }
        (Some(path), None) => Text::read(path).map(Some),
        (None, Some(text)) => {
            Ok(Some(Text { name: ENTRIES.to_owned(), bytes: Content::from(text.as_bytes()) }))
        }
        (None, None) => Ok(None),
    }
}

/// The lists that were given, and what they come to.
pub(crate) struct Loaded {
    pub(crate) default: Option<Arc<List>>,
    pub(crate) app: Option<Arc<List>>,
    pub(crate) table: Table,
    /// The name of the image that the table comes from, in the place of lists.
    pub(crate) image: Option<String>,
}

/// Reads the lists and compiles their policy.
pub(crate) fn load(global: &Global) -> Result<Loaded, Failure> {
    let both = [&global.list, &global.default];
    if both.iter().all(|path| path.as_deref().is_some_and(is_stdin)) {
        let sentence = "--list and --default cannot both be standard input; give one of them as a file";
        return Err(sentence.to_owned().into());
    }
    match app_text(global)? {
        Some(text) if Table::is_image(&text.bytes) => image(global, text),
        Some(text) => with_app(global, Some(text.parse(global.lenient)?)),
        None => with_app(global, None),
    }
}

/// The policy that an image holds whole.
fn image(global: &Global, text: Text) -> Result<Loaded, Failure> {
    if global.default.is_some() || global.enforce || global.mode != Mode::default() {
        let name = text.name;
        let sentence = format!(
            "{name} is an image, which holds its policy; give --default, --mode and --enforce to `ipgate compile`"
        );
        return Err(sentence.into());
    }
    let table = Table::from_content(text.bytes).map_err(|error| format!("{}: {error}", text.name))?;
    let now = std::time::SystemTime::now();
    let expired = table.next_expiry().is_some_and(|until| until.has_passed(now));
    let table = if expired { table.live_at(now) } else { table };
    Ok(Loaded { table, default: None, app: None, image: Some(text.name) })
}

/// The policy of the options around an app list.
pub(crate) fn with_app(global: &Global, app: Option<List>) -> Result<Loaded, Failure> {
    let app = app.map(Arc::new);
    let default = match &global.default {
        Some(path) => Some(Arc::new(list(path, global.lenient)?)),
        None => None,
    };
    let mut policy = Policy::new().with_mode(global.mode).with_enforce(global.enforce);
    if let Some(list) = &default {
        policy = policy.with_default(Arc::clone(list));
    }
    if let Some(list) = &app {
        policy = policy.with_app(Arc::clone(list));
    }
    if default.is_none() && app.is_none() && !global.enforce {
        complain(
            "no list is given, so everyone is allowed; --list FILE gives one, --enforce denies everyone",
        );
    }
    Ok(Loaded { table: Table::from_policy(&policy), default, app, image: None })
}

/// Whether a list of the policy takes up standard input.
pub(crate) fn uses_stdin(global: &Global) -> bool {
    [&global.list, &global.default].iter().any(|path| path.as_deref().is_some_and(is_stdin))
}

pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Opens a file; a directory is refused here, because some systems open it and fail later.
pub(crate) fn open(path: &Path) -> Result<File, Failure> {
    let name = path.display();
    let file = File::open(path).map_err(|error| cannot_read(&name, &error))?;
    let is_directory = file.metadata().map_err(|error| cannot_read(&name, &error))?.is_dir();
    if is_directory {
        return Err(format!("{name} is a directory; give a file").into());
    }
    Ok(file)
}

pub(crate) fn cannot_read(name: impl fmt::Display, error: &io::Error) -> Failure {
    Failure::Told(match error.kind() {
        io::ErrorKind::NotFound => format!("{name} does not exist"),
        io::ErrorKind::PermissionDenied => format!("{name} cannot be read: you have no permission"),
        io::ErrorKind::IsADirectory => format!("{name} is a directory; give a file"),
        _ => format!("{name} cannot be read: {error}"),
    })
}
