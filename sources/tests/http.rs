//! The source at an address, beside a server that answers what the test wants.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Response, StatusCode};
use axum::routing::get;
use ipgate::site::{App, Site, SiteGate};
use ipgate::{List, Table};
use ipgate_sources::{Condition, HttpSource, Runner, Status, closed_site};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// What the server answers, and what it was asked.
#[derive(Default)]
struct Answers {
    status: u16,
    body: Vec<u8>,
    tag: Option<&'static str>,
    /// Bytes that are promised beyond those that are sent.
    missing: usize,
    asked: u64,
    not_modified: u64,
    tokens: Vec<String>,
}

type Shared = Arc<Mutex<Answers>>;

async fn answer(State(answers): State<Shared>, headers: HeaderMap) -> Response<Body> {
    let mut answers = answers.lock().unwrap();
    answers.asked += 1;
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok().map(str::to_owned));
    answers.tokens.extend(header("authorization"));
    if answers.tag.is_some() && header("if-none-match").as_deref() == answers.tag {
        answers.not_modified += 1;
        return Response::builder().status(StatusCode::NOT_MODIFIED).body(Body::empty()).unwrap();
    }
    let response = Response::builder().status(answers.status);
    let response = answers.tag.iter().fold(response, |response, tag| response.header("etag", *tag));
    let length = answers.body.len() + answers.missing;
    let body = Body::from_stream(futures_util::stream::iter([Ok::<_, std::io::Error>(answers.body.clone())]));
    response.header("content-length", length).body(body).unwrap()
}

async fn server(body: &[u8]) -> (SocketAddr, Shared) {
    let answers = Arc::new(Mutex::new(Answers { status: 200, body: body.to_vec(), ..Answers::default() }));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new().route("/office", get(answer)).with_state(Arc::clone(&answers));
    tokio::spawn(async move { axum::serve(listener, app).await });
    (address, answers)
}

/// Changes what the server answers from now on.
fn set(answers: &Shared, change: impl FnOnce(&mut Answers)) {
    change(&mut answers.lock().unwrap());
}

fn source(address: SocketAddr) -> HttpSource {
    HttpSource::new(&format!("http://{address}/office")).unwrap().interval(Duration::from_secs(1))
}

fn followed(source: HttpSource) -> (SiteGate, watch::Receiver<Arc<Status>>) {
    let gate = SiteGate::new(&closed_site()).unwrap();
    let runner = Runner::new(&gate).with_source(source);
    let status = runner.status();
    tokio::spawn(runner.run(std::future::pending()));
    (gate, status)
}

fn allows(gate: &SiteGate, app: &str, client: &str) -> bool {
    gate.is_allowed(app, client.parse().unwrap())
}

#[tokio::test]
async fn a_list_is_followed_and_not_sent_twice() {
    let (address, answers) = server(b"10.0.0.0/8:corp").await;
    answers.lock().unwrap().tag = Some("\"one\"");
    let (gate, mut status) = followed(source(address));
    status.wait_for(|status| status.is_ready).await.unwrap();
    assert!(allows(&gate, "any", "10.1.1.1") && !allows(&gate, "any", "192.0.2.1"));
    while answers.lock().unwrap().not_modified == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(status.borrow().sources[0].readings, 1);
    set(&answers, |to| (to.tag, to.body) = (Some("\"two\""), b"192.0.2.0/24".to_vec()));
    status.wait_for(|status| status.sources[0].readings == 2).await.unwrap();
    assert!(!allows(&gate, "any", "10.1.1.1") && allows(&gate, "any", "192.0.2.1"));
}

#[tokio::test]
async fn what_is_wrong_changes_nothing() {
    let (address, answers) = server(b"10.0.0.0/8:corp").await;
    let (gate, mut status) = followed(source(address));
    status.wait_for(|status| status.is_ready).await.unwrap();
    let wrong: [(u16, &[u8], usize, &str); 5] = [
        (404, b"not found", 0, "404"),
        (403, b"forbidden", 0, "refuses"),
        (500, b"", 0, "500"),
        (200, b"192.0.2.0/24", 100, "cannot be read"),
        (200, b"IPGATE\0\0 is no image", 0, ""),
    ];
    for (code, body, missing, why) in wrong {
        set(&answers, |to| (to.status, to.body, to.missing) = (code, body.to_vec(), missing));
        let is_told = |status: &Status| {
            let source = &status.sources[0];
            let said = source.condition.why().is_some_and(|said| said.contains(why));
            said || (why.is_empty() && !source.bad.is_empty())
        };
        status.wait_for(|status| is_told(status)).await.unwrap();
        assert!(allows(&gate, "any", "10.1.1.1") && !allows(&gate, "any", "192.0.2.1"), "{code} {why}");
    }
    set(&answers, |to| (to.status, to.body, to.missing) = (200, b"192.0.2.0/24".to_vec(), 0));
    let is_good = |status: &Status| {
        status.sources[0].condition == Condition::Connected && status.sources[0].bad.is_empty()
    };
    status.wait_for(|status| is_good(status)).await.unwrap();
    while !allows(&gate, "any", "192.0.2.1") {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn images_are_known_by_what_they_hold() {
    let list: List = "10.0.0.0/8:corp".parse().unwrap();
    let (address, answers) = server(&Table::new(&list).to_image(1)).await;
    let (gate, mut status) = followed(source(address).of_app("shop".parse().unwrap()));
    status.wait_for(|status| status.is_ready).await.unwrap();
    assert!(allows(&gate, "shop", "10.1.1.1") && !allows(&gate, "shop", "192.0.2.1"));

    let site = Site::new().with_app("blog".parse().unwrap(), App::new().with_list(list));
    answers.lock().unwrap().body = site.with_enforce(true).to_image().unwrap();
    while !allows(&gate, "blog", "10.1.1.1") {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!allows(&gate, "shop", "192.0.2.1"), "it is gone, and lists are required");
}

#[tokio::test]
async fn a_pinned_digest_and_a_token_from_a_file() {
    let (address, answers) = server(b"10.0.0.0/8:corp").await;
    let token = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(token.path(), "secret one\n").unwrap();
    let digest = Sha256::digest(b"10.0.0.0/8:corp").into();
    let (gate, mut status) = followed(source(address).pinned(digest).token_file(token.path()));
    status.wait_for(|status| status.is_ready).await.unwrap();
    assert!(allows(&gate, "any", "10.1.1.1"));
    std::fs::write(token.path(), "secret two\n").unwrap();
    answers.lock().unwrap().body = b"0.0.0.0/0".to_vec();
    let pinned =
        |status: &Status| status.sources[0].condition.why().is_some_and(|why| why.contains("pinned"));
    status.wait_for(|status| pinned(status)).await.unwrap();
    assert!(!allows(&gate, "any", "192.0.2.1"));
    let tokens = answers.lock().unwrap().tokens.clone();
    assert_eq!(tokens.first().map(String::as_str), Some("Bearer secret one"));
    assert_eq!(tokens.last().map(String::as_str), Some("Bearer secret two"));
    assert!(!format!("{:?}", status.borrow()).contains("secret"));
}
