//! What a reader looks at: one gate, or a policy's default and app gate together.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::SystemTime;

use ipgate::{EntryRef, Gate, Mode, Origin, Policy, Reader, Reason, Verdict};

use crate::fault;
use crate::policy::{Slot, ipgate_policy};
use crate::tally::Tally;
use crate::verdict::{ipgate_entry, ipgate_verdict};

/// One reader, or the two of a policy that extends.
#[derive(Debug)]
#[repr(u8)] // a tag of its own is found with one instruction
pub(crate) enum Layers {
    One(Layer),
    /// Longest prefix over both; on equal prefixes the app list wins.
    Two {
        default: Layer,
        app: Layer,
        enforce: bool,
    },
}

/// A reader, and which list of the policy its entries come from, where they do not know.
#[derive(Debug)]
pub(crate) struct Layer {
    reader: Reader,
    from: Option<Origin>,
    tally: Tally,
}

impl Layer {
    pub(crate) fn new(gate: &Gate, from: Option<Origin>) -> Layer {
        Layer { reader: gate.reader(), from, tally: Tally::default() }
    }

    fn check(&mut self, address: Option<IpAddr>) -> Verdict<'_> {
        self.turn();
        match address {
            Some(address) => self.reader.check(address),
            None => self.reader.check_without_address(),
        }
    }

    /// The decision for an address, counted; `None` where the table has to be taken anew, or has entries that expire.
    #[inline(always)]
    fn admit(&mut self, address: IpAddr) -> Option<bool> {
        let table = self.reader.settled()?.table();
        let decision = table.lookup(address);
        Some(match decision.action() {
            Some(action) => self.tally.count_entry(table, decision.label_number(), action),
            None => self.tally.count_nobody(decision.reason()),
        })
    }

    #[inline(always)]
    fn is_allowed(&mut self, address: IpAddr) -> bool {
        match self.reader.settled() {
            Some(snapshot) => snapshot.table().is_allowed(address),
            None => self.is_allowed_anew(copied(address)),
        }
    }

    #[cold]
    #[inline(never)]
    fn is_allowed_anew(&mut self, address: IpAddr) -> bool {
        self.turn();
        self.reader.is_allowed(address)
    }

    /// Lets go of the table, with what was counted by its numbers.
    fn pause(&mut self) {
        self.end_count();
        self.reader.pause();
    }

    /// To be called before the reader may take a new table: what was counted by the numbers of the old one would be
    /// counted for other labels.
    #[inline(always)]
    fn turn(&mut self) {
        if !self.reader.is_current() {
            self.end_count();
        }
    }

    /// Counts no longer for the table of the last check.
    #[cold]
    #[inline(never)]
    fn end_count(&mut self) {
        if let Some(last) = self.reader.last() {
            self.tally.end(last.table());
        }
    }

    /// Fills in the verdict for an address. Whether it is allowed.
    #[inline(always)]
    fn fill(&mut self, address: IpAddr, verdict: &mut ipgate_verdict) -> bool {
        self.turn();
        let snapshot = self.reader.current();
        let decision = snapshot.lookup(address);
        let origin = decision.origin().map(|origin| self.from.unwrap_or(origin));
        let (label, generation) = (decision.label_bytes(), snapshot.generation());
        let is_allowed = verdict.fill(decision.reason(), origin, label, generation);
        if verdict.wants_entry()
            && let Some(entry) = snapshot.entry(copied(address))
        {
            verdict.set_entry(entry);
        }
        is_allowed
    }
}

/// The same address elsewhere, for a call that takes it by its place in memory: the one that is looked up
/// shall have none.
#[inline(always)]
pub(crate) fn copied(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(v4) => IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits())),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits())),
    }
}

