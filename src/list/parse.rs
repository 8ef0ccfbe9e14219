//! From text to a list: the settings, and what becomes of what was found.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::SystemTime;

use super::diagnostic::{Code, Diagnostic, Severity};
#[cfg(feature = "watch")]
use super::entry::Entry;
use super::foreign;
use super::lint::Linter;
use super::pass::Pass;
use super::rejected::{Rejected, TooLittle};
use super::report::{Finds, Keep, Report};
#[cfg(feature = "watch")]
use super::scan;
use super::sequence::List;
use crate::content::Content;
use crate::limits::{Limits, TooLarge};
use crate::shown::ShownPath;

/// Settings for reading a list.
///
/// ```
/// use ipgate::list::Parser;
/// let parsed = Parser::new().lenient(true).parse("10.0.0.0/8:corp, 10.1")?;
/// assert_eq!(parsed.list.len(), 1);
/// assert_eq!(parsed.report.error_count(), 1);
/// assert!(Parser::new().parse("10.0.0.0/8:corp, 10.1").is_err());
/// # Ok::<(), ipgate::list::Rejected>(())
/// ```
#[derive(Debug, Clone)]
pub struct Parser {
    lenient: bool,
    max_bad_percent: u8,
    deny_warnings: bool,
    linter: Option<Linter>,
    max_entries: usize,
    max_bytes: usize,
    max_image_bytes: Option<usize>,
    keep: Keep,
    now: Option<SystemTime>,
    source: Option<Arc<str>>,
}

impl Default for Parser {
    fn default() -> Parser {
        Parser::new()
    }
}

impl Parser {
    /// The most entries a list may have, unless set otherwise: 16 Mi.
    pub const DEFAULT_MAX_ENTRIES: usize = Limits::ENTRIES;
    /// The most bytes of text, unless set otherwise: 1 GiB.
    pub const DEFAULT_MAX_BYTES: usize = Limits::DEFAULT.text;
    /// The most pieces that a lenient parser leaves out, in percent, unless set otherwise: as many as it takes.
    pub const DEFAULT_MAX_BAD_PERCENT: u8 = 50;
    /// No setting goes beyond this: positions have 32 bits, and the table's offsets one less.
    const HARD_MAX_BYTES: usize = (u32::MAX >> 1) as usize;

    /// Strict, warnings allowed, no lints, the default limits.
    #[must_use]
    pub fn new() -> Parser {
        Parser {
            lenient: false,
            max_bad_percent: Parser::DEFAULT_MAX_BAD_PERCENT,
            deny_warnings: false,
            linter: None,
            max_entries: Parser::DEFAULT_MAX_ENTRIES,
            max_bytes: Parser::DEFAULT_MAX_BYTES,
            max_image_bytes: None,
            keep: Keep::default(),
            now: None,
            source: None,
        }
    }

    /// Whether bad entries are left out and reported (lenient), or reject the whole list (strict, the
    /// default). A list whose every entry was bad is rejected either way, and so is a text with more bad pieces than
    /// good ones: it is some other file ([`Parser::max_bad_percent`]).
    #[must_use]
    pub fn lenient(self, lenient: bool) -> Parser {
        Parser { lenient, ..self }
    }

    /// How many percent of a text's pieces, of what stands between commas and line breaks outside of comments, may be
    /// left out in lenient mode; 50 unless set, 100 for any number but all.
    ///
    /// ```
    /// use ipgate::list::Parser;
    /// let page = "<pre>\n10.0.0.0/8\n</pre>";
    /// assert!(Parser::new().lenient(true).parse(page).is_err());
    /// assert!(Parser::new().lenient(true).max_bad_percent(70).parse(page).is_ok());
    /// ```
    #[must_use]
    pub fn max_bad_percent(self, percent: u8) -> Parser {
        Parser { max_bad_percent: percent.min(100), ..self }
    }

    /// Whether any warning rejects the list, those of the default [`Linter`] included.
    #[must_use]
    pub fn deny_warnings(self, deny: bool) -> Parser {
        Parser { deny_warnings: deny, ..self }
    }

    /// Looks also for what is legal but probably not meant (duplicates, shadowed entries, …), which the
    /// warnings of parsing alone do not cover.
    #[must_use]
    pub fn lint(self, linter: Linter) -> Parser {
        Parser { linter: Some(linter), ..self }
    }

    /// The most entries that a list may have, ranges counted as the prefixes that they become; at most
    /// [`List::MAX_ENTRIES`].
    #[must_use]
    pub fn max_entries(self, max: usize) -> Parser {
        Parser { max_entries: max.min(List::MAX_ENTRIES), ..self }
    }

    /// The most bytes of text, at most 2³¹ − 1.
    #[must_use]
    pub fn max_bytes(self, max: usize) -> Parser {
        Parser { max_bytes: max.min(Parser::HARD_MAX_BYTES), ..self }
    }

