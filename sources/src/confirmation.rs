//! What a router enforces, said to its fleet: when it changes, and again before what was said expires.
//!
//! ```text
//!   reports ─▶ at most one a second ─▶ roster ─▶ notices
//!                       ▲                │
//!                       └── renewal, back-off
//! ```
//!
//! It reads what is in force and has no hand in it: whatever fails here changes nothing there.

use std::future::Future;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use rand::RngExt;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::backoff::Backoff;
use crate::notice::Notice;
use crate::roster::{Roster, RouterId, RouterReport};
use crate::source::Traits;

/// What changes in that time is said together.
const INTERVAL: Duration = Duration::from_secs(1);
/// A change is said after a wait of up to that: ten thousand routers may have it in the same moment.
const SPREAD: Duration = Duration::from_millis(500);
/// Who stops does not wait longer for a place that does not answer; what was said there expires.
const LEAVE: Duration = Duration::from_secs(2);

type OnNotice = Box<dyn FnMut(&Notice) + Send>;

/// Says what a router enforces where its fleet can read it ([`Roster`]), until it is told to stop.
///
/// ```no_run
/// # #[cfg(feature = "etcd")]
/// # async fn confirm(reports: tokio::sync::watch::Receiver<Option<ipgate_sources::RouterReport>>)
/// # -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::Arc;
/// use ipgate_sources::{Confirmation, EtcdRoster};
/// let roster = Arc::new(EtcdRoster::new(["http://127.0.0.1:2379"]).prefix("/deis"));
/// Confirmation::new(roster, "edge-1".parse()?)
///     .on_notice(|notice| eprintln!("{notice}"))
///     .run(reports, std::future::pending())
///     .await;
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is said before `run`"]
pub struct Confirmation {
    roster: Arc<dyn Roster>,
    id: RouterId,
    on_notice: OnNotice,
}

impl Confirmation {
    /// The router of that name, which no other one of the fleet has.
    pub fn new(roster: Arc<dyn Roster>, id: RouterId) -> Confirmation {
        Confirmation { roster, id, on_notice: Box::new(|_| ()) }
    }

    /// The same, where that is told what happens. It should not block.
    pub fn on_notice(self, on_notice: impl FnMut(&Notice) + Send + 'static) -> Confirmation {
        Confirmation { on_notice: Box::new(on_notice), ..self }
    }

    /// Says the report whenever it is another one, and renews it, until `stop` resolves or nobody makes reports any more; then
    /// takes it back. Nothing is said before there is one.
    pub async fn run(
        mut self,
        mut reports: watch::Receiver<Option<RouterReport>>,
        stop: impl Future<Output = ()> + Send,
    ) {
        tokio::select! {
            () = self.say_on(&mut reports) => {}
            () = stop => {}
        }
        // Where that fails the lease ends by itself, and who stops has nobody to tell.
        let _ = timeout(LEAVE, self.roster.leave(&self.id)).await;
    }

    async fn say_on(&mut self, reports: &mut watch::Receiver<Option<RouterReport>>) {
        let renewal = self.roster.lease() / 3;
        let mut backoff = Backoff::new(Traits::default().max_backoff);
        let mut failures = None;
        loop {
            let report = reports.borrow_and_update().clone();
            let Some(report) = report else {
                match reports.changed().await {
                    Ok(()) => continue,
                    Err(_) => return,
                }
            };
            match self.roster.say(&self.id, &report).await {
                Ok(()) => {
                    if failures != Some(0) {
                        (self.on_notice)(&Notice::Confirmed { failures: failures.unwrap_or(0) });
                    }
                    failures = Some(0);
                    backoff.reset();
                    sleep(INTERVAL.min(renewal)).await;
                    // Drawn, so that those who began together do not stay together.
                    let rest = renewal.saturating_sub(INTERVAL).mul_f64(drawn(0.75..=1.0));
                    match timeout(rest, reports.changed()).await {
                        Ok(Ok(())) => sleep(SPREAD.mul_f64(drawn(0.0..=1.0))).await,
                        Ok(Err(_)) => return, // what was said last may be true no longer
                        Err(_) => {}
                    }
                }
                Err(failure) => {
                    if failures.unwrap_or(0) == 0 {
                        (self.on_notice)(&Notice::Unconfirmed { failure });
                    }
                    failures = Some(failures.unwrap_or(0) + 1);
                    sleep(backoff.next()).await;
                }
            }
        }
    }
}

fn drawn(from: RangeInclusive<f64>) -> f64 {
    rand::rng().random_range(from)
}