impl Layers {
    /// The rows of the policy's table.
    pub(crate) fn of(policy: &ipgate_policy) -> Layers {
        if let Ok(fixed) = policy.fixed() {
            return Layers::One(Layer::new(&Gate::from_policy(&fixed), None));
        }
        let layer = |slot: &Slot, from| match slot {
            Slot::Unset => None,
            Slot::List(list) => Some(Layer::new(&Gate::new(list), Some(from))),
            Slot::Gate(gate) => Some(Layer::new(gate, Some(from))),
        };
        let default = layer(&policy.default, Origin::Default);
        let app = layer(&policy.app, Origin::App);
        match (default, app, policy.mode) {
            (Some(default), Some(app), Mode::Extend) => Layers::Two { default, app, enforce: policy.enforce },
            (_, Some(app), _) => Layers::One(app),
            (Some(default), None, _) => Layers::One(default),
            (None, None, _) => {
                Layers::One(Layer::new(&Gate::from_policy(&Policy::new().with_enforce(true)), None))
            }
        }
    }

    /// Fills in the verdict for a client's address, or for a client without one. Whether it is allowed.
    #[inline(always)]
    pub(crate) fn check(&mut self, address: Option<IpAddr>, verdict: &mut ipgate_verdict) -> bool {
        fault::point();
        match (self, address) {
            (Layers::One(layer), Some(address)) => layer.fill(address, verdict),
            (layers, address) => layers.check_both(address.map(copied), verdict),
        }
    }

    /// The same for two lists, and for clients without an address.
    #[inline(never)]
    fn check_both(&mut self, address: Option<IpAddr>, verdict: &mut ipgate_verdict) -> bool {
        match self {
            Layers::One(layer) => {
                let of_one = layer.check(address);
                verdict.fill(of_one.reason(), None, None, of_one.generation())
            }
            Layers::Two { default, app, enforce } => {
                let (default, app) = (default.check(address), app.check(address));
                let (reason, from) = combined(&default, &app, *enforce);
                let generation = default.generation() + app.generation() - 1;
                let deciding = match from {
                    Some(Origin::App) => Some(&app),
                    Some(Origin::Default) => Some(&default),
                    None => None,
                };
                let label = deciding.and_then(|of| of.label()).map(str::as_bytes);
                let is_allowed = verdict.fill(reason, from, label, generation);
                if let Some(entry) = deciding.filter(|_| verdict.wants_entry()).and_then(|of| of.entry()) {
                    verdict.set_entry(entry);
                }
                is_allowed
            }
        }
    }

    /// [`Layers::check`], and the decision is counted.
    pub(crate) fn admit(&mut self, address: Option<IpAddr>, verdict: &mut ipgate_verdict) -> bool {
        let is_allowed = self.check(address, verdict);
        let layer = match self {
            Layers::One(layer) => layer,
            Layers::Two { default, .. } if verdict.is_of_default() => default,
            Layers::Two { app, .. } => app,
        };
        // SAFETY: the check has just written it, and the reader still holds the table that it is of.
        layer.tally.count(unsafe { verdict.label() }, is_allowed);
        is_allowed
    }

    /// The same where it takes a few loads, which is nearly always; otherwise nothing has been counted.
    #[inline(always)]
    pub(crate) fn admit_settled(&mut self, address: IpAddr) -> Option<bool> {
        fault::point();
        match self {
            Layers::One(layer) => layer.admit(address),
            Layers::Two { .. } => None,
        }
    }

    /// What was counted, and for which list.
    pub(crate) fn counts(&mut self) -> Vec<(Option<Origin>, &Tally)> {
        self.each(Layer::end_count);
        match self {
            Layers::One(layer) => vec![(layer.from, &layer.tally)],
            Layers::Two { default, app, .. } => vec![(app.from, &app.tally), (default.from, &default.tally)],
        }
    }

    fn each(&mut self, mut act: impl FnMut(&mut Layer)) {
        match self {
            Layers::One(layer) => act(layer),
            Layers::Two { default, app, .. } => {
                act(default);
                act(app);
            }
        }
    }

