//! A report as figures for Prometheus. Names are those of ipgated, where it has the same; no label holds an address, and
//! of labels and apps so many are told apart, with the rest as `other`.

use super::address::holds_an_address;
use super::counts::{Counts, Decided, Tally};
use super::document::Document;
use super::exposition::{Exposition, Kind, Label};
use super::list::ListState;
use super::site::{AppReport, SiteState};

/// What stands for all that are not told apart.
const OTHER: &str = "other";

/// Labels of a list that are told apart, in the order of their texts: one stays unless others come before it.
const LABELS: usize = 100;

/// The same of an app, of which there are many.
const APP_LABELS: usize = 20;

/// A figure that there may be, its name, and what it is.
type Figure<S> = (&'static str, &'static str, fn(&S) -> Option<f64>);

#[rustfmt::skip]
const OF_LISTS: &[Figure<ListState>] = &[
    ("list_generation", "The generation of a list in force.", |list| Some(list.generation as f64)),
    ("list_entries", "Entries of a list.", |list| Some(list.entries as f64)),
    ("list_bytes", "Bytes that its table takes.", |list| Some(list.bytes as f64)),
    ("list_last_change_timestamp_seconds", "When a list came into force.", |list| list.last_swap.seconds()),
    ("list_last_failure_timestamp_seconds", "When a list was not taken last.", |list| list.health.last_failure.seconds()),
    ("list_failures_now", "Failures since a list was good last; 0 while what is in force is what there is.", |list| Some(list.health.failures as f64)),
    ("list_left_out", "Bad pieces of a list that are not in force.", |list| Some(list.health.left_out as f64)),
    ("list_warnings", "Warnings about a list.", |list| Some(list.health.warnings as f64)),
    ("list_next_expiry_timestamp_seconds", "When the next entry ceases to hold.", |list| list.next_expiry.seconds()),
];

#[rustfmt::skip]
const OF_SITES: &[Figure<SiteState>] = &[
    ("site_generation", "The generation of the site in force.", |site| Some(site.generation as f64)),
    ("site_apps", "Apps that the site names.", |site| Some(site.apps as f64)),
    ("site_lists", "Apps with a list of their own, or one to come.", |site| Some(site.lists as f64)),
    ("site_entries", "Entries of all lists.", |site| Some(site.entries as f64)),
    ("site_bytes", "Bytes that the tables take.", |site| Some(site.bytes as f64)),
    ("site_last_change_timestamp_seconds", "When the last change came into force.", |site| site.last_change.seconds()),
    ("site_last_failure_timestamp_seconds", "When a change was not taken last.", |site| site.health.last_failure.seconds()),
    ("site_failures_now", "Failures since a change was taken; 0 while what is in force is what there is.", |site| Some(site.health.failures as f64)),
    ("site_left_out", "Bad pieces, of the list that was taken last, that are not in force.", |site| Some(site.health.left_out as f64)),
    ("site_warnings", "Warnings about the list that was taken last.", |site| Some(site.health.warnings as f64)),
];

/// Writes a report.
pub(super) fn text(report: &Document) -> String {
    let mut page = Exposition::new(report.program.worker);
    let info = [
        ("version", report.version),
        ("program", report.program.name.as_str()),
        ("program_version", report.program.version.as_str()),
    ];
    page.metric("build_info", Kind::Gauge, "The version of libipgate, and whose it is.", [(info, 1)]);
    page.metric(
        "unlisted_decisions_total",
        Kind::Counter,
        "Decisions that no list took part in, by result.",
        results(&[], report.unlisted),
    );
    lists(report, &mut page);
    sites(report, &mut page);
    apps(report, &mut page);
    page.into_text()
}

fn lists(report: &Document, page: &mut Exposition) {
    let lists = || report.lists.iter().map(|list| (("list", list.source.name.as_str()), list));
    let ready = lists().map(|(of, list)| ([of], u8::from(list.state.in_force().is_some())));
    page.metric(
        "list_ready",
        Kind::Gauge,
        "Whether a list was ever loaded; otherwise it lets nobody in.",
        ready,
    );
    for (name, help, figure) in OF_LISTS {
        let known = lists().filter_map(|(of, list)| Some(([of], figure(list.state.in_force()?)?)));
        page.metric(name, Kind::Gauge, help, known);
    }
    let expiring = lists().map(|(of, list)| ([of], list.expiring_soon));
    page.metric("list_expiring", Kind::Gauge, "Entries that cease to hold within 30 days.", expiring);
    let decisions = lists().flat_map(|(of, list)| results(&[of], list.decisions));
    page.metric("list_decisions_total", Kind::Counter, "Decisions by list and result.", decisions);
    let labels = lists().flat_map(|(of, list)| {
        let labels = bounded(&list.tally, LABELS).into_iter();
        labels.flat_map(move |(label, counts)| results(&[of, ("label", label)], counts))
    });
    page.metric("list_label_decisions_total", Kind::Counter, "Decisions of labelled entries.", labels);
}

