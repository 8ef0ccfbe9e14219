//! Tables: entries compiled for longest-prefix match. The one door is [`Table::lookup`].

mod entries;
mod reference;

use std::net::IpAddr;
use std::time::SystemTime;

pub use entries::{EntryRef, Origin};

use crate::address::canonical_address;
use crate::list::{Action, List, Until};
use crate::policy::{Effective, Policy};
use crate::space::Space;
use crate::verdict::Reason;

/// A list, or the effective list of a policy, compiled for longest-prefix match. Immutable.
///
/// ```
/// use ipgate::{List, Table};
/// let list: List = "10.0.0.0/8:corp,!10.9.0.0/16:lab,10.9.1.0/24:ci".parse()?;
/// let table = Table::new(&list);
/// assert_eq!(table.lookup("10.9.1.1".parse().unwrap()).label(), Some("ci"));
/// assert!(!table.is_allowed("10.9.2.2".parse().unwrap()));
/// # Ok::<(), ipgate::Rejected>(())
/// ```
#[derive(Debug)]
pub struct Table {
    scope: Scope,
    entries: entries::Entries,
    reference: reference::Reference,
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

impl Table {
    /// Compiles a list, leaving out the entries that have expired by now.
    #[must_use]
    pub fn new(list: &List) -> Table {
        let now = SystemTime::now();
        Table::from_entries(Scope::Listed, entries::Entries::new(None, Some(list), now))
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
            Effective::Everyone => Table::from_entries(Scope::Everyone, entries::Entries::default()),
            Effective::NoOne => Table::from_entries(Scope::NoOne, entries::Entries::default()),
            Effective::Lists { default, app } => {
                Table::from_entries(Scope::Listed, entries::Entries::new(default, app, now))
            }
        }
    }

    /// The same table without the entries that have expired at `now`.
    pub(crate) fn live_at(&self, now: SystemTime) -> Table {
        Table::from_entries(self.scope, self.entries.live_at(now))
    }

    fn from_entries(scope: Scope, entries: entries::Entries) -> Table {
        let reference =
            reference::Reference::new(entries.deciding().map(|(index, entry)| (index, entry.prefix())));
        let next_expiry = entries.iter().filter_map(|entry| entry.until()).min();
        Table { scope, entries, reference, next_expiry }
    }

    /// Whether an address is allowed. An IPv4-mapped address is the IPv4 address that it stands for.
    #[inline]
    #[must_use]
    pub fn is_allowed(&self, address: IpAddr) -> bool {
        self.lookup(address).is_allowed()
    }

    /// The decision for an address, its reason and its label. An IPv4-mapped address is the IPv4 address
    /// that it stands for.
    #[inline]
    #[must_use]
    pub fn lookup(&self, address: IpAddr) -> Decision<'_> {
        self.decision(self.matched(address))
    }

    /// The entry that decides for an address, or `None` where no entry covers it.
    #[must_use]
    pub fn matched(&self, address: IpAddr) -> Option<EntryRef<'_>> {
        self.entries.get(self.reference.longest_match(canonical_address(address))?)
    }

    /// The entry that decides for an address at `now`, where entries may have expired since the table was
    /// compiled.
    pub(crate) fn matched_at(&self, address: IpAddr, now: SystemTime) -> Option<EntryRef<'_>> {
        self.covering(address).into_iter().find(|entry| entry.is_live(now))
    }

    /// The decision that an entry, or none, comes to.
    pub(crate) fn decision<'t>(&'t self, entry: Option<EntryRef<'t>>) -> Decision<'t> {
        let reason = match (entry.map(|entry| entry.action()), self.scope) {
            (Some(Action::Allow), _) => Reason::AllowEntry,
            (Some(Action::Deny), _) => Reason::DenyEntry,
            (None, Scope::Everyone) => Reason::NoGate,
            (None, Scope::NoOne) => Reason::NoList,
            (None, Scope::Listed) => Reason::NoEntry,
        };
        Decision { reason, label: entry.and_then(|entry| entry.label()) }
    }

    /// Every entry that covers an address, the one that decides first: longest prefix first, on equal
    /// prefixes the app list before the default list and later entries before earlier ones.
    #[must_use]
    pub fn covering(&self, address: IpAddr) -> Vec<EntryRef<'_>> {
        let deciding = self.reference.matches(canonical_address(address));
        deciding.into_iter().rev().flat_map(|index| self.entries.same_prefix(index)).collect()
    }

    /// The entries, sorted by prefix with IPv4 first.
    pub fn entries(&self) -> impl Iterator<Item = EntryRef<'_>> {
        self.entries.iter()
    }

    /// The number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether the table has no entries. Whether that means everyone or no one is the policy's matter.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of memory that the table's entries take, labels apart.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.entries.bytes()
    }

    /// When the next entry expires.
    #[must_use]
    pub fn next_expiry(&self) -> Option<Until> {
        self.next_expiry
    }

    /// The addresses that are allowed.
    #[must_use]
    pub fn allowed_space(&self) -> Space {
        match self.scope {
            Scope::Everyone => Space::everything(),
            Scope::NoOne | Scope::Listed => {
                Space::allowed(self.entries.deciding().map(|(_, entry)| (entry.prefix(), entry.action())))
            }
        }
    }
}

/// What a table says of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision<'t> {
    reason: Reason,
    label: Option<&'t str>,
}

impl<'t> Decision<'t> {
    /// Whether the address is allowed.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.reason.is_allowed()
    }

    /// Why.
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// The label of the entry that decided, if one did and it has one.
    #[must_use]
    pub fn label(&self) -> Option<&'t str> {
        self.label
    }
}
