//! The lists in an etcd, changed where nobody else has changed them meanwhile.

use std::future::Future;

use etcd_client::{Client, Compare, CompareOp, Error, GetOptions, KeyValue, Txn, TxnOp, TxnOpResponse};
use futures_util::future::BoxFuture;
use ipgate::site::AppName;
use tokio::time::timeout;

use super::failure::{no_answer, store_error};
use super::kept::Kept;
use super::range::PATIENCE;
use crate::access::EtcdAccess;
use crate::failure::Failure;
use crate::layout::{self, Layout, Version};
use crate::store::{Store, StoreError, Stored};

/// The lists of apps in an etcd, through its v3 API.
///
/// ```no_run
/// use ipgate_sources::{EtcdStore, Store};
/// # async fn add() -> Result<(), Box<dyn std::error::Error>> {
/// let store = EtcdStore::new(["http://127.0.0.1:2379"]).prefix("/deis");
/// let shop = "shop".parse()?;
/// let read = store.read(&shop).await?.ok_or("there is no such app")?;
/// let text = format!("{},192.0.2.7:partner", read.text.as_deref().unwrap_or_default());
/// store.write(&shop, Some(text.trim_start_matches(',')), &read).await?;
/// # Ok(())
/// # }
/// ```
pub struct EtcdStore {
    kept: Kept,
    /// With the slash behind it.
    prefix: String,
    pub(super) layout: Layout,
}

impl EtcdStore {
    /// The etcd at these addresses, below `/deis`.
    pub fn new(access: impl Into<EtcdAccess>) -> EtcdStore {
        let (prefix, layout) = ("/deis/".to_owned(), Layout::default());
        EtcdStore { kept: Kept::new(access.into()), prefix, layout }
    }

    /// The same below that prefix. A slash at its end makes no difference.
    #[must_use]
    pub fn prefix(self, prefix: &str) -> EtcdStore {
        EtcdStore { prefix: format!("{}/", prefix.trim_end_matches('/')), ..self }
    }

    /// The same with that layout. With [`Layout::Auto`] a list is written where there is one, and new ones where the app is; what
    /// the router of Deis v1 cannot read is written into the plain layout.
    #[must_use]
    pub fn layout(self, layout: Layout) -> EtcdStore {
        EtcdStore { layout, ..self }
    }

    /// Calls that with the connection, which is made anew after a failure, and where credentials have changed.
    pub(super) async fn with_client<T, F>(&self, call: impl FnOnce(Client) -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let client = self.connected().await?;
        let answer = match timeout(PATIENCE, call(client)).await {
            Ok(answer) => answer.map_err(|error| store_error(&error)),
            Err(_) => Err(StoreError::Unreachable(no_answer(PATIENCE).to_string())),
        };
        if answer.is_err() {
            self.kept.forget().await;
        }
        answer
    }

    pub(super) async fn connected(&self) -> Result<Client, Failure> {
        self.kept.client().await
    }

    /// The keys that one transaction tells of: each place's list, and whether anything of the app is there.
    async fn look(&self, app: &AppName) -> Result<Version, StoreError> {
        let places = self.layout.places(app);
        let mut ops = Vec::new();
        for place in &places {
            ops.push(TxnOp::get(self.key(&place.list), None));
            for directory in &place.directories {
                let any = GetOptions::new().with_prefix().with_limit(1).with_keys_only();
                ops.push(TxnOp::get(self.key(directory), Some(any)));
            }
        }
        let answer =
            self.with_client(|client| async move { client.kv_client().txn(Txn::new().and_then(ops)).await });
        let mut answers = answer.await?.op_responses().into_iter();
        let mut next = || match answers.next() {
            Some(TxnOpResponse::Get(mut answer)) => answer.take_kvs(),
            _ => Vec::new(),
        };
        let mut version = Version::new(places);
        for found in &mut version.found {
            let list = next().into_iter().next();
            found.revision = list.as_ref().map_or(0, |list| list.mod_revision().unsigned_abs());
            found.text = list.as_ref().map(KeyValue::value).map(layout::list_text).transpose()?;
            found.is_there =
                found.place.directories.iter().fold(list.is_some(), |any, _| !next().is_empty() | any);
        }
        Ok(version)
    }

    /// Whether a domain of Deis v1 leads to the app: one may have that and nothing else.
    async fn has_domain(&self, app: &AppName) -> Result<bool, StoreError> {
        if !self.layout.has_deis() {
            return Ok(false);
        }
        let key = self.key("domains/");
        let all = GetOptions::new().with_prefix();
        let answer =
            self.with_client(|client| async move { client.kv_client().get(key, Some(all)).await }).await?;
        Ok(answer.kvs().iter().any(|domain| domain.value() == app.as_str().as_bytes()))
    }

    pub(super) fn key(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }
}

impl Store for EtcdStore {
    fn name(&self) -> String {
        format!("etcd {} {}", self.kept.access(), self.prefix.trim_end_matches('/'))
    }

    fn read<'s>(&'s self, app: &'s AppName) -> BoxFuture<'s, Result<Option<Stored>, StoreError>> {
        Box::pin(async move {
            let version = self.look(app).await?;
            let is_there = version.is_there() || self.has_domain(app).await?;
            Ok(is_there.then(|| version.stored()))
        })
    }

    fn write<'s>(
        &'s self,
        app: &'s AppName,
        text: Option<&'s str>,
        read: &'s Stored,
    ) -> BoxFuture<'s, Result<(), StoreError>> {
        Box::pin(async move {
            let places = self.layout.places(app);
            let (revisions, into) = layout::write_into(&places, read, text)?;
            let unchanged = places.iter().zip(&revisions).map(|(place, revision)| {
                // A key that is not there has the revision 0.
                Compare::mod_revision(
                    self.key(&place.list),
                    CompareOp::Equal,
                    i64::try_from(*revision).unwrap_or(-1),
                )
            });
            let change = match text {
                Some(text) => vec![TxnOp::put(self.key(&into.list), text, None)],
                // At one place alone the list of the other one would count again.
                None => places.iter().map(|place| TxnOp::delete(self.key(&place.list), None)).collect(),
            };
            let txn = Txn::new().when(unchanged.collect::<Vec<_>>()).and_then(change);
            let answer = self.with_client(|client| async move { client.kv_client().txn(txn).await }).await?;
            if answer.succeeded() { Ok(()) } else { Err(StoreError::Conflict) }
        })
    }
}
