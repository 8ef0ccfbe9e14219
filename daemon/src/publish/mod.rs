//! The site as files: written when what is in force changes, whole, and read back.
//!
//! Nothing is published before a site is in force: what stands there from before is better than an image of nobody. Changes that
//! come together are written together. What cannot be written is told once, and tried again.

mod folder;
mod image;
mod state;
mod text;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use ipgate::site::{SiteDigest, SiteSnapshot};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tracing::{error, info};

use crate::config::PublishConfig;
use crate::in_force::InForce;
use folder::FolderTarget;
use image::ImageTarget;
use state::Written;
pub use state::{Failing, Published};

/// How long to wait after a failure, at first and at most.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Where the site is written.
#[derive(Debug)]
enum Target {
    Image(ImageTarget),
    Folder(Box<FolderTarget>),
}

impl Target {
    fn at(path: &Path) -> Target {
        match path.extension().is_some_and(|extension| extension == "image") {
            true => Target::Image(ImageTarget::at(path)),
            false => Target::Folder(Box::new(FolderTarget::at(path))),
        }
    }

    fn write(&mut self, state: &SiteSnapshot, digest: SiteDigest) -> Result<Written, String> {
        match self {
            Target::Image(image) => image.write(&state.site(), digest),
            Target::Folder(folder) => folder.write(&state.site()),
        }
    }
}

/// A publisher that runs.
#[derive(Debug)]
pub struct Publisher {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Publisher {
    /// Begins to publish, and tells how that is. Where no path is named, there is nothing to do.
    pub fn begin(
        in_force: &Arc<InForce>,
        config: &PublishConfig,
        shown: watch::Sender<Option<Published>>,
    ) -> Publisher {
        let (stop, stopped) = oneshot::channel();
        let (in_force, config) = (Arc::clone(in_force), config.clone());
        // At once, so that nobody takes what is in force for published meanwhile.
        shown.send_replace(config.path.as_deref().map(Published::new));
        let task = tokio::spawn(async move {
            let Some(path) = config.path else { return };
            let target = Some(Target::at(&path));
            Work { in_force, target, shown, interval: config.interval.duration() }.run(stopped).await;
        });
        Publisher { stop, task }
    }

    /// Publishes what is in force and was not, and ends.
    pub async fn end(self) {
        drop(self.stop);
        let _ = self.task.await;
    }
}

struct Work {
    in_force: Arc<InForce>,
    /// Away while it writes.
    target: Option<Target>,
    shown: watch::Sender<Option<Published>>,
    interval: Duration,
}

impl Work {
    async fn run(mut self, stopped: oneshot::Receiver<()>) {
        let mut status = self.in_force.follow();
        let mut wait = FIRST_WAIT;
        let mut done = None;
        tokio::pin!(stopped);
        loop {
            let next = async {
                if !self.is_due(done) {
                    // The runner is at an end where that fails, and so is this before long.
                    let _ = status.wait_for(|_| self.is_due(done)).await;
                }
            };
            tokio::select! {
                () = next => {}
                _ = &mut stopped => break,
            }
            let began = Instant::now();
            let pause = match self.publish().await {
                Some(generation) => {
                    (done, wait) = (Some(generation), FIRST_WAIT);
                    // Half of the time at most, however large the site is.
                    self.interval.max(began.elapsed())
                }
                None => {
                    let pause = wait;
                    wait = (wait * 2).min(LONGEST_WAIT);
                    pause
                }
            };
            tokio::select! {
                () = sleep(pause) => {}
                _ = &mut stopped => break,
            }
        }
        if self.is_due(done) {
            self.publish().await; // what came at the end is not lost
        }
    }

    /// Whether something is in force that is not published.
    fn is_due(&self, done: Option<u64>) -> bool {
        self.in_force.is_ready() && done != Some(self.in_force.gate().generation())
    }

    /// Publishes what is in force; its generation where that is done.
    async fn publish(&mut self) -> Option<u64> {
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
        self.target = Some(target);
        self.note(generation, digest, written, took)
    }

    fn note(
        &self,
        generation: u64,
        digest: SiteDigest,
        written: Result<Written, String>,
        took: Duration,
    ) -> Option<u64> {
        let is_done = written.is_ok();
        self.shown.send_modify(|shown| {
            let Some(shown) = shown else { return };
            let path = shown.path.display();
            match written {
                Ok(Written { files, bytes }) => {
                    let millis = took.as_millis() as u64;
                    match shown.failing.take() {
                        Some(failing) => {
                            info!(%path, generation, files, bytes, millis, "published again after {} failures", failing.attempts);
                        }
                        None => info!(%path, generation, files, bytes, millis, %digest, "published"),
                    }
                    shown.writes += u64::from(files > 0);
                    shown.bytes = bytes;
                    (shown.generation, shown.digest) = (Some(generation), Some(digest));
                    shown.at = Some(SystemTime::now());
                }
                Err(why) => {
                    shown.failures += 1;
                    if shown.failing.as_ref().is_none_or(|failing| failing.why != why) {
                        error!(%path, generation, "what is in force cannot be published, and is tried again: {why}");
                    }
                    shown.failing = Some(Failing::after(shown.failing.take(), why));
                }
            }
        });
        is_done.then_some(generation)
    }
}
