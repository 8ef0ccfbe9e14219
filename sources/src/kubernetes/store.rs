//! A cluster as a place where lists are changed.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use ipgate::list::Parser;
use ipgate::site::AppName;
use kube::Client;
use kube::api::{ListParams, Patch, PatchParams};
use serde_json::{Value, json};
use tokio::sync::{Mutex, Notify};

use super::access::KubernetesAccess;
use super::kind::Kind;
use super::names::KubernetesNames;
use super::object::{self, Key, Object};
use super::refused;
use super::stream::Scope;
use super::written::{Older, older};
use crate::failure::Failure;
use crate::store::{Store, StoreError, Stored};

/// What the annotations of an object may hold together (Kubernetes, `TotalAnnotationSizeLimitB`).
const MAX_ANNOTATION_BYTES: usize = 256 * 1024;

/// The annotations of a cluster, to be written: the list of an app's Service.
///
/// What the older router understands, IPv4 without labels and denials, goes to `router.deis.io/whitelist`. What it does not goes
/// to `ipgate.dev/list` beside that, which then holds what is left for it: never more than the list admits. Where two write at
/// once, one of them learns of it ([`StoreError::Conflict`]) and nothing is lost. It needs the verbs `list` and `patch`.
///
/// ```no_run
/// use ipgate_sources::{KubernetesAccess, KubernetesStore, Store, StoreError};
/// # async fn change() -> Result<(), StoreError> {
/// let store = KubernetesStore::new(KubernetesAccess::in_cluster());
/// let app = "shop".parse().expect("a name");
/// let stored = store.read(&app).await?.ok_or(StoreError::NoSuchApp)?;
/// store.write(&app, Some("192.0.2.7:partner"), &stored).await
/// # }
/// ```
pub struct KubernetesStore {
    access: KubernetesAccess,
    names: Arc<KubernetesNames>,
    is_older_alone: bool,
    /// Made when it is needed first, and anew after a refusal: the kubeconfig or the token may be another by then.
    client: Mutex<Option<Client>>,
}

impl fmt::Debug for KubernetesStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KubernetesStore").field("access", &self.access).finish_non_exhaustive()
    }
}

impl KubernetesStore {
    /// The cluster that is reached like that. It is connected to when it is needed first.
    #[must_use]
    pub fn new(access: KubernetesAccess) -> KubernetesStore {
        KubernetesStore { access, names: Arc::default(), is_older_alone: false, client: Mutex::default() }
    }

    /// The same with other names of annotations and labels.
    #[must_use]
    pub fn with_names(self, names: KubernetesNames) -> KubernetesStore {
        KubernetesStore { names: Arc::new(names), ..self }
    }

    /// The same, where `router.deis.io/whitelist` alone is written, and a list that it cannot hold is refused
    /// ([`StoreError::CannotSay`]): for clusters whose routers are still the older ones.
    #[must_use]
    pub fn older_form_alone(self) -> KubernetesStore {
        KubernetesStore { is_older_alone: true, ..self }
    }

    /// Whether the controller of Deis keeps that app (its label `heritage` is `deis`). Where it still runs it has the word:
    /// its next deploy writes its own list over what is written here, or removes it. Whoever writes should be warned.
    ///
    /// # Errors
    ///
    /// As [`Store::read`], and [`StoreError::NoSuchApp`].
    pub async fn is_kept_by_deis(&self, app: &AppName) -> Result<bool, StoreError> {
        Ok(self.find(app).await?.ok_or(StoreError::NoSuchApp)?.1.is_of_deis)
    }

    async fn client(&self) -> Result<Client, StoreError> {
        let mut kept = self.client.lock().await;
        if let Some(client) = kept.as_ref() {
            return Ok(client.clone());
        }
        let made = self.access.client(Arc::new(Notify::new())).await.map_err(|failure| match failure {
            Failure::Denied(why) => StoreError::Denied(why),
            other => StoreError::Unreachable(other.to_string()),
        })?;
        Ok(kept.insert(made).clone())
    }

    /// An answer in the words of stores.
    async fn heard<T>(&self, answer: kube::Result<T>) -> Result<T, StoreError> {
        let heard = answer.map_err(|error| refused::store(&error));
        if matches!(heard, Err(StoreError::Denied(_))) {
            *self.client.lock().await = None;
        }
        heard
    }

