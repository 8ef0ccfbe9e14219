//! The checks behind all forms of addresses.
//!
//! They are split by what is asked, and their addresses are numbers, because registers that are saved for another
//! case, and an address that is written to memory in small pieces and read back in a large one, cost more than the
//! lookup (`benches/check.rs`). They are `extern "C"` because such a function does not unwind: an entry point can jump
//! to it where it would have to call it otherwise.

use std::any::Any;
use std::net::{IpAddr, Ipv4Addr};
use std::panic::{AssertUnwindSafe, catch_unwind};

use ipgate::layers::LayersReader;
use ipgate::{Address, Gate, Judgement};

use crate::address;
use crate::boundary;
use crate::failure::Failure;
use crate::fault;
use crate::raw::{Bytes, Room};
use crate::verdict::{ipgate_decision, ipgate_verdict};

/// A thread's handle for checks. A check takes no lock, does not wait and does not allocate.
///
/// One thread at a time; take one for each thread. It may outlive the gate or policy that it was made from,
/// and then goes on with the last table. An idle reader keeps the table of its last check alive: see
/// ipgate_reader_pause().
#[derive(Debug)]
pub struct ipgate_reader {
    pub(crate) layers: LayersReader,
    /// Where caught panics are reported.
    pub(crate) gates: Vec<Gate>,
}

#[inline(always)]
pub(crate) fn check_v4(
    reader: Option<&mut ipgate_reader>,
    address: Ipv4Addr,
    verdict: Room<'_, ipgate_verdict>,
) -> ipgate_decision {
    match reader {
        Some(reader) if verdict.is_null() => decide_v4(reader, address.to_bits()),
        Some(reader) => judge_v4(reader, address.to_bits(), verdict),
        None => failed(verdict),
    }
}

#[inline(never)]
extern "C" fn decide_v4(reader: &mut ipgate_reader, address: u32) -> ipgate_decision {
    decided(reader, |layers| layers.is_allowed(IpAddr::V4(Ipv4Addr::from_bits(address))))
}

#[inline(never)]
extern "C" fn judge_v4(
    reader: &mut ipgate_reader,
    address: u32,
    verdict: Room<'_, ipgate_verdict>,
) -> ipgate_decision {
    judge::<false>(reader, Address::from(Ipv4Addr::from_bits(address)), verdict)
}

/// The same for every other client.
#[inline(never)]
pub(crate) fn check_any(
    reader: Option<&mut ipgate_reader>,
    address: Option<Address>,
    verdict: Room<'_, ipgate_verdict>,
) -> ipgate_decision {
    let Some(reader) = reader else { return failed(verdict) };
    if !verdict.is_null() {
        return judge::<false>(reader, address, verdict);
    }
    decided(reader, |layers| address.is_some_and(|address| layers.allows(address)))
}

/// The same for clients whose address is given as bytes.
#[inline(never)]
pub(crate) extern "C" fn check_bytes(
    reader: Option<&mut ipgate_reader>,
    address: Bytes<'_>,
    verdict: Room<'_, ipgate_verdict>,
) -> ipgate_decision {
    match address.get() {
        Some(bytes) => check_any(reader, address::of_bytes(bytes), verdict),
        None => failed(verdict),
    }
}

/// A check with a verdict, and whether it is counted. Generic so that an address of a known family has a copy of its own.
#[inline(always)]
fn judge<const COUNTED: bool>(
    reader: &mut ipgate_reader,
    address: impl Into<Option<Address>>,
    mut verdict: Room<'_, ipgate_verdict>,
) -> ipgate_decision {
    let address = address.into();
    let judged = match verdict.in_place() {
        Some(ours) => guarded(reader, |layers| ask::<COUNTED, _>(layers, address, |of| ours.fill(of))),
        None => {
            return judged_other(reader, verdict, move |layers, verdict| {
                ask::<COUNTED, _>(layers, address, |of| verdict.fill(of))
            });
        }
    };
    answer(judged, verdict)
}

