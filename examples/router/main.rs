//! An HTTP/1.1 reverse proxy that admits the clients on a list: `cargo run --release --example router`
//!
//! The path of a request: [`Router::serve`] → [`admit`] (the gate's verdict) → [`Proxy::forward`] → the upstream. The
//! gate is asked when a connection is accepted, too: [`Slots`].

mod headers;
mod proxy;
mod upload;

use std::error::Error;
use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use http_body_util::{Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulConnection, GracefulShutdown};
use ipgate::{Gate, List, Watch, watch::Outcome};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_io_timeout::TimeoutStream;

use proxy::{Proxy, Refusal};

/// A reverse proxy that admits the clients on a list of addresses.
#[derive(Parser)]
struct Settings {
    /// Where to listen; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Where allowed requests go, as http://host:port; left out: a sample upstream of its own
    #[arg(long, value_name = "URL")]
    upstream: Option<Uri>,
    /// The list file; saving it is enough to change who is admitted [default: examples/office.list]
    #[arg(long, value_name = "FILE")]
    list: Option<PathBuf>,
    /// The status for denied clients
    #[arg(long, value_name = "STATUS", default_value = "403", value_parser = deny_status)]
    deny_status: StatusCode,
    /// The most connections of clients on the list at a time; a tenth as many for all others, who only read that they
    /// are denied. A connection beyond that is closed as soon as it is accepted, and logged. Each takes one open file,
    /// and one more while its request is with the upstream (see ulimit -n)
    #[arg(long, env = "ROUTER_CONNECTIONS", value_name = "COUNT", default_value = "400")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    connections: u32,
    /// The seconds that a client may take for a request's head (also the first, and the next one on the same
    /// connection), for the next piece of its body, and to make room for the next piece of the response. Then its
    /// connection is closed, with 408 if it is the body that is late
    #[arg(long, env = "ROUTER_PATIENCE", value_name = "SECONDS", default_value = "10")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    patience: u32,
}

fn deny_status(text: &str) -> Result<StatusCode, String> {
    let status = text.parse::<StatusCode>().ok().filter(|s| s.is_client_error() || s.is_server_error());
    status.ok_or_else(|| "a denial has a status from 400 to 599, such as 403 or 404".to_owned())
}

type Body = Either<Incoming, Full<Bytes>>;

/// What every connection shares.
struct Router {
    gate: Gate,
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
    let router = Arc::new(Router { gate, proxy, slots, deny_status: settings.deny_status, patience });

    log(json!({ "event": "listening", "address": address, "upstream": upstream_shown }));
    print_what_to_try(address, router.deny_status, &file);
    let connections = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = tokio::signal::ctrl_c() => break,
        };
        match accepted {
            Ok((stream, peer)) => match router.slots.take(router.gate.is_allowed(peer.ip())) {
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

fn cannot_listen(address: SocketAddr, error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => format!(
            "{address} is taken by another program: choose another port with --listen {}:{}, or any free one with --listen {}:0",
            address.ip(),
            address.port().wrapping_add(1).max(1024),
            address.ip(),
        ),
        _ => format!("cannot listen on {address}: {error}; choose another address with --listen"),
    }
}

/// The sample list, from the repository's root or from anywhere else.
fn office_list() -> PathBuf {
    let here = PathBuf::from("examples/office.list");
    let there = || Path::new(env!("CARGO_MANIFEST_DIR")).join(&here);
    if here.is_file() { here } else { there() }
}

fn print_what_to_try(address: SocketAddr, denied: StatusCode, file: &Path) {
    eprintln!("Listening on http://{address}/ with {}. Try:\n", file.display());
    eprintln!("  curl http://{address}/                        # on the list: 200");
    eprintln!("  curl --interface 127.0.0.2 http://{address}/  # not on it: {}", denied.as_u16());
    eprintln!("  echo '127.0.0.2:second_address' >> {}  # now it is\n", file.display());
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

    /// Answers one request, and logs it.
    async fn serve(&self, peer: IpAddr, request: Request<Incoming>) -> Result<Response<Body>, hyper::Error> {
        let (allowed, mut record) = admit(&self.gate, peer);
        record["method"] = json!(request.method().as_str());
        record["path"] = json!(request.uri().path());
        let answer = if allowed {
            self.proxy.forward(peer, request).await
        } else {
            let sentence = "This address is not on the list.\n";
            Err(Refusal { status: self.deny_status, sentence, detail: None })
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
fn admit(gate: &Gate, peer: IpAddr) -> (bool, Value) {
    let verdict = gate.check(peer);
    let record = json!({
        "event": "request",
        "peer": verdict.address(),
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

fn log_outcome(outcome: Outcome) {
    let mut record = json!({ "event": "list", "message": outcome.to_string() });
    let (event, generation) = match outcome {
        Outcome::Swapped { generation, entries, .. } => {
            record["entries"] = json!(entries);
            ("list-swapped", Some(generation))
        }
        Outcome::Unchanged { generation, .. } => ("list-unchanged", Some(generation)),
        Outcome::Expired { generation, .. } => ("list-expired", Some(generation)),
        Outcome::Compacted { generation, .. } => ("list-compacted", Some(generation)),
        Outcome::Refused { .. } => ("list-refused", None),
        _ => ("list", None),
    };
    record["event"] = json!(event);
    record["generation"] = json!(generation);
    log(record);
}

/// One JSON object a line on standard output; nothing else is written there.
fn log(mut record: Value) {
    record["time"] = json!(jiff::Timestamp::now().to_string());
    let _ = writeln!(std::io::stdout(), "{record}"); // a log that nobody reads stops no request
}
