//! From statements of sources to the gate: no time passes here but that which is handed in, and nothing is waited for.

use std::collections::BTreeSet;
use std::time::Instant;

use ipgate::list::Parser;
use ipgate::site::{AppName, Changes, Host, ListSlot, Permit, Site, SiteGate, SiteRefusal};

use crate::keeper::{Keeper, Moment};
use crate::kept::Kept;
use crate::merge;
use crate::notice::Notice;
use crate::source::Traits;
use crate::statement::Statement;

/// The generation of a gate that nothing has changed: what is brought into it takes nothing from anybody.
const FIRST: u64 = 1;

/// All sources together, and the gate that they fill.
#[derive(Debug)]
pub(crate) struct Core {
    gate: SiteGate,
    keepers: Vec<Keeper>,
    /// Whether the gate holds anything of the sources.
    is_in_force: bool,
    /// Whether everyone comes in to whom no list says otherwise ([`merge::is_open`]).
    is_open: bool,
    /// What the guard refused: tried again with the next change.
    owed: Touched,
    /// What was refused last, so that it is told once.
    refusals: Vec<SiteRefusal>,
    /// Hosts with the apps that do not have them, because another one has: told once, tried again with every change.
    contested: BTreeSet<(Host, AppName)>,
}

/// What is to be brought into force.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    pub(crate) settings: bool,
    pub(crate) apps: BTreeSet<AppName>,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// What there is to tell, each with the number of the source that it is about, if it is about one.
    pub(crate) notices: Vec<(Option<usize>, Notice)>,
    /// The sources of which something has changed, to be kept.
    pub(crate) changed: BTreeSet<usize>,
    /// Whether the gate has changed.
    pub(crate) is_swapped: bool,
}

impl Core {
    /// Sources with these traits, in the order of their word; the gate is closed until all of them are known.
    pub(crate) fn new(gate: &SiteGate, parser: &Parser, traits: impl IntoIterator<Item = Traits>) -> Core {
        let keeper = |traits: Traits| Keeper::new(parser.clone(), traits.settle);
        let keepers = traits.into_iter().map(keeper).collect();
        let gate = gate.clone();
        let (owed, refusals, contested) = (Touched::default(), Vec::new(), BTreeSet::new());
        Core { gate, keepers, is_in_force: false, is_open: false, owed, refusals, contested }
    }

    /// Begins with what a source said when that was last kept.
    pub(crate) fn restore(&mut self, number: usize, kept: &Kept) {
        if let Some(keeper) = self.keepers.get_mut(number) {
            keeper.restore(kept);
        }
    }

    /// Takes what a source says. Nothing of it is in force before [`Core::apply`].
    pub(crate) fn take(
        &mut self,
        number: usize,
        statement: Statement,
        began: Option<Instant>,
        now: Instant,
        outcome: &mut Outcome,
    ) {
        let Some(keeper) = self.keepers.get_mut(number) else { return };
        // What is about to open the gate counts already: a list that goes together with it opens its app.
        let is_opening = self.owed.settings || keeper.is_opened_by(&statement);
        let is_closed = !is_opening && self.gate.snapshot().denies_unlisted();
        // A reading leads further, even where it finds what there was.
        let is_further = began.is_some() && statement.is_whole && statement.bookmark.is_some();
        match keeper.take(statement, Moment { began, now, is_closed }) {
            Err(emptied) => {
                outcome.notices.push((Some(number), Notice::Emptied { apps: emptied.apps }));
            }
            Ok(taken) => {
                if is_further || taken.settings || !taken.apps.is_empty() {
                    outcome.changed.insert(number);
                }
                self.owed.settings |= taken.settings;
                self.owed.apps.extend(taken.apps);
            }
        }
        let told = std::mem::take(&mut keeper.ledger.notices);
        outcome.notices.extend(told.into_iter().map(|notice| (Some(number), notice)));
    }

    /// Whether all sources are known, so that what they say is in force.
    pub(crate) fn is_ready(&self) -> bool {
        self.keepers.iter().all(Keeper::is_known)
    }

