//! The places where the routers of a fleet say what they enforce, and where that is read.

mod id;
mod report;

use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::failure::Failure;
pub use id::{RouterId, RouterIdError};
pub use report::{ReportedSource, ReportedTarget, Router, RouterReport};

/// The time of a lease, unless set: two renewals may be missed.
#[cfg(any(feature = "etcd", feature = "kubernetes"))]
pub(crate) const LEASE: Duration = Duration::from_secs(30);

/// A place where each router of a fleet says what it enforces. [`Confirmation`](crate::Confirmation) says it there.
///
/// What is said counts for the time of a lease, and is renewed before that: a router that has died is silent soon, and is not
/// taken for one that enforces something.
pub trait Roster: Send + Sync + 'static {
    /// What it is called in messages, without secrets.
    fn name(&self) -> String;

    /// How long what is said counts without being renewed.
    fn lease(&self) -> Duration;

    /// Says what a router enforces, or where that was said before, that it still holds. What is new takes the place of what
    /// was said; until that has come to pass, nothing of the old is renewed.
    fn say<'r>(&'r self, id: &'r RouterId, report: &'r RouterReport) -> BoxFuture<'r, Result<(), Failure>>;

    /// Takes back what was said: the router has stopped, as it should.
    fn leave<'r>(&'r self, id: &'r RouterId) -> BoxFuture<'r, Result<(), Failure>>;

    /// What all routers say, in the order of their names. O(n) for n routers, some hundred of them a request.
    fn all(&self) -> BoxFuture<'_, Result<Vec<Router>, Failure>>;
}
