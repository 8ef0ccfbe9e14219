//! From text to a list: strict or lenient, within limits, with everything that was found on the way.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::str::Utf8Error;
use std::sync::Arc;
use std::time::SystemTime;

use ipnet::IpNet;

use super::List;
use super::diagnose::{self, Problem};
use super::diagnostic::{Code, Diagnostic, Position, Rejected, Report, Severity};
use super::entry::{Action, Entry};
use super::grammar::{self, Item, Target, is_ambiguous};
use super::label::Label;
use super::lint::Linter;
use super::scan::{self, Slice};
use crate::address::{PrefixText, canonical_prefix};

/// Settings for reading a list.
///
/// ```
/// use ipgate::Parser;
/// let parsed = Parser::new().lenient(true).parse("10.0.0.0/8:corp, 10.1")?;
/// assert_eq!(parsed.list.len(), 1);
/// assert_eq!(parsed.report.error_count(), 1);
/// assert!(Parser::new().parse("10.0.0.0/8:corp, 10.1").is_err());
/// # Ok::<(), ipgate::Rejected>(())
/// ```
#[derive(Debug, Clone)]
pub struct Parser {
    lenient: bool,
    deny_warnings: bool,
    linter: Option<Linter>,
    max_entries: usize,
    max_bytes: usize,
    keep: usize,
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
    pub const DEFAULT_MAX_ENTRIES: usize = 16 << 20;
    /// The most bytes of text, unless set otherwise: 1 GiB.
    pub const DEFAULT_MAX_BYTES: usize = 1 << 30;
    /// No setting goes beyond this: positions and entry numbers have 32 bits, less one for sentinels.
    const HARD_MAX: usize = (u32::MAX >> 1) as usize;

    /// Strict, warnings allowed, no lints, the default limits.
    #[must_use]
    pub fn new() -> Parser {
        Parser {
            lenient: false,
            deny_warnings: false,
            linter: None,
            max_entries: Parser::DEFAULT_MAX_ENTRIES,
            max_bytes: Parser::DEFAULT_MAX_BYTES,
            keep: Report::DEFAULT_KEEP,
            now: None,
            source: None,
        }
    }

    /// Whether bad entries are left out and reported (lenient), or reject the whole list (strict, the
    /// default). A list whose every entry was bad is rejected either way.
    #[must_use]
    pub fn lenient(self, lenient: bool) -> Parser {
        Parser { lenient, ..self }
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
    /// 2³¹ − 1.
    #[must_use]
    pub fn max_entries(self, max: usize) -> Parser {
        Parser { max_entries: max.min(Parser::HARD_MAX), ..self }
    }

    /// The most bytes of text, at most 2³¹ − 1.
    #[must_use]
    pub fn max_bytes(self, max: usize) -> Parser {
        Parser { max_bytes: max.min(Parser::HARD_MAX), ..self }
    }

    /// How many errors, and how many warnings, are kept whole; the others are counted.
    #[must_use]
    pub fn max_diagnostics(self, keep: usize) -> Parser {
        Parser { keep, ..self }
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
        let text = self.read_text(path).map_err(|error| ReadError::Io { path: path.to_owned(), error })?;
        self.named(path).parse(text).map_err(|rejected| rejected.into_read_error(path))
    }

    /// The file's bytes, and one more than the limit at the most.
    fn read_text(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.read_bytes(File::open(path)?)
    }

    /// A source's bytes, and one more than the limit at the most, which is enough to reject it.
    pub(crate) fn read_bytes(&self, source: impl Read) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        source.take(self.max_bytes as u64 + 1).read_to_end(&mut text)?;
        Ok(text)
    }

    /// The same parser for the text of that file.
    pub(crate) fn named(&self, path: &Path) -> Parser {
        let name = || Arc::from(path.to_string_lossy().as_ref());
        Parser { source: Some(self.source.clone().unwrap_or_else(name)), ..self.clone() }
    }

    fn too_long(&self) -> Rejected {
        let mut report = Report::keeping(self.keep);
        report.add(Severity::Error, || Diagnostic {
            severity: Severity::Error,
            code: Code::TooLong,
            position: None,
            token: String::new(),
            message: format!("the text has more than {} bytes", self.max_bytes),
            suggestion: Some("split the list or raise the limit".to_owned()),
        });
        Rejected { report }
    }

