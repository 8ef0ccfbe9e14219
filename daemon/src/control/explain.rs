//! Why a client is let in or not, by what is in force.

use std::net::IpAddr;

use axum::Json;
use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use ipgate::parse_address;
use ipgate::table::{EntryRef, Origin};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::Refusal;
use super::asked::Asked;
use super::tokens::Right;

/// `?address=192.0.2.7`.
#[derive(Debug, Deserialize)]
pub(super) struct Whom {
    address: String,
}

pub(super) async fn explain(
    asked: Asked,
    whom: Result<Query<Whom>, QueryRejection>,
) -> Result<Json<Value>, Refusal> {
    asked.read(Right::List).await?;
    let Query(whom) = whom.map_err(|error| Refusal::bad(format!("{error}; write `?address=192.0.2.7`")))?;
    let address: IpAddr = parse_address(&whom.address).map_err(|error| Refusal::bad(error.to_string()))?;
    let gate = asked.control.in_force.gate();
    let (state, verdict) = (gate.snapshot(), gate.check(asked.app.as_str(), address));
    let entry = |(origin, entry): (Origin, EntryRef<'_>)| json!({ "list": list(origin), "entry": entry.to_string(), "line": entry.line() });
    let covering: Vec<Value> = state.covering(asked.app.as_str(), address).into_iter().map(entry).collect();
    Ok(Json(json!({
        "app": asked.app.as_str(),
        "address": verdict.address().map(|address| address.to_string()),
        "allowed": verdict.is_allowed(),
        "reason": verdict.reason().to_string(),
        "label": verdict.label(),
        "generation": verdict.site_generation(),
        // The first one decides.
        "covering": covering,
    })))
}

fn list(origin: Origin) -> &'static str {
    match origin {
        Origin::App => "app",
        Origin::Default => "default",
    }
}
