//! An HTTP/1.1 reverse proxy that admits the clients on a list: `cargo run --release --example router`
//!
//! The path of a request: [`serve`] → [`admit`] (the gate's verdict) → [`forward`] → the upstream.

use std::error::Error;
use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use http_body_util::{Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, Uri, Version};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use ipgate::{Gate, List, Watch, watch::Outcome};
use serde_json::{Value, json};
use tokio::net::TcpListener;

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
}

fn deny_status(text: &str) -> Result<StatusCode, String> {
    let status = text.parse::<StatusCode>().ok().filter(|s| s.is_client_error() || s.is_server_error());
    status.ok_or_else(|| "a denial has a status from 400 to 599, such as 403 or 404".to_owned())
}

type Body = Either<Incoming, Full<Bytes>>;

/// What every connection shares.
struct Router {
    gate: Gate,
    upstream: Uri,
    client: Client<HttpConnector, Incoming>,
    deny_status: StatusCode,
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
        Some(uri) if uri.scheme_str() == Some("http") && uri.authority().is_some() => uri,
        Some(uri) => return Err(format!("--upstream {uri}: write it as http://host:port").into()),
        None => sample_upstream().await?,
    };
    let file = settings.list.unwrap_or_else(office_list);
    let gate = Gate::new(&List::new()); // denies everyone until the file is loaded
    let watcher = Watch::new(&gate).app(&file).on_outcome(log_outcome).start()?;
    let client = Client::builder(TokioExecutor::new()).build_http();
    let router = Arc::new(Router { gate, upstream, client, deny_status: settings.deny_status });

    log(json!({ "event": "listening", "address": address, "upstream": router.upstream.to_string() }));
    print_what_to_try(address, router.deny_status, &file);
    let connections = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = tokio::signal::ctrl_c() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let _ = stream.set_nodelay(true);
                let router = Arc::clone(&router);
                let service = service_fn(move |request| serve(Arc::clone(&router), peer.ip(), request));
                let http = hyper::server::conn::http1::Builder::new()
                    .timer(TokioTimer::new())
                    .serve_connection(TokioIo::new(stream), service);
                tokio::spawn(connections.watch(http)); // its error is the client's going away
            }
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

/// Answers one request, and logs it.
async fn serve(
    router: Arc<Router>,
    peer: IpAddr,
    request: Request<Incoming>,
) -> Result<Response<Body>, hyper::Error> {
    let (allowed, mut record) = admit(&router.gate, peer);
    record["method"] = json!(request.method().as_str());
    record["path"] = json!(request.uri().path());
    let response = if !allowed {
        text(router.deny_status, "This address is not on the list.\n")
    } else if request.method() == Method::CONNECT {
        text(StatusCode::NOT_IMPLEMENTED, "This proxy opens no tunnels.\n")
    } else {
        forward(&router, peer, request).await.unwrap_or_else(|error| {
            record["error"] = json!(error.to_string());
            text(StatusCode::BAD_GATEWAY, "The upstream does not answer.\n")
        })
    };
    record["status"] = json!(response.status().as_u16());
    log(record);
    Ok(response)
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

/// Sends the request on and returns the upstream's response; neither body is held back.
async fn forward(
    router: &Router,
    peer: IpAddr,
    mut request: Request<Incoming>,
) -> Result<Response<Body>, Box<dyn Error + Send + Sync>> {
    let base = router.upstream.path().trim_end_matches('/');
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let mut target = router.upstream.clone().into_parts();
    target.path_and_query = Some(format!("{base}{path}").parse()?);
    *request.uri_mut() = Uri::from_parts(target)?;
    *request.version_mut() = Version::HTTP_11;
    remove_hop_by_hop(request.headers_mut());
    append_forwarded_for(request.headers_mut(), peer)?;

    let mut response = router.client.request(request).await?;
    remove_hop_by_hop(response.headers_mut());
    Ok(response.map(Either::Left))
}

/// Removes what concerns one connection only (RFC 9110, 7.6.1).
fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named {
        headers.remove(name);
    }
    let always = [
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ];
    for name in always {
        headers.remove(name);
    }
}

/// Adds the client to those that the request has come through, whatever it claims of the others.
fn append_forwarded_for(headers: &mut HeaderMap, peer: IpAddr) -> Result<(), header::InvalidHeaderValue> {
    let name = HeaderName::from_static("x-forwarded-for");
    let peer = ipgate::canonical_address(peer).to_string();
    let mut way: Vec<&[u8]> = headers.get_all(&name).iter().map(HeaderValue::as_bytes).collect();
    way.push(peer.as_bytes());
    let way = HeaderValue::from_bytes(&way.join(b", ".as_slice()))?;
    headers.insert(name, way);
    Ok(())
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
            let http = hyper::server::conn::http1::Builder::new();
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
