//! A thread's handle on a site: the fast path.

use std::net::IpAddr;
use std::sync::Arc;

use super::apps::AppState;
use super::judgement::SiteJudgement;
use super::memo::Memo;
use super::name::AppName;
use super::shared::Shared;
use super::snapshot::SiteSnapshot;
use super::verdict::SiteVerdict;
use crate::address::Address;

/// A per-thread handle on a [`SiteGate`](super::SiteGate).
///
/// A check compares one number with the gate's and looks into the reader's own state of the site: it takes no lock, does not
/// wait and allocates nothing. The first check after a change takes the new state, and may free the old one. An idle reader
/// keeps the state of its last check alive: see [`SiteReader::pause`].
///
/// ```
/// use ipgate::List;
/// use ipgate::site::{App, AppRef, Site, SiteGate};
/// let shop = App::new().with_list("192.0.2.7:partner".parse::<List>()?).with_host("*.shop.example".parse()?);
/// let gate = SiteGate::new(&Site::new().with_app("shop".parse()?, shop))?;
/// let (mut reader, client) = (gate.reader(), "192.0.2.7".parse()?);
/// assert!(reader.check("shop", client).is_allowed());
/// assert!(reader.check_host("eu.shop.example:443", client).is_allowed());
/// let mut shop = AppRef::new("shop".parse()?); // for those who ask for the same app again and again
/// assert!(reader.is_allowed_to(&mut shop, client));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct SiteReader {
    shared: Arc<Shared>,
    /// The generation of `snapshot`; 0, which no site has, without one.
    generation: u64,
    snapshot: Option<Arc<SiteSnapshot>>,
    memo: Memo,
}

/// An app that is asked for again and again: its name, and the number by which it was found last.
///
/// The number is looked up again when names of the site have changed since, or another site is asked, so that it never
/// stands for another app.
#[derive(Debug, Clone)]
pub struct AppRef {
    name: AppName,
    number: Option<u32>,
    /// Of which site it is, and the generation at which names had changed last; 0 before it was looked up.
    names: (u64, u64),
}

impl AppRef {
    /// The app of that name, which the site may name or not.
    #[must_use]
    pub fn new(name: AppName) -> AppRef {
        AppRef { name, number: None, names: (0, 0) }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &AppName {
        &self.name
    }

    /// Its number and state in the site of that id.
    #[inline]
    fn find<'s>(&mut self, id: u64, site: &'s SiteSnapshot) -> Option<(u32, &'s AppState)> {
        let names = (id, site.names.generation);
        if self.names != names {
            (self.number, self.names) = (site.names.apps.get(self.name.as_str().as_bytes()), names);
        }
        site.numbered(self.number?)
    }
}

