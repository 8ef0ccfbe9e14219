//! The example router, as a process: who gets through, and a list edited under requests.

#![cfg(all(feature = "watch", target_os = "linux"))] // other systems have no 127.0.0.2 without setup

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// The example's binary, which `cargo test` builds before it runs tests; a run of this test alone does not.
fn binary() -> PathBuf {
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
struct Router {
    process: Child,
    /// Its log lines, read as they come, so that it never waits for this test.
    log: Receiver<Value>,
    address: SocketAddr,
    list: PathBuf,
    _directory: tempfile::TempDir,
}

impl Router {
    fn start(list: &str, arguments: &[&str]) -> Router {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("office.list");
        fs::write(&file, list).unwrap();
        let mut process = Command::new(binary())
            .args(["--listen", "127.0.0.1:0", "--list"])
            .arg(&file)
            .args(arguments)
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
    fn logged(&self, event: &str) -> Value {
        self.log.iter().find(|line| line["event"] == event).expect("a log line")
    }

    fn edit(&self, text: &str) {
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

async fn connect(from: &str, to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(from.parse().unwrap(), 0)).unwrap();
    socket.connect(to).await.unwrap()
}

/// The whole answer to a GET from that address.
async fn get(from: &str, to: SocketAddr) -> String {
    let mut stream = connect(from, to).await;
    stream.write_all(b"GET /page?x=1 HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_decides_and_an_edit_changes_that_without_a_failed_request() {
    let router = Router::start("127.0.0.1:this_computer\n", &[]);
    let address = router.address;
    assert_eq!(status(&get("127.0.0.1", address).await), 200);
    let line = router.logged("request");
    for (field, expected) in [
        ("peer", "127.0.0.1"),
        ("method", "GET"),
        ("path", "/page"),
        ("decision", "allow"),
        ("reason", "allow-entry"),
        ("entry", "127.0.0.1/32"),
        ("label", "this_computer"),
    ] {
        assert_eq!(line[field], expected, "{line}");
    }
    assert_eq!((&line["status"], &line["generation"]), (&Value::from(200), &Value::from(2)));
    assert!(line["time"].is_string());

    assert_eq!(status(&get("127.0.0.2", address).await), 403);
    let line = router.logged("request");
    assert_eq!((&line["reason"], &line["label"]), (&Value::from("no-entry"), &Value::Null));

    let done = Arc::new(AtomicBool::new(false));
    let until = Arc::clone(&done);
    let meanwhile = tokio::spawn(async move {
        let mut statuses = Vec::new();
        while !until.load(Ordering::Relaxed) || statuses.is_empty() {
            statuses.push(status(&get("127.0.0.1", address).await));
        }
        statuses
    });
    router.edit("127.0.0.1:this_computer\n127.0.0.2:second_address\n");
    assert_eq!(router.logged("list-swapped")["generation"], 3);
    assert_eq!(status(&get("127.0.0.2", address).await), 200);
    router.edit("nonsense\n");
    assert!(router.logged("list-refused")["message"].as_str().unwrap().contains("line 1, column 1"));
    assert_eq!(status(&get("127.0.0.2", address).await), 200, "a bad list changes nothing");
    router.edit("127.0.0.1:this_computer\n");
    assert_eq!(router.logged("list-swapped")["generation"], 4);
    assert_eq!(status(&get("127.0.0.2", address).await), 403);
    done.store(true, Ordering::Relaxed);
    let statuses = meanwhile.await.unwrap();
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
}

/// The sample upstream sends back each piece of a body: it arrives before the next one is sent.
#[tokio::test]
async fn bodies_stream_both_ways() {
    let router = Router::start("127.0.0.1\n", &[]);
    let mut stream = connect("127.0.0.1", router.address).await;
    let head = b"POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head).await.unwrap();
    let mut answer = String::new();
    for piece in ["first", "second", "third"] {
        stream.write_all(format!("{:x}\r\n{piece}\r\n", piece.len()).as_bytes()).await.unwrap();
        while !answer.contains(piece) {
            let mut buffer = [0; 1024];
            let n = stream.read(&mut buffer).await.unwrap();
            assert_ne!(n, 0, "{answer}");
            answer.push_str(std::str::from_utf8(&buffer[..n]).unwrap());
        }
    }
    assert_eq!(status(&answer), 200);
}

/// An upstream that shows what reached it, for one connection.
async fn showing_upstream() -> (SocketAddr, tokio::task::JoinHandle<String>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let seen = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: X-Private\r\nX-Private: 1\r\nX-Public: 2\r\n\r\n";
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8(head).unwrap().to_lowercase()
    });
    (address, seen)
}

#[tokio::test]
async fn headers_of_one_connection_stay_there() {
    let (upstream, seen) = showing_upstream().await;
    let router = Router::start("127.0.0.1\n", &["--upstream", &format!("http://{upstream}/base/")]);
    let mut stream = connect("127.0.0.1", router.address).await;
    let request = "GET /a?b HTTP/1.1\r\nHost: office.example\r\nConnection: close, X-Secret\r\nX-Secret: 1\r\nTE: trailers\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (answer, seen) = (answer.to_lowercase(), seen.await.unwrap());
    assert!(seen.starts_with("get /base/a?b http/1.1\r\n"), "{seen}");
    assert!(seen.contains("host: office.example\r\n"), "{seen}");
    assert!(seen.contains("x-forwarded-for: 192.0.2.1, 127.0.0.1\r\n"), "{seen}");
    assert!(!seen.contains("x-secret") && !seen.contains("te: "), "{seen}");
    assert!(answer.contains("x-public: 2") && !answer.contains("x-private"), "{answer}");
}

#[tokio::test]
async fn an_upstream_that_is_not_there_is_a_502_and_a_denial_has_the_status_that_was_set() {
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let upstream = format!("http://{gone}");
    let router = Router::start("127.0.0.1\n", &["--upstream", &upstream, "--deny-status", "404"]);
    assert_eq!(status(&get("127.0.0.1", router.address).await), 502);
    assert_eq!(status(&get("127.0.0.2", router.address).await), 404);
}

#[test]
fn a_port_that_is_taken_is_an_error_that_helps() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = Command::new(binary()).args(["--listen", &address]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("is taken") && message.contains("--listen"), "{message}");
}

#[test]
fn the_sample_list_is_good_and_does_what_the_router_says() {
    let parsed = ipgate::list::Parser::new().deny_warnings(true).read("examples/office.list").unwrap();
    let table = ipgate::Table::new(&parsed.list);
    assert!(table.is_allowed([127, 0, 0, 1].into()));
    assert!(!table.is_allowed([127, 0, 0, 2].into()));
    assert!(!table.is_allowed([10, 0, 1, 66].into()) && table.is_allowed([10, 0, 1, 67].into()));
}
