//! Readers: the checks.

use std::any::Any;
use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::net::{IpAddr, Ipv4Addr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ipgate::layers::LayersReader;
use ipgate::{Address, Gate, parse_address};

use crate::boundary::{self, given};
use crate::failure::Failure;
use crate::fault;
use crate::policy::ipgate_policy;
use crate::raw::{self, Array, Sized_};
use crate::status::ipgate_status;
use crate::verdict::{ipgate_count, ipgate_decision, ipgate_entry, ipgate_verdict};
use crate::writer::ipgate_gate;

/// A thread's handle for checks. A check takes no lock, does not wait and does not allocate.
///
/// One thread at a time; take one for each thread. It may outlive the gate or policy that it was made from,
/// and then goes on with the last table. An idle reader keeps the table of its last check alive: see
/// ipgate_reader_pause().
#[derive(Debug)]
pub struct ipgate_reader {
    layers: LayersReader,
    /// Where caught panics are reported.
    gates: Vec<Gate>,
}

/// Takes a reader of a gate.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_reader_new(
    gate: Option<&ipgate_gate>,
    reader: Option<&mut MaybeUninit<*mut ipgate_reader>>,
) -> ipgate_status {
    boundary::make(reader, || {
        let gate = given(gate, "gate")?.gate();
        Ok(ipgate_reader { layers: LayersReader::of_gate(gate), gates: vec![gate.clone()] })
    })
}

/// Takes a reader of a policy as it is now. The gates in it go on being swapped.
///
/// With two gates and IPGATE_EXTEND a check looks into both tables. Until a gate has its first list, such a
/// policy denies everyone: what that list will deny is not known.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_reader_new_policy(
    policy: Option<&ipgate_policy>,
    reader: Option<&mut MaybeUninit<*mut ipgate_reader>>,
) -> ipgate_status {
    boundary::make(reader, || {
        let layers = &given(policy, "policy")?.layers;
        Ok(ipgate_reader { layers: layers.reader(), gates: layers.gates().cloned().collect() })
    })
}

/// Checks a socket address: AF_INET or AF_INET6 is looked up, everything else is a client without an IP
/// address. Writes the verdict unless it is NULL.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_check(
    reader: Option<&mut ipgate_reader>,
    address: *const libc::sockaddr,
    len: libc::socklen_t,
    verdict: *mut ipgate_verdict,
) -> ipgate_decision {
    if address.is_null() {
        // SAFETY: the header's rules.
        return unsafe { failed(verdict) };
    }
    // SAFETY: the header's rules.
    match unsafe { raw::socket_ip(address, len) } {
        // SAFETY: the header's rules.
        Some(IpAddr::V4(v4)) => unsafe { check_v4(reader, v4.to_bits(), verdict) },
        // SAFETY: the header's rules.
        other => unsafe { check_any(reader, other.map(Address::from), verdict) },
    }
}

/// Decides about a socket address as ipgate_check() does without a verdict, and counts the decision: see
/// ipgate_reader_counts(). What a program asks that filters every request and wants to report.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_admit(
    reader: Option<&mut ipgate_reader>,
    address: *const libc::sockaddr,
    len: libc::socklen_t,
) -> ipgate_decision {
    if address.is_null() {
        return ipgate_decision::IPGATE_DENY;
    }
    let Some(reader) = reader else { return ipgate_decision::IPGATE_DENY };
    // SAFETY: the header's rules.
    if let Some(v4) = unsafe { raw::socket_v4(address, len) } {
        match guarded(reader, |layers| layers.admit_settled(IpAddr::V4(v4))) {
            Some(Some(is_allowed)) => return ipgate_decision::of(is_allowed),
            Some(None) => {}
            None => return ipgate_decision::IPGATE_DENY,
        }
    }
    // SAFETY: the header's rules.
    unsafe { admit_socket(reader, address, len) }
}

/// [`ipgate_admit`] of every other client and table.
///
/// # Safety
///
/// As there; `address` is not NULL.
#[inline(never)]
unsafe extern "C" fn admit_socket(
    reader: &mut ipgate_reader,
    address: *const libc::sockaddr,
    len: libc::socklen_t,
) -> ipgate_decision {
    // SAFETY: the header's rules.
    unsafe { admit(reader, raw::socket_ip(address, len), std::ptr::null_mut()) }
}

