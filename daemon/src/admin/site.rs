//! The site in force as an image, for whoever compares it with another one.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::aside::aside;
use super::shown::Shown;

/// The image, with the digest of the site as its `ETag`: whoever has that one already gets none.
pub(super) async fn image(State(shown): State<Shown>, asked: HeaderMap) -> Response {
    aside(move || answer(&shown, asked.get(header::IF_NONE_MATCH))).await
}

fn answer(shown: &Shown, known: Option<&HeaderValue>) -> Response {
    if !shown.in_force.is_ready() {
        return shown.nothing().into_response();
    }
    let state = shown.in_force.gate().snapshot();
    let tag = format!("\"{}\"", shown.in_force.digest(&state));
    if known.is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response();
    }
    match state.site().to_image() {
        Ok(image) => {
            let kind = "application/octet-stream".to_owned();
            ([(header::CONTENT_TYPE, kind), (header::ETAG, tag)], image).into_response()
        }
        Err(refused) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{refused}\n")).into_response(),
    }
}
