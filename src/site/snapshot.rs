//! One state of a site, whole: the default list once, each app's list, and where they are found.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::SystemTime;

use super::apps::{AppState, Apps, Listed};
use super::description::{App, ListSlot, Site, whole};
use super::directory::Directory;
use super::host::{Asked, Host};
use super::name::AppName;
use crate::address::Address;
use crate::combined::{combined, covering};
use crate::policy::Mode;
use crate::reason::Reason;
use crate::table::{EntryRef, Origin};
use crate::verdict::Judgement;

/// One state of a site: everything that checks need, of one generation.
///
/// States share what did not change between them. Checks neither lock nor allocate.
#[derive(Debug, Clone)]
pub struct SiteSnapshot {
    pub(super) generation: u64,
    pub(super) mode: Mode,
    pub(super) enforce: bool,
    /// The default list; where none is set, a table that says so.
    pub(super) default: Listed,
    pub(super) apps: Apps,
    pub(super) names: Arc<Names>,
}

/// Where apps are found.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    /// The generation of the site at which it last changed.
    pub(super) generation: u64,
    pub(super) apps: Directory,
    pub(super) hosts: Directory,
    /// Names below which all hosts are of one app.
    pub(super) below: Directory,
}

impl Names {
    /// The app of a request's host: that of this very name, or of the longest `*.` that is above it.
    fn of_host(&self, host: &[u8]) -> Option<u32> {
        let asked = Asked::new(host)?;
        let above = || asked.above().find_map(|name| self.below.get(name));
        self.hosts.get(asked.name()).or_else(|| if self.below.is_empty() { None } else { above() })
    }

    /// Where a host is kept.
    pub(super) fn directory(&mut self, host: &Host) -> &mut Directory {
        if host.below().is_some() { &mut self.below } else { &mut self.hosts }
    }
}

/// An app as a description says it.
pub(super) fn described(app: &AppState) -> App {
    let list = app.list.as_ref().map_or(ListSlot::Unset, slot);
    let described = app.mode.into_iter().fold(App::new().with_list(list), App::with_mode);
    app.about.hosts.iter().cloned().fold(described, App::with_host)
}

/// What stands in the place of a list.
fn slot(list: &Listed) -> ListSlot {
    match list.table().ruling_without_entry().reason() {
        Reason::NoGate => ListSlot::Unset,
        Reason::NoList => ListSlot::Waiting,
        _ => ListSlot::Table(whole(&list.shared())),
    }
}

/// Whether there is a list that is to come.
pub(super) fn is_waiting(list: Option<&Listed>) -> bool {
    list.is_some_and(|list| list.table().ruling_without_entry().reason() == Reason::NoList)
}

#[inline(always)]
fn judge(list: &Listed, origin: Origin, address: Option<Address>) -> Judgement<'_> {
    Judgement::new(list.snapshot(), address).with_origin(Some(origin)).with_generation(list.generation)
}

/// The part of a host that a directory knows.
pub(super) fn key(host: &Host) -> &str {
    host.below().unwrap_or(host.as_str())
}

impl SiteSnapshot {
    /// The judgement of the list that decides, with its generation.
    #[inline(always)]
    pub(super) fn judge<'s>(&'s self, app: Option<&'s AppState>, address: Option<Address>) -> Judgement<'s> {
        let Some((app, list)) = app.and_then(|app| Some((app, app.list.as_ref()?))) else {
            return self.judge_by_default(address).enforced(self.enforce);
        };
        let of_app = judge(list, Origin::App, address);
        match (app.mode.unwrap_or(self.mode), of_app.reason()) {
            (Mode::Override, _) | (Mode::Precede, Reason::AllowEntry | Reason::DenyEntry) => of_app,
            (mode, _) => combined(self.judge_by_default(address), of_app, mode).enforced(self.enforce),
        }
    }

    /// Whether a client is allowed, for those who ask nothing else. Where no entry denies, it does not matter which of them is
    /// the longest: a client is let in whom either list lets in.
    #[inline(always)]
    pub(super) fn allows(&self, app: Option<&AppState>, address: Option<Address>) -> bool {
        let list = app.and_then(|app| Some((app.mode.unwrap_or(self.mode), app.list.as_ref()?.snapshot())));
        if let (Some((mode, list)), Some(address)) = (list, address)
            && list.table().is_of_lists()
        {
            let default = self.default.snapshot();
            if mode == Mode::Override || default.table().allows_everyone() {
                return list.allows(address);
            }
            if default.table().is_of_lists() && !default.table().may_deny() && !list.table().may_deny() {
                return list.allows(address) || default.allows(address);
            }
        }
        self.is_judged_so(app, address)
    }