/// Checks a socket address as ipgate_check() does, verdict included, and counts the decision.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_admit_verdict(
    reader: Option<&mut ipgate_reader>,
    address: *const libc::sockaddr,
    len: libc::socklen_t,
    verdict: *mut ipgate_verdict,
) -> ipgate_decision {
    match reader.filter(|_| !address.is_null()) {
        // SAFETY: the header's rules.
        Some(reader) => unsafe { admit(reader, raw::socket_ip(address, len), verdict) },
        // SAFETY: the header's rules.
        None => unsafe { failed(verdict) },
    }
}

/// The same with an address as text, as ipgate_check_text() has it. Writes the verdict unless it is NULL.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_admit_text(
    reader: Option<&mut ipgate_reader>,
    address: *const c_char,
    len: usize,
    verdict: *mut ipgate_verdict,
) -> ipgate_decision {
    // SAFETY: the header's rules.
    match (reader, unsafe { raw::slice(address.cast(), len) }) {
        // SAFETY: the header's rules.
        (Some(reader), Some(text)) => unsafe { admit(reader, ip_of_text(text), verdict) },
        // SAFETY: the header's rules.
        _ => unsafe { failed(verdict) },
    }
}

/// Writes how many decisions ipgate_admit() has made with this reader, by list and label, as many counts as there is
/// room for, and returns how many there are. Labels are counted across swaps by their texts; at most 4,096 of a list
/// are told apart, the others are counted together. `counts` may be NULL where `capacity` is 0; otherwise the first
/// element says how long each is. Allocates.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_reader_counts(
    reader: Option<&mut ipgate_reader>,
    counts: *mut ipgate_count,
    capacity: usize,
) -> usize {
    list(reader, counts, capacity, "counts", |layers| {
        let counts = layers.counts().flat_map(|(from, tally)| {
            tally.sums().map(move |(whose, sum)| ipgate_count::new(from, whose, sum))
        });
        Ok(counts.filter(|count| count.allowed > 0 || count.denied > 0).collect())
    })
}

/// Checks an address of 4 bytes (IPv4) or 16 (IPv6) in network order. Any other length is a client without
/// an IP address. Writes the verdict unless it is NULL.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_check_bytes(
    reader: Option<&mut ipgate_reader>,
    address: *const u8,
    len: usize,
    verdict: *mut ipgate_verdict,
) -> ipgate_decision {
    if len == 4 && !address.is_null() {
        // SAFETY: the header's rules; four bytes, of whatever alignment.
        let v4 = Ipv4Addr::from(unsafe { address.cast::<[u8; 4]>().read() });
        // SAFETY: the header's rules.
        return unsafe { check_v4(reader, v4.to_bits(), verdict) };
    }
    // SAFETY: the header's rules.
    unsafe { check_bytes(reader, address, len, verdict) }
}

/// [`ipgate_check_bytes`] for every other client.
///
/// # Safety
///
/// As there.
#[inline(never)]
unsafe extern "C" fn check_bytes(
    reader: Option<&mut ipgate_reader>,
    address: *const u8,
    len: usize,
    verdict: *mut ipgate_verdict,
) -> ipgate_decision {
    // SAFETY: the header's rules.
    match unsafe { raw::slice(address, len) } {
        // SAFETY: the header's rules.
        Some(bytes) => unsafe { check_any(reader, ip(bytes).map(Address::from), verdict) },
        // SAFETY: the header's rules.
        None => unsafe { failed(verdict) },
    }
}

/// Checks an address as text, such as "10.0.1.7" or "2001:db8::7", which need not end with a NUL. What is no
/// IP address is a client without one. Writes the verdict unless it is NULL.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_check_text(
    reader: Option<&mut ipgate_reader>,
    address: *const c_char,
    len: usize,
    verdict: *mut ipgate_verdict,
) -> ipgate_decision {
    // SAFETY: the header's rules.
    let Some(text) = (unsafe { raw::slice(address.cast(), len) }) else {
        // SAFETY: the header's rules.
        return unsafe { failed(verdict) };
    };
    // SAFETY: the header's rules.
    unsafe { check_any(reader, ip_of_text(text).map(Address::from), verdict) }
}

