//! From followed files to the gate: what the watching thread does each time that it looks.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::file::{Followed, Look};
use super::outcome::{Outcome, WatchError};
use super::repeats::Repeats;
use crate::content::Content;
use crate::gate::Gate;
use crate::list::{List, Parser, Report};
use crate::policy::{Mode, Policy};
use crate::table::{Origin, Table};

/// How long the first load waits for files that are being written.
const START_PATIENCE: Duration = Duration::from_secs(10);

/// The files of one gate.
///
/// What is in force is always the policy of the files as they once were together: the latest good text of
/// each. Where the guard refuses that, the next change of any of them tries again.
pub(super) struct Follower {
    gate: Gate,
    parser: Parser,
    mode: Mode,
    enforce: bool,
    sources: Vec<Source>,
    /// Swaps that the guard refused.
    refusals: Repeats,
}

/// One list of the policy.
struct Source {
    origin: Origin,
    file: Followed,
    /// From the last good text.
    latest: Option<Arc<List>>,
    /// In the gate's table.
    in_force: Option<Arc<List>>,
    repeats: Repeats,
}

/// What the files gave in one look.
#[derive(Default)]
struct Gathered {
    /// At least one good text was read.
    read: bool,
    reports: Vec<(PathBuf, Report)>,
    failures: u64,
    outcomes: Vec<Outcome>,
    /// When a file that is changing may have settled.
    settles: Option<Instant>,
}

impl Follower {
    pub(super) fn new(gate: Gate, parser: Parser, mode: Mode, enforce: bool) -> Follower {
        Follower { gate, parser, mode, enforce, sources: Vec::new(), refusals: Repeats::default() }
    }

    pub(super) fn follow(&mut self, origin: Origin, file: Followed) {
        self.sources.push(Source { origin, file, latest: None, in_force: None, repeats: Repeats::default() });
    }

    pub(super) fn gate(&self) -> &Gate {
        &self.gate
    }

    pub(super) fn files(&self) -> impl Iterator<Item = &Followed> {
        self.sources.iter().map(|source| &source.file)
    }

    /// Has every file read again, whether it looks changed or not.
    pub(super) fn forget(&mut self) {
        self.sources.iter_mut().for_each(|source| source.file.forget());
    }

    /// Marks files that are written to, or were closed by their writer.
    pub(super) fn heed(&mut self, writers: &HashMap<PathBuf, bool>) {
        if writers.is_empty() {
            return;
        }
        for source in &mut self.sources {
            let target = source.file.path().canonicalize().ok();
            if let Some(&written) = target.and_then(|target| writers.get(&target)) {
                source.file.being_written = written;
            }
        }
    }

    /// Loads every file for the first time, waiting for each to settle.
    pub(super) fn start(&mut self) -> Result<Outcome, WatchError> {
        let deadline = Instant::now() + START_PATIENCE;
        let mut reports = Vec::new();
        for source in &mut self.sources {
            let text = loop {
                let now = Instant::now();
                match source.file.look(now, true, &self.parser) {
                    Look::Text(text) => break text,
                    Look::Failed(error) => return Err(error),
                    Look::Unsettled(_) if now >= deadline => {
                        return Err(WatchError::Unsettled { path: source.file.name().to_owned() });
                    }
                    Look::Unsettled(until) => std::thread::sleep(until.saturating_duration_since(now)),
                    // Cannot be, since nothing was handled before; after this it is not a second time.
                    Look::Same => source.file.forget(),
                }
            };
            reports.extend(source.take(text, &self.parser)?);
        }
        let gathered = Gathered { read: true, reports, ..Gathered::default() };
        self.swap(gathered, SystemTime::now())
    }

    /// Looks at every file and brings the gate up to date. Returns what is to be told, and when to look
    /// again although nothing may happen until then.
    pub(super) fn look(&mut self, now: Instant, retry: bool) -> (Vec<Outcome>, Option<Instant>) {
        let mut gathered = self.gather(now, retry);
        let mut outcomes = std::mem::take(&mut gathered.outcomes);
        let settles = gathered.settles;
        if gathered.read {
            let result = if self.sources.iter().all(Source::is_in_force) {
                let failures = gathered.failures + self.refusals.recovered();
                let (generation, left_out) = (self.gate.generation(), self.left_out());
                Ok(Outcome::Unchanged { generation, left_out, failures })
            } else {
                self.swap(gathered, SystemTime::now())
            };
            outcomes.extend(result.map_or_else(|error| refused(&mut self.refusals, error), Some));
        }
        (outcomes, settles)
    }

    fn gather(&mut self, now: Instant, retry: bool) -> Gathered {
        let mut gathered = Gathered::default();
        for source in &mut self.sources {
            let taken = match source.file.look(now, retry, &self.parser) {
                Look::Same => continue,
                Look::Unsettled(until) => {
                    gathered.settles = Some(gathered.settles.map_or(until, |at| at.min(until)));
                    continue;
                }
                Look::Text(text) => source.take(text, &self.parser),
                Look::Failed(error) => Err(error),
            };
            match taken {
                Ok(report) => {
                    gathered.read = true;
                    gathered.reports.extend(report);
                    gathered.failures += source.repeats.recovered();
                }
                Err(error) => {
                    self.gate.record_failure(&error);
                    gathered.outcomes.extend(refused(&mut source.repeats, error));
                }
            }
        }
        gathered
    }

