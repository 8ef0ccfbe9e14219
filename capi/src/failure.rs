//! What went wrong, before C asks for it: a status, a message, and for lists every complaint.

use std::error::Error;
use std::fmt::Display;

use ipgate::{
    Shown, ShownPath,
    list::{Diagnostic, Rejected, Report},
    table::ImageError,
    watch::WatchError,
};

use crate::status::ipgate_status;

/// What went wrong, before C asks for it.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    status: ipgate_status,
    message: String,
    /// What a list that was rejected has to complain about.
    report: Option<Report>,
}

impl Failure {
    fn new(status: ipgate_status, message: impl Into<String>) -> Failure {
        Failure { status, message: message.into(), report: None }
    }

    pub(crate) fn null(name: &str) -> Failure {
        Failure::new(ipgate_status::IPGATE_ERROR_NULL, format!("{name} is NULL"))
    }

    pub(crate) fn argument(message: impl Into<String>) -> Failure {
        Failure::new(ipgate_status::IPGATE_ERROR_ARGUMENT, message)
    }

    pub(crate) fn io(message: impl Into<String>) -> Failure {
        Failure::new(ipgate_status::IPGATE_ERROR_IO, message)
    }

    pub(crate) fn thread(error: &std::io::Error) -> Failure {
        Failure::new(ipgate_status::IPGATE_ERROR_THREAD, format!("no thread could be started: {error}"))
    }

    pub(crate) fn panic(message: &str) -> Failure {
        let message = format!("internal error in libipgate, please report it: {message}");
        Failure::new(ipgate_status::IPGATE_ERROR_PANIC, message)
    }

    /// A caught panic that a gate kept for whoever asks.
    pub(crate) fn recorded(message: &str) -> Failure {
        Failure::new(ipgate_status::IPGATE_ERROR_PANIC, message)
    }

    pub(crate) fn image(error: &ImageError) -> Failure {
        Failure::new(ipgate_status::IPGATE_ERROR_IMAGE, error.to_string())
    }

    /// What is wrong with a file of a site, in one line.
    pub(crate) fn watch(error: &WatchError) -> Failure {
        use WatchError::{Guard, NeverGood, Rejected, SiteGuard};
        let of = match error {
            NeverGood { error: wrong, .. } => {
                let (of, all) = (Failure::watch(wrong), error.to_string());
                let what_follows = all.strip_prefix(&wrong.to_string()).unwrap_or_default();
                return Failure { message: format!("{}{what_follows}", of.message), ..of };
            }
            Rejected { path, rejected, .. } => {
                let of = Failure::rejected(rejected);
                return Failure { message: format!("{}: {}", ShownPath(path), of.message), ..of };
            }
            Guard { .. } | SiteGuard { .. } => Failure::refused(error),
            other => match other.source().and_then(image_error) {
                Some(error) => Failure::image(error),
                None => Failure::io(""),
            },
        };
        // Several things that are wrong with a site stand on lines of their own there.
        Failure { message: error.to_string().replace('\n', "; "), ..of }
    }

    /// Several at once as one: the first of them, and how many there are.
    pub(crate) fn all(failures: Vec<Failure>) -> Option<Failure> {
        let count = failures.len();
        let first = failures.into_iter().next()?;
        let message = match count {
            1 => first.message,
            _ => format!("{count} things are wrong, the first: {}", first.message),
        };
        Some(Failure { message, ..first })
    }

    /// What a guard, of a gate or of a site, has against a change.
    pub(crate) fn refused(refused: &impl Display) -> Failure {
        Failure::new(ipgate_status::IPGATE_ERROR_REFUSED, refused.to_string())
    }

    /// A rejected list, with the first thing that speaks against it in the message.
    pub(crate) fn rejected(rejected: &Rejected) -> Failure {
        let report = rejected.report();
        let (of, first) = match report.error_count() {
            0 => ("denied warning", report.warnings().next()),
            _ => ("error", report.errors().next()),
        };
        let count = report.error_count().max(if of == "error" { 0 } else { report.warning_count() });
        let plural = if count == 1 { "" } else { "s" };
        let first = first.map_or_else(String::new, |first: &Diagnostic| match count {
            1 => format!(": {first}"),
            _ => format!(", the first: {first}"),
        });
        let why = rejected.why_not_leniently().map_or_else(String::new, |why| format!(" ({why})"));
        let message = format!("list rejected, {count} {of}{plural}{why}{first}");
        Failure { status: ipgate_status::IPGATE_ERROR_LIST, message, report: Some(report.clone()) }
    }

    /// The same failure, with the name of what failed, if it has one, before the message.
    pub(crate) fn of(self, name: &str) -> Failure {
        if name.is_empty() {
            return self;
        }
        Failure { message: format!("{}: {}", Shown(name), self.message), ..self }
    }

    pub(crate) fn status(&self) -> ipgate_status {
        self.status
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn report(&self) -> Option<&Report> {
        self.report.as_ref()
    }
}

/// The damage of an image, where that is why a file cannot be read.
fn image_error<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e ImageError> {
    error.downcast_ref::<std::io::Error>()?.get_ref()?.downcast_ref()
}

/// What was not taken since something last was.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    pub(crate) last: Option<Failure>,
    pub(crate) count: u64,
}

impl Failures {
    pub(crate) fn add(&mut self, failure: Failure) {
        self.count += 1;
        self.last = Some(failure);
    }

    /// Something was taken.
    pub(crate) fn clear(&mut self) {
        *self = Failures::default();
    }
}
