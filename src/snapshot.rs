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
    next_expiry: Option<SystemTime>,
}

/// Lookups are inlined by force: a caller that knows its client's family leaves out what is for the other
/// (`capi/benches/check.rs`).
impl Snapshot {
    pub(crate) fn new(table: Table, generation: u64) -> Snapshot {
        let next_expiry = table.next_expiry().map(|until| until.system_time());
        Snapshot { table, generation, next_expiry }
    }

    /// The table.
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
        self.table.decision(self.ruling(address.into(), self.late()))
    }

    /// The entry that decides for an address by [`Snapshot::lookup`], if one does. One more search.
    #[inline(always)]
    #[must_use]
    pub fn entry(&self, address: IpAddr) -> Option<EntryRef<'_>> {
        self.deciding(address.into(), self.late())
    }

    /// Whether nothing in it expires, so that nobody has to look at the clock.
    #[inline(always)]
    pub(crate) fn is_timeless(&self) -> bool {
        self.next_expiry.is_none()
    }

    /// The time, where entries of the table have expired by now.
    #[inline(always)]
    pub(crate) fn late(&self) -> Option<SystemTime> {
        let next_expiry = self.next_expiry?;
        Some(SystemTime::now()).filter(|now| next_expiry <= *now)
    }

    /// The ruling for an address, `late` being what [`Snapshot::late`] said.
    #[inline(always)]
    pub(crate) fn ruling(&self, address: Address, late: Option<SystemTime>) -> Ruling {
        match late {
            None => self.table.ruling(address),
            Some(now) => self.table.ruling_at(address, now),
        }
    }

    /// The entry that decides for an address, `late` being what [`Snapshot::late`] said.
    #[inline(always)]
    pub(crate) fn deciding(&self, address: Address, late: Option<SystemTime>) -> Option<EntryRef<'_>> {
        match late {
            None => self.table.deciding(address),
            Some(now) => self.table.deciding_at(address, now),
        }
    }

    #[inline(always)]
    pub(crate) fn allows(&self, address: Address) -> bool {
        match self.late() {
            None => self.table.allows(address),
            Some(now) => self.table.ruling_at(address, now).reason().is_allowed(),
        }
    }
}
