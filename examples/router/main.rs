//! An HTTP/1.1 reverse proxy that admits the clients on a list: `cargo run --release --example router`
//!
//! The path of a request: [`Router::serve`] → [`Router::client`] (whose it is) → [`admit`] (the gate's verdict) →
//! [`Proxy::forward`] → the upstream. The gate is asked when a connection is accepted, too: [`Slots`].

mod headers;
mod log;
mod proxy;
mod settings;
mod upload;

use std::error::Error;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use http_body_util::{Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulConnection, GracefulShutdown};
use ipgate::client::{Client, ClientRule, NoClient};
use ipgate::{Gate, List, Watch, canonical_address};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_io_timeout::TimeoutStream;

use log::{log, log_outcome};
use proxy::{Proxy, Refusal};
use settings::{Settings, cannot_listen, office_list, print_what_to_try};

type Body = Either<Incoming, Full<Bytes>>;

/// What every connection shares.
struct Router {
    gate: Gate,
    client: ClientRule,
    proxy: Proxy,
    slots: Slots,
    deny_status: StatusCode,
    patience: Duration,
}

/// Room for connections. Strangers have their own, so that all of them together keep out nobody who is on the list.
struct Slots {
    listed: Arc<Semaphore>,
    others: Arc<Semaphore>,
}

#[tokio::main]
async fn main() {
    if let Err(error) = run(Settings::parse()).await {
        eprintln!("router: {error}");
        std::process::exit(1);
    }
}

async fn run(settings: Settings) -> Result<(), Box<dyn Error>> {
    let client = settings.client();
    let listener =
        TcpListener::bind(settings.listen).await.map_err(|e| cannot_listen(settings.listen, &e))?;
    let address = listener.local_addr()?;
    let upstream = match settings.upstream {
        Some(uri) if uri.scheme_str() == Some("http") && uri.query().is_none() => uri,
        Some(uri) => return Err(format!("--upstream {uri}: write it as http://host:port").into()),
        None => sample_upstream().await?,
    };
    let file = settings.list.unwrap_or_else(office_list);
    let gate = Gate::new(&List::new()); // denies everyone until the file is loaded
    let watcher = Watch::new(&gate).app(&file).on_outcome(log_outcome).start()?;
    let patience = Duration::from_secs(settings.patience.into());
    let slots = Slots::new(settings.connections as usize);
    let upstream_shown = upstream.to_string();
    let proxy = Proxy::new(upstream, patience);
    let router = Arc::new(Router { gate, client, proxy, slots, deny_status: settings.deny_status, patience });

    log(json!({ "event": "listening", "address": address, "upstream": upstream_shown }));
    print_what_to_try(address, router.deny_status, &file);
    let connections = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = tokio::signal::ctrl_c() => break,
        };
        match accepted {
            Ok((stream, peer)) => match router.slots.take(router.knows(peer.ip())) {
                Some(slot) => {
                    let http = connections.watch(Arc::clone(&router).connection(stream, peer.ip()));
                    tokio::spawn(async move {
                        let _ = http.await; // its error is the client's going away
                        drop(slot);
                    });
                }
                None => log(json!({ "event": "connection-refused", "peer": peer.ip() })),
            },
            Err(error) => {
                log(json!({ "event": "accept-failed", "message": error.to_string() }));
                tokio::time::sleep(Duration::from_millis(50)).await; // usually out of files for a moment
            }
        }
    }
    log(json!({ "event": "stopping" }));
    drop(listener);
    let _ = tokio::time::timeout(Duration::from_secs(10), connections.shutdown()).await;
    watcher.stop();
    Ok(())
}

impl Slots {
    fn new(listed: usize) -> Slots {
        let others = listed.div_ceil(10);
        Slots { listed: Arc::new(Semaphore::new(listed)), others: Arc::new(Semaphore::new(others)) }
    }

