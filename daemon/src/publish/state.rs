//! How publishing is.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use ipgate::site::SiteDigest;

/// What is published, and whether the next can be.
#[derive(Debug, Clone)]
pub struct Published {
    /// Where.
    pub path: PathBuf,
    /// The generation that stands there: written, and read back.
    pub generation: Option<u64>,
    /// The digest of the site that stands there.
    pub digest: Option<SiteDigest>,
    /// Since when.
    pub at: Option<SystemTime>,
    /// How many bytes it takes.
    pub bytes: usize,
    /// How often anything was written.
    pub writes: u64,
    /// How often that could not be done.
    pub failures: u64,
    /// Why it cannot be done now.
    pub failing: Option<Failing>,
}

/// What keeps the site from being published.
#[derive(Debug, Clone)]
pub struct Failing {
    /// Why.
    pub why: String,
    /// Since when.
    pub since: SystemTime,
    /// Attempts since then.
    pub attempts: u64,
}

impl Published {
    pub(super) fn new(path: &Path) -> Published {
        Published {
            path: path.to_owned(),
            generation: None,
            digest: None,
            at: None,
            bytes: 0,
            writes: 0,
            failures: 0,
            failing: None,
        }
    }
}

impl Failing {
    /// One more attempt that failed.
    pub(super) fn after(before: Option<Failing>, why: String) -> Failing {
        let (since, attempts) =
            before.map_or((SystemTime::now(), 0), |before| (before.since, before.attempts));
        Failing { why, since, attempts: attempts + 1 }
    }
}

/// What was written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written {
    /// Files that differed, and were put in place or removed.
    pub(super) files: usize,
    pub(super) bytes: usize,
}
