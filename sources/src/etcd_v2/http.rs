//! Requests of the v2 API.

use std::time::Duration;

use reqwest::{Client, Method, StatusCode, Url};

use super::answer::{Answer, Body};
use super::failure::unreachable;
use super::tls;
use crate::access::{EtcdAccess, Material};
use crate::failure::Failure;

/// A server that has not answered by then will not.
const PATIENCE: Duration = Duration::from_secs(10);
/// The same for one that waits for a change: then it is asked again, since a connection may be dead at one end.
const POLL_PATIENCE: Duration = Duration::from_secs(60);
const CONNECT: Duration = Duration::from_secs(3);

/// One server of a cluster.
#[derive(Debug)]
pub(super) struct Http {
    client: Client,
    server: Url,
    user: Option<(String, Secret)>,
}

/// A password, which is shown to nobody.
struct Secret(String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl Http {
    /// The server with that number, of those that there are.
    pub(super) fn new(access: &EtcdAccess, material: &Material, number: usize) -> Result<Http, Failure> {
        let none = || Failure::Unreachable("no address of a server is given".into());
        let endpoints = access.endpoints();
        let endpoint =
            endpoints.get(number.checked_rem(endpoints.len()).ok_or_else(none)?).ok_or_else(none)?;
        let scheme = if access.is_tls()? { "https" } else { "http" };
        let endpoint =
            if endpoint.contains("://") { endpoint.clone() } else { format!("{scheme}://{endpoint}") };
        let server = Url::parse(&endpoint).ok().filter(|url| !url.cannot_be_a_base());
        let server =
            server.ok_or_else(|| Failure::Unreachable(format!("{access}: not all are addresses")))?;
        let client = Client::builder().connect_timeout(CONNECT).tcp_nodelay(true).no_proxy();
        let client = client
            .redirect(reqwest::redirect::Policy::limited(3))
            .tls_backend_preconfigured(tls::config(material)?);
        let user = material.user.clone().map(|(name, password)| (name, Secret(password)));
        Ok(Http { client: client.build().map_err(unreachable)?, server, user })
    }

    /// A node as a majority has it; a directory with all that is below.
    pub(super) async fn read(&self, key: &str) -> Result<Answer, Failure> {
        self.send(Method::GET, key, &[("recursive", "true"), ("quorum", "true")], None, PATIENCE).await
    }

    /// Whether a node is there, and that it may be read: without what is below.
    pub(super) async fn ask(&self, key: &str) -> Result<Answer, Failure> {
        self.send(Method::GET, key, &[("quorum", "true")], None, PATIENCE).await
    }

    /// The first change of a node, or of what is below, from that index on. `None` where there was none for a while.
    pub(super) async fn poll(&self, key: &str, index: u64) -> Result<Option<Answer>, Failure> {
        let query = [("wait", "true"), ("recursive", "true"), ("waitIndex", &index.to_string())];
        match tokio::time::timeout(
            POLL_PATIENCE,
            self.send(Method::GET, key, &query, None, POLL_PATIENCE * 2),
        )
        .await
        {
            Ok(answer) => answer.map(Some),
            Err(_) => Ok(None),
        }
    }

    /// Sets a key, where that holds.
    pub(super) async fn put(&self, key: &str, value: &str, holds: (&str, &str)) -> Result<Answer, Failure> {
        self.send(Method::PUT, key, &[holds], Some(value), PATIENCE).await
    }

    /// Removes a key, where it is as at that index.
    pub(super) async fn delete(&self, key: &str, index: u64) -> Result<Answer, Failure> {
        self.send(Method::DELETE, key, &[("prevIndex", &index.to_string())], None, PATIENCE).await
    }

    async fn send(
        &self,
        method: Method,
        key: &str,
        query: &[(&str, &str)],
        value: Option<&str>,
        patience: Duration,
    ) -> Result<Answer, Failure> {
        let mut request = self.client.request(method, self.url(key, query)).timeout(patience);
        if let Some((name, Secret(password))) = &self.user {
            request = request.basic_auth(name, Some(password));
        }
        if let Some(value) = value {
            request = request.header("content-type", "application/x-www-form-urlencoded").body(form(value));
        }
        let response = request.send().await.map_err(unreachable)?;
        let (status, headers) = (response.status(), response.headers());
        let header =
            |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let (index, cluster) = (header("x-etcd-index"), header("x-etcd-cluster-id"));
        let bytes = response.bytes().await.map_err(unreachable)?;
        if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            return Err(Failure::Denied(format!("{status} for {key}")));
        }
        let body = match status {
            _ if status.is_success() && bytes.is_empty() => Ok(Body::Nothing),
            _ if status.is_success() => serde_json::from_slice(&bytes).map(Body::Event),
            _ => serde_json::from_slice(&bytes).map(Body::Error),
        };
        let body = match body {
            Ok(body) => body,
            Err(_) if status.is_server_error() => return Err(Failure::Unreachable(status.to_string())),
            Err(error) => return Err(Failure::Unreadable(format!("{status} for {key}: {error}"))),
        };
        Ok(Answer { body, index: index.parse().unwrap_or_default(), cluster })
    }

    fn url(&self, key: &str, query: &[(&str, &str)]) -> Url {
        let mut url = self.server.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["v2", "keys"]).extend(key.trim_matches('/').split('/'));
        }
        url.query_pairs_mut().extend_pairs(query);
        url
    }
}

/// A value as a form has it.
fn form(value: &str) -> String {
    let mut url = match Url::parse("form:") {
        Ok(url) => url,
        Err(_) => return String::new(),
    };
    url.query_pairs_mut().append_pair("value", value);
    url.query().unwrap_or_default().to_owned()
}

/// A prefix with slashes around it.
pub(super) fn directory(prefix: &str) -> String {
    match prefix.trim_matches('/') {
        "" => "/".to_owned(),
        prefix => format!("/{prefix}/"),
    }
}
