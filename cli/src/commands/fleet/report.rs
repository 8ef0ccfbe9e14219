//! The report of a router, as its daemon gives it.

use std::time::Duration;

use serde::Deserialize;
use ureq::Agent;

/// A router that has not answered by then is away.
const PATIENCE: Duration = Duration::from_secs(5);

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
    pub(super) digest: String,
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

/// Asks all routers at once; in the order in which they were named.
pub(super) fn ask(routers: &[String]) -> Vec<Result<Report, String>> {
    let agent: Agent = Agent::config_builder().timeout_global(Some(PATIENCE)).build().into();
    std::thread::scope(|scope| {
        let ask = |router: &String| {
            let url = format!("{}/report", router.trim_end_matches('/'));
            let agent = agent.clone();
            scope.spawn(move || report(&agent, &url))
        };
        let asked: Vec<_> = routers.iter().map(ask).collect();
        let gone = |_| Err("the question could not be asked".to_owned());
        asked.into_iter().map(|asked| asked.join().unwrap_or_else(gone)).collect()
    })
}

fn report(agent: &Agent, url: &str) -> Result<Report, String> {
    let mut answer = agent.get(url).call().map_err(|error| error.to_string())?;
    let text = answer.body_mut().read_to_string().map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map_err(|error| format!("it answers what is no report: {error}"))
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
        }
        if let Some(publishing) = &self.publishing {
            if let Some(failing) = &publishing.failing {
                problems.push(format!("what is in force cannot be published: {}", failing.why));
            } else if publishing.digest.as_ref().is_some_and(|digest| *digest != self.site.digest) {
                problems.push("what is published is behind what is in force".to_owned());
            }
        }
        problems
    }

    /// How long ago the source answered that has been silent longest, in seconds.
    pub(super) fn age(&self) -> Option<f64> {
        self.sources.iter().filter_map(|source| source.age_seconds).reduce(f64::max)
    }
}
