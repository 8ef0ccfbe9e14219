//! The keys of an older etcd, followed.

use std::convert::Infallible;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, interval_at};

use super::answer::{Answer, ApiError, Body, Node};
use super::event;
use super::failure::unexpected;
use super::http::{Http, directory};
use crate::access::{EtcdAccess, Material};
use crate::failure::Failure;
use crate::feed::Feed;
use crate::layout::{Keys, Layout};
use crate::source::{READ_SPREAD, Source, Traits};
use crate::statement::Statement;

/// Whoever waits for a change does not notice that the server is gone, or that another one has its place: so it is asked.
const ASK_INTERVAL: Duration = Duration::from_secs(5);
/// How often lists and settings are read until the settings are the same before and after.
const SETTLED_READS: usize = 5;
/// Changes that are said together, where so many wait.
const BATCH: usize = 256;

/// The keys of an etcd below a prefix, through its v2 API.
///
/// ```no_run
/// use ipgate_sources::EtcdV2Source;
/// let source = EtcdV2Source::new(["http://127.0.0.1:4001"]).prefix("/deis");
/// ```
///
/// What is read and what its failures do is in the crate's README.
#[derive(Debug)]
pub struct EtcdV2Source {
    access: EtcdAccess,
    /// With slashes around it.
    prefix: String,
    layout: Layout,
    settle: Option<Duration>,
    ask_interval: Duration,
    keys: Keys,
    /// The cluster and the index that were read last.
    seen: Option<(String, u64)>,
    read_spread: Duration,
    /// The server whose turn it is.
    turn: usize,
}

/// Nodes that were read.
struct Nodes {
    roots: Vec<Node>,
    watched: Vec<Watched>,
    last: Option<Answer>,
}

/// Why all keys are to be read again.
enum Again {
    /// The runner wants it.
    Wished,
    /// A setting is different. Nodes are polled apart, and so a setting may arrive before the lists that were written before
    /// it: it counts together with lists that were read after it.
    Setting,
    /// What came to pass in between cannot be had.
    Cleared,
    /// The store is another one.
    Another,
}

/// A node that is watched, and the index from which on.
#[derive(Debug, Clone)]
struct Watched {
    key: String,
    next: u64,
    /// Whether it holds the lists of apps.
    is_lists: bool,
}

impl EtcdV2Source {
    /// The etcd at these addresses, below `/deis`, with the keys of Deis v1.
    pub fn new(access: impl Into<EtcdAccess>) -> EtcdV2Source {
        let (access, prefix, layout) = (access.into(), "/deis/".to_owned(), Layout::Deis);
        let keys = Keys::new(layout, &prefix);
        EtcdV2Source {
            access,
            prefix,
            layout,
            settle: None,
            ask_interval: ASK_INTERVAL,
            keys,
            seen: None,
            read_spread: READ_SPREAD,
            turn: 0,
        }
    }

    /// The same below that prefix. Slashes at its ends make no difference.
    #[must_use]
    pub fn prefix(self, prefix: &str) -> EtcdV2Source {
        let prefix = directory(prefix);
        EtcdV2Source { keys: Keys::new(self.layout, &prefix), prefix, ..self }
    }

    /// The same with that layout.
    #[must_use]
    pub fn layout(self, layout: Layout) -> EtcdV2Source {
        EtcdV2Source { keys: Keys::new(layout, &self.prefix), layout, ..self }
    }

    /// The same, where something has to be gone for that long before that may open an app: as long as the slowest deploy. 2 s
    /// unless set, and no time at all in the plain layout.
    #[must_use]
    pub fn settle(self, settle: Duration) -> EtcdV2Source {
        EtcdV2Source { settle: Some(settle), ..self }
    }

    /// The same, where the server is asked that often whether it is still there and still the same, and lets us read: every
    /// five seconds unless set.
    #[must_use]
    pub fn ask_interval(self, interval: Duration) -> EtcdV2Source {
        EtcdV2Source { ask_interval: interval.max(Duration::from_millis(1)), ..self }
    }

