//! A router that says what it enforces, and what is told of that.

use std::sync::{Arc, Mutex};

use ipgate_sources::{Confirmation, Notice, Roster, Router, RouterReport, Status};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

/// It says what a test has it say.
pub struct Confirmed {
    reports: watch::Sender<Option<RouterReport>>,
    notices: Arc<Mutex<Vec<String>>>,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<()>,
}

/// A report with a digest of that digit alone.
pub fn report(digit: char) -> RouterReport {
    RouterReport::new("9", &Status::default()).enforcing(&digit.to_string().repeat(64), 7).counting(2, 9)
}

/// The routers that a roster knows, with the first digit of each digest, and `!` behind those that are silent.
pub async fn known(roster: &dyn Roster) -> String {
    let shown = |router: Router| {
        let digest = router.report.unwrap().digest.unwrap_or_default();
        let silent = if router.is_silent { "!" } else { "" };
        format!("{} {}{silent}", router.id, digest.get(..1).unwrap_or("-"))
    };
    roster.all().await.unwrap().into_iter().map(shown).collect::<Vec<_>>().join(", ")
}

/// Waits until a roster knows exactly that.
pub async fn until_known(roster: &dyn Roster, expected: &str) {
    while known(roster).await != expected {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

impl Confirmed {
    pub fn start(roster: impl Roster, id: &str) -> Confirmed {
        let (reports, said) = watch::channel(None);
        let notices: Arc<Mutex<Vec<String>>> = Arc::default();
        let into = Arc::clone(&notices);
        let confirmation = Confirmation::new(Arc::new(roster), id.parse().unwrap())
            .on_notice(move |notice: &Notice| into.lock().unwrap().push(notice.to_string()));
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(confirmation.run(said, async { drop(stopped.await) }));
        Confirmed { reports, notices, stop: Some(stop), running }
    }

    pub fn say(&self, report: RouterReport) {
        self.reports.send_replace(Some(report));
    }

    /// What was told so far.
    pub fn notices(&self) -> Vec<String> {
        self.notices.lock().unwrap().clone()
    }

    /// Waits until a notice holds that.
    pub async fn until_told(&self, part: &str) {
        while !self.notices().iter().any(|notice| notice.contains(part)) {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    }

    /// Ends it as a service is ended.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        (&mut self.running).await.unwrap();
    }
}

/// Ends it as a loss of power does.
impl Drop for Confirmed {
    fn drop(&mut self) {
        self.running.abort();
        std::mem::forget(self.reports.clone()); // without reports it would take back what it said
    }
}
