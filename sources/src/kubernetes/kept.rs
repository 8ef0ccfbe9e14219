//! A client that is kept from one request to the next.

use std::sync::Arc;

use kube::Client;
use tokio::sync::{Mutex, Notify};

use super::access::KubernetesAccess;
use super::refused;
use crate::failure::Failure;

/// The client of an access: made when it is needed first, and anew after a refusal and where nobody answers, since the
/// kubeconfig or the token may be another by then.
pub(super) struct Kept {
    access: KubernetesAccess,
    client: Mutex<Option<Client>>,
}

impl Kept {
    pub(super) fn new(access: KubernetesAccess) -> Kept {
        Kept { access, client: Mutex::default() }
    }

    pub(super) fn access(&self) -> &KubernetesAccess {
        &self.access
    }

    /// The client.
    pub(super) async fn client(&self) -> Result<Client, Failure> {
        let mut kept = self.client.lock().await;
        if let Some(client) = kept.as_ref() {
            return Ok(client.clone());
        }
        let made = self.access.client(Arc::new(Notify::new())).await?;
        Ok(kept.insert(made).clone())
    }

    /// To be told every answer.
    pub(super) async fn heard<T>(&self, answer: kube::Result<T>) -> kube::Result<T> {
        let is_gone = |failure| matches!(failure, Failure::Denied(_) | Failure::Unreachable(_));
        if answer.as_ref().is_err_and(|error| is_gone(refused::failure(error))) {
            *self.client.lock().await = None;
        }
        answer
    }
}
