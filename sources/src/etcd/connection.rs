//! A connection that notices within eight seconds that nobody is at the other end.

use std::time::Duration;

use etcd_client::{
    BalancedChannelBuilder, Certificate, Channel, Client, ConnectOptions, Identity, TlsOptions,
};
use http::{HeaderValue, Request, Uri};
use tokio::sync::mpsc::Sender;
use tokio::time::timeout;
use tonic::transport::Endpoint;
use tonic::transport::channel::Change;
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;

use super::failure::{failure, no_answer};
use super::range::PATIENCE;
use crate::access::{EtcdAccess, Material};
use crate::failure::Failure;

/// Without these a server that was stopped is silent for ever. One that is asked more often than every 5 s (its
/// `--grpc-keepalive-min-time`), or while nothing is open, ends the connection instead.
const KEEP_ALIVE: Duration = Duration::from_secs(6);
const KEEP_ALIVE_ANSWER: Duration = Duration::from_secs(2);
const CONNECT: Duration = Duration::from_secs(3);

/// Connects, as whom the material says.
pub(super) async fn connect(access: &EtcdAccess, material: &Material) -> Result<Client, Failure> {
    let mut options = ConnectOptions::new()
        .with_keep_alive(KEEP_ALIVE, KEEP_ALIVE_ANSWER)
        .with_keep_alive_while_idle(false)
        .with_connect_timeout(CONNECT)
        // One that is cut off from the others would go on with what it knows.
        .with_require_leader(true);
    if let Some((user, password)) = &material.user {
        options = options.with_user(user, password).with_auto_token_refresh(true);
    }
    if access.is_tls()? {
        options = options.with_tls(tls(material));
    }
    let client = match &material.token {
        Some(token) => {
            let token = HeaderValue::from_str(token).map_err(|_| {
                Failure::Denied("the token cannot be sent: it holds control characters".into())
            })?;
            let client =
                Client::connect_with_balanced_channel(access.endpoints(), Some(options), WithToken(token));
            timeout(PATIENCE, client).await
        }
        None => timeout(PATIENCE, Client::connect(access.endpoints(), Some(options))).await,
    };
    client.map_err(|_| no_answer(PATIENCE))?.map_err(|error| failure(&error))
}

fn tls(material: &Material) -> TlsOptions {
    let options = match &material.ca {
        Some(ca) => TlsOptions::new().ca_certificate(Certificate::from_pem(ca)),
        None => TlsOptions::new().with_native_roots(),
    };
    match &material.identity {
        Some((certificate, key)) => options.identity(Identity::from_pem(certificate, key)),
        None => options,
    }
}

/// A channel that sends a token with each request; the client itself can only ask for one with a password.
struct WithToken(HeaderValue);

impl BalancedChannelBuilder for WithToken {
    type Error = tonic::transport::Error;

    fn balanced_channel(
        self,
        buffer: usize,
    ) -> Result<(Channel, Sender<Change<Uri, Endpoint>>), Self::Error> {
        let (channel, endpoints) = tonic::transport::Channel::balance_channel(buffer);
        let mut token = self.0;
        token.set_sensitive(true);
        let channel =
            channel.map_err(Into::into).map_request(move |mut request: Request<tonic::body::Body>| {
                request.headers_mut().insert("token", token.clone());
                request
            });
        Ok((Channel::Custom(BoxCloneSyncService::new(channel)), endpoints))
    }
}
