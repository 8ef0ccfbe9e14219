//! What this router enforces, said where the lists are kept, so that a rollout can be confirmed without asking each router.
//!
//! That is what is published, where anything is: nginx and others enforce that, not what this process has in its memory. Where
//! there are several places, it is what the last of them has.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ipgate_sources::{Confirmation, ReportedTarget, Roster, RouterId, RouterIdError, RouterReport};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::config::Config;
use crate::in_force::InForce;
use crate::publish::Publishing;
use crate::{log, sources};

/// A report is made at most that often: it takes the digest of the site.
const INTERVAL: Duration = Duration::from_millis(250);

/// Where this router says what it enforces, and as whom.
#[derive(Clone, Default)]
pub struct Places {
    id: Option<RouterId>,
    rosters: Vec<Arc<dyn Roster>>,
}

impl Places {
    /// Those that a configuration names.
    ///
    /// # Errors
    ///
    /// A sentence where the router has no name.
    pub fn of(config: &Config) -> Result<Places, String> {
        let rosters = sources::rosters(config);
        if rosters.is_empty() {
            return Ok(Places::default());
        }
        let id = match &config.id {
            Some(id) => id.clone(),
            None => host_name()?,
        };
        Ok(Places { id: Some(id), rosters })
    }

    /// The places, to be read.
    #[must_use]
    pub fn rosters(&self) -> &[Arc<dyn Roster>] {
        &self.rosters
    }
}

impl fmt::Debug for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.rosters.iter().map(|roster| roster.name());
        f.debug_struct("Places").field("id", &self.id).field("rosters", &names.collect::<Vec<_>>()).finish()
    }
}

/// What is in force is being said.
#[derive(Debug)]
pub struct Confirming {
    /// Dropped, it ends them.
    stop: watch::Sender<()>,
    tasks: JoinSet<()>,
}

impl Confirming {
    /// Begins to say it.
    #[must_use]
    pub fn begin(
        places: &Places,
        in_force: &Arc<InForce>,
        published: &watch::Receiver<Publishing>,
    ) -> Confirming {
        let (stop, stopped) = watch::channel(());
        let mut tasks = JoinSet::new();
        let reports = watch::Sender::new(None);
        for (roster, id) in places.rosters.iter().zip(places.id.iter().cycle()) {
            let name = roster.name();
            let confirmation = Confirmation::new(Arc::clone(roster), id.clone())
                .on_notice(move |notice| log::notice(Some(&name), notice));
            tasks.spawn(confirmation.run(reports.subscribe(), until(stopped.clone())));
        }
        if !tasks.is_empty() {
            let reporting = report(Arc::clone(in_force), published.clone(), reports);
            tasks.spawn(async move {
                tokio::select! {
                    () = reporting => {}
                    () = until(stopped) => {}
                }
            });
        }
        Confirming { stop, tasks }
    }

    /// Takes back what was said, and ends.
    pub async fn end(mut self) {
        drop(self.stop);
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Until the other end is dropped.
async fn until(mut stopped: watch::Receiver<()>) {
    while stopped.changed().await.is_ok() {}
}

/// Makes a report whenever something happens, and hands on what is new.
async fn report(
    in_force: Arc<InForce>,
    mut published: watch::Receiver<Publishing>,
    reports: watch::Sender<Option<RouterReport>>,
) {
    let mut status = in_force.follow();
    loop {
        let began = Instant::now();
        status.borrow_and_update();
        let shown = published.borrow_and_update().clone();
        let now = Arc::clone(&in_force);
        let made = tokio::task::spawn_blocking(move || of(&now, &shown)).await;
        let report = match made {
            Ok(report) => Some(report),
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        };
        reports.send_if_modified(|said| {
            let is_new = *said != report;
            *said = report;
            is_new
        });
        sleep(INTERVAL.max(began.elapsed())).await; // half of the time at most, however large the site is
        let is_over = tokio::select! {
            changed = status.changed() => changed.is_err(),
            changed = published.changed() => changed.is_err(),
        };
        if is_over {
            return;
        }
    }
}

/// What there is to say. O(a) for a apps, and O(n) for n entries where the digest of what is in force is not known yet.
fn of(in_force: &InForce, publishing: &Publishing) -> RouterReport {
    let state = in_force.gate().snapshot();
    let figures = in_force.gate().status();
    let report = RouterReport::new(env!("CARGO_PKG_VERSION"), &in_force.status())
        .counting(figures.apps, figures.entries);
    let enforced = match publishing.last() {
        _ if !in_force.is_ready() => None,
        Some(published) => published.digest.zip(published.generation),
        None => Some((in_force.digest(&state), state.generation())),
    };
    let report = enforced
        .into_iter()
        .fold(report, |report, (digest, generation)| report.enforcing(&digest.to_string(), generation));
    let targets = publishing.targets().iter().map(|target| {
        let digest = target.digest.map(|digest| digest.to_string());
        ReportedTarget::new(
            &target.name(),
            digest,
            target.failing.as_ref().map(|failing| failing.why.clone()),
        )
    });
    let report = report.publishing(targets);
    let failing = publishing.failing();
    failing.into_iter().fold(report, |report, (_, failing)| report.unpublished(&failing.why))
}

fn host_name() -> Result<RouterId, String> {
    let name = hostname::get().map_err(|error| error.to_string());
    let id = name
        .and_then(|name| name.to_string_lossy().parse().map_err(|error: RouterIdError| error.to_string()));
    id.map_err(|why| {
        format!("what is in force here is to be confirmed, and the name of the host cannot be that of the router ({why}); set `id`, or give --id")
    })
}
