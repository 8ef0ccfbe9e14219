//! What is to be reached, as data.

use crate::cases::GROUPS;
use crate::cells::{BUILDERS, Cell};
use crate::figures::Figures;

/// What is compared in each cell.
enum Measure {
    /// The best of these peers over each of ours: at least.
    Peers(&'static [&'static str], &'static [&'static str]),
    /// Our figure of an earlier run over that of this one: at least.
    Before(&'static [&'static str]),
    /// Our figure: at least.
    Least(&'static [&'static str]),
    /// Our figure: at most.
    Most(&'static [&'static str]),
    /// Our figure over that of another mode: at most.
    OverMode(&'static [&'static str], &'static str),
    /// Our figure over that of another of ours: at most.
    Over(&'static str, &'static str),
    /// Our figure less that of another of ours: at most.
    Added(&'static str, &'static str),
}

/// Something to be reached in every cell that it speaks of.
struct Bar {
    what: &'static str,
    /// Case names, in which `*` stands for any text.
    cases: &'static [&'static str],
    mixes: &'static [&'static str],
    modes: &'static [&'static str],
    measure: Measure,
    bar: f64,
    aim: f64,
}

const TRIE: &[&str] = &["prefix-trie"];
/// The best of these is the best crate of a cell. The hash maps are not among them: bars are set for tables of prefixes,
/// and a hash map says what a list of nothing but hosts could cost. A cell that is lost to it is lost all the same.
const EVERYONE: &[&str] = &["prefix-trie", "treebitmap", "iptrie", "poptrie", "iprange", "sorted", "linear"];

const BOTH: &[&str] = &["ours-decision", "ours"];
const VALUE: &[&str] = &["ours"];
const DECISION: &[&str] = &["ours-decision"];

const ANY: &[&str] = &["uniform", "drawn", "zipf", "near", "near-zipf"];
const INSIDE: &[&str] = &["drawn", "zipf"];
const NO_MIX: &[&str] = &["-"];
const LOOKUPS: &[&str] = &["lat", "thr"];

/// Lists that DPDK's tables take, too, and the ways in which they are asked.
const DIRECT: &[&str] = &["v4-map-1k", "v4-map-100k", "v4-map-full", "v4-hosts-clustered-100k"];
const BESIDE_DPDK: &[&str] = &["lat", "batch"];

/// Lists of IPv6 other than routing tables, by size.
macro_rules! v6_lists {
    ($($size:literal)*) => {
        &[$(
            concat!("v6-hosts-*-", $size), concat!("v6-64-*-", $size), concat!("v6-56-*-", $size),
            concat!("v6-mixed-", $size), concat!("v6-nested-", $size),
        )*]
    };
}

use Measure::{Added, Before, Least, Most, Over, OverMode, Peers};

