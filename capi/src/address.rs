//! A client's address in the forms in which C has it.

use std::net::Ipv4Addr;

use ipgate::Address;
use libc::{sa_family_t, sockaddr, sockaddr_in, sockaddr_in6};

/// The address in 4 or 16 bytes of network order.
#[inline]
pub(crate) fn of_bytes(bytes: &[u8]) -> Option<Address> {
    match bytes.len() {
        4 => Some(Address::from(<[u8; 4]>::try_from(bytes).ok()?)),
        16 => Some(Address::from(<[u8; 16]>::try_from(bytes).ok()?)),
        _ => None,
    }
}

/// The address in a text.
pub(crate) fn of_text(text: &[u8]) -> Option<Address> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// The address in a socket address; `None` for every other family, and for one that is too short for its family.
#[inline]
pub(crate) fn of_socket(socket: &[u8]) -> Option<Address> {
    match family(socket)? {
        libc::AF_INET => v4_of_socket(socket).map(Address::from),
        libc::AF_INET6 => {
            let socket: &[u8; size_of::<sockaddr_in6>()] = socket.first_chunk()?;
            let octets: [u8; 16] = field(socket, std::mem::offset_of!(sockaddr_in6, sin6_addr))?;
            Some(Address::from(octets))
        }
        _ => None,
    }
}

/// The address in a socket address that is an IPv4 one.
#[inline(always)]
pub(crate) fn v4_of_socket(socket: &[u8]) -> Option<Ipv4Addr> {
    let socket: &[u8; size_of::<sockaddr_in>()] = socket.first_chunk()?;
    let octets: [u8; 4] = field(socket, std::mem::offset_of!(sockaddr_in, sin_addr))?;
    (family(socket)? == libc::AF_INET).then(|| Ipv4Addr::from(octets))
}

#[inline(always)]
fn family(socket: &[u8]) -> Option<i32> {
    let family = field(socket, std::mem::offset_of!(sockaddr, sa_family))?;
    Some(i32::from(sa_family_t::from_ne_bytes(family)))
}

/// The bytes of a field, which may have any alignment.
#[inline(always)]
fn field<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}
