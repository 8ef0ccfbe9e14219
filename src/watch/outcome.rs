//! What comes of following files: the outcomes that the callback gets.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::guard::Refused;
use crate::limits::{NOT_A_FILE, TooLarge};
use crate::list::{Rejected, Report};
use crate::shown::ShownPath;
#[cfg(feature = "site-text")]
use crate::site::SiteTextError;
use crate::site::{AppName, SiteRefused};

/// What following a file came to. Each is one event for a log; `Display` is a sentence for people.
#[derive(Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// The gate has a new table.
    #[non_exhaustive]
    Swapped {
        /// The table's generation.
        generation: u64,
        /// Entries of the table.
        entries: usize,
        /// What there was to say about each file that was read anew, where there was anything: warnings,
        /// and with a lenient parser the errors for which entries were left out.
        reports: Vec<(PathBuf, Report)>,
        /// For how many errors pieces of the files in force were left out, by a lenient parser.
        left_out: usize,
        /// How many attempts had failed since these files were last good.
        failures: u64,
    },
    /// The gate of a site has new lists, apps or settings.
    #[non_exhaustive]
    SiteSwapped {
        /// The generation of the site.
        generation: u64,
        /// Apps that it names.
        apps: usize,
        /// As in [`Outcome::Swapped`].
        reports: Vec<(PathBuf, Report)>,
        /// How many attempts had failed since what was read now was last good.
        failures: u64,
    },
    /// A file was written, replaced or is back, and says what the gate holds already.
    #[non_exhaustive]
    Unchanged {
        /// The generation that stays.
        generation: u64,
        /// As in [`Outcome::Swapped`].
        left_out: usize,
        /// How many attempts had failed since these files were last good.
        failures: u64,
    },
    /// The gate keeps the table that it has. The same failure again is counted, and told again only the
    /// 10th, 100th, 1000th … time.
    #[non_exhaustive]
    Refused {
        /// Why.
        error: WatchError,
        /// How many times in a row this very failure has occurred.
        times: u64,
    },
    /// Entries whose `until=` has passed were dropped from the table.
    #[non_exhaustive]
    Expired {
        /// The new generation.
        generation: u64,
        /// How many entries were dropped.
        entries: usize,
    },
    /// Lines that had changed stood beside the compiled list, and were compiled into it. The table says what it said.
    #[non_exhaustive]
    Compacted {
        /// The new generation.
        generation: u64,
        /// Entries of the table.
        entries: usize,
    },
    /// The system gives no notice of changes (network file system, limit of watches reached): the files are
    /// followed by polling alone. Told as [`Outcome::Refused`] is.
    #[non_exhaustive]
    PollingOnly {
        /// What the system said.
        error: String,
        /// How many times in a row.
        times: u64,
    },
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let after = |f: &mut fmt::Formatter<'_>, failures: u64| match failures {
            0 => Ok(()),
            1 => write!(f, ", after a failed attempt"),
            n => write!(f, ", after {n} failed attempts"),
        };
        let repeated = |f: &mut fmt::Formatter<'_>, times: u64| match times {
            0 | 1 => Ok(()),
            n => write!(f, " ({n} times in a row)"),
        };
        let without = |f: &mut fmt::Formatter<'_>, left_out: usize| match left_out {
            0 => Ok(()),
            1 => write!(f, ", without what is left out for 1 error"),
            n => write!(f, ", without what is left out for {n} errors"),
        };
        let entries = |n: usize| if n == 1 { "entry" } else { "entries" };
        match self {
            Outcome::Swapped { generation, entries: n, reports, left_out, failures } => {
                write!(f, "generation {generation} is in force with {n} {}", entries(*n))?;
                without(f, *left_out)?;
                after(f, *failures)?;
                reports.iter().try_for_each(|(path, report)| write!(f, "\n{}: {report}", ShownPath(path)))
            }
            Outcome::SiteSwapped { generation, apps, reports, failures } => {
                let noun = if *apps == 1 { "app" } else { "apps" };
                write!(f, "generation {generation} of the site is in force with {apps} {noun}")?;
                after(f, *failures)?;
                reports.iter().try_for_each(|(path, report)| write!(f, "\n{}: {report}", ShownPath(path)))
            }
            Outcome::Unchanged { generation, left_out, failures } => {
                write!(f, "the list is unchanged, generation {generation} stays in force")?;
                without(f, *left_out)?;
                after(f, *failures)
            }
            Outcome::Refused { error, times } => {
                write!(f, "{error}")?;
                repeated(f, *times)
            }
            Outcome::Expired { generation, entries: n } => {
                write!(f, "{n} expired {} dropped, generation {generation} is in force", entries(*n))
            }
            Outcome::Compacted { generation, entries: n } => {
                write!(f, "the same {n} {} compiled anew, generation {generation} is in force", entries(*n))
            }
            Outcome::PollingOnly { error, times } => {
                write!(f, "no notice of changes, the files are polled: {error}")?;
                repeated(f, *times)
            }
        }
    }
}

