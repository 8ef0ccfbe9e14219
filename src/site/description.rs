//! What a site is: plain data, to be read, written and compared.

use std::collections::BTreeMap;
use std::mem;
use std::ptr;
use std::sync::Arc;
use std::time::SystemTime;

use super::host::{Asked, Host};
use super::name::AppName;
use crate::list::List;
use crate::policy::{Mode, Policy};
use crate::snapshot::Snapshot;
use crate::table::{Origin, Table};

/// What stands in the place of a list.
///
/// Two are equal where their lists say the same in the same order; one that comes compiled is equal to none that does not.
#[derive(Debug, Clone, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum ListSlot {
    /// No list: it is not set.
    #[default]
    Unset,
    /// There is to be one, and none was ever good: what it will deny is not known, so that everyone is denied for whom it
    /// may decide.
    Waiting,
    /// A list, which may be empty: then nobody matches it.
    List(Arc<List>),
    /// A list that comes compiled, of an image or a gate: [`ListSlot::of_table`]. Whoever enforces it shares it. Its own
    /// generation is 0: a site's gate says with which of its own it came into force.
    #[cfg_attr(feature = "serde", serde(rename = "list", skip_deserializing))]
    Table(#[cfg_attr(feature = "serde", serde(serialize_with = "entries"))] Arc<Snapshot>),
}

impl ListSlot {
    /// Whether there is no list, and none to come.
    #[must_use]
    pub fn is_unset(&self) -> bool {
        matches!(self, ListSlot::Unset)
    }

    /// The slot of a compiled list; none for a table of a policy that one list does not say: without
    /// a list, or with two of which one precedes the other.
    ///
    /// ```
    /// use ipgate::{List, Policy, Table, site::ListSlot};
    /// let table = Table::new(&"10.0.0.0/8:corp".parse::<List>()?);
    /// assert_eq!(ListSlot::of_table(table).and_then(|slot| slot.entry_count()), Some(1));
    /// assert!(ListSlot::of_table(Table::from_policy(&Policy::new())).is_none());
    /// # Ok::<(), ipgate::list::Rejected>(())
    /// ```
    #[must_use]
    pub fn of_table(table: Table) -> Option<ListSlot> {
        table.is_of_lists().then(|| ListSlot::Table(shared(table)))
    }

    /// Whether there is a list.
    #[must_use]
    pub fn has_list(&self) -> bool {
        self.entry_count().is_some()
    }

    /// How many entries the list has, where there is one.
    #[must_use]
    pub fn entry_count(&self) -> Option<usize> {
        match self {
            ListSlot::List(list) => Some(list.len()),
            ListSlot::Table(list) => Some(list.table().len()),
            ListSlot::Unset | ListSlot::Waiting => None,
        }
    }

    /// The list, where there is one. O(n) for n entries of one that is compiled: they come in the order of their prefixes, and
    /// without their lines.
    #[must_use]
    pub fn list(&self) -> Option<Arc<List>> {
        match self {
            ListSlot::List(list) => Some(Arc::clone(list)),
            ListSlot::Table(list) => Some(Arc::new(list.table().to_list())),
            ListSlot::Unset | ListSlot::Waiting => None,
        }
    }

    /// The same with a list that is compiled.
    #[cfg(all(feature = "watch", feature = "site-text"))]
    pub(crate) fn into_compiled(self, origin: Origin) -> ListSlot {
        match &self {
            ListSlot::List(_) => ListSlot::Table(whole(&self.compiled(origin, SystemTime::now()))),
            ListSlot::Unset | ListSlot::Waiting | ListSlot::Table(_) => self,
        }
    }

    /// What is enforced for a list in that place, without the entries that have expired at `now`.
    pub(super) fn compiled(&self, origin: Origin, now: SystemTime) -> Arc<Snapshot> {
        let policy = match self {
            ListSlot::Unset => Policy::new(),
            ListSlot::Waiting => Policy::new().with_enforce(true),
            ListSlot::List(list) if origin == Origin::Default => Policy::new().with_default(Arc::clone(list)),
            ListSlot::List(list) => Policy::new().with_app(Arc::clone(list)),
            ListSlot::Table(list) if list.table().is_live_at(now) => return Arc::clone(list),
            ListSlot::Table(list) => return shared(list.table().live_at(now)),
        };
        shared(Table::from_policy_at(&policy, now))
    }
}

/// A compiled list, for all who describe and enforce it.
pub(super) fn shared(table: Table) -> Arc<Snapshot> {
    Arc::new(Snapshot::new(table, 0))
}

/// The same list with all of its entries, those included that have expired.
pub(super) fn whole(list: &Arc<Snapshot>) -> Arc<Snapshot> {
    let (table, whole) = (list.table(), list.table().whole());
    if ptr::eq(table, whole) { Arc::clone(list) } else { shared(whole.alone()) }
}

impl PartialEq for ListSlot {
    fn eq(&self, other: &ListSlot) -> bool {
        match (self, other) {
            (ListSlot::List(one), ListSlot::List(other)) => one == other,
            (ListSlot::Table(one), ListSlot::Table(other)) => one.table().is_same_as(other.table()),
            (ListSlot::Unset, ListSlot::Unset) | (ListSlot::Waiting, ListSlot::Waiting) => true,
            _ => false,
        }
    }
}

impl Eq for ListSlot {}

#[cfg(feature = "serde")]
fn entries<S: serde::Serializer>(list: &Snapshot, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(list.table().whole().entries().map(|entry| entry.to_entry()))
}

impl From<List> for ListSlot {
    fn from(list: List) -> ListSlot {
        ListSlot::List(Arc::new(list))
    }
}

impl From<Arc<List>> for ListSlot {
    fn from(list: Arc<List>) -> ListSlot {
        ListSlot::List(list)
    }
}

