//! The checks of sites: by name, by host, by app, each with an address in every form in which C has it.

use std::ffi::c_char;

use crate::address;
use crate::raw::{Bytes, Room};
use crate::verdict::{ipgate_decision, ipgate_verdict};

use super::app::ipgate_app;
use super::reader::{Client, by_app, by_host, by_name, by_name_v4, ipgate_site_reader};

/// A client with a socket address, which has to be there.
#[inline(always)]
fn socket(address: Bytes<'_>) -> Client {
    address.get().filter(|_| !address.is_null()).map(address::of_socket)
}

/// A client with an address of 4 or 16 bytes.
#[inline(always)]
fn bytes(address: Bytes<'_>) -> Client {
    address.get().map(address::of_bytes)
}

/// A client with an address as text.
#[inline(always)]
fn text(address: Bytes<'_>) -> Client {
    address.get().map(address::of_text)
}

/// Checks a client of the app of that name, which the site may name or not, with a socket address as ipgate_check()
/// has it. Writes the verdict unless it is NULL. What is no UTF-8 is the name of no app.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_site_check_name(
    reader: Option<&mut ipgate_site_reader>,
    name: *const c_char,
    name_len: usize,
    address: *const libc::sockaddr,
    len: libc::socklen_t,
    verdict: *mut ipgate_verdict,
) -> ipgate_decision {
    // SAFETY: `name` has `name_len` bytes, `address` has `len`, and `verdict` as many as its size says.
    let (name, address, verdict) = unsafe {
        (Bytes::new(name.cast(), name_len), Bytes::new(address.cast(), len as usize), Room::new(verdict))
    };
    match (reader, name.get(), address.get().and_then(address::v4_of_socket)) {
        (Some(reader), Some(name), Some(address)) if verdict.is_null() => by_name_v4(reader, name, address),
        (reader, ..) => by_name(reader, name, socket(address), verdict),
    }
}

/// The same with an address of 4 or 16 bytes, as ipgate_check_bytes() has it.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_site_check_name_bytes(
    reader: Option<&mut ipgate_site_reader>,
    name: *const c_char,
    name_len: usize,
    address: *const u8,
    len: usize,
    verdict: *mut ipgate_verdict,
) -> ipgate_decision {
    // SAFETY: `name` has `name_len` bytes, `address` has `len`, and `verdict` as many as its size says.
    let (name, address, verdict) =
        unsafe { (Bytes::new(name.cast(), name_len), Bytes::new(address, len), Room::new(verdict)) };
    by_name(reader, name, bytes(address), verdict)
}

/// The same with an address as text, as ipgate_check_text() has it.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_site_check_name_text(
    reader: Option<&mut ipgate_site_reader>,
    name: *const c_char,
    name_len: usize,
    address: *const c_char,
    len: usize,
    verdict: *mut ipgate_verdict,
) -> ipgate_decision {
    // SAFETY: `name` has `name_len` bytes, `address` has `len`, and `verdict` as many as its size says.
    let (name, address, verdict) =
        unsafe { (Bytes::new(name.cast(), name_len), Bytes::new(address.cast(), len), Room::new(verdict)) };
    by_name(reader, name, text(address), verdict)
}

/// Checks a client of the app to which a request's host belongs: that of this very host, or of the longest "*."
/// above it; in any case, with or without a dot at its end and a port. A host that the site does not name, an empty
/// one among them, is of an app that it does not name. The address is as for ipgate_check(). Writes the verdict
/// unless it is NULL.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_site_check_host(
    reader: Option<&mut ipgate_site_reader>,
    host: *const c_char,
    host_len: usize,
    address: *const libc::sockaddr,
    len: libc::socklen_t,
    verdict: *mut ipgate_verdict,
) -> ipgate_decision {
    // SAFETY: `host` has `host_len` bytes, `address` has `len`, and `verdict` as many as its size says.
    let (host, address, verdict) = unsafe {
        (Bytes::new(host.cast(), host_len), Bytes::new(address.cast(), len as usize), Room::new(verdict))
    };
    by_host(reader, host, socket(address), verdict)
}

/// The same with an address of 4 or 16 bytes, as ipgate_check_bytes() has it.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_site_check_host_bytes(
    reader: Option<&mut ipgate_site_reader>,
    host: *const c_char,
    host_len: usize,
    address: *const u8,
    len: usize,
    verdict: *mut ipgate_verdict,
) -> ipgate_decision {
    // SAFETY: `host` has `host_len` bytes, `address` has `len`, and `verdict` as many as its size says.
    let (host, address, verdict) =
        unsafe { (Bytes::new(host.cast(), host_len), Bytes::new(address, len), Room::new(verdict)) };
    by_host(reader, host, bytes(address), verdict)
}

/// The same with an address as text, as ipgate_check_text() has it.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_site_check_host_text(
    reader: Option<&mut ipgate_site_reader>,
    host: *const c_char,
    host_len: usize,
    address: *const c_char,
    len: usize,
    verdict: *mut ipgate_verdict,
) -> ipgate_decision {
    // SAFETY: `host` has `host_len` bytes, `address` has `len`, and `verdict` as many as its size says.
    let (host, address, verdict) =
        unsafe { (Bytes::new(host.cast(), host_len), Bytes::new(address.cast(), len), Room::new(verdict)) };
    by_host(reader, host, text(address), verdict)
}

/// Checks a client of an app, with a socket address as ipgate_check() has it. Writes the verdict unless it is NULL.
/// The fastest way where one app is asked for again and again.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_site_check_app(
    reader: Option<&mut ipgate_site_reader>,
    app: Option<&mut ipgate_app>,
    address: *const libc::sockaddr,
    len: libc::socklen_t,
    verdict: *mut ipgate_verdict,
) -> ipgate_decision {
    // SAFETY: `address` has `len` bytes, and `verdict` as many as its size says.
    let (address, verdict) = unsafe { (Bytes::new(address.cast(), len as usize), Room::new(verdict)) };
    by_app(reader, app, socket(address), verdict)
}

/// The same with an address of 4 or 16 bytes, as ipgate_check_bytes() has it.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_site_check_app_bytes(
    reader: Option<&mut ipgate_site_reader>,
    app: Option<&mut ipgate_app>,
    address: *const u8,
    len: usize,
    verdict: *mut ipgate_verdict,
) -> ipgate_decision {
    // SAFETY: `address` has `len` bytes, and `verdict` as many as its size says.
    let (address, verdict) = unsafe { (Bytes::new(address, len), Room::new(verdict)) };
    by_app(reader, app, bytes(address), verdict)
}

/// The same with an address as text, as ipgate_check_text() has it.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_site_check_app_text(
    reader: Option<&mut ipgate_site_reader>,
    app: Option<&mut ipgate_app>,
    address: *const c_char,
    len: usize,
    verdict: *mut ipgate_verdict,
) -> ipgate_decision {
    // SAFETY: `address` has `len` bytes, and `verdict` as many as its size says.
    let (address, verdict) = unsafe { (Bytes::new(address.cast(), len), Room::new(verdict)) };
    by_app(reader, app, text(address), verdict)
}
