//! What is to be reached, as ratios within one run, and how far a run got.

use std::fmt::Write as _;

use crate::figures::Figures;

/// A ratio that has to be reached: peer over ours.
struct Bar {
    what: &'static str,
    case: &'static str,
    mix: &'static str,
    mode: &'static str,
    /// The fastest of these counts.
    peers: &'static [&'static str],
    least: f64,
    aim: f64,
}

const TRIE: &[&str] = &["prefix-trie"];
const CRATES: &[&str] = &["prefix-trie", "treebitmap", "iptrie"];
const ALL: &[&str] = &["prefix-trie", "treebitmap", "iptrie", "sorted"];

#[rustfmt::skip]
const BARS: &[Bar] = &[
    bar("v4 map, full", "v4-map-full", "uniform", "lat", TRIE, 2.5, 3.3),
    bar("v4 map, full", "v4-map-full", "drawn", "lat", TRIE, 3.0, 4.0),
    bar("v4 map, full", "v4-map-full", "zipf", "lat", TRIE, 3.0, 4.0),
    bar("v4 map, full", "v4-map-full", "uniform", "thr", TRIE, 8.0, 15.0),
    bar("v4 map, full", "v4-map-full", "drawn", "thr", TRIE, 8.0, 15.0),
    bar("v4 map, full", "v4-map-full", "zipf", "thr", TRIE, 8.0, 15.0),
    bar("v4 set, full", "v4-set-full", "uniform", "lat", TRIE, 3.0, 4.5),
    bar("v4 set, full", "v4-set-full", "drawn", "lat", TRIE, 8.0, 12.0),
    bar("v4 set, full", "v4-set-full", "zipf", "lat", TRIE, 4.0, 7.0),
    bar("v4 set, full", "v4-set-full", "uniform", "thr", TRIE, 12.0, 20.0),
    bar("v4 set, full", "v4-set-full", "drawn", "thr", TRIE, 12.0, 20.0),
    bar("v4 set, full", "v4-set-full", "zipf", "thr", TRIE, 12.0, 20.0),
    bar("v4 map, 1,000 entries", "v4-map-1k", "uniform", "lat", TRIE, 1.5, 2.0),
    bar("v4 map, 1,000 entries", "v4-map-1k", "drawn", "lat", TRIE, 1.5, 2.0),
    bar("v4 map, 1,000 entries", "v4-map-1k", "zipf", "lat", TRIE, 1.5, 2.0),
    bar("v4 map, 1,000 entries", "v4-map-1k", "uniform", "thr", TRIE, 5.0, 10.0),
    bar("v4 map, 1,000 entries", "v4-map-1k", "drawn", "thr", TRIE, 5.0, 10.0),
    bar("v4 map, 1,000 entries", "v4-map-1k", "zipf", "thr", TRIE, 5.0, 10.0),
    bar("v4 map, 10 entries", "v4-map-10", "uniform", "thr", &["linear"], 4.0, 10.0),
    bar("v4 map, 10 entries", "v4-map-10", "drawn", "thr", &["linear"], 4.0, 10.0),
    bar("v4 map, 10 entries", "v4-map-10", "zipf", "thr", &["linear"], 4.0, 10.0),
    bar("v4 map, 10 entries", "v4-map-10", "uniform", "lat", CRATES, 1.2, 2.0),
    bar("v4 map, 10 entries", "v4-map-10", "drawn", "lat", CRATES, 1.2, 2.0),
    bar("v4 map, 10 entries", "v4-map-10", "zipf", "lat", CRATES, 1.2, 2.0),
    bar("v6 map, 10 entries", "v6-map-10", "uniform", "thr", &["linear"], 4.0, 10.0),
    bar("v6 map, 10 entries", "v6-map-10", "drawn", "thr", &["linear"], 4.0, 10.0),
    bar("v6 map, 10 entries", "v6-map-10", "zipf", "thr", &["linear"], 4.0, 10.0),
    bar("v6 map, 10 entries", "v6-map-10", "uniform", "lat", CRATES, 1.2, 2.0),
    bar("v6 map, 10 entries", "v6-map-10", "drawn", "lat", CRATES, 1.2, 2.0),
    bar("v6 map, 10 entries", "v6-map-10", "zipf", "lat", CRATES, 1.2, 2.0),
    bar("100k random /32", "v4-hosts-random-100k", "drawn", "lat", &["iptrie"], 1.5, 2.0),
    bar("100k random /32", "v4-hosts-random-100k", "zipf", "lat", &["iptrie"], 1.5, 2.0),
    bar("100k random /32", "v4-hosts-random-100k", "drawn", "thr", &["iptrie"], 4.0, 6.0),
    bar("100k random /32", "v4-hosts-random-100k", "zipf", "thr", &["iptrie"], 4.0, 6.0),
    bar("v6 map, full", "v6-map-full", "drawn", "lat", TRIE, 1.6, 2.0),
    bar("v6 map, full", "v6-map-full", "zipf", "lat", TRIE, 1.6, 2.0),
    bar("v6 map, full", "v6-map-full", "drawn", "thr", TRIE, 6.0, 10.0),
    bar("v6 map, full", "v6-map-full", "zipf", "thr", TRIE, 6.0, 10.0),
    bar("cold, full v4", "v4-map-full", "uniform", "cold", ALL, 1.2, 2.0),
    bar("cold, full v4", "v4-map-full", "drawn", "cold", ALL, 1.2, 2.0),
    bar("cold, full v4", "v4-map-full", "zipf", "cold", ALL, 1.2, 2.0),
    bar("cold, full v6", "v6-map-full", "uniform", "cold", ALL, 1.2, 2.0),
    bar("cold, full v6", "v6-map-full", "drawn", "cold", ALL, 1.2, 2.0),
    bar("cold, full v6", "v6-map-full", "zipf", "cold", ALL, 1.2, 2.0),
    bar("build, full v4", "v4-map-full", "-", "build_ms", TRIE, 2.0, 3.0),
    bar("v4, full, batch", "v4-map-full", "uniform", "batch", &["rte_fib"], 1.0, 1.5),
    bar("v4, full, batch", "v4-map-full", "drawn", "batch", &["rte_fib"], 1.0, 1.5),
    bar("v4, full, batch", "v4-map-full", "zipf", "batch", &["rte_fib"], 1.0, 1.5),
    bar("v6, full, batch", "v6-map-full", "drawn", "batch", &["rte_fib6"], 1.3, 2.0),
    bar("v6, full, batch", "v6-map-full", "zipf", "batch", &["rte_fib6"], 0.8, 1.2),
];

