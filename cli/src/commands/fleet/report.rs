//! The report of a router, as its daemon gives it, and the reports of a fleet.

use serde::Deserialize;

/// What the routers of a fleet say where they confirm.
#[derive(Debug, Deserialize)]
pub(super) struct FleetReport {
    pub(super) routers: Vec<Confirmed>,
    pub(super) unreadable: Vec<Unreadable>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Confirmed {
    pub(super) id: String,
    pub(super) silent: bool,
    pub(super) heard_seconds: Option<f64>,
    pub(super) report: Option<Report>,
    pub(super) why: Option<String>,
}

/// A place where nobody knows who has said something.
#[derive(Debug, Deserialize)]
pub(super) struct Unreadable {
    pub(super) place: String,
    pub(super) why: String,
}

/// What a router says; of a newer daemon, what is known here.
#[derive(Debug, Deserialize)]
pub(super) struct Report {
    pub(super) site: SiteReport,
    #[serde(default)]
    pub(super) sources: Vec<SourceReport>,
    #[serde(default)]
    pub(super) publishing: Option<PublishingReport>,
}

#[derive(Debug, Deserialize)]
pub(super) struct SiteReport {
    pub(super) ready: bool,
    pub(super) digest: Option<String>,
    pub(super) generation: u64,
    pub(super) apps: usize,
}

#[derive(Debug, Deserialize)]
pub(super) struct SourceReport {
    pub(super) name: String,
    pub(super) condition: String,
    pub(super) why: Option<String>,
    pub(super) age_seconds: Option<f64>,
    #[serde(default)]
    pub(super) bad: Vec<BadReport>,
    /// How many there are, where not all are named.
    #[serde(default)]
    pub(super) bad_count: usize,
}

#[derive(Debug, Deserialize)]
pub(super) struct BadReport {
    pub(super) part: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct PublishingReport {
    pub(super) digest: Option<String>,
    pub(super) failing: Option<Failing>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Failing {
    pub(super) why: String,
}

impl Report {
    /// What is not as it should be, an item each.
    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if !self.site.ready {
            problems.push("nothing is in force, so that everyone is denied".to_owned());
        }
        for source in &self.sources {
            if source.condition != "connected" {
                let why = source.why.as_deref().map(|why| format!(" ({why})")).unwrap_or_default();
                problems.push(format!("{} is {}{why}", source.name, source.condition));
            }
            problems.extend(source.bad.iter().map(|bad| format!("{} is bad", bad.part)));
            if let Some(more) = source.bad_count.checked_sub(source.bad.len()).filter(|more| *more > 0) {
                problems.push(format!("{more} more of its lists and settings are bad"));
            }
        }
        if let Some(publishing) = &self.publishing {
            if let Some(failing) = &publishing.failing {
                problems.push(format!("what is in force cannot be published: {}", failing.why));
            } else if self.site.ready && publishing.digest != self.site.digest {
                problems.push("what is published is behind what is in force".to_owned());
            }
        }
        problems
    }

    /// The digest of what is enforced with it: of what is published, where anything is. `None` where nothing is in force.
    pub(super) fn digest(&self) -> Option<&str> {
        let digest = self.publishing.as_ref().map_or(&self.site.digest, |publishing| &publishing.digest);
        digest.as_deref().filter(|_| self.site.ready)
    }

    /// How long ago the source answered that has been silent longest, in seconds.
    pub(super) fn age(&self) -> Option<f64> {
        self.sources.iter().filter_map(|source| source.age_seconds).reduce(f64::max)
    }
}
