//! What slow and many clients can take from the example router: their own slots, for a while.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::process::{Router, Upstream, connect, exchange, rest, status};

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/// A connection that has a slot: one request on it has been answered, and the next may come.
async fn held(from: &str, router: &Router) -> TcpStream {
    let mut stream = connect(from, router.address).await;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    while !answer.contains("Hello from the sample upstream.") {
        let mut buffer = [0; 1024];
        let n = stream.read(&mut buffer).await.unwrap();
        assert_ne!(n, 0, "{answer}");
        answer.push_str(std::str::from_utf8(&buffer[..n]).unwrap());
    }
    stream
}

#[tokio::test]
async fn a_connection_beyond_the_bound_is_closed_and_the_next_one_has_its_slot_back() {
    let environment = [("ROUTER_CONNECTIONS", "2"), ("ROUTER_PATIENCE", "3600")];
    let router = Router::start_with("127.0.0.1\n", &[], &environment);
    let first = held("127.0.0.1", &router).await;
    let second = held("127.0.0.1", &router).await;
    assert_eq!(exchange("127.0.0.1", router.address, GET).await, "", "closed without a word");
    assert_eq!(router.logged("connection-refused")["peer"], "127.0.0.1");
    assert_eq!(status(&exchange("127.0.0.2", router.address, GET).await), 403, "others have their own");
    drop(first);
    // Until the router has seen the end of the first.
    while status(&exchange("127.0.0.1", router.address, GET).await) != 200 {}
    drop(second);
}

#[tokio::test]
async fn strangers_keep_nobody_out_who_is_on_the_list() {
    let environment = [("ROUTER_CONNECTIONS", "10"), ("ROUTER_PATIENCE", "3600")];
    let router = Router::start_with("127.0.0.1\n", &[], &environment);
    // Silent ones, which are accepted in this order: the one slot is the first one's.
    let _silent = connect("127.0.0.2", router.address).await;
    assert_eq!(exchange("127.0.0.2", router.address, b"").await, "");
    assert_eq!(exchange("127.0.0.3", router.address, b"").await, "");
    for _ in 0..20 {
        assert_eq!(status(&exchange("127.0.0.1", router.address, GET).await), 200);
    }
}

#[tokio::test]
async fn whoever_is_refused_holds_no_slot() {
    let environment = [("ROUTER_CONNECTIONS", "1"), ("ROUTER_PATIENCE", "3600")];
    let router = Router::start_with("127.0.0.1\n", &[], &environment);
    // Neither asks for the end of its connection.
    let read = exchange("127.0.0.2", router.address, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(status(&read), 403, "{read}");
    let read = exchange("127.0.0.1", router.address, b"GET / HTTP/1.1\r\n\r\n").await;
    assert_eq!(status(&read), 400, "{read}");
}

#[tokio::test]
async fn a_client_that_keeps_the_router_waiting_is_let_go() {
    let router = Router::start_with("127.0.0.1\n", &[], &[("ROUTER_PATIENCE", "1")]);
    for start in ["", "G", "GET / HTTP/1.1\r\nHost:"] {
        let read = exchange("127.0.0.1", router.address, start.as_bytes()).await;
        assert!(!read.contains("200 OK"), "{start:?} {read}");
    }
    let mut idle = held("127.0.0.1", &router).await;
    assert_eq!(rest(&mut idle).await, "");
    for body in ["Content-Length: 5\r\n\r\nhe", "Transfer-Encoding: chunked\r\n\r\n5\r\nhe"] {
        let upstream = Upstream::answering("HTTP/1.1 200 OK\r\n\r\n").await; // when it has all of the body
        let arguments = ["--upstream", &upstream.url];
        let router = Router::start_with("127.0.0.1\n", &arguments, &[("ROUTER_PATIENCE", "1")]);
        let request = format!("POST / HTTP/1.1\r\nHost: a\r\n{body}");
        let read = exchange("127.0.0.1", router.address, request.as_bytes()).await;
        assert_eq!(status(&read), 408, "{read}");
        assert_eq!(router.logged("request")["status"], 408);
    }
}

/// The upstream can only end when the router has given up its client.
#[tokio::test]
async fn a_client_that_does_not_read_is_let_go() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::start_with("127.0.0.1\n", &["--upstream", &url], &[("ROUTER_PATIENCE", "1")]);
    let mut client = connect("127.0.0.1", router.address).await;
    client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let (mut stream, _) = listener.accept().await.unwrap();
    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
    while stream.write_all(&[b'x'; 65536]).await.is_ok() {}
    drop(client);
}
