//! Forwards requests to one upstream, as RFC 9110 and 9112 want it of a gateway. Bodies stream both ways.
//!
//! It opens no tunnels (CONNECT, Upgrade, so no WebSockets), and speaks HTTP/1.1 without TLS on either side.

use std::error::Error;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};
use hyper::http::uri::PathAndQuery;
use hyper::{Method, Request, Response, StatusCode, Uri, Version};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::headers::{self, Bad};
use crate::upload::{Fault, Upload};

pub(crate) struct Proxy {
    upstream: Uri,
    client: Client<HttpConnector, Upload>,
    patience: Duration,
}

/// Why a request has no answer of the upstream.
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    /// What the client reads.
    pub(crate) sentence: &'static str,
    /// What the log says besides.
    pub(crate) detail: Option<String>,
}

impl From<Bad> for Refusal {
    fn from((status, sentence): Bad) -> Refusal {
        Refusal { status, sentence, detail: None }
    }
}

impl Proxy {
    /// A proxy for `http://host:port`, with a path if it has one; the next piece of a client's body may take as long as
    /// `patience`.
    pub(crate) fn new(upstream: Uri, patience: Duration) -> Proxy {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(Duration::from_secs(10)));
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector);
        Proxy { upstream, client, patience }
    }

    /// Sends the request on and returns the upstream's response; neither body is held back.
    pub(crate) async fn forward(
        &self,
        client: ipgate::client::Client,
        request: Request<Incoming>,
    ) -> Result<Response<Incoming>, Refusal> {
        let (mut head, body) = request.into_parts();
        if [Method::CONNECT, Method::TRACE].contains(&head.method) {
            let sentence = "This proxy opens no tunnels and traces nothing.\n";
            return Err((StatusCode::NOT_IMPLEMENTED, sentence).into());
        }
        let host = headers::host(&head)?;
        head.uri = self.target(&head.method, &head.uri)?;
        headers::remove_hop_by_hop(&mut head.headers)?;
        headers::set_client(&mut head.headers, client)?;
        if let Some(host) = host {
            head.headers.insert(header::HOST, host); // without one, the upstream's own is added
        }
        let via = if head.version == Version::HTTP_10 { "1.0 ipgate-router" } else { "1.1 ipgate-router" };
        head.headers.append(header::VIA, HeaderValue::from_static(via));
        head.version = Version::HTTP_11;

        let body = Upload::new(body, self.patience);
        let faults = body.faults();
        let answer = self.client.request(Request::from_parts(head, body)).await;
        let mut response = answer.map_err(|error| blame(&error, faults.get()))?;
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            return Err(unusable("It switches to a protocol that nobody asked for."));
        }
        headers::remove_hop_by_hop(response.headers_mut()).map_err(|(_, why)| unusable(why))?;
        *response.version_mut() = Version::HTTP_11;
        Ok(response)
    }

    /// Where the upstream finds what the client asks for.
    fn target(&self, method: &Method, asked: &Uri) -> Result<Uri, Refusal> {
        let base = self.upstream.path().trim_end_matches('/');
        let path = match asked.path_and_query().map_or("", PathAndQuery::as_str) {
            "*" if *method == Method::OPTIONS => "*".to_owned(),
            path if path.starts_with('/') && (base.is_empty() || !climbs(asked.path())) => {
                format!("{base}{path}")
            }
            query if asked.authority().is_some() && (query.is_empty() || query.starts_with('?')) => {
                format!("{base}/{query}")
            }
            _ => return Err(bad_target().into()),
        };
        let mut target = self.upstream.clone().into_parts();
        target.path_and_query = Some(path.parse().map_err(|_| bad_target())?);
        Uri::from_parts(target).map_err(|_| bad_target().into())
    }
}

fn bad_target() -> Bad {
    (StatusCode::BAD_REQUEST, "The target of the request is no path here.\n")
}

/// Whether a path has `..` in it, plain or in percent: with one, it could leave the upstream's path.
fn climbs(path: &str) -> bool {
    path.to_ascii_lowercase().replace("%2e", ".").split(['/', '\\']).any(|part| part == "..")
}

/// Whose fault it is that there is no response: a broken body is the client's, and all else the upstream's.
fn blame(error: &(dyn Error + 'static), fault: Option<&Fault>) -> Refusal {
    let (status, sentence) = match fault {
        Some(Fault::Broken) => {
            (StatusCode::BAD_REQUEST, "The body of the request is malformed or ends early.\n")
        }
        Some(Fault::Slow) => {
            (StatusCode::REQUEST_TIMEOUT, "The next piece of the body has not come in time.\n")
        }
        None => (StatusCode::BAD_GATEWAY, "The upstream does not answer.\n"),
    };
    // hyper keeps an error apart from its causes.
    let causes = std::iter::successors(Some(error), |&error| error.source());
    let detail = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
    Refusal { status, sentence, detail: Some(detail) }
}

fn unusable(why: &str) -> Refusal {
    let sentence = "The upstream's answer cannot be passed on.\n";
    Refusal { status: StatusCode::BAD_GATEWAY, sentence, detail: Some(why.trim_end().to_owned()) }
}
