//! The way from a source to its runner, and back.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{Notify, mpsc};

use crate::failure::Failure;
use crate::statement::Statement;

/// What a source tells its runner.
#[derive(Debug)]
pub(crate) enum Told {
    /// What it says, and when the reading of that began.
    Says { statement: Box<Statement>, began: Instant },
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
    said: u64,
}

impl Feed {
    pub(crate) fn new(number: usize, sender: mpsc::Sender<(usize, Told)>, wishes: Arc<Notify>) -> Feed {
        Feed { number, sender, wishes, said: 0 }
    }

    /// To be called before a request is sent whose answer will be said: what is gone counts as removed only where a request
    /// that was sent later does not find it either.
    #[must_use]
    pub fn begin(&self) -> Instant {
        Instant::now()
    }

    /// Says something that was asked for at `began`. Waits where the runner is behind.
    pub async fn say(&mut self, statement: Statement, began: Instant) {
        self.said += 1;
        self.tell(Told::Says { statement: Box::new(statement), began }).await;
    }

    /// How often anything was said.
    pub(crate) fn said(&self) -> u64 {
        self.said
    }

    /// The source has answered, and there is nothing new.
    pub async fn alive(&mut self) {
        self.tell(Told::Answers).await;
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