    /// Out of line: a judgement needs room that would cost those who need none.
    #[inline(never)]
    fn is_judged_so(&self, app: Option<&AppState>, address: Option<Address>) -> bool {
        self.judge(app, address).is_allowed()
    }

    #[inline(always)]
    fn judge_by_default(&self, address: Option<Address>) -> Judgement<'_> {
        judge(&self.default, Origin::Default, address)
    }

    /// The entries that cover a client of an app and hold now, the one that decides first, each with the list that it comes
    /// from; none where a list is to come that decides. For explanations; allocates.
    #[must_use]
    pub fn covering(&self, app: &str, address: IpAddr) -> Vec<(Origin, EntryRef<'_>)> {
        let now = SystemTime::now();
        let app = self.state(app);
        let mode = app.and_then(|app| app.mode).unwrap_or(self.mode);
        let list = app.and_then(|app| app.list.as_ref());
        let default = Some(&self.default).filter(|_| list.is_none() || mode != Mode::Override);
        if is_waiting(list) || mode == Mode::Extend && is_waiting(default) {
            return Vec::new(); // what is to come decides, and no entry does
        }
        let [of_default, of_app] = [(Origin::Default, default), (Origin::App, list)].map(|(origin, list)| {
            let found = list.into_iter().flat_map(move |list| list.table().covering(address));
            found.filter(move |entry| entry.is_live(now)).map(move |entry| (origin, entry))
        });
        covering(of_default, of_app, mode)
    }

    /// The number and the state of an app by its name.
    #[inline]
    pub(super) fn app(&self, name: impl AsRef<[u8]>) -> Option<(u32, &AppState)> {
        self.numbered(self.names.apps.get(name.as_ref())?)
    }

    /// The state of an app by its name.
    #[inline]
    pub(super) fn state(&self, name: &str) -> Option<&AppState> {
        self.app(name).map(|(_, app)| app)
    }

    /// The number and the state of the app of a request's host.
    #[inline]
    pub(super) fn app_of_host(&self, host: impl AsRef<[u8]>) -> Option<(u32, &AppState)> {
        self.numbered(self.names.of_host(host.as_ref())?)
    }

    #[inline]
    pub(super) fn numbered(&self, number: u32) -> Option<(u32, &AppState)> {
        Some((number, self.apps.get(number)?))
    }

    /// The name of the app to which a request's host belongs, if the site names one.
    #[must_use]
    pub fn host(&self, host: &str) -> Option<&AppName> {
        self.app_of_host(host).map(|(_, app)| &app.about.name)
    }

    /// The site as a description, with lists as they are compiled: to be written as an image, or compared. O(a) for a apps.
    #[must_use]
    pub fn site(&self) -> Site {
        let site =
            Site::new().with_default(slot(&self.default)).with_mode(self.mode).with_enforce(self.enforce);
        site.with_apps(self.apps.iter().map(|(_, app)| (app.about.name.clone(), described(app))).collect())
    }

    /// The hosts of an app.
    #[cfg(all(feature = "watch", feature = "site-text"))]
    pub(crate) fn hosts_of(&self, app: &str) -> &[Host] {
        self.state(app).map_or(&[], |app| &app.about.hosts)
    }

    /// Whether everyone is denied by an app without a list of its own: lists are required, and there is no default list.
    ///
    /// ```
    /// use ipgate::site::{Site, SiteGate};
    /// let gate = SiteGate::new(&Site::new().with_enforce(true))?;
    /// assert!(gate.snapshot().denies_unlisted());
    /// # Ok::<(), ipgate::site::SiteRefused>(())
    /// ```
    #[must_use]
    pub fn denies_unlisted(&self) -> bool {
        self.enforce && !self.default_slot().has_list()
    }

    /// What stands in the place of the default list.
    pub(crate) fn default_slot(&self) -> ListSlot {
        slot(&self.default)
    }

    /// What stands in the place of an app's list.
    pub(crate) fn slot_of(&self, app: &str) -> ListSlot {
        self.state(app).and_then(|app| app.list.as_ref()).map_or(ListSlot::Unset, slot)
    }

    /// How many apps the site names.
    #[must_use]
    pub fn app_count(&self) -> usize {
        self.apps.len()
    }

    /// The generation of the site: one more with every accepted change.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// How app lists combine with the default list, unless an app says otherwise.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Whether no one is allowed where no list is set.
    #[must_use]
    pub fn is_enforced(&self) -> bool {
        self.enforce
    }
}
