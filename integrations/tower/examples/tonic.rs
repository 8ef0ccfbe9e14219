//! A gRPC service with a gate in front: `cargo run -p ipgate-tower --example tonic`
//!
//! Its messages are plain text, by a codec of its own, so that nothing is generated; services of `tonic-build` are added in the
//! same way. Whoever is denied reads PERMISSION_DENIED.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, BufMut};
use ipgate::{Gate, List};
use ipgate_tower::{Admission, GateLayer};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::body::Body;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::{Grpc, NamedService};
use tonic::transport::Server;
use tonic::transport::server::TcpConnectInfo;
use tonic::{Request, Response, Status};
use tower::{Service, service_fn};

/// Messages that are texts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text;

impl Codec for Text {
    type Encode = String;
    type Decode = String;
    type Encoder = Text;
    type Decoder = Text;

    fn encoder(&mut self) -> Text {
        Text
    }

    fn decoder(&mut self) -> Text {
        Text
    }
}

impl Encoder for Text {
    type Item = String;
    type Error = Status;

    fn encode(&mut self, text: String, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put_slice(text.as_bytes());
        Ok(())
    }
}

impl Decoder for Text {
    type Item = String;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<String>, Status> {
        let bytes = buffer.copy_to_bytes(buffer.remaining());
        String::from_utf8(bytes.into())
            .map(Some)
            .map_err(|_| Status::invalid_argument("the message is no text"))
    }
}

/// Greets by the label of whoever asks.
#[derive(Debug, Clone, Copy)]
struct Greeter;

pub(crate) const GREET: &str = "/example.Greeter/Greet";

async fn greet(request: Request<String>) -> Result<Response<String>, Status> {
    let label = request.extensions().get::<Admission>().and_then(Admission::label).unwrap_or("nobody");
    Ok(Response::new(format!("{} to {label}", request.get_ref())))
}

impl NamedService for Greeter {
    const NAME: &'static str = "example.Greeter";
}

impl Service<http::Request<Body>> for Greeter {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<http::Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move {
            Ok(match request.uri().path() {
                GREET => Grpc::new(Text).unary(service_fn(greet), request).await,
                _ => Status::unimplemented("there is no such method").into_http(),
            })
        })
    }
}

/// Serves whoever connects. The gate is asked before any service.
pub(crate) async fn serve(listener: TcpListener, gate: Gate) -> Result<(), tonic::transport::Error> {
    let layer = GateLayer::new(gate)
        .peer_in(|connection: &TcpConnectInfo| Some(connection.remote_addr()?.ip()))
        .deny_with(|_: &Admission| {
            Status::permission_denied("this address is not on the list").into_http::<Body>()
        })
        .with_admission();
    let connections = TcpListenerStream::new(listener);
    Server::builder().layer(layer).add_service(Greeter).serve_with_incoming(connections).await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let gate = Gate::new(&"127.0.0.1:this_computer".parse::<List>()?);
    Ok(serve(TcpListener::bind("127.0.0.1:3000").await?, gate).await?)
}
