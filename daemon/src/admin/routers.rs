//! What all routers of the fleet say, in the shape of this router's own report, as far as they say it.

use std::time::Duration;

use ipgate_sources::{ReportedSource, ReportedTarget, Router, RouterReport};
use serde::Serialize;

use crate::confirming::Places;

/// All routers that are known where this one confirms.
#[derive(Debug, Serialize)]
pub(super) struct Routers {
    routers: Vec<RouterLine>,
    /// Where it could not be read: who says something there is not among them.
    unreadable: Vec<Unreadable>,
}

#[derive(Debug, Serialize)]
struct Unreadable {
    place: String,
    why: String,
}

#[derive(Debug, Serialize)]
struct RouterLine {
    id: String,
    place: String,
    /// Whether it was not heard for longer than what it says counts.
    silent: bool,
    /// None where the place forgets who is silent.
    heard_seconds: Option<f64>,
    /// None where it cannot be read: why.
    report: Option<RouterReportLine>,
    why: Option<String>,
}

#[derive(Debug, Serialize)]
struct RouterReportLine {
    version: String,
    site: SiteLine,
    sources: Vec<SourceLine>,
    publishing: Option<PublishingLine>,
    /// Each place where it publishes, with the digest that it has.
    targets: Vec<ReportedTarget>,
}

#[derive(Debug, Serialize)]
struct SiteLine {
    ready: bool,
    digest: Option<String>,
    generation: u64,
    apps: usize,
    entries: usize,
}

#[derive(Debug, Serialize)]
struct SourceLine {
    name: String,
    condition: String,
    why: Option<String>,
    /// None where it answers.
    age_seconds: Option<f64>,
    /// How many lists and settings are bad; the first of them are named.
    bad_count: usize,
    bad: Vec<BadLine>,
}

#[derive(Debug, Serialize)]
struct BadLine {
    part: String,
}

#[derive(Debug, Serialize)]
struct PublishingLine {
    digest: Option<String>,
    failing: FailingLine,
}

#[derive(Debug, Serialize)]
struct FailingLine {
    why: String,
}

impl Routers {
    /// Reads them, one place after the other.
    pub(super) async fn read(places: &Places) -> Routers {
        let (mut routers, mut unreadable) = (Vec::new(), Vec::new());
        for roster in places.rosters() {
            let place = roster.name();
            match roster.all().await {
                Ok(all) => routers.extend(all.into_iter().map(|router| RouterLine::of(router, &place))),
                Err(failure) => unreadable.push(Unreadable { place, why: failure.to_string() }),
            }
        }
        Routers { routers, unreadable }
    }
}

impl RouterLine {
    fn of(router: Router, place: &str) -> RouterLine {
        let (report, why) = match router.report {
            Ok(report) => (Some(report.into()), None),
            Err(why) => (None, Some(why)),
        };
        RouterLine {
            id: router.id,
            place: place.to_owned(),
            silent: router.is_silent,
            heard_seconds: router.heard.as_ref().map(Duration::as_secs_f64),
            report,
            why,
        }
    }
}

impl From<RouterReport> for RouterReportLine {
    fn from(report: RouterReport) -> RouterReportLine {
        let digest = report.digest.clone();
        RouterReportLine {
            version: report.version,
            site: SiteLine {
                ready: report.digest.is_some(),
                digest: report.digest,
                generation: report.generation,
                apps: report.apps,
                entries: report.entries,
            },
            sources: report.sources.into_iter().map(SourceLine::from).collect(),
            targets: report.targets,
            publishing: report.unpublished.map(|why| PublishingLine { digest, failing: FailingLine { why } }),
        }
    }
}

impl From<ReportedSource> for SourceLine {
    fn from(source: ReportedSource) -> SourceLine {
        SourceLine {
            age_seconds: source.age().map(|age| age.as_secs_f64()),
            name: source.name,
            condition: source.condition,
            why: source.why,
            bad_count: source.bad,
            bad: source.bad_parts.into_iter().map(|part| BadLine { part }).collect(),
        }
    }
}
