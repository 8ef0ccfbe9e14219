//! The way from a source to its runner, and back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rand::RngExt;
use tokio::sync::{Notify, mpsc};

use crate::failure::Failure;
use crate::statement::Statement;

/// What a source tells its runner.
#[derive(Debug)]
pub(crate) enum Told {
    /// What it says, and when the reading of that began; nothing was read of what was kept.
    Says { statement: Box<Statement>, began: Option<Instant> },
    /// It answered, and nothing is new.
    Answers,
    /// It is followed, but not as it should be; or it is again.
    Degraded(Option<String>),
    /// It is not followed any more, and will be again.
    Failed(Failure),
}

/// What a source speaks into. One that is dropped ends the runner's part.
#[derive(Debug)]
pub struct Feed {
    number: usize,
    sender: mpsc::Sender<(usize, Told)>,
    wishes: Arc<Notify>,
    /// Whether anything is in force, of this source as of all others.
    is_in_force: Arc<AtomicBool>,
    answers: u64,
    /// How many answers there were when a reading was last put off.
    spread_at: Option<u64>,
}

impl Feed {
    pub(crate) fn new(
        number: usize,
        sender: mpsc::Sender<(usize, Told)>,
        wishes: Arc<Notify>,
        is_in_force: Arc<AtomicBool>,
    ) -> Feed {
        Feed { number, sender, wishes, is_in_force, answers: 0, spread_at: None }
    }

    /// To be called before a request is sent whose answer will be said: what is gone counts as removed only where a request
    /// that was sent later does not find it either.
    #[must_use]
    pub fn begin(&self) -> Instant {
        Instant::now()
    }

    /// Says something that was asked for at `began`. Waits where the runner is behind.
    pub async fn say(&mut self, statement: Statement, began: Instant) {
        self.answers += 1;
        self.tell(Told::Says { statement: Box::new(statement), began: Some(began) }).await;
    }

    /// Says the whole as it was kept ([`Source::resume`](crate::Source::resume)), once the source has been found to go on from
    /// there. It was not read: so it confirms of nothing that it is gone.
    pub async fn say_kept(&mut self, statement: Statement) {
        self.answers += 1;
        self.tell(Told::Says { statement: Box::new(statement), began: None }).await;
    }

    /// How often the source has answered.
    pub(crate) fn answers(&self) -> u64 {
        self.answers
    }

    /// The source has answered, and there is nothing new.
    pub async fn alive(&mut self) {
        self.answers += 1;
        self.tell(Told::Answers).await;
    }

    /// To be called before a whole is read that was lost, or is not known yet: where anything is in force it waits, for a part
    /// of that time that is drawn evenly, so that routers that lost one server do not all read at once when it is back. It
    /// waits once for each time that the source has answered, and no longer where the reading is wished for.
    pub async fn spread(&mut self, over: Duration) {
        let is_first = self.spread_at.replace(self.answers) != Some(self.answers);
        if is_first && self.is_in_force.load(Ordering::Relaxed) {
            let part: f64 = rand::rng().random_range(0.0..=1.0);
            let _ = tokio::time::timeout(over.mul_f64(part), self.wish()).await;
        }
    }

    /// The source is followed in a worse way than it should be: why, and what helps.
    pub async fn degraded(&mut self, why: impl Into<String>) {
        self.tell(Told::Degraded(Some(why.into()))).await;
    }

    /// The source is followed as it should be again.
    pub async fn recovered(&mut self) {
        self.tell(Told::Degraded(None)).await;
    }

    /// Until the runner wants the whole site read again. To be waited for beside the stream of changes; nothing is lost where
    /// the waiting is given up.
    pub async fn wish(&self) {
        self.wishes.notified().await;
    }

    async fn tell(&mut self, told: Told) {
        // A runner that has ended drops the receiver, and the source with it.
        let _ = self.sender.send((self.number, told)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long a reading is put off.
    async fn waited(feed: &mut Feed) -> Duration {
        let began = tokio::time::Instant::now();
        feed.spread(Duration::from_secs(10)).await;
        began.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn readings_are_spread_once_and_only_where_something_is_in_force() {
        let (sender, _told) = mpsc::channel(100);
        let (wishes, is_in_force) = (Arc::new(Notify::new()), Arc::new(AtomicBool::new(false)));
        let mut feed = Feed::new(0, sender, Arc::clone(&wishes), Arc::clone(&is_in_force));
        assert_eq!(waited(&mut feed).await, Duration::ZERO, "nothing is in force");
        is_in_force.store(true, Ordering::Relaxed);
        let mut waits = Vec::new();
        for _ in 0..50 {
            feed.alive().await;
            waits.push(waited(&mut feed).await);
            assert_eq!(waited(&mut feed).await, Duration::ZERO, "the same loss");
        }
        assert!(waits.iter().all(|wait| *wait <= Duration::from_millis(10_001)), "{waits:?}");
        waits.sort();
        let (first, last) = (waits[5], waits[45]);
        assert!(first < Duration::from_secs(4) && last > Duration::from_secs(6), "drawn evenly: {waits:?}");
        feed.alive().await;
        wishes.notify_one();
        assert_eq!(waited(&mut feed).await, Duration::ZERO, "it is wished for");
    }
}
