//! What was found in a list: kept as far as there is room, and counted.

use std::fmt;

use super::diagnostic::{Code, Diagnostic, Severity};

/// Everything a parse or a lint found: the first diagnostics whole, all of them counted. Two reports are equal when they
/// say the same.
#[derive(Debug, Clone)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "ReportRecord"))]
#[cfg_attr(feature = "serde", serde(into = "ReportRecord"))]
pub struct Report {
    diagnostics: Vec<Diagnostic>,
    errors: usize,
    warnings: usize,
    /// How many of each code were looked at, by the code's place in [`Code::ALL`]; the others have no code.
    codes: Box<[usize]>,
}

/// How many diagnostics are kept whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Keep {
    /// Of each severity.
    pub(crate) of_severity: usize,
    /// Of each code.
    pub(crate) of_code: usize,
}

impl Default for Keep {
    fn default() -> Keep {
        Keep { of_severity: Report::DEFAULT_KEEP, of_code: usize::MAX }
    }
}

impl PartialEq for Report {
    fn eq(&self, other: &Report) -> bool {
        let counts = |report: &Report| (report.errors, report.warnings);
        counts(self) == counts(other) && self.diagnostics == other.diagnostics
    }
}

impl Eq for Report {}

impl Default for Report {
    fn default() -> Report {
        let codes = vec![0; Code::ALL.len()].into();
        Report { diagnostics: Vec::new(), errors: 0, warnings: 0, codes }
    }
}

impl Report {
    /// How many diagnostics of each severity are kept whole, unless set otherwise.
    pub const DEFAULT_KEEP: usize = 100;

    /// A report that was taken apart; `None` where it holds more diagnostics than it counts.
    #[cfg(feature = "serde")]
    pub(crate) fn from_parts(diagnostics: Vec<Diagnostic>, errors: usize, warnings: usize) -> Option<Report> {
        let held = |severity| diagnostics.iter().filter(|d| d.severity == severity).count();
        let (held_errors, held_warnings) = (held(Severity::Error), held(Severity::Warning));
        errors.checked_add(warnings)?;
        if held_errors > errors || held_warnings > warnings {
            return None;
        }
        let mut report = Report::default();
        for diagnostic in &diagnostics {
            report.count_code(diagnostic.code);
        }
        Some(Report { diagnostics, errors, warnings, ..report })
    }

    /// Counts a code, and says how many there are now.
    fn count_code(&mut self, code: Code) -> usize {
        let Some(count) = self.codes.get_mut(code as usize) else { return 0 }; // as many as there are codes
        *count += 1;
        *count
    }

    /// Offers no fix: of a list that is not what was meant, nothing says what may go.
    pub(crate) fn without_fixes(&mut self) {
        self.diagnostics.iter_mut().for_each(|diagnostic| diagnostic.fix.clear());
    }

    /// Puts the diagnostics in the order of the text, after what there is to say about the whole file.
    pub(crate) fn sort(&mut self) {
        self.diagnostics.sort_by_key(|d| (d.code != Code::Format, d.position.map(|at| at.offset)));
    }

