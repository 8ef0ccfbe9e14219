//! The gate: one current table, many readers, rare writers.
//!
//! The swap itself is `arc-swap`'s: a check holds the current snapshot in a slot of its thread while it lasts.
//! Readers keep a snapshot between checks, and compare one number to know whether it is still current.

use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use arc_swap::{ArcSwap, Guard as Borrowed};

use crate::address::Address;
pub use crate::guard::{Guard, Refusal, Refused};
use crate::list::{InvalidList, List};
use crate::policy::Policy;
pub use crate::snapshot::Snapshot;
use crate::table::{Table, Update};
use crate::verdict::{Judgement, Verdict};

/// The hot-swappable holder of the current table. Cloning gives another handle on the same gate, for any
/// thread: share one between the workers of a server and check with it. For a loop of checks a thread takes a
/// [`Reader`], which is some nanoseconds faster.
///
/// - Every verdict is what one whole table gives, never a mix of two. After a `replace` returns, every
///   later check, on any thread, sees the new table or a newer one.
/// - A check never waits, never locks, and allocates nothing, except in a thread's first. Writers never wait for
///   readers, and threads that check do not contend with each other.
/// - A replaced table is freed when nobody holds it any more. Between checks a gate's threads hold nothing, a
///   verdict holds its table while it lives, and a reader holds that of its last check until the next one or
///   [`Reader::pause`]. The bound: one table in the gate, one in each verdict that is kept, and one in each
///   reader that has not checked since the swap.
/// - Entries cease to hold at the instant that their `until=` names, without any action: a gate looks at
///   the clock where its table has such entries. [`Gate::drop_expired`] removes them from the table, and takes them in again
///   where the clock was set back.
///
/// ```
/// use ipgate::{Gate, List};
/// let list: List = "10.0.1.0/24:office_ABC,212.121.212.121:client_YXZ".parse()?;
/// let gate = Gate::new(&list);
/// let verdict = gate.check("10.0.1.7".parse()?);
/// assert!(verdict.is_allowed());
/// assert_eq!(verdict.label(), Some("office_ABC"));
/// gate.replace(&"10.0.2.0/24:new_office".parse()?)?;
/// assert!(!gate.is_allowed("10.0.1.7".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Gate {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    current: ArcSwap<Snapshot>,
    /// The generation of `current`. Stored after it, so that whoever reads a generation here finds that
    /// snapshot or a newer one there.
    generation: AtomicU64,
    writer: Mutex<Writer>,
}

impl Shared {
    /// Out of line, so that the check that needs no new snapshot stays small.
    #[cold]
    #[inline(never)]
    fn load(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }
}

/// What only writers touch.
#[derive(Debug)]
struct Writer {
    /// Out of line, as the failure is, since few gates have one and gates may be many.
    guard: Option<Box<Guard>>,
    last_swap: SystemTime,
    last_failure: Option<Box<Failure>>,
}

impl Writer {
    fn failed(&mut self, reason: impl fmt::Display) {
        self.last_failure = Some(Box::new(Failure::now(reason)));
    }
}

impl Gate {
    /// A gate with one list, at generation 1.
    #[must_use]
    pub fn new(list: &List) -> Gate {
        Gate::from_table(Table::new(list))
    }

    /// A gate with a policy, at generation 1.
    #[must_use]
    pub fn from_policy(policy: &Policy) -> Gate {
        Gate::from_table(Table::from_policy(policy))
    }

    /// A gate with a compiled table, at generation 1.
    #[must_use]
    pub fn from_table(table: Table) -> Gate {
        let writer = Writer { guard: None, last_swap: SystemTime::now(), last_failure: None };
        Gate {
            shared: Arc::new(Shared {
                current: ArcSwap::from_pointee(Snapshot::new(table, 1)),
                generation: AtomicU64::new(1),
                writer: Mutex::new(writer),
            }),
        }
    }

    /// The same gate, with swaps guarded from now on.
    #[must_use]
    pub fn with_guard(self, guard: Guard) -> Gate {
        self.set_guard(guard);
        self
    }

    /// Guards swaps from now on.
    pub fn set_guard(&self, guard: Guard) {
        self.writer().guard = Some(Box::new(guard));
    }

    /// A handle for one thread, with the fastest checks.
    #[must_use]
    pub fn reader(&self) -> Reader {
        Reader { shared: Arc::clone(&self.shared), generation: 0, snapshot: None }
    }

