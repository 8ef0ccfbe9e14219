//! The control listener: the whitelist REST of the Deis controller, over whatever store there is, and what goes beyond it.
//!
//! | request | answer |
//! |---|---|
//! | `GET /v2/` | 401 without a token: how the old client sees that something is there |
//! | `GET /v2/apps/APP/whitelist/` | 200 `{"addresses": […]}`, the version as `ETag`; the text itself for `Accept: text/plain` |
//! | `POST …` with `{"addresses": […]}` | 201 with all that there are now; 409 where nothing is new |
//! | `DELETE …` with the same | 204; 422 where one is not there, and nothing is removed |
//! | `PUT …` with the same, or a list as `text/plain`, and `If-Match` | 200; 412 where it has changed, 428 without `If-Match` |
//! | any of these with `?dry_run=true` | 200 with who would gain or lose access; nothing changes |
//! | `GET /v2/apps/APP/explain?address=…` | 200 with the verdict, and every entry that covers the address |
//!
//! 401 without a valid token, 404 for an app that is not known, 403 for one that the token has no right to, 400 for what is no
//! address. An app with `/` in its name is written with `%2F`. Each answer carries `DEIS_API_VERSION`.

mod answer;
mod asked;
mod body;
mod change;
mod edit;
mod effect;
mod explain;
mod tokens;
mod whitelist;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::map_response;
use axum::routing::get;

pub use asked::{Control, Kept};
pub use tokens::{Tokens, TokensFile};

/// A whole list may be sent.
const MAX_BODY: usize = 64 << 20;

/// The paths.
pub fn router(control: Control) -> Router {
    let whitelist =
        || get(whitelist::list).post(whitelist::add).delete(whitelist::remove).put(whitelist::set);
    Router::new()
        .route("/v2/", get(asked::root))
        .route("/v2/apps/{app}/whitelist/", whitelist())
        .route("/v2/apps/{app}/whitelist", whitelist())
        .route("/v2/apps/{app}/explain", get(explain::explain))
        .fallback(answer::nothing_here)
        .method_not_allowed_fallback(answer::no_such_method)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(map_response(answer::with_version))
        .with_state(Arc::new(control))
}
