//! What an operator asks of a gate.

use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::boundary::{self, given};
use crate::error::ipgate_error;
use crate::print::print;
use crate::raw::{self, Room, Sized_};
use crate::status::ipgate_status;

use crate::writer::ipgate_gate;

/// A gate in figures. Initialise it with IPGATE_STATS_INIT. Times are microseconds since 1970 UTC.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ipgate_stats {
    /// sizeof(ipgate_stats), set by the caller: IPGATE_STATS_INIT.
    pub size: usize,
    /// Entries of the current table.
    pub entries: u64,
    /// Bytes of memory that it takes.
    pub bytes: u64,
    /// Its generation: 1 for a new gate, and one more with every swap.
    pub generation: u64,
    /// When it was swapped in.
    pub last_swap_micros: i64,
    /// The last time that a new list was not taken; 0 for never.
    pub last_failure_micros: i64,
    /// How often that happened since the current table, or a look at its unchanged file, was good; 0 while
    /// what is in force is what there is.
    pub failures: u64,
    /// When its next entry ceases to hold; 0 for never.
    pub next_expiry_micros: i64,
    /// SHA-256 of the list's text (`sha256sum` prints the same), of the app list's where there are two; of an
    /// image, that of the text it was compiled from. Zeros without a text.
    pub digest: [u8; 32],
}

// SAFETY: repr(C), `size` first, and integers hold any bits.
unsafe impl Sized_ for ipgate_stats {
    const FIRST_SIZE: usize = size_of::<ipgate_stats>();

    fn defaults() -> ipgate_stats {
        ipgate_stats {
            size: size_of::<ipgate_stats>(),
            entries: 0,
            bytes: 0,
            generation: 0,
            last_swap_micros: 0,
            last_failure_micros: 0,
            failures: 0,
            next_expiry_micros: 0,
            digest: [0; 32],
        }
    }
}

/// Writes a gate's figures.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_gate_stats(
    gate: Option<&ipgate_gate>,
    stats: *mut ipgate_stats,
) -> ipgate_status {
    // SAFETY: `stats` has as many bytes as its size says.
    let mut stats = unsafe { Room::new(stats) };
    boundary::status(|| {
        let figures = figures(given(gate, "gate")?);
        stats.write(&figures, "stats")
    })
}

/// A gate's figures.
pub(crate) fn figures(gate: &ipgate_gate) -> ipgate_stats {
    let writer = gate.writer();
    let (status, snapshot) = (gate.gate().status(), gate.gate().snapshot());
    ipgate_stats {
        entries: status.entries as u64,
        bytes: status.bytes as u64,
        generation: status.generation,
        last_swap_micros: micros(status.last_swap),
        last_failure_micros: status.last_failure.map_or(0, |failure| micros(failure.time)),
        failures: writer.failures.count,
        next_expiry_micros: snapshot.table().next_expiry().map_or(0, |until| until.unix_micros()),
        digest: writer.origin.digest(),
        ..ipgate_stats::defaults()
    }
}

/// The generation of a gate's current table; 0 for NULL. Takes no lock.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_gate_generation(gate: Option<&ipgate_gate>) -> u64 {
    boundary::value(0, || gate.map_or(0, |gate| gate.gate().generation()))
}

/// Copies the name of what the current table was made from, usually a path, as snprintf() would: as much as
/// fits, always with a NUL behind it, and returns the bytes of the whole name. 0 where it has none.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_gate_source(
    gate: Option<&ipgate_gate>,
    buffer: *mut c_char,
    capacity: usize,
) -> usize {
    // SAFETY: `buffer` has `capacity` bytes.
    let buffer = unsafe { raw::bytes_mut(buffer.cast(), capacity) };
    print(buffer, || Ok(given(gate, "gate")?.writer().origin.name.clone()))
}

/// Gives the warnings of the list in force, as ipgate_list_warnings() does for a list. It may hold nothing.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_gate_warnings(
    gate: Option<&ipgate_gate>,
    warnings: Option<&mut MaybeUninit<*mut ipgate_error>>,
) -> ipgate_status {
    boundary::make(warnings, || Ok(self::warnings(given(gate, "gate")?)))
}

pub(crate) fn warnings(gate: &ipgate_gate) -> ipgate_error {
    gate.writer().warnings.clone().unwrap_or_default()
}

/// Gives a copy of the last failure since the last swap; its status is IPGATE_OK where there was none. What
/// checks have to report, caught panics, is here too.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_gate_last_error(
    gate: Option<&ipgate_gate>,
    error: Option<&mut MaybeUninit<*mut ipgate_error>>,
) -> ipgate_status {
    boundary::make(error, || Ok(last_error(given(gate, "gate")?)))
}

pub(crate) fn last_error(gate: &ipgate_gate) -> ipgate_error {
    let own = gate.writer().failures.last.clone();
    let status = gate.gate().status();
    ipgate_error::last(own, status.last_failure, status.last_swap)
}

/// Microseconds since 1970 UTC; a clock before that is at 0.
pub(crate) fn micros(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
