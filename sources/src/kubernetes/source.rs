//! A cluster as a source.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;

use super::access::KubernetesAccess;
use super::cluster::{Cluster, Touched};
use super::condition::Condition;
use super::kind::Kind;
use super::names::KubernetesNames;
use super::stream::{self, Event, Lost, Reader, Scope};
use crate::failure::Failure;
use crate::feed::Feed;
use crate::source::{READ_SPREAD, Source, Traits};

/// Events of one kind that wait at most; a listing is one of them.
const QUEUE: usize = 1024;
/// What the chart of Deis Workflow calls the router, and where it puts it.
const ROUTER: &str = "deis-router";
const ROUTER_NAMESPACE: &str = "deis";
/// Deploys delete and write again.
const SETTLE: Duration = Duration::from_secs(2);
/// The longest wait between two attempts: a server that restarts is away for some seconds.
const MAX_BACKOFF: Duration = Duration::from_secs(3);
/// How often what may not be watched is listed.
const POLL_INTERVAL: Duration = Duration::from_secs(10);

/// The annotations of a cluster: those of Deis Workflow, of ingress-nginx, and `ipgate.dev/list`.
///
/// The router's Deployment has the settings and the default list. Services that are labelled as routable, and Ingresses and
/// HTTPRoutes with a list, are apps. It needs the verbs `list` and `watch` for each kind; with `list` alone it lists every
/// 10 s, and says that it is degraded.
///
/// ```no_run
/// use ipgate::site::SiteGate;
/// use ipgate_sources::{KubernetesAccess, KubernetesSource, Runner, closed_site};
/// # async fn follow() -> Result<(), Box<dyn std::error::Error>> {
/// let source = KubernetesSource::new(KubernetesAccess::in_cluster()).with_platform_domain("apps.example.com");
/// let gate = SiteGate::new(&closed_site())?;
/// Runner::new(&gate).with_source(source).run(std::future::pending()).await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct KubernetesSource {
    access: KubernetesAccess,
    names: Arc<KubernetesNames>,
    kinds: BTreeSet<Kind>,
    namespaces: BTreeSet<String>,
    router: (String, String),
    platform_domain: Option<String>,
    settle: Duration,
    poll_interval: Duration,
    read_spread: Duration,
    /// Whether nothing but history was lost.
    is_forgotten: bool,
    condition: Condition,
    /// What was remarked, so that it is told once.
    remarked: BTreeSet<String>,
}

impl KubernetesSource {
    /// The cluster that is reached like that: all namespaces, all kinds, the names of Deis Workflow; the router's namespace
    /// is that of the environment variable `POD_NAMESPACE`, or else `deis`.
    #[must_use]
    pub fn new(access: KubernetesAccess) -> KubernetesSource {
        let namespace = std::env::var("POD_NAMESPACE").ok().filter(|name| !name.is_empty());
        KubernetesSource {
            access,
            names: Arc::default(),
            kinds: Kind::ALL.into_iter().collect(),
            namespaces: BTreeSet::new(),
            router: (namespace.unwrap_or_else(|| ROUTER_NAMESPACE.into()), ROUTER.into()),
            platform_domain: None,
            settle: SETTLE,
            poll_interval: POLL_INTERVAL,
            read_spread: READ_SPREAD,
            is_forgotten: false,
            condition: Condition::default(),
            remarked: BTreeSet::new(),
        }
    }

    /// The same with other names of annotations and labels.
    #[must_use]
    pub fn with_names(self, names: KubernetesNames) -> KubernetesSource {
        KubernetesSource { names: Arc::new(names), ..self }
    }

    /// The same with the apps of that namespace; of that and others that are given so, and no others.
    #[must_use]
    pub fn with_namespace(mut self, name: impl Into<String>) -> KubernetesSource {
        self.namespaces.insert(name.into());
        self
    }

