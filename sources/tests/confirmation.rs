//! When something is said, and when it is not, with a roster that keeps what it hears; time is the test's own.

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use ipgate_sources::{Failure, Roster, Router, RouterId, RouterReport};
use support::{Confirmed, report};
use tokio::time::{Instant, sleep};

const LEASE: Duration = Duration::from_secs(30);

/// What came to pass, and when.
#[derive(Debug, Clone, PartialEq)]
enum Heard {
    Said(String, Duration),
    Refused,
    Left,
}

/// A roster of memory. Each test has a clock that stands still while anything is done.
#[derive(Clone)]
struct Memory {
    began: Instant,
    heard: Arc<Mutex<Vec<Heard>>>,
    refuses: Arc<Mutex<bool>>,
}

impl Memory {
    fn new() -> Memory {
        Memory { began: Instant::now(), heard: Arc::default(), refuses: Arc::default() }
    }

    fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    /// When each digest was said, in the order of time.
    fn said(&self) -> Vec<(String, Duration)> {
        let said = |heard| match heard {
            Heard::Said(digest, at) => Some((digest, at)),
            _ => None,
        };
        self.heard().into_iter().filter_map(said).collect()
    }
}

impl Roster for Memory {
    fn name(&self) -> String {
        "memory".into()
    }

    fn lease(&self) -> Duration {
        LEASE
    }

    fn say<'r>(&'r self, _: &'r RouterId, report: &'r RouterReport) -> BoxFuture<'r, Result<(), Failure>> {
        let refuses = *self.refuses.lock().unwrap();
        let digest = report.digest.clone().unwrap_or_default();
        let heard = if refuses { Heard::Refused } else { Heard::Said(digest, self.began.elapsed()) };
        self.heard.lock().unwrap().push(heard);
        Box::pin(
            async move { if refuses { Err(Failure::Denied("no right to write".into())) } else { Ok(()) } },
        )
    }

    fn leave<'r>(&'r self, _: &'r RouterId) -> BoxFuture<'r, Result<(), Failure>> {
        self.heard.lock().unwrap().push(Heard::Left);
        Box::pin(async { Ok(()) })
    }

    fn all(&self) -> BoxFuture<'_, Result<Vec<Router>, Failure>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

#[tokio::test(start_paused = true)]
async fn what_changes_together_is_said_together_and_what_does_not_is_renewed() {
    let memory = Memory::new();
    let confirmed = Confirmed::start(memory.clone(), "edge-1");
    sleep(LEASE).await;
    assert_eq!(memory.heard(), [], "there is nothing to say");
    for number in 0..10_000_u32 {
        let digit = char::from_digit(number % 16, 16).unwrap();
        confirmed.say(report(digit));
        sleep(Duration::from_millis(1)).await;
    }
    confirmed.say(report('a'));
    sleep(Duration::from_secs(2)).await;
    let said = memory.said();
    assert!((6..=12).contains(&said.len()), "ten seconds of changes, one of them a second: {said:?}");
    assert!(said.windows(2).all(|pair| pair[1].1 - pair[0].1 >= Duration::from_secs(1)), "{said:?}");
    assert_eq!(said.last().unwrap().0, "a".repeat(64), "what came last is said");
    // Nothing changes for ten leases.
    sleep(10 * LEASE).await;
    let renewed: Vec<_> = memory.said().split_off(said.len() - 1);
    assert!(renewed.windows(2).all(|pair| pair[1].1 - pair[0].1 <= LEASE / 3), "{renewed:?}");
    assert!((30..=41).contains(&renewed.len()), "{renewed:?}");
    confirmed.stop().await;
    assert_eq!(memory.heard().last(), Some(&Heard::Left));
}

#[tokio::test(start_paused = true)]
async fn a_right_that_is_gone_is_told_once_and_asked_for_with_patience() {
    let memory = Memory::new();
    let confirmed = Confirmed::start(memory.clone(), "edge-1");
    confirmed.say(report('a'));
    sleep(Duration::from_secs(1)).await;
    *memory.refuses.lock().unwrap() = true;
    confirmed.say(report('b'));
    sleep(Duration::from_secs(600)).await;
    let refused = memory.heard().iter().filter(|heard| **heard == Heard::Refused).count();
    assert!((20..=250).contains(&refused), "from 0.1 s to 30 s apart: {refused}");
    *memory.refuses.lock().unwrap() = false;
    sleep(Duration::from_secs(31)).await;
    assert_eq!(memory.said().last().unwrap().0, "b".repeat(64));
    let again =
        format!("what this router enforces is told to its fleet again after {refused} failed attempts");
    assert_eq!(
        confirmed.notices(),
        [
            "what this router enforces is told to its fleet",
            "what this router enforces cannot be told to its fleet: it refuses: no right to write; what is in force stays, what was told expires, and it is tried again",
            &again,
        ]
    );
}