/// One app of a site.
///
/// ```
/// use ipgate::{List, Mode, site::App};
/// let app = App::new().with_list("192.0.2.7:partner".parse::<List>()?).with_mode(Mode::Override);
/// assert_eq!(app.list().entry_count(), Some(1));
/// # Ok::<(), ipgate::list::Rejected>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct App {
    list: ListSlot,
    mode: Option<Mode>,
    hosts: Vec<Host>,
}

impl App {
    /// An app without a list of its own, in the mode of its site, without hosts.
    #[must_use]
    pub fn new() -> App {
        App::default()
    }

    /// The same with that list.
    #[must_use]
    pub fn with_list(self, list: impl Into<ListSlot>) -> App {
        App { list: list.into(), ..self }
    }

    /// The same in that mode, whatever that of its site is.
    #[must_use]
    pub fn with_mode(self, mode: Mode) -> App {
        App { mode: Some(mode), ..self }
    }

    /// The same with one more host.
    #[must_use]
    pub fn with_host(mut self, host: Host) -> App {
        self.hosts.push(host);
        self
    }

    /// The same without that host.
    pub(super) fn without_host(mut self, host: &Host) -> App {
        self.hosts.retain(|other| other != host);
        self
    }

    /// Its list.
    #[must_use]
    pub fn list(&self) -> &ListSlot {
        &self.list
    }

    /// Its mode, where that differs from that of its site.
    #[must_use]
    pub fn mode(&self) -> Option<Mode> {
        self.mode
    }

    /// The hosts under which it is asked for.
    #[must_use]
    pub fn hosts(&self) -> &[Host] {
        &self.hosts
    }
}

/// All that one fleet of routers enforces: a default list, how app lists combine with it, whether lists are required, and the
/// apps. Plain data; a [`SiteGate`](super::SiteGate) enforces it.
///
/// For each app the table of [`Policy`] holds; one that the site does not name has no list of its own. A host that two apps
/// have is refused by the gate.
///
/// ```
/// use ipgate::List;
/// use ipgate::site::{App, Site};
/// let site = Site::new()
///     .with_default("10.0.0.0/8:corp".parse::<List>()?)
///     .with_app("shop".parse()?, App::new().with_list("192.0.2.7:partner".parse::<List>()?))
///     .with_enforce(true);
/// assert_eq!(site.apps().len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct Site {
    default: ListSlot,
    mode: Mode,
    enforce: bool,
    apps: BTreeMap<AppName, App>,
}

impl Site {
    /// No lists and no apps, [`Mode::Extend`], not enforced: everyone is allowed until a list is set.
    #[must_use]
    pub fn new() -> Site {
        Site::default()
    }

    /// The same with that default list.
    #[must_use]
    pub fn with_default(self, list: impl Into<ListSlot>) -> Site {
        Site { default: list.into(), ..self }
    }

    /// The same in that mode, which holds for apps without one of their own.
    #[must_use]
    pub fn with_mode(self, mode: Mode) -> Site {
        Site { mode, ..self }
    }

    /// The same, enforced or not: whether no one or everyone is allowed where no list is set.
    #[must_use]
    pub fn with_enforce(self, enforce: bool) -> Site {
        Site { enforce, ..self }
    }

    /// The same with that app, in the place of one of that name.
    #[must_use]
    pub fn with_app(mut self, name: AppName, app: App) -> Site {
        self.apps.insert(name, app);
        self
    }

    /// The same with these apps, in the place of all that there are.
    pub(super) fn with_apps(self, apps: BTreeMap<AppName, App>) -> Site {
        Site { apps, ..self }
    }

    /// All apps, taken out of it.
    pub(super) fn take_apps(&mut self) -> BTreeMap<AppName, App> {
        mem::take(&mut self.apps)
    }

    /// The default list.
    #[must_use]
    pub fn default_list(&self) -> &ListSlot {
        &self.default
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

    /// The apps by their names.
    #[must_use]
    pub fn apps(&self) -> &BTreeMap<AppName, App> {
        &self.apps
    }

    /// The name of the app to which a request's host belongs: that of this very host, or of the longest `*.` above it; in any
    /// case, with or without a dot at its end and a port. O(h) for h hosts; a [`SiteGate`](super::SiteGate) finds it at once.
    #[must_use]
    pub fn app_of_host(&self, host: &str) -> Option<&AppName> {
        let asked = Asked::new(host)?;
        let is_below = |name: &str| asked.above().any(|above| above == name.as_bytes());
        let rank = |host: &Host| match host.below() {
            None => (host.as_str().as_bytes() == asked.name()).then_some(usize::MAX),
            Some(name) => is_below(name).then_some(name.len()),
        };
        let hosts = self.apps.iter().flat_map(|(name, app)| app.hosts.iter().map(move |host| (name, host)));
        let ranked = hosts.filter_map(|(name, host)| Some((rank(host)?, name)));
        ranked.max_by_key(|(rank, _)| *rank).map(|(_, name)| name)
    }

    /// The policy of an app, named or not: what decides for its clients. `None` where a list is [`ListSlot::Waiting`], which no
    /// policy says.
    #[must_use]
    pub fn policy(&self, app: &str) -> Option<Policy> {
        let app = self.apps.get(app);
        let mode = app.and_then(App::mode).unwrap_or(self.mode);
        let policy = Policy::new().with_mode(mode).with_enforce(self.enforce);
        let policy = match &self.default {
            ListSlot::Waiting => return None,
            slot => slot.list().into_iter().fold(policy, Policy::with_default),
        };
        match app.map(App::list) {
            Some(ListSlot::Waiting) => None,
            slot => Some(slot.and_then(ListSlot::list).into_iter().fold(policy, Policy::with_app)),
        }
    }
}
