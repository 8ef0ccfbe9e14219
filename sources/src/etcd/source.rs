//! The keys of an etcd, followed.

use std::convert::Infallible;
use std::time::Duration;

use etcd_client::{Client, Event, EventType, WatchResponse};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::time::{Instant, interval_at};

use super::connection::connect;
use super::failure::{failure, is_denied};
use super::position::{Position, Standing};
use super::range::Range;
use crate::access::{EtcdAccess, Material};
use crate::bookmark::Bookmark;
use crate::failure::Failure;
use crate::feed::Feed;
use crate::layout::{Keys, Layout};
use crate::source::{READ_SPREAD, Source, Traits};
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
    read_spread: Duration,
    /// Up to where the keys are known.
    seen: Option<Position>,
    /// Whether they were kept, and have not been said since.
    is_kept: bool,
}

/// From where on it is followed.
enum Next {
    /// From that revision on, with the keys that are known.
    Revision(i64),
    /// All keys are read again, since they are not known any more: what there is to say of that.
    Reading(Option<String>),
    /// The runner wants them read again.
    Wish,
}

impl Next {
    /// What came to pass in between cannot be had.
    fn compacted(seen: &Position) -> Next {
        Next::Reading(Some(format!(
            "the changes since revision {} are compacted away; all keys were read again",
            seen.revision
        )))
    }
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
            read_spread: READ_SPREAD,
            seen: None,
            is_kept: false,
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

    /// The same, where routers that lost all of one server's past read it again within that time, and not all at once: 10 s
    /// unless set. Where nothing is in force yet, it is read at once.
    #[must_use]
    pub fn read_spread(self, over: Duration) -> EtcdSource {
        EtcdSource { read_spread: over, ..self }
    }

    async fn follow_until_failure(&mut self, feed: &mut Feed) -> Result<Infallible, Failure> {
        let range = Range::new(self.layout, &self.prefix);
        let material = self.access.material()?;
        let client = connect(&self.access, &material).await?;
        let mut next = self.resumed(&range, &client, feed).await?;
        loop {
            let revision = match next {
                Next::Revision(revision) => revision,
                Next::Reading(why) => {
                    feed.spread(self.read_spread).await;
                    self.read(&range, &client, why, feed).await?
                }
                Next::Wish => self.read(&range, &client, None, feed).await?,
            };
            next = self.watch(&range, &client, &material, revision, feed).await?;
        }
    }

    /// From where on it can be followed, with what is known of it: what was read before, or was kept.
    async fn resumed(&mut self, range: &Range, client: &Client, feed: &mut Feed) -> Result<Next, Failure> {
        let Some(seen) = &self.seen else { return Ok(Next::Reading(None)) };
        range.ask(client).await?; // one key may be read where not all may
        match seen.standing(client).await? {
            Standing::Same => {}
            Standing::Compacted => return Ok(Next::compacted(seen)),
            Standing::Another => return Ok(Next::Reading(None)),
        }
        let next = Next::Revision(seen.next());
        if std::mem::take(&mut self.is_kept) {
            let whole = self.keys.whole();
            feed.say_kept(self.at(whole)).await;
        } else {
            feed.alive().await;
        }
        Ok(next)
    }

    /// Reads all keys and says them; the revision from which on they are watched.
    async fn read(
        &mut self,
        range: &Range,
        client: &Client,
        why: Option<String>,
        feed: &mut Feed,
    ) -> Result<i64, Failure> {
        let began = feed.begin();
        let reading = range.read(client).await?;
        let left = self.seen.as_ref().and_then(|seen| seen.is_left_by(&reading));
        let next = reading.revision + 1;
        self.seen = Some(Position::of_reading(&reading, &self.fingerprint()));
        self.is_kept = false;
        self.keys.replace(reading.keys.iter().map(|key| (key.key(), key.value())));
        drop(reading);
        let mut statement = self.keys.whole();
        statement.remarks.splice(0..0, left.or(why));
        feed.say(self.at(statement), began).await;
        Ok(next)
    }

