//! From followed files to the gate: what the watching thread does each time that it looks.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use super::file::{Followed, START_PATIENCE};
use super::known::Look;
use super::outcome::{Outcome, WatchError};
use super::repeats::Repeats;
use super::source::{Source, Taken};
use super::thread::Follow;
use crate::gate::Gate;
use crate::list::{Parser, Report, Until};
use crate::policy::{Mode, Policy};
use crate::table::{Origin, Table};

/// For how long nothing must have changed before changes are compiled into the table beside which they stand.
const COMPACTS_AFTER: Duration = Duration::from_secs(10);

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
    /// The generation of the gate's table where that is of these files.
    generation: Option<u64>,
    /// When the table was last changed without being compiled anew.
    revised: Option<Instant>,
}

/// What the files gave in one look.
#[derive(Default)]
struct Gathered {
    /// At least one good text was read.
    read: bool,
    /// The table with all that was read, where little of what is in force has changed.
    revised: Option<Table>,
    reports: Vec<(PathBuf, Report)>,
    failures: u64,
    outcomes: Vec<Outcome>,
    /// When a file that is changing may have settled.
    settles: Option<Instant>,
}

impl Follower {
    pub(super) fn new(gate: Gate, parser: Parser, mode: Mode, enforce: bool) -> Follower {
        let (sources, refusals) = (Vec::new(), Repeats::default());
        Follower { gate, parser, mode, enforce, sources, refusals, generation: None, revised: None }
    }

    pub(super) fn follow(&mut self, origin: Origin, file: Followed) {
        self.sources.push(Source::new(origin, file));
    }

    pub(super) fn has_files(&self) -> bool {
        !self.sources.is_empty()
    }

