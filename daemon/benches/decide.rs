//! Decisions a second and core, beside a hyper service that answers nothing, over HTTP/1.1 connections that are kept. A server is
//! a thread, and what counts is the time that the system gave it: a busy machine takes turns, and not sides. Passes are
//! interleaved, and the best of each counts.
//!
//! `cargo bench -p ipgated`; with `-- --test` once and briefly, for the answers.

use std::convert::Infallible;
use std::fs;
use std::future::ready;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use axum::http::{Request, Response};
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use ipgated::config::{Config, DecideConfig, Profile, SourceConfig};
use ipgated::decide::{Decider, Rules};
use ipgated::following::Prepared;
use ipgated::in_force::InForce;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// Connections that are kept, as those of an nginx worker.
const CONNECTIONS: usize = 16;
/// Apps of the site, each with a list and a host.
const APPS: usize = 1_000;

const QUESTION: &[u8] = b"GET / HTTP/1.1\r\nHost: app17.example.com\r\nX-Ipgate-Client: 203.0.113.9\r\n\r\n";

/// A server in a thread of its own.
struct Server {
    /// Where the system says how long that thread has run.
    times: PathBuf,
    connections: Vec<TcpStream>,
}

impl Server {
    fn start<T: Future<Output = ()>>(serve: impl FnOnce(TcpListener) -> T + Send + 'static) -> Server {
        let (started, starts) = mpsc::channel::<(PathBuf, SocketAddr)>();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async move {
                let socket = TcpListener::bind("127.0.0.1:0").await.expect("a port");
                let thread = fs::read_link("/proc/thread-self").expect("procfs");
                let address = socket.local_addr().expect("an address");
                started
                    .send((PathBuf::from("/proc").join(thread).join("schedstat"), address))
                    .expect("a listener");
                serve(socket).await;
            });
        });
        let (times, address) = starts.recv().expect("a server");
        let connect = |_| {
            let stream = TcpStream::connect(address).expect("a connection");
            stream.set_nodelay(true).expect("no delay");
            stream
        };
        Server { times, connections: (0..CONNECTIONS).map(connect).collect() }
    }

    /// Nanoseconds of its thread so far.
    fn time(&self) -> f64 {
        let text = fs::read_to_string(&self.times).expect("schedstat");
        text.split(' ').next().and_then(|time| time.parse().ok()).expect("nanoseconds")
    }

    /// Answers a second of its thread. Each connection asks, then each is heard.
    fn pass(&mut self, rounds: usize, slowest: &mut Duration) -> f64 {
        let before = self.time();
        for _ in 0..rounds {
            let began = Instant::now();
            for stream in &mut self.connections {
                stream.write_all(QUESTION).expect("a question");
            }
            for stream in &mut self.connections {
                let mut answer = [0; 512];
                let read = stream.read(&mut answer).expect("an answer");
                assert!(
                    answer.starts_with(b"HTTP/1.1 200") && answer[..read].ends_with(b"\r\n\r\n"),
                    "no answer"
                );
            }
            *slowest = began.elapsed().max(*slowest);
        }
        (rounds * CONNECTIONS) as f64 * 1e9 / (self.time() - before)
    }
}

/// A service that answers nothing.
async fn nothing(socket: TcpListener) {
    loop {
        let (stream, _) = socket.accept().await.expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        let service = service_fn(|_: Request<Incoming>| {
            ready(Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())))
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

fn main() {
    let (passes, rounds) = if std::env::args().any(|arg| arg == "--test") { (1, 20) } else { (30, 2_000) };
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: String, text: String| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder"))
            .and_then(|()| fs::write(path, text))
            .expect("a file");
    };
    (0..APPS).for_each(|app| {
        write(format!("apps/app{app}.list"), "203.0.113.0/24:partner\n10.0.0.0/8:corp\n".to_owned())
    });
    write("hosts".to_owned(), (0..APPS).map(|app| format!("app{app}.example.com app{app}\n")).collect());

    let config =
        Config { sources: vec![SourceConfig::of_folder(folder.path().to_owned())], ..Config::default() };
    let in_force = Arc::new(InForce::new().expect("a site"));
    let followers = tokio::runtime::Runtime::new().expect("a runtime");
    let following =
        followers.block_on(async { Prepared::new(&in_force, &config).expect("a source").follow(&in_force) });
    while !in_force.is_ready() {
        thread::sleep(Duration::from_millis(10));
    }

    let decide = DecideConfig::new("127.0.0.1:0".parse().expect("an address"), Profile::Nginx);
    let rules = Rules::new(&decide, &in_force).expect("rules");
    let (_stop, stopped) = oneshot::channel();
    let decider = Decider::new(&decide, rules);
    let mut decisions = Server::start(move |socket| decider.serve(socket, stopped));
    let mut nothings = Server::start(nothing);

    let (mut decided, mut bare) = (0_f64, 0_f64);
    let (mut slowest, mut slowest_bare) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..passes {
        bare = bare.max(nothings.pass(rounds, &mut slowest_bare));
        decided = decided.max(decisions.pass(rounds, &mut slowest));
    }
    println!("hyper that answers nothing {bare:>9.0} a second and core");
    println!("decisions                  {decided:>9.0} a second and core, {:.2} of it", decided / bare);
    println!("slowest round of {CONNECTIONS} {slowest:.1?}, of hyper alone {slowest_bare:.1?}");
    followers.block_on(following.end());
}