/// Why what is on disk is not in force.
#[derive(Debug)]
#[non_exhaustive]
pub enum WatchError {
    /// There is no such file. One that vanished later leaves the last good list in force.
    #[non_exhaustive]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The path leads to a directory, pipe or device.
    #[non_exhaustive]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The file has more bytes than may be read, and was not.
    #[non_exhaustive]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The size and the limit.
        error: TooLarge,
    },
    /// The file could not be read.
    #[non_exhaustive]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The file is being written all the time.
    #[non_exhaustive]
    Unsettled {
        /// The file.
        path: PathBuf,
    },
    /// The file was read, and its list rejected.
    #[non_exhaustive]
    Rejected {
        /// The file.
        path: PathBuf,
        /// What is wrong with the list.
        rejected: Rejected,
    },
    /// The lists are good, and the gate's guard refused the swap.
    #[non_exhaustive]
    Guard {
        /// What speaks against the swap.
        refused: Refused,
    },
    /// A file or folder of a site was read, and is bad: settings, hosts, or what stands among the lists of apps.
    #[cfg(feature = "site-text")]
    #[non_exhaustive]
    Site {
        /// What is wrong, and where.
        error: SiteTextError,
    },
    /// A list of a site is bad, and there never was a good one.
    #[non_exhaustive]
    NeverGood {
        /// Whose list it is; nobody's is the default list.
        app: Option<AppName>,
        /// What is wrong with it.
        error: Box<WatchError>,
    },
    /// The guard of a site refused some of what was read. The rest is in force.
    #[non_exhaustive]
    SiteGuard {
        /// What it refused.
        refused: SiteRefused,
    },
    /// Neither an app list nor a default list was named.
    NoFile,
    /// The thread that follows the files could not be started.
    #[non_exhaustive]
    Thread {
        /// What the system said.
        error: io::Error,
    },
}

impl WatchError {
    /// The file that it is about, where it is about one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            WatchError::Missing { path }
            | WatchError::NotAFile { path }
            | WatchError::TooLarge { path, .. }
            | WatchError::Unreadable { path, .. }
            | WatchError::Unsettled { path }
            | WatchError::Rejected { path, .. } => Some(path),
            WatchError::NeverGood { error, .. } => error.path(),
            #[cfg(feature = "site-text")]
            WatchError::Site { .. } => None,
            WatchError::Guard { .. }
            | WatchError::SiteGuard { .. }
            | WatchError::NoFile
            | WatchError::Thread { .. } => None,
        }
    }
}

impl fmt::Display for WatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let WatchError::NeverGood { app, error } = self {
            write!(f, "{error}; ")?;
            return match app {
                Some(app) => write!(f, "the app {app} has had no good list, and denies everyone until it has one"),
                None => f.write_str("there has been no good default list, and every app that it decides for denies everyone until there is one"),
            };
        }
        if let Some(path) = self.path() {
            write!(f, "{}: ", ShownPath(path))?;
        }
        match self {
            WatchError::NeverGood { .. } => Ok(()), // said above
            #[cfg(feature = "site-text")]
            WatchError::Site { error } => write!(f, "{error}"),
            WatchError::SiteGuard { refused } => write!(f, "{refused}"),
            WatchError::Missing { .. } => {
                f.write_str("there is no such file; put it back, or correct the path")
            }
            WatchError::NotAFile { .. } => f.write_str(NOT_A_FILE),
            WatchError::TooLarge { error, .. } => write!(f, "{error}; {}", error.advice()),
            WatchError::Unreadable { error, .. } => write!(f, "the file cannot be read: {error}"),
            WatchError::Unsettled { .. } => f.write_str(
                "the file is being written all the time; write a new file beside it and rename that over it",
            ),
            WatchError::Rejected { rejected, .. } => write!(f, "{rejected}"),
            WatchError::Guard { refused } => write!(f, "{refused}"),
            WatchError::NoFile => {
                f.write_str("nothing to follow: name a file with `Watch::app` or `Watch::default_list`")
            }
            WatchError::Thread { error } => {
                write!(f, "the thread that follows the files could not be started: {error}")
            }
        }
    }
}

impl std::error::Error for WatchError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            WatchError::Unreadable { error, .. } | WatchError::Thread { error } => Some(error),
            WatchError::Rejected { rejected, .. } => Some(rejected),
            WatchError::TooLarge { error, .. } => Some(error),
            WatchError::Guard { refused } => Some(refused),
            WatchError::SiteGuard { refused } => Some(refused),
            WatchError::NeverGood { error, .. } => Some(error),
            #[cfg(feature = "site-text")]
            WatchError::Site { error } => Some(error),
            _ => None,
        }
    }
}