    /// The verdict for a client's address. Any number of threads may check at the same time and do not contend.
    #[inline]
    #[must_use]
    pub fn check(&self, address: IpAddr) -> Verdict<'static> {
        self.judge(Some(address.into()))
    }

    /// The verdict for a client without a usable address (a Unix socket, an unreadable header): denied.
    #[must_use]
    pub fn check_without_address(&self) -> Verdict<'static> {
        self.judge(None)
    }

    #[inline]
    fn judge(&self, address: Option<Address>) -> Verdict<'static> {
        Verdict::of_own(self.borrow(), address)
    }

    /// Whether a client's address is allowed, where only the decision is wanted.
    #[inline]
    #[must_use]
    pub fn is_allowed(&self, address: IpAddr) -> bool {
        self.borrow().allows(address.into())
    }

    /// Puts a list in the place of the current table, and returns its generation.
    ///
    /// # Errors
    ///
    /// [`Refused`] by the guard; the gate is unchanged then, and [`Gate::status`] tells.
    pub fn replace(&self, list: &List) -> Result<u64, Refused> {
        self.replace_table(Table::new(list))
    }

    /// Puts a policy's effective list in the place of the current table, and returns its generation.
    ///
    /// # Errors
    ///
    /// As [`Gate::replace`].
    pub fn replace_policy(&self, policy: &Policy) -> Result<u64, Refused> {
        self.replace_table(Table::from_policy(policy))
    }

    /// Puts a compiled table in the place of the current one, and returns its generation.
    ///
    /// # Errors
    ///
    /// As [`Gate::replace`].
    pub fn replace_table(&self, table: Table) -> Result<u64, Refused> {
        self.take(&mut self.writer(), table)
    }

    /// Changes some entries of the current table, and returns the generation of the new one. As [`Gate::replace`] of the
    /// whole changed list, and faster by the time that compiling it takes ([`Table::updated`] says how much): O(c log n)
    /// for c changes since the table was compiled and n entries, and O(n) where the guard has to compare tables
    /// ([`Guard::check`]).
    ///
    /// # Errors
    ///
    /// [`NotUpdated`]; the gate is unchanged then, and [`Gate::status`] tells.
    ///
    /// ```
    /// use ipgate::{Gate, List, Update};
    /// let gate = Gate::new(&"10.0.1.0/24:office,192.0.2.7:partner".parse::<List>()?);
    /// let mut update = Update::new();
    /// update.extend("10.0.2.0/24:new_office".parse::<List>()?.entries().iter().cloned());
    /// update.remove("192.0.2.7/32".parse()?);
    /// assert_eq!(gate.update(&update)?, 2);
    /// assert!(gate.is_allowed("10.0.2.7".parse()?) && !gate.is_allowed("192.0.2.7".parse()?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn update(&self, update: &Update) -> Result<u64, NotUpdated> {
        let mut writer = self.writer();
        let updated = self.snapshot().table().updated(update);
        let table = updated.map_err(|error| {
            writer.failed(&error);
            NotUpdated::Invalid(error)
        })?;
        Ok(self.take(&mut writer, table)?)
    }

    /// Compiles the current table anew where it was updated since that was done last, and returns its generation. It says
    /// what it said, in less time and memory; for a moment when there is little to do. O(n) for n entries, during which
    /// others may go on to update. `None` where there was nothing to compile, or where another list has come meanwhile.
    pub fn compact(&self) -> Option<u64> {
        let before = self.snapshot();
        let compacted = before.table().compacted()?;
        let mut writer = self.writer();
        let table = self.snapshot().table().upon(&compacted, before.table())?;
        Some(self.swap(&mut writer, table))
    }

    /// Swaps a table in that the guard lets through.
    fn take(&self, writer: &mut Writer, table: Table) -> Result<u64, Refused> {
        let checked =
            writer.guard.as_ref().map(|guard| guard.check(self.shared.current.load().table(), &table));
        if let Some(Err(refused)) = checked {
            writer.failed(&refused);
            return Err(refused);
        }
        Ok(self.swap(writer, table))
    }

    /// Removes the entries that have expired from the table, and takes those in again that hold once more because the
    /// clock was set back; the new generation, where there were any. Verdicts do not wait for entries to be removed,
    /// which makes checks look at the clock less; what holds again is found by this alone, so it is to be called now
    /// and then. The guard is not asked, since nothing changes that the list did not say.
    ///
    /// A table without some entries of its list keeps the one that has them: as much memory once more.
    pub fn drop_expired(&self) -> Option<u64> {
        self.drop_expired_at(SystemTime::now())
    }

    /// The same by another clock.
    pub(crate) fn drop_expired_at(&self, now: SystemTime) -> Option<u64> {
        let mut writer = self.writer();
        let current = self.snapshot();
        let is_live = current.table().is_live_at(now);
        (!is_live).then(|| self.swap(&mut writer, current.table().live_at(now)))
    }

    fn swap(&self, writer: &mut Writer, table: Table) -> u64 {
        let generation = self.generation() + 1; // writers exclude each other
        self.shared.current.store(Arc::new(Snapshot::new(table, generation)));
        self.shared.generation.store(generation, Ordering::Release);
        writer.last_swap = SystemTime::now();
        generation
    }

    /// Records that a new list could not be had, so that [`Gate::status`] tells; the table stays.
    pub fn record_failure(&self, reason: impl fmt::Display) {
        self.writer().failed(reason);
    }

    /// The generation of the current table: 1 for a new gate, and one more with every accepted swap.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.shared.generation.load(Ordering::Acquire)
    }

    /// The current table with its generation.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.shared.current.load_full()
    }

    /// The current table with its generation, held in a slot of the thread's own.
    #[inline(always)]
    pub(crate) fn borrow(&self) -> Borrowed<Arc<Snapshot>> {
        self.shared.current.load()
    }

    /// What an operator asks of a gate.
    #[must_use]
    pub fn status(&self) -> Status {
        let writer = self.writer();
        let snapshot = self.snapshot();
        Status {
            entries: snapshot.table().len(),
            bytes: snapshot.table().bytes(),
            generation: snapshot.generation(),
            last_swap: writer.last_swap,
            last_failure: writer.last_failure.as_deref().cloned(),
        }
    }

    /// The writer's lock. A writer that panicked has not stored anything half-way, so its poison does not
    /// matter.
    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.shared.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A per-thread handle on a gate: the fast path.
