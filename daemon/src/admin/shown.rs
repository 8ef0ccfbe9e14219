//! What the answers of the admin listener are made of.

use std::sync::Arc;

use tokio::sync::watch;

use crate::confirming::Places;
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
}
