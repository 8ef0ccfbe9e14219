//! What a report says of a site, and of a page of its apps.

use std::collections::HashSet;

use ipgate::site::{AppStatus, Counted, SiteReader};
use serde::Serialize;

use crate::site::{self, ipgate_site};

use super::counts::{Counts, Decided, Tally};
use super::state::{Health, Never, Source, State};
use super::time::Time;

/// Which apps of a site are shown.
#[derive(Debug)]
pub(super) struct Page {
    /// Part of the name or of a host; none where it is no UTF-8, which is part of nothing.
    pub(super) text: Option<String>,
    pub(super) from: usize,
    pub(super) count: usize,
}

#[derive(Debug, Serialize)]
pub(super) struct SiteReport {
    #[serde(flatten)]
    pub(super) source: Source,
    #[serde(flatten)]
    pub(super) state: State<SiteState>,
}

#[derive(Debug, Serialize)]
pub(super) struct SiteState {
    pub(super) apps: u64,
    pub(super) lists: u64,
    pub(super) entries: u64,
    pub(super) bytes: u64,
    pub(super) generation: u64,
    pub(super) last_change: Time,
    #[serde(flatten)]
    pub(super) health: Health,
    #[serde(flatten)]
    pub(super) decided: Decided,
    /// About the clients of apps that are gone.
    gone: Decided,
    found: usize,
    from: usize,
    pub(super) page: Vec<AppReport>,
    /// About the clients of all that are not on the page: other apps, those that are gone, and names that are none.
    #[serde(skip)]
    pub(super) others: Decided,
}

#[derive(Debug, Serialize)]
pub(super) struct AppReport {
    pub(super) name: String,
    list: &'static str,
    mode: &'static str,
    entries: usize,
    hosts: usize,
    generation: u64,
    #[serde(flatten)]
    pub(super) decided: Decided,
    #[serde(flatten)]
    pub(super) tally: Tally,
}

/// Readers of a site; of each whether what it denies is denied in a dry run only.
pub(super) type Readers<'r, 'c> = &'r mut [(&'c mut SiteReader, bool)];

impl SiteReport {
    /// Looks at each app.
    pub(super) fn new(
        source: Source,
        site: Option<&ipgate_site>,
        readers: Readers<'_, '_>,
        page: &Page,
    ) -> SiteReport {
        let state = match site {
            Some(site) => State::InForce(SiteState::new(site, readers, page)),
            None => State::Never(Never::new("the site was never loaded")),
        };
        SiteReport { source, state }
    }
}

impl SiteState {
    fn new(site: &ipgate_site, readers: Readers<'_, '_>, page: &Page) -> SiteState {
        let figures = site::figures(site);
        let (failures, last_failure) = (figures.failures, figures.last_failure_micros);
        let (last, warnings) = (site::last_error(site), site::warnings(site));
        let state = site.gate().snapshot();
        let found = page.text.as_deref().map(|text| state.find_apps(text)).unwrap_or_default();
        let shown = found.iter().skip(page.from).take(page.count);
        let shown: Vec<AppReport> = shown.map(|app| AppReport::new(app, readers)).collect();
        let (gone, others) = unshown(readers, &shown);
        SiteState {
            apps: figures.apps,
            lists: figures.lists,
            entries: figures.entries,
            bytes: figures.bytes,
            generation: figures.generation,
            last_change: Time(figures.last_change_micros),
            health: Health::new(failures, last_failure, &last, &warnings),
            decided: Decided::default(),
            gone,
            found: found.len(),
            from: page.from,
            page: shown,
            others,
        }
    }
}

/// What was decided about apps that are gone, and about all that are not shown.
fn unshown(readers: Readers<'_, '_>, shown: &[AppReport]) -> (Decided, Decided) {
    let shown: HashSet<&str> = shown.iter().map(|app| app.name.as_str()).collect();
    let (mut gone, mut others) = (Decided::default(), Decided::default());
    for (reader, is_dry_run) in readers {
        for (whose, counts) in reader.counts() {
            match whose {
                Counted::App(name) if shown.contains(name) => {}
                Counted::App(_) | Counted::Unnamed => others.count(counts, *is_dry_run),
                Counted::Gone => gone.count(counts, *is_dry_run),
            }
        }
    }
    others += gone;
    (gone, others)
}

impl AppReport {
    fn new(app: &AppStatus<'_>, readers: Readers<'_, '_>) -> AppReport {
        let list = match (app.is_waiting, app.entries) {
            (true, _) => "waiting",
            (false, Some(_)) => "set",
            (false, None) => "unset",
        };
        let (mut decided, mut tally) = (Decided::default(), Tally::default());
        for (reader, is_dry_run) in readers {
            let counts = reader.counts_of(Counted::App(app.name.as_str()));
            decided.count(counts, *is_dry_run);
            counts.labels().for_each(|(whose, sum)| tally.count(whose, Counts::new(sum, *is_dry_run)));
        }
        AppReport {
            name: app.name.to_string(),
            list,
            mode: app.mode.as_str(),
            entries: app.entries.unwrap_or(0),
            hosts: app.hosts.len(),
            generation: app.list_generation.unwrap_or(0),
            decided,
            tally,
        }
    }
}