///
/// A check compares one number with the gate's, looks the address up in the reader's own snapshot, and
/// allocates nothing. The first check after a swap takes the new snapshot and may free the old table.
///
/// ```
/// # let gate = ipgate::Gate::new(&"10.0.1.0/24:office_ABC".parse()?);
/// let mut reader = gate.reader();
/// assert!(reader.is_allowed("10.0.1.7".parse()?));
/// assert_eq!(reader.check("10.0.1.7".parse()?).label(), Some("office_ABC"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Reader {
    shared: Arc<Shared>,
    /// The generation of `snapshot`; 0, which no gate has, without one.
    generation: u64,
    snapshot: Option<Arc<Snapshot>>,
}

impl Reader {
    /// The verdict for a client's address.
    #[inline(always)]
    pub fn check(&mut self, address: IpAddr) -> Verdict<'_> {
        self.judge(Some(address.into())).into()
    }

    /// The verdict for a client without a usable address: denied.
    pub fn check_without_address(&mut self) -> Verdict<'_> {
        self.judge(None).into()
    }

    #[inline(always)]
    pub(crate) fn judge(&mut self, address: Option<Address>) -> Judgement<'_> {
        Judgement::new(self.current(), address)
    }

    /// Whether a client's address is allowed, where only the decision is wanted.
    #[inline(always)]
    pub fn is_allowed(&mut self, address: IpAddr) -> bool {
        match self.settled() {
            Some(snapshot) => snapshot.table().allows_compiled(address.into()),
            None => self.unsettled(address.into()),
        }
    }

    #[cold]
    #[inline(never)]
    fn unsettled(&mut self, address: Address) -> bool {
        self.current().allows(address)
    }

    /// The current table with its generation.
    #[inline(always)]
    pub fn current(&mut self) -> &Snapshot {
        self.current_after(|_| ())
    }

    /// The same for those who keep something about the table of the last check: where a new one takes its place, it is
    /// shown to `leave` before.
    #[inline(always)]
    pub(crate) fn current_after(&mut self, leave: impl FnOnce(&Snapshot)) -> &Snapshot {
        if !self.is_current() {
            self.refresh(leave);
        }
        let shared = &self.shared;
        self.snapshot.get_or_insert_with(|| shared.load())
    }

    #[cold]
    #[inline(never)]
    fn refresh(&mut self, leave: impl FnOnce(&Snapshot)) {
        if let Some(last) = self.last() {
            leave(last);
        }
        let snapshot = self.shared.load();
        self.generation = snapshot.generation();
        self.snapshot = Some(snapshot);
    }

    /// Whether the table of the last check is the gate's current one.
    #[inline(always)]
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.generation == self.shared.generation.load(Ordering::Acquire)
    }

    /// The current table with its generation, where the reader has it already and nothing in it expires: what nearly
    /// every check meets, and found with a few loads. `None` says nothing: [`Reader::current`] knows.
    #[inline(always)]
    #[must_use]
    pub fn settled(&self) -> Option<&Snapshot> {
        let is_current = self.is_current();
        self.snapshot.as_deref().filter(|snapshot| is_current && snapshot.is_settled())
    }

    /// The table of the last check with its generation, even if it is not the current one any more; `None` before
    /// the first check and after [`Reader::pause`].
    #[must_use]
    pub fn last(&self) -> Option<&Snapshot> {
        self.snapshot.as_deref()
    }

    /// Lets go of the snapshot, so that an idle thread keeps no old table alive. The next check takes the
    /// current one.
    pub fn pause(&mut self) {
        (self.generation, self.snapshot) = (0, None);
    }
}

