//! A Kubernetes cluster as a source and as a store: annotations of a router's Deployment, of Services, Ingresses and
//! HTTPRoutes. Its routers say what they enforce in Leases.
//!
//! ```text
//!   access ─▶ client ─┬─ stream of the router's Deployment ─┐
//!                     ├─ stream of Services ────────────────┤                ┌─ whole, once each kind was listed
//!                     ├─ stream of Ingresses ───────────────┼─▶ cluster ─────┤
//!                     └─ stream of HTTPRoutes ──────────────┘  (joins them)  └─ changes
//! ```

mod access;
mod annotated;
mod cluster;
mod condition;
mod kept;
mod kind;
mod listed;
mod names;
mod object;
mod ranges;
mod refused;
mod roster;
mod source;
mod store;
mod stream;
mod written;

pub use access::KubernetesAccess;
pub use names::KubernetesNames;
pub use roster::KubernetesRoster;
pub use source::KubernetesSource;
pub use store::KubernetesStore;
