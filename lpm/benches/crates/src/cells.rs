//! A cell: what we take in one mode of one mix of one case, beside the best peer.

use crate::cases::Group;
use crate::contender::Asked;
use crate::figures::Figures;
use crate::ours::OURS;

/// Everyone who takes part beside us, and what the page calls them.
pub const PEERS: &[(&str, &str)] = &[
    ("prefix-trie", "prefix-trie"),
    ("treebitmap", "treebitmap"),
    ("iptrie", "iptrie"),
    ("poptrie", "poptrie"),
    ("iprange", "iprange"),
    ("hashed", "hash map a length"),
    ("sorted", "sorted list"),
    ("linear", "linear scan"),
];

/// Those that can name the entry: the ranges of the others are merged.
const NAMING: &[&str] = &["prefix-trie", "treebitmap", "iptrie", "poptrie", "hashed", "linear"];

/// Those whose building is compared: crates alone.
pub const BUILDERS: &[&str] = &["prefix-trie", "treebitmap", "iptrie", "poptrie", "iprange"];

/// The modes in which everyone is measured.
pub const MODES: [&str; 3] = ["lat", "thr", "cold"];

/// A figure of ours beside the best peer's.
pub struct Cell {
    /// Of our passes the median.
    pub ours: f64,
    /// Of the best peer's.
    pub best: f64,
    /// Whose that is.
    pub peer: &'static str,
    /// Peer over ours of the least.
    pub of_least: f64,
}

impl Cell {
    /// The best peer over ours: below 1 the cell is lost.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        self.best / self.ours
    }

    /// The cell of these peers, where we and at least one of them were measured.
    #[must_use]
    pub fn of(
        figures: &Figures,
        [case, mix, mode, who]: [&str; 4],
        peers: impl IntoIterator<Item = &'static str>,
    ) -> Option<Cell> {
        let measured = |peer| Some((figures.median(case, mix, mode, peer)?, peer));
        let (best, peer) = peers.into_iter().filter_map(measured).min_by(|a, b| a.0.total_cmp(&b.0))?;
        let of_least = figures.least(case, mix, mode, peer)? / figures.least(case, mix, mode, who)?;
        Some(Cell { ours: figures.median(case, mix, mode, who)?, best, peer, of_least })
    }
}

/// Who competes for what is asked.
pub fn peers(asked: Asked) -> impl Iterator<Item = &'static str> {
    PEERS.iter().map(|peer| peer.0).filter(move |peer| asked != Asked::Entry || NAMING.contains(peer))
}

/// What the page calls a peer.
#[must_use]
pub fn title(peer: &str) -> &str {
    PEERS.iter().find(|known| known.0 == peer).map_or(peer, |known| known.1)
}

/// What the page calls what is asked.
#[must_use]
pub fn question(who: &str) -> &'static str {
    match OURS.iter().find(|ours| ours.1 == who).map(|ours| ours.0) {
        Some(Asked::Decision) => "decision",
        Some(Asked::Value) => "label",
        Some(Asked::Entry) => "entry",
        None => "-",
    }
}

/// Where a cell lies.
pub struct Place {
    /// The case.
    pub case: String,
    /// The address mix.
    pub mix: &'static str,
    /// The mode.
    pub mode: &'static str,
    /// What is asked.
    pub asked: Asked,
    /// Who of ours answers.
    pub who: &'static str,
}

impl Place {
    /// The cell here, where it was measured.
    #[must_use]
    pub fn cell(&self, figures: &Figures) -> Option<Cell> {
        Cell::of(figures, [&self.case, self.mix, self.mode, self.who], peers(self.asked))
    }
}

/// Every place of a group's cases, in the order of the page.
pub fn places(group: &Group) -> impl Iterator<Item = Place> {
    group.sizes.iter().flat_map(move |size| {
        group.mixes.iter().flat_map(move |mix| {
            MODES.into_iter().flat_map(move |mode| {
                OURS.map(|(asked, who)| Place { case: group.case(size.0), mix: mix.name(), mode, asked, who })
            })
        })
    })
}
