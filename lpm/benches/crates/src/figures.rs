//! What was measured: repetitions taken in turns, so that whatever else the machine does falls on all alike.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ipgate_lpm::{NO_MATCH, Prefix};

use crate::contender::{Chain, Contender};
use crate::data::{MIXES, addresses};

/// Case, address mix, mode, who.
type Name = (String, String, String, String);

/// Every figure of a run, by its name.
pub struct Figures {
    all: BTreeMap<Name, Vec<f64>>,
    /// How often each pass is repeated; 0 verifies the answers and measures nothing.
    pub repetitions: usize,
    filters: Vec<String>,
}

impl Figures {
    /// For the cases that a filter names (`v4-*` names all that begin so), or for all where there is no filter.
    pub fn new(repetitions: usize, filters: Vec<String>) -> Figures {
        Figures { all: BTreeMap::new(), repetitions, filters }
    }

    /// Whether a case is asked for.
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
    pub fn least(&self, case: &str, mix: &str, mode: &str, who: &str) -> Option<f64> {
        self.of(case, mix, mode, who)?.iter().copied().min_by(f64::total_cmp)
    }

    /// The middle one of the repetitions.
    pub fn median(&self, case: &str, mix: &str, mode: &str, who: &str) -> Option<f64> {
        self.of(case, mix, mode, who).map(|figures| median(figures))
    }

    /// Verifies and measures all contenders for a list. The first one is what the others have to agree with.
    ///
    /// # Panics
    ///
    /// If a contender gives another answer.
    pub fn measure<K: Chain>(&mut self, case: &str, list: &[Prefix<K>], contenders: &[Contender<'_, K>]) {
        for contender in contenders {
            self.push(case, "-", "build_ms", contender.name, contender.build_ms);
            if let Some(bytes) = contender.bytes {
                let each = bytes as f64 / list.len() as f64;
                self.push(case, "-", "bytes_per_prefix", contender.name, each);
            }
        }
        let mut other = vec![0u8; 3 << 20];
        for mix in MIXES {
            let keys = addresses(list, mix);
            verify(case, mix, contenders, &keys[..4096], list);
            for _ in 0..self.repetitions {
                for contender in contenders {
                    for mode in contender.modes() {
                        let figure = contender.run(mode, &keys, &mut other).unwrap_or(f64::NAN);
                        self.push(case, mix, mode, contender.name, figure);
                    }
                }
            }
        }
    }

    /// One line a figure: case, mix, mode, who, median, least, separated by tabs.
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
pub fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

fn verify<K: Chain>(case: &str, mix: &str, all: &[Contender<'_, K>], keys: &[K], list: &[Prefix<K>]) {
    let Some(reference) = all.first() else { return };
    let wanted = (reference.answers)(keys);
    for contender in all {
        let single = (contender.answers)(keys);
        let batch = contender.batch_answers.as_ref().map(|answers| answers(keys));
        for answers in std::iter::once(single).chain(batch) {
            for ((&key, &answer), &wanted) in keys.iter().zip(&answers).zip(&wanted) {
                let named = contender.name == "ours-matched" && answer != NO_MATCH;
                let value = if named { list[answer as usize].value } else { answer };
                assert_eq!(value, wanted, "{case} {mix} {} {key:x?}", contender.name);
            }
        }
    }
}

/// The name of this machine's CPU.
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
