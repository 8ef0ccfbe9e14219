//! Two apps of one axum server, each with a list of its own: `cargo run -p ipgate-tower --example axum`
//!
//! ```sh
//! curl -H 'Host: shop.example' http://127.0.0.1:3000/                        # 200
//! curl -H 'Host: blog.example' http://127.0.0.1:3000/                        # 403
//! curl -H 'Host: blog.example' --interface 127.0.0.2 http://127.0.0.1:3000/  # 200
//! ```

use std::net::SocketAddr;

use axum::extract::ConnectInfo;
use axum::routing::get;
use axum::{Extension, Router};
use ipgate::List;
use ipgate::site::{App, Site, SiteGate};
use ipgate_tower::{Admission, GateLayer};

/// Shop and blog, which answer at hosts of their own. Who asks for another host is nobody's client.
pub(crate) fn site() -> Result<SiteGate, Box<dyn std::error::Error>> {
    let shop =
        App::new().with_list("127.0.0.1:this_computer".parse::<List>()?).with_host("shop.example".parse()?);
    let blog =
        App::new().with_list("127.0.0.2:second_address".parse::<List>()?).with_host("blog.example".parse()?);
    let site = Site::new().with_enforce(true).with_app("shop".parse()?, shop).with_app("blog".parse()?, blog);
    Ok(SiteGate::new(&site)?)
}

/// The server. The gate is asked before any route.
pub(crate) fn router(site: SiteGate) -> Router {
    let gate = GateLayer::site(site)
        .peer_in(|ConnectInfo(peer): &ConnectInfo<SocketAddr>| Some(peer.ip()))
        .on_denied(|admission, head| eprintln!("{} {admission}", head.uri.path()))
        .with_admission();
    Router::new().route("/", get(hello)).layer(gate)
}

async fn hello(Extension(admission): Extension<Admission>) -> String {
    format!("{} knows you as {}.\n", admission.app().unwrap_or("-"), admission.label().unwrap_or("-"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    let service = router(site()?).into_make_service_with_connect_info::<SocketAddr>();
    Ok(axum::serve(listener, service).await?)
}
