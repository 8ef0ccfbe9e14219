//! A thread's handle on a site: the fast path.

use std::net::IpAddr;
use std::sync::Arc;

use super::apps::AppState;
use super::counts::{AppCounts, Counted};
use super::judgement::SiteJudgement;
use super::memo::Memo;
use super::name::AppName;
use super::shared::Shared;
use super::snapshot::SiteSnapshot;
use super::tally::{self, SiteTally};
use super::verdict::SiteVerdict;
use crate::address::Address;

/// A per-thread handle on a [`SiteGate`](super::SiteGate).
///
/// A check compares one number with the gate's and looks into the reader's own state of the site: it takes no lock, does not
/// wait and allocates nothing. The first check after a change takes the new state, and may free the old one; after several
/// changes it leaves that to the next ([`SiteGate::sweep`](super::SiteGate::sweep)). An idle reader keeps the state of its last
/// check alive: see [`SiteReader::pause`].
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
    tally: SiteTally,
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
    pub(super) fn find<'s>(&mut self, id: u64, site: &'s SiteSnapshot) -> Option<(u32, &'s AppState)> {
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
    /// The most labels that [`SiteReader::counts`] tells apart, those of each app counted by themselves.
    pub const LABELS: usize = tally::LABELS;

    pub(super) fn new(shared: &Arc<Shared>) -> SiteReader {
        let (memo, tally) = (Memo::default(), SiteTally::default());
        SiteReader { shared: Arc::clone(shared), generation: 0, snapshot: None, memo, tally }
    }

    /// The verdict for a client of an app, which the site may name or not.
    #[inline]
    pub fn check(&mut self, app: &str, address: IpAddr) -> SiteVerdict<'_> {
        let (site, memo, _) = self.parts();
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
        let (site, app, _) = self.find(app);
        SiteJudgement::new(site, app.map(|(_, app)| app), address.into())
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
        let (site, app, _) = self.find(app);
        site.allows(app.map(|(_, app)| app), address.into())
    }

    /// [`SiteReader::judge`], counted: see [`SiteReader::counts`]. An app's first decision under a label since the site has
    /// changed may allocate, as may the first of all.
    ///
    /// ```
    /// use ipgate::List;
    /// use ipgate::site::{Counted, Site, SiteGate, Sought};
    /// use ipgate::Address;
    /// let gate = SiteGate::new(&Site::new().with_default("10.0.0.0/8:corp".parse::<List>()?))?;
    /// let mut reader = gate.reader();
    /// let client = Address::from("10.1.1.1".parse::<std::net::IpAddr>()?);
    /// assert!(reader.admit(Sought::Name(b"shop"), client).judgement().is_allowed());
    /// assert_eq!(reader.counts_of(Counted::Unnamed).sum().allowed, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline(always)]
    pub fn admit(&mut self, app: Sought<'_>, address: impl Into<Option<Address>>) -> SiteJudgement<'_> {
        let (site, found, tally) = self.find(app);
        let judged = SiteJudgement::new(site, found.map(|(_, app)| app), address.into());
        tally.count(site, found.map(|(number, _)| number), judged.judgement());
        judged
    }

    /// What this reader has counted: for each app of the site, for those that it does not name, and for those that are gone.
    /// An app that goes and comes again begins anew.
    ///
    /// Memory is bounded: 128 bytes for each app, and what [`SiteReader::LABELS`] labels take. Of each app's further labels,
    /// and those beyond [`Tally::LABELS`](crate::tally::Tally::LABELS) of one app, only the sum is kept.
    ///
    /// ```
    /// use ipgate::List;
    /// use ipgate::site::{App, Counted, Site, SiteGate, Sought};
    /// use ipgate::Address;
    /// let shop = App::new().with_list("192.0.2.7:partner".parse::<List>()?);
    /// let gate = SiteGate::new(&Site::new().with_app("shop".parse()?, shop))?;
    /// let mut reader = gate.reader();
    /// reader.admit(Sought::Name(b"shop"), Address::from("192.0.2.7".parse::<std::net::IpAddr>()?));
    /// let allowed = |reader: &mut ipgate::site::SiteReader| -> Vec<_> {
    ///     let counts = reader.counts().map(|(whose, counts)| (format!("{whose:?}"), counts.sum().allowed));
    ///     counts.filter(|(_, allowed)| *allowed > 0).collect()
    /// };
    /// assert_eq!(allowed(&mut reader), [("App(\"shop\")".to_owned(), 1)]);
    /// gate.remove_app("shop".parse()?)?;
    /// assert_eq!(allowed(&mut reader), [("Gone".to_owned(), 1)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn counts(&mut self) -> impl Iterator<Item = (Counted<'_>, AppCounts<'_>)> {
        let (site, _, tally) = self.parts();
        tally.end(site);
        AppCounts::all(tally)
    }

    /// What it has counted for one app, those that the site does not name, or those that are gone; nothing for an app that is
    /// none of the site's.
    ///
    /// ```
    /// use ipgate::site::{Counted, Site, SiteGate};
    /// let mut reader = SiteGate::new(&Site::new())?.reader();
    /// assert_eq!(reader.counts_of(Counted::App("shop")).sum(), ipgate::tally::Sum::default());
    /// # Ok::<(), ipgate::site::SiteRefused>(())
    /// ```
    pub fn counts_of(&mut self, whose: Counted<'_>) -> AppCounts<'_> {
        let (site, _, tally) = self.parts();
        tally.end(site);
        AppCounts::of(tally, site, whose)
    }

    /// The current state of the site, an app in it with its number, and what was counted.
    #[inline(always)]
    fn find(&mut self, app: Sought<'_>) -> (&SiteSnapshot, Option<(u32, &AppState)>, &mut SiteTally) {
        let id = self.shared.id();
        let (site, memo, tally) = self.parts();
        let found = match app {
            Sought::Name(name) => memo.find(name, site),
            Sought::Host(host) => site.app_of_host(host),
            Sought::App(app) => app.find(id, site),
        };
        (site, found, tally)
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
        self.parts().0
    }

    /// The current state, the names that were asked for, and what was counted.
    #[inline(always)]
    fn parts(&mut self) -> (&SiteSnapshot, &mut Memo, &mut SiteTally) {
        if self.generation != self.shared.generation() {
            self.refresh();
        }
        let SiteReader { shared, snapshot, memo, tally, .. } = self;
        (snapshot.get_or_insert_with(|| shared.load()), memo, tally)
    }

    #[cold]
    #[inline(never)]
    fn refresh(&mut self) {
        let last = self.let_go();
        let snapshot = self.shared.load();
        self.tally.follow(&snapshot);
        self.generation = snapshot.generation();
        self.snapshot = Some(snapshot);
        // Where more has changed, more is about to: the next change frees what was left.
        if last.is_some_and(|last| last + 1 == self.generation) {
            self.shared.sweep();
        }
    }

    /// Lets go of the state, so that an idle thread keeps no old lists alive. The next check takes the current one.
    pub fn pause(&mut self) {
        self.let_go();
        self.shared.sweep();
    }

    /// The generation of the state that was let go of.
    fn let_go(&mut self) -> Option<u64> {
        self.generation = 0;
        let last = self.snapshot.take()?;
        self.tally.end(&last);
        Some(last.generation())
    }
}

impl Clone for SiteReader {
    /// With counts of its own.
    fn clone(&self) -> SiteReader {
        SiteReader::new(&self.shared)
    }
}