    /// The diagnostics that were kept, in the order of the text; first of all [`Code::Format`], which stands for the
    /// errors that it explains.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// The errors that were kept.
    pub fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics.iter().filter(|d| d.severity == Severity::Error)
    }

    /// The warnings that were kept.
    pub fn warnings(&self) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics.iter().filter(|d| d.severity == Severity::Warning)
    }

    /// How many errors there were, kept or not.
    #[must_use]
    pub fn error_count(&self) -> usize {
        self.errors
    }

    /// How many warnings there were, kept or not.
    #[must_use]
    pub fn warning_count(&self) -> usize {
        self.warnings
    }

    /// How many diagnostics were counted but not kept.
    #[must_use]
    pub fn omitted(&self) -> usize {
        self.errors + self.warnings - self.diagnostics.len()
    }

    /// How many of each code were looked at but not kept, as far as there are any: all that [`Report::omitted`] counts
    /// where the parser keeps any number of errors and warnings and a limited one of each code
    /// ([`Parser::max_of_a_kind`](super::Parser::max_of_a_kind)).
    ///
    /// ```
    /// use ipgate::list::{Code, Parser};
    /// let parser = Parser::new().max_diagnostics(usize::MAX).max_of_a_kind(2);
    /// let rejected = parser.parse("10.1,10.2,10.3,10.0.0.0/33,010.0.0.1").unwrap_err();
    /// assert_eq!((rejected.report().error_count(), rejected.report().errors().count()), (5, 4));
    /// assert_eq!(rejected.report().omitted_of_a_kind().collect::<Vec<_>>(), [(Code::ShortIpv4, 1)]);
    /// ```
    pub fn omitted_of_a_kind(&self) -> impl Iterator<Item = (Code, usize)> {
        let mut left = self.codes.clone();
        for kept in &self.diagnostics {
            if let Some(left) = left.get_mut(kept.code as usize) {
                *left = left.saturating_sub(1); // `Code::Format` stands for others, and is not counted
            }
        }
        Code::ALL.iter().copied().zip(left).filter(|(_, omitted)| *omitted > 0)
    }

    /// Whether there is nothing to say.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.errors == 0 && self.warnings == 0
    }
}

impl fmt::Display for Report {
    /// A line for each diagnostic that was kept, and a last one that counts the others.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, diagnostic) in self.diagnostics.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            let severity = match diagnostic.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            };
            write!(f, "{severity}: {diagnostic}")?;
        }
        match self.omitted() {
            0 => Ok(()),
            more => write!(f, "\n… and {more} more"),
        }
    }
}

/// Where diagnostics go as they are found: into a report, and to whoever wants to see each of them.
pub(crate) struct Finds<'s> {
    pub(crate) report: Report,
    keep: Keep,
    each: Option<&'s mut dyn FnMut(&Diagnostic)>,
}

impl<'s> Finds<'s> {
    pub(crate) fn new(keep: Keep, each: Option<&'s mut dyn FnMut(&Diagnostic)>) -> Finds<'s> {
        Finds { report: Report::default(), keep, each }
    }

    /// Counts a diagnostic, shows it, and keeps it where there is room; `describe` runs only where anyone looks at it.
    pub(crate) fn add(&mut self, severity: Severity, describe: impl FnOnce() -> Diagnostic) {
        let seen = match severity {
            Severity::Error => &mut self.report.errors,
            Severity::Warning => &mut self.report.warnings,
        };
        *seen += 1;
        let is_kept = *seen <= self.keep.of_severity;
        if !is_kept && self.each.is_none() {
            return;
        }
        let diagnostic = describe();
        if let Some(each) = &mut self.each {
            each(&diagnostic);
        }
        if is_kept && self.report.count_code(diagnostic.code) <= self.keep.of_code {
            self.report.diagnostics.push(diagnostic);
        }
    }

    /// Puts one error in the place of all that it explains, which stay counted; `explains` is asked in the order in
    /// which they were added.
    pub(crate) fn sum_up(&mut self, error: Diagnostic, mut explains: impl FnMut(&Diagnostic) -> bool) {
        if self.keep.of_severity > 0 && self.keep.of_code > 0 {
            self.report.diagnostics.retain(|d| d.severity != Severity::Error || !explains(d));
            self.report.diagnostics.push(error);
        }
    }
}

/// A report's fields as they are written; how many diagnostics it would keep is its own matter.
#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
struct ReportRecord {
    diagnostics: Vec<Diagnostic>,
    errors: usize,
    warnings: usize,
}

#[cfg(feature = "serde")]
impl From<Report> for ReportRecord {
    fn from(report: Report) -> ReportRecord {
        let (errors, warnings) = (report.error_count(), report.warning_count());
        ReportRecord { diagnostics: report.diagnostics().to_vec(), errors, warnings }
    }
}

#[cfg(feature = "serde")]
impl TryFrom<ReportRecord> for Report {
    type Error = &'static str;

    fn try_from(record: ReportRecord) -> Result<Report, &'static str> {
        Report::from_parts(record.diagnostics, record.errors, record.warnings)
            .ok_or("a report counts at least the diagnostics that it holds")
    }
}
