//! How the API server is reached.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kube::client::ClientBuilder;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use tokio::sync::Notify;
use tower::util::MapResponseLayer;

use super::refused;
use crate::failure::Failure;

/// A server that takes no connection for that long cannot be reached.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// One that says nothing for that long hangs. A watch ends before ([`super::stream::WATCH_SECONDS`]).
const ANSWER_TIMEOUT: Duration = Duration::from_secs(25);

/// Where the API server is, and who asks.
///
/// Files are read again whenever the server is connected to anew, and token files every minute beside, so that tokens,
/// certificates and kubeconfigs can be changed while it runs.
///
/// ```
/// use ipgate_sources::KubernetesAccess;
/// let admin = KubernetesAccess::kubeconfig("/etc/ipgate/kubeconfig").with_context("prod");
/// assert_ne!(admin, KubernetesAccess::in_cluster());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubernetesAccess(Access);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Access {
    InCluster,
    Kubeconfig { path: Option<PathBuf>, context: Option<String> },
}

impl KubernetesAccess {
    /// The service account of the pod that this runs in.
    #[must_use]
    pub fn in_cluster() -> KubernetesAccess {
        KubernetesAccess(Access::InCluster)
    }

    /// That kubeconfig, and its current context.
    #[must_use]
    pub fn kubeconfig(path: impl Into<PathBuf>) -> KubernetesAccess {
        KubernetesAccess(Access::Kubeconfig { path: Some(path.into()), context: None })
    }

    /// The kubeconfig that kubectl takes: of `KUBECONFIG`, or `~/.kube/config`.
    #[must_use]
    pub fn default_kubeconfig() -> KubernetesAccess {
        KubernetesAccess(Access::Kubeconfig { path: None, context: None })
    }

    /// The same with that context of the kubeconfig; nothing else has one.
    #[must_use]
    pub fn with_context(self, name: impl Into<String>) -> KubernetesAccess {
        match self.0 {
            Access::InCluster => self,
            Access::Kubeconfig { path, .. } => {
                KubernetesAccess(Access::Kubeconfig { path, context: Some(name.into()) })
            }
        }
    }

    /// What it is called in messages.
    pub(super) fn name(&self) -> String {
        match &self.0 {
            Access::InCluster => "in-cluster".into(),
            Access::Kubeconfig { path, context } => {
                let path =
                    path.as_ref().map_or_else(|| "kubeconfig".into(), |path| path.display().to_string());
                context.iter().fold(path, |path, context| format!("{path} context {context}"))
            }
        }
    }

    /// A client; `answered` is told of every answer that is none of an error.
    pub(super) async fn client(&self, answered: Arc<Notify>) -> Result<Client, Failure> {
        let mut config = self.config().await?;
        config.connect_timeout = Some(CONNECT_TIMEOUT);
        config.read_timeout = Some(ANSWER_TIMEOUT);
        config.reset_reader_on_write = true; // counted from the question, not from when the connection fell idle
        config.default_retry = false; // whoever asks has a back-off of its own
        provide_cryptography();
        let builder = ClientBuilder::try_from(config).map_err(|error| refused::failure(&error))?;
        let noted = MapResponseLayer::new(move |response: ::http::Response<_>| {
            if response.status().is_success() {
                answered.notify_one();
            }
            response
        });
        Ok(builder.with_layer(&noted).build())
    }

    async fn config(&self) -> Result<Config, Failure> {
        match &self.0 {
            Access::InCluster => Config::incluster().map_err(|error| {
                Failure::Unreadable(format!("this does not run in a pod with a service account: {error}"))
            }),
            Access::Kubeconfig { path, context } => {
                let read = match path {
                    Some(path) => Kubeconfig::read_from(path),
                    None => Kubeconfig::read(),
                };
                let kubeconfig = read.map_err(|error| refused::kubeconfig(&error))?;
                let options = KubeConfigOptions { context: context.clone(), ..KubeConfigOptions::default() };
                let config = Config::from_custom_kubeconfig(kubeconfig, &options).await;
                config.map_err(|error| refused::kubeconfig(&error))
            }
        }
    }
}

/// A program in which crates bring several implementations of TLS's cryptography has to choose one, or none is taken.
fn provide_cryptography() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Where somebody else was quicker, theirs is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}
