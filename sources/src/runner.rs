//! The runner: follows sources into the gate of a site, until it is told to stop.
//!
//! ```text
//!   source ─┐  statements                ┌─▶ gate
//!   source ─┼──────────────▶ core ───────┼─▶ state folder (at most once a second)
//!   source ─┘◀────────────── wishes      └─▶ notices, status
//! ```

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use ipgate::list::Parser;
use ipgate::site::SiteGate;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, sleep_until};

use crate::backoff::Backoff;
use crate::core::{Core, Outcome};
use crate::failure::Failure;
use crate::feed::{Feed, Told};
use crate::notice::Notice;
use crate::source::Source;
use crate::state::StateFolder;
use crate::status::{Condition, SourceStatus, Status};

/// Statements that wait at most; a source that has more waits with them.
const QUEUE: usize = 1024;
/// What is in force is kept at most that often, and takes a tenth of the time at most: meanwhile nothing comes into force.
const KEEP_INTERVAL: Duration = Duration::from_secs(1);
const KEEP_SHARE: u32 = 10;
/// What was in force is freed that long after a change: readers have taken what came after it by then.
const SWEEP_DELAY: Duration = Duration::from_secs(1);
/// A reading that was wished for and has not come is wished for again.
const WISH_INTERVAL: Duration = Duration::from_secs(5);

type OnNotice = Box<dyn FnMut(Option<&str>, &Notice) + Send>;

/// Follows sources into the gate of a site.
///
/// The gate should hold a [closed site](crate::closed_site) at first: it stays as it is until each source has answered once, or
/// what it said last was kept in a state folder. One that holds what another runner has brought into it goes on with that until
/// then, and its guard is asked about what is different. Where several sources name an app, the first one has the word; the same holds
/// for the default list and each setting.
///
/// ```no_run
/// use ipgate::site::SiteGate;
/// use ipgate_sources::{FolderSource, Runner, closed_site};
/// # async fn follow() -> Result<(), Box<dyn std::error::Error>> {
/// let gate = SiteGate::new(&closed_site())?;
/// let runner = Runner::new(&gate)
///     .with_source(FolderSource::new("/etc/ipgate"))
///     .on_notice(|source, notice| eprintln!("{}: {notice}", source.unwrap_or("site")));
/// let status = runner.status();
/// tokio::spawn(runner.run(std::future::pending()));
/// # drop(status);
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is followed before `run`"]
pub struct Runner {
    gate: SiteGate,
    sources: Vec<Box<dyn Source>>,
    parser: Parser,
    state: Option<StateFolder>,
    on_notice: OnNotice,
    status: watch::Sender<Arc<Status>>,
}

impl Runner {
    /// Will fill that gate; nothing else should change it meanwhile. Its guard is asked about every change but its first.
    pub fn new(gate: &SiteGate) -> Runner {
        Runner {
            gate: gate.clone(),
            sources: Vec::new(),
            parser: Parser::new(),
            state: None,
            on_notice: Box::new(|_, _| ()),
            status: watch::Sender::new(Arc::new(Status::default())),
        }
    }

    /// The same with one more source, whose word counts after those before it.
    pub fn with_source(self, source: impl Source) -> Runner {
        self.with_boxed_source(Box::new(source))
    }

    /// The same with a source whose type is not known.
    pub fn with_boxed_source(mut self, source: Box<dyn Source>) -> Runner {
        self.sources.push(source);
        let statuses = self.sources.iter().map(|source| SourceStatus::new(source.name())).collect();
        self.status.send_replace(Arc::new(Status { sources: statuses, ..Status::default() }));
        self
    }

    /// The same, where lists are parsed like that; strictly unless set.
    pub fn parser(self, parser: Parser) -> Runner {
        Runner { parser, ..self }
    }

    /// The same, where what the sources say is kept in that folder, and is what a restart begins with.
    pub fn state(self, state: StateFolder) -> Runner {
        Runner { state: Some(state), ..self }
    }

    /// The same, where that is told what happens, with the source that it is about, if it is about one. It should not block.
    pub fn on_notice(self, on_notice: impl FnMut(Option<&str>, &Notice) + Send + 'static) -> Runner {
        Runner { on_notice: Box::new(on_notice), ..self }
    }

