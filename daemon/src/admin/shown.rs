//! What the answers of the admin listener are made of.

use std::sync::Arc;

use axum::http::StatusCode;
use tokio::sync::watch;

use crate::confirming::Places;
use crate::decide::Tally;
use crate::in_force::InForce;
use crate::publish::Publishing;

/// What the answers are made of.
#[derive(Debug, Clone)]
pub struct Shown {
    /// What is in force.
    pub in_force: Arc<InForce>,
    /// How publishing is.
    pub published: watch::Receiver<Publishing>,
    /// Where routers say what they enforce, if anywhere.
    pub places: watch::Receiver<Places>,
    /// What proxies were answered, a tally for each listener.
    pub tallies: Vec<Arc<Tally>>,
}

impl Shown {
    /// What is answered while nothing is in force.
    pub(super) fn nothing(&self) -> (StatusCode, String) {
        let status = self.in_force.status();
        let missing = status.sources.iter().filter(|source| source.last_answer.is_none());
        let missing: Vec<&str> = missing.map(|source| source.name.as_str()).collect();
        let sentence = format!("nobody is let in: no answer yet from {}\n", missing.join(", "));
        (StatusCode::SERVICE_UNAVAILABLE, sentence)
    }
}