    /// Puts the latest lists into the gate.
    fn swap(&mut self, gathered: Gathered, now: SystemTime) -> Result<Outcome, WatchError> {
        let table = self.table(|source| source.latest.clone(), now);
        let entries = table.len();
        let generation = self.gate.replace_table(table).map_err(|refused| WatchError::Guard { refused })?;
        self.sources.iter_mut().for_each(|source| source.in_force = source.latest.clone());
        let failures = gathered.failures + self.refusals.recovered();
        let (reports, left_out) = (gathered.reports, self.left_out());
        Ok(Outcome::Swapped { generation, entries, reports, left_out, failures })
    }

    /// Drops the entries that have expired by now, and takes in those again that hold because the clock was set back.
    pub(super) fn expire(&mut self, now: SystemTime) -> Option<Outcome> {
        let held = self.gate.snapshot().table().len();
        let generation = self.gate.drop_expired_at(now)?;
        let entries = self.gate.snapshot().table().len();
        Some(match held.checked_sub(entries) {
            Some(entries) => Outcome::Expired { generation, entries },
            None => {
                let (reports, left_out) = (Vec::new(), self.left_out());
                Outcome::Swapped { generation, entries, reports, left_out, failures: 0 }
            }
        })
    }

    /// For how many errors pieces of what is in force were left out.
    fn left_out(&self) -> usize {
        self.sources.iter().filter_map(|source| source.in_force.as_deref()).map(List::left_out).sum()
    }

    fn table(&self, list: impl Fn(&Source) -> Option<Arc<List>>, now: SystemTime) -> Table {
        let mut policy = Policy::new().with_mode(self.mode).with_enforce(self.enforce);
        for source in &self.sources {
            policy = match (source.origin, list(source)) {
                (Origin::App, Some(list)) => policy.with_app(list),
                (Origin::Default, Some(list)) => policy.with_default(list),
                (_, None) => policy, // before the first load
            };
        }
        Table::from_policy_at(&policy, now)
    }
}

impl Source {
    /// Takes a text that was read whole, and parses it where it is new.
    fn take(&mut self, text: Content, parser: &Parser) -> Result<Option<(PathBuf, Report)>, WatchError> {
        let known = [&self.in_force, &self.latest].into_iter().flatten().find(|list| list.text() == &*text);
        if let Some(list) = known {
            self.latest = Some(Arc::clone(list));
            return Ok(None);
        }
        let path = self.file.name().to_owned();
        match parser.named(&path).parse_content(text) {
            Ok(parsed) => {
                self.latest = Some(Arc::new(parsed.list));
                Ok((!parsed.report.is_empty()).then_some((path, parsed.report)))
            }
            Err(rejected) => Err(WatchError::Rejected { path, rejected }),
        }
    }

    fn is_in_force(&self) -> bool {
        match (&self.in_force, &self.latest) {
            (Some(in_force), Some(latest)) => Arc::ptr_eq(in_force, latest),
            _ => false,
        }
    }
}

/// The outcome of a failure, where it is worth telling.
fn refused(repeats: &mut Repeats, error: WatchError) -> Option<Outcome> {
    let times = repeats.failed(error.to_string())?;
    Some(Outcome::Refused { error, times })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The system's clock cannot be set in a test: here the clock was two days ahead and is set right.
    #[test]
    fn entries_come_back_when_the_clock_is_set_back() {
        let now = SystemTime::now();
        let ahead = now + Duration::from_secs(2 * 86_400);
        let tomorrow = i64::try_from(
            (now + Duration::from_secs(86_400)).duration_since(SystemTime::UNIX_EPOCH).unwrap().as_micros(),
        )
        .unwrap();
        let until = crate::list::Until::from_unix_micros(tomorrow).unwrap();

        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("office.list");
        std::fs::write(&path, format!("10.0.0.0/8:corp\n!10.9.0.0/16:lab;until={until}\n")).unwrap();
        let mut follower = Follower::new(Gate::new(&List::new()), Parser::new(), Mode::Extend, false);
        follower.follow(Origin::App, Followed::new(path).unwrap());
        follower.start().unwrap();

        let gathered = Gathered::default();
        assert!(matches!(follower.swap(gathered, ahead), Ok(Outcome::Swapped { entries: 1, .. })));
        let lab = "10.9.1.1".parse().unwrap();
        assert!(follower.gate.is_allowed(lab), "the deny entry has expired");
        assert!(matches!(follower.expire(now), Some(Outcome::Swapped { entries: 2, .. })));
        assert!(!follower.gate.is_allowed(lab));
        assert!(follower.expire(now + Duration::from_secs(1)).is_none());
        assert!(follower.expire(now).is_none(), "set back, but not past an entry's end");
        for _ in 0..2 {
            assert!(matches!(follower.expire(ahead), Some(Outcome::Expired { entries: 1, .. })));
            assert!(follower.gate.is_allowed(lab));
            assert!(follower.expire(ahead - Duration::from_secs(60)).is_none());
            // Whatever the guard has come to want: the list says so.
            follower.gate.set_guard(crate::gate::Guard::new().must_allow([lab]));
            assert!(matches!(follower.expire(now), Some(Outcome::Swapped { entries: 2, .. })));
            assert!(!follower.gate.is_allowed(lab));
        }
    }
}
