//! The table beside other crates: `make bench`, or `cargo bench -p ipgate-bench -- [CASE...]`.
//!
//! `--test` only verifies the answers, on small lists. Figures go to `$IPGATE_BENCH_TSV`, the table of ratios to
//! standard output.

mod peers;

use ipgate_bench::contender::Contender;
use ipgate_bench::data::{HOST_SIZES, TABLE_SIZES, hosts, sample, table_v4, table_v6};
use ipgate_bench::figures::{Figures, cpu};
use ipgate_bench::{bars, ours, whole};
use ipgate_lpm::{Family, Prefix};
use peers::Peers;

/// Repetitions of each pass, taken in turns.
const REPETITIONS: usize = 5;

/// The largest list that is looked at without measuring.
const QUICK: usize = 5000;

/// One family's way through a case.
trait Ours: peers::Family {
    fn build(list: &[Prefix<Self>]) -> (Family<Self>, Vec<f64>);
    fn contenders(family: &Family<Self>, set: bool, build_ms: f64) -> Vec<Contender<'_, Self>>;
    fn extras(figures: &mut Figures, case: &str, list: &[Prefix<Self>], family: &Family<Self>, set: bool);
}

macro_rules! ours {
    ($key:ty, $build:path, $contenders:path, $extras:path) => {
        impl Ours for $key {
            fn build(list: &[Prefix<$key>]) -> (Family<$key>, Vec<f64>) {
                $build(list)
            }
            fn contenders(family: &Family<$key>, set: bool, build_ms: f64) -> Vec<Contender<'_, $key>> {
                $contenders(family, set, build_ms)
            }
            fn extras(
                figures: &mut Figures,
                case: &str,
                list: &[Prefix<$key>],
                family: &Family<$key>,
                set: bool,
            ) {
                $extras(figures, case, list, family, set)
            }
        }
    };
}
ours!(u32, ours::build_v4, ours::contenders_v4, ours::extras_v4);
ours!(u128, ours::build_v6, ours::contenders_v6, ours::extras_v6);

fn case<K: Ours>(figures: &mut Figures, case: &str, list: impl FnOnce() -> Vec<Prefix<K>>)
where
    K::Iptrie: iptrie::IpPrefixCovering<K::Iptrie>,
{
    if !figures.wants(case) {
        return;
    }
    let mut list = list();
    if figures.repetitions == 0 {
        list.truncate(QUICK);
    }
    eprintln!("{case}: {} prefixes", list.len());
    let set = case.contains("-set-");
    let peers = Peers::new(&list, set);
    let (family, times) = K::build(&list);
    let mut contenders = peers.contenders();
    contenders.extend(K::contenders(&family, set, times.first().copied().unwrap_or_default()));
    figures.measure(case, &list, &contenders);
    // As warm as ours: the best known time is compared with the best known.
    for ms in times {
        figures.push(case, "-", "build_ms", "ours", ms);
    }
    for _ in 0..figures.repetitions.min(3) {
        let start = ipgate_bench::timer::Timer::now();
        let trie = K::trie_new(&list);
        figures.push(case, "-", "build_ms", "prefix-trie", start.elapsed().as_secs_f64() * 1e3);
        drop(trie);
    }
    K::extras(figures, case, &list, &family, set);
}

fn main() -> std::io::Result<()> {
    let (options, filters): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with("--"));
    let quick = options.iter().any(|option| option == "--test");
    let mut figures = Figures::new(if quick { 0 } else { REPETITIONS }, filters);
    let native = if cfg!(target_feature = "avx2") { "the native" } else { "the default" };
    println!("{}; ipgate compiled for the default CPU, peers for {native}", cpu());

    let (v4, v6) = (table_v4(), table_v6());
    for (name, size) in TABLE_SIZES {
        case(&mut figures, &format!("v4-map-{name}"), || sample(&v4, size, 100));
        case(&mut figures, &format!("v4-set-{name}"), || sample(&v4, size, 1));
        case(&mut figures, &format!("v6-map-{name}"), || sample(&v6, size, 100));
        case(&mut figures, &format!("v6-set-{name}"), || sample(&v6, size, 1));
    }
    case(&mut figures, "v4-own-full", || sample(&v4, usize::MAX, u32::MAX));
    case(&mut figures, "v6-own-full", || sample(&v6, usize::MAX, u32::MAX));
    for (name, size) in HOST_SIZES {
        for (shape, clustered) in [("random", false), ("clustered", true)] {
            let v4 = || sample(&hosts::<u32>(size, clustered), size, 100);
            case(&mut figures, &format!("v4-hosts-{shape}-{name}"), v4);
            let v6 = || sample(&hosts::<u128>(size, clustered), size, 100);
            case(&mut figures, &format!("v6-hosts-{shape}-{name}"), v6);
        }
    }
    for (name, size) in [("v4-hosts-random-10", 10), ("v4-hosts-random-1m", 1_000_000)] {
        if figures.wants(name) {
            let size = if quick { size.min(QUICK) } else { size };
            whole::measure(&mut figures, name, &sample(&hosts::<u32>(size, false), size, 100));
        }
    }
    if !quick {
        println!("\n{}", bars::report(&figures));
        if let Some(path) = std::env::var_os("IPGATE_BENCH_TSV") {
            std::fs::write(path, format!("# {}\n{}", cpu(), figures.to_tsv()))?;
        }
    }
    Ok(())
}