    /// The same, where routers that lost their server, or its changes, read all again within that time, and not all at once:
    /// 10 s unless set. Where nothing is in force yet, it is read at once.
    #[must_use]
    pub fn read_spread(self, over: Duration) -> EtcdV2Source {
        EtcdV2Source { read_spread: over, ..self }
    }

    async fn follow_until_failure(&mut self, feed: &mut Feed) -> Result<Infallible, Failure> {
        let material = self.access.material()?;
        let http = Http::new(&self.access, &material, self.turn)?;
        let mut why = None;
        feed.spread(self.read_spread).await;
        loop {
            let began = feed.begin();
            let (watched, answer) = self.read(&http).await?;
            let mut statement = self.keys.whole();
            let another = self.another_store(&answer).map(|what| format!("{what}; all keys were read"));
            statement.remarks.splice(0..0, why.take().into_iter().chain(another));
            let index = answer.index;
            self.seen = Some((answer.cluster, index));
            feed.say(at(statement, index), began).await;
            match self.poll(&http, watched, &material, feed).await? {
                Again::Wished | Again::Setting => {}
                Again::Another => feed.spread(self.read_spread).await,
                Again::Cleared => {
                    feed.spread(self.read_spread).await;
                    why = Some(
                        "the server does not keep the changes since the last one; all keys were read again"
                            .into(),
                    );
                }
            }
        }
    }

    /// Reads what matters as it was at one moment. The API reads one node at a time: so the settings are read before and
    /// after the lists, until they are the same. Without that, an `enforce` of before a list came, and the lists of after it
    /// went, would make an app open that never was.
    async fn read(&mut self, http: &Http) -> Result<(Vec<Watched>, Answer), Failure> {
        let (setting_nodes, list_nodes) = (self.layout.setting_nodes(), self.layout.list_nodes());
        let mut settings = self.nodes(http, setting_nodes, false).await?;
        let mut lists = self.nodes(http, list_nodes, true).await?;
        for _ in 0..SETTLED_READS {
            let before = std::mem::replace(&mut settings, self.nodes(http, setting_nodes, false).await?);
            if before.roots == settings.roots {
                break;
            }
            lists = self.nodes(http, list_nodes, true).await?;
        }
        let mut leaves = Vec::new();
        settings.roots.iter().chain(&lists.roots).for_each(|root| root.leaves(&mut leaves));
        self.keys.replace(leaves.iter().map(|(key, value)| (key.as_bytes(), value.as_bytes())));
        let watched = settings.watched.into_iter().chain(lists.watched).collect();
        lists.last.map(|last| (watched, last)).ok_or_else(|| Failure::Unreadable("no key matters".into()))
    }

    async fn nodes(&self, http: &Http, nodes: &[&str], are_lists: bool) -> Result<Nodes, Failure> {
        let mut read = Nodes { roots: Vec::new(), watched: Vec::new(), last: None };
        for node in nodes {
            let key = format!("{}{node}", self.prefix);
            let mut answer = http.read(&key).await?;
            match std::mem::replace(&mut answer.body, Body::Nothing) {
                Body::Event(event) => read.roots.push(event.node),
                Body::Error(error) if error.error_code == ApiError::NOT_FOUND => {}
                Body::Error(error) => return Err(unexpected(&error)),
                Body::Nothing => return Err(Failure::Unreadable("an answer without a body".into())),
            }
            read.watched.push(Watched { key, next: answer.index + 1, is_lists: are_lists });
            read.last = Some(answer);
        }
        Ok(read)
    }