    /// Brings into force what was taken, in one step, as far as the guard lets it pass.
    pub(crate) fn apply(&mut self, outcome: &mut Outcome) {
        if !self.is_ready() || (self.is_in_force && self.owed.is_nothing()) {
            return;
        }
        let before = self.gate.generation();
        let mut owed = std::mem::take(&mut self.owed);
        // The mode of each app hangs on it.
        let was_open = std::mem::replace(&mut self.is_open, merge::is_open(&self.keepers));
        if !self.is_in_force || was_open != self.is_open {
            owed = self.everything();
        }
        // What keeps a host from an app may be gone.
        let again: BTreeSet<&AppName> =
            owed.apps.iter().chain(self.contested.iter().map(|(_, app)| app)).collect();
        let mut changes = merge::changes(&self.keepers, owed.settings, again);
        if before == FIRST {
            changes = changes.permitting(Permit::EnforceOff).permitting(Permit::Removal);
        }
        let refusals = self.apply_uncontested(changes, outcome);
        self.is_in_force = true;
        let generation = self.gate.generation();
        if generation != before {
            outcome.is_swapped = true;
            outcome.notices.push((None, Notice::Swapped { generation, apps: owed.apps.len() }));
        }
        for refusal in refusals.iter().filter(|refusal| !self.refusals.contains(refusal)) {
            outcome.notices.push((None, Notice::Refused { refusal: (*refusal).clone() }));
        }
        if !refusals.is_empty() {
            self.owed = owed;
        }
        self.refusals = refusals;
    }

    /// All that the sources name, and what the gate has of others, which is to go.
    fn everything(&self) -> Touched {
        let current = self.gate.snapshot();
        let stale = current.apps().map(|app| app.name.clone());
        Touched {
            settings: true,
            apps: self.keepers.iter().flat_map(Keeper::names).cloned().chain(stale).collect(),
        }
    }

    /// Applies changes; a host that another app has stays with that app.
    fn apply_uncontested(&mut self, mut changes: Changes, outcome: &mut Outcome) -> Vec<SiteRefusal> {
        let before = std::mem::take(&mut self.contested);
        loop {
            let refused = match self.gate.apply_allowed(changes.clone()) {
                Ok((_, refusals)) => return refusals,
                Err(refused) => refused,
            };
            let current = self.gate.snapshot();
            let mut is_less = false;
            for refusal in refused.refusals() {
                let SiteRefusal::Host { host, apps: [first, second] } = refusal else { continue };
                let owner = current.host(host.as_str());
                let loser = if owner == Some(second) { first } else { second };
                changes = changes.without_host(loser, host);
                is_less = true;
                let contested = (host.clone(), loser.clone());
                if !before.contains(&contested) {
                    outcome.notices.push((None, Notice::Refused { refusal: refusal.clone() }));
                }
                self.contested.insert(contested);
            }
            if !is_less {
                return refused.refusals().to_vec();
            }
        }
    }

    /// When the sources should be read again because something is gone: the number of each and the time.
    pub(crate) fn due(&self) -> impl Iterator<Item = (usize, Instant)> {
        self.keepers.iter().enumerate().filter_map(|(number, keeper)| Some((number, keeper.ledger.due()?)))
    }

    /// What of a source is kept for a restart.
    pub(crate) fn kept(&self, number: usize) -> Option<Kept> {
        self.keepers.get(number).map(Keeper::kept)
    }

    /// A source's part in figures.
    pub(crate) fn keeper(&self, number: usize) -> Option<&Keeper> {
        self.keepers.get(number)
    }
}

impl Touched {
    fn is_nothing(&self) -> bool {
        !self.settings && self.apps.is_empty()
    }
}

/// A site that denies everyone: what a gate holds before anything is known.
#[must_use]
pub fn closed_site() -> Site {
    Site::new().with_enforce(true).with_default(ListSlot::Waiting)
}