    /// How the sources are. It changes with everything that happens, so that it can be waited for.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<Arc<Status>> {
        self.status.subscribe()
    }

    /// Brings into force what was kept in the state folder, where there is one, and returns a runner that goes on from there.
    /// Blocks for the reading, some milliseconds for ten thousand apps.
    pub fn start(self) -> Started {
        let traits: Vec<_> = self.sources.iter().map(|source| source.traits()).collect();
        let mut core = Core::new(&self.gate, &self.parser, traits);
        let mut outcome = Outcome::default();
        let mut bookmarks = Vec::new();
        for (number, source) in self.sources.iter().enumerate() {
            match self.state.as_ref().map(|state| state.load(&source.name())) {
                Some(Ok(Some(kept))) => {
                    core.restore(number, &kept);
                    bookmarks.extend(kept.bookmark.map(|bookmark| (number, bookmark)));
                }
                Some(Err(why)) => outcome.notices.push((Some(number), Notice::Unkept { why })),
                Some(Ok(None)) | None => {}
            }
        }
        if !self.sources.is_empty() {
            core.apply(&mut outcome);
        }
        let status = Status::clone(&self.status.borrow());
        let is_in_force = Arc::default();
        let mut started =
            Started { runner: self, core, status, is_in_force, unsaved: BTreeSet::new(), was_unkept: false };
        started.tell(&outcome);
        started.publish();
        // What is in force does not wait for it.
        for (number, bookmark) in bookmarks {
            if let Some(source) = started.runner.sources.get_mut(number) {
                source.resume(bookmark);
            }
        }
        started
    }

    /// Follows the sources until `stop` resolves. Begins with what was kept, and keeps what is in force at the end.
    pub async fn run(self, stop: impl Future<Output = ()> + Send) {
        self.start().run(stop).await;
    }
}

/// A runner with what was kept in force.
#[must_use = "nothing is followed before `run`"]
pub struct Started {
    runner: Runner,
    core: Core,
    status: Status,
    /// What the sources know of [`Started::is_ready`].
    is_in_force: Arc<AtomicBool>,
    /// The sources whose state has changed since it was kept.
    unsaved: BTreeSet<usize>,
    was_unkept: bool,
}

