//! The reader of a policy over gates: one gate, or a default and an app gate together.

use std::net::IpAddr;
use std::time::SystemTime;

use crate::address::Address;
use crate::combined::{combined, covering};
use crate::gate::{Gate, Reader};
use crate::policy::Mode;
use crate::snapshot::Snapshot;
use crate::table::{EntryRef, Origin, Table};
use crate::tally::Tally;
use crate::verdict::{Judgement, Verdict};

/// A per-thread handle on [`Layers`](super::Layers), or on one gate, that can count what it decides by label.
///
/// A check takes no lock, does not wait and does not allocate; where two gates are asked it costs two lookups.
/// An idle reader keeps the tables of its last check alive: see [`LayersReader::pause`].
///
/// The generation of its verdicts grows by one with each swap of either gate.
///
/// ```
/// use ipgate::layers::LayersReader;
/// use ipgate::tally::{Sum, Whose};
/// use ipgate::{Gate, List};
/// let gate = Gate::new(&"10.0.0.0/8:corp".parse::<List>()?);
/// let mut reader = LayersReader::of_gate(&gate);
/// assert!(reader.admit("10.1.1.1".parse()?));
/// assert!(!reader.admit("192.0.2.1".parse()?));
/// let mut sums = reader.counts().flat_map(|(_, tally)| tally.sums());
/// assert!(sums.any(|sum| sum == (Whose::Label("corp"), Sum { allowed: 1, denied: 0 })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct LayersReader {
    kind: Kind,
}

/// One layer, or the two of a policy in which both may decide.
#[derive(Debug, Clone)]
#[repr(u8)] // a tag of its own is found with one instruction
pub(super) enum Kind {
    One(Layer),
    Two { default: Layer, app: Layer, mode: Mode, enforce: bool },
}

/// A gate's reader with its tally.
#[derive(Debug)]
pub(super) struct Layer {
    reader: Reader,
    /// Which list of the policy its entries come from, where they do not know.
    from: Option<Origin>,
    /// Whether no one is allowed where the gate has no list and needs none.
    enforce: bool,
    tally: Tally,
}

impl Clone for Layer {
    /// With a count of its own.
    fn clone(&self) -> Layer {
        Layer { reader: self.reader.clone(), tally: Tally::new(), ..*self }
    }
}

impl Layer {
    pub(super) fn new(gate: &Gate, from: Option<Origin>, enforce: bool) -> Layer {
        Layer { reader: gate.reader(), from, enforce, tally: Tally::new() }
    }

    /// The judgement, and where it may be counted.
    #[inline(always)]
    fn judge(&mut self, address: Option<Address>) -> (Judgement<'_>, &mut Tally) {
        let Layer { reader, from, enforce, tally } = self;
        let snapshot = current(reader, tally);
        (Judgement::new(snapshot, address).enforced(*enforce).with_origin(*from), tally)
    }

    /// The decision for an address, counted; `None` where the table has to be taken anew, or has entries that
    /// expire.
    #[inline(always)]
    fn admit_settled(&mut self, address: Address) -> Option<bool> {
        let table = self.reader.settled()?.table();
        Some(match table.ruling_of_compiled(address) {
            Some(ruling) => self.tally.count_entry(table.decision(ruling)),
            None => self.tally.count_unlabelled(table.ruling_without_entry().enforced(self.enforce).reason()),
        })
    }

    #[inline(always)]
    fn is_allowed(&mut self, address: Address) -> bool {
        match self.reader.settled() {
            Some(snapshot) if snapshot.table().allows_everyone() => !self.enforce,
            Some(snapshot) => snapshot.table().allows_compiled(address),
            None => self.is_allowed_anew(address),
        }
    }

    #[cold]
    #[inline(never)]
    fn is_allowed_anew(&mut self, address: Address) -> bool {
        self.judge(Some(address)).0.is_allowed()
    }

    /// Lets go of the table, with what was counted by its numbers.
    fn pause(&mut self) {
        self.end_count();
        self.reader.pause();
    }

    /// The current table.
    #[inline(always)]
    fn current(&mut self) -> &Snapshot {
        current(&mut self.reader, &mut self.tally)
    }

    /// Counts no longer for the table of the last check.
    #[cold]
    #[inline(never)]
    fn end_count(&mut self) {
        if let Some(last) = self.reader.last() {
            self.tally.end(last.table());
        }
    }

    fn table(&mut self) -> &Table {
        self.current().table()
    }

    /// The entries of its table that are found there, each with the list that it comes from.
    fn find<'r, E>(
        &'r mut self,
        find: impl FnOnce(&'r Table) -> E,
    ) -> impl Iterator<Item = (Origin, EntryRef<'r>)>
    where
        E: IntoIterator<Item = EntryRef<'r>>,
    {
        let from = self.from;
        find(self.table()).into_iter().map(move |entry| (from.unwrap_or(entry.origin()), entry))
    }
}

impl LayersReader {
    pub(super) fn new(kind: Kind) -> LayersReader {
        LayersReader { kind }
    }

