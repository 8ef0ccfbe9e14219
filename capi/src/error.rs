//! Errors: what a call, or a whole list, has to complain about.

use std::ffi::{CString, c_char};
use std::time::SystemTime;

use ipgate::gate::Failure as Recorded;
use ipgate::list::Report;

use crate::boundary;
use crate::diagnostic::{Note, ipgate_diagnostic, text};
use crate::failure::Failure;
use crate::raw::Room;
use crate::status::ipgate_status;

/// Why a call failed, or what a list that was taken has to be warned of: a status, a message, and for lists
/// every error and warning with its place.
///
/// Immutable: any number of threads may read one at the same time. Everything that is read from it lives until
/// ipgate_error_free().
#[derive(Debug, Clone)]
pub struct ipgate_error {
    status: ipgate_status,
    message: CString,
    notes: Vec<Note>,
    errors: usize,
    warnings: usize,
}

impl ipgate_error {
    /// What a list that was taken has to be warned of.
    pub(crate) fn warnings(report: &Report) -> ipgate_error {
        let message = match (report.error_count(), report.warning_count()) {
            (0, 0) => "nothing to report".to_owned(),
            (0, warnings) => format!("warnings: {warnings}"),
            (errors, warnings) => format!("entries left out for errors: {errors}, warnings: {warnings}"),
        };
        ipgate_error::new(ipgate_status::IPGATE_OK, &message, Some(report))
    }

    /// The last failure since something was taken: the one that a call met, or the one that was recorded after it,
    /// which is what checks have to report.
    pub(crate) fn last(own: Option<Failure>, recorded: Option<Recorded>, since: SystemTime) -> ipgate_error {
        match (own, recorded.filter(|recorded| recorded.time >= since)) {
            (Some(own), Some(recorded)) if recorded.reason == own.message() => own.into(),
            (_, Some(recorded)) => Failure::recorded(&recorded.reason).into(),
            (own, None) => own.map(ipgate_error::from).unwrap_or_default(),
        }
    }

    /// What it complains about; nothing where it holds warnings.
    pub(crate) fn complaint(&self) -> Option<String> {
        (self.status != ipgate_status::IPGATE_OK).then(|| self.message.to_string_lossy().into_owned())
    }

    /// How many errors a list has, kept or not.
    pub(crate) fn error_count(&self) -> usize {
        self.errors
    }

    /// How many warnings a list has, kept or not.
    pub(crate) fn warning_count(&self) -> usize {
        self.warnings
    }

    fn new(status: ipgate_status, message: &str, report: Option<&Report>) -> ipgate_error {
        let diagnostics = report.map(Report::diagnostics).unwrap_or_default();
        ipgate_error {
            status,
            message: text(message),
            notes: diagnostics.iter().map(Note::new).collect(),
            errors: report.map_or(0, Report::error_count),
            warnings: report.map_or(0, Report::warning_count),
        }
    }
}

impl Default for ipgate_error {
    /// Nothing to complain about.
    fn default() -> ipgate_error {
        ipgate_error::warnings(&Report::default())
    }
}

impl From<Failure> for ipgate_error {
    fn from(failure: Failure) -> ipgate_error {
        ipgate_error::new(failure.status(), failure.message(), failure.report())
    }
}

/// Why it failed; IPGATE_OK where the error holds the warnings of a list that was taken, or is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_error_status(error: Option<&ipgate_error>) -> ipgate_status {
    error.map_or(ipgate_status::IPGATE_OK, |error| error.status)
}

/// The whole story in one line, for a log. Never NULL: without an error it says so.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_error_message(error: Option<&ipgate_error>) -> *const c_char {
    error.map_or(c"no error", |error| &error.message).as_ptr()
}

/// How many errors a list has, kept or not. 0 for errors that are not about a list, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_error_count_errors(error: Option<&ipgate_error>) -> usize {
    error.map_or(0, ipgate_error::error_count)
}

/// How many warnings a list has, kept or not. 0 for errors that are not about a list, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_error_count_warnings(error: Option<&ipgate_error>) -> usize {
    error.map_or(0, ipgate_error::warning_count)
}

/// How many diagnostics can be walked: the first errors and the first warnings of a list
/// (ipgate_options.max_diagnostics of each). 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_error_diagnostics(error: Option<&ipgate_error>) -> usize {
    error.map_or(0, |error| error.notes.len())
}

/// Writes a diagnostic, counted from 0 in the order of the text.
///
/// Fails with IPGATE_ERROR_ARGUMENT where `index` is not below ipgate_error_diagnostics().
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_error_diagnostic(
    error: Option<&ipgate_error>,
    index: usize,
    diagnostic: *mut ipgate_diagnostic,
) -> ipgate_status {
    // SAFETY: `diagnostic` has as many bytes as its size says.
    let mut diagnostic = unsafe { Room::new(diagnostic) };
    boundary::status(|| {
        let notes = &boundary::given(error, "error")?.notes;
        let note = notes.get(index).ok_or_else(|| Failure::argument("there is no such diagnostic"))?;
        diagnostic.write(&note.view(), "diagnostic")
    })
}

/// Frees an error. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_error_free(error: Option<Box<ipgate_error>>) {
    boundary::value((), || drop(error));
}