impl Clone for Reader {
    fn clone(&self) -> Reader {
        Reader { shared: Arc::clone(&self.shared), generation: 0, snapshot: None }
    }
}

/// An update that was not made; the gate is unchanged.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum NotUpdated {
    /// The changed entries are no list.
    Invalid(InvalidList),
    /// The guard refused it.
    Refused(Refused),
}

impl From<Refused> for NotUpdated {
    fn from(refused: Refused) -> NotUpdated {
        NotUpdated::Refused(refused)
    }
}

impl fmt::Display for NotUpdated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotUpdated::Invalid(error) => error.fmt(f),
            NotUpdated::Refused(refused) => refused.fmt(f),
        }
    }
}

impl std::error::Error for NotUpdated {}

/// A gate in figures.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Status {
    /// Entries of the current table.
    pub entries: usize,
    /// Bytes that the current table takes.
    pub bytes: usize,
    /// Generation of the current table.
    pub generation: u64,
    /// When the current table came.
    pub last_swap: SystemTime,
    /// The last time that a new list was not taken.
    pub last_failure: Option<Failure>,
}

/// A list that was not taken.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Failure {
    /// When.
    pub time: SystemTime,
    /// Why.
    pub reason: String,
}

impl Failure {
    pub(crate) fn now(reason: impl fmt::Display) -> Failure {
        Failure { time: SystemTime::now(), reason: reason.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::list::Until;

    fn at(text: &str) -> SystemTime {
        text.parse::<Until>().unwrap().system_time()
    }

    /// A clock that is set ahead and back again, once and in steps: what holds is what the list says of each time.
    #[test]
    fn the_clock_goes_forth_and_back() {
        let text = "10.0.0.0/8:corp,!10.9.0.0/16:lab;until=2097-12-31,192.0.2.7:guest;until=2098-12-31,10.0.0.0/8:y;until=2097-12-31";
        let list: List = text.parse().unwrap();
        let gate = Gate::new(&list);
        let answers = || {
            let snapshot = gate.snapshot();
            let label =
                |client: &str| snapshot.table().lookup(client.parse().unwrap()).label().map(str::to_owned);
            [label("10.9.1.1"), label("192.0.2.7"), label("10.1.1.1")].map(Option::unwrap_or_default)
        };
        let (early, middle, late) = (["lab", "guest", "y"], ["corp", "guest", "corp"], ["corp", "", "corp"]);
        let mut generation = gate.generation();
        for (time, expected) in [
            ("2097-06-01", early),
            ("2098-06-01", middle),
            ("2099-06-01", late),
            ("2098-06-02", middle),
            ("2098-06-01", middle),
            ("2097-06-01", early),
            ("2099-06-01", late),
            ("2097-06-01", early),
        ] {
            let before = answers();
            let new = gate.drop_expired_at(at(time));
            assert_eq!(answers(), expected, "{time}");
            assert_eq!(new.is_some(), before != expected, "{time}: a swap only where something changes");
            generation += u64::from(new.is_some());
            assert_eq!(gate.generation(), generation);
            assert_eq!(gate.drop_expired_at(at(time)), None);
        }
        assert_eq!((gate.status().entries, gate.status().bytes), (4, Table::new(&list).bytes()));
    }

    /// A list that was taken by a clock that was ahead.
    #[test]
    fn what_had_expired_when_the_list_came_holds_when_the_clock_is_right() {
        let list: List = "10.0.0.0/8:corp,!10.9.0.0/16:lab;until=2097-12-31".parse().unwrap();
        let policy = Policy::new().with_app(list);
        let gate = Gate::from_table(Table::from_policy_at(&policy, at("2099-01-01")));
        let lab = "10.9.1.1".parse().unwrap();
        assert!(gate.is_allowed(lab));
        assert_eq!(gate.drop_expired_at(at("2097-01-01")), Some(2));
        assert!(!gate.is_allowed(lab));
        let image = Gate::from_table(Table::from_image(&gate.snapshot().table().to_image(1)).unwrap());
        assert_eq!(image.drop_expired_at(at("2099-01-01")), Some(2));
        assert!(image.is_allowed(lab));
        assert_eq!(image.drop_expired_at(at("2097-01-01")), Some(3));
        assert!(!image.is_allowed(lab));
    }
}
