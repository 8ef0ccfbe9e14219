//! The lists in an older etcd, changed where nobody else has changed them meanwhile.

use futures_util::future::BoxFuture;
use ipgate::site::AppName;

use super::answer::{ApiError, Body, Node};
use super::failure::store_error;
use super::http::{Http, directory};
use crate::access::EtcdAccess;
use crate::layout::{Layout, Version, write_into};
use crate::store::{Store, StoreError, Stored};

/// The lists of apps in an etcd, through its v2 API. Each key is compared by its index as it is written; the v2 API cannot
/// compare one key and write another.
///
/// ```no_run
/// use ipgate_sources::{EtcdV2Store, Store};
/// # async fn remove() -> Result<(), Box<dyn std::error::Error>> {
/// let store = EtcdV2Store::new(["http://127.0.0.1:4001"]).prefix("/deis");
/// let shop = "shop".parse()?;
/// let read = store.read(&shop).await?.ok_or("there is no such app")?;
/// store.write(&shop, None, &read).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct EtcdV2Store {
    access: EtcdAccess,
    /// With slashes around it.
    prefix: String,
    layout: Layout,
}

impl EtcdV2Store {
    /// The etcd at these addresses, below `/deis`, with the keys of Deis v1.
    pub fn new(access: impl Into<EtcdAccess>) -> EtcdV2Store {
        EtcdV2Store { access: access.into(), prefix: "/deis/".into(), layout: Layout::Deis }
    }

    /// The same below that prefix. Slashes at its ends make no difference.
    #[must_use]
    pub fn prefix(self, prefix: &str) -> EtcdV2Store {
        EtcdV2Store { prefix: directory(prefix), ..self }
    }

    /// The same with that layout.
    #[must_use]
    pub fn layout(self, layout: Layout) -> EtcdV2Store {
        EtcdV2Store { layout, ..self }
    }

    fn http(&self, turn: usize) -> Result<Http, StoreError> {
        let material = self.access.material()?;
        Ok(Http::new(&self.access, &material, turn)?)
    }

    /// The server to talk to: the first that answers.
    async fn connected(&self) -> Result<Http, StoreError> {
        let mut error = StoreError::Unreachable("no address of a server is given".into());
        for turn in 0..self.access.endpoints().len() {
            let http = self.http(turn)?;
            match http.ask(&self.prefix).await {
                Ok(_) => return Ok(http),
                Err(failure) => error = failure.into(),
            }
        }
        Err(error)
    }

    async fn node(&self, http: &Http, path: &str) -> Result<Option<Node>, StoreError> {
        match http.ask(&self.key(path)).await?.body {
            Body::Event(event) => Ok(Some(event.node)),
            Body::Error(error) if error.error_code == ApiError::NOT_FOUND => Ok(None),
            Body::Error(error) => Err(store_error(&error)),
            Body::Nothing => Err(StoreError::Unreachable("an answer without a body".into())),
        }
    }

    async fn has_domain(&self, http: &Http, app: &AppName) -> Result<bool, StoreError> {
        let domains = if self.layout.has_deis() { self.node(http, "domains").await? } else { None };
        let mut leaves = Vec::new();
        domains.iter().for_each(|domains| domains.leaves(&mut leaves));
        Ok(leaves.iter().any(|(_, value)| *value == app.as_str()))
    }

    fn key(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }
}

impl Store for EtcdV2Store {
    fn name(&self) -> String {
        format!("etcd-v2 {} {}", self.access, self.prefix.trim_end_matches('/'))
    }

    fn read<'s>(&'s self, app: &'s AppName) -> BoxFuture<'s, Result<Option<Stored>, StoreError>> {
        Box::pin(async move {
            let http = self.connected().await?;
            let mut version = Version::new(self.layout.places(app));
            for found in &mut version.found {
                let list = self.node(&http, &found.place.list).await?.filter(|node| !node.dir);
                found.is_there = list.is_some();
                if let Some(Node { value, modified_index, .. }) = list {
                    (found.text, found.revision) = (value.or_else(|| Some(String::new())), modified_index);
                }
                for directory in &found.place.directories {
                    found.is_there = found.is_there || self.node(&http, directory).await?.is_some();
                }
            }
            let is_there = version.is_there() || self.has_domain(&http, app).await?;
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
            let http = self.connected().await?;
            let places = self.layout.places(app);
            let (revisions, into) = write_into(&places, read, text)?;
            for (place, revision) in places.iter().zip(revisions) {
                let key = self.key(&place.list);
                let answer = match (text, revision) {
                    (Some(_), _) if place != into => continue,
                    (Some(text), 0) => http.put(&key, text, ("prevExist", "false")).await,
                    (Some(text), index) => http.put(&key, text, ("prevIndex", &index.to_string())).await,
                    (None, 0) => match self.node(&http, &place.list).await? {
                        Some(_) => return Err(StoreError::Conflict),
                        None => continue,
                    },
                    (None, index) => http.delete(&key, index).await,
                };
                if let Body::Error(error) = answer?.body {
                    return Err(store_error(&error));
                }
            }
            Ok(())
        })
    }
}
