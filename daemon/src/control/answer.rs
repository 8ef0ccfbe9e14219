//! Answers that are no yes: a code, and a sentence as `{"detail": …}`, as the old client wants it.

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ipgate_sources::StoreError;
use serde_json::json;

/// The version of the interface that the old client knows.
const VERSION: (HeaderName, HeaderValue) =
    (HeaderName::from_static("deis_api_version"), HeaderValue::from_static("2.3"));

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: StatusCode,
    pub(super) detail: String,
}

impl Refusal {
    pub(super) fn new(code: StatusCode, detail: impl Into<String>) -> Refusal {
        Refusal { code, detail: detail.into() }
    }

    pub(super) fn bad(detail: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::BAD_REQUEST, detail)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Refusal {
        let code = match &error {
            StoreError::Conflict => StatusCode::CONFLICT,
            StoreError::NoSuchApp => StatusCode::NOT_FOUND,
            StoreError::Denied(_) => StatusCode::BAD_GATEWAY,
            StoreError::CannotSay(_) => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        };
        Refusal::new(code, error.to_string())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.code, Json(json!({ "detail": self.detail }))).into_response();
        if self.code == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Token"));
        }
        response
    }
}

pub(super) async fn with_version(mut response: Response) -> Response {
    let (name, version) = VERSION;
    response.headers_mut().insert(name, version);
    response
}

pub(super) async fn nothing_here() -> Refusal {
    let paths = "`/v2/apps/APP/whitelist/` and `/v2/apps/APP/explain`";
    Refusal::new(StatusCode::NOT_FOUND, format!("there is nothing here; the paths are {paths}"))
}

pub(super) async fn no_such_method() -> Refusal {
    let methods = "GET, POST, DELETE and PUT for `whitelist/`, and GET for the others";
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, format!("the methods are {methods}"))
}
