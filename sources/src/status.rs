//! What an operator asks of the sources.

use std::collections::BTreeMap;
use std::time::SystemTime;

use crate::ledger::Bad;
use crate::notice::Part;

/// All sources, as they are.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Status {
    /// Whether what the sources say is in force; until then everyone is denied.
    pub is_ready: bool,
    /// The generation of the site that is in force.
    pub generation: u64,
    /// The sources in the order of their word.
    pub sources: Vec<SourceStatus>,
}

/// A source, as it is.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SourceStatus {
    /// Its name.
    pub name: String,
    /// Whether it is followed.
    pub condition: Condition,
    /// When it answered last.
    pub last_answer: Option<SystemTime>,
    /// Up to where it was read, in words of its own.
    pub revision: Option<String>,
    /// How often it was read whole.
    pub readings: u64,
    /// Failed attempts since it was followed last.
    pub failures: u64,
    /// Failures since the start, by their kind ([`Failure::kind`](crate::Failure::kind)).
    pub failures_by_kind: BTreeMap<&'static str, u64>,
    /// The apps that it names.
    pub apps: usize,
    /// What is bad: the last good one is in force, or nobody.
    pub bad: BTreeMap<Part, Bad>,
    /// What is gone and still in force for a while.
    pub held: Vec<Part>,
}

/// Whether a source is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Condition {
    /// It has not answered yet. What is in force is of a state that was kept, if it is anything.
    Starting,
    /// As it should be.
    Connected,
    /// In a worse way than it should be: why.
    Degraded(String),
    /// Not at the moment: why.
    Away(String),
}

impl Condition {
    /// A word for metrics and reports.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Condition::Starting => "starting",
            Condition::Connected => "connected",
            Condition::Degraded(_) => "degraded",
            Condition::Away(_) => "away",
        }
    }

    /// Why it is not as it should be.
    #[must_use]
    pub fn why(&self) -> Option<&str> {
        match self {
            Condition::Degraded(why) | Condition::Away(why) => Some(why),
            Condition::Starting | Condition::Connected => None,
        }
    }
}

impl SourceStatus {
    pub(crate) fn new(name: String) -> SourceStatus {
        SourceStatus {
            name,
            condition: Condition::Starting,
            last_answer: None,
            revision: None,
            readings: 0,
            failures: 0,
            failures_by_kind: BTreeMap::new(),
            apps: 0,
            bad: BTreeMap::new(),
            held: Vec::new(),
        }
    }
}