#[rustfmt::skip]
const BARS: &[Bar] = &[
    bar("IPv6 lists, from 1,000 entries", v6_lists!("1k" "100k" "1m"), ANY, &["lat"], Peers(EVERYONE, BOTH), 1.3, 2.5),
    bar("IPv6 lists, from 1,000 entries", v6_lists!("1k" "100k" "1m"), ANY, &["thr"], Peers(EVERYONE, BOTH), 1.3, 4.0),
    bar("IPv6 lists of 10 entries", v6_lists!("10"), ANY, &["lat"], Peers(EVERYONE, BOTH), 1.0, 1.5),
    bar("IPv6 lists of 10 entries", v6_lists!("10"), ANY, &["thr"], Peers(EVERYONE, BOTH), 1.5, 4.0),
    bar("IPv4, every cell", &["v4-*"], ANY, LOOKUPS, Peers(EVERYONE, BOTH), 1.2, 2.0),
    bar("full IPv6 table", &["v6-map-full"], INSIDE, &["lat"], Peers(TRIE, VALUE), 2.0, 2.6),
    bar("full IPv6 table", &["v6-map-full"], INSIDE, &["thr"], Peers(TRIE, VALUE), 6.0, 10.0),
    bar("full IPv6 table, batch over loop", &["v6-map-full"], INSIDE, &["batch"], OverMode(VALUE, "thr"), 0.75, 0.75),
    bar("full IPv4 map, run before over this one", &["v4-map-full"], ANY, LOOKUPS, Before(BOTH), 0.97, 1.0),
    bar("entry over label", &["*-map-full", "*-own-full", "*-hosts-*"], ANY, LOOKUPS, Over("ours-entry", "ours"), 2.5, 1.5),
    bar("cold, every cell", &["*"], ANY, &["cold"], Peers(EVERYONE, BOTH), 1.0, 1.5),
    bar("cache lines, a million IPv6 hosts", &["v6-hosts-*-1m"], ANY, &["cache_lines"], Most(VALUE), 6.0, 4.0),
    bar("bytes a prefix, IPv6 hosts", &["v6-hosts-*-100k", "v6-hosts-*-1m"], NO_MIX, &["bytes_per_prefix"], Most(VALUE), 32.0, 24.0),
    bar("Gate::check over Reader::check, ns added", &["v4-hosts-random-*"], ANY, LOOKUPS, Added("gate-check", "reader-check"), 4.0, 2.0),
    bar("Gate::check, two threads over one", &["v4-hosts-random-*"], ANY, &["two_threads"], Least(&["gate-check"]), 1.8, 1.95),
    bar("batch over loop, every table", &["*"], ANY, &["batch"], OverMode(BOTH, "thr"), 1.0, 0.6),
    bar("build of 100, 1,000 and 100,000 prefixes", &["*-100", "*-1k", "*-100k"], NO_MIX, &["build_ms"], Peers(BUILDERS, VALUE), 1.0, 2.0),
    bar("build of a million IPv6 hosts", &["v6-hosts-*-1m"], NO_MIX, &["build_ms"], Peers(BUILDERS, VALUE), 1.5, 3.0),

    bar("full IPv4 map, uniform", &["v4-map-full"], &["uniform"], &["lat"], Peers(TRIE, VALUE), 2.5, 3.3),
    bar("full IPv4 map", &["v4-map-full"], INSIDE, &["lat"], Peers(TRIE, VALUE), 3.0, 4.0),
    bar("full IPv4 map", &["v4-map-full"], ANY, &["thr"], Peers(TRIE, VALUE), 8.0, 15.0),
    bar("full IPv4 set, uniform", &["v4-set-full"], &["uniform"], &["lat"], Peers(TRIE, DECISION), 3.0, 4.5),
    bar("full IPv4 set, drawn", &["v4-set-full"], &["drawn"], &["lat"], Peers(TRIE, DECISION), 8.0, 12.0),
    bar("full IPv4 set, Zipf", &["v4-set-full"], &["zipf"], &["lat"], Peers(TRIE, DECISION), 4.0, 7.0),
    bar("full IPv4 set", &["v4-set-full"], ANY, &["thr"], Peers(TRIE, DECISION), 12.0, 20.0),
    bar("IPv4 map of 1,000 entries", &["v4-map-1k"], ANY, &["lat"], Peers(TRIE, VALUE), 1.5, 2.0),
    bar("IPv4 map of 1,000 entries", &["v4-map-1k"], ANY, &["thr"], Peers(TRIE, VALUE), 5.0, 10.0),
    bar("maps of 10 entries, over a linear scan", &["v4-map-10", "v6-map-10"], ANY, &["thr"], Peers(&["linear"], VALUE), 4.0, 10.0),
    bar("a full table cold", &["v4-map-full", "v6-map-full"], ANY, &["cold"], Peers(EVERYONE, VALUE), 1.2, 2.0),
    bar("build of the full IPv4 map", &["v4-map-full"], NO_MIX, &["build_ms"], Peers(TRIE, VALUE), 2.0, 3.0),
    bar("bytes a prefix, full IPv4 map", &["v4-map-full"], NO_MIX, &["bytes_per_prefix"], Most(VALUE), 6.0, 4.0),
    bar("bytes a prefix, full IPv4 set", &["v4-set-full"], NO_MIX, &["bytes_per_prefix"], Most(DECISION), 2.0, 1.0),
    bar("bytes a prefix, full IPv6 map", &["v6-map-full"], NO_MIX, &["bytes_per_prefix"], Most(VALUE), 20.0, 12.0),
    bar("bytes a prefix, IPv4, each its own label", &["v4-own-full"], NO_MIX, &["bytes_per_prefix"], Most(VALUE), 14.0, 9.0),
    bar("bytes a prefix, IPv6, each its own label", &["v6-own-full"], NO_MIX, &["bytes_per_prefix"], Most(VALUE), 30.0, 20.0),
    bar("cache lines, full IPv4 map (an aim)", &["v4-map-full"], &["drawn"], &["cache_lines"], Most(VALUE), f64::INFINITY, 2.0),
    bar("cache lines, full IPv6 map (an aim)", &["v6-map-full"], &["drawn"], &["cache_lines"], Most(VALUE), f64::INFINITY, 3.0),
    bar("image load of a million hosts, ms", &["v4-hosts-random-1m"], NO_MIX, &["load_ms"], Most(VALUE), 10.0, 2.0),
    bar("reader over bare table, ns added", &["v4-hosts-random-1m"], ANY, &["lat"], Added("reader", "table"), 2.0, 2.0),
    bar("reader over bare table, ns added", &["v4-hosts-random-1m"], ANY, &["thr"], Added("reader", "table"), 0.5, 0.5),
    bar("two threads over one", &["*-map-10", "*-map-full"], ANY, &["two_threads"], Least(VALUE), 1.9, 1.9),
    bar("codes of /24s over DPDK's rte_fib", DIRECT, INSIDE, BESIDE_DPDK, Over("direct", "rte_fib"), 1.0, 0.77),
    bar("codes of /24s over DPDK's rte_lpm", DIRECT, INSIDE, BESIDE_DPDK, Over("direct", "rte_lpm"), 1.0, 0.77),
    bar("beside DPDK's rte_fib", &["v4-map-full"], ANY, &["batch"], Peers(&["rte_fib"], VALUE), 1.0, 1.5),
    bar("beside DPDK's rte_fib6, drawn", &["v6-map-full"], &["drawn"], &["batch"], Peers(&["rte_fib6"], VALUE), 1.3, 2.0),
    bar("beside DPDK's rte_fib6, Zipf", &["v6-map-full"], &["zipf"], &["batch"], Peers(&["rte_fib6"], VALUE), 0.8, 1.2),
];

