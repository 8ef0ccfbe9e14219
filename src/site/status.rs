//! A site and its apps in figures, for those who operate it.

use std::mem;
use std::time::SystemTime;

use super::apps::AppState;
use super::host::Host;
use super::name::AppName;
use super::snapshot::{SiteSnapshot, is_waiting};
use crate::gate::Failure;
use crate::policy::Mode;

/// A site in figures.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SiteStatus {
    /// Generation of the site.
    pub generation: u64,
    /// Apps that it names.
    pub apps: usize,
    /// Of these, those with a list of their own, or one to come.
    pub lists: usize,
    /// Entries of all lists, the default list's included.
    pub entries: usize,
    /// Bytes that their tables take.
    pub bytes: usize,
    /// When the last change came into force.
    pub last_change: SystemTime,
    /// The last time that a change was not taken.
    pub last_failure: Option<Failure>,
}

impl SiteStatus {
    pub(super) fn of(
        site: &SiteSnapshot,
        last_change: SystemTime,
        last_failure: Option<Failure>,
    ) -> SiteStatus {
        let lists = || site.apps.iter().filter_map(|(_, app)| app.list.as_ref());
        let tables = || lists().chain([&site.default]).map(|list| list.table());
        SiteStatus {
            generation: site.generation,
            apps: site.apps.len(),
            lists: lists().count(),
            entries: tables().map(|table| table.len()).sum(),
            bytes: tables().map(|table| table.bytes() + mem::size_of_val(table)).sum(),
            last_change,
            last_failure,
        }
    }
}

/// An app of a site in figures.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct AppStatus<'s> {
    /// Its name.
    pub name: &'s AppName,
    /// Its mode, or that of its site.
    pub mode: Mode,
    /// Its hosts.
    pub hosts: &'s [Host],
    /// Entries of its own list; none where it has no list, or one that is to come.
    pub entries: Option<usize>,
    /// Whether its list is to come, and everyone is denied about whom that may decide.
    pub is_waiting: bool,
    /// The generation of the site with which its list came into force, or with which it was said to come.
    pub list_generation: Option<u64>,
}

impl SiteSnapshot {
    /// The apps that the site names, in no order. O(a) for a apps.
    ///
    /// ```
    /// use ipgate::List;
    /// use ipgate::site::{App, Site, SiteGate};
    /// let shop = App::new().with_list("192.0.2.7:partner".parse::<List>()?);
    /// let gate = SiteGate::new(&Site::new().with_app("shop".parse()?, shop))?;
    /// let state = gate.snapshot();
    /// let apps: Vec<_> = state.apps().map(|app| (app.name.as_str(), app.entries, app.list_generation)).collect();
    /// assert_eq!(apps, [("shop", Some(1), Some(1))]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn apps(&self) -> impl Iterator<Item = AppStatus<'_>> {
        self.apps.iter().map(|(_, app)| self.status_of(app))
    }

    /// Those of them whose name or a host of which contains a text, in any case of ASCII letters; sorted by name. All of them
    /// where the text is empty. O(a log a) for a apps.
    ///
    /// ```
    /// use ipgate::site::{App, Site, SiteGate};
    /// let host = |host: &str| host.parse().map(|host| App::new().with_host(host));
    /// let site = Site::new().with_app("shop".parse()?, host("shop.example.com")?);
    /// let gate = SiteGate::new(&site.with_app("blog".parse()?, host("words.example.com")?))?;
    /// let state = gate.snapshot();
    /// assert_eq!(state.app_status("shop").map(|app| app.hosts.len()), Some(1));
    /// let found = |text| state.find_apps(text).iter().map(|app| app.name.as_str()).collect::<Vec<_>>();
    /// assert_eq!((found("Words"), found(".example.")), (vec!["blog"], vec!["blog", "shop"]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn find_apps(&self, text: &str) -> Vec<AppStatus<'_>> {
        let text = text.to_ascii_lowercase();
        let has = |name: &str| name.to_ascii_lowercase().contains(&text);
        let is_sought =
            |app: &AppStatus<'_>| has(app.name.as_str()) || app.hosts.iter().any(|host| has(host.as_str()));
        let mut found: Vec<_> = self.apps().filter(is_sought).collect();
        found.sort_unstable_by_key(|app| app.name);
        found
    }

    /// An app in figures, if the site names it.
    #[must_use]
    pub fn app_status(&self, app: &str) -> Option<AppStatus<'_>> {
        self.state(app).map(|app| self.status_of(app))
    }

    fn status_of<'s>(&self, app: &'s AppState) -> AppStatus<'s> {
        let list = app.list.as_ref();
        let is_waiting = is_waiting(list);
        AppStatus {
            name: &app.about.name,
            mode: app.mode.unwrap_or(self.mode),
            hosts: &app.about.hosts,
            entries: list.filter(|_| !is_waiting).map(|list| list.table().len()),
            is_waiting,
            list_generation: list.map(|list| list.generation),
        }
    }
}
