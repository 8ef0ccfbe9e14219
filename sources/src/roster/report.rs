//! What a router says of itself: JSON that routers of other versions can read.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::status::{Condition, SourceStatus, Status};

/// So many bad parts of a source are named; there may be ten thousand, and a store has its limits.
const NAMED: usize = 10;

/// What a router enforces, and what is not as it should be there.
///
/// It changes only when something happens, so that equal ones need not be said again: it holds no age and counts no attempts.
///
/// ```
/// use ipgate_sources::{RouterReport, Status};
/// let report = RouterReport::new("0.2.0", &Status::default()).enforcing(&"5e".repeat(32), 7).counting(12, 340);
/// assert_eq!(report.digest.as_deref().map(str::len), Some(64));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct RouterReport {
    /// The version of the program.
    pub version: String,
    /// The digest of the site that is in force. `None` while nothing is, so that everyone is denied.
    pub digest: Option<String>,
    /// The generation of that site, which is of this router alone.
    pub generation: u64,
    /// The apps that it names.
    pub apps: usize,
    /// The entries of all its lists.
    pub entries: usize,
    /// The sources that it comes from, in the order of their word.
    pub sources: Vec<ReportedSource>,
    /// Why what the sources say is not handed on to those who enforce it.
    pub unpublished: Option<String>,
    /// Where it is handed on to, a place each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<ReportedTarget>,
}

/// A place where a router publishes, as a file or in the filter of a proxy.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ReportedTarget {
    /// What it is, and where.
    pub name: String,
    /// The digest of the site that was read back there. `None` where nothing was.
    pub digest: Option<String>,
    /// Why the next cannot be published there.
    pub why: Option<String>,
}

/// A source, as a router has it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ReportedSource {
    /// Its name.
    pub name: String,
    /// A word for how it is ([`Condition::as_str`]).
    pub condition: String,
    /// Why it is not as it should be.
    pub why: Option<String>,
    /// When it answered last, in milliseconds since 1970. `None` where it answers, or never did.
    pub last_answer_ms: Option<u64>,
    /// How many lists and settings of it are bad; the last good ones stay.
    pub bad: usize,
    /// The first of them.
    pub bad_parts: Vec<String>,
}

/// A router, as a [`Roster`](crate::Roster) knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Router {
    /// Its name.
    pub id: String,
    /// How long ago it was heard. `None` where the roster keeps no times, and forgets who is silent.
    pub heard: Option<Duration>,
    /// Whether it was not heard for longer than what it says counts.
    pub is_silent: bool,
    /// What it says; a sentence where that cannot be read.
    pub report: Result<RouterReport, String>,
}

impl RouterReport {
    /// That of a program of this version with these sources, where nothing is in force.
    #[must_use]
    pub fn new(version: &str, status: &Status) -> RouterReport {
        let sources = status.sources.iter().map(ReportedSource::of).collect();
        RouterReport { version: version.to_owned(), sources, ..RouterReport::default() }
    }

    /// The same where the site with that digest is in force.
    #[must_use]
    pub fn enforcing(self, digest: &str, generation: u64) -> RouterReport {
        RouterReport { digest: Some(digest.to_owned()), generation, ..self }
    }

    /// The same with so many apps and entries.
    #[must_use]
    pub fn counting(self, apps: usize, entries: usize) -> RouterReport {
        RouterReport { apps, entries, ..self }
    }

    /// The same where what the sources say is not handed on: why.
    #[must_use]
    pub fn unpublished(self, why: &str) -> RouterReport {
        RouterReport { unpublished: Some(why.to_owned()), ..self }
    }

    /// The same with these places where it is published.
    #[must_use]
    pub fn publishing(self, targets: impl IntoIterator<Item = ReportedTarget>) -> RouterReport {
        RouterReport { targets: targets.into_iter().collect(), ..self }
    }

    /// As it is stored.
    #[cfg(any(feature = "etcd", feature = "kubernetes"))]
    pub(crate) fn to_json(&self) -> String {
        // A text has room for everything, and no key is anything but a text.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// As it was stored. What a newer version says beside is left out.
    #[cfg(any(feature = "etcd", feature = "kubernetes"))]
    pub(crate) fn from_json(text: &[u8]) -> Result<RouterReport, String> {
        serde_json::from_slice(text).map_err(|error| format!("what it says cannot be read: {error}"))
    }
}

impl ReportedTarget {
    /// A place with the digest of what was read back there, and why the next cannot be published.
    ///
    /// ```
    /// let target = ipgate_sources::ReportedTarget::new("nft inet ipgate shop", Some("5e".repeat(32)), None);
    /// assert!(target.why.is_none());
    /// ```
    #[must_use]
    pub fn new(name: &str, digest: Option<String>, why: Option<String>) -> ReportedTarget {
        ReportedTarget { name: name.to_owned(), digest, why }
    }
}

impl ReportedSource {
    fn of(status: &SourceStatus) -> ReportedSource {
        // While it answers, that is what there is to say; a time would be a new one with every answer.
        let is_answering = matches!(status.condition, Condition::Connected | Condition::Degraded(_));
        let since_1970 = |at: SystemTime| u64::try_from(at.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok();
        ReportedSource {
            name: status.name.clone(),
            condition: status.condition.as_str().to_owned(),
            why: status.condition.why().map(str::to_owned),
            last_answer_ms: status.last_answer.filter(|_| !is_answering).and_then(since_1970),
            bad: status.bad.len(),
            bad_parts: status.bad.keys().take(NAMED).map(ToString::to_string).collect(),
        }
    }

    /// How long ago it answered last, by the clock of this machine. `None` where it answers, or never did.
    #[must_use]
    pub fn age(&self) -> Option<Duration> {
        let at = UNIX_EPOCH.checked_add(Duration::from_millis(self.last_answer_ms?))?;
        Some(SystemTime::now().duration_since(at).unwrap_or_default())
    }
}
