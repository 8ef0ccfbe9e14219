//! The objects of one kind, listed and followed.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use kube::Api;
use kube::core::DynamicObject;
use kube::runtime::watcher::{self, watcher};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::kind::Kind;
use super::names::KubernetesNames;
use super::object::{Key, Object, read};
use super::refused;
use crate::failure::Failure;

/// A watch is asked for anew after that long: a server that hangs is noticed no sooner than a watch should have ended.
pub(super) const WATCH_SECONDS: u32 = 20;
/// A kind that the cluster does not have is looked for again after that long.
const ABSENT_INTERVAL: Duration = Duration::from_secs(30);
/// A watch that was not refused for that long after the listing is had.
const REFUSAL_TIME: Duration = Duration::from_secs(2);

/// What is listed and followed by itself: a kind, in a namespace or in all.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    pub(super) kind: Kind,
    pub(super) namespace: Option<String>,
    pub(super) labels: Option<String>,
    pub(super) fields: Option<String>,
}

/// What comes of it.
#[derive(Debug)]
pub(super) enum Event {
    /// All that there are.
    Listed(Vec<(Key, Object)>),
    /// One is new or different.
    Applied(Key, Object),
    /// One is not there any more, or not selected.
    Deleted(Key),
    /// The cluster has no such kind.
    Absent,
    /// It may be listed and not watched, so that it is listed again and again: what the API server says.
    Polled(String),
    /// It is watched.
    Watched,
}

impl Scope {
    fn config(&self) -> watcher::Config {
        watcher::Config {
            label_selector: self.labels.clone(),
            field_selector: self.fields.clone(),
            timeout: Some(WATCH_SECONDS),
            ..watcher::Config::default()
        }
    }

    /// The objects, through a client.
    pub(super) fn api(&self, client: kube::Client) -> Api<DynamicObject> {
        let resource = self.kind.resource();
        match &self.namespace {
            Some(namespace) => Api::namespaced_with(client, namespace, &resource),
            None => Api::all_with(client, &resource),
        }
    }
}

/// How objects are read.
#[derive(Debug, Clone)]
pub(super) struct Reader {
    pub(super) names: Arc<KubernetesNames>,
    /// How often what may not be watched is listed.
    pub(super) poll_interval: Duration,
}

/// Where the events of one scope go to, with its number.
#[derive(Debug)]
pub(super) struct Sender(pub(super) usize, pub(super) mpsc::Sender<(usize, Event)>);

impl Sender {
    async fn tell(&self, event: Event) -> Result<(), Failure> {
        let sent = self.1.send((self.0, event)).await;
        sent.map_err(|_| Failure::Ended("nobody listens".into()))
    }
}

/// Why it is not followed any more.
#[derive(Debug)]
pub(super) struct Lost {
    pub(super) failure: Failure,
    /// Whether history alone is gone (410): the server is there, and nothing was lost to all who follow it at once.
    pub(super) is_forgotten: bool,
}

impl From<Failure> for Lost {
    fn from(failure: Failure) -> Lost {
        Lost { failure, is_forgotten: false }
    }
}

/// Follows until that fails, or nobody listens.
pub(super) async fn follow(scope: Scope, client: kube::Client, reader: Reader, events: Sender) -> Lost {
    let api = scope.api(client);
    loop {
        match listed_and_watched(&scope, &api, &reader, &events).await {
            Ok(pause) => sleep(pause).await,
            Err(lost) => return lost,
        }
    }
}

/// Lists and watches; how long to wait before that is done again, where it cannot be watched.
async fn listed_and_watched(
    scope: &Scope,
    api: &Api<DynamicObject>,
    reader: &Reader,
    events: &Sender,
) -> Result<Duration, Lost> {
    let read = |object| read(scope.kind, object, &reader.names);
    let mut stream = pin!(watcher(api.clone(), scope.config()));
    let mut listed = Vec::new();
    // A watch that was asked for is refused at once, or it is had; the watcher does not say so before something changes.
    let mut is_asked = false;
    loop {
        let limit = if is_asked { REFUSAL_TIME } else { Duration::MAX };
        let Ok(next) = timeout(limit, stream.next()).await else {
            is_asked = false;
            events.tell(Event::Watched).await?;
            continue;
        };
        match next {
            None => return Err(Failure::Ended("the stream of changes ended".into()).into()),
            Some(Ok(watcher::Event::Init)) => listed.clear(),
            Some(Ok(watcher::Event::InitApply(object))) => listed.push(read(object)),
            Some(Ok(watcher::Event::InitDone)) => {
                events.tell(Event::Listed(std::mem::take(&mut listed))).await?;
                is_asked = true;
            }
            Some(Ok(watcher::Event::Apply(object))) => {
                let (key, object) = read(object);
                events.tell(Event::Applied(key, object)).await?;
            }
            Some(Ok(watcher::Event::Delete(object))) => events.tell(Event::Deleted(read(object).0)).await?,
            Some(Err(error)) => {
                let code = refused::status(&error).map(|status| status.code);
                match (&error, code) {
                    (watcher::Error::InitialListFailed(_), Some(404)) if scope.kind.may_be_absent() => {
                        events.tell(Event::Absent).await?;
                        return Ok(ABSENT_INTERVAL);
                    }
                    (watcher::Error::WatchStartFailed(_), Some(403)) => {
                        let why = refused::status(&error).map(refused::sentence);
                        events.tell(Event::Polled(why.unwrap_or_default())).await?;
                        return Ok(reader.poll_interval);
                    }
                    _ => {
                        let failure = refused::stream(&error);
                        return Err(Lost { failure, is_forgotten: code == Some(410) });
                    }
                }
            }
        }
    }
}