    /// Parses a text, given as a string or as bytes that ought to be UTF-8.
    ///
    /// Time and memory grow with the text; apart from the list itself, labels are stored once each.
    ///
    /// # Errors
    ///
    /// [`Rejected`], with everything that was found: in strict mode for any error; in lenient mode where
    /// nothing good was left or a limit was passed; in both for warnings where they are denied.
    pub fn parse(&self, text: impl AsRef<[u8]>) -> Result<Parsed, Rejected> {
        let text = text.as_ref();
        if text.len() > self.max_bytes {
            return Err(self.too_long());
        }
        let now = self.now.unwrap_or_else(SystemTime::now);
        let mut pass = Pass::new(text, self);
        let complete = pass.run();
        pass.settle_conflicts(now, self.lenient);
        let Pass { entries, mut report, .. } = pass;

        let nothing_left = report.error_count() > 0 && !entries.iter().any(|entry| entry.is_live(now));
        let list = List { entries, text: Arc::from(text), source: self.source.clone() };
        let strict_error = !self.lenient && report.error_count() > 0;
        if let Some(linter) = self.linter.clone().or(self.deny_warnings.then(Linter::new)) {
            report.append(linter.at(now).max_diagnostics(self.keep).lint(&list));
        }
        report.sort();
        if strict_error || nothing_left || !complete || (self.deny_warnings && report.warning_count() > 0) {
            return Err(Rejected { report });
        }
        Ok(Parsed { list, report })
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

/// What the entries of one item have in common.
struct Written<'i, 't> {
    item: &'i Item<'t>,
    text: &'t str,
    action: Action,
    label: Option<Label>,
    position: Position,
}

/// One walk over a text.
struct Pass<'t> {
    text: &'t [u8],
    /// The text, where all of it is UTF-8.
    valid: Option<&'t str>,
    entries: Vec<Entry>,
    labels: HashMap<&'t str, Label>,
    report: Report,
    max_entries: usize,
    locator: Locator<'t>,
    /// Without a deny entry there is no conflict to look for.
    has_deny: bool,
}

impl<'t> Pass<'t> {
    fn new(text: &'t [u8], settings: &Parser) -> Pass<'t> {
        Pass {
            text,
            valid: std::str::from_utf8(text).ok(),
            entries: Vec::with_capacity(expected_entries(text).min(settings.max_entries)),
            labels: HashMap::new(),
            report: Report::keeping(settings.keep),
            max_entries: settings.max_entries,
            locator: Locator { text, line: 1, offset: 0, column: 1 },
            has_deny: false,
        }
    }

    /// Reads every line; false where a limit ended the walk.
    fn run(&mut self) -> bool {
        for line in scan::lines(self.text) {
            self.locator.start(line.number, line.offset);
            for piece in line.entries.pieces() {
                self.piece(piece);
                if self.entries.len() > self.max_entries {
                    self.entries.truncate(self.max_entries);
                    let max = self.max_entries;
                    self.error(
                        piece,
                        Problem {
                            code: Code::TooManyEntries,
                            span: 0..piece.bytes.len(),
                            message: format!("the list has more than {max} entries"),
                            suggestion: Some("split the list or raise the limit".to_owned()),
                        },
                    );
                    return false;
                }
            }
            if let Some(comment) = line.comment {
                self.comment(comment);
            }
        }
        true
    }

    /// A slice as text, checked only where the text as a whole is not UTF-8.
    fn utf8(&self, slice: Slice<'t>) -> Result<&'t str, Utf8Error> {
        let checked = self.valid.and_then(|text| text.get(slice.offset..slice.offset + slice.bytes.len()));
        checked.map_or_else(|| std::str::from_utf8(slice.bytes), Ok)
    }

    fn piece(&mut self, piece: Slice<'t>) {
        let text = match self.utf8(piece) {
            Ok(text) => text,
            Err(error) => return self.error(piece, diagnose::invalid_utf8(piece.bytes, error)),
        };
        let Some(item) = grammar::item(text) else {
            return self.error(piece, diagnose::diagnose(text));
        };
        let position = self.locator.position(piece.offset, piece.bytes.len());
        let action = if item.deny { Action::Deny } else { Action::Allow };
        self.has_deny |= item.deny;
        let label = item.label.map(|label| self.label(label));
        let written = Written { item: &item, text, action, label, position };
        item.target.for_each_prefix(|prefix| self.push(&written, prefix));
        if let Target::Prefix { given: IpNet::V6(_), bare: true } = item.target
            && is_ambiguous(text.trim_start_matches('!'))
        {
            self.warn(position, text, Code::AmbiguousLabel, || ambiguous(text));
        }
        if let Some(label) = item.label
            && let Some((address, suggestion)) = diagnose::address_in_label(text, label)
        {
            self.warn(position, text, Code::AddressInLabel, || {
                let message =
                    format!("the label `{label}` holds the address {address}, which is not an entry");
                (message, suggestion)
            });
        }
    }

    /// One entry of an item that may stand for several.
    fn push(&mut self, written: &Written<'_, 't>, given: IpNet) {
        let Written { item, text, action, ref label, position } = *written;
        let canonical = canonical_prefix(given);
        self.entries.push(Entry::parsed(canonical.prefix, action, label.clone(), item.until, position));
        if canonical.host_bits {
            self.warn(position, text, Code::HostBits, || host_bits(given, canonical.prefix));
        }
        if canonical.covers_mapped && item.target != Target::All {
            self.warn(position, text, Code::CoversMapped, || {
                let message =
                    format!("{} covers ::ffff:0:0/96, yet IPv4 clients never match it", canonical.prefix);
                (message, "add `0.0.0.0/0` if IPv4 clients are meant too".to_owned())
            });
        }
    }

    /// The shared label of that text, stored once.
    fn label(&mut self, text: &'t str) -> Label {
        if let Some(last) = self.entries.last().and_then(Entry::label)
            && last.as_str() == text
        {
            return last.clone();
        }
        self.labels.entry(text).or_insert_with(|| Label::checked(text)).clone()
    }

    /// Comments are free text, but they are text, and they must not swallow entries unseen.
    fn comment(&mut self, comment: Slice<'t>) {
        match self.utf8(comment) {
            Err(error) => return self.error(comment, diagnose::invalid_utf8(comment.bytes, error)),
            Ok(text) => {
                if let Some(problem) = diagnose::control_character(text) {
                    return self.error(comment, problem);
                }
            }
        }
        let swallowed =
            comment.pieces().skip_while(|piece| piece.offset == comment.offset).find_map(|piece| {
                let text = std::str::from_utf8(piece.bytes).ok()?;
                grammar::item(text).map(|_| (piece, text))
            });
        if let Some((piece, text)) = swallowed {
            let position = self.locator.position(piece.offset, piece.bytes.len());
            self.warn(position, text, Code::EntryInComment, || {
                let message = format!("`{text}` stands in a comment and is not an entry");
                (message, "a comment runs to the end of its line; put the entry on a line of its own if it is meant".to_owned())
            });
        }
    }

    fn error(&mut self, piece: Slice<'t>, problem: Problem) {
        let position = self.locator.position(piece.offset + problem.span.start, problem.span.len());
        let token = || {
            piece
                .bytes
                .get(problem.span.clone())
                .map_or_else(String::new, |b| String::from_utf8_lossy(b).into_owned())
        };
        self.report.add(Severity::Error, || Diagnostic {
            severity: Severity::Error,
            code: problem.code,
            position: Some(position),
            token: token(),
            message: problem.message,
            suggestion: problem.suggestion,
        });
    }

    fn warn(&mut self, at: Position, token: &str, code: Code, text: impl FnOnce() -> (String, String)) {
        self.report.add(Severity::Warning, || {
            let (message, suggestion) = text();
            Diagnostic {
                severity: Severity::Warning,
                code,
                position: Some(at),
                token: token.to_owned(),
                message,
                suggestion: Some(suggestion),
            }
        });
    }

    /// Reports prefixes that are both allowed and denied; in lenient mode the deny stays.
    fn settle_conflicts(&mut self, now: SystemTime, lenient: bool) {
        if !self.has_deny {
            return;
        }
        let found: Vec<Conflict> = conflicts(&self.entries, now).collect();
        let mut left_out = HashSet::with_capacity(found.len());
        for conflict in found {
            left_out.insert(conflict.allowed().prefix());
            self.report.add(Severity::Error, || conflict.diagnostic(self.text));
        }
        if lenient && !left_out.is_empty() {
            self.entries.retain(|entry| {
                entry.action() == Action::Deny || !entry.is_live(now) || !left_out.contains(&entry.prefix())
            });
        }
    }
}

/// About how many entries a text holds: no more than it has separators, nor than eight bytes each allow.
fn expected_entries(text: &[u8]) -> usize {
    let separators = memchr::memchr_iter(b'\n', text).count() + memchr::memchr_iter(b',', text).count();
    (separators + 1).min(text.len() / 8 + 1)
}

fn host_bits(given: IpNet, prefix: IpNet) -> (String, String) {
    let message = format!("{given} has bits set beyond its length and is read as {prefix}");
    let host = PrefixText(IpNet::from(given.addr()));
    (message, format!("write `{prefix}` for the whole network or `{host}` for the one address"))
}

fn ambiguous(text: &str) -> (String, String) {
    let not = if text.starts_with('!') { "!" } else { "" };
    let address = text.trim_start_matches('!');
    let (shorter, label) = address.rsplit_once(':').unwrap_or((address, ""));
    (
        format!("`{address}` is read as an address without a label"),
        format!(
            "write `{not}[{address}]` to make that plain, or `{not}[{shorter}]:{label}` if `{label}` is a label"
        ),
    )
}

/// The allow entries whose prefix is also denied, among the entries that have not expired.
pub(super) fn conflicts(entries: &[Entry], now: SystemTime) -> impl Iterator<Item = Conflict> {
    let of = move |action: Action| entries.iter().filter(move |e| e.action() == action && e.is_live(now));
    let denied: HashMap<IpNet, &Entry> = of(Action::Deny).map(|entry| (entry.prefix(), entry)).collect();
    let mut reported = HashSet::new();
    of(Action::Allow).filter_map(move |allowed| {
        let denied = denied.get(&allowed.prefix())?;
        reported.insert(allowed.prefix()).then(|| Conflict {
            pair: Box::new(Pair { allowed: allowed.clone(), denied: (*denied).clone() }),
        })
    })
}

/// One prefix that a list both allows and denies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// Boxed, because errors are rare and results are passed around.
    pair: Box<Pair>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Pair {
    allowed: Entry,
    denied: Entry,
}

impl Conflict {
    /// The entry that allows the prefix.
    #[must_use]
    pub fn allowed(&self) -> &Entry {
        &self.pair.allowed
    }

    /// The entry that denies it.
    #[must_use]
    pub fn denied(&self) -> &Entry {
        &self.pair.denied
    }

    /// The error at the later of the two entries.
    fn diagnostic(&self, text: &[u8]) -> Diagnostic {
        let position = self.allowed().position().max(self.denied().position());
        let token = position.and_then(|at| text.get(at.offset as usize..)?.get(..at.len as usize));
        Diagnostic {
            severity: Severity::Error,
            code: Code::Conflict,
            position,
            token: token.map_or_else(String::new, |b| String::from_utf8_lossy(b).into_owned()),
            message: self.to_string(),
            suggestion: Some("keep one of the two".to_owned()),
        }
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place =
            |entry: &Entry| entry.position().map_or_else(String::new, |at| format!(" on line {}", at.line));
        write!(
            f,
            "{} is both allowed{} and denied{}",
            PrefixText(self.allowed().prefix()),
            place(self.allowed()),
            place(self.denied())
        )
    }
}

impl std::error::Error for Conflict {}

/// Counts columns while offsets only grow, so that one long line costs no more than many short ones.
struct Locator<'t> {
    text: &'t [u8],
    line: u32,
    offset: usize,
    column: u32,
}

impl Locator<'_> {
    fn start(&mut self, line: u32, offset: usize) {
        (self.line, self.offset, self.column) = (line, offset, 1);
    }

    /// The position of `len` bytes at `offset`, which lies on the current line.
    fn position(&mut self, offset: usize, len: usize) -> Position {
        debug_assert!(self.offset <= offset, "offsets only grow");
        let between = self.text.get(self.offset..offset).unwrap_or_default();
        let characters = between.iter().filter(|&&byte| byte & 0xc0 != 0x80).count();
        self.column = self.column.saturating_add(u32::try_from(characters).unwrap_or(u32::MAX));
        self.offset = offset;
        let narrow = |n: usize| u32::try_from(n).unwrap_or(u32::MAX); // the text is shorter than 2³¹ bytes
        Position { line: self.line, column: self.column, offset: narrow(offset), len: narrow(len) }
    }
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
            ReadError::Io { path, error } => write!(f, "{}: {error}", path.display()),
            ReadError::Rejected { path, rejected } => write!(f, "{}: {rejected}", path.display()),
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
