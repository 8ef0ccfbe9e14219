//! The routers of a fleet in an etcd: a key for each, which goes with its lease.

use std::time::Duration;

use etcd_client::{Client, Error, KeyValue, LeaseKeepAliveStream, LeaseKeeper, PutOptions};
use futures_util::future::BoxFuture;
use tokio::sync::Mutex;
use tokio::time::timeout;
use tonic::Code;

use super::failure::{failure, no_answer};
use super::kept::Kept;
use super::range::{PATIENCE, Range};
use crate::access::EtcdAccess;
use crate::failure::Failure;
use crate::roster::{LEASE, Roster, Router, RouterId, RouterReport};

/// The keys `PREFIX/routers/ID` of an etcd, through its v3 API: what each router enforces, as JSON.
///
/// A key has a lease, so that it goes once its router has not been heard for that long; one that is there is never silent. Who
/// says something needs the right to write its own key, who reads that to read below `PREFIX/routers/`.
///
/// ```no_run
/// use ipgate_sources::{EtcdRoster, Failure, Roster};
/// # async fn read() -> Result<(), Failure> {
/// let roster = EtcdRoster::new(["http://127.0.0.1:2379"]).prefix("/deis");
/// for router in roster.all().await? {
///     println!("{}: {:?}", router.id, router.report.map(|report| report.digest));
/// }
/// # Ok(())
/// # }
/// ```
pub struct EtcdRoster {
    kept: Kept,
    /// With the slash behind it.
    prefix: String,
    lease: Duration,
    said: Mutex<Said>,
}

/// What this program has said, as far as that is known.
#[derive(Default)]
struct Said {
    lease: Option<i64>,
    /// Who keeps the lease alive, once it has been asked to.
    keeper: Option<(LeaseKeeper, LeaseKeepAliveStream)>,
    /// The value of which key is what.
    report: Option<(String, RouterReport)>,
    /// The revision at which it was written.
    revision: i64,
}

impl EtcdRoster {
    /// The etcd at these addresses, below `/deis`.
    pub fn new(access: impl Into<EtcdAccess>) -> EtcdRoster {
        let (prefix, said) = ("/deis/".to_owned(), Mutex::default());
        EtcdRoster { kept: Kept::new(access.into()), prefix, lease: LEASE, said }
    }

    /// The same below that prefix. A slash at its end makes no difference.
    #[must_use]
    pub fn prefix(self, prefix: &str) -> EtcdRoster {
        EtcdRoster { prefix: format!("{}/", prefix.trim_end_matches('/')), ..self }
    }

    /// The same, where a router that is not heard for that long is not there any more: 30 s unless set, in whole seconds. The
    /// server has a least time of its own, one and a half of its elections.
    #[must_use]
    pub fn lease(self, lease: Duration) -> EtcdRoster {
        EtcdRoster { lease: Duration::from_secs(lease.as_secs().max(1)), ..self }
    }

    fn directory(&self) -> String {
        format!("{}routers", self.prefix)
    }

    /// The answer to a request, in the words of sources. After a failure, the next one has a connection of its own.
    async fn heard<T>(&self, request: impl Future<Output = Result<T, Error>>) -> Result<T, Failure> {
        let answer = match timeout(PATIENCE, request).await {
            Ok(answer) => answer.map_err(|error| failure(&error)),
            Err(_) => Err(no_answer(PATIENCE)),
        };
        if answer.is_err() {
            self.kept.forget().await;
        }
        answer
    }
}

impl Roster for EtcdRoster {
    fn name(&self) -> String {
        format!("etcd {} {}", self.kept.access(), self.directory())
    }

    fn lease(&self) -> Duration {
        self.lease
    }

