//! The routers of a fleet as they are known: each asked by itself, or one asked about all.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use ureq::Agent;

use super::report::{Confirmed, FleetReport, Report};
use crate::args::Routers;

/// A router that has not answered by then is away.
const PATIENCE: Duration = Duration::from_secs(5);
/// One that is asked about all asks somebody else.
const PATIENCE_OF_FLEET: Duration = Duration::from_secs(30);
/// Room for the reports of a hundred thousand routers.
const MAX_BYTES: u64 = 256 << 20;

/// A router, as it is known.
#[derive(Debug, Serialize)]
pub(super) struct Router {
    router: String,
    pub(super) state: State,
    generation: Option<u64>,
    /// Of what it enforces, as far as it has said so.
    pub(super) digest: Option<String>,
    apps: Option<usize>,
    age_seconds: Option<f64>,
    pub(super) problems: Vec<String>,
}

/// What is known of a router.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    /// A site is in force.
    Ready,
    /// Nothing is, so that everyone is denied.
    Closed,
    /// It was not heard for longer than what it said counts.
    Silent,
    /// It does not answer, or what should know of it does not.
    Away,
}

/// Asks all at once; in the order in which they were named.
pub(super) fn ask(routers: &Routers) -> Vec<Router> {
    std::thread::scope(|scope| {
        let named = routers.routers.iter().map(|router| scope.spawn(move || vec![single(router)]));
        let named: Vec<_> = named.collect();
        let fleet = routers.fleet.as_ref().map(|url| scope.spawn(move || fleet(url)));
        let gone = |_| vec![Router::away("a router".to_owned(), "it could not be asked".to_owned())];
        named.into_iter().chain(fleet).flat_map(|asked| asked.join().unwrap_or_else(gone)).collect()
    })
}

fn single(url: &str) -> Router {
    match get::<Report>(url, "report", PATIENCE) {
        Ok(report) => Router::of(url.to_owned(), &report),
        Err(why) => Router::away(url.to_owned(), why),
    }
}

/// All that say something where this one reads it. Where that cannot be read, or is nothing, that is a line, too.
fn fleet(url: &str) -> Vec<Router> {
    let away = |why: &str| Router::away(url.to_owned(), why.to_owned());
    match get::<FleetReport>(url, "routers", PATIENCE_OF_FLEET) {
        Err(why) => vec![away(&why)],
        Ok(fleet) if fleet.routers.is_empty() && fleet.unreadable.is_empty() => {
            vec![away("no router says there what it enforces")]
        }
        Ok(fleet) => {
            let unreadable = fleet.unreadable.into_iter().map(|place| Router::away(place.place, place.why));
            fleet.routers.into_iter().map(Router::confirmed).chain(unreadable).collect()
        }
    }
}

fn get<T: DeserializeOwned>(router: &str, path: &str, patience: Duration) -> Result<T, String> {
    let config = Agent::config_builder().timeout_global(Some(patience)).http_status_as_error(false).build();
    let url = format!("{}/{path}", router.trim_end_matches('/'));
    let mut answer = Agent::from(config).get(&url).call().map_err(|error| error.to_string())?;
    let text = answer.body_mut().with_config().limit(MAX_BYTES).read_to_string();
    let text = text.map_err(|error| error.to_string())?;
    if !answer.status().is_success() {
        return Err(format!("it answers {}: {}", answer.status(), text.trim_end()));
    }
    serde_json::from_str(&text).map_err(|error| format!("it answers what is no report: {error}"))
}

impl Router {
    fn away(router: String, why: String) -> Router {
        Router {
            router,
            state: State::Away,
            generation: None,
            digest: None,
            apps: None,
            age_seconds: None,
            problems: vec![why],
        }
    }

    fn of(router: String, report: &Report) -> Router {
        Router {
            router,
            state: if report.site.ready { State::Ready } else { State::Closed },
            generation: Some(report.site.generation),
            digest: report.digest().map(str::to_owned),
            apps: Some(report.site.apps),
            age_seconds: report.age(),
            problems: report.problems(),
        }
    }

    fn confirmed(said: Confirmed) -> Router {
        let mut router = match said.report {
            Some(report) => Router::of(said.id, &report),
            None => Router::away(said.id, said.why.unwrap_or_else(|| "it says nothing".to_owned())),
        };
        if said.silent {
            let time = said.heard_seconds.map(|seconds| format!(" for {seconds:.0} s"));
            router.state = State::Silent;
            router.problems.push(format!("it is silent{}", time.unwrap_or_default()));
        }
        router
    }

    /// What it is called.
    pub(super) fn name(&self) -> &str {
        &self.router
    }

    /// Whether it enforces that, as far as anybody knows.
    pub(super) fn has(&self, digest: Option<&str>) -> bool {
        self.state == State::Ready && digest.is_some() && self.digest.as_deref() == digest
    }

    /// The fields of a line for people.
    pub(super) fn fields(&self) -> [String; 7] {
        /// So many digits tell digests apart for people.
        const SHORT: usize = 12;
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let state = match self.state {
            State::Ready => "ready",
            State::Closed => "closed",
            State::Silent => "silent",
            State::Away => "away",
        };
        [
            self.router.clone(),
            state.to_owned(),
            or_none(self.generation.map(|generation| generation.to_string())),
            or_none(self.digest.as_ref().map(|digest| digest.get(..SHORT).unwrap_or(digest).to_owned())),
            or_none(self.apps.map(|apps| apps.to_string())),
            or_none(self.age_seconds.map(|age| format!("{age:.1}"))),
            if self.problems.is_empty() { "ok".to_owned() } else { self.problems.join("; ") },
        ]
    }
}
