//! A hyper server with a gate in front: `cargo run -p ipgate-tower --example hyper`
//!
//! ```sh
//! curl http://127.0.0.1:3000/                        # 200
//! curl --interface 127.0.0.2 http://127.0.0.1:3000/  # 403
//! ```

use std::convert::Infallible;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use ipgate::{Gate, List};
use ipgate_tower::GateLayer;
use tokio::net::TcpListener;
use tower::{Layer, service_fn};

async fn hello(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::from("Hello.\n")))
}

/// Serves whoever connects, each connection with the address that it was accepted from.
pub(crate) async fn serve(listener: TcpListener, gate: Gate) -> std::io::Result<()> {
    let layer = GateLayer::new(gate);
    loop {
        let (stream, peer) = listener.accept().await?;
        let service = layer.clone().peer_by(move |_| Some(peer.ip())).layer(service_fn(hello));
        let connection =
            http1::Builder::new().serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
        tokio::spawn(async move {
            let _ = connection.await; // its error is the client's going away
        });
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let gate = Gate::new(&"127.0.0.1:this_computer".parse::<List>()?);
    Ok(serve(TcpListener::bind("127.0.0.1:3000").await?, gate).await?)
}