/// How a request says for which app it is.
#[derive(Debug)]
pub enum Sought<'a> {
    /// By the name of an app, which the site may name or not. What is no UTF-8 is no name.
    Name(&'a [u8]),
    /// By its host ([`SiteSnapshot::check_host`]).
    Host(&'a [u8]),
    /// By an app that is asked for again and again.
    App(&'a mut AppRef),
}

impl SiteReader {
    pub(super) fn new(shared: &Arc<Shared>) -> SiteReader {
        SiteReader { shared: Arc::clone(shared), generation: 0, snapshot: None, memo: Memo::default() }
    }

    /// The verdict for a client of an app, which the site may name or not.
    #[inline]
    pub fn check(&mut self, app: &str, address: IpAddr) -> SiteVerdict<'_> {
        let (site, memo) = self.current_with_memo();
        site.verdict(memo.find(app.as_bytes(), site), Some(address.into()))
    }

    /// The verdict for a client of the app to which a request's host belongs ([`SiteSnapshot::check_host`]).
    #[inline]
    pub fn check_host(&mut self, host: &str, address: IpAddr) -> SiteVerdict<'_> {
        self.current().check_host(host, address)
    }

    /// The verdict for a client of an app that is asked for again and again.
    #[inline]
    pub fn check_app(&mut self, app: &mut AppRef, address: IpAddr) -> SiteVerdict<'_> {
        let id = self.shared.id();
        let site = self.current();
        site.verdict(app.find(id, site), Some(address.into()))
    }

    /// The verdict for a client of an app without a usable address: denied.
    pub fn check_without_address(&mut self, app: &str) -> SiteVerdict<'_> {
        self.current().check_without_address(app)
    }

    /// The verdict for a client, for those who take it apart at once. Without a usable address it is denied.
    ///
    /// ```
    /// use ipgate::site::{Site, SiteGate, Sought};
    /// let gate = SiteGate::new(&Site::new())?;
    /// let mut reader = gate.reader();
    /// let found = reader.judge(Sought::Host(b"shop.example.com:443"), None);
    /// assert_eq!((found.judgement().is_allowed(), found.app(), found.site_generation()), (false, None, 1));
    /// # Ok::<(), ipgate::site::SiteRefused>(())
    /// ```
    #[inline(always)]
    pub fn judge(&mut self, app: Sought<'_>, address: impl Into<Option<Address>>) -> SiteJudgement<'_> {
        let (site, app) = self.find(app);
        SiteJudgement::new(site, app, address.into())
    }

    /// Whether a client is allowed, for callers who have the canonical address, if there is one.
    ///
    /// ```
    /// use ipgate::site::{Site, SiteGate, Sought};
    /// let gate = SiteGate::new(&Site::new())?;
    /// assert!(gate.reader().allows(Sought::Name(b"shop"), ipgate::Address::from([192, 0, 2, 1])));
    /// assert!(!gate.reader().allows(Sought::Name(b"shop"), None));
    /// # Ok::<(), ipgate::site::SiteRefused>(())
    /// ```
    #[inline(always)]
    pub fn allows(&mut self, app: Sought<'_>, address: impl Into<Option<Address>>) -> bool {
        let (site, app) = self.find(app);
        site.allows(app, address.into())
    }

    /// The current state of the site, and of an app in it.
    #[inline(always)]
    fn find(&mut self, app: Sought<'_>) -> (&SiteSnapshot, Option<&AppState>) {
        let id = self.shared.id();
        let (site, memo) = self.current_with_memo();
        let found = match app {
            Sought::Name(name) => memo.find(name, site),
            Sought::Host(host) => site.app_of_host(host),
            Sought::App(app) => app.find(id, site),
        };
        (site, found.map(|(_, app)| app))
    }

    /// Whether a client of an app is allowed, where only the decision is wanted.
    #[inline]
    pub fn is_allowed(&mut self, app: &str, address: IpAddr) -> bool {
        self.allows(Sought::Name(app.as_bytes()), Address::from(address))
    }

    /// Whether a client of the app to which a request's host belongs is allowed.
    #[inline]
    pub fn is_allowed_at(&mut self, host: &str, address: IpAddr) -> bool {
        self.allows(Sought::Host(host.as_bytes()), Address::from(address))
    }

    /// Whether a client of an app that is asked for again and again is allowed.
    #[inline]
    pub fn is_allowed_to(&mut self, app: &mut AppRef, address: IpAddr) -> bool {
        self.allows(Sought::App(app), Address::from(address))
    }

    /// The current state of the site.
    #[inline]
    pub fn current(&mut self) -> &SiteSnapshot {
        self.current_with_memo().0
    }

    #[inline(always)]
    fn current_with_memo(&mut self) -> (&SiteSnapshot, &mut Memo) {
        if self.generation != self.shared.generation() {
            self.refresh();
        }
        let SiteReader { shared, snapshot, memo, .. } = self;
        (snapshot.get_or_insert_with(|| shared.load()), memo)
    }

    #[cold]
    #[inline(never)]
    fn refresh(&mut self) {
        let snapshot = self.shared.load();
        self.generation = snapshot.generation();
        self.snapshot = Some(snapshot);
    }

    /// Lets go of the state, so that an idle thread keeps no old lists alive. The next check takes the current one.
    pub fn pause(&mut self) {
        (self.generation, self.snapshot) = (0, None);
    }
}

impl Clone for SiteReader {
    fn clone(&self) -> SiteReader {
        SiteReader::new(&self.shared)
    }
}
