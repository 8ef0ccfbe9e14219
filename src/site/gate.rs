//! The gate of a site: the current state, many readers, and one writer at a time.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::SystemTime;

use super::changes::Changes;
use super::description::{App, ListSlot, Site};
use super::guard::{SiteGuard, SiteRefused};
use super::name::AppName;
use super::reader::{SiteReader, Sought};
use super::shared::{Shared, Writer};
use super::snapshot::SiteSnapshot;
use super::status::SiteStatus;
use super::successor::Successor;
use super::verdict::SiteVerdict;
use crate::address::Address;
use crate::gate::Failure;

/// The hot-swappable holder of a [`Site`]: a handle, cheap to clone, for any number of threads.
///
/// A change of one app compiles that app's list and touches no other; a check sees one state of the site, whole. Checks
/// neither lock nor wait; a thread that does little else takes a [`SiteReader`].
///
/// ```
/// use ipgate::List;
/// use ipgate::site::{App, Site, SiteGate};
/// let site = Site::new()
///     .with_default("10.0.0.0/8:corp".parse::<List>()?)
///     .with_app("shop".parse()?, App::new().with_host("shop.example.com".parse()?));
/// let gate = SiteGate::new(&site)?;
/// gate.set_app("shop".parse()?, App::new().with_list("192.0.2.7:partner".parse::<List>()?))?;
/// let verdict = gate.check("shop", "192.0.2.7".parse()?);
/// assert_eq!((verdict.label(), verdict.app()), (Some("partner"), Some("shop")));
/// assert_eq!((verdict.site_generation(), verdict.list_generation()), (2, 2));
/// assert_eq!(gate.check("other", "10.1.1.1".parse()?).label(), Some("corp"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct SiteGate {
    shared: Arc<Shared>,
}

impl SiteGate {
    /// A gate with a site, at generation 1. O(n) for n entries of all lists.
    ///
    /// # Errors
    ///
    /// [`SiteRefused`] where a host is of two apps.
    pub fn new(site: &Site) -> Result<SiteGate, SiteRefused> {
        let mut first = Successor::first();
        first.change(&Changes::to(site));
        let first = first.finish(&SiteGuard::new(), &[])?;
        let writer = Writer { guard: SiteGuard::new(), last_change: SystemTime::now(), last_failure: None };
        Ok(SiteGate { shared: Arc::new(Shared::new(first, writer)) })
    }

    /// What the gate refuses from now on. It is not asked about what is in force.
    pub fn set_guard(&self, guard: SiteGuard) {
        self.shared.writer().guard = guard;
    }

    /// A handle for one thread: the fast path.
    #[must_use]
    pub fn reader(&self) -> SiteReader {
        SiteReader::new(&self.shared)
    }