    /// Loads every file for the first time, waiting for each to settle.
    fn load(&mut self) -> Result<Outcome, WatchError> {
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
            reports.extend(source.take(text, &self.parser, None, SystemTime::now())?.report);
        }
        let gathered = Gathered { read: true, reports, ..Gathered::default() };
        self.swap(gathered, SystemTime::now())
    }

    fn gather(&mut self, now: Instant, retry: bool) -> Gathered {
        let mut gathered = Gathered::default();
        let snapshot = self.gate.snapshot();
        let is_of_files =
            self.generation == Some(snapshot.generation()) && self.sources.iter().all(Source::is_in_force);
        let mut current = is_of_files.then(|| snapshot.table());
        let mut revised = None;
        let is_alone = self.sources.len() == 1;
        for source in &mut self.sources {
            // A default list that the app list overrides is not in the table.
            let is_in_it = self.mode != Mode::Override || source.origin == Origin::App || is_alone;
            let table = revised.as_ref().or(current).filter(|_| is_in_it);
            let taken = match source.file.look(now, retry, &self.parser) {
                Look::Same => continue,
                Look::Unsettled(until) => {
                    gathered.settles = Some(gathered.settles.map_or(until, |at| at.min(until)));
                    continue;
                }
                Look::Text(text) => source.take(text, &self.parser, table, SystemTime::now()),
                Look::Failed(error) => Err(error),
            };
            match taken {
                Ok(Taken { report, revised: table }) => {
                    if table.is_some() || !source.is_in_force() {
                        (current, revised) = (None, table);
                    }
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
        Gathered { revised, ..gathered }
    }

    /// Puts the latest lists into the gate.
    fn swap(&mut self, gathered: Gathered, now: SystemTime) -> Result<Outcome, WatchError> {
        let is_revised = gathered.revised.is_some();
        let table = match gathered.revised {
            Some(revised) => revised,
            None => self.table(now)?,
        };
        let (entries, is_updated) = (table.len(), table.is_updated());
        let generation = self.gate.replace_table(table).map_err(|refused| WatchError::Guard { refused })?;
        self.generation = Some(generation);
        self.revised = (is_revised && is_updated).then(Instant::now);
        self.sources.iter_mut().for_each(Source::comes_into_force);
        let failures = gathered.failures + self.refusals.recovered();
        let (reports, left_out) = (gathered.reports, self.left_out());
        Ok(Outcome::Swapped { generation, entries, reports, left_out, failures })
    }

    /// Compiles the table anew where that is due, which takes a while and changes no answer.
    fn compact(&mut self, now: Instant) -> Option<Outcome> {
        let due =
            self.revised.is_some_and(|revised| now.saturating_duration_since(revised) >= COMPACTS_AFTER);
        if !due {
            return None;
        }
        self.revised = None;
        let generation = self.gate.compact()?;
        self.moved_on(generation);
        Some(Outcome::Compacted { generation, entries: self.gate.snapshot().table().len() })
    }

    /// Takes note of a new table of the same files.
    fn moved_on(&mut self, generation: u64) {
        self.generation = self.generation.filter(|before| before + 1 == generation).map(|_| generation);
    }

    /// Drops the entries that have expired by now, and takes in those again that hold because the clock was set back.
    fn expire(&mut self, now: SystemTime) -> Option<Outcome> {
        let held = self.gate.snapshot().table().len();
        let generation = self.gate.drop_expired_at(now)?;
        self.moved_on(generation);
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
        self.sources.iter().map(Source::left_out).sum()
    }

    /// Compiles the latest lists.
    fn table(&mut self, now: SystemTime) -> Result<Table, WatchError> {
        let mut policy = Policy::new().with_mode(self.mode).with_enforce(self.enforce);
        for source in &mut self.sources {
            policy = match (source.origin, source.list(&self.parser, now)?) {
                (Origin::App, Some(list)) => policy.with_app(list),
                (Origin::Default, Some(list)) => policy.with_default(list),
                (_, None) => policy, // before the first load
            };
        }
        Ok(Table::from_policy_at(&policy, now))
    }
}

impl Follow for Follower {
    fn start(&mut self) -> Result<Vec<Outcome>, WatchError> {
        self.load().map(|outcome| vec![outcome])
    }

    fn paths(&self) -> Vec<PathBuf> {
        self.sources.iter().map(|source| source.file.path().to_owned()).collect()
    }

    fn heed(&mut self, writers: &HashMap<PathBuf, bool>) {
        self.sources.iter_mut().for_each(|source| source.file.heed(writers));
    }

    fn forget(&mut self) {
        self.sources.iter_mut().for_each(|source| source.file.forget());
    }

    fn look(&mut self, now: Instant, retry: bool) -> (Vec<Outcome>, Option<Instant>) {
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

    fn upkeep(&mut self, now: Instant) -> Vec<Outcome> {
        let expired = self.expire(SystemTime::now());
        expired.into_iter().chain(self.compact(now)).collect()
    }

    fn next_expiry(&self) -> Option<Until> {
        self.gate.snapshot().table().next_expiry()
    }

    fn recorder(&self) -> Box<dyn Fn(&str) + Send> {
        let gate = self.gate.clone();
        Box::new(move |failure| gate.record_failure(failure))
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
    use crate::list::List;

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
        follower.load().unwrap();

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

    /// A list of 5,000 hosts, of which one is renamed, in a file and in a gate.
    #[test]
    fn a_changed_line_stands_beside_the_table_until_nothing_has_changed_for_a_while() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("office.list");
        let text = |name: &str| -> String {
            let label = |host: u32| if host == 4000 { name } else { "host" };
            (0..5000u32).map(|host| format!("10.0.{}.{}:{}\n", host / 250, host % 250, label(host))).collect()
        };
        std::fs::write(&path, text("old")).unwrap();
        let mut follower = Follower::new(Gate::new(&List::new()), Parser::new(), Mode::Extend, false);
        follower.follow(Origin::App, Followed::new(path.clone()).unwrap());
        follower.load().unwrap();
        std::fs::write(&path, text("new")).unwrap();
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        follower.forget();
        let _ = follower.look(start, true);
        let (outcomes, _) = follower.look(after(10), true);
        assert!(
            matches!(outcomes[..], [Outcome::Swapped { generation: 3, entries: 5000, .. }]),
            "{outcomes:?}"
        );
        let is_updated = |follower: &Follower| follower.gate.snapshot().table().is_updated();
        let label = |follower: &Follower| {
            let verdict = follower.gate.check("10.0.16.0".parse().unwrap());
            (verdict.label().map(str::to_owned), verdict.entry().and_then(|entry| entry.line()))
        };
        let (renamed, revised) = ((Some("new".to_owned()), Some(4001)), follower.revised.unwrap());
        assert!(is_updated(&follower));
        assert_eq!(label(&follower), renamed);
        assert!(follower.compact(revised + COMPACTS_AFTER / 2).is_none(), "it may go on changing");
        let compacted = follower.compact(revised + COMPACTS_AFTER);
        assert!(
            matches!(compacted, Some(Outcome::Compacted { generation: 4, entries: 5000, .. })),
            "{compacted:?}"
        );
        assert!(!is_updated(&follower));
        assert_eq!(label(&follower), renamed);
        assert!(follower.compact(revised + 2 * COMPACTS_AFTER).is_none(), "there is nothing to do");
    }

    /// Somebody else has put a table into the gate: it is not changed, but replaced.
    #[test]
    fn a_table_of_others_is_not_revised() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("office.list");
        let text = |last: u32| -> String {
            (0..5000u32).chain([last]).map(|host| format!("10.1.{}.{}\n", host / 250, host % 250)).collect()
        };
        std::fs::write(&path, text(5000)).unwrap();
        let mut follower = Follower::new(Gate::new(&List::new()), Parser::new(), Mode::Extend, false);
        follower.follow(Origin::App, Followed::new(path.clone()).unwrap());
        follower.load().unwrap();
        follower.gate.replace(&"192.0.2.7".parse().unwrap()).unwrap();
        std::fs::write(&path, text(5001)).unwrap();
        let start = Instant::now();
        follower.forget();
        let _ = follower.look(start, true);
        let _ = follower.look(start + Duration::from_secs(10), true);
        let allows = |client: &str| follower.gate.is_allowed(client.parse().unwrap());
        assert!(allows("10.1.20.1") && !allows("10.1.20.0") && !allows("192.0.2.7"));
    }
}