    /// The same with the settings of that Deployment.
    #[must_use]
    pub fn with_router(self, namespace: impl Into<String>, name: impl Into<String>) -> KubernetesSource {
        KubernetesSource { router: (namespace.into(), name.into()), ..self }
    }

    /// The same without settings: no default list, and lists are not required.
    #[must_use]
    pub fn without_router(self) -> KubernetesSource {
        self.without(Kind::Router)
    }

    /// The same without Services.
    #[must_use]
    pub fn without_services(self) -> KubernetesSource {
        self.without(Kind::Service)
    }

    /// The same without Ingresses.
    #[must_use]
    pub fn without_ingresses(self) -> KubernetesSource {
        self.without(Kind::Ingress)
    }

    /// The same without the HTTPRoutes of the Gateway API.
    #[must_use]
    pub fn without_routes(self) -> KubernetesSource {
        self.without(Kind::Route)
    }

    /// The same where hosts without a dot are below that domain, whatever the router says.
    #[must_use]
    pub fn with_platform_domain(self, domain: impl Into<String>) -> KubernetesSource {
        KubernetesSource { platform_domain: Some(domain.into()), ..self }
    }

    /// The same where what is gone counts as removed only after that long, if that opens the gate; 2 s unless set.
    #[must_use]
    pub fn with_settle(self, settle: Duration) -> KubernetesSource {
        KubernetesSource { settle, ..self }
    }

    /// The same where what may not be watched is listed that often; every 10 s unless set.
    #[must_use]
    pub fn with_poll_interval(self, poll_interval: Duration) -> KubernetesSource {
        KubernetesSource { poll_interval, ..self }
    }

    /// The same where routers that lost the API server list all again within that time, and not all at once: 10 s unless set.
    /// Where nothing is in force yet, they list at once.
    #[must_use]
    pub fn with_read_spread(self, over: Duration) -> KubernetesSource {
        KubernetesSource { read_spread: over, ..self }
    }

    fn without(mut self, kind: Kind) -> KubernetesSource {
        self.kinds.remove(&kind);
        self
    }

    /// What is listed and followed.
    fn scopes(&self) -> Vec<Scope> {
        let mut namespaces: Vec<Option<String>> = self.namespaces.iter().cloned().map(Some).collect();
        if namespaces.is_empty() {
            namespaces.push(None);
        }
        let scopes = |kind: Kind| match kind {
            Kind::Router => vec![Scope {
                kind,
                namespace: Some(self.router.0.clone()),
                labels: None,
                // So that a right to this one object is enough.
                fields: Some(format!("metadata.name={}", self.router.1)),
            }],
            _ => namespaces
                .iter()
                .map(|namespace| Scope {
                    kind,
                    namespace: namespace.clone(),
                    labels: (kind == Kind::Service).then(|| format!("{}=true", self.names.routable)),
                    fields: None,
                })
                .collect(),
        };
        self.kinds.iter().copied().flat_map(scopes).collect()
    }

    async fn followed(&mut self, feed: &mut Feed) -> Failure {
        if self.kinds.is_empty() {
            return Failure::Unreadable(
                "every kind of object is left out, so that there is nothing to follow".into(),
            );
        }
        let answered = Arc::new(Notify::new());
        let client = match self.access.client(Arc::clone(&answered)).await {
            Ok(client) => client,
            Err(failure) => return failure,
        };
        if !std::mem::take(&mut self.is_forgotten) {
            feed.spread(self.read_spread).await;
        }
        loop {
            if let Err(lost) = self.round(&client, &answered, feed).await {
                self.is_forgotten = lost.is_forgotten;
                return lost.failure;
            }
        }
    }