impl Started {
    /// Whether anything is in force: what each source said last.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.core.is_ready()
    }

    /// Follows the sources until `stop` resolves.
    pub async fn run(mut self, stop: impl Future<Output = ()> + Send) {
        let (sender, mut told) = mpsc::channel(QUEUE);
        let mut wishes = Vec::new();
        let mut followers = JoinSet::new();
        for (number, source) in std::mem::take(&mut self.runner.sources).into_iter().enumerate() {
            let wish = Arc::new(Notify::new());
            wishes.push(Arc::clone(&wish));
            let feed = Feed::new(number, sender.clone(), wish, Arc::clone(&self.is_in_force));
            followers.spawn(follow(source, feed, number, sender.clone()));
        }
        drop(sender);
        tokio::pin!(stop);
        let mut wished: Vec<Option<Instant>> = vec![None; wishes.len()];
        let mut keep_from = Instant::now();
        let mut next_sweep: Option<Instant> = None;
        let mut batch = Vec::new();
        loop {
            let due = self.core.due().map(|(number, due)| match wished.get(number).copied().flatten() {
                Some(wished) if wished >= due => (number, wished + WISH_INTERVAL),
                _ => (number, due),
            });
            let due: Vec<(usize, Instant)> = due.collect();
            let next_wish = due.iter().map(|(_, at)| *at).min();
            let next_keep = (!self.unsaved.is_empty() && self.runner.state.is_some()).then_some(keep_from);
            tokio::select! {
                () = &mut stop => break,
                count = told.recv_many(&mut batch, QUEUE) => {
                    if count == 0 {
                        stop.as_mut().await; // there is no source, and nothing more will come
                        break;
                    }
                    self = self.take(std::mem::take(&mut batch)).await;
                    next_sweep = next_sweep.or_else(|| Some(Instant::now() + SWEEP_DELAY));
                }
                () = until(next_sweep) => {
                    self.runner.gate.sweep();
                    next_sweep = None;
                }
                () = until(next_wish) => {
                    let now = Instant::now();
                    for (number, _) in due.iter().filter(|(_, at)| *at <= now) {
                        if let (Some(wish), Some(wished)) = (wishes.get(*number), wished.get_mut(*number)) {
                            wish.notify_one();
                            *wished = Some(now);
                        }
                    }
                }
                () = until(next_keep) => {
                    let began = Instant::now();
                    self = self.keep().await;
                    keep_from = Instant::now() + KEEP_INTERVAL.max(began.elapsed() * KEEP_SHARE);
                }
            }
        }
        followers.shutdown().await;
        if !self.unsaved.is_empty() {
            drop(self.keep().await);
        }
    }

    /// Takes what came together, away from the threads that wait for sockets: lists are parsed and compiled here.
    async fn take(mut self, batch: Vec<(usize, Told)>) -> Started {
        let work = tokio::task::spawn_blocking(move || {
            self.take_now(batch);
            self
        });
        match work.await {
            Ok(started) => started,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    fn take_now(&mut self, batch: Vec<(usize, Told)>) {
        let mut outcome = Outcome::default();
        for (number, told) in batch {
            self.hear(number, &told, &mut outcome);
            if let Told::Says { statement, began } = told {
                self.core.take(number, *statement, began, Instant::now(), &mut outcome);
            }
        }
        self.core.apply(&mut outcome);
        self.unsaved.extend(outcome.changed.iter().copied());
        self.tell(&outcome);
        self.publish();
    }

    /// Notes how a source is.
    fn hear(&mut self, number: usize, told: &Told, outcome: &mut Outcome) {
        let Some(source) = self.status.sources.get_mut(number) else { return };
        let mut notice = |notice| outcome.notices.push((Some(number), notice));
        match told {
            Told::Failed(failure) => {
                source.failures += 1;
                *source.failures_by_kind.entry(failure.kind()).or_default() += 1;
                let why = failure.to_string();
                // Told once; a stream that ends as it may is not told before it cannot be had again.
                let is_quiet =
                    matches!(failure, Failure::Ended(_)) || matches!(&source.condition, Condition::Away(_));
                if !matches!(failure, Failure::Ended(_)) {
                    source.condition = Condition::Away(why);
                }
                if !is_quiet {
                    notice(Notice::Away { failure: failure.clone() });
                }
            }
            Told::Degraded(Some(why)) => {
                if source.condition != Condition::Degraded(why.clone()) {
                    source.condition = Condition::Degraded(why.clone());
                    notice(Notice::Degraded { why: why.clone() });
                }
            }
            Told::Degraded(None) => {
                if matches!(source.condition, Condition::Degraded(_)) {
                    source.condition = Condition::Connected;
                    notice(Notice::Recovered);
                }
            }
            Told::Answers | Told::Says { .. } => {
                source.last_answer = Some(SystemTime::now());
                if matches!(source.condition, Condition::Starting | Condition::Away(_)) {
                    source.condition = Condition::Connected;
                    notice(Notice::Connected { failures: source.failures });
                }
                source.failures = 0;
                if let Told::Says { statement, began } = told {
                    source.readings += u64::from(statement.is_whole && began.is_some());
                    source.revision = statement.revision.clone().or(source.revision.take());
                }
            }
        }
    }

    fn tell(&mut self, outcome: &Outcome) {
        for (number, notice) in &outcome.notices {
            let name =
                number.and_then(|number| self.status.sources.get(number)).map(|source| source.name.as_str());
            (self.runner.on_notice)(name, notice);
        }
    }

    fn publish(&mut self) {
        self.status.is_ready = self.core.is_ready();
        self.is_in_force.store(self.status.is_ready, Ordering::Relaxed);
        self.status.generation = self.runner.gate.generation();
        for (number, source) in self.status.sources.iter_mut().enumerate() {
            let Some(keeper) = self.core.keeper(number) else { continue };
            source.apps = keeper.names().count();
            source.bad.clone_from(keeper.ledger.bad());
            source.held = keeper.ledger.held().cloned().collect();
        }
        self.runner.status.send_replace(Arc::new(self.status.clone()));
    }

    /// Keeps what the sources say.
    async fn keep(mut self) -> Started {
        let Some(state) = self.runner.state.clone() else { return self };
        let numbers = std::mem::take(&mut self.unsaved);
        let kept: Vec<_> = numbers
            .iter()
            .filter_map(|number| {
                Some((*number, self.status.sources.get(*number)?.name.clone(), self.core.kept(*number)?))
            })
            .collect();
        let work = tokio::task::spawn_blocking(move || {
            let save =
                |(number, name, kept): (usize, String, _)| Some((number, state.save(&name, &kept).err()?));
            kept.into_iter().filter_map(save).collect::<Vec<_>>()
        });
        let failed = work.await.unwrap_or_default();
        let outcome = Outcome {
            notices: match failed.first() {
                Some((number, why)) if !self.was_unkept => {
                    vec![(Some(*number), Notice::Unkept { why: why.clone() })]
                }
                _ => Vec::new(),
            },
            ..Outcome::default()
        };
        self.was_unkept = !failed.is_empty();
        self.unsaved.extend(failed.iter().map(|(number, _)| *number));
        self.tell(&outcome);
        self
    }
}

/// Follows a source again and again, with waits between that grow as long as it does not answer.
async fn follow(
    mut source: Box<dyn Source>,
    mut feed: Feed,
    number: usize,
    sender: mpsc::Sender<(usize, Told)>,
) {
    let mut backoff = Backoff::new(source.traits().max_backoff);
    loop {
        let answers = feed.answers();
        let failure = source.follow(&mut feed).await;
        if feed.answers() != answers {
            backoff.reset();
        }
        if sender.send((number, Told::Failed(failure))).await.is_err() {
            return;
        }
        sleep(backoff.next()).await;
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
