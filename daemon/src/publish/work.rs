//! One target, brought in step with what is in force whenever that changes, and whenever it may have lost step by itself.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use ipgate::site::SiteDigest;
use tokio::sync::watch;
use tokio::time::sleep;
use tracing::{error, info, warn};

use super::state::{Failing, Publishing, Written};
use super::target::Target;
use crate::config::PublishConfig;
use crate::in_force::InForce;

/// How long to wait after a failure, at first and at most.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// What a proxy has in force is read back for a part of the time at most, however large it is: one in so many.
const CHECKING: u32 = 20;

pub(super) struct Work {
    pub(super) in_force: Arc<InForce>,
    /// Away while it writes.
    pub(super) target: Option<Target>,
    /// Which of those shown it is.
    pub(super) number: usize,
    pub(super) shown: watch::Sender<Publishing>,
    pub(super) config: PublishConfig,
    /// When what was written last is no longer right.
    pub(super) expires: Option<SystemTime>,
}

/// What was published last.
#[derive(Debug, Clone, Copy)]
struct Done {
    generation: u64,
    /// When it is done again although nothing has changed.
    again: Option<Instant>,
}

impl Work {
    /// Publishes until the other end is dropped; then what is in force and was not.
    pub(super) async fn run(mut self, mut stopped: watch::Receiver<()>) {
        let mut status = self.in_force.follow();
        let mut wait = FIRST_WAIT;
        let mut done: Option<Done> = None;
        loop {
            let next = async {
                if !self.is_due(done) {
                    // The runner is at an end where that fails, and so is this before long.
                    let _ = status.wait_for(|_| self.is_due(done)).await;
                }
            };
            let again = done.and_then(|done| done.again);
            let _ = tokio::select! {
                () = next => Ok(()),
                () = until(again) => Ok(()),
                stopped = stopped.changed() => stopped,
            };
            if is_over(&stopped) {
                break;
            }
            let began = Instant::now();
            let pause = match self.publish().await {
                Some(now) => {
                    (done, wait) = (Some(now), FIRST_WAIT);
                    // Half of the time at most, however large the site is.
                    self.config.interval.duration().max(began.elapsed())
                }
                None => {
                    let pause = wait;
                    wait = (wait * 2).min(LONGEST_WAIT);
                    pause
                }
            };
            let _ = tokio::select! {
                () = sleep(pause) => Ok(()),
                stopped = stopped.changed() => stopped,
            };
            if is_over(&stopped) {
                break;
            }
        }
        if self.is_due(done) {
            self.publish().await; // what came at the end is not lost
        }
    }

    /// Whether something is in force that is not published.
    fn is_due(&self, done: Option<Done>) -> bool {
        let published = done.map(|done| done.generation);
        self.in_force.is_ready() && published != Some(self.in_force.gate().generation())
    }

    /// Publishes what is in force.
    async fn publish(&mut self) -> Option<Done> {
        let mut target = self.target.take()?;
        let in_force = Arc::clone(&self.in_force);
        let work = tokio::task::spawn_blocking(move || {
            let began = Instant::now();
            let state = in_force.gate().snapshot();
            let digest = in_force.digest(&state);
            let written = target.write(&state, digest);
            (target, state.generation(), digest, written, began.elapsed())
        });
        let (target, generation, digest, written, took) = match work.await {
            Ok(done) => done,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        };
        let again = written.as_ref().ok().and_then(|written| self.again(&target, written, took));
        self.target = Some(target);
        let is_done = self.note(generation, digest, &written, took);
        self.expires = written.map_or(self.expires, |written| written.expires);
        is_done.then_some(Done { generation, again })
    }

    /// When to look again at what a proxy has in force, at the latest when an entry of it expires.
    fn again(&self, target: &Target, written: &Written, took: Duration) -> Option<Instant> {
        let check = self.config.check.duration().max(took * CHECKING);
        let expires = written.expires.map(|at| at.duration_since(SystemTime::now()).unwrap_or_default());
        let soonest = expires.map_or(check, |expires| check.min(expires));
        target.is_proxy().then(|| Instant::now() + soonest)
    }

    /// Shows and tells how it went. Whether it is done.
    fn note(
        &self,
        generation: u64,
        digest: SiteDigest,
        written: &Result<Written, String>,
        took: Duration,
    ) -> bool {
        let has_expired = self.expires.is_some_and(|at| at <= SystemTime::now());
        self.shown.send_if_modified(|shown| {
            let Some(shown) = shown.target(self.number) else { return false };
            let (kind, path) = (shown.kind, shown.place.as_str());
            match written {
                &Ok(Written { files, bytes, .. }) => {
                    let millis = took.as_millis() as u64;
                    let is_again = shown.generation == Some(generation);
                    let was_failing = shown.failing.take();
                    match &was_failing {
                        Some(failing) => {
                            info!(%path, kind, generation, files, bytes, millis, "published again after {} failures", failing.attempts);
                        }
                        None if !is_again => {
                            info!(%path, kind, generation, files, bytes, millis, %digest, "published");
                        }
                        None if files > 0 && has_expired => {
                            info!(%path, kind, generation, bytes, millis, "published without what has expired");
                        }
                        None if files > 0 => {
                            warn!(%path, kind, generation, bytes, millis, "something else was in force there than was published; it is put right");
                        }
                        None => {}
                    }
                    let is_new = !is_again || files > 0 || was_failing.is_some();
                    if is_new {
                        shown.at = Some(SystemTime::now());
                    }
                    shown.writes += u64::from(files > 0);
                    shown.bytes = bytes;
                    (shown.generation, shown.digest) = (Some(generation), Some(digest));
                    is_new
                }
                Err(why) => {
                    shown.failures += 1;
                    if shown.failing.as_ref().is_none_or(|failing| failing.why != *why) {
                        error!(%path, kind, generation, "what is in force cannot be published, and is tried again: {why}");
                    }
                    shown.failing = Some(Failing::after(shown.failing.take(), why.clone()));
                    true
                }
            }
        });
        written.is_ok()
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

/// Whether the other end was dropped.
fn is_over(stopped: &watch::Receiver<()>) -> bool {
    stopped.has_changed().is_err()
}
