//! A [`tower`](https://docs.rs/tower) layer that filters requests by client address, with the lists of [`ipgate`]: for axum,
//! tonic, hyper, and whatever else is a service over the types of the crate `http`.
//!
//! ```
//! use http::{Request, Response};
//! use ipgate::{Gate, List};
//! use ipgate_tower::GateLayer;
//! use tower_layer::Layer;
//! # use tower_service::Service;
//! # use std::{convert::Infallible, future::{Ready, ready}, net::SocketAddr, task::{Context, Poll, Waker}};
//! # #[derive(Clone)]
//! # struct Hello;
//! # impl Service<Request<()>> for Hello {
//! #     type Response = Response<String>;
//! #     type Error = Infallible;
//! #     type Future = Ready<Result<Response<String>, Infallible>>;
//! #     fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> { Poll::Ready(Ok(())) }
//! #     fn call(&mut self, _: Request<()>) -> Self::Future { ready(Ok(Response::new("hello".to_owned()))) }
//! # }
//!
//! let gate = Gate::new(&"10.0.1.0/24:office".parse::<List>()?);
//! let mut service = GateLayer::new(gate.clone()).layer(Hello); // any service
//! let mut status = |peer: &str| {
//!     let mut request = Request::new(());
//!     request.extensions_mut().insert(peer.parse::<SocketAddr>().unwrap()); // who accepts connections does that
//!     # let mut answer = std::pin::pin!(service.call(request));
//!     # let mut context = Context::from_waker(Waker::noop());
//!     # let Poll::Ready(Ok(response)) = std::future::Future::poll(answer.as_mut(), &mut context) else { panic!() };
//!     // … call the service with it
//!     response.status()
//! };
//! assert_eq!(status("10.0.1.7:4711"), 200);
//! assert_eq!(status("192.0.2.7:4711"), 403);
//! gate.replace(&"192.0.2.7:partner".parse()?)?; // every later request sees it
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | question | setting |
//! |---|---|
//! | who may come in | [`GateLayer::new`]: one gate; [`GateLayer::site`]: the lists of many apps |
//! | who is asked for | [`GateLayer::app`]: an [`App`] by host, header, path, or a closure |
//! | who asks | [`GateLayer::peer_in`]: where the server leaves the peer's address; [`GateLayer::client`]: the proxies in front |
//! | what whoever may not reads | [`GateLayer::deny_with`]: 403 unless set |
//! | what the service is told | [`GateLayer::with_admission`]: an extension; [`GateLayer::with_headers`]: headers to an upstream |
//! | what would happen | [`GateLayer::dry_run`], [`GateLayer::on_denied`] |
//!
//! Handles, not readers: a service moves between threads with its tasks, so a request borrows what is in force from the gate
//! in a slot of the thread that it is on, and keeps nothing. It takes no lock, does not wait, and allocates nothing where the
//! client is let in and nothing was asked for in return (`cargo bench -p ipgate-tower`).
//!
//! Everything that is missing denies: a request without the peer's address, or without a usable client address behind
//! proxies ([`ipgate::client`]); one that names two hosts.

#![forbid(unsafe_code)]

mod admission;
mod app;
mod future;
mod head;
mod headers;
mod layer;
mod peer;
mod respond;
mod rules;
mod service;

pub use admission::{Admission, Refusal};
pub use app::App;
pub use future::ResponseFuture;
pub use head::Head;
pub use headers::{CLIENT, ENTRY, GENERATION, LABEL};
pub use layer::GateLayer;
pub use peer::Proxied;
pub use respond::{Forbidden, Respond};
pub use service::GateService;

/// The README's programs are compiled as documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
