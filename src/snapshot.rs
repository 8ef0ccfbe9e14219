//! Snapshots: a table as a gate holds it, with its generation and a look at the clock.

use std::net::IpAddr;
use std::time::SystemTime;

use crate::address::Address;
use crate::table::{Decision, EntryRef, Ruling, Table};

/// One table with its generation.
#[derive(Debug)]
pub struct Snapshot {
    table: Table,
    generation: u64,
    /// Whether what is compiled decides at any time: nothing in it expires, and nothing was changed since.
    is_settled: bool,
}

/// How the table of a snapshot is to be asked at a time.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Manner {
    /// What is compiled decides.
    Compiled,
    /// It was updated since it was compiled.
    Updated,
    /// Entries of it have expired by now.
    Late(SystemTime),
}

/// Lookups are inlined by force: a caller that knows its client's family leaves out what is for the other
/// (`capi/benches/check.rs`).
impl Snapshot {
    pub(crate) fn new(table: Table, generation: u64) -> Snapshot {
        let is_settled = table.next_expiry().is_none() && !table.is_updated();
        Snapshot { table, generation, is_settled }
    }

    /// The table.
    #[inline(always)]
    #[must_use]
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// The table's generation in its gate.
    #[inline]
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The decision for an address. Unlike that of [`Table::lookup`] it leaves out what has expired since the
    /// table was compiled, as the gate's own checks do. An IPv4-mapped address is the IPv4 address that it
    /// stands for.
    #[inline(always)]
    #[must_use]
    pub fn lookup(&self, address: IpAddr) -> Decision<'_> {
        self.table.decision(self.ruling(address.into(), self.manner()))
    }

    /// The entry that decides for an address by [`Snapshot::lookup`], if one does. One more search.
    #[inline(always)]
    #[must_use]
    pub fn entry(&self, address: IpAddr) -> Option<EntryRef<'_>> {
        self.deciding(address.into(), self.manner())
    }

    /// Whether what is compiled decides at any time, so that nobody has to look at the clock or for changes.
    #[inline(always)]
    pub(crate) fn is_settled(&self) -> bool {
        self.is_settled
    }

    /// How the table is to be asked now.
    #[inline(always)]
    pub(crate) fn manner(&self) -> Manner {
        if self.is_settled { Manner::Compiled } else { self.manner_now() }
    }

    /// Out of line: where nothing expires and nothing was changed, its code would be in the way of every check.
    #[cold]
    #[inline(never)]
    fn manner_now(&self) -> Manner {
        let now = self.table.next_expiry().map(|next| (next, SystemTime::now()));
        match now.filter(|(next, now)| next.has_passed(*now)) {
            Some((_, now)) => Manner::Late(now),
            None if self.table.is_updated() => Manner::Updated,
            None => Manner::Compiled,
        }
    }

    /// The ruling for an address, `manner` being what [`Snapshot::manner`] said.
    #[inline(always)]
    pub(crate) fn ruling(&self, address: Address, manner: Manner) -> Ruling {
        match manner {
            Manner::Compiled => self.table.ruling_compiled(address),
            Manner::Updated => self.table.ruling_updated(address),
            Manner::Late(now) => self.table.ruling_at(address, now),
        }
    }

    /// The entry that decides for an address, `manner` being what [`Snapshot::manner`] said.
    #[inline(always)]
    pub(crate) fn deciding(&self, address: Address, manner: Manner) -> Option<EntryRef<'_>> {
        match manner {
            Manner::Compiled | Manner::Updated => self.table.deciding(address),
            Manner::Late(now) => self.table.deciding_at(address, now),
        }
    }

    #[inline(always)]
    pub(crate) fn allows(&self, address: Address) -> bool {
        match self.manner() {
            Manner::Compiled => self.table.allows_compiled(address),
            manner => self.ruling(address, manner).reason().is_allowed(),
        }
    }
}
