//! What the answers of the admin listener are made of.

use std::sync::Arc;

use tokio::sync::watch;

use crate::confirming::Places;
use crate::decide::Tally;
use crate::in_force::InForce;
use crate::publish::Published;

/// What the answers are made of.
#[derive(Debug, Clone)]
pub struct Shown {
    /// What is in force.
    pub in_force: Arc<InForce>,
    /// How publishing is, where anything is published.
    pub published: watch::Receiver<Option<Published>>,
    /// Where routers say what they enforce, if anywhere.
    pub places: watch::Receiver<Places>,
    /// What proxies were answered, a tally for each listener.
    pub tallies: Vec<Arc<Tally>>,
}
