//! Requests, and a service that answers with the request that it was given.
#![allow(dead_code)] // each test uses a part of it

use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::net::SocketAddr;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use http::{HeaderValue, Request, Response};
use tower_service::Service;

/// The body of a response: the request, where it has come through.
pub(crate) type Echoed = Option<Request<()>>;

/// Answers with what it gets.
#[derive(Debug, Clone)]
pub(crate) struct Echo;

impl Service<Request<()>> for Echo {
    type Response = Response<Echoed>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Echoed>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        ready(Ok(Response::new(Some(request))))
    }
}

/// A request as browsers send it, from that peer for that host.
pub(crate) fn request(peer: &str, host: &str) -> Request<()> {
    let mut request = Request::new(());
    *request.uri_mut() = "/shop/cart?x=1".parse().unwrap();
    for (name, value) in [
        ("host", host),
        ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
        ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
        ("accept-language", "en-US,en;q=0.5"),
        ("accept-encoding", "gzip, deflate, br, zstd"),
        ("connection", "keep-alive"),
        ("cookie", "session=0123456789abcdef"),
    ] {
        request.headers_mut().insert(name, HeaderValue::from_str(value).unwrap());
    }
    let peer: SocketAddr = SocketAddr::new(peer.parse().unwrap(), 4711);
    request.extensions_mut().insert(peer);
    request
}

/// The response of a service that answers at once.
pub(crate) fn send<S>(service: &mut S, request: Request<()>) -> Response<Echoed>
where
    S: Service<Request<()>, Response = Response<Echoed>, Error = Infallible>,
{
    let mut context = Context::from_waker(Waker::noop());
    assert!(service.poll_ready(&mut context).is_ready());
    match pin!(service.call(request)).poll(&mut context) {
        Poll::Ready(Ok(response)) => response,
        Poll::Ready(Err(error)) => match error {},
        Poll::Pending => panic!("a service that answers at once has not"),
    }
}
