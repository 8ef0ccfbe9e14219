//! Tables: entries compiled for longest-prefix match. The one door is [`Table::lookup`].
//!
//! A table is one flat image in memory (`layout`, `image`). It holds a compiled structure for each address
//! family (`family`), which answers the questions of the request path, and `columns` with the entries
//! (`entries`), which name and explain them.

mod batch;
mod build;
mod columns;
mod decision;
mod entries;
mod image;
mod layout;

use std::fmt;
use std::net::IpAddr;
use std::time::SystemTime;

pub use decision::Decision;
pub(crate) use decision::Ruling;
pub use entries::{EntryRef, Origin};
pub use image::ImageInfo;
use ipgate_lpm::Family;
use ipgate_lpm::image::Image;
pub use ipgate_lpm::{ImageError, ImageErrorKind};

use crate::address::{Address, Bits};
use crate::list::{List, Until};
use crate::policy::{Effective, Policy};
use crate::reason::Reason;
use crate::space::Space;
use entries::Value;

/// A list, or the effective list of a policy, compiled for longest-prefix match. Immutable.
///
/// Lookups take a fixed small number of steps however many entries there are; DESIGN.md draws the memory
/// and walks a lookup through it.
///
/// ```
/// use ipgate::{List, Table};
/// let list: List = "10.0.0.0/8:corp,!10.9.0.0/16:lab,10.9.1.0/24:ci".parse()?;
/// let table = Table::new(&list);
/// assert_eq!(table.lookup("10.9.1.1".parse().unwrap()).label(), Some("ci"));
/// assert!(!table.is_allowed("10.9.2.2".parse().unwrap()));
/// # Ok::<(), ipgate::Rejected>(())
/// ```
pub struct Table {
    /// Everything below points into it.
    image: Image,
    v4: Family<u32>,
    v6: Family<u128>,
    entries: entries::Entries,
    scope: Scope,
    next_expiry: Option<Until>,
}

/// What holds for an address that no entry covers, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// No list is set and none is required: everyone is allowed.
    Everyone,
    /// No list is set and one is required: no one is allowed.
    NoOne,
    /// A list is set: who is not in it is denied.
    Listed,
}

impl Scope {
    fn code(self) -> u32 {
        match self {
            Scope::Everyone => 0,
            Scope::NoOne => 1,
            Scope::Listed => 2,
        }
    }

    fn from_code(code: u32) -> Option<Scope> {
        [Scope::Everyone, Scope::NoOne, Scope::Listed].into_iter().find(|scope| scope.code() == code)
    }
}

impl Table {
    /// Compiles a list, leaving out the entries that have expired by now. O(n) for n entries.
    #[must_use]
    pub fn new(list: &List) -> Table {
        build::from_lists(Scope::Listed, None, Some(list), SystemTime::now())
    }

    /// Compiles a policy, leaving out the entries that have expired by now.
    #[must_use]
    pub fn from_policy(policy: &Policy) -> Table {
        Table::from_policy_at(policy, SystemTime::now())
    }

    /// Compiles a policy as it stands at `now`.
    #[must_use]
    pub fn from_policy_at(policy: &Policy, now: SystemTime) -> Table {
        match policy.effective() {
            Effective::Everyone => build::from_lists(Scope::Everyone, None, None, now),
            Effective::NoOne => build::from_lists(Scope::NoOne, None, None, now),
            Effective::Lists { default, app } => build::from_lists(Scope::Listed, default, app, now),
        }
    }

    /// The same table without the entries that have expired at `now`. A table that comes from an image holds
    /// entries that may have expired since it was compiled; a gate minds that, a bare lookup does not.
    #[must_use]
    pub fn live_at(&self, now: SystemTime) -> Table {
        build::from_table(self, now)
    }

    /// Whether an address is allowed. An IPv4-mapped address is the IPv4 address that it stands for.
    /// Faster than [`Table::lookup`], since neighbours of equal decision are one range.
    #[inline(always)]
    #[must_use]
    pub fn is_allowed(&self, address: IpAddr) -> bool {
        self.allows(address.into())
    }

    #[inline(always)]
    pub(crate) fn allows(&self, address: Address) -> bool {
        // Before the search, so that nothing needs to be kept for after it.
        self.allows_everyone()
            || match address.bits() {
                Bits::V4(v4) => self.v4.is_allowed(v4),
                Bits::V6(v6) => self.v6.is_allowed(v6),
            }
    }