    /// The most bytes of an image, where files are followed that may be one; what lists within the other limits are
    /// compiled to ([`Limits::of_lists`]) unless it is set.
    #[must_use]
    pub fn max_image_bytes(self, max: usize) -> Parser {
        Parser { max_image_bytes: Some(max), ..self }
    }

    /// What is read of a file.
    #[must_use]
    pub fn limits(&self) -> Limits {
        let limits = Limits::of_lists(self.max_entries, self.max_bytes);
        Limits { image: self.max_image_bytes.unwrap_or(limits.image), ..limits }
    }

    /// How many errors, and how many warnings, are kept whole; 100 unless set. The others are counted.
    #[must_use]
    pub fn max_diagnostics(self, keep: usize) -> Parser {
        Parser { keep: Keep { of_severity: keep, ..self.keep }, ..self }
    }

    /// How many diagnostics of each [`Code`] are kept whole; any number unless set. The others are counted
    /// ([`Report::omitted_of_a_kind`]).
    #[must_use]
    pub fn max_of_a_kind(self, keep: usize) -> Parser {
        Parser { keep: Keep { of_code: keep, ..self.keep }, ..self }
    }

    /// The time that decides which entries have expired; the system's clock where it is not set.
    #[must_use]
    pub fn at(self, now: SystemTime) -> Parser {
        Parser { now: Some(now), ..self }
    }

    /// The name under which the list's entries are shown, usually a path.
    #[must_use]
    pub fn source(self, name: &str) -> Parser {
        Parser { source: Some(Arc::from(name)), ..self }
    }

    /// Reads a file whole and parses it; the path becomes the name of the source unless one was set.
    ///
    /// # Errors
    ///
    /// [`ReadError`] where the file cannot be read or the list is rejected.
    pub fn read(&self, path: impl AsRef<Path>) -> Result<Parsed, ReadError> {
        let path = path.as_ref();
        let limits = Limits { image: self.max_bytes, ..self.limits() }; // an image is no list
        let text = Content::of_path(path, limits).map_err(|error| match TooLarge::of(&error) {
            Some(error) => self.too_long(error).into_read_error(path),
            None => ReadError::Io { path: path.to_owned(), error },
        })?;
        self.named(path).parse_content(text).map_err(|rejected| rejected.into_read_error(path))
    }

    /// The same parser for the text of that file.
    pub(crate) fn named(&self, path: &Path) -> Parser {
        let name = || Arc::from(path.to_string_lossy().as_ref());
        Parser { source: Some(self.source.clone().unwrap_or_else(name)), ..self.clone() }
    }

    fn too_long(&self, error: TooLarge) -> Rejected {
        let mut finds = Finds::new(self.keep, None);
        finds.add(Severity::Error, || Diagnostic {
            severity: Severity::Error,
            code: Code::TooLong,
            position: None,
            token: String::new(),
            message: error.to_string(),
            suggestion: Some(error.advice().to_owned()),
            fix: Vec::new(),
        });
        Rejected { report: finds.report, too_little: None }
    }

    fn check_length(&self, text: &[u8]) -> Result<(), Rejected> {
        match text.len() > self.max_bytes {
            true => Err(self.too_long(TooLarge::text(text.len(), self.max_bytes))),
            false => Ok(()),
        }
    }

    /// Parses a text, given as a string or as bytes that ought to be UTF-8.
    ///
    /// Time and memory grow with the text; apart from the list itself, labels are stored once each.
    ///
    /// # Errors
    ///
    /// [`Rejected`], with everything that was found: in strict mode for any error; in lenient mode where
    /// nothing good was left, more was bad than may be left out, or a limit was passed; in both for warnings where they are denied.
    pub fn parse(&self, text: impl AsRef<[u8]>) -> Result<Parsed, Rejected> {
        let text = text.as_ref();
        self.check_length(text)?;
        self.parse_content(Content::from(text))
    }

    /// Parses what was read from a file, as [`Parser::parse`] does, but without a copy: the list keeps the text.
    ///
    /// # Errors
    ///
    /// As [`Parser::parse`].
    pub fn parse_content(&self, text: Content) -> Result<Parsed, Rejected> {
        self.parse_into(text, Finds::new(self.keep, None))
    }

