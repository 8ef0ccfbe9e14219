//! The examples, each asked from two addresses of this machine.

#![cfg(target_os = "linux")] // other systems have no 127.0.0.2 without setup

#[allow(dead_code, reason = "its main is not run")]
#[path = "../examples/axum.rs"]
mod axum_server;
#[allow(dead_code, reason = "its main is not run")]
#[path = "../examples/hyper.rs"]
mod hyper_server;
#[allow(dead_code, reason = "its main is not run")]
#[path = "../examples/tonic.rs"]
mod tonic_server;

use std::net::SocketAddr;

use hyper_util::rt::TokioIo;
use ipgate::{Gate, List};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tonic::transport::{Channel, Endpoint, Uri};
use tonic::{Code, Request, Status};

async fn connect(from: &str, to: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::new(from.parse().unwrap(), 0))?;
    socket.connect(to).await
}

/// The answer to a GET from that address: its status, and its last line.
async fn get(from: &str, to: SocketAddr, host: &str) -> (String, String) {
    let mut stream = connect(from, to).await.unwrap();
    let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let status = answer.split(' ').nth(1).unwrap_or_default().to_owned();
    (status, answer.lines().last().unwrap_or_default().to_owned())
}

fn only_this_computer() -> Gate {
    Gate::new(&"127.0.0.1:this_computer".parse::<List>().unwrap())
}

#[tokio::test]
async fn axum_with_two_apps() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = axum_server::router(axum_server::site().unwrap());
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let server = tokio::spawn(async move { axum::serve(listener, service).await });
    for (from, host, expected) in [
        ("127.0.0.1", "shop.example", "shop knows you as this_computer."),
        ("127.0.0.2", "blog.example", "blog knows you as second_address."),
    ] {
        assert_eq!(get(from, address, host).await, ("200".to_owned(), expected.to_owned()));
    }
    for (from, host) in [
        ("127.0.0.2", "shop.example"),
        ("127.0.0.1", "blog.example"),
        ("127.0.0.3", "shop.example"),
        ("127.0.0.1", "other.example"),
    ] {
        assert_eq!(get(from, address, host).await.0, "403", "{from} {host}");
    }
    server.abort();
}

#[tokio::test]
async fn hyper_by_hand() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(hyper_server::serve(listener, only_this_computer()));
    assert_eq!(get("127.0.0.1", address, "a").await, ("200".to_owned(), "Hello.".to_owned()));
    assert_eq!(get("127.0.0.2", address, "a").await.0, "403");
    server.abort();
}

/// A channel whose connections come from that address.
async fn channel(from: &'static str, to: SocketAddr) -> Channel {
    let connector = tower::service_fn(move |_: Uri| async move {
        Ok::<_, std::io::Error>(TokioIo::new(connect(from, to).await?))
    });
    Endpoint::from_static("http://greeter.example").connect_with_connector(connector).await.unwrap()
}

async fn greet(channel: Channel) -> Result<String, Status> {
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await.unwrap();
    let path = tonic_server::GREET.parse().unwrap();
    let answer = client.unary(Request::new("hello".to_owned()), path, tonic_server::Text).await?;
    Ok(answer.into_inner())
}

#[tokio::test]
async fn tonic_with_a_status_of_its_own() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(tonic_server::serve(listener, only_this_computer()));
    assert_eq!(greet(channel("127.0.0.1", address).await).await.unwrap(), "hello to this_computer");
    let denied = greet(channel("127.0.0.2", address).await).await.unwrap_err();
    assert_eq!(
        (denied.code(), denied.message()),
        (Code::PermissionDenied, "this address is not on the list")
    );
    server.abort();
}
