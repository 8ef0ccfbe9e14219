//! From the configuration to sources, to the stores that changes go to, and to the rosters where routers say what they enforce:
//! the one place that knows every kind.

use std::sync::Arc;

use ipgate::list::Parser;
#[cfg(feature = "crowdsec")]
use ipgate_sources::CrowdSecSource;
#[cfg(feature = "http")]
use ipgate_sources::HttpSource;
#[cfg(any(feature = "etcd", feature = "etcd-v2"))]
use ipgate_sources::{EtcdAccess, Layout};
#[cfg(feature = "etcd")]
use ipgate_sources::{EtcdRoster, EtcdSource, EtcdStore};
#[cfg(feature = "etcd-v2")]
use ipgate_sources::{EtcdV2Source, EtcdV2Store};
use ipgate_sources::{FolderSource, FolderStore, Roster, Source, Store};
#[cfg(feature = "kubernetes")]
use ipgate_sources::{KubernetesAccess, KubernetesRoster, KubernetesSource, KubernetesStore};

#[cfg(feature = "crowdsec")]
use crate::config::CrowdSecConfig;
#[cfg(feature = "http")]
use crate::config::HttpConfig;
use crate::config::{Config, SourceConfig};
#[cfg(any(feature = "etcd", feature = "etcd-v2"))]
use crate::config::{EtcdConfig, LayoutConfig};
#[cfg(feature = "kubernetes")]
use crate::config::{KubernetesConfig, ObjectConfig};

/// The sources that a configuration names, in the order of their word.
///
/// # Errors
///
/// A sentence where one of them cannot be had.
pub fn sources(config: &Config) -> Result<Vec<Box<dyn Source>>, String> {
    let parser = parser(config);
    config.sources.iter().map(|source| self::source(source, &parser)).collect()
}

/// How lists are parsed.
#[must_use]
pub fn parser(config: &Config) -> Parser {
    Parser::new().lenient(config.lenient)
}

fn source(config: &SourceConfig, parser: &Parser) -> Result<Box<dyn Source>, String> {
    Ok(match config {
        SourceConfig::Folder(folder) => Box::new(FolderSource::new(&folder.path).parser(parser.clone())),
        #[cfg(feature = "etcd")]
        SourceConfig::Etcd(etcd) => {
            Box::new(EtcdSource::new(etcd_access(etcd)).prefix(prefix(etcd)).layout(layout(etcd)))
        }
        #[cfg(feature = "etcd-v2")]
        SourceConfig::EtcdV2(etcd) => {
            Box::new(EtcdV2Source::new(etcd_access(etcd)).prefix(prefix(etcd)).layout(layout(etcd)))
        }
        #[cfg(feature = "kubernetes")]
        SourceConfig::Kubernetes(kubernetes) => Box::new(kubernetes_source(kubernetes)),
        #[cfg(feature = "http")]
        SourceConfig::Http(http) => Box::new(http_source(http)?),
        #[cfg(feature = "crowdsec")]
        SourceConfig::CrowdSec(crowdsec) => Box::new(crowdsec_source(crowdsec)?),
        #[allow(unreachable_patterns, reason = "without some of the features there are others")]
        other => return Err(left_out(other)),
    })
}

/// Where changes go: the first source that can be written.
///
/// # Errors
///
/// A sentence where it cannot be had, or none can be written.
pub fn store(config: &Config) -> Result<Arc<dyn Store>, String> {
    let mut stores = config.sources.iter().filter_map(|source| store_of(source).transpose());
    stores.next().unwrap_or_else(|| {
        Err("`control` is asked for, and no source can be written: an image, a web address and CrowdSec cannot, folders, etcd and Kubernetes can".to_owned())
    })
}

fn store_of(config: &SourceConfig) -> Result<Option<Arc<dyn Store>>, String> {
    Ok(Some(match config {
        SourceConfig::Folder(folder) if folder.path.is_file() => return Ok(None),
        SourceConfig::Folder(folder) => Arc::new(FolderStore::new(&folder.path)),
        #[cfg(feature = "etcd")]
        SourceConfig::Etcd(etcd) => {
            Arc::new(EtcdStore::new(etcd_access(etcd)).prefix(prefix(etcd)).layout(layout(etcd)))
        }
        #[cfg(feature = "etcd-v2")]
        SourceConfig::EtcdV2(etcd) => {
            Arc::new(EtcdV2Store::new(etcd_access(etcd)).prefix(prefix(etcd)).layout(layout(etcd)))
        }
        #[cfg(feature = "kubernetes")]
        SourceConfig::Kubernetes(kubernetes) => Arc::new(kubernetes_store(kubernetes)),
        SourceConfig::Http(_) | SourceConfig::CrowdSec(_) => return Ok(None),
        #[allow(unreachable_patterns, reason = "without some of the features there are others")]
        other => return Err(left_out(other)),
    }))
}

/// Where this router says what it enforces, and reads what others do.
#[must_use]
pub fn rosters(config: &Config) -> Vec<Arc<dyn Roster>> {
    config.sources.iter().filter(|source| source.confirms()).filter_map(roster_of).collect()
}

