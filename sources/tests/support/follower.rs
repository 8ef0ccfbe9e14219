//! A runner with one source, and what it tells.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ipgate::site::SiteGate;
use ipgate_sources::{Notice, Runner, Source, SourceStatus, StateFolder, Status, closed_site};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

/// A gate that follows a source.
pub struct Follower {
    pub gate: SiteGate,
    pub status: watch::Receiver<Arc<Status>>,
    notices: Arc<Mutex<Vec<String>>>,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<()>,
}

impl Follower {
    pub fn start(source: impl Source) -> Follower {
        Follower::start_with(Box::new(source), None)
    }

    /// With a state folder, whose state is in force when this returns.
    pub fn start_with(source: Box<dyn Source>, state: Option<StateFolder>) -> Follower {
        let gate = SiteGate::new(&closed_site()).unwrap();
        let notices: Arc<Mutex<Vec<String>>> = Arc::default();
        let into = Arc::clone(&notices);
        let runner = Runner::new(&gate)
            .with_boxed_source(source)
            .on_notice(move |_, notice: &Notice| into.lock().unwrap().push(notice.to_string()));
        let runner = match state {
            Some(state) => runner.state(state),
            None => runner,
        };
        let status = runner.status();
        let (stop, stopped) = oneshot::channel::<()>();
        let started = runner.start();
        let running = tokio::spawn(started.run(async { drop(stopped.await) }));
        Follower { gate, status, notices, stop: Some(stop), running }
    }

    /// Until what the source says is in force.
    pub async fn ready(&mut self) {
        self.status.wait_for(|status| status.is_ready).await.unwrap();
    }

    pub fn source(&self) -> SourceStatus {
        self.status.borrow().sources[0].clone()
    }

    /// Until the source is like that.
    pub async fn until_source(&mut self, mut is: impl FnMut(&SourceStatus) -> bool) {
        self.status.wait_for(|status| is(&status.sources[0])).await.unwrap();
    }

    /// How often it was lost so far.
    pub fn losses(&self) -> u64 {
        self.source().failures_by_kind.values().sum()
    }

    /// Until it was lost more often than that.
    pub async fn until_lost(&mut self, more_than: u64) {
        self.until_source(|source| source.failures_by_kind.values().sum::<u64>() > more_than).await;
    }

    /// Until the gate lets a client in for an app, or does not.
    pub async fn until(&self, app: &str, client: &str, is_allowed: bool) {
        eventually(|| self.allows(app, client) == is_allowed).await;
    }

    pub fn allows(&self, app: &str, client: &str) -> bool {
        self.gate.is_allowed(app, client.parse().unwrap())
    }

    pub fn label(&self, app: &str, client: &str) -> Option<String> {
        self.gate.check(app, client.parse().unwrap()).label().map(str::to_owned)
    }

    /// The app that a host leads to.
    pub fn app_of(&self, host: &str) -> Option<String> {
        self.gate.snapshot().host(host).map(|app| app.to_string())
    }

    /// What was told so far.
    pub fn notices(&self) -> Vec<String> {
        self.notices.lock().unwrap().clone()
    }

    /// How many notices hold that.
    pub fn told(&self, part: &str) -> usize {
        self.notices().iter().filter(|notice| notice.contains(part)).count()
    }

    /// Ends it as a service is ended: what is in force is kept.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        (&mut self.running).await.unwrap();
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.running.abort();
    }
}

/// Waits until something holds; a test that waits for ever is ended by whoever runs it.
pub async fn eventually(holds: impl Fn() -> bool) {
    while !holds() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
