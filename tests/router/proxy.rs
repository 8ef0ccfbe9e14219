//! The example router as a proxy: what reaches the upstream of a request, and the client of a response (RFC 9110, 9112).

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::process::{Router, Upstream, connect, exchange, status};

const EMPTY: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/// What an upstream sees of a request, and what the client reads of its answer, in lower case.
async fn pass(request: &str, answer: &'static str, expected: u16) -> (String, String) {
    let upstream = Upstream::answering(answer).await;
    let router = Router::start("127.0.0.1\n", &["--upstream", &upstream.url]);
    let read = exchange("127.0.0.1", router.address, request.as_bytes()).await;
    assert_eq!(status(&read), expected, "{request:?} {read}");
    (upstream.seen().await, read.to_lowercase())
}

/// Asserts that each of these is answered with that status, and that the upstream hears of none.
async fn assert_refused(expected: u16, requests: &[&str], arguments: &[&str]) {
    let upstream = Upstream::answering(EMPTY).await;
    let router = Router::start("127.0.0.1\n", &[&["--upstream", &upstream.url], arguments].concat());
    for request in requests {
        // Latin-1, so that any byte can be sent.
        let bytes: Vec<u8> = request.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
        let read = exchange("127.0.0.1", router.address, &bytes).await;
        assert_eq!(status(&read), expected, "{request:?} {read}");
    }
    assert!(upstream.is_untouched());
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

/// hyper's client takes it that GET and HEAD have no body, unless it is told otherwise.
#[tokio::test]
async fn a_body_reaches_the_upstream_with_every_method() {
    for method in ["GET", "HEAD", "POST", "DELETE", "OPTIONS", "PURGE"] {
        let start = format!("{method} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n");
        let request = format!("{start}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        let (seen, _) = pass(&request, EMPTY, 200).await;
        assert!(seen.ends_with("\r\n\r\n5\r\nhello\r\n0\r\n\r\n"), "{seen}");
        assert_eq!(lines(&seen, "transfer-encoding"), ["chunked"]);
        assert!(lines(&seen, "content-length").is_empty(), "{seen}");

        let (seen, _) = pass(&format!("{start}Content-Length: 5\r\n\r\nhello"), EMPTY, 200).await;
        assert!(seen.ends_with("\r\n\r\nhello"), "{seen}");
        assert_eq!(lines(&seen, "content-length"), ["5"]);
        assert!(lines(&seen, "transfer-encoding").is_empty(), "{seen}");
    }
    let (seen, _) = pass("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", EMPTY, 200).await;
    assert!(
        lines(&seen, "content-length").is_empty() && lines(&seen, "transfer-encoding").is_empty(),
        "{seen}"
    );
}

/// The values of a field in a message's head, which is in lower case.
fn lines<'a>(message: &'a str, name: &str) -> Vec<&'a str> {
    let head = message.split("\r\n\r\n").next().unwrap().lines();
    head.filter_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).collect()
}