    /// The same, and shows each error and warning as it is found, kept or not: first those of the entries, in the order
    /// of the text, then those of the list as a whole. What is shown has the fix that it would have in a list that is
    /// taken: do nothing about any until that is known. Only [`Code::Format`] is in the report alone.
    ///
    /// ```
    /// use ipgate::{Content, list::Parser};
    /// let (mut seen, parser) = (0, Parser::new().max_diagnostics(1));
    /// let rejected = parser.parse_each(Content::from(&b"10.1,10.2,10.3"[..]), &mut |_| seen += 1).unwrap_err();
    /// assert_eq!((rejected.report().errors().count(), rejected.report().error_count(), seen), (1, 3, 3));
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Parser::parse`].
    pub fn parse_each(&self, text: Content, each: &mut dyn FnMut(&Diagnostic)) -> Result<Parsed, Rejected> {
        self.parse_into(text, Finds::new(self.keep, Some(each)))
    }

    /// The entries of some lines of a text that is taken otherwise, the first of these lines with its number: what they are
    /// in the whole, but for conflicts. `None` where there is anything to say about them, and where this parser has more to
    /// say about a text than about each of its lines.
    #[cfg(feature = "watch")]
    pub(crate) fn parse_lines(&self, lines: &[u8], first: u32) -> Option<Vec<Entry>> {
        if self.deny_warnings || self.linter.is_some() || self.now.is_some() || scan::begins_with_mark(lines)
        {
            return None;
        }
        let mut pass = Pass::new(lines, self.max_entries, self.lenient, Finds::new(self.keep, None));
        let is_plain = pass.run() && pass.finds.report.is_empty();
        is_plain.then(|| pass.entries.into_iter().map(|entry| entry.further_down(first - 1)).collect())
    }

    /// The most entries that a list may have.
    #[cfg(feature = "watch")]
    pub(crate) fn entry_limit(&self) -> usize {
        self.max_entries
    }

    fn parse_into(&self, text: Content, finds: Finds<'_>) -> Result<Parsed, Rejected> {
        self.check_length(&text)?;
        let now = self.now.unwrap_or_else(SystemTime::now);
        let mut pass = Pass::new(&text, self.max_entries, self.lenient, finds);
        let complete = pass.run();
        if let Some(format) = foreign::recognise(&text, &pass.suspects) {
            pass.finds.sum_up(format.diagnostic(), format.explains());
        }
        pass.settle_conflicts(now, self.lenient);
        let Pass { entries, mut finds, good, bad, .. } = pass;

        let errors = finds.report.error_count();
        let too_little = if errors == 0 || !self.lenient || !complete {
            None
        } else if !entries.iter().any(|entry| entry.is_live(now)) {
            Some(TooLittle::Nothing)
        } else {
            let (pieces, most) = (good + bad, self.max_bad_percent);
            let is_mostly_bad = bad as u128 * 100 > pieces as u128 * u128::from(most);
            is_mostly_bad.then_some(TooLittle::MostlyBad { bad, pieces, most })
        };
        let list = List::of_text(entries, text, self.source.clone(), errors);
        let strict_error = !self.lenient && errors > 0;
        if let Some(linter) =
            self.linter.clone().or(self.deny_warnings.then(Linter::new)).filter(|_| complete)
        {
            linter.at(now).find(&list, &mut finds);
        }
        let mut report = finds.report;
        if report.error_count() > 0 {
            report.without_fixes();
        }
        report.sort();
        let denied = self.deny_warnings && report.warning_count() > 0;
        if strict_error || too_little.is_some() || !complete || denied {
            return Err(Rejected { report, too_little });
        }
        Ok(Parsed { list, report })
    }
}

impl List {
    /// A [`Parser`] with the default settings: strict, warnings allowed.
    #[must_use]
    pub fn parser() -> Parser {
        Parser::new()
    }

    /// Reads a file, strictly: any error rejects the whole list.
    ///
    /// # Errors
    ///
    /// [`ReadError`] where the file cannot be read or the list is rejected.
    pub fn read(path: impl AsRef<Path>) -> Result<List, ReadError> {
        Parser::new().read(path).map(|parsed| parsed.list)
    }
}

impl FromStr for List {
    type Err = Rejected;

    /// Strict: any error rejects the whole list.
    fn from_str(text: &str) -> Result<List, Rejected> {
        Parser::new().parse(text).map(|parsed| parsed.list)
    }
}

/// A list that was taken, and what there was to say about it: warnings, and in lenient mode the errors
/// for which entries were left out.
#[derive(Debug, Clone)]
pub struct Parsed {
    /// The list.
    pub list: List,
    /// Everything that was found.
    pub report: Report,
}

/// A list file that was not taken.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReadError {
    /// The file could not be read.
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The file was read, and its list rejected.
    Rejected {
        /// The file.
        path: PathBuf,
        /// What is wrong with the list.
        rejected: Rejected,
    },
}

impl Rejected {
    fn into_read_error(self, path: &Path) -> ReadError {
        ReadError::Rejected { path: path.to_owned(), rejected: self }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Io { path, error } => write!(f, "{}: {error}", ShownPath(path)),
            ReadError::Rejected { path, rejected } => write!(f, "{}: {rejected}", ShownPath(path)),
        }
    }
}

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ReadError::Io { error, .. } => Some(error),
            ReadError::Rejected { rejected, .. } => Some(rejected),
        }
    }
}