    /// Says what changes from a revision on, until that has to begin elsewhere.
    async fn watch(
        &mut self,
        range: &Range,
        client: &Client,
        material: &Material,
        revision: i64,
        feed: &mut Feed,
    ) -> Result<Next, Failure> {
        let Some(mut seen) = self.seen.clone() else { return Ok(Next::Reading(None)) };
        let mut stream = range.watch(client, revision).await?;
        let mut asks = interval_at(Instant::now() + self.ask_interval, self.ask_interval);
        loop {
            tokio::select! {
                () = feed.wish() => return Ok(Next::Wish),
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
                    let (mut waiting, mut room, mut end) = (Some(answer), BATCH, None);
                    while let Some(answer) = waiting.take() {
                        end = self.take(answer, &mut seen).transpose();
                        room -= 1;
                        if end.is_none() && room > 0 {
                            waiting = stream.message().now_or_never();
                        }
                    }
                    self.seen = Some(seen.clone());
                    if !self.keys.is_unchanged() {
                        let changes = self.keys.changes();
                        feed.say(self.at(changes), began).await;
                    }
                    if let Some(end) = end {
                        return end;
                    }
                }
            }
        }
    }

    /// Takes an answer of the watch, and notes how far that goes; from where on to go on where the watch has ended.
    fn take(
        &mut self,
        answer: Result<Option<WatchResponse>, etcd_client::Error>,
        seen: &mut Position,
    ) -> Result<Option<Next>, Failure> {
        let ended = || Failure::Ended("the server has ended the watch".into());
        let answer = answer.map_err(|error| failure(&error))?.ok_or_else(ended)?;
        if answer.canceled() {
            return canceled(&answer, seen).map(Some);
        }
        if answer.events().iter().any(|event| is_known(event, seen)) {
            return Ok(Some(Next::Reading(None)));
        }
        for event in answer.events() {
            let Some(key) = event.kv() else { continue };
            match event.event_type() {
                EventType::Put => self.keys.put(key.key(), key.value()),
                EventType::Delete => self.keys.remove(key.key()),
            }
        }
        seen.take(&answer);
        Ok(None)
    }

    /// What the keys are read as: those that were kept for another layout say something else.
    fn fingerprint(&self) -> String {
        format!("{:?} {}", self.layout, self.prefix)
    }

    /// A statement with the place up to which it goes.
    fn at(&self, mut statement: Statement) -> Statement {
        statement.revision = self.seen.as_ref().map(|seen| seen.revision.to_string());
        let place = self.seen.as_ref().and_then(|seen| serde_json::to_string(seen).ok());
        statement.bookmark =
            statement.bookmark.zip(place).map(|(bookmark, place)| Bookmark { place, ..bookmark });
        statement
    }
}

impl Source for EtcdSource {
    fn name(&self) -> String {
        format!("etcd {} {}", self.access, self.prefix.trim_end_matches('/'))
    }

    fn traits(&self) -> Traits {
        Traits { settle: self.settle.unwrap_or(self.layout.settle()), ..Traits::default() }
    }

    fn resume(&mut self, bookmark: Bookmark) {
        let seen: Option<Position> = serde_json::from_str(&bookmark.place).ok();
        // What was kept for another layout is not what is read now.
        if let Some(seen) = seen.filter(|seen| seen.of == self.fingerprint()) {
            self.keys.restore(&bookmark);
            (self.seen, self.is_kept) = (Some(seen), true);
        }
    }

    fn follow<'f>(&'f mut self, feed: &'f mut Feed) -> BoxFuture<'f, Failure> {
        Box::pin(async move {
            let Err(failure) = self.follow_until_failure(feed).await;
            failure
        })
    }
}

/// Whether an event is of before what was read: then that is not what the store had.
fn is_known(event: &Event, seen: &Position) -> bool {
    event.kv().is_some_and(|key| key.mod_revision() <= seen.revision)
}

/// Why the server has ended a watch. A compaction may come without a reason.
fn canceled(answer: &WatchResponse, seen: &Position) -> Result<Next, Failure> {
    match answer.cancel_reason() {
        reason if is_denied(reason) => Err(Failure::Denied(reason.to_owned())),
        reason if answer.compact_revision() > 0 || reason.is_empty() || reason.contains("compacted") => {
            Ok(Next::compacted(seen))
        }
        reason => Err(Failure::Ended(format!("the server has ended the watch: {reason}"))),
    }
}
