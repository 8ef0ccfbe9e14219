//! What whoever is denied reads.

use http::{Response, StatusCode};

use crate::admission::Admission;

/// Makes the response for a request that is denied. Closures do, as [`GateLayer::deny_with`](crate::GateLayer::deny_with)
/// takes them.
pub trait Respond<B> {
    /// The response.
    fn respond(&self, denied: &Admission) -> Response<B>;
}

/// 403 without a body.
#[derive(Debug, Clone, Copy, Default)]
pub struct Forbidden;

impl<B: Default> Respond<B> for Forbidden {
    fn respond(&self, _: &Admission) -> Response<B> {
        let mut response = Response::default();
        *response.status_mut() = StatusCode::FORBIDDEN;
        response
    }
}

impl<B, F: Fn(&Admission) -> Response<B>> Respond<B> for F {
    fn respond(&self, denied: &Admission) -> Response<B> {
        self(denied)
    }
}
