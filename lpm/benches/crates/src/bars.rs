//! What is to be reached, as ratios within one run, and how far a run got.

use std::fmt::Write as _;

use crate::figures::Figures;

/// Ratios that have to be reached, peer over ours, in one mode of one case.
struct Bars {
    what: &'static str,
    case: &'static str,
    mode: &'static str,
    /// The fastest of these counts.
    peers: &'static [&'static str],
    /// Mix, bar and aim.
    ratios: &'static [(&'static str, f64, f64)],
}

const TRIE: &[&str] = &["prefix-trie"];
const CRATES: &[&str] = &["prefix-trie", "treebitmap", "iptrie"];
const ALL: &[&str] = &["prefix-trie", "treebitmap", "iptrie", "sorted"];

/// The same ratios for every mix.
macro_rules! each_mix {
    ($bar:literal, $aim:literal) => {
        &[("uniform", $bar, $aim), ("drawn", $bar, $aim), ("zipf", $bar, $aim)]
    };
}

#[rustfmt::skip]
const BARS: &[Bars] = &[
    bars("v4 map, full", "v4-map-full", "lat", TRIE, &[("uniform", 2.5, 3.3), ("drawn", 3.0, 4.0), ("zipf", 3.0, 4.0)]),
    bars("v4 map, full", "v4-map-full", "thr", TRIE, each_mix!(8.0, 15.0)),
    bars("v4 set, full", "v4-set-full", "lat", TRIE, &[("uniform", 3.0, 4.5), ("drawn", 8.0, 12.0), ("zipf", 4.0, 7.0)]),
    bars("v4 set, full", "v4-set-full", "thr", TRIE, each_mix!(12.0, 20.0)),
    bars("v4 map, 1,000 entries", "v4-map-1k", "lat", TRIE, each_mix!(1.5, 2.0)),
    bars("v4 map, 1,000 entries", "v4-map-1k", "thr", TRIE, each_mix!(5.0, 10.0)),
    bars("v4 map, 10 entries", "v4-map-10", "thr", &["linear"], each_mix!(4.0, 10.0)),
    bars("v4 map, 10 entries", "v4-map-10", "lat", CRATES, each_mix!(1.2, 2.0)),
    bars("v6 map, 10 entries", "v6-map-10", "thr", &["linear"], each_mix!(4.0, 10.0)),
    bars("v6 map, 10 entries", "v6-map-10", "lat", CRATES, each_mix!(1.2, 2.0)),
    bars("100k random /32", "v4-hosts-random-100k", "lat", &["iptrie"], &[("drawn", 1.5, 2.0), ("zipf", 1.5, 2.0)]),
    bars("100k random /32", "v4-hosts-random-100k", "thr", &["iptrie"], &[("drawn", 4.0, 6.0), ("zipf", 4.0, 6.0)]),
    bars("v6 map, full", "v6-map-full", "lat", TRIE, &[("drawn", 1.6, 2.0), ("zipf", 1.6, 2.0)]),
    bars("v6 map, full", "v6-map-full", "thr", TRIE, &[("drawn", 6.0, 10.0), ("zipf", 6.0, 10.0)]),
    bars("cold, full v4", "v4-map-full", "cold", ALL, each_mix!(1.2, 2.0)),
    bars("cold, full v6", "v6-map-full", "cold", ALL, each_mix!(1.2, 2.0)),
    bars("build, full v4", "v4-map-full", "build_ms", TRIE, &[("-", 2.0, 3.0)]),
    bars("v4, full, batch", "v4-map-full", "batch", &["rte_fib"], each_mix!(1.0, 1.5)),
    bars("v6, full, batch", "v6-map-full", "batch", &["rte_fib6"], &[("drawn", 1.3, 2.0), ("zipf", 0.8, 1.2)]),
];

const fn bars(
    what: &'static str,
    case: &'static str,
    mode: &'static str,
    peers: &'static [&'static str],
    ratios: &'static [(&'static str, f64, f64)],
) -> Bars {
    Bars { what, case, mode, peers, ratios }
}

