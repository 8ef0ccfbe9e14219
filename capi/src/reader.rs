//! Readers: the checks.

use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ipgate::Address;
use ipgate::layers::LayersReader;

use crate::address;
use crate::boundary::{self, given};
use crate::check::{self, ipgate_reader};
use crate::entry::{ipgate_count, ipgate_entry};
use crate::failure::Failure;
use crate::fault;
use crate::policy::ipgate_policy;
use crate::raw::{self, Array, Bytes, Room, Sized_};
use crate::status::ipgate_status;
use crate::verdict::{ipgate_decision, ipgate_verdict};
use crate::writer::ipgate_gate;

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
    // SAFETY: `address` has `len` bytes, and `verdict` as many as its size says.
    let (socket, verdict) = unsafe { (Bytes::new(address.cast(), len as usize), Room::new(verdict)) };
    if address.is_null() {
        return check::failed(verdict);
    }
    let address = socket.get().and_then(address::of_socket);
    match address.map(IpAddr::from) {
        Some(IpAddr::V4(v4)) => check::check_v4(reader, v4, verdict),
        _ => check::check_any(reader, address, verdict),
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
    // SAFETY: `address` has `len` bytes.
    let socket = unsafe { Bytes::new(address.cast(), len as usize) };
    let v4 = socket.get().and_then(address::v4_of_socket);
    match v4.and_then(|v4| check::admit_settled(reader, v4)) {
        Some(decision) => decision,
        None => check::admit_socket(reader, socket),
    }
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
    // SAFETY: `address` has `len` bytes, and `verdict` as many as its size says.
    let (socket, verdict) = unsafe { (Bytes::new(address.cast(), len as usize), Room::new(verdict)) };
    match reader.filter(|_| !address.is_null()) {
        Some(reader) => check::admit(reader, socket.get().and_then(address::of_socket), verdict),
        None => check::failed(verdict),
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
    // SAFETY: `address` has `len` bytes, and `verdict` as many as its size says.
    let (text, verdict) = unsafe { (Bytes::new(address.cast(), len), Room::new(verdict)) };
    match (reader, text.get()) {
        (Some(reader), Some(text)) => check::admit(reader, address::of_text(text), verdict),
        _ => check::failed(verdict),
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
    // SAFETY: `counts` has `capacity` elements, each as long as the first one's size says.
    let counts = unsafe { Array::new(counts, capacity) };
    list(reader, counts, "counts", |layers| {
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
    // SAFETY: `address` has `len` bytes, and `verdict` as many as its size says.
    let (bytes, verdict) = unsafe { (Bytes::new(address, len), Room::new(verdict)) };
    match bytes.get() {
        Some(&[a, b, c, d]) => check::check_v4(reader, Ipv4Addr::new(a, b, c, d), verdict),
        _ => check::check_bytes(reader, bytes, verdict),
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
    // SAFETY: `address` has `len` bytes, and `verdict` as many as its size says.
    let (text, verdict) = unsafe { (Bytes::new(address.cast(), len), Room::new(verdict)) };
    match text.get() {
        Some(text) => check::check_any(reader, address::of_text(text), verdict),
        None => check::failed(verdict),
    }
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
    // SAFETY: `decisions` has `count` bytes, and `addresses` sixteen times as many, which are more than any memory holds
    // where that number has no room.
    let (decisions, addresses) =
        unsafe { (raw::bytes_mut(decisions, count), Bytes::new(addresses, count.saturating_mul(16))) };
    let Some(decisions) = decisions else { return 0 };
    let allowed = boundary::value(None, || Some(batch(&mut reader?.layers, addresses.get()?, decisions)));
    allowed.unwrap_or_else(|| {
        decisions.fill(0); // whatever was decided before it failed
        0
    })
}

fn batch(layers: &mut LayersReader, addresses: &[u8], decisions: &mut [u8]) -> usize {
    fault::point();
    let addresses = addresses.as_chunks::<16>().0;
    // Callers who gather what there is have a single one now and then: without what it takes to walk through many.
    if let ([address], [decision]) = (addresses, &mut *decisions) {
        let is_allowed = layers.allows(Address::from(*address));
        *decision = u8::from(is_allowed);
        return usize::from(is_allowed);
    }
    layers.are_allowed(addresses, decisions);
    decisions.iter().copied().map(usize::from).sum()
}

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
    // SAFETY: `address` has `len` bytes, and `entries` has `capacity` elements, each as long as the first one's size says.
    let (address, entries) = unsafe { (Bytes::new(address, len), Array::new(entries, capacity)) };
    list(reader, entries, "entries", |layers| {
        let address = address::of_bytes(address.given("address")?);
        let covering = address.map(|address| layers.covering(address.into())).unwrap_or_default();
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
    // SAFETY: `entries` has `capacity` elements, each as long as the first one's size says.
    let entries = unsafe { Array::new(entries, capacity) };
    list(reader, entries, "entries", |layers| {
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
    mut array: Array<'_, T>,
    name: &'static str,
    find: impl FnOnce(&mut LayersReader) -> Result<Vec<T>, Failure>,
) -> usize {
    let found = boundary::caught(|| {
        let reader = reader.ok_or(Failure::null("reader"))?;
        fault::point();
        let found = find(&mut reader.layers)?;
        array.fill(&found, name)?;
        Ok(found.len())
    });
    found.unwrap_or(0)
}

#[cfg(test)]
mod tests;