/// The sites in force.
fn in_force(report: &Document) -> impl Iterator<Item = (Label<'_>, &SiteState)> {
    let sites = report.sites.iter();
    sites.filter_map(|site| Some((("site", site.source.name.as_str()), site.state.in_force()?)))
}

fn sites(report: &Document, page: &mut Exposition) {
    let ready = report
        .sites
        .iter()
        .map(|site| ([("site", site.source.name.as_str())], u8::from(site.state.in_force().is_some())));
    page.metric("site_ready", Kind::Gauge, "Whether a site is in force; otherwise nobody is let in.", ready);
    for (name, help, figure) in OF_SITES {
        let known = in_force(report).filter_map(|(of, site)| Some(([of], figure(site)?)));
        page.metric(name, Kind::Gauge, help, known);
    }
    let decisions = in_force(report).flat_map(|(of, site)| results(&[of], site.decided.decisions));
    page.metric("site_decisions_total", Kind::Counter, "Decisions by site and result.", decisions);
    let denials = in_force(report).flat_map(|(of, site)| reasons(&[of], &site.decided));
    page.metric(
        "site_denials_total",
        Kind::Counter,
        "Denials by site and reason, those of a dry run among them.",
        denials,
    );
}

fn apps(report: &Document, page: &mut Exposition) {
    let each = || {
        in_force(report).flat_map(|(of, site)| {
            let (shown, other) = told_apart(site);
            let shown = shown.into_iter().map(|app| (app.name.as_str(), app.decided));
            shown.chain([(OTHER, other)]).map(move |(name, decided)| ([of, ("app", name)], decided))
        })
    };
    page.metric(
        "app_decisions_total",
        Kind::Counter,
        "Decisions by app and result; other is every app that is not shown, is gone, or is none of the site's.",
        each().flat_map(|(of, decided)| results(&of, decided.decisions)),
    );
    page.metric(
        "app_denials_total",
        Kind::Counter,
        "Denials by app and reason, those of a dry run among them.",
        each().flat_map(|(of, decided)| reasons(&of, &decided)),
    );
    let labels = in_force(report).flat_map(|(of, site)| {
        told_apart(site).0.into_iter().flat_map(move |app| {
            let labels = bounded(&app.tally, APP_LABELS).into_iter();
            let name = ("app", app.name.as_str());
            labels.flat_map(move |(label, counts)| results(&[of, name, ("label", label)], counts))
        })
    });
    page.metric("app_label_decisions_total", Kind::Counter, "Decisions of labelled entries, by app.", labels);
}

/// The apps of the page that have a name of their own here, and what was decided about all others.
fn told_apart(site: &SiteState) -> (Vec<&AppReport>, Decided) {
    let (shown, others): (Vec<_>, Vec<_>) = site.page.iter().partition(|app| is_told_apart(&app.name));
    let mut other = site.others;
    others.into_iter().for_each(|app| other += app.decided);
    (shown, other)
}

/// The first labels of a tally, and all others together where there are any.
fn bounded(tally: &Tally, limit: usize) -> Vec<(&str, Counts)> {
    let (mut shown, mut other) = (Vec::new(), tally.other_labels);
    for (label, counts) in &tally.labels {
        match is_told_apart(label) && shown.len() < limit {
            true => shown.push((label.as_str(), *counts)),
            false => *other.get_or_insert_default() += *counts,
        }
    }
    shown.extend(other.map(|other| (OTHER, other)));
    shown
}

fn is_told_apart(text: &str) -> bool {
    text != OTHER && !holds_an_address(text)
}

/// Counts by result, all of them, so that a series begins with 0.
fn results<'d>(of: &[Label<'d>], counts: Counts) -> [(Vec<Label<'d>>, u64); 3] {
    let results = [("allowed", counts.allowed), ("denied", counts.denied), ("dry_run", counts.dry_run)];
    results.map(|(result, count)| ([of, &[("result", result)]].concat(), count))
}

/// Denials by reason, those that there were.
fn reasons<'d>(of: &[Label<'d>], decided: &Decided) -> Vec<(Vec<Label<'d>>, u64)> {
    let denials = decided.denials.named();
    denials.map(|(reason, count)| ([of, &[("reason", reason)]].concat(), count)).collect()
}
