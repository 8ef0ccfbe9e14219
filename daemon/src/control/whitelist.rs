//! The list of an app over HTTP: listed, added to, removed from, put whole.

use axum::Json;
use axum::body::Bytes;
use axum::extract::Query;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ipgate_sources::Stored;
use serde::Deserialize;
use serde_json::json;

use super::answer::Refusal;
use super::asked::Asked;
use super::body::{self, Whole};
use super::edit::{self, Edited};
use super::tokens::Right;

/// What an operator should know of a change whose answer has no body.
const NOTICE: HeaderName = HeaderName::from_static("ipgate-notice");

/// `?dry_run=true`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct How {
    dry_run: bool,
}

type Sent = Result<Bytes, BytesRejection>;
type HowSent = Result<Query<How>, axum::extract::rejection::QueryRejection>;

fn is_dry(how: HowSent) -> Result<bool, Refusal> {
    // A change that was meant to be dry is not made by a slip of the pen.
    how.map(|Query(how)| how.dry_run).map_err(|error| Refusal::bad(format!("{error}; write `?dry_run=true`")))
}

pub(super) async fn list(asked: Asked, headers: HeaderMap) -> Result<Response, Refusal> {
    let stored = asked.read(Right::List).await?;
    let version = headers_of(&stored);
    let accepts = headers.get(header::ACCEPT).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if accepts.starts_with("text/plain") {
        return Ok((version, stored.text.unwrap_or_default()).into_response());
    }
    let list = edit::parsed(stored.text.as_deref(), &asked.parser)?;
    Ok((version, Json(json!({ "addresses": edit::addresses(&list) }))).into_response())
}

pub(super) async fn add(asked: Asked, how: HowSent, body: Sent) -> Result<Response, Refusal> {
    asked.read(Right::Add).await?;
    let (dry, given) = (is_dry(how)?, body::addresses(body)?);
    let one_line = asked.store.is_one_line();
    let edit = |stored: &Stored| {
        edit::add(stored.text.as_deref(), &given, one_line, &asked.parser, &asked.caller.user)
    };
    if dry {
        return Ok(Json(asked.would(Right::Add, edit).await?).into_response());
    }
    let done = asked.change(Right::Add, edit).await?;
    let notice = noticed(done.notice.as_deref());
    Ok((StatusCode::CREATED, notice, Json(json!({ "addresses": done.edited.addresses() }))).into_response())
}

pub(super) async fn remove(asked: Asked, how: HowSent, body: Sent) -> Result<Response, Refusal> {
    asked.read(Right::Remove).await?;
    let (dry, given) = (is_dry(how)?, body::addresses(body)?);
    let given: Vec<String> = given.into_iter().map(|given| given.text).collect();
    let edit = |stored: &Stored| edit::remove(stored.text.as_deref(), &given, &asked.parser);
    if dry {
        return Ok(Json(asked.would(Right::Remove, edit).await?).into_response());
    }
    let done = asked.change(Right::Remove, edit).await?;
    Ok((StatusCode::NO_CONTENT, noticed(done.notice.as_deref())).into_response())
}

pub(super) async fn set(
    asked: Asked,
    how: HowSent,
    headers: HeaderMap,
    body: Sent,
) -> Result<Response, Refusal> {
    asked.read(Right::Remove).await?;
    let dry = is_dry(how)?;
    let condition = headers.get(header::IF_MATCH).and_then(|value| value.to_str().ok());
    let Some(condition) = condition else {
        let sentence = "send the `ETag` of the list that this one replaces as `If-Match`, so that nobody's change is lost; `*` is any";
        return Err(Refusal::new(StatusCode::PRECONDITION_REQUIRED, sentence));
    };
    let text = match body::whole(&headers, body)? {
        Whole::Text(text) => text,
        Whole::Addresses(given) => {
            let given: Vec<String> = given.into_iter().map(|given| given.text).collect();
            edit::appended("", &given, asked.store.is_one_line())
        }
    };
    let edit = |stored: &Stored| -> Result<Edited, Refusal> {
        if condition != "*" && condition != format!("\"{}\"", stored.version) {
            let sentence = format!("the list of {} is not as it was; list it again", asked.app);
            return Err(Refusal::new(StatusCode::PRECONDITION_FAILED, sentence));
        }
        edit::set(stored.text.as_deref(), &text, &asked.parser)
    };
    if dry {
        return Ok(Json(asked.would(Right::Remove, edit).await?).into_response());
    }
    let done = asked.change(Right::Remove, edit).await?;
    Ok(Json(json!({ "addresses": done.edited.addresses(), "notice": done.notice })).into_response())
}

/// The version of a list as a header, and what somebody should know before it is changed.
fn headers_of(stored: &Stored) -> HeaderMap {
    let mut headers = noticed(stored.caution.as_deref());
    if let Ok(version) = HeaderValue::from_str(&format!("\"{}\"", stored.version)) {
        headers.insert(header::ETAG, version);
    }
    headers
}

/// What an operator should know, as a header.
fn noticed(notice: Option<&str>) -> HeaderMap {
    let value = notice.and_then(|notice| HeaderValue::from_str(notice).ok());
    value.into_iter().map(|value| (NOTICE, value)).collect()
}