const fn bar(
    what: &'static str,
    case: &'static str,
    mix: &'static str,
    mode: &'static str,
    peers: &'static [&'static str],
    least: f64,
    aim: f64,
) -> Bar {
    Bar { what, case, mix, mode, peers, least, aim }
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
    for bar in BARS {
        let best = |figure: &dyn Fn(&str) -> Option<f64>| {
            bar.peers.iter().filter_map(|peer| figure(peer)).min_by(f64::total_cmp)
        };
        let least = |who: &str| figures.least(bar.case, bar.mix, bar.mode, who);
        let median = |who: &str| figures.median(bar.case, bar.mix, bar.mode, who);
        let (Some(ours), Some(peer)) = (least("ours"), best(&least)) else { continue };
        let (Some(ours_median), Some(peer_median)) = (median("ours"), best(&median)) else { continue };
        let (ratio, of_medians) = (peer / ours, peer_median / ours_median);
        let _ = writeln!(
            text,
            "| {} | {} | {} | {ours:.2} | {peer:.2} | {ratio:.2}x | {of_medians:.2}x | {}x | {}x | {} |",
            bar.what,
            bar.mix,
            bar.mode,
            bar.least,
            bar.aim,
            verdict(ratio >= bar.least, ratio >= bar.aim),
        );
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

fn verdict(bar: bool, aim: bool) -> &'static str {
    match (bar, aim) {
        (_, true) => "aim",
        (true, false) => "bar",
        (false, false) => "**missed**",
    }
}