    /// The decision for an address, its reason and its label. An IPv4-mapped address is the IPv4 address
    /// that it stands for.
    #[inline]
    #[must_use]
    pub fn lookup(&self, address: IpAddr) -> Decision<'_> {
        self.decision(self.ruling(address.into()))
    }

    /// The answer for an address.
    #[inline(always)]
    pub(crate) fn ruling(&self, address: Address) -> Ruling {
        let number = match address.bits() {
            Bits::V4(v4) => self.v4.lookup(v4),
            Bits::V6(v6) => self.v6.lookup(v6),
        };
        self.rule(number.map(|number| self.entries.value(number)))
    }

    /// The ruling at `now`, where entries may have expired since the table was compiled.
    #[cold]
    pub(crate) fn ruling_at(&self, address: Address, now: SystemTime) -> Ruling {
        self.rule(self.deciding_at(address, now).map(|entry| entry.value()))
    }

    /// What it comes to that the deciding entry says this, or that no entry decides.
    #[inline(always)]
    fn rule(&self, value: Option<Value>) -> Ruling {
        match (value, self.scope) {
            (Some(value), _) => Ruling::of_entry(value),
            (None, Scope::Everyone) => Ruling::without_entry(Reason::NoGate),
            (None, Scope::NoOne) => Ruling::without_entry(Reason::NoList),
            (None, Scope::Listed) => Ruling::without_entry(Reason::NoEntry),
        }
    }

    /// A ruling of this table, with the table.
    #[inline(always)]
    pub(crate) fn decision(&self, ruling: Ruling) -> Decision<'_> {
        Decision { table: self, ruling }
    }

    /// How many labels there are.
    #[must_use]
    pub fn label_count(&self) -> usize {
        self.entries.label_count()
    }

    /// The label with a number that [`Decision::label_number`] gave, of this very table. O(1).
    ///
    /// ```
    /// use ipgate::{List, Table};
    /// let table = Table::new(&"10.0.0.0/8:corp".parse::<List>()?);
    /// let number = table.lookup("10.1.1.1".parse().unwrap()).label_number();
    /// assert_eq!((number, table.label(number), table.label(0)), (1, Some("corp"), None));
    /// # Ok::<(), ipgate::Rejected>(())
    /// ```
    #[must_use]
    pub fn label(&self, number: u32) -> Option<&str> {
        let label = self.entries.label_numbered(number.checked_sub(1)?);
        std::str::from_utf8(label?).ok()
    }

    /// The entry that decides for an address, or `None` where no entry covers it.
    #[inline(always)]
    #[must_use]
    pub fn matched(&self, address: IpAddr) -> Option<EntryRef<'_>> {
        self.deciding(address.into())
    }

    #[inline(always)]
    pub(crate) fn deciding(&self, address: Address) -> Option<EntryRef<'_>> {
        let index = match address.bits() {
            Bits::V4(v4) => self.v4.matched(v4),
            Bits::V6(v6) => self.v6.matched(v6),
        };
        Some(self.entry(address, index?))
    }

    /// The entry that decides at `now`, where entries may have expired since the table was compiled: the first
    /// covering one that holds.
    #[cold]
    pub(crate) fn deciding_at(&self, address: Address, now: SystemTime) -> Option<EntryRef<'_>> {
        self.covering_of(address).find(|entry| entry.is_live(now))
    }

    /// Every entry that covers an address, the one that decides first: longest prefix first, on equal
    /// prefixes the app list before the default list and later entries before earlier ones. O(log n) for each prefix
    /// length and n entries, and no allocation.
    ///
    /// ```
    /// use ipgate::{List, Table};
    /// let table = Table::new(&"10.0.0.0/8:corp,10.9.0.0/16:lab".parse::<List>()?);
    /// let covering = table.covering("10.9.1.1".parse().unwrap());
    /// assert!(covering.map(|entry| entry.to_string()).eq(["10.9.0.0/16:lab", "10.0.0.0/8:corp"]));
    /// # Ok::<(), ipgate::Rejected>(())
    /// ```
    pub fn covering(&self, address: IpAddr) -> impl Iterator<Item = EntryRef<'_>> {
        self.covering_of(address.into())
    }

    fn covering_of(&self, address: Address) -> impl Iterator<Item = EntryRef<'_>> {
        std::iter::successors(self.deciding(address), |entry| entry.parent()).flat_map(EntryRef::same_prefix)
    }

    /// Whether everyone is allowed because no list is set and none is required.
    pub(crate) fn allows_everyone(&self) -> bool {
        self.scope == Scope::Everyone
    }

    /// The number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        let (v4, v6) = self.entries.counts();
        v4 + v6
    }

    /// Whether the table has no entries. Whether that means everyone or no one is the policy's matter.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of memory that the table takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.image.len()
    }

    /// When the next entry expires.
    #[must_use]
    pub fn next_expiry(&self) -> Option<Until> {
        self.next_expiry
    }

    /// The addresses that are allowed. O(n) for n entries.
    #[must_use]
    pub fn allowed_space(&self) -> Space {
        if self.allows_everyone() {
            return Space::everything();
        }
        let mut entries = self.entries().map(|entry| (entry.prefix(), entry.action())).peekable();
        let deciding = std::iter::from_fn(|| {
            let mut last = entries.next()?;
            while let Some(next) = entries.next_if(|next| next.0 == last.0) {
                last = next;
            }
            Some(last)
        });
        Space::allowed(deciding)
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("entries", &self.len())
            .field("scope", &self.scope)
            .field("bytes", &self.bytes())
            .field("v4", &self.v4)
            .field("v6", &self.v6)
            .finish()
    }
}