    /// The Service of an app: the first that has a list, or else the first.
    async fn find(&self, app: &AppName) -> Result<Option<(Key, Object)>, StoreError> {
        let namespace = app.as_str().split_once('/').map_or(app.as_str(), |(namespace, _)| namespace);
        if !is_dns_label(namespace) {
            return Ok(None);
        }
        let scope = Scope {
            kind: Kind::Service,
            namespace: Some(namespace.to_owned()),
            labels: Some(format!("{}=true", self.names.routable)),
            fields: None,
        };
        let parameters = ListParams { label_selector: scope.labels.clone(), ..ListParams::default() };
        let listed = scope.api(self.client().await?).list(&parameters).await;
        let listed = self.heard(listed).await?;
        let read = |item| object::read(Kind::Service, item, &self.names);
        let mut found: Vec<(Key, Object)> =
            listed.items.into_iter().map(read).filter(|(_, object)| object.app.as_ref() == Ok(app)).collect();
        found.sort_by_key(|(key, object)| (self.text(object).is_none(), key.clone()));
        Ok(found.into_iter().next())
    }

    fn text(&self, object: &Object) -> Option<String> {
        let value = |name| object.annotations.get(name);
        value(&self.names.list).or_else(|| value(&self.names.whitelist)).cloned()
    }

    /// The values of the two annotations for a text: that of the older form, and that in the grammar of lists. `Null` removes
    /// one, and one that is not named stays.
    fn annotations(&self, app: &AppName, text: Option<&str>) -> Result<Value, StoreError> {
        let [list, whitelist] = [self.names.list.as_str(), self.names.whitelist.as_str()];
        let Some(text) = text else { return Ok(json!({ list: null, whitelist: null })) };
        let cannot = |why: String| StoreError::CannotSay(why);
        if text.len() > MAX_ANNOTATION_BYTES {
            return Err(cannot(format!(
                "the list of the app {app} has {} bytes, and the annotations of an object hold {MAX_ANNOTATION_BYTES}: put the list at an address, to be followed by `url` with `sha256`",
                text.len()
            )));
        }
        let parsed = Parser::new().source(app.as_str()).parse(text);
        let parsed = parsed.map_err(|rejected| cannot(rejected.to_string()))?;
        match older(&parsed.list) {
            Older::Same(same) => Ok(json!({ list: null, whitelist: same })),
            Older::Narrower { why, .. } if self.is_older_alone => Err(cannot(format!(
                "the annotation {whitelist} cannot hold the list of the app {app}: {why}; permit {list} beside it"
            ))),
            Older::Narrower { text: Some(narrower), .. } => Ok(json!({ list: text, whitelist: narrower })),
            // What stands there for the older routers is closer to that than nothing, which opens.
            Older::Narrower { text: None, .. } => Ok(json!({ list: text })),
        }
    }

    async fn patch(&self, app: &AppName, text: Option<&str>, read: &Stored) -> Result<(), StoreError> {
        let annotations = self.annotations(app, text)?;
        // What was read names its object, so that no other of the same app is written by mistake.
        let Some((namespace, name, version)) = parse_version(&read.version) else {
            return Err(StoreError::Conflict);
        };
        let scope =
            Scope { kind: Kind::Service, namespace: Some(namespace.to_owned()), labels: None, fields: None };
        let change = json!({ "metadata": { "resourceVersion": version, "annotations": annotations } });
        let services = scope.api(self.client().await?);
        let patched = services.patch(name, &PatchParams::default(), &Patch::Merge(change)).await;
        self.heard(patched).await.map(drop)
    }
}

impl Store for KubernetesStore {
    fn name(&self) -> String {
        format!("kubernetes {}", self.access.name())
    }

    fn read<'s>(&'s self, app: &'s AppName) -> BoxFuture<'s, Result<Option<Stored>, StoreError>> {
        Box::pin(async move {
            let found = self.find(app).await?;
            Ok(found
                .map(|(key, object)| Stored { text: self.text(&object), version: version(&key, &object) }))
        })
    }

    fn write<'s>(
        &'s self,
        app: &'s AppName,
        text: Option<&'s str>,
        read: &'s Stored,
    ) -> BoxFuture<'s, Result<(), StoreError>> {
        Box::pin(self.patch(app, text, read))
    }
}

/// Which object was read, and which version of it.
fn version(key: &Key, object: &Object) -> String {
    format!("{}/{}/{}", key.namespace, key.name, object.version)
}

fn parse_version(version: &str) -> Option<(&str, &str, &str)> {
    let (namespace, rest) = version.split_once('/')?;
    let (name, version) = rest.split_once('/')?;
    Some((namespace, name, version))
}

/// What may be the name of a namespace (RFC 1123); anything else would lead elsewhere in an address.
fn is_dns_label(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}