/// Checks `count` addresses of 16 bytes each in network order, IPv4 as ::ffff:a.b.c.d, and writes an
/// ipgate_decision of one byte for each. Returns how many are allowed. A swap may come between two answers,
/// never into one. Where it fails nothing is allowed: it returns 0, and every decision is a denial.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_check_batch(
    reader: Option<&mut ipgate_reader>,
    addresses: *const u8,
    count: usize,
    decisions: *mut u8,
) -> usize {
    boundary::value(0, || {
        // SAFETY: the header's rules; a NULL is refused.
        let Ok(decisions) = (unsafe { raw::bytes_mut(decisions, count, "decisions") }) else { return 0 };
        decisions.fill(0);
        let Some(len) = count.checked_mul(16) else { return 0 };
        // SAFETY: the header's rules.
        let Ok(addresses) = (unsafe { raw::bytes(addresses, len, "addresses") }) else { return 0 };
        let Some(reader) = reader else { return 0 };
        batch(&mut reader.layers, addresses, decisions)
    })
}

fn batch(layers: &mut LayersReader, addresses: &[u8], decisions: &mut [u8]) -> usize {
    fault::point();
    let mut count = 0;
    for (group, decisions) in addresses.as_chunks::<16>().0.chunks(GROUP).zip(decisions.chunks_mut(GROUP)) {
        let (mut clients, mut allowed) = ([IpAddr::V4(Ipv4Addr::UNSPECIFIED); GROUP], [false; GROUP]);
        clients.iter_mut().zip(group).for_each(|(client, address)| *client = IpAddr::from(*address));
        let clients = clients.get(..group.len()).unwrap_or_default();
        layers.are_allowed(clients, &mut allowed);
        for (decision, is_allowed) in decisions.iter_mut().zip(allowed) {
            *decision = u8::from(is_allowed);
            count += usize::from(is_allowed);
        }
    }
    count
}

/// Addresses of a batch that are asked together.
const GROUP: usize = 64;

/// Explains a decision: writes the entries that cover an address, the one that decides first, as many as
/// there is room for, and returns how many there are. The address is as for ipgate_check_bytes().
///
/// `entries` may be NULL where `capacity` is 0; otherwise the first element says how long each is. Allocates.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_explain(
    reader: Option<&mut ipgate_reader>,
    address: *const u8,
    len: usize,
    entries: *mut ipgate_entry,
    capacity: usize,
) -> usize {
    list(reader, entries, capacity, "entries", |layers| {
        // SAFETY: the header's rules.
        let address = unsafe { raw::bytes(address, len, "address")? };
        let covering = ip(address).map(|address| layers.covering(address)).unwrap_or_default();
        Ok(covering.into_iter().map(|(from, entry)| ipgate_entry::new(from, entry)).collect())
    })
}

/// Writes the entries that cease to hold at or before an instant (microseconds since 1970 UTC), the soonest
/// first, as many as there is room for, and returns how many there are. Looks at every entry of a table that
/// has such entries. `entries` as for ipgate_explain(). Allocates.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_expiring(
    reader: Option<&mut ipgate_reader>,
    until_micros: i64,
    entries: *mut ipgate_entry,
    capacity: usize,
) -> usize {
    list(reader, entries, capacity, "entries", |layers| {
        let expiring = layers.expiring(instant(until_micros));
        Ok(expiring.into_iter().map(|(from, entry)| ipgate_entry::new(from, entry)).collect())
    })
}

/// Lets go of the table, so that an idle reader keeps no old one alive; the next check takes the current one.
/// Ends the life of labels that the reader gave. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_reader_pause(reader: Option<&mut ipgate_reader>) {
    boundary::value((), || reader.into_iter().for_each(|reader| reader.layers.pause()));
}

