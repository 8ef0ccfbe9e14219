//! The keys of an etcd, followed.

use std::convert::Infallible;
use std::time::Duration;

use etcd_client::{Client, EventType, WatchResponse};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::time::{Instant, interval_at};

use super::connection::connect;
use super::failure::{failure, is_denied};
use super::range::{Range, Reading};
use crate::access::{EtcdAccess, Material};
use crate::failure::Failure;
use crate::feed::Feed;
use crate::layout::{Keys, Layout};
use crate::source::{Source, Traits};
use crate::statement::Statement;

/// A running watch goes on after its role was revoked and its password changed: so it is asked that often.
const ASK_INTERVAL: Duration = Duration::from_secs(60);
/// Answers that are said together, where so many wait.
const BATCH: usize = 256;

/// The keys of an etcd below a prefix, through its v3 API.
///
/// ```no_run
/// use ipgate_sources::{EtcdSource, Layout};
/// let source = EtcdSource::new(["http://127.0.0.1:2379"]).prefix("/deis").layout(Layout::Auto);
/// ```
///
/// What is read and what its failures do is in the crate's README.
#[derive(Debug)]
pub struct EtcdSource {
    access: EtcdAccess,
    /// With the slash behind it.
    prefix: String,
    layout: Layout,
    settle: Option<Duration>,
    ask_interval: Duration,
    keys: Keys,
    /// The cluster and the revision that were read last.
    seen: Option<(u64, i64)>,
}

/// Why all keys are to be read again.
enum Again {
    /// The runner wants it.
    Wished,
    /// What came to pass in between cannot be had.
    Compacted { since: i64 },
}

impl EtcdSource {
    /// The etcd at these addresses, below `/deis`.
    pub fn new(access: impl Into<EtcdAccess>) -> EtcdSource {
        let (prefix, layout) = ("/deis/".to_owned(), Layout::default());
        let keys = Keys::new(layout, &prefix);
        EtcdSource {
            access: access.into(),
            prefix,
            layout,
            settle: None,
            ask_interval: ASK_INTERVAL,
            keys,
            seen: None,
        }
    }

    /// The same below that prefix. A slash at its end makes no difference.
    #[must_use]
    pub fn prefix(self, prefix: &str) -> EtcdSource {
        let prefix = format!("{}/", prefix.trim_end_matches('/'));
        EtcdSource { keys: Keys::new(self.layout, &prefix), prefix, ..self }
    }

    /// The same with that layout.
    #[must_use]
    pub fn layout(self, layout: Layout) -> EtcdSource {
        EtcdSource { keys: Keys::new(layout, &self.prefix), layout, ..self }
    }

    /// The same, where something has to be gone for that long before that may open an app: as long as the slowest deploy. 2 s
    /// unless set, and no time at all in the plain layout.
    #[must_use]
    pub fn settle(self, settle: Duration) -> EtcdSource {
        EtcdSource { settle: Some(settle), ..self }
    }

    /// The same, where it is made sure that often that the keys may still be read and that the files of the access hold what
    /// they did: once a minute unless set.
    #[must_use]
    pub fn ask_interval(self, interval: Duration) -> EtcdSource {
        EtcdSource { ask_interval: interval.max(Duration::from_millis(1)), ..self }
    }

    async fn follow_until_failure(&mut self, feed: &mut Feed) -> Result<Infallible, Failure> {
        let range = Range::new(self.layout, &self.prefix);
        let material = self.access.material()?;
        let client = connect(&self.access, &material).await?;
        let mut why = None;
        loop {
            let began = feed.begin();
            let reading = range.read(&client).await?;
            let mut remarks: Vec<String> = why.take().into_iter().collect();
            remarks.extend(self.another_store(&reading));
            let revision = reading.revision;
            self.seen = Some((reading.cluster, revision));
            self.keys.replace(reading.keys.iter().map(|key| (key.key(), key.value())));
            drop(reading);
            let mut statement = self.keys.whole();
            statement.remarks.splice(0..0, remarks);
            feed.say(at(statement, revision), began).await;
            match self.watch(&range, &client, &material, revision, feed).await? {
                Again::Wished => {}
                Again::Compacted { since } => {
                    why = Some(format!(
                        "the changes since revision {since} are compacted away; all keys were read again"
                    ));
                }
            }
        }
    }

