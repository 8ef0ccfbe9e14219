//! The questions of the request path, and those behind it.

use std::net::IpAddr;
use std::time::SystemTime;

use super::compiled::Table;
use super::decision::{Decision, Ruling};
use super::entries::Origin;
use super::entry::EntryRef;
use super::precede;
use crate::address::{Address, Bits};
use crate::space::Space;

impl Table {
    /// Whether an address is allowed. An IPv4-mapped address is the IPv4 address that it stands for.
    /// Faster than [`Table::lookup`], since neighbours of equal decision are one range.
    #[inline(always)]
    #[must_use]
    pub fn is_allowed(&self, address: IpAddr) -> bool {
        self.allows(address.into())
    }

    #[inline(always)]
    pub(crate) fn allows(&self, address: Address) -> bool {
        if self.is_updated() {
            return self.ruling_updated(address).reason().is_allowed();
        }
        self.allows_compiled(address)
    }

    /// Whether what is compiled allows an address.
    #[inline(always)]
    pub(crate) fn allows_compiled(&self, address: Address) -> bool {
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

    /// The ruling for an address.
    #[inline(always)]
    fn ruling(&self, address: Address) -> Ruling {
        if self.is_updated() { self.ruling_updated(address) } else { self.ruling_compiled(address) }
    }

    /// The ruling by what is compiled.
    #[inline(always)]
    pub(crate) fn ruling_compiled(&self, address: Address) -> Ruling {
        self.ruling_of_compiled(address).unwrap_or_else(|| self.ruling_without_entry())
    }

    /// The same by the entry that decides, if one does.
    #[inline(always)]
    pub(crate) fn ruling_of_compiled(&self, address: Address) -> Option<Ruling> {
        let number = match address.bits() {
            Bits::V4(v4) => self.v4.lookup(v4),
            Bits::V6(v6) => self.v6.lookup(v6),
        };
        number.map(|number| Ruling::of_entry(self.entries.value(number)))
    }

    /// The ruling of an updated table. Out of line, since few are.
    #[cold]
    #[inline(never)]
    pub(crate) fn ruling_updated(&self, address: Address) -> Ruling {
        match self.changed_at(address) {
            Some(decides) => self.ruling_by(address, decides),
            None => self.ruling_compiled(address),
        }
    }

    /// The ruling at `now`, where entries may have expired since the table was compiled.
    #[cold]
    pub(crate) fn ruling_at(&self, address: Address, now: SystemTime) -> Ruling {
        let entry = self.deciding_at(address, now);
        entry.map_or_else(|| self.ruling_without_entry(), |entry| Ruling::of_entry(entry.value()))
    }

    /// The entry that decides for an address where something was changed since the table was compiled, if one does there.
    pub(super) fn changed_at(&self, address: Address) -> Option<Option<usize>> {
        match address.bits() {
            Bits::V4(v4) => self.changed(v4),
            Bits::V6(v6) => self.changed(v6),
        }
    }

    /// The ruling for an address for which this entry decides, or none.
    pub(super) fn ruling_by(&self, address: Address, decides: Option<usize>) -> Ruling {
        let of_entry = |index| Ruling::of_entry(self.entry(address, index).value());
        decides.map_or_else(|| self.ruling_without_entry(), of_entry)
    }

    /// The ruling where none does.
    #[inline(always)]
    pub(crate) fn ruling_without_entry(&self) -> Ruling {
        Ruling::without_entry(self.scope.reason())
    }

    /// A ruling of this table, with the table.
    #[inline(always)]
    pub(crate) fn decision(&self, ruling: Ruling) -> Decision<'_> {
        Decision { table: self, ruling }
    }

    /// The entry that decides for an address, or `None` where no entry covers it.
    #[inline(always)]
    #[must_use]
    pub fn matched(&self, address: IpAddr) -> Option<EntryRef<'_>> {
        self.deciding(address.into())
    }

    #[inline(always)]
    pub(crate) fn deciding(&self, address: Address) -> Option<EntryRef<'_>> {
        let longest = self.longest(address)?;
        Some(if self.app_precedes() { self.first_of_two(address, longest) } else { longest })
    }

    /// The entry that decides where the app list precedes. Out of line, since few tables are of that kind.
    #[cold]
    #[inline(never)]
    fn first_of_two<'t>(&'t self, address: Address, longest: EntryRef<'t>) -> EntryRef<'t> {
        match self.decision(self.ruling(address)).origin() {
            Some(Origin::App) => longest.or_preceding(),
            Some(Origin::Default) | None => longest, // seen without a walk
        }
    }

    /// The entry of the longest prefix that covers an address.
    #[inline(always)]
    fn longest(&self, address: Address) -> Option<EntryRef<'_>> {
        let index = match address.bits() {
            Bits::V4(v4) => self.decides(v4),
            Bits::V6(v6) => self.decides(v6),
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
    /// prefixes the app list before the default list and later entries before earlier ones. Where the app list precedes
    /// the default list, all entries of it come first. No allocation; O(log n) for n entries and each length at which
    /// something branches off around the address.
    ///
    /// ```
    /// use ipgate::{List, Table};
    /// let table = Table::new(&"10.0.0.0/8:corp,10.9.0.0/16:lab".parse::<List>()?);
    /// let covering = table.covering("10.9.1.1".parse().unwrap());
    /// assert!(covering.map(|entry| entry.to_string()).eq(["10.9.0.0/16:lab", "10.0.0.0/8:corp"]));
    /// # Ok::<(), ipgate::list::Rejected>(())
    /// ```
    pub fn covering(&self, address: IpAddr) -> impl Iterator<Item = EntryRef<'_>> {
        self.covering_of(address.into())
    }

    fn covering_of(&self, address: Address) -> impl Iterator<Item = EntryRef<'_>> {
        let (longest, app_first) = (self.longest(address), self.scope.app_precedes());
        let of_default = longest.filter(|_| app_first).into_iter().flat_map(EntryRef::around);
        let first = longest.into_iter().flat_map(EntryRef::around);
        first
            .filter(move |entry| !app_first || entry.origin() == Origin::App)
            .chain(of_default.filter(|entry| entry.origin() == Origin::Default))
    }

    /// The addresses that are allowed. O(n) for n entries.
    #[must_use]
    pub fn allowed_space(&self) -> Space {
        if self.allows_everyone() {
            return Space::everything();
        }
        let entries = precede::in_force(self.entries());
        let mut entries = entries.map(|entry| (entry.prefix(), entry.action())).peekable();
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