    /// The verdict for a client of an app, which the site may name or not. For programs whose tasks move between threads.
    #[must_use]
    pub fn check(&self, app: &str, address: IpAddr) -> SiteVerdict<'static> {
        SiteVerdict::of_own(self.shared.borrow(), |site| site.app(app), Some(address.into()))
    }

    /// The verdict for a client of the app to which a request's host belongs ([`SiteSnapshot::check_host`]).
    #[must_use]
    pub fn check_host(&self, host: &str, address: IpAddr) -> SiteVerdict<'static> {
        SiteVerdict::of_own(self.shared.borrow(), |site| site.app_of_host(host), Some(address.into()))
    }

    /// The verdict for a client of an app without a usable address (a Unix socket, an unreadable header): denied.
    #[must_use]
    pub fn check_without_address(&self, app: &str) -> SiteVerdict<'static> {
        SiteVerdict::of_own(self.shared.borrow(), |site| site.app(app), None)
    }

    /// The verdict for a client of an app, however the request says which. Without a usable address it is denied.
    ///
    /// ```
    /// use ipgate::site::{Site, SiteGate, Sought};
    /// let gate = SiteGate::new(&Site::new())?;
    /// assert!(gate.check_sought(Sought::Host(b"shop.example.com"), ipgate::Address::from([192, 0, 2, 1])).is_allowed());
    /// assert!(!gate.check_sought(Sought::Host(b"shop.example.com"), None).is_allowed());
    /// # Ok::<(), ipgate::site::SiteRefused>(())
    /// ```
    #[must_use]
    pub fn check_sought(&self, app: Sought<'_>, address: impl Into<Option<Address>>) -> SiteVerdict<'static> {
        let id = self.shared.id();
        let (site, address) = (self.shared.borrow(), address.into());
        match app {
            Sought::Name(name) => SiteVerdict::of_own(site, |site| site.app(name), address),
            Sought::Host(host) => SiteVerdict::of_own(site, |site| site.app_of_host(host), address),
            Sought::App(app) => SiteVerdict::of_own(site, |site| app.find(id, site), address),
        }
    }

    /// [`SiteGate::check_sought`], where only the decision is wanted.
    ///
    /// ```
    /// use ipgate::site::{Site, SiteGate, Sought};
    /// let gate = SiteGate::new(&Site::new())?;
    /// assert!(gate.allows(Sought::Name(b"shop"), ipgate::Address::from([192, 0, 2, 1])));
    /// assert!(!gate.allows(Sought::Name(b"shop"), None));
    /// # Ok::<(), ipgate::site::SiteRefused>(())
    /// ```
    #[inline]
    #[must_use]
    pub fn allows(&self, app: Sought<'_>, address: impl Into<Option<Address>>) -> bool {
        let site = self.shared.borrow();
        let found = match app {
            Sought::Name(name) => site.app(name),
            Sought::Host(host) => site.app_of_host(host),
            Sought::App(app) => app.find(self.shared.id(), &site),
        };
        site.allows(found.map(|(_, app)| app), address.into())
    }

    /// Whether a client of an app is allowed, where only the decision is wanted.
    #[must_use]
    pub fn is_allowed(&self, app: &str, address: IpAddr) -> bool {
        self.allows(Sought::Name(app.as_bytes()), Address::from(address))
    }

    /// Puts another site in the place of the current one, and returns the generation. Lists whose text, name and compiled
    /// entries are as they were keep their generation, and are not compiled again.
    ///
    /// # Errors
    ///
    /// [`SiteRefused`]; the site is unchanged then, and [`SiteGate::status`] tells.
    pub fn replace(&self, site: &Site) -> Result<u64, SiteRefused> {
        self.apply(&Changes::to(site))
    }

    /// Brings some changes into force in one step, and returns the generation of the site: the one that it had where nothing
    /// is different. O(n) for n entries of the lists that change, and O(a) for a apps where any loses its list and the guard
    /// counts them; microseconds beside that.
    ///
    /// # Errors
    ///
    /// As [`SiteGate::replace`].
    pub fn apply(&self, changes: &Changes) -> Result<u64, SiteRefused> {
        let mut writer = self.shared.writer();
        let current = self.snapshot();
        let mut next = Successor::of(&current);
        next.change(changes);
        if !next.is_changed() {
            return Ok(current.generation);
        }
        match next.finish(&writer.guard, &changes.permits) {
            Ok(next) => {
                drop(current); // so that it is freed here, unless a reader holds it
                Ok(self.swap(&mut writer, next))
            }
            Err(refused) => {
                writer.last_failure = Some(Failure::now(&refused));
                Err(refused)
            }
        }
    }

    /// Puts an app in the place of whatever has its name, and returns the generation of the site.
    ///
    /// # Errors
    ///
    /// As [`SiteGate::replace`].
    pub fn set_app(&self, name: AppName, app: App) -> Result<u64, SiteRefused> {
        self.apply(&Changes::new().with_app(name, app))
    }

    /// Removes an app: it is one that the site does not name, whose clients the default list decides about, or `enforce`.
    ///
    /// # Errors
    ///
    /// As [`SiteGate::replace`].
    pub fn remove_app(&self, name: AppName) -> Result<u64, SiteRefused> {
        self.apply(&Changes::new().without_app(name))
    }

    /// Puts a default list in the place of the current one, for all apps in one step.
    ///
    /// # Errors
    ///
    /// As [`SiteGate::replace`].
    pub fn set_default(&self, list: impl Into<ListSlot>) -> Result<u64, SiteRefused> {
        self.apply(&Changes::new().with_default(list))
    }

    /// Drops the entries that have expired from all lists, and takes those in again that hold once more because the clock was
    /// set back; the new generation, where there were any. Verdicts do not wait for it ([`Gate::drop_expired`]). O(a) for a
    /// apps.
    ///
    /// [`Gate::drop_expired`]: crate::Gate::drop_expired
    pub fn drop_expired(&self) -> Option<u64> {
        let mut writer = self.shared.writer();
        let next = Successor::of(&self.snapshot()).without_expired(SystemTime::now())?;
        Some(self.swap(&mut writer, next))
    }

    fn swap(&self, writer: &mut Writer, next: SiteSnapshot) -> u64 {
        let generation = next.generation;
        self.shared.store(writer, next);
        generation
    }

    /// Frees the states of before that no reader uses any more. Every change does so, whoever follows files or sources into the
    /// gate, and a reader that lets go of the last state before the current one: left to be called are only programs that make
    /// several changes at once by themselves, and then none for long. Where another thread does so right now, nothing is done.
    ///
    /// ```
    /// # use ipgate::site::{Site, SiteGate};
    /// let gate = SiteGate::new(&Site::new())?;
    /// let (old, mut reader) = (std::sync::Arc::downgrade(&gate.snapshot()), gate.reader());
    /// reader.current();
    /// gate.replace(&Site::new().with_enforce(true))?;
    /// gate.replace(&Site::new())?;
    /// reader.current();
    /// gate.sweep();
    /// assert!(old.upgrade().is_none());
    /// # Ok::<(), ipgate::site::SiteRefused>(())
    /// ```
    pub fn sweep(&self) {
        self.shared.sweep();
    }

    /// Records that a change could not be had, so that [`SiteGate::status`] tells; the site stays.
    pub fn record_failure(&self, reason: impl fmt::Display) {
        self.shared.writer().last_failure = Some(Failure::now(reason));
    }

    /// The generation of the site: 1 for a new gate, and one more with every change that came into force.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.shared.generation()
    }

    /// The current state.
    #[must_use]
    pub fn snapshot(&self) -> Arc<SiteSnapshot> {
        self.shared.load()
    }

    /// What an operator asks of a site. O(a) for a apps.
    #[must_use]
    pub fn status(&self) -> SiteStatus {
        let writer = self.shared.writer();
        SiteStatus::of(&self.snapshot(), writer.last_change, writer.last_failure.clone())
    }
}