fn roster_of(source: &SourceConfig) -> Option<Arc<dyn Roster>> {
    match source {
        #[cfg(feature = "etcd")]
        SourceConfig::Etcd(etcd) => Some(Arc::new(EtcdRoster::new(etcd_access(etcd)).prefix(prefix(etcd)))),
        #[cfg(feature = "kubernetes")]
        SourceConfig::Kubernetes(kubernetes) => {
            Some(Arc::new(KubernetesRoster::new(kubernetes_access(kubernetes))))
        }
        SourceConfig::Folder(_) | SourceConfig::EtcdV2(_) | SourceConfig::Http(_) => None,
        #[allow(unreachable_patterns, reason = "without some of the features there are others")]
        _ => None, // it cannot be a source either, which is told
    }
}

fn left_out(config: &SourceConfig) -> String {
    let kind = config.kind();
    format!("this ipgated was built without sources of kind `{kind}`; build it with `--features {kind}`")
}

#[cfg(any(feature = "etcd", feature = "etcd-v2"))]
fn etcd_access(config: &EtcdConfig) -> EtcdAccess {
    let mut access = EtcdAccess::new(&config.endpoints);
    if let (Some(user), Some(file)) = (&config.user, &config.password_file) {
        access = access.user(user, file);
    }
    if let (Some(cert), Some(key)) = (&config.cert, &config.key) {
        access = access.identity(cert, key);
    }
    let access = config.token_file.iter().fold(access, EtcdAccess::token);
    config.ca.iter().fold(access, EtcdAccess::ca)
}

#[cfg(any(feature = "etcd", feature = "etcd-v2"))]
fn prefix(config: &EtcdConfig) -> &str {
    config.prefix.as_deref().unwrap_or("/deis")
}

#[cfg(any(feature = "etcd", feature = "etcd-v2"))]
fn layout(config: &EtcdConfig) -> Layout {
    match config.layout {
        LayoutConfig::Auto => Layout::Auto,
        LayoutConfig::Deis => Layout::Deis,
        LayoutConfig::Plain => Layout::Plain,
    }
}

/// In a pod its service account, unless a kubeconfig is named; elsewhere the kubeconfig that kubectl takes.
#[cfg(feature = "kubernetes")]
fn kubernetes_access(config: &KubernetesConfig) -> KubernetesAccess {
    let access = match &config.kubeconfig {
        Some(path) => KubernetesAccess::kubeconfig(path),
        None if std::env::var_os("KUBERNETES_SERVICE_HOST").is_some() => KubernetesAccess::in_cluster(),
        None => KubernetesAccess::default_kubeconfig(),
    };
    config.context.iter().fold(access, KubernetesAccess::with_context)
}

#[cfg(feature = "kubernetes")]
fn kubernetes_source(config: &KubernetesConfig) -> KubernetesSource {
    let source = KubernetesSource::new(kubernetes_access(config)).with_names(config.names.clone());
    let source = config.namespaces.iter().fold(source, KubernetesSource::with_namespace);
    let source = config.platform_domain.iter().fold(source, KubernetesSource::with_platform_domain);
    let source = config
        .router()
        .into_iter()
        .fold(source, |source, (namespace, name)| source.with_router(namespace, name));
    type Without = fn(KubernetesSource) -> KubernetesSource;
    let left_out: [(ObjectConfig, Without); 4] = [
        (ObjectConfig::Router, KubernetesSource::without_router),
        (ObjectConfig::Services, KubernetesSource::without_services),
        (ObjectConfig::Ingresses, KubernetesSource::without_ingresses),
        (ObjectConfig::HttpRoutes, KubernetesSource::without_routes),
    ];
    let left_out = left_out.into_iter().filter(|(kind, _)| !config.looks_at(*kind));
    left_out.fold(source, |source, (_, without)| without(source))
}

#[cfg(feature = "kubernetes")]
fn kubernetes_store(config: &KubernetesConfig) -> KubernetesStore {
    let store = KubernetesStore::new(kubernetes_access(config)).with_names(config.names.clone());
    if config.older_form { store.older_form_alone() } else { store }
}

#[cfg(feature = "http")]
fn http_source(config: &HttpConfig) -> Result<HttpSource, String> {
    let mut source = HttpSource::new(&config.url)?;
    if let Some(app) = &config.app {
        source = source.of_app(app.parse().map_err(|error: ipgate::site::AppNameError| error.to_string())?);
    }
    if let Some(interval) = config.interval {
        source = source.interval(interval.duration());
    }
    if let Some(sum) = config.sha256 {
        source = source.pinned(sum.bytes());
    }
    let source = config.token_file.iter().fold(source, HttpSource::token_file);
    Ok(config.ca.iter().fold(source, HttpSource::authority))
}

#[cfg(feature = "crowdsec")]
fn crowdsec_source(config: &CrowdSecConfig) -> Result<CrowdSecSource, String> {
    let source = CrowdSecSource::new(&config.url, &config.key_file)?;
    let source = config.interval.iter().fold(source, |source, interval| source.interval(interval.duration()));
    Ok(config.ca.iter().fold(source, CrowdSecSource::authority))
}
