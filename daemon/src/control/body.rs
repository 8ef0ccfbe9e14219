//! What comes with a request: addresses, each an entry of a list, or a whole list.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, header};
use ipgate::list::Parser;
use ipgate::{Entry, Shown};
use serde::Deserialize;

use super::answer::Refusal;

/// The longest address in characters.
const LONGEST: usize = 50;

/// `{"addresses": […]}`.
#[derive(Debug, Deserialize)]
struct Body {
    addresses: Vec<String>,
}

/// An address as it was given, and what it comes to.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub(super) text: String,
    pub(super) entries: Vec<Entry>,
}

/// The addresses of a request, each checked.
pub(super) fn addresses(body: Result<Bytes, BytesRejection>) -> Result<Vec<Given>, Refusal> {
    let body = body.map_err(|error| Refusal::new(error.status(), error.body_text()))?;
    let body: Body = serde_json::from_slice(&body)
        .map_err(|error| Refusal::bad(format!("send {{\"addresses\": [\"10.0.1.0/24\", …]}}; {error}")))?;
    body.addresses.into_iter().map(given).collect()
}

fn given(text: String) -> Result<Given, Refusal> {
    let shown = Shown(&text).to_string();
    if text.chars().count() > LONGEST {
        return Err(Refusal::bad(format!("`{shown}` has more than {LONGEST} characters")));
    }
    let parsed = Parser::new().parse(&text).map_err(|rejected| {
        let first =
            rejected.report().errors().next().map_or_else(|| rejected.to_string(), ToString::to_string);
        Refusal::bad(format!("`{shown}` is no address: {first}"))
    })?;
    let mut pieces = parsed.list.pieces();
    match (pieces.next(), pieces.next()) {
        (Some(piece), None) if piece.text() == text => Ok(Given { entries: piece.entries().to_vec(), text }),
        _ => Err(Refusal::bad(format!(
            "`{shown}` is not one address; send each by itself, without blanks and comments"
        ))),
    }
}

/// A whole list: as text, or as addresses, a line each.
pub(super) enum Whole {
    Text(String),
    Addresses(Vec<Given>),
}

pub(super) fn whole(headers: &HeaderMap, body: Result<Bytes, BytesRejection>) -> Result<Whole, Refusal> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("text/plain") {
        return addresses(body).map(Whole::Addresses);
    }
    let body = body.map_err(|error| Refusal::new(error.status(), error.body_text()))?;
    let text = String::from_utf8(body.into()).map_err(|_| Refusal::bad("the list is no UTF-8 text"))?;
    Ok(Whole::Text(text))
}