    /// Lists everything, says it, and follows until it is to be listed anew.
    async fn round(&mut self, client: &kube::Client, answered: &Notify, feed: &mut Feed) -> Result<(), Lost> {
        let began = feed.begin();
        let scopes = self.scopes();
        let reader = Reader { names: Arc::clone(&self.names), poll_interval: self.poll_interval };
        let (sender, mut events) = mpsc::channel(QUEUE);
        let mut streams = JoinSet::new();
        for (number, scope) in scopes.iter().cloned().enumerate() {
            let (client, reader) = (client.clone(), reader.clone());
            streams.spawn(stream::follow(scope, client, reader, stream::Sender(number, sender.clone())));
        }
        drop(sender);
        let mut cluster = Cluster::new(Arc::clone(&self.names), self.platform_domain.clone());
        let mut unlisted: BTreeSet<usize> = (0..scopes.len()).collect();
        let mut was_empty = false;
        self.condition.begin();
        loop {
            let mut batch = Vec::new();
            tokio::select! {
                // A wish is kept until all was listed: half a listing that is begun anew never ends.
                () = feed.wish(), if unlisted.is_empty() => return Ok(()),
                Some(ended) = streams.join_next() => {
                    return Err(ended.unwrap_or_else(|error| Failure::Ended(error.to_string()).into()));
                }
                () = answered.notified(), if unlisted.is_empty() => feed.alive().await,
                _ = events.recv_many(&mut batch, QUEUE) => {}
            }
            let mut touched = Touched::default();
            let was_unlisted = !unlisted.is_empty();
            for (number, event) in batch {
                let Some(scope) = scopes.get(number) else { continue };
                self.condition.hear(number, scope, &event);
                match event {
                    Event::Applied(key, object) => cluster.put(key, object, &mut touched),
                    Event::Deleted(key) => cluster.take(&key, &mut touched),
                    Event::Listed(listed) => {
                        cluster.replace(scope.kind, scope.namespace.as_deref(), listed, &mut touched);
                        unlisted.remove(&number);
                    }
                    Event::Absent => {
                        cluster.replace(scope.kind, scope.namespace.as_deref(), Vec::new(), &mut touched);
                        unlisted.remove(&number);
                    }
                    Event::Polled(_) | Event::Watched => {}
                }
            }
            if !unlisted.is_empty() {
                continue;
            }
            if was_empty && !touched.is_nothing() {
                return Ok(()); // a whole of nothing counted for nothing: what comes after it is said as a whole, too
            }
            if was_unlisted || !touched.is_nothing() {
                let mut statement = if was_unlisted { cluster.whole() } else { cluster.changes(&touched) };
                statement.remarks.extend(self.condition.absent());
                self.remark_once(&mut statement.remarks, was_unlisted);
                was_empty = statement.is_empty_whole();
                let began = if was_unlisted { began } else { feed.begin() };
                feed.say(statement, began).await;
            }
            match self.condition.news() {
                Some(Some(why)) => feed.degraded(why).await,
                Some(None) => feed.recovered().await,
                None => {}
            }
        }
    }

    /// Leaves out what was remarked before. What a whole statement does not remark any more is told when it comes again.
    fn remark_once(&mut self, remarks: &mut Vec<String>, is_whole: bool) {
        let now: BTreeSet<String> = std::mem::take(remarks).into_iter().collect();
        remarks.extend(now.difference(&self.remarked).cloned());
        match is_whole {
            true => self.remarked = now,
            false => self.remarked.extend(now),
        }
    }
}

impl Source for KubernetesSource {
    fn name(&self) -> String {
        let name = format!("kubernetes {}", self.access.name());
        match self.namespaces.is_empty() {
            true => name,
            false => {
                let namespaces: Vec<&str> = self.namespaces.iter().map(String::as_str).collect();
                format!("{name} namespaces {}", namespaces.join(","))
            }
        }
    }

    fn traits(&self) -> Traits {
        Traits { settle: self.settle, max_backoff: MAX_BACKOFF }
    }

    fn follow<'f>(&'f mut self, feed: &'f mut Feed) -> BoxFuture<'f, Failure> {
        Box::pin(self.followed(feed))
    }
}