/// A figure of ours alone that has to be small: what, case, mix, mode, bar, aim.
#[rustfmt::skip]
const LIMITS: &[(&str, &str, &str, &str, f64, f64)] = &[
    ("bytes per prefix, v4 map", "v4-map-full", "-", "bytes_per_prefix", 6.0, 4.0),
    ("bytes per prefix, v4 set", "v4-set-full", "-", "bytes_per_prefix", 2.0, 1.0),
    ("bytes per prefix, v6 map", "v6-map-full", "-", "bytes_per_prefix", 20.0, 12.0),
    ("bytes per prefix, v4, each its own label", "v4-own-full", "-", "bytes_per_prefix", 14.0, 9.0),
    ("bytes per prefix, v6, each its own label", "v6-own-full", "-", "bytes_per_prefix", 30.0, 20.0),
    ("image load, 1M entries, ms", "v4-hosts-random-1m", "-", "load_ms", 10.0, 2.0),
    ("cache lines, v4 (an aim)", "v4-map-full", "drawn", "cache_lines", f64::INFINITY, 2.0),
    ("cache lines, v6 (an aim)", "v6-map-full", "drawn", "cache_lines", f64::INFINITY, 3.0),
];

/// The table of ratios, in Markdown, with a row for each bar whose cases were measured.
pub fn report(figures: &Figures) -> String {
    let mut text = String::from(
        "| case | mix | mode | ours | best peer | ratio of least | of medians | bar | aim | |\n\
         |---|---|---|---|---|---|---|---|---|---|\n",
    );
    for bars in BARS {
        for &(mix, bar, aim) in bars.ratios {
            text.extend(row(figures, bars, mix, bar, aim));
        }
    }
    for &(what, case, mix, mode, most, aim) in LIMITS {
        let (Some(least), Some(median)) =
            (figures.least(case, mix, mode, "ours"), figures.median(case, mix, mode, "ours"))
        else {
            continue;
        };
        let verdict = verdict(least <= most, least <= aim);
        let bar = if most.is_finite() { format!("≤ {most}") } else { "-".into() };
        let _ = writeln!(
            text,
            "| {what} | {mix} | - | {least:.2} (median {median:.2}) | - | - | - | {bar} | ≤ {aim} | {verdict} |"
        );
    }
    for mode in ["lat", "thr"] {
        let case = "v4-hosts-random-1m";
        let (Some(table), Some(reader)) =
            (figures.least(case, "zipf", mode, "table"), figures.least(case, "zipf", mode, "reader"))
        else {
            continue;
        };
        let (added, most) = (reader - table, if mode == "lat" { 2.0 } else { 0.5 });
        let verdict = verdict(added <= most, added <= most);
        let _ = writeln!(
            text,
            "| reader over bare table, ns added | zipf | {mode} | {reader:.2} | {table:.2} | {added:.2} ns | - | ≤ {most} ns | - | {verdict} |"
        );
    }
    for case in ["v4-map-10", "v4-map-full", "v6-map-full"] {
        let Some(gain) = figures.median(case, "drawn", "two_threads", "ours") else { continue };
        let verdict = verdict(gain >= 1.9, gain >= 1.9);
        let _ = writeln!(
            text,
            "| 2 threads over 1, {case} | drawn | - | - | - | - | {gain:.2}x | 1.9x | - | {verdict} |"
        );
    }
    text
}

/// A row of the table, where its case was measured.
fn row(figures: &Figures, bars: &Bars, mix: &str, bar: f64, aim: f64) -> Option<String> {
    let best = |figure: &dyn Fn(&str) -> Option<f64>| {
        bars.peers.iter().filter_map(|peer| figure(peer)).min_by(f64::total_cmp)
    };
    let least = |who: &str| figures.least(bars.case, mix, bars.mode, who);
    let median = |who: &str| figures.median(bars.case, mix, bars.mode, who);
    let (ours, peer) = (least("ours")?, best(&least)?);
    let (ratio, of_medians) = (peer / ours, best(&median)? / median("ours")?);
    Some(format!(
        "| {} | {mix} | {} | {ours:.2} | {peer:.2} | {ratio:.2}x | {of_medians:.2}x | {bar}x | {aim}x | {} |\n",
        bars.what,
        bars.mode,
        verdict(ratio >= bar, ratio >= aim),
    ))
}

fn verdict(bar: bool, aim: bool) -> &'static str {
    match (bar, aim) {
        (_, true) => "aim",
        (true, false) => "bar",
        (false, false) => "**missed**",
    }
}