    /// Says what changes after a revision, until all has to be read again.
    async fn watch(
        &mut self,
        range: &Range,
        client: &Client,
        material: &Material,
        mut revision: i64,
        feed: &mut Feed,
    ) -> Result<Again, Failure> {
        let mut stream = range.watch(client, revision + 1).await?;
        let mut asks = interval_at(Instant::now() + self.ask_interval, self.ask_interval);
        loop {
            tokio::select! {
                () = feed.wish() => return Ok(Again::Wished),
                _ = asks.tick() => {
                    range.ask(client).await?;
                    // A file that is being written is looked at the next time.
                    if self.access.material().is_ok_and(|now| now != *material) {
                        return Err(Failure::Ended("credentials or certificates have changed".into()));
                    }
                    feed.alive().await;
                }
                answer = stream.message() => {
                    let began = feed.begin();
                    let (mut waiting, mut room) = (Some(answer), BATCH);
                    while let Some(answer) = waiting.take() {
                        let Some(answer) = answer.map_err(|error| failure(&error))? else {
                            return Err(Failure::Ended("the server has ended the watch".into()));
                        };
                        if answer.canceled() {
                            return canceled(&answer, revision);
                        }
                        revision = self.take(&answer).max(revision);
                        room -= 1;
                        if room > 0 {
                            waiting = stream.message().now_or_never();
                        }
                    }
                    self.seen = self.seen.map(|(cluster, _)| (cluster, revision));
                    if !self.keys.is_unchanged() {
                        feed.say(at(self.keys.changes(), revision), began).await;
                    }
                }
            }
        }
    }

    /// Takes the events of an answer; the revision up to which they go.
    fn take(&mut self, answer: &WatchResponse) -> i64 {
        let mut revision = 0;
        for event in answer.events() {
            let Some(key) = event.kv() else { continue };
            match event.event_type() {
                EventType::Put => self.keys.put(key.key(), key.value()),
                EventType::Delete => self.keys.remove(key.key()),
            }
            revision = key.mod_revision().max(revision);
        }
        revision
    }

    /// What tells that these are not the keys of before, grown older.
    fn another_store(&self, reading: &Reading) -> Option<String> {
        let (cluster, revision) = self.seen?;
        if cluster != reading.cluster {
            return Some(format!(
                "this is another cluster: its id is {:x}, and was {cluster:x}; all keys were read",
                reading.cluster
            ));
        }
        (reading.revision < revision).then(|| {
            format!(
                "the revision is {}, and was {revision}: the store was restored; all keys were read",
                reading.revision
            )
        })
    }
}

impl Source for EtcdSource {
    fn name(&self) -> String {
        format!("etcd {} {}", self.access, self.prefix.trim_end_matches('/'))
    }

    fn traits(&self) -> Traits {
        Traits { settle: self.settle.unwrap_or(self.layout.settle()), ..Traits::default() }
    }

    fn follow<'f>(&'f mut self, feed: &'f mut Feed) -> BoxFuture<'f, Failure> {
        Box::pin(async move {
            let Err(failure) = self.follow_until_failure(feed).await;
            failure
        })
    }
}

fn at(statement: Statement, revision: i64) -> Statement {
    Statement { revision: Some(revision.to_string()), ..statement }
}

/// Why the server has ended a watch. A compaction may come without a reason.
fn canceled(answer: &WatchResponse, since: i64) -> Result<Again, Failure> {
    match answer.cancel_reason() {
        reason if is_denied(reason) => Err(Failure::Denied(reason.to_owned())),
        reason if answer.compact_revision() > 0 || reason.is_empty() || reason.contains("compacted") => {
            Ok(Again::Compacted { since })
        }
        reason => Err(Failure::Ended(format!("the server has ended the watch: {reason}"))),
    }
}
