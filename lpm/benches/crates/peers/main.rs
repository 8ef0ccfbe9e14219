//! The table beside other crates: `make bench`, or `cargo bench -p ipgate-bench -- [CASE...]`.
//!
//! Without `--bench`, which `cargo bench` adds and `cargo test` does not, it only verifies the answers, on small lists.
//! Figures go to `$IPGATE_BENCH_TSV`, the report to standard output. `$IPGATE_BENCH_PASSES` says how often each pass is
//! taken (5), `$IPGATE_BENCH_BEFORE` names the figures of an earlier run, which a bar compares with.

mod peers;
mod plain;

use ipgate_bench::cases::{GROUPS, Group};
use ipgate_bench::contender::Contender;
use ipgate_bench::figures::{Figures, cpu};
use ipgate_bench::mixes::Mix;
use ipgate_bench::routes::{Routes, table_v4, table_v6};
use ipgate_bench::{ours, report, whole};
use ipgate_lpm::{Family, Prefix, SimdLevel};
use peers::Peers;

/// How often each pass is taken unless told otherwise.
const PASSES: usize = 5;
/// The largest list that is looked at without measuring.
const QUICK: usize = 5000;
/// Lists of more prefixes are built fewer times.
const LARGE: usize = 200_000;
/// Cases in which two threads stand beside one, and lesser instruction sets beside the best.
const THREADED: [&str; 3] = ["v4-map-10", "v4-map-full", "v6-map-full"];

/// One family's way through a case.
trait Ours: peers::Family {
    fn build(list: &[Prefix<Self>], repetitions: usize) -> (Family<Self>, Vec<f64>);
    fn contenders(family: &Family<Self>, decides: bool) -> Vec<Contender<'_, Self>>;
    fn levels(families: &[Family<Self>]) -> Vec<Contender<'_, Self>>;
    fn lines(
        figures: &mut Figures,
        case: &str,
        list: &[Prefix<Self>],
        mixes: &[Mix],
        family: &Family<Self>,
        decides: bool,
    );
    fn threads(figures: &mut Figures, case: &str, list: &[Prefix<Self>], family: &Family<Self>);
}

macro_rules! ours {
    ($key:ty, $build:path, $contenders:path, $levels:path, $lines:path, $threads:path) => {
        impl Ours for $key {
            fn build(list: &[Prefix<$key>], repetitions: usize) -> (Family<$key>, Vec<f64>) {
                $build(list, repetitions)
            }
            fn contenders(family: &Family<$key>, decides: bool) -> Vec<Contender<'_, $key>> {
                $contenders(family, decides)
            }
            fn levels(families: &[Family<$key>]) -> Vec<Contender<'_, $key>> {
                $levels(families)
            }
            fn lines(
                figures: &mut Figures,
                case: &str,
                list: &[Prefix<$key>],
                mixes: &[Mix],
                family: &Family<$key>,
                decides: bool,
            ) {
                $lines(figures, case, list, mixes, family, decides)
            }
            fn threads(figures: &mut Figures, case: &str, list: &[Prefix<$key>], family: &Family<$key>) {
                $threads(figures, case, list, family)
            }
        }
    };
}
ours!(u32, ours::build_v4, ours::contenders_v4, ours::levels_v4, ours::lines_v4, ours::threads_v4);
ours!(u128, ours::build_v6, ours::contenders_v6, ours::levels_v6, ours::lines_v6, ours::threads_v6);

fn case<K: Ours>(figures: &mut Figures, case: &str, group: &Group, list: &[Prefix<K>])
where
    K::Iptrie: iptrie::IpPrefixCovering<K::Iptrie>,
{
    eprintln!("{case}: {} prefixes", list.len());
    let builds = if list.len() > LARGE { figures.passes.min(3) } else { figures.passes }.max(1);
    let peers = Peers::new(list, group.decides(), builds);
    let (family, times) = K::build(list, builds);
    let threaded = THREADED.contains(&case);
    let lesser: Vec<Family<K>> = SimdLevel::available()
        .filter(|&level| threaded && level != family.level())
        .map(|level| family.at_level(level))
        .collect();
    let mut contenders = peers.contenders();
    contenders.extend(K::contenders(&family, group.decides()));
    contenders.extend(K::levels(&lesser));
    figures.measure(case, list, group.mixes, &contenders);
    if figures.passes == 0 {
        return;
    }
    for (who, times) in peers.builds().chain([("ours", times.as_slice())]) {
        times.iter().for_each(|&ms| figures.push(case, "-", "build_ms", who, ms));
    }
    K::lines(figures, case, list, group.mixes, &family, group.decides());
    if threaded {
        K::threads(figures, case, list, &family);
    }
}

/// The cases of a group that are asked for.
fn cases<K: Ours>(figures: &mut Figures, group: &Group, routes: &Routes<K>)
where
    K::Iptrie: iptrie::IpPrefixCovering<K::Iptrie>,
{
    for &(name, size) in group.sizes {
        let name = group.case(name);
        if figures.wants(&name) {
            let size = if figures.passes == 0 { size.min(QUICK) } else { size };
            case(figures, &name, group, &group.list(size, routes));
        }
    }
}

fn main() -> std::io::Result<()> {
    let (options, filters): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with("--"));
    let quick = !options.iter().any(|option| option == "--bench");
    let passes = std::env::var("IPGATE_BENCH_PASSES")
        .map_or(PASSES, |passes| passes.parse().expect("IPGATE_BENCH_PASSES is a number"));
    let mut figures = Figures::new(if quick { 0 } else { passes }, filters);
    if let Some(path) = std::env::var_os("IPGATE_BENCH_BEFORE") {
        figures.compare_with(&std::fs::read_to_string(path)?);
    }
    let native = if cfg!(target_feature = "avx2") { "the native" } else { "the default" };
    let about =
        format!("{}; ipgate compiled for the default CPU, peers for {native}; {passes} passes", cpu());

    let (v4, v6) = (table_v4(), table_v6());
    for group in GROUPS {
        match group.name.starts_with("v4") {
            true => cases(&mut figures, group, &v4),
            false => cases(&mut figures, group, &v6),
        }
    }
    for (name, size) in whole::CASES {
        if figures.wants(name) {
            whole::measure(&mut figures, name, if quick { size.min(QUICK) } else { size });
        }
    }
    if !quick {
        println!("{about}\n\n{}", report::whole(&figures));
        if let Some(path) = std::env::var_os("IPGATE_BENCH_TSV") {
            std::fs::write(path, format!("# {about}\n{}", figures.to_tsv()))?;
        }
    }
    Ok(())
}
