//! A source that is followed into a gate, and what can be seen of it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ipgate::site::SiteGate;
use ipgate_sources::{Condition, KubernetesAccess, KubernetesSource, Notice, Runner, Status, closed_site};
use tokio::sync::{oneshot, watch};

/// It is followed until this is dropped.
pub(crate) struct Followed {
    pub(crate) gate: SiteGate,
    status: watch::Receiver<Arc<Status>>,
    told: Arc<Mutex<Vec<String>>>,
    _stop: oneshot::Sender<()>,
}

/// A source of one namespace, which is also that of the router, without the kinds that a test does not need.
pub(crate) fn source(kubeconfig: PathBuf, namespace: &str) -> KubernetesSource {
    KubernetesSource::new(KubernetesAccess::kubeconfig(kubeconfig))
        .with_namespace(namespace)
        .with_router(namespace, "deis-router")
        .with_read_spread(std::time::Duration::from_millis(20))
        .without_ingresses()
        .without_routes()
}

impl Followed {
    pub(crate) fn new(source: KubernetesSource) -> Followed {
        let gate = SiteGate::new(&closed_site()).unwrap();
        let told = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&told);
        let runner = Runner::new(&gate)
            .with_source(source)
            .on_notice(move |_, notice: &Notice| into.lock().unwrap().push(notice.to_string()));
        let status = runner.status();
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(runner.run(async { drop(stopped.await) }));
        Followed { gate, status, told, _stop: stop }
    }

    /// Followed, and ready.
    pub(crate) async fn ready(source: KubernetesSource) -> Followed {
        let followed = Followed::new(source);
        followed.until(|followed| followed.status.borrow().is_ready).await;
        followed
    }

    pub(crate) fn allows(&self, app: &str, client: &str) -> bool {
        self.gate.is_allowed(app, client.parse().unwrap())
    }

    /// Waits until something holds; a test that waits for ever is ended by whoever runs it.
    pub(crate) async fn until(&self, holds: impl Fn(&Followed) -> bool) {
        while !holds(self) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    pub(crate) async fn until_allows(&self, app: &str, client: &str) {
        self.until(|followed| followed.allows(app, client)).await;
    }

    pub(crate) async fn until_denies(&self, app: &str, client: &str) {
        self.until(|followed| !followed.allows(app, client)).await;
    }

    pub(crate) fn status(&self) -> Arc<Status> {
        Arc::clone(&self.status.borrow())
    }

    pub(crate) fn condition(&self) -> Condition {
        self.status.borrow().sources[0].condition.clone()
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.condition() == Condition::Connected
    }

    /// Why it is not as it should be.
    pub(crate) fn why(&self) -> String {
        self.condition().why().unwrap_or_default().to_owned()
    }

    pub(crate) fn is_held(&self) -> bool {
        !self.status.borrow().sources[0].held.is_empty()
    }

    /// All that was told, a line each.
    pub(crate) fn told(&self) -> String {
        self.told.lock().unwrap().join("\n")
    }
}