const fn bar(
    what: &'static str,
    cases: &'static [&'static str],
    mixes: &'static [&'static str],
    modes: &'static [&'static str],
    measure: Measure,
    bar: f64,
    aim: f64,
) -> Bar {
    Bar { what, cases, mixes, modes, measure, bar, aim }
}

/// How far one bar was reached.
pub struct Outcome {
    /// What it is about.
    pub what: &'static str,
    /// The modes it is about.
    pub modes: &'static [&'static str],
    /// Whether figures have to be at most the bar, and not at least.
    pub at_most: bool,
    /// What has to be reached.
    pub bar: f64,
    /// What is wished for.
    pub aim: f64,
    /// Cells, those of them that reach the bar, and those that reach the aim.
    pub cells: [usize; 3],
    /// The figure that is furthest from the bar.
    pub worst: f64,
    /// Its case and mix.
    pub at: String,
}

impl Outcome {
    /// Whether every cell reaches the bar.
    #[must_use]
    pub fn is_reached(&self) -> bool {
        self.cells[1] == self.cells[0]
    }

    /// In a word.
    #[must_use]
    pub fn verdict(&self) -> &'static str {
        match self.cells {
            [all, _, aim] if aim == all => "aim",
            [all, bar, _] if bar == all => "bar",
            _ => "**missed**",
        }
    }
}

/// Every bar of which at least a cell was measured.
pub fn outcomes(figures: &Figures) -> impl Iterator<Item = Outcome> {
    BARS.iter().filter_map(|bar| bar.outcome(figures))
}

impl Bar {
    fn outcome(&self, figures: &Figures) -> Option<Outcome> {
        let at_most = !matches!(self.measure, Peers(..) | Before(_) | Least(_));
        let reaches = |figure: f64, mark: f64| if at_most { figure <= mark } else { figure >= mark };
        let cells = self.cells(figures);
        let further = |a: &&(f64, String), b: &&(f64, String)| {
            if at_most { a.0.total_cmp(&b.0) } else { b.0.total_cmp(&a.0) }
        };
        let (worst, at) = cells.iter().max_by(further)?.clone();
        let count = |mark| cells.iter().filter(|cell| reaches(cell.0, mark)).count();
        let counts = [cells.len(), count(self.bar), count(self.aim)];
        Some(Outcome {
            what: self.what,
            modes: self.modes,
            at_most,
            bar: self.bar,
            aim: self.aim,
            cells: counts,
            worst,
            at,
        })
    }

    /// The figure of every cell that was measured, and where it is.
    fn cells(&self, figures: &Figures) -> Vec<(f64, String)> {
        let mut cells = Vec::new();
        let names = GROUPS.iter().flat_map(|group| group.sizes.iter().map(|size| group.case(size.0)));
        for case in names.filter(|case| self.cases.iter().any(|pattern| fits(pattern, case))) {
            for mix in self.mixes {
                for mode in self.modes {
                    for figure in self.figures(figures, &case, mix, mode) {
                        cells.push((figure, format!("{case} {mix}")));
                    }
                }
            }
        }
        cells
    }

    /// What is compared in one mode of one mix of one case, for each of ours.
    fn figures(&self, figures: &Figures, case: &str, mix: &str, mode: &str) -> Vec<f64> {
        let median = |mode: &str, who: &str| figures.median(case, mix, mode, who);
        let each = |ours: &[&str], figure: &dyn Fn(&str) -> Option<f64>| {
            ours.iter().filter_map(|who| figure(who)).collect::<Vec<f64>>()
        };
        match self.measure {
            Peers(peers, ours) => each(ours, &|who| {
                Cell::of(figures, [case, mix, mode, who], peers.iter().copied()).map(|cell| cell.ratio())
            }),
            Before(ours) => {
                each(ours, &|who| Some(figures.before(case, mix, mode, who)? / median(mode, who)?))
            }
            Least(ours) | Most(ours) => each(ours, &|who| median(mode, who)),
            OverMode(ours, other) => each(ours, &|who| Some(median(mode, who)? / median(other, who)?)),
            Over(ours, other) => each(&[ours], &|who| Some(median(mode, who)? / median(mode, other)?)),
            Added(ours, other) => each(&[ours], &|who| Some(median(mode, who)? - median(mode, other)?)),
        }
    }
}

/// Whether a name is one of a pattern, whose stars stand for any text.
fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => name.strip_prefix(start).is_some_and(|name| {
            (0..=name.len()).any(|at| name.get(at..).is_some_and(|name| fits(rest, name)))
        }),
    }
}
