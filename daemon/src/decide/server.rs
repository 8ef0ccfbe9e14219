//! The listener: accepts connections, and answers what is asked on them by HTTP/1.1.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::ready;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};
use tracing::warn;

use super::answer::Values;
use super::connections::{Connection, Connections};
use super::rules::Rules;
use crate::config::DecideConfig;

/// For how long a connection that is to be closed may still take to say what it was about to.
const FAREWELL: Duration = Duration::from_secs(1);
/// The time after which accepting is tried again, where the process has no more files to open.
const PAUSE: Duration = Duration::from_millis(20);

/// A listener's rules and limits.
#[derive(Debug)]
pub struct Decider {
    rules: Arc<Rules>,
    connections: Arc<Connections>,
    timeout: Duration,
    http: http1::Builder,
}

impl Decider {
    /// With the limits of a listener.
    #[must_use]
    pub fn new(config: &DecideConfig, rules: Rules) -> Decider {
        let mut http = http1::Builder::new();
        http.max_buf_size(config.max_header_bytes);
        Decider {
            rules: Arc::new(rules),
            connections: Arc::new(Connections::new(config.max_connections)),
            timeout: config.timeout.duration(),
            http,
        }
    }

    /// Answers until it is told to stop.
    pub async fn serve(self, socket: TcpListener, mut stopped: oneshot::Receiver<()>) {
        let mut sweeps = tokio::time::interval((self.timeout / 4).max(PAUSE));
        let mut is_full = false;
        loop {
            tokio::select! {
                _ = &mut stopped => break,
                _ = sweeps.tick() => self.connections.close_idle(self.timeout),
                accepted = socket.accept() => match accepted {
                    Ok((stream, peer)) => {
                        is_full = false;
                        self.take(stream, peer.ip());
                    }
                    Err(error) => {
                        if !std::mem::replace(&mut is_full, true) {
                            warn!("a connection cannot be accepted: {error}; the one that has asked nothing for the longest is closed");
                        }
                        self.connections.close_idlest();
                        sleep(PAUSE).await;
                    }
                },
            }
        }
        drop(socket);
        self.connections.close();
        while !self.connections.is_empty() {
            sleep(PAUSE).await;
        }
    }

    fn take(&self, stream: TcpStream, peer: IpAddr) {
        let _ = stream.set_nodelay(true); // without it answers may be late, and are the same
        let (rules, http, connection) =
            (Arc::clone(&self.rules), self.http.clone(), self.connections.enter());
        tokio::spawn(async move { answer(&rules, &http, stream, peer, &connection).await });
    }
}

/// Answers what is asked on a connection, until it ends. What is no HTTP, or too long, ends it.
async fn answer(
    rules: &Rules,
    http: &http1::Builder,
    stream: TcpStream,
    peer: IpAddr,
    connection: &Connection,
) {
    let values = Cell::new(Values::default());
    let service = service_fn(move |request: Request<Incoming>| {
        connection.asks();
        let (head, _) = request.into_parts();
        let mut room = values.take();
        let answer = room.answer(&rules.decide(peer, &head));
        values.set(room);
        ready(Ok::<_, Infallible>(answer))
    });
    let mut served = pin!(http.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        biased;
        _ = &mut served => return,
        () = connection.closed() => {}
    }
    served.as_mut().graceful_shutdown();
    let _ = timeout(FAREWELL, served).await;
}