/// Frees a reader. NULL is fine. Ends the life of labels that the reader gave.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_reader_free(reader: Option<Box<ipgate_reader>>) {
    boundary::value((), || drop(reader));
}

// The checks behind all forms of addresses. They are apart for what is asked, and their addresses are numbers,
// because registers that are saved for another case, and an address that is written to memory in small pieces
// and read back in a large one, cost more than the lookup (benches/check.rs). They are `extern "C"` because such
// a function does not unwind: an entry point can jump to it where it would have to call it otherwise.

/// # Safety
///
/// The rules at the top of the header hold for `verdict`.
#[inline(always)]
unsafe fn check_v4(
    reader: Option<&mut ipgate_reader>,
    address: u32,
    verdict: *mut ipgate_verdict,
) -> ipgate_decision {
    match reader {
        Some(reader) if verdict.is_null() => decide_v4(reader, address),
        // SAFETY: as promised to this function.
        Some(reader) => unsafe { judge_v4(reader, address, verdict) },
        // SAFETY: as promised to this function.
        None => unsafe { failed(verdict) },
    }
}

#[inline(never)]
extern "C" fn decide_v4(reader: &mut ipgate_reader, address: u32) -> ipgate_decision {
    let decided = guarded(reader, |layers| layers.is_allowed(IpAddr::V4(Ipv4Addr::from_bits(address))));
    ipgate_decision::of(decided.unwrap_or(false))
}

/// # Safety
///
/// As [`check_v4`].
#[inline(never)]
unsafe extern "C" fn judge_v4(
    reader: &mut ipgate_reader,
    address: u32,
    verdict: *mut ipgate_verdict,
) -> ipgate_decision {
    // SAFETY: as promised to this function.
    unsafe { judge(reader, Address::from(Ipv4Addr::from_bits(address)), verdict) }
}

/// The same for every other client.
///
/// # Safety
///
/// As [`check_v4`].
#[inline(never)]
unsafe fn check_any(
    reader: Option<&mut ipgate_reader>,
    address: Option<Address>,
    verdict: *mut ipgate_verdict,
) -> ipgate_decision {
    let Some(reader) = reader else {
        // SAFETY: as promised to this function.
        return unsafe { failed(verdict) };
    };
    if !verdict.is_null() {
        // SAFETY: as promised to this function.
        return unsafe { judge(reader, address, verdict) };
    }
    let decided = guarded(reader, |layers| address.is_some_and(|address| layers.is_allowed(address.into())));
    ipgate_decision::of(decided.unwrap_or(false))
}

/// Generic so that an address of a known family has a copy of its own.
///
/// # Safety
///
/// As [`check_v4`].
#[inline(always)]
unsafe fn judge(
    reader: &mut ipgate_reader,
    address: impl Into<Option<Address>>,
    verdict: *mut ipgate_verdict,
) -> ipgate_decision {
    let address = address.into();
    // SAFETY: as promised to this function.
    let Some(ours) = (unsafe { raw::in_place(verdict) }) else {
        // SAFETY: as promised to this function.
        return unsafe { judge_other(reader, address, verdict) };
    };
    match guarded(reader, |layers| layers.check_with(address, |verdict| ours.fill(verdict))) {
        Some(is_allowed) => ipgate_decision::of(is_allowed),
        // SAFETY: as promised to this function.
        None => unsafe { failed(verdict) },
    }
}

/// The same with a verdict of another version's size.
///
/// # Safety
///
/// As [`check_v4`].
#[cold]
#[inline(never)]
unsafe fn judge_other(
    reader: &mut ipgate_reader,
    address: Option<Address>,
    verdict: *mut ipgate_verdict,
) -> ipgate_decision {
    let judged = guarded(reader, |layers| {
        layers.check_with(address, |of| {
            // SAFETY: as promised to this function.
            unsafe { raw::fill_other(verdict, "verdict", |verdict| verdict.fill(of)) }.ok()
        })
    });
    match judged.flatten() {
        Some(is_allowed) => ipgate_decision::of(is_allowed),
        // SAFETY: as promised to this function.
        None => unsafe { failed(verdict) },
    }
}