    /// A slot, which lasts until it is dropped, if one is free. Nobody waits: the next client may be one with a slot.
    fn take(&self, is_listed: bool) -> Option<OwnedSemaphorePermit> {
        let slots = if is_listed { &self.listed } else { &self.others };
        Arc::clone(slots).try_acquire_owned().ok()
    }
}

impl Router {
    /// Serves the requests of a connection, one after the other.
    fn connection(
        self: Arc<Self>,
        stream: TcpStream,
        peer: IpAddr,
    ) -> impl GracefulConnection<Error = hyper::Error> + Send {
        let _ = stream.set_nodelay(true);
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(self.patience));
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(self.patience).max_buf_size(64 << 10);
        let service = service_fn(move |request| {
            let router = Arc::clone(&self);
            async move { router.serve(peer, request).await }
        });
        http.serve_connection(TokioIo::new(Box::pin(stream)), service)
    }

    /// Whether whoever connects is on the list, or brings others.
    fn knows(&self, peer: IpAddr) -> bool {
        self.gate.is_allowed(peer) || self.client.trusted().is_some_and(|proxies| proxies.is_allowed(peer))
    }

    /// Whose request it is.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Result<Client, NoClient> {
        match self.client.header() {
            Some(header) => self.client.find(peer, &headers.get_all(header.name())),
            None => self.client.find(peer, &[""; 0]),
        }
    }

    /// Answers one request, and logs it.
    async fn serve(&self, peer: IpAddr, request: Request<Incoming>) -> Result<Response<Body>, hyper::Error> {
        let client = self.client(peer, request.headers());
        let (allowed, mut record) = admit(&self.gate, client);
        record["peer"] = json!(canonical_address(peer));
        record["method"] = json!(request.method().as_str());
        record["path"] = json!(request.uri().path());
        let answer = match client {
            Ok(client) if allowed => self.proxy.forward(client, request).await,
            _ => {
                let sentence = "This address is not on the list.\n";
                Err(Refusal { status: self.deny_status, sentence, detail: None })
            }
        };
        let response = match answer {
            Ok(response) => response.map(Either::Left),
            Err(refusal) => {
                if allowed {
                    record["error"] =
                        json!(refusal.detail.unwrap_or_else(|| refusal.sentence.trim_end().to_owned()));
                }
                let mut response = text(refusal.status, refusal.sentence);
                // No connection is held for whoever is refused, and no rest of a body read.
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                response
            }
        };
        record["status"] = json!(response.status().as_u16());
        log(record);
        Ok(response)
    }
}

/// Whether the client may pass, and the start of its log line.
fn admit(gate: &Gate, client: Result<Client, NoClient>) -> (bool, Value) {
    let verdict = match client {
        Ok(client) => gate.check(client.address()),
        Err(_) => gate.check_without_address(),
    };
    let record = json!({
        "event": "request",
        "client": verdict.address(),
        "found": client.map_or_else(|why| why.to_string(), |client| client.found().to_string()),
        "decision": if verdict.is_allowed() { "allow" } else { "deny" },
        "reason": verdict.reason().as_str(),
        "entry": verdict.entry().map(|entry| entry.prefix().to_string()),
        "label": verdict.label(),
        "generation": verdict.generation(),
    });
    (verdict.is_allowed(), record)
}

fn text(status: StatusCode, body: &'static str) -> Response<Body> {
    let mut response = Response::new(Either::Right(Full::from(body)));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, plain);
    response
}

/// A server on a free port that greets, and sends back whatever body it gets while it gets it.
async fn sample_upstream() -> Result<Uri, Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let http = http1::Builder::new();
            let service = service_fn(async |request: Request<Incoming>| -> Result<_, hyper::Error> {
                Ok(match *request.method() {
                    Method::POST | Method::PUT => Response::new(Either::Left(request.into_body())),
                    _ => text(StatusCode::OK, "Hello from the sample upstream.\n"),
                })
            });
            tokio::spawn(http.serve_connection(TokioIo::new(stream), service));
        }
    });
    Ok(format!("http://{address}").parse()?)
}
