//! A running router, and clients and upstreams for it that write and read plain bytes.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;

/// The example's binary, which `cargo test` builds before it runs tests; a run of this test alone does not.
pub(crate) fn binary() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(Path::parent).unwrap();
    let binary = profile.join("examples/router");
    if !binary.exists() {
        let release = profile.ends_with("release").then_some("--release");
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--example", "router"]).args(release);
        assert!(cargo.current_dir(env!("CARGO_MANIFEST_DIR")).status().unwrap().success());
    }
    binary
}

/// A running router; ended when dropped.
pub(crate) struct Router {
    process: Child,
    /// Its log lines, read as they come, so that it never waits for this test.
    log: Receiver<Value>,
    pub(crate) address: SocketAddr,
    list: PathBuf,
    _directory: tempfile::TempDir,
}

impl Router {
    pub(crate) fn start(list: &str, arguments: &[&str]) -> Router {
        Router::start_with(list, arguments, &[])
    }

    pub(crate) fn start_with(list: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Router {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("office.list");
        fs::write(&file, list).unwrap();
        let mut process = Command::new(binary())
            .args(["--listen", "127.0.0.1:0", "--list"])
            .arg(&file)
            .args(arguments)
            .env_remove("ROUTER_CONNECTIONS")
            .env_remove("ROUTER_PATIENCE")
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let (send, log) = channel();
        std::thread::spawn(move || {
            for line in lines {
                let _ = send.send(serde_json::from_str(&line.unwrap()).expect("a JSON object a line"));
            }
        });
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut router = Router { process, log, address, list: file, _directory: directory };
        let listening = router.logged("listening");
        router.address = listening["address"].as_str().unwrap().parse().unwrap();
        router
    }

    /// The next log line of that event.
    pub(crate) fn logged(&self, event: &str) -> Value {
        self.log.iter().find(|line| line["event"] == event).expect("a log line")
    }

    pub(crate) fn edit(&self, text: &str) {
        let new = self.list.with_extension("new");
        fs::write(&new, text).unwrap();
        fs::rename(new, &self.list).unwrap();
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(crate) async fn connect(from: &str, to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(from.parse().unwrap(), 0)).unwrap();
    socket.connect(to).await.unwrap()
}

/// The whole answer to a GET from that address.
pub(crate) async fn get(from: &str, to: SocketAddr) -> String {
    let mut stream = connect(from, to).await;
    stream.write_all(b"GET /page?x=1 HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

pub(crate) fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
}

/// All that comes back for these bytes until the router closes; they have to make it do so.
pub(crate) async fn exchange(from: &str, to: SocketAddr, request: &[u8]) -> String {
    let mut stream = connect(from, to).await;
    let _ = stream.write_all(request).await; // it may have closed before it has read everything
    rest(&mut stream).await
}

/// What else comes on a connection, until it is closed or broken.
pub(crate) async fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

/// An upstream for one request, which it returns, head in lower case and body as sent; empty if none ever comes.
pub(crate) struct Upstream {
    pub(crate) url: String,
    seen: JoinHandle<String>,
}

impl Upstream {
    pub(crate) async fn answering(answer: &'static str) -> Upstream {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let seen = read_request(&mut stream).await;
            stream.write_all(answer.as_bytes()).await.unwrap();
            seen
        });
        Upstream { url, seen }
    }

    pub(crate) async fn seen(self) -> String {
        self.seen.await.unwrap()
    }

    /// Whether it has answered nothing.
    pub(crate) fn is_untouched(&self) -> bool {
        !self.seen.is_finished()
    }
}

async fn read_request(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    while !text.ends_with("\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return text };
        text.push(byte.to_ascii_lowercase().into());
    }
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    let is_chunked = text.contains("\r\ntransfer-encoding: chunked\r\n");
    let mut body = String::new();
    while is_chunked && !body.ends_with("0\r\n\r\n") || body.len() < length.unwrap_or(0) {
        let Ok(byte) = stream.read_u8().await else { break };
        body.push(byte.into());
    }
    text + &body
}