/// Runs a check. A panic is caught and reported.
#[inline(always)]
fn guarded<R>(reader: &mut ipgate_reader, check: impl FnOnce(&mut LayersReader) -> R) -> Option<R> {
    let layers = &mut reader.layers;
    let check = || {
        fault::point();
        check(layers)
    };
    match catch_unwind(AssertUnwindSafe(check)) {
        Ok(result) => Some(result),
        Err(panic) => {
            report(&reader.gates, panic);
            None
        }
    }
}

/// The denial of a check that fails. It is written too, so that no earlier verdict in the same place can be
/// taken for this one.
///
/// # Safety
///
/// The rules at the top of the header hold for `verdict`.
#[cold]
unsafe extern "C" fn failed(verdict: *mut ipgate_verdict) -> ipgate_decision {
    // SAFETY: as promised to this function. One of a wrong size cannot be written.
    boundary::value((), || drop(unsafe { raw::fill(verdict, "verdict", ipgate_verdict::fail) }));
    ipgate_decision::IPGATE_DENY
}

/// Reports a caught panic where operators look.
#[cold]
fn report(gates: &[Gate], panic: Box<dyn Any + Send>) {
    boundary::value((), || {
        let failure = Failure::panic(boundary::panic_text(&*panic));
        gates.iter().for_each(|gate| gate.record_failure(failure.message()));
    });
}

/// A check that is counted. A verdict of another version's size, or none, is filled through one of ours.
///
/// # Safety
///
/// The rules at the top of the header hold for `verdict`.
unsafe fn admit(
    reader: &mut ipgate_reader,
    address: Option<IpAddr>,
    verdict: *mut ipgate_verdict,
) -> ipgate_decision {
    let judged = guarded(reader, |layers| {
        layers.admit_with(address.map(Address::from), |of| {
            if verdict.is_null() {
                return Some(of.is_allowed());
            }
            // SAFETY: as promised to this function.
            unsafe { raw::fill(verdict, "verdict", |verdict| verdict.fill(of)) }.ok()
        })
    });
    match judged.flatten() {
        Some(is_allowed) => ipgate_decision::of(is_allowed),
        // SAFETY: as promised to this function.
        None => unsafe { failed(verdict) },
    }
}

/// The address in a text.
fn ip_of_text(text: &[u8]) -> Option<IpAddr> {
    std::str::from_utf8(text).ok().and_then(|text| parse_address(text).ok())
}

/// The address in 4 or 16 bytes.
#[inline]
fn ip(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => Some(IpAddr::from(<[u8; 4]>::try_from(bytes).ok()?)),
        16 => Some(IpAddr::from(<[u8; 16]>::try_from(bytes).ok()?)),
        _ => None,
    }
}

/// The instant that is so many microseconds after 1970 UTC; the last one there is where it is later than that.
fn instant(micros: i64) -> SystemTime {
    /// In the year 9999, after every expiry that a list can name.
    const LAST: Duration = Duration::from_secs(253_402_300_800);
    let distance = Duration::from_micros(micros.unsigned_abs());
    let instant = match micros < 0 {
        true => UNIX_EPOCH.checked_sub(distance),
        false => UNIX_EPOCH.checked_add(distance),
    };
    instant.unwrap_or(if micros < 0 { UNIX_EPOCH } else { UNIX_EPOCH + LAST })
}

/// Runs a call that writes an array, as much as there is room for, and returns how many elements there are.
fn list<T: Sized_>(
    reader: Option<&mut ipgate_reader>,
    array: *mut T,
    capacity: usize,
    name: &'static str,
    find: impl FnOnce(&mut LayersReader) -> Result<Vec<T>, Failure>,
) -> usize {
    let found = boundary::caught(|| {
        let reader = reader.ok_or(Failure::null("reader"))?;
        // SAFETY: an array of the caller's, by the header's rules.
        let mut room = unsafe { Array::new(array, capacity, name)? };
        fault::point();
        let found = find(&mut reader.layers)?;
        found.iter().take(room.capacity()).enumerate().for_each(|(index, element)| room.set(index, element));
        Ok(found.len())
    });
    found.unwrap_or(0)
}

#[cfg(test)]
mod tests;