    /// Says what changes, until all has to be read again.
    async fn poll(
        &mut self,
        http: &Http,
        watched: Vec<Watched>,
        material: &Material,
        feed: &mut Feed,
    ) -> Result<Again, Failure> {
        let poll = |watched: Watched| async move {
            let answer = http.poll(&watched.key, watched.next).await;
            (watched, answer)
        };
        let mut polls: FuturesUnordered<_> = watched.into_iter().map(poll).collect();
        let mut asks = interval_at(Instant::now() + self.ask_interval, self.ask_interval);
        // A directory would be answered with all that is in it.
        let lists = self.layout.list_nodes().first().copied().unwrap_or_default();
        let asked = format!("{}{lists}/ipgate-asks", self.prefix);
        loop {
            tokio::select! {
                () = feed.wish() => return Ok(Again::Wished),
                _ = asks.tick() => {
                    let answer = http.ask(&asked).await?;
                    // A file that is being written is looked at the next time.
                    if self.access.material().is_ok_and(|now| now != *material) {
                        return Err(Failure::Ended("credentials or certificates have changed".into()));
                    }
                    if self.another_store(&answer).is_some() {
                        return Ok(Again::Another);
                    }
                    feed.alive().await;
                }
                Some(polled) = polls.next() => {
                    let began = feed.begin();
                    let (mut waiting, mut room) = (Some(polled), BATCH);
                    while let Some((mut watched, answer)) = waiting.take() {
                        if let Some(again) = self.take(&mut watched, answer?)? {
                            return Ok(again);
                        }
                        polls.push(poll(watched));
                        room -= 1;
                        if room > 0 {
                            waiting = polls.next().now_or_never().flatten();
                        }
                    }
                    if !self.keys.is_unchanged() {
                        let index = self.seen.as_ref().map_or(0, |(_, index)| *index);
                        feed.say(at(self.keys.changes(), index), began).await;
                    }
                }
            }
        }
    }

    /// Takes the answer to a poll, which then goes on from the next index.
    fn take(&mut self, watched: &mut Watched, answer: Option<Answer>) -> Result<Option<Again>, Failure> {
        match answer.map(|answer| answer.body) {
            None | Some(Body::Nothing) => Ok(None),
            Some(Body::Error(error)) if error.error_code == ApiError::CLEARED => Ok(Some(Again::Cleared)),
            Some(Body::Error(error)) => Err(unexpected(&error)),
            Some(Body::Event(_)) if !watched.is_lists => Ok(Some(Again::Setting)),
            Some(Body::Event(event)) => {
                event::take(&mut self.keys, &watched.key, &event);
                watched.next = event.node.modified_index + 1;
                if let Some((_, index)) = &mut self.seen {
                    *index = event.node.modified_index.max(*index);
                }
                Ok(None)
            }
        }
    }

    /// What tells that these are not the keys of before, grown older.
    fn another_store(&self, answer: &Answer) -> Option<String> {
        let (cluster, index) = self.seen.as_ref()?;
        if *cluster != answer.cluster {
            return Some(format!("this is another cluster: its id is {}, and was {cluster}", answer.cluster));
        }
        (answer.index < *index)
            .then(|| format!("the index is {}, and was {index}: the store was restored", answer.index))
    }
}

impl Source for EtcdV2Source {
    fn name(&self) -> String {
        format!("etcd-v2 {} {}", self.access, self.prefix.trim_end_matches('/'))
    }

    fn traits(&self) -> Traits {
        Traits { settle: self.settle.unwrap_or(self.layout.settle()), ..Traits::default() }
    }

    fn follow<'f>(&'f mut self, feed: &'f mut Feed) -> BoxFuture<'f, Failure> {
        Box::pin(async move {
            let Err(failure) = self.follow_until_failure(feed).await;
            self.turn = self.turn.wrapping_add(1);
            failure
        })
    }
}

fn at(statement: Statement, index: u64) -> Statement {
    // After a restart all is read again: a thousand changes of the whole store are soon gone.
    Statement { revision: Some(index.to_string()), bookmark: None, ..statement }
}