    /// A reader of one gate, without a policy around it.
    #[must_use]
    pub fn of_gate(gate: &Gate) -> LayersReader {
        LayersReader { kind: Kind::One(Layer::new(gate, None, false)) }
    }

    /// The verdict for a client's address: that of the layer whose entry decides, with the origin that the
    /// layer has in the policy and the generation of both.
    #[inline]
    pub fn check(&mut self, address: IpAddr) -> Verdict<'_> {
        self.kind.judge(Some(address.into())).0.into()
    }

    /// The verdict for a client without a usable address: denied.
    pub fn check_without_address(&mut self) -> Verdict<'_> {
        self.kind.judge(None).0.into()
    }

    /// What `take` makes of the verdict for a client, who may have no usable address: [`LayersReader::check`]
    /// for callers who take the verdict apart at once. The usual case, an address and one gate, is compiled
    /// together with what they do; every other is out of line.
    ///
    /// ```
    /// use ipgate::layers::LayersReader;
    /// use ipgate::{Gate, List};
    /// let gate = Gate::new(&"10.0.0.0/8:corp".parse::<List>()?);
    /// let mut reader = LayersReader::of_gate(&gate);
    /// let bytes = reader.check_with(Some("10.1.1.1".parse()?), |verdict| verdict.label_bytes().map(<[u8]>::len));
    /// assert_eq!(bytes, Some(4));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline(always)]
    pub fn check_with<R>(&mut self, address: Option<Address>, take: impl FnOnce(Judgement<'_>) -> R) -> R {
        take(match (&mut self.kind, address) {
            (Kind::One(layer), Some(address)) => layer.judge(Some(address)).0,
            (kind, address) => kind.judge(address).0,
        })
    }

    /// Whether a client's address is allowed, where only the decision is wanted.
    #[inline(always)]
    pub fn is_allowed(&mut self, address: IpAddr) -> bool {
        self.allows(address.into())
    }

    /// The same for callers who have the canonical address.
    #[inline(always)]
    pub fn allows(&mut self, address: Address) -> bool {
        match &mut self.kind {
            Kind::One(layer) => layer.is_allowed(address),
            kind => kind.is_allowed(address),
        }
    }

    /// Whether each of many clients' addresses is allowed: as [`LayersReader::is_allowed`] of each, by
    /// [`Table::are_allowed`] where one table decides. A swap may come between two answers, never into one. What is
    /// beyond the addresses is denied.
    ///
    /// ```
    /// use ipgate::layers::LayersReader;
    /// use ipgate::{Gate, List};
    /// let gate = Gate::new(&"10.0.0.0/8:corp".parse::<List>()?);
    /// let clients = [[10, 1, 1, 1], [192, 0, 2, 1]];
    /// let mut allowed = [false; 2];
    /// LayersReader::of_gate(&gate).are_allowed(&clients, &mut allowed);
    /// assert_eq!(allowed, [true, false]);
    /// # Ok::<(), ipgate::list::Rejected>(())
    /// ```
    pub fn are_allowed<A, D>(&mut self, addresses: &[A], allowed: &mut [D])
    where
        A: Copy + Into<Address>,
        D: Copy + From<bool>,
    {
        if let Some(table) = self.kind.one_table() {
            return table.are_allowed(addresses, allowed);
        }
        let (allowed, beyond) = allowed.split_at_mut(allowed.len().min(addresses.len()));
        beyond.fill(D::from(false));
        for (address, allowed) in addresses.iter().zip(allowed) {
            *allowed = D::from(self.allows((*address).into()));
        }
    }

    /// [`LayersReader::is_allowed`], and the decision is counted: see [`LayersReader::counts`].
    #[inline(always)]
    pub fn admit(&mut self, address: IpAddr) -> bool {
        let address = Address::from(address);
        match self.settled(address) {
            Some(is_allowed) => is_allowed,
            None => self.kind.admit(address),
        }
    }

    /// The same where it takes a few loads, which is nearly always; `None` says that nothing has been counted,
    /// and is for callers who can put [`LayersReader::admit`] out of their own way.
    #[inline(always)]
    pub fn admit_settled(&mut self, address: IpAddr) -> Option<bool> {
        self.settled(address.into())
    }

    #[inline(always)]
    fn settled(&mut self, address: Address) -> Option<bool> {
        match &mut self.kind {
            Kind::One(layer) => layer.admit_settled(address),
            Kind::Two { .. } => None,
        }
    }

    /// [`LayersReader::check`], counted.
    pub fn admit_verdict(&mut self, address: IpAddr) -> Verdict<'_> {
        self.kind.admit_judgement(Some(address.into())).into()
    }

    /// [`LayersReader::check_without_address`], counted.
    pub fn admit_without_address(&mut self) -> Verdict<'_> {
        self.kind.admit_judgement(None).into()
    }

    /// [`LayersReader::check_with`], counted.
    #[inline(always)]
    pub fn admit_with<R>(&mut self, address: Option<Address>, take: impl FnOnce(Judgement<'_>) -> R) -> R {
        take(match (&mut self.kind, address) {
            (Kind::One(layer), Some(address)) => counted(layer.judge(Some(address))),
            (kind, address) => kind.admit_judgement(address),
        })
    }

    /// What was counted, the app list's first, and for which list of the policy; `None` for a gate without one.
    /// What no entry decides is counted for the app list.
    pub fn counts(&mut self) -> impl Iterator<Item = (Option<Origin>, &Tally)> {
        let layers = self.kind.layers().into_iter().flatten();
        layers.map(|layer| {
            layer.end_count();
            (layer.from, &layer.tally)
        })
    }

    /// Lets go of the tables, so that an idle thread keeps no old ones alive. The next check takes the current
    /// ones.
    pub fn pause(&mut self) {
        self.kind.layers().into_iter().flatten().for_each(Layer::pause);
    }

    /// The live entries that cover an address, the one that decides first, each with the list that it comes
    /// from. For explanations; allocates.
    pub fn covering(&mut self, address: IpAddr) -> Vec<(Origin, EntryRef<'_>)> {
        let now = SystemTime::now();
        let mode = self.kind.mode();
        let [app, default] = self.kind.in_force().map(|layer| {
            let found = layer.into_iter().flat_map(|layer| layer.find(|table| table.covering(address)));
            found.filter(move |(_, entry)| entry.is_live(now))
        });
        covering(default, app, mode)
    }

    /// The entries that cease to hold at or before an instant, the soonest first, each with the list that it
    /// comes from. O(n) for n entries of a table that has such entries at all.
    pub fn expiring(&mut self, by: SystemTime) -> Vec<(Origin, EntryRef<'_>)> {
        let layers = self.kind.in_force().into_iter().flatten();
        let found = layers.flat_map(|layer| {
            layer.find(|table| table.next_expiry().map(|_| table.entries()).into_iter().flatten())
        });
        let mut found: Vec<_> = found.filter(|(_, entry)| !entry.is_live(by)).collect();
        found.sort_by_key(|(_, entry)| entry.until());
        found
    }
}

