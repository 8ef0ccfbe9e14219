//! The admin listener: whether the process runs, whether a site is in force, figures, the report of this router, what all routers
//! of its fleet say, and the site itself.

mod aside;
mod metrics;
mod report;
mod routers;
mod shown;
mod site;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use aside::aside;
use metrics::Metrics;
use report::Report;
use routers::Routers;
pub use shown::Shown;

/// The paths.
pub fn router(shown: Shown) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/report", get(report))
        .route("/routers", get(routers))
        .route("/site", get(site::image))
        .with_state(shown)
}

/// The process runs, and answers. What cannot be published is told here and is no reason to restart.
async fn healthz(State(shown): State<Shown>) -> String {
    shown.published.borrow().failing().map_or_else(
        || "ok\n".to_owned(),
        |(_, failing)| format!("ok, but what is in force cannot be published: {}\n", failing.why),
    )
}

/// A site is in force.
async fn readyz(State(shown): State<Shown>) -> (StatusCode, String) {
    match shown.in_force.is_ready() {
        true => (StatusCode::OK, "ready\n".to_owned()),
        false => shown.nothing(),
    }
}

async fn metrics(State(shown): State<Shown>) -> Response {
    let text = aside(move || Metrics::new(shown).text()).await;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

async fn report(State(shown): State<Shown>) -> Response {
    axum::Json(aside(move || Report::of(&shown)).await).into_response()
}

async fn routers(State(shown): State<Shown>) -> Response {
    // Not held while others are asked.
    let places = shown.places.borrow().clone();
    if places.rosters().is_empty() {
        let sentence = "no source here has `confirm = true`, so that routers say nothing of each other; set it, or start with --confirm\n";
        return (StatusCode::NOT_FOUND, sentence).into_response();
    }
    axum::Json(Routers::read(&places).await).into_response()
}
