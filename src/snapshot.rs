//! Snapshots: a table as a gate holds it, with its generation and a look at the clock.

use std::net::IpAddr;
use std::time::SystemTime;

use crate::address::canonical_address;
use crate::table::{Answer, Decision, EntryRef, Table};

/// One table with its generation.
#[derive(Debug)]
pub struct Snapshot {
    table: Table,
    generation: u64,
    next_expiry: Option<SystemTime>,
}

/// Lookups are inlined by force: an address that is passed through memory, written in parts and read back
/// whole, costs more than the lookup (`capi/benches/check.rs`).
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
        self.table.decision(self.answer(canonical_address(address), self.late()))
    }

    /// The entry that decides for an address by [`Snapshot::lookup`], if one does. One more search.
    #[inline(always)]
    #[must_use]
    pub fn entry(&self, address: IpAddr) -> Option<EntryRef<'_>> {
        match (self.late(), canonical_address(address)) {
            (None, address) => self.table.matched(address),
            (Some(now), IpAddr::V4(v4)) => self.late_entry_v4(v4.to_bits(), now),
            (Some(now), IpAddr::V6(v6)) => self.late_entry_v6(v6.to_bits(), now),
        }
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

    /// The answer for a canonical address, `late` being what [`Snapshot::late`] said.
    #[inline(always)]
    pub(crate) fn answer(&self, address: IpAddr, late: Option<SystemTime>) -> Answer {
        match (late, address) {
            (None, _) => self.table.answer(address),
            (Some(now), IpAddr::V4(v4)) => self.late_answer_v4(v4.to_bits(), now),
            (Some(now), IpAddr::V6(v6)) => self.late_answer_v6(v6.to_bits(), now),
        }
    }

    /// Takes a number, so that the address of the usual case needs no place in memory.
    #[cold]
    fn late_answer_v4(&self, address: u32, now: SystemTime) -> Answer {
        self.table.answer_at(IpAddr::V4(address.into()), now)
    }

    #[cold]
    fn late_answer_v6(&self, address: u128, now: SystemTime) -> Answer {
        self.table.answer_at(IpAddr::V6(address.into()), now)
    }

    #[cold]
    fn late_entry_v4(&self, address: u32, now: SystemTime) -> Option<EntryRef<'_>> {
        self.table.matched_at(IpAddr::V4(address.into()), now)
    }

    #[cold]
    fn late_entry_v6(&self, address: u128, now: SystemTime) -> Option<EntryRef<'_>> {
        self.table.matched_at(IpAddr::V6(address.into()), now)
    }

    /// The entry that decides for a canonical address.
    pub(crate) fn matched(&self, address: IpAddr, late: Option<SystemTime>) -> Option<EntryRef<'_>> {
        match late {
            None => self.table.matched(address),
            Some(now) => self.table.matched_at(address, now),
        }
    }

    #[inline(always)]
    pub(crate) fn is_allowed(&self, address: IpAddr) -> bool {
        match self.late() {
            None => self.table.is_allowed(address),
            late => self.table.decision(self.answer(canonical_address(address), late)).is_allowed(),
        }
    }
}