impl Kind {
    /// All layers, the app list's first.
    fn layers(&mut self) -> [Option<&mut Layer>; 2] {
        match self {
            Kind::One(layer) => [Some(layer), None],
            Kind::Two { default, app, .. } => [Some(app), Some(default)],
        }
    }

    /// The table that decides alone, where there is one in which nothing expires.
    #[inline(always)]
    fn one_table(&mut self) -> Option<&Table> {
        let Kind::One(layer) = self else { return None };
        let snapshot = layer.current();
        Some(snapshot.table()).filter(|table| snapshot.is_settled() && !table.allows_everyone())
    }

    /// The layers whose entries decide, the app list's first.
    fn in_force(&mut self) -> [Option<&mut Layer>; 2] {
        match self {
            Kind::Two { default, app, mode: Mode::Override, .. } => match app.table().allows_everyone() {
                true => [Some(default), None],
                false => [Some(app), None],
            },
            kind => kind.layers(),
        }
    }

    /// How the two layers combine; of one layer it does not matter.
    fn mode(&self) -> Mode {
        match self {
            Kind::One(_) => Mode::default(),
            Kind::Two { mode, .. } => *mode,
        }
    }

    /// The judgement, and the tally of the layer that decided.
    #[inline(never)]
    fn judge(&mut self, address: Option<Address>) -> (Judgement<'_>, &mut Tally) {
        match self {
            Kind::One(layer) => layer.judge(address),
            Kind::Two { default, app, mode, enforce } => {
                let (of_default, default_tally) = default.judge(address);
                let (of_app, app_tally) = app.judge(address);
                let judgement = combined(of_default, of_app, *mode).enforced(*enforce);
                let tally = match judgement.origin() {
                    Some(Origin::Default) => default_tally,
                    Some(Origin::App) | None => app_tally,
                };
                (judgement.with_generation(of_default.generation() + of_app.generation() - 1), tally)
            }
        }
    }

    fn admit_judgement(&mut self, address: Option<Address>) -> Judgement<'_> {
        counted(self.judge(address))
    }

    #[cold]
    #[inline(never)]
    fn admit(&mut self, address: Address) -> bool {
        self.admit_judgement(Some(address)).is_allowed()
    }

    /// Out of line, so that the usual case needs no room for this one.
    #[cold]
    #[inline(never)]
    fn is_allowed(&mut self, address: Address) -> bool {
        self.judge(Some(address)).0.is_allowed()
    }
}

/// A reader's current table. What was counted by the numbers of the table before would be counted for other labels, so
/// that count ends.
#[inline(always)]
fn current<'r>(reader: &'r mut Reader, tally: &mut Tally) -> &'r Snapshot {
    reader.current_after(|last| tally.end(last.table()))
}

/// A judgement that has been counted in its tally.
#[inline(always)]
fn counted<'r>((judgement, tally): (Judgement<'r>, &mut Tally)) -> Judgement<'r> {
    tally.count(judgement.decision());
    judgement
}
