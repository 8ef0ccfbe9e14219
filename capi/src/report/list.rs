//! What a report says of a list.

use std::time::{Duration, SystemTime};

use ipgate::Action;
use ipgate::layers::LayersReader;
use ipgate::list::Until;
use ipgate::table::EntryRef;
use serde::Serialize;

use crate::stats;
use crate::writer::ipgate_gate;

use super::counts::{Counts, Tally};
use super::state::{Health, Never, Source, State};
use super::time::Time;

/// How far ahead it looks for entries that cease to hold: as its key says.
const AHEAD: Duration = Duration::from_secs(30 * 86_400);

/// Of these entries, the soonest first, how many are shown.
const SHOWN: usize = 20;

#[derive(Debug, Serialize)]
pub(super) struct ListReport {
    #[serde(flatten)]
    pub(super) source: Source,
    #[serde(flatten)]
    pub(super) state: State<ListState>,
    #[serde(rename = "expiring_within_30_days")]
    pub(super) expiring_soon: usize,
    expiring: Vec<Expiring>,
    pub(super) decisions: Counts,
    #[serde(flatten)]
    pub(super) tally: Tally,
}

#[derive(Debug, Serialize)]
pub(super) struct ListState {
    pub(super) entries: u64,
    pub(super) bytes: u64,
    pub(super) generation: u64,
    digest: String,
    pub(super) last_swap: Time,
    #[serde(flatten)]
    pub(super) health: Health,
    pub(super) next_expiry: Time,
}

#[derive(Debug, Serialize)]
struct Expiring {
    prefix: String,
    action: &'static str,
    label: Option<String>,
    line: u32,
    until: Time,
}

impl ListReport {
    /// O(n) for n entries of a list that has any that expire. The reader lets go of its table afterwards: it is asked
    /// rarely, and must not keep an old one.
    pub(super) fn new(
        source: Source,
        gate: Option<&ipgate_gate>,
        reader: Option<&mut LayersReader>,
    ) -> ListReport {
        let state = match gate {
            Some(gate) => State::InForce(ListState::new(gate)),
            None => State::Never(Never::new("the list was never loaded")),
        };
        let (mut expiring_soon, mut expiring) = (0, Vec::new());
        if let Some(reader) = reader {
            let found = reader.expiring(SystemTime::now() + AHEAD);
            expiring_soon = found.len();
            expiring = found.into_iter().take(SHOWN).map(|(_, entry)| Expiring::new(entry)).collect();
            reader.pause();
        }
        let (decisions, tally) = (Counts::default(), Tally::default());
        ListReport { source, state, expiring_soon, expiring, decisions, tally }
    }
}

impl ListState {
    fn new(gate: &ipgate_gate) -> ListState {
        let figures = stats::figures(gate);
        let (failures, last_failure) = (figures.failures, figures.last_failure_micros);
        ListState {
            entries: figures.entries,
            bytes: figures.bytes,
            generation: figures.generation,
            digest: figures.digest.iter().map(|byte| format!("{byte:02x}")).collect(),
            last_swap: Time(figures.last_swap_micros),
            health: Health::new(failures, last_failure, &stats::last_error(gate), &stats::warnings(gate)),
            next_expiry: Time(figures.next_expiry_micros),
        }
    }
}

impl Expiring {
    fn new(entry: EntryRef<'_>) -> Expiring {
        Expiring {
            prefix: entry.prefix().to_string(),
            action: if entry.action() == Action::Allow { "allow" } else { "deny" },
            label: entry.label().map(str::to_owned),
            line: entry.line().unwrap_or(0),
            until: Time(entry.until().map_or(0, Until::unix_micros)),
        }
    }
}
