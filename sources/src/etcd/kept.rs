//! A connection that is kept from one request to the next.

use etcd_client::Client;
use tokio::sync::Mutex;

use super::connection::connect;
use crate::access::{EtcdAccess, Material};
use crate::failure::Failure;

/// The connection of an access: made when it is needed first, anew where the files of the access hold something else, and
/// anew after a failure.
pub(super) struct Kept {
    access: EtcdAccess,
    /// With what the files held when it was made.
    client: Mutex<Option<(Client, Material)>>,
}

impl Kept {
    pub(super) fn new(access: EtcdAccess) -> Kept {
        Kept { access, client: Mutex::new(None) }
    }

    pub(super) fn access(&self) -> &EtcdAccess {
        &self.access
    }

    /// The connection.
    pub(super) async fn client(&self) -> Result<Client, Failure> {
        let material = self.access.material()?;
        let mut kept = self.client.lock().await;
        if let Some((client, _)) = kept.as_ref().filter(|(_, connected)| *connected == material) {
            return Ok(client.clone());
        }
        let client = connect(&self.access, &material).await?;
        *kept = Some((client.clone(), material));
        Ok(client)
    }

    /// To be called after a failure.
    pub(super) async fn forget(&self) {
        *self.client.lock().await = None;
    }
}