    /// Whether a client's address is allowed, where only the decision is wanted.
    #[inline(always)]
    pub(crate) fn is_allowed(&mut self, address: IpAddr) -> bool {
        fault::point();
        match self {
            Layers::One(layer) => layer.is_allowed(address),
            Layers::Two { default, app, enforce } => {
                is_allowed_by_both(default, app, *enforce, copied(address))
            }
        }
    }

    /// Lets go of the tables.
    pub(crate) fn pause(&mut self) {
        self.each(Layer::pause);
    }

    /// The live entries that cover an address, the one that decides first.
    pub(crate) fn covering(&mut self, address: IpAddr) -> Vec<ipgate_entry> {
        let now = SystemTime::now();
        let mut found = self.collect(|layer| {
            let from = layer.from;
            let covering = layer.reader.current().table().covering(address);
            covering.filter(|entry| entry.is_live(now)).map(|e| ipgate_entry::new(e, from)).collect()
        });
        // Stable: within one length the app list's entries, which come first, stay first.
        found.sort_by_key(|entry: &ipgate_entry| std::cmp::Reverse(entry.prefix.length));
        found
    }

    /// The entries that cease to hold at or before an instant, the soonest first.
    pub(crate) fn expiring(&mut self, until_micros: i64) -> Vec<ipgate_entry> {
        let mut found = self.collect(|layer| {
            let from = layer.from;
            let table = layer.reader.current().table();
            let until =
                |entry: &EntryRef<'_>| entry.until().is_some_and(|at| at.unix_micros() <= until_micros);
            // Most tables have no such entry at all, and know it.
            let entries = table.next_expiry().map(|_| table.entries());
            entries.into_iter().flatten().filter(until).map(|entry| ipgate_entry::new(entry, from)).collect()
        });
        found.sort_by_key(|entry| entry.until_micros);
        found
    }

    /// What both layers give, the app list's first.
    fn collect(&mut self, of: impl Fn(&mut Layer) -> Vec<ipgate_entry>) -> Vec<ipgate_entry> {
        fault::point();
        self.each(Layer::turn);
        match self {
            Layers::One(layer) => of(layer),
            Layers::Two { default, app, .. } => {
                let mut found = of(app);
                found.append(&mut of(default));
                found
            }
        }
    }
}

/// Apart, so that the usual case needs no room for this one.
#[cold]
#[inline(never)]
fn is_allowed_by_both(default: &mut Layer, app: &mut Layer, enforce: bool, address: IpAddr) -> bool {
    let (default, app) = (default.check(Some(address)), app.check(Some(address)));
    combined(&default, &app, enforce).0.is_allowed()
}

/// The reason of two lists together, and which of them decided.
///
/// A gate that never got a list (`NoList`) denies whatever the other list says: what it would have denied is
/// not known. One that needs none (`NoGate`) is an unset list.
fn combined(default: &Verdict<'_>, app: &Verdict<'_>, enforce: bool) -> (Reason, Option<Origin>) {
    use Reason::{AllowEntry, DenyEntry, NoAddress, NoGate, NoList};
    match (default.reason(), app.reason()) {
        (NoAddress, _) | (_, NoAddress) => (NoAddress, None),
        (NoList, _) | (_, NoList) => (NoList, None),
        (AllowEntry | DenyEntry, AllowEntry | DenyEntry) => {
            let length = |verdict: &Verdict<'_>| verdict.entry().map(|entry| entry.prefix().prefix_len());
            match length(app) >= length(default) {
                true => (app.reason(), Some(Origin::App)),
                false => (default.reason(), Some(Origin::Default)),
            }
        }
        (_, reason @ (AllowEntry | DenyEntry)) => (reason, Some(Origin::App)),
        (reason @ (AllowEntry | DenyEntry), _) => (reason, Some(Origin::Default)),
        (NoGate, NoGate) if enforce => (NoList, None),
        (NoGate, NoGate) => (NoGate, None),
        _ => (Reason::NoEntry, None),
    }
}
