//! Who asks about which app, and whether that may be.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::{ConnectInfo, FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use ipgate::list::Parser;
use ipgate::site::AppName;
use ipgate_sources::{Store, Stored};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::answer::Refusal;
use super::tokens::{Caller, Right, TokensFile};
use crate::in_force::InForce;

/// Where lists are kept, and how they are parsed.
#[derive(Clone)]
pub struct Kept {
    /// Where.
    pub store: Arc<dyn Store>,
    /// How.
    pub parser: Parser,
}

/// What changes need.
pub struct Control {
    /// Where lists are kept; another place where the configuration says so.
    pub kept: watch::Receiver<Kept>,
    /// Who may change what.
    pub tokens: TokensFile,
    /// What is in force, for explanations and for what a change would do.
    pub in_force: Arc<InForce>,
}

/// A request about an app, of somebody with a token.
pub(super) struct Asked {
    pub(super) control: Arc<Control>,
    pub(super) caller: Caller,
    pub(super) app: AppName,
    pub(super) store: Arc<dyn Store>,
    pub(super) parser: Parser,
    pub(super) from: Option<SocketAddr>,
}

impl Asked {
    /// The list as it is kept; refused where there is no such app, or the caller has no such right.
    pub(super) async fn read(&self, right: Right) -> Result<Stored, Refusal> {
        let Some(stored) = self.store.read(&self.app).await? else {
            return Err(self.unknown());
        };
        if self.caller.may(right, &self.app) {
            return Ok(stored);
        }
        let what = match right {
            Right::List => "see the list of",
            Right::Add => "add to the list of",
            Right::Remove => "remove from the list of",
        };
        Err(Refusal::new(StatusCode::FORBIDDEN, format!("{} may not {what} {}", self.caller.user, self.app)))
    }

    pub(super) fn unknown(&self) -> Refusal {
        Refusal::new(StatusCode::NOT_FOUND, format!("there is no app {} in {}", self.app, self.store.name()))
    }
}

impl FromRequestParts<Arc<Control>> for Asked {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, control: &Arc<Control>) -> Result<Asked, Refusal> {
        let caller = authenticated(control, &parts.headers)?;
        let name = Path::<String>::from_request_parts(parts, control).await;
        let Path(name) = name.map_err(|error| Refusal::bad(error.body_text()))?;
        let app =
            AppName::new(&name).map_err(|error| Refusal::new(StatusCode::NOT_FOUND, error.to_string()))?;
        let from = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(from)| *from);
        let Kept { store, parser } = control.kept.borrow().clone();
        Ok(Asked { control: Arc::clone(control), caller, app, store, parser, from })
    }
}

/// Who has the token that comes with a request.
fn authenticated(control: &Control, headers: &HeaderMap) -> Result<Caller, Refusal> {
    let refused = |detail: &str| Refusal::new(StatusCode::UNAUTHORIZED, detail);
    let Some(value) = headers.get(header::AUTHORIZATION) else {
        return Err(refused("a token is missing; send it as `Authorization: token TOKEN`"));
    };
    let token = value.to_str().ok().and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        let is_known = ["token", "bearer"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
        is_known.then(|| token.trim())
    });
    let caller = token.and_then(|token| control.tokens.tokens().caller(token));
    caller.ok_or_else(|| refused("that is no valid token"))
}

/// Whether something is there, and the token is valid.
pub(super) async fn root(
    State(control): State<Arc<Control>>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    authenticated(&control, &headers)?;
    Ok(Json(json!({ "version": env!("CARGO_PKG_VERSION") })))
}