    fn say<'r>(&'r self, id: &'r RouterId, report: &'r RouterReport) -> BoxFuture<'r, Result<(), Failure>> {
        Box::pin(async move {
            let key = format!("{}/{id}", self.directory());
            let mut said = self.said.lock().await;
            let client = self.kept.client().await?;
            let answer = self.heard(said.say(&client, &key, report, self.lease)).await;
            if answer.is_err() {
                said.keeper = None;
            }
            answer.map_err(|failure| needing(failure, "write", &key))
        })
    }

    fn leave<'r>(&'r self, _: &'r RouterId) -> BoxFuture<'r, Result<(), Failure>> {
        Box::pin(async move {
            // Its key goes with the lease; another router of the same name has another one, and keeps its key.
            let Some(lease) = std::mem::take(&mut *self.said.lock().await).lease else { return Ok(()) };
            let client = self.kept.client().await?;
            self.heard(async { client.lease_client().revoke(lease).await }).await.map(drop)
        })
    }

    fn all(&self) -> BoxFuture<'_, Result<Vec<Router>, Failure>> {
        Box::pin(async move {
            let (directory, client) = (self.directory(), self.kept.client().await?);
            match Range::below(&directory).read(&client).await {
                Ok(reading) => Ok(reading.keys.iter().map(|key| router(key, directory.len() + 1)).collect()),
                Err(failure) => {
                    self.kept.forget().await;
                    Err(needing(failure, "read below", &format!("{directory}/")))
                }
            }
        })
    }
}

impl Said {
    async fn say(
        &mut self,
        client: &Client,
        key: &str,
        report: &RouterReport,
        lease: Duration,
    ) -> Result<(), Error> {
        let is_said = self.report.as_ref().is_some_and(|(at, said)| at == key && said == report);
        if is_said && self.is_renewed(client).await? {
            return Ok(());
        }
        // A lease that holds something else is not renewed before what is new stands there.
        self.report = None;
        if !self.is_put(client, key, report).await? {
            let seconds = i64::try_from(lease.as_secs()).unwrap_or(i64::MAX);
            let granted = client.lease_client().grant(seconds, None).await?;
            (self.lease, self.keeper) = (Some(granted.id()), None);
            if !self.is_put(client, key, report).await? {
                return Err(Error::LeaseKeepAliveError("the lease has ended at once".into()));
            }
        }
        self.report = Some((key.to_owned(), report.clone()));
        if !self.is_renewed(client).await? {
            self.report = None; // it is said anew the next time
        }
        Ok(())
    }

    /// Writes the key; not where there is no lease for it.
    async fn is_put(&mut self, client: &Client, key: &str, report: &RouterReport) -> Result<bool, Error> {
        let Some(lease) = self.lease else { return Ok(false) };
        let options = PutOptions::new().with_lease(lease);
        match client.kv_client().put(key, report.to_json(), Some(options)).await {
            Ok(answer) => {
                self.revision = answer.header().map_or(0, etcd_client::ResponseHeader::revision);
                Ok(true)
            }
            Err(Error::GRpcStatus(status)) if status.code() == Code::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Renews the lease; not where it has ended, or the store is one of before, in which the key may hold anything.
    async fn is_renewed(&mut self, client: &Client) -> Result<bool, Error> {
        let Some(lease) = self.lease else { return Ok(false) };
        if self.keeper.is_none() {
            match client.lease_client().keep_alive(lease).await {
                Err(Error::LeaseKeepAliveError(_)) => return Ok(false),
                made => self.keeper = Some(made?),
            }
        }
        let Some((keeper, answers)) = &mut self.keeper else { return Ok(false) };
        keeper.keep_alive().await?;
        let ended = || Error::LeaseKeepAliveError("the stream of renewals has ended".into());
        let answer = answers.message().await?.ok_or_else(ended)?;
        let revision = answer.header().map_or(0, etcd_client::ResponseHeader::revision);
        Ok(answer.ttl() > 0 && revision >= self.revision)
    }
}

/// A router, as its key has it: the name begins there.
fn router(key: &KeyValue, name: usize) -> Router {
    let id = key.key().get(name..).unwrap_or_default();
    Router {
        id: String::from_utf8_lossy(id).into_owned(),
        heard: None,
        is_silent: false,
        report: RouterReport::from_json(key.value()),
    }
}

/// A refusal with what has to be granted: the server does not say what it was about.
fn needing(failure: Failure, right: &str, key: &str) -> Failure {
    match failure {
        Failure::Denied(why) => Failure::Denied(format!("{why}; grant the right to {right} {key}")),
        other => other,
    }
}