#[tokio::test]
async fn a_broken_body_is_the_fault_of_the_client() {
    for body in
        ["zz\r\nhello", "5\r\nhelloworld", "-5\r\nhello\r\n", "5\r\nhello\r\n\r\n", "ffffffffffffffffff\r\n"]
    {
        let upstream = Upstream::answering(EMPTY).await;
        let router = Router::start("127.0.0.1\n", &["--upstream", &upstream.url]);
        let request = format!("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
        let read = exchange("127.0.0.1", router.address, request.as_bytes()).await;
        assert_eq!(status(&read), 400, "{body:?} {read}");
        assert!(read.contains("The body of the request is malformed"), "{read}");
        assert_eq!(router.logged("request")["status"], 400);
    }
}

#[tokio::test]
async fn an_upstream_that_hangs_up_is_a_502_even_with_a_body() {
    let request = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
    let (_, read) = pass(request, "", 502).await;
    assert!(read.contains("the upstream does not answer"), "{read}");
    assert!(read.contains("\r\nconnection: close\r\n"), "{read}");
}

#[tokio::test]
async fn a_request_names_one_host() {
    let requests = [
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost:\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: user@a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a:+80\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: :80\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: \u{ff}\r\n\r\n",
        "GET http://a/ HTTP/1.1\r\n\r\n",
        "GET http://a/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET http://user:word@a/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET https://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET a HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET * HTTP/1.1\r\nHost: a\r\n\r\n",
    ];
    assert_refused(400, &requests, &[]).await;
}

#[tokio::test]
async fn the_host_is_that_of_the_target() {
    for (start, target, host) in [
        ("GET /a HTTP/1.1\r\nHost: Office.example:81\r\n", "/a", "office.example:81"),
        ("GET /a HTTP/1.1\r\nHost: [2001:db8::1]:81\r\n", "/a", "[2001:db8::1]:81"),
        ("GET /a HTTP/1.0\r\nHost: b\r\n", "/a", "b"),
        ("GET http://a:81/b?c HTTP/1.1\r\nHost: b\r\n", "/b?c", "a:81"),
        ("GET HTTP://a HTTP/1.1\r\nHost: b\r\n", "/", "a"),
        ("GET http://a?c=/../d HTTP/1.1\r\nHost: b\r\n", "/?c=/../d", "a"),
        ("GET //b/c HTTP/1.1\r\nHost: a\r\n", "//b/c", "a"),
        ("OPTIONS * HTTP/1.1\r\nHost: a\r\n", "*", "a"),
    ] {
        let (seen, _) = pass(&format!("{start}Connection: close\r\n\r\n"), EMPTY, 200).await;
        assert_eq!(seen.split(' ').nth(1), Some(target), "{seen}");
        assert_eq!(lines(&seen, "host"), [host], "{seen}");
    }
    let upstream = Upstream::answering(EMPTY).await;
    let router = Router::start("127.0.0.1\n", &["--upstream", &upstream.url]);
    let read = exchange("127.0.0.1", router.address, b"GET / HTTP/1.0\r\n\r\n").await;
    assert_eq!(status(&read), 200, "{read}");
    let host = upstream.url.replace("http://", "");
    assert_eq!(lines(&upstream.seen().await, "host"), [host], "HTTP/1.0 may name none: the upstream's");
}

#[tokio::test]
async fn no_path_leads_out_of_the_upstreams() {
    let requests: Vec<String> = ["/../a", "/a/../../b", "/a/%2e%2E/b", "/a/.%2e", "/..\\a", "http://a/../b"]
        .iter()
        .map(|path| format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"))
        .collect();
    let upstream = Upstream::answering(EMPTY).await;
    let router = Router::start("127.0.0.1\n", &["--upstream", &format!("{}/base/", upstream.url)]);
    for request in requests {
        let read = exchange("127.0.0.1", router.address, request.as_bytes()).await;
        assert_eq!(status(&read), 400, "{request:?} {read}");
    }
    assert!(upstream.is_untouched());
}

#[tokio::test]
async fn tunnels_and_traces_are_refused() {
    let requests = [
        "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\nConnection: close\r\n\r\n",
        "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ];
    assert_refused(501, &requests, &[]).await;
}

#[tokio::test]
async fn of_two_lengths_of_a_body_the_chunks_count() {
    for lengths in [
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: Chunked\r\nContent-Length: 3\r\n",
    ] {
        let request = format!("POST / HTTP/1.1\r\nHost: a\r\n{lengths}\r\n5\r\nhello\r\n0\r\n\r\n");
        let (seen, _) = pass(&request, EMPTY, 200).await;
        assert!(seen.ends_with("\r\n\r\n5\r\nhello\r\n0\r\n\r\n"), "{seen}");
        assert!(lines(&seen, "content-length").is_empty(), "{seen}");
    }
    let answer =
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    let (_, read) = pass("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", answer, 200).await;
    assert!(lines(&read, "content-length").is_empty(), "{read}");
    assert!(read.ends_with("\r\n\r\n5\r\nhello\r\n0\r\n\r\n"), "{read}");
}

#[tokio::test]
async fn headers_of_one_connection_stay_there() {
    let upstream = Upstream::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: X-Private\r\nX-Private: 1\r\nX-Public: 2\r\n\r\n").await;
    let router = Router::start("127.0.0.1\n", &["--upstream", &format!("{}/base/", upstream.url)]);
    let request = "GET /a?b HTTP/1.1\r\nHost: office.example\r\nConnection: close, X-Secret\r\nX-Secret: 1\r\nTE: trailers\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n";
    let answer = exchange("127.0.0.1", router.address, request.as_bytes()).await.to_lowercase();
    let seen = upstream.seen().await;
    assert!(seen.starts_with("get /base/a?b http/1.1\r\n"), "{seen}");
    assert!(seen.contains("host: office.example\r\n"), "{seen}");
    assert!(seen.contains("x-forwarded-for: 192.0.2.1, 127.0.0.1\r\n"), "{seen}");
    assert!(!seen.contains("x-secret") && !seen.contains("te: "), "{seen}");
    assert!(answer.contains("x-public: 2") && !answer.contains("x-private"), "{answer}");
}

/// A sender must not name what is for all recipients (RFC 9110, 7.6.1): it would be lost on the way.
#[tokio::test]
async fn connection_takes_no_field_that_is_for_the_upstream() {
    let requests: Vec<String> = [
        "Host",
        "Authorization",
        "close, AUTHORIZATION",
        "close\r\nConnection: keep-alive, , cookie",
        "content-length",
        "Content-Type",
        "Cache-Control",
        "X-Forwarded-For",
        "X-Real-IP",
        "Forwarded",
        "Via",
        "close; a=b",
        "X-Secret, \u{ff}",
    ]
    .iter()
    .map(|named| format!("GET / HTTP/1.1\r\nHost: a\r\nAuthorization: b\r\nConnection: {named}\r\n\r\n"))
    .collect();
    let requests: Vec<&str> = requests.iter().map(String::as_str).collect();
    assert_refused(400, &requests, &[]).await;

    let request =
        "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: b\r\nConnection: close, , te\r\nTE: trailers\r\n\r\n";
    let (seen, _) = pass(request, EMPTY, 200).await;
    assert_eq!((lines(&seen, "host"), lines(&seen, "authorization")), (vec!["a"], vec!["b"]));
    assert!(lines(&seen, "connection").is_empty() && lines(&seen, "te").is_empty(), "{seen}");
}

#[tokio::test]
async fn what_a_client_says_of_addresses_does_not_pass() {
    let claims = "Forwarded: for=192.0.2.1\r\nX-Real-IP: 192.0.2.2\r\nX_Forwarded_For: 192.0.2.3\r\nX-Real_IP: 192.0.2.4\r\n\
        X-Forwarded-For: 192.0.2.5\r\nX-Forwarded-For: 192.0.2.6, 192.0.2.7\r\nX-Forwarded-Host: evil.example\r\n\
        X.Forwarded.For: 192.0.2.8\r\nX-Client-IP: 192.0.2.9\r\nTrue-Client-IP: 192.0.2.10\r\nX-Forwarded: for=192.0.2.11\r\n";
    let request = format!("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Other: kept\r\n{claims}\r\n");
    let (seen, _) = pass(&request, EMPTY, 200).await;
    let mut names: Vec<&str> =
        seen.lines().skip(1).filter_map(|line| Some(line.split_once(':')?.0)).collect();
    names.sort_unstable();
    assert_eq!(names, ["host", "via", "x-forwarded-for", "x-other", "x-real-ip"]);
    assert_eq!(lines(&seen, "x-forwarded-for"), ["192.0.2.5, 192.0.2.6, 192.0.2.7, 127.0.0.1"]);
    assert_eq!(lines(&seen, "x-real-ip"), ["127.0.0.1"]);
    assert_eq!(lines(&seen, "via"), ["1.1 ipgate-router"]);
}

#[tokio::test]
async fn an_answer_that_cannot_be_passed_on_is_a_502() {
    for answer in [
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: a\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConnection: Set-Cookie\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "nonsense\r\n\r\n",
    ] {
        pass("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: a\r\n\r\n", answer, 502).await;
    }
}

#[tokio::test]
async fn an_answer_keeps_its_meaning() {
    let close = "Host: a\r\nConnection: close\r\n\r\n";
    let long = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    let (_, read) = pass(&format!("HEAD / HTTP/1.1\r\n{close}"), long, 200).await;
    assert_eq!(lines(&read, "content-length"), ["5"], "{read}");
    let (_, read) =
        pass(&format!("GET / HTTP/1.1\r\n{close}"), "HTTP/1.1 304 Not Modified\r\n\r\n", 304).await;
    assert!(read.ends_with("\r\n\r\n"), "{read}");
    let old = "HTTP/1.0 200 OK\r\n\r\nhello";
    let (_, read) = pass(&format!("GET / HTTP/1.1\r\n{close}"), old, 200).await;
    assert!(read.starts_with("http/1.1 200") && read.contains("5\r\nhello\r\n0\r\n\r\n"), "{read}");
    let (_, read) = pass(
        "GET / HTTP/1.0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        200,
    )
    .await;
    assert!(lines(&read, "transfer-encoding").is_empty() && read.ends_with("\r\n\r\nhello"), "{read}");
}

/// Nothing is said of a request to whoever is not on the list.
#[tokio::test]
async fn a_stranger_is_denied_whatever_it_sends() {
    let router = Router::start("127.0.0.1\n", &[]);
    for request in ["GET / HTTP/1.1\r\n\r\n", "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n"] {
        let read = exchange("127.0.0.2", router.address, request.as_bytes()).await;
        assert_eq!(status(&read), 403, "{read}");
        assert!(read.to_lowercase().contains("\r\nconnection: close\r\n"), "{read}");
    }
}
