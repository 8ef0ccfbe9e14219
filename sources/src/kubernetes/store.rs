//! A cluster as a place where lists are changed.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use ipgate::site::AppName;
use kube::api::{ListParams, Patch, PatchParams};
use serde_json::json;

use super::access::KubernetesAccess;
use super::annotated::Form;
use super::kept::Kept;
use super::kind::Kind;
use super::listed;
use super::names::KubernetesNames;
use super::object::{self, Key, Object};
use super::refused;
use super::stream::Scope;
use crate::statement::{Stated, StatedList};
use crate::store::{Store, StoreError, Stored};

/// The annotations of a cluster, to be written: the list of an app's Service, Ingress or HTTPRoute.
///
/// At a Service, what the older router understands, IPv4 without labels and denials, goes to `router.deis.io/whitelist`. What it
/// does not goes to `ipgate.dev/list` beside that, which then holds what is left for it: never more than the list admits. At an
/// Ingress and an HTTPRoute, the list goes to `ipgate.dev/list`, and what ingress-nginx may read of it to the annotation of
/// allowed ranges that is there. Where two write at once, one of them learns of it ([`StoreError::Conflict`]) and nothing is
/// lost. It needs the verbs `list` and `patch`.
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
    kept: Kept,
    names: Arc<KubernetesNames>,
    is_older_alone: bool,
}

impl fmt::Debug for KubernetesStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KubernetesStore").field("access", self.kept.access()).finish_non_exhaustive()
    }
}

impl KubernetesStore {
    /// The cluster that is reached like that. It is connected to when it is needed first.
    #[must_use]
    pub fn new(access: KubernetesAccess) -> KubernetesStore {
        KubernetesStore { kept: Kept::new(access), names: Arc::default(), is_older_alone: false }
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

    async fn client(&self) -> Result<kube::Client, StoreError> {
        Ok(self.kept.client().await?)
    }

    /// An answer in the words of stores.
    async fn heard<T>(&self, answer: kube::Result<T>) -> Result<T, StoreError> {
        self.kept.heard(answer).await.map_err(|error| refused::store(&error))
    }

    /// The object of an app: of its Services the first that has a list, or else the first; or its Ingress, or its HTTPRoute.
    async fn find(&self, app: &AppName) -> Result<Option<(Key, Object)>, StoreError> {
        let (namespace, name) = app.as_str().split_once('/').unwrap_or((app.as_str(), ""));
        if !is_dns_label(namespace) {
            return Ok(None);
        }
        let scope =
            |kind, labels, fields| Scope { kind, namespace: Some(namespace.to_owned()), labels, fields };
        let routable = format!("{}=true", self.names.routable);
        let mut found = self.listed(scope(Kind::Service, Some(routable), None), app).await?;
        found.sort_by_key(|(key, object)| (self.list(key, object).is_unset(), key.clone()));
        // The other kinds are named by both, and a name that is none would lead elsewhere.
        let others =
            if name.split('.').all(is_dns_label) { [Kind::Ingress, Kind::Route].as_slice() } else { &[] };
        for kind in others {
            if found.is_empty() {
                found = self.listed(scope(*kind, None, Some(format!("metadata.name={name}"))), app).await?;
            }
        }
        Ok(found.into_iter().next())
    }

    /// The objects of an app among those of a scope; none where the cluster has no such kind.
    async fn listed(&self, scope: Scope, app: &AppName) -> Result<Vec<(Key, Object)>, StoreError> {
        let parameters = ListParams {
            label_selector: scope.labels.clone(),
            field_selector: scope.fields.clone(),
            ..ListParams::default()
        };
        let kind = scope.kind;
        let listed = match scope.api(self.client().await?).list(&parameters).await {
            Err(kube::Error::Api(status)) if status.code == 404 && kind.may_be_absent() => {
                return Ok(Vec::new());
            }
            listed => self.heard(listed).await?,
        };
        let read = |item| object::read(kind, item, &self.names);
        let is_of_app = |(_, object): &(Key, Object)| object.app.as_ref() == Ok(app);
        Ok(listed.items.into_iter().map(read).filter(is_of_app).collect())
    }

    fn list(&self, key: &Key, object: &Object) -> Stated<StatedList> {
        listed::list(key, object, &self.names)
    }

    async fn stored(&self, app: &AppName) -> Result<Option<Stored>, StoreError> {
        let Some((key, object)) = self.find(app).await? else { return Ok(None) };
        let text = match self.list(&key, &object) {
            Stated::Unset => None,
            Stated::Set(StatedList::Text { text, .. }) => Some(text.to_string()),
            Stated::Set(StatedList::Ready(_)) => None, // annotations are text
            Stated::Bad(why) => return Err(StoreError::CannotSay(why)),
        };
        let caution = object.is_of_deis.then(|| {
            format!("the Deis controller keeps {app} (its {key} has the label heritage=deis): where that still runs, its next deploy puts its own list there again; change it with `deis` as well")
        });
        Ok(Some(Stored { text, version: version(&key, &object), caution }))
    }

    async fn patch(&self, app: &AppName, text: Option<&str>, read: &Stored) -> Result<(), StoreError> {
        // What was read names its object, so that no other of the same app is written by mistake.
        let Some((kind, namespace, name, version)) = parse_version(&read.version) else {
            return Err(StoreError::Conflict);
        };
        let scope = Scope { kind, namespace: Some(namespace.to_owned()), labels: None, fields: None };
        let objects = scope.api(self.client().await?);
        let form = Form { names: &self.names, is_older_alone: self.is_older_alone };
        // What else stands at an Ingress matters; a Service is known.
        let there = match kind {
            Kind::Service => BTreeMap::new(),
            _ => self.find(app).await?.ok_or(StoreError::NoSuchApp)?.1.annotations,
        };
        let annotations = form.change(app, kind, &there, text)?;
        let change = json!({ "metadata": { "resourceVersion": version, "annotations": annotations } });
        let patched = objects.patch(name, &PatchParams::default(), &Patch::Merge(change)).await;
        self.heard(patched).await.map(drop)
    }
}

impl Store for KubernetesStore {
    fn name(&self) -> String {
        format!("kubernetes {}", self.kept.access().name())
    }

    fn read<'s>(&'s self, app: &'s AppName) -> BoxFuture<'s, Result<Option<Stored>, StoreError>> {
        Box::pin(self.stored(app))
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
    format!("{}/{}/{}/{}", key.kind.plural(), key.namespace, key.name, object.version)
}

fn parse_version(version: &str) -> Option<(Kind, &str, &str, &str)> {
    let mut parts = version.splitn(4, '/');
    Some((Kind::of_plural(parts.next()?)?, parts.next()?, parts.next()?, parts.next()?))
}

/// What may be the name of a namespace (RFC 1123); anything else would lead elsewhere in an address.
fn is_dns_label(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}
