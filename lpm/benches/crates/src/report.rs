//! The report of a run in Markdown: lost cells, bars, every cell. The page is made of its sections.

use std::fmt::Write as _;

use crate::bars::{Outcome, outcomes};
use crate::cases::{GROUPS, Group};
use crate::cells::{BUILDERS, Cell, MODES, Place, places, question, title};
use crate::figures::Figures;
use crate::ours::OURS;

/// The whole of it.
#[must_use]
pub fn whole(figures: &Figures) -> String {
    format!("## Lost cells\n\n{}\n{}\n## Every cell\n\n{}", lost(figures), bars(figures), every(figures))
}

/// Every cell in which a peer is faster.
fn lost(figures: &Figures) -> String {
    let mut text = String::from(
        "| case | mix | mode | asked | ours | best peer | | ratio | of the least |\n|---|---|---|---|--:|--:|---|--:|--:|\n",
    );
    let (mut all, mut lost) = (0, 0);
    for place in GROUPS.iter().flat_map(places) {
        let Some(cell) = place.cell(figures) else { continue };
        all += 1;
        if cell.ratio() < 1.0 {
            lost += 1;
            let Place { case, mix, mode, .. } = &place;
            let _ = writeln!(
                text,
                "| {case} | {mix} | {mode} | {} | {:.1} | {:.1} | {} | {:.2}x | {:.2}x |",
                question(place.who),
                cell.ours,
                cell.best,
                title(cell.peer),
                cell.ratio(),
                cell.of_least
            );
        }
    }
    format!("{lost} of {all} cells are lost.\n\n{}", if lost > 0 { &text } else { "" })
}

/// The bars: first those that are missed.
#[must_use]
pub fn bars(figures: &Figures) -> String {
    let (reached, missed): (Vec<Outcome>, Vec<Outcome>) = outcomes(figures).partition(Outcome::is_reached);
    let mut text = String::from(
        "## Bars\n\n| what | mode | furthest off | where | bar | aim | cells | at the bar | at the aim | |\n\
         |---|---|--:|---|--:|--:|--:|--:|--:|---|\n",
    );
    for outcome in missed.iter().chain(&reached) {
        let Outcome { what, worst, at, cells: [all, bar, aim], .. } = outcome;
        let limit = |mark: f64| match (mark.is_finite(), outcome.at_most) {
            (false, _) => "-".into(),
            (true, true) => format!("≤ {mark}"),
            (true, false) => format!("≥ {mark}"),
        };
        let _ = writeln!(
            text,
            "| {what} | {} | {worst:.2} | {at} | {} | {} | {all} | {bar} | {aim} | {} |",
            outcome.modes.join(", "),
            limit(outcome.bar),
            limit(outcome.aim),
            outcome.verdict(),
        );
    }
    text
}

/// Every cell, a section for each group.
fn every(figures: &Figures) -> String {
    GROUPS.iter().filter_map(|group| section(figures, group)).collect()
}

fn section(figures: &Figures, group: &Group) -> Option<String> {
    let [lists, lookups]: [String; 2] = [
        group.sizes.iter().filter_map(|size| list_row(figures, group, size.0)).collect(),
        group.sizes.iter().map(|size| lookup_rows(figures, group, size.0)).collect(),
    ];
    (!lookups.is_empty()).then(|| {
        format!(
            "### {}: {}\n\n\
             | entries | build, ms | best crate | | bytes a prefix: label | decision | entry | cache lines |\n\
             |---|--:|--:|---|--:|--:|--:|---|\n{lists}\n\
             | entries | mix | mode | decision | label | entry | batch: decision | label | best peer | |\n\
             |---|---|---|--:|--:|--:|--:|--:|--:|---|\n{lookups}\n",
            group.name, group.about
        )
    })
}

/// What a list costs before anyone asks, and the lines that an answer reads.
fn list_row(figures: &Figures, group: &Group, size: &str) -> Option<String> {
    let case = group.case(size);
    let build = Cell::of(figures, [&case, "-", "build_ms", "ours"], BUILDERS.iter().copied())?;
    let bytes = |who| shown(figures.median(&case, "-", "bytes_per_prefix", who));
    let [decision, label, entry] = OURS.map(|ours| bytes(ours.1));
    let lines = |mix: &str| OURS.iter().find_map(|ours| figures.median(&case, mix, "cache_lines", ours.1));
    let lines: Vec<String> = group
        .mixes
        .iter()
        .filter_map(|mix| Some(format!("{} {:.1}", mix.name(), lines(mix.name())?)))
        .collect();
    Some(format!(
        "| {size} | {:.3} | {:.3} | {}, {} | {label} | {decision} | {entry} | {} |\n",
        build.ours,
        build.best,
        ratio(&build),
        title(build.peer),
        lines.join(", ")
    ))
}

/// A row for each mix and mode of a case.
fn lookup_rows(figures: &Figures, group: &Group, size: &str) -> String {
    let case = group.case(size);
    let mut text = String::new();
    for mix in group.mixes.iter().map(|mix| mix.name()) {
        for mode in MODES {
            let cells =
                OURS.map(|(asked, who)| Place { case: case.clone(), mix, mode, asked, who }.cell(figures));
            // Everyone answers decisions; only of the entries some do not.
            let Some(best) = cells.iter().flatten().next() else { continue };
            let answers = cells.each_ref().map(|cell| match cell {
                Some(cell) => format!("{:.1} ({})", cell.ours, ratio(cell)),
                None => String::new(),
            });
            let batch = |who| match mode {
                "thr" => shown(figures.median(&case, mix, "batch", who)),
                _ => String::new(),
            };
            let _ = writeln!(
                text,
                "| {size} | {mix} | {mode} | {} | {} | {} | {:.1} | {} |",
                answers.join(" | "),
                batch(OURS[0].1),
                batch(OURS[1].1),
                best.best,
                title(best.peer)
            );
        }
    }
    text
}

fn shown(figure: Option<f64>) -> String {
    figure.map_or(String::new(), |figure| format!("{figure:.1}"))
}

/// A ratio, bold where a peer is ahead.
fn ratio(cell: &Cell) -> String {
    let ratio = cell.ratio();
    if ratio < 1.0 { format!("**{ratio:.2}x**") } else { format!("{ratio:.1}x") }
}
