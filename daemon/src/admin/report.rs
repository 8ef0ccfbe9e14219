//! The report: what this router enforces, and how it comes by it. By its digest, routers are compared.

use std::collections::BTreeMap;
use std::time::SystemTime;

use ipgate_sources::SourceStatus;
use serde::Serialize;

use super::shown::Shown;
use crate::publish::{Failing, Published, Publishing};

/// All of it.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    version: &'static str,
    site: SiteReport,
    sources: Vec<SourceReport>,
    publishing: Option<PublishingReport>,
}

#[derive(Debug, Serialize)]
struct SiteReport {
    /// Whether anything that sources said is in force; otherwise nobody is let in.
    ready: bool,
    digest: String,
    generation: u64,
    enforce: bool,
    mode: String,
    apps: usize,
    lists: usize,
    entries: usize,
    bytes: usize,
    last_change: Option<String>,
    last_failure: Option<FailureReport>,
    swaps: u64,
    refusals: u64,
}

#[derive(Debug, Serialize)]
struct FailureReport {
    at: Option<String>,
    why: String,
}

#[derive(Debug, Serialize)]
struct SourceReport {
    name: String,
    condition: &'static str,
    why: Option<String>,
    last_answer: Option<String>,
    age_seconds: Option<f64>,
    revision: Option<String>,
    readings: u64,
    /// Failed attempts since it was followed last.
    failures: u64,
    failures_by_kind: BTreeMap<&'static str, u64>,
    apps: usize,
    bad: Vec<BadReport>,
    /// What is gone, and still in force for a while.
    held: Vec<String>,
}

#[derive(Debug, Serialize)]
struct BadReport {
    part: String,
    message: String,
    since: Option<String>,
    /// Whether the last good one stays; otherwise nobody is let in.
    has_good: bool,
    attempts: u64,
}

/// All of what is published: the digest that the last place has, figures of all, and the first failure.
#[derive(Debug, Serialize)]
struct PublishingReport {
    #[serde(flatten)]
    all: PublishedReport,
    targets: Vec<TargetReport>,
}

/// One place.
#[derive(Debug, Serialize)]
struct TargetReport {
    kind: &'static str,
    #[serde(flatten)]
    one: PublishedReport,
}

#[derive(Debug, Serialize)]
struct PublishedReport {
    /// Where: of all, where the last place is.
    path: String,
    /// What stands there, read back.
    generation: Option<u64>,
    digest: Option<String>,
    at: Option<String>,
    bytes: usize,
    writes: u64,
    failures: u64,
    failing: Option<FailingReport>,
}

#[derive(Debug, Serialize)]
struct FailingReport {
    why: String,
    since: Option<String>,
    attempts: u64,
}

impl Report {
    /// O(a) for a apps, and O(n) for n entries where the digest of what is in force is not known yet.
    pub(super) fn of(shown: &Shown) -> Report {
        let state = shown.in_force.gate().snapshot();
        let figures = shown.in_force.gate().status();
        let (swaps, refusals) = shown.in_force.swaps_and_refusals();
        let site = SiteReport {
            ready: shown.in_force.is_ready(),
            digest: shown.in_force.digest(&state).to_string(),
            generation: state.generation(),
            enforce: state.is_enforced(),
            mode: state.mode().to_string(),
            apps: figures.apps,
            lists: figures.lists,
            entries: figures.entries,
            bytes: figures.bytes,
            last_change: time(figures.last_change),
            last_failure: figures
                .last_failure
                .map(|failure| FailureReport { at: time(failure.time), why: failure.reason }),
            swaps,
            refusals,
        };
        let sources = shown.in_force.status().sources.iter().map(SourceReport::of).collect();
        let publishing = PublishingReport::of(&shown.published.borrow());
        Report { version: env!("CARGO_PKG_VERSION"), site, sources, publishing }
    }
}

impl SourceReport {
    fn of(source: &SourceStatus) -> SourceReport {
        let bad = source.bad.iter().map(|(part, bad)| BadReport {
            part: part.to_string(),
            message: bad.message.clone(),
            since: time(bad.since),
            has_good: bad.has_good,
            attempts: bad.attempts,
        });
        SourceReport {
            name: source.name.clone(),
            condition: source.condition.as_str(),
            why: source.condition.why().map(str::to_owned),
            last_answer: source.last_answer.and_then(time),
            age_seconds: source.last_answer.map(age),
            revision: source.revision.clone(),
            readings: source.readings,
            failures: source.failures,
            failures_by_kind: source.failures_by_kind.clone(),
            apps: source.apps,
            bad: bad.collect(),
            held: source.held.iter().map(ToString::to_string).collect(),
        }
    }
}

impl PublishingReport {
    fn of(publishing: &Publishing) -> Option<PublishingReport> {
        let targets = publishing.targets();
        let all = PublishedReport {
            at: targets.iter().filter_map(|target| target.at).max().and_then(time),
            bytes: targets.iter().map(|target| target.bytes).sum(),
            writes: targets.iter().map(|target| target.writes).sum(),
            failures: targets.iter().map(|target| target.failures).sum(),
            failing: publishing.failing().map(|(_, failing)| FailingReport::of(failing)),
            ..PublishedReport::of(publishing.last()?)
        };
        let target =
            |target: &Published| TargetReport { kind: target.kind, one: PublishedReport::of(target) };
        Some(PublishingReport { all, targets: targets.iter().map(target).collect() })
    }
}

impl PublishedReport {
    fn of(published: &Published) -> PublishedReport {
        PublishedReport {
            path: published.place.clone(),
            generation: published.generation,
            digest: published.digest.map(|digest| digest.to_string()),
            at: published.at.and_then(time),
            bytes: published.bytes,
            writes: published.writes,
            failures: published.failures,
            failing: published.failing.as_ref().map(FailingReport::of),
        }
    }
}

impl FailingReport {
    fn of(failing: &Failing) -> FailingReport {
        FailingReport { why: failing.why.clone(), since: time(failing.since), attempts: failing.attempts }
    }
}

/// An instant as RFC 3339 has it, to the millisecond.
fn time(at: SystemTime) -> Option<String> {
    let at = jiff::Timestamp::try_from(at).ok()?;
    Some(format!("{at:.3}"))
}

/// Seconds since then; none where the clock was set back.
pub(super) fn age(since: SystemTime) -> f64 {
    SystemTime::now().duration_since(since).unwrap_or_default().as_secs_f64()
}