/// A check with a verdict of another version's size, which `ask` fills in; it says whether the client is allowed. A closure
/// of its own, and one that owns what it asks for: the common case would call what both share, with the address in memory.
#[cold]
#[inline(never)]
pub(crate) fn judged_other<H: Handle>(
    handle: &mut H,
    mut verdict: Room<'_, ipgate_verdict>,
    ask: impl FnOnce(&mut H::Reader, &mut ipgate_verdict) -> bool,
) -> ipgate_decision {
    let judged = guarded(handle, |reader| verdict.fill_other("verdict", |verdict| ask(reader, verdict)).ok());
    answer(judged.flatten(), verdict)
}

/// Asks, counted or not.
#[inline(always)]
fn ask<const COUNTED: bool, R>(
    layers: &mut LayersReader,
    address: Option<Address>,
    take: impl FnOnce(Judgement<'_>) -> R,
) -> R {
    if COUNTED { layers.admit_with(address, take) } else { layers.check_with(address, take) }
}

/// A check that is counted.
pub(crate) fn admit(
    reader: &mut ipgate_reader,
    address: Option<Address>,
    verdict: Room<'_, ipgate_verdict>,
) -> ipgate_decision {
    if !verdict.is_null() {
        return judge::<true>(reader, address, verdict);
    }
    decided(reader, |layers| layers.admit_with(address, |of| of.is_allowed()))
}

/// The decision for an IPv4 client, counted, where it takes a few loads; `None` where nothing was counted.
#[inline(always)]
pub(crate) fn admit_settled(reader: &mut ipgate_reader, address: Ipv4Addr) -> Option<ipgate_decision> {
    match guarded(reader, |layers| layers.admit_settled(IpAddr::V4(address))) {
        Some(settled) => settled.map(ipgate_decision::of),
        None => Some(ipgate_decision::IPGATE_DENY),
    }
}

/// [`admit`] for every other client that has a socket address, and for every other table.
#[inline(never)]
pub(crate) extern "C" fn admit_socket(reader: &mut ipgate_reader, socket: Bytes<'_>) -> ipgate_decision {
    admit(reader, socket.get().and_then(address::of_socket), Room::NULL)
}

/// A check of which only the decision is wanted.
#[inline(always)]
pub(crate) fn decided<H: Handle>(
    handle: &mut H,
    ask: impl FnOnce(&mut H::Reader) -> bool,
) -> ipgate_decision {
    ipgate_decision::of(guarded(handle, ask).unwrap_or(false))
}

/// Runs a check. A panic is caught and reported.
#[inline(always)]
pub(crate) fn guarded<H: Handle, R>(handle: &mut H, check: impl FnOnce(&mut H::Reader) -> R) -> Option<R> {
    let reader = handle.reader();
    let check = || {
        fault::point();
        check(reader)
    };
    match catch_unwind(AssertUnwindSafe(check)) {
        Ok(result) => Some(result),
        Err(panic) => {
            report(handle, panic);
            None
        }
    }
}

/// A thread's handle for checks, of a gate, a policy or a site.
pub(crate) trait Handle {
    /// The library's.
    type Reader;
    fn reader(&mut self) -> &mut Self::Reader;
    /// Takes what a check has to report to where operators look.
    fn record(&self, failure: &str);
}

impl Handle for ipgate_reader {
    type Reader = LayersReader;

    #[inline(always)]
    fn reader(&mut self) -> &mut LayersReader {
        &mut self.layers
    }

    fn record(&self, failure: &str) {
        self.gates.iter().for_each(|gate| gate.record_failure(failure));
    }
}

/// What a check came to, if it came to something.
#[inline(always)]
pub(crate) fn answer(judged: Option<bool>, verdict: Room<'_, ipgate_verdict>) -> ipgate_decision {
    judged.map_or_else(|| failed(verdict), ipgate_decision::of)
}

/// The denial of a check that fails. It is written too, so that no earlier verdict in the same place can be
/// taken for this one; in one of a wrong size it cannot be.
#[cold]
pub(crate) extern "C" fn failed(mut verdict: Room<'_, ipgate_verdict>) -> ipgate_decision {
    boundary::value((), || drop(verdict.fill("verdict", ipgate_verdict::fail)));
    ipgate_decision::IPGATE_DENY
}

/// Reports a caught panic where operators look.
#[cold]
fn report(handle: &impl Handle, panic: Box<dyn Any + Send>) {
    boundary::value((), || {
        let failure = Failure::panic(boundary::panic_text(&*panic));
        handle.record(failure.message());
    });
}
