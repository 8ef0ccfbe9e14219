//! What was measured: repetitions taken in turns, so that whatever else the machine does falls on all alike.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ipgate_lpm::Prefix;

use crate::contender::{Chain, Contender};
use crate::lists::Places;
use crate::mixes::Mix;
use crate::reference::Reference;

/// Case, address mix, mode, who.
type Name = (String, String, String, String);

/// Every figure of a run, by its name.
pub struct Figures {
    all: BTreeMap<Name, Vec<f64>>,
    /// The medians of an earlier run.
    before: BTreeMap<Name, f64>,
    /// How often each pass is repeated; 0 verifies the answers and measures nothing.
    pub passes: usize,
    filters: Vec<String>,
}

/// Addresses whose answers are verified.
const VERIFIED: usize = 4096;

/// Unrelated memory that is touched before a cold lookup.
const OTHER: usize = 2 << 20;

impl Figures {
    /// For the cases that a filter names (`v4-*` names all that begin so), or for all where there is no filter.
    #[must_use]
    pub fn new(passes: usize, filters: Vec<String>) -> Figures {
        Figures { all: BTreeMap::new(), before: BTreeMap::new(), passes, filters }
    }

    /// Takes the medians of an earlier run out of its [table](Figures::to_tsv). Other lines are left out.
    pub fn compare_with(&mut self, tsv: &str) {
        let row = |line: &str| -> Option<(Name, f64)> {
            let [case, mix, mode, who, median, _] = line.split('\t').collect::<Vec<_>>().try_into().ok()?;
            Some(((String::from(case), mix.into(), mode.into(), who.into()), median.parse().ok()?))
        };
        self.before = tsv.lines().filter_map(row).collect();
    }

    /// The median of that run.
    #[must_use]
    pub fn before(&self, case: &str, mix: &str, mode: &str, who: &str) -> Option<f64> {
        self.before.get(&(case.into(), mix.into(), mode.into(), who.into())).copied()
    }

    /// Whether a case is asked for.
    #[must_use]
    pub fn wants(&self, case: &str) -> bool {
        let fits = |filter: &String| match filter.strip_suffix('*') {
            Some(start) => case.starts_with(start),
            None => case == filter,
        };
        self.filters.is_empty() || self.filters.iter().any(fits)
    }

    /// Keeps one figure.
    pub fn push(&mut self, case: &str, mix: &str, mode: &str, who: &str, figure: f64) {
        self.all.entry((case.into(), mix.into(), mode.into(), who.into())).or_default().push(figure);
    }

    fn of(&self, case: &str, mix: &str, mode: &str, who: &str) -> Option<&Vec<f64>> {
        self.all.get(&(case.into(), mix.into(), mode.into(), who.into()))
    }

    /// The least of the repetitions: what other load on the machine disturbs least.
    #[must_use]
    pub fn least(&self, case: &str, mix: &str, mode: &str, who: &str) -> Option<f64> {
        self.of(case, mix, mode, who)?.iter().copied().min_by(f64::total_cmp)
    }

    /// The middle one of the repetitions.
    #[must_use]
    pub fn median(&self, case: &str, mix: &str, mode: &str, who: &str) -> Option<f64> {
        self.of(case, mix, mode, who).map(|figures| median(figures))
    }

    /// Verifies and measures all contenders for a list: every answer is compared with that of the reference.
    ///
    /// # Panics
    ///
    /// If a contender gives another answer.
    pub fn measure<K: Chain + Places>(
        &mut self,
        case: &str,
        list: &[Prefix<K>],
        mixes: &[Mix],
        contenders: &[Contender<'_, K>],
    ) {
        for contender in contenders {
            if let Some(bytes) = contender.bytes {
                let each = bytes as f64 / list.len() as f64;
                self.push(case, "-", "bytes_per_prefix", contender.name, each);
            }
        }
        let reference = Reference::new(list);
        let mut other = vec![0u8; OTHER];
        for &mix in mixes {
            let keys = mix.addresses(list, &reference);
            verify(case, mix, contenders, &keys[..VERIFIED], list, &reference);
            for _ in 0..self.passes {
                for contender in contenders {
                    for (mode, figure) in contender.run(&keys, &mut other) {
                        self.push(case, mix.name(), mode, contender.name, figure);
                    }
                }
            }
        }
    }

    /// One line a figure: case, mix, mode, who, median, least, separated by tabs.
    #[must_use]
    pub fn to_tsv(&self) -> String {
        let mut text = String::from("case\tmix\tmode\twho\tmedian\tleast\n");
        for ((case, mix, mode, who), figures) in &self.all {
            let least = figures.iter().copied().fold(f64::MAX, f64::min);
            let _ = writeln!(text, "{case}\t{mix}\t{mode}\t{who}\t{:.4}\t{least:.4}", median(figures));
        }
        text
    }
}

/// The middle figure.
#[must_use]
pub fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

fn verify<K: Chain>(
    case: &str,
    mix: Mix,
    contenders: &[Contender<'_, K>],
    keys: &[K],
    list: &[Prefix<K>],
    reference: &Reference<K>,
) {
    let matched: Vec<Option<usize>> = keys.iter().map(|&key| reference.matched(key)).collect();
    // Where a neighbour asks, about half of the answers are that nothing matches. Few clients ask most of a Zipf mix.
    let missed = matched.iter().filter(|place| place.is_none()).count() as f64 / keys.len() as f64;
    assert!(!mix.is_near() || (0.25..0.75).contains(&missed), "{case} {}: {missed} miss", mix.name());
    for contender in contenders {
        let single = (contender.answers)(keys);
        let batch = contender.batch_answers.as_ref().map(|answers| answers(keys));
        for answers in std::iter::once(single).chain(batch) {
            assert_eq!(answers.len(), keys.len(), "{case} {}", contender.name);
            for ((key, &answer), &matched) in keys.iter().zip(&answers).zip(&matched) {
                let wanted = contender.asked.wanted(list, matched);
                assert_eq!(answer, wanted, "{case} {} {} {key:x?}", mix.name(), contender.name);
            }
        }
    }
}

/// The name of this machine's CPU.
#[must_use]
pub fn cpu() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name| {
        let value = info.lines().find_map(|line: &str| line.strip_prefix(name))?;
        Some(value.trim_start_matches([' ', '\t', ':']).to_owned())
    };
    let name = field("model name").unwrap_or_else(|| "a CPU without a name".into());
    let number = |name| field(name).unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    format!("{name} (family {}, model {}, {cores} cores)", number("cpu family"), number("model\t"))
}
