//! Canonical addresses and prefixes.
//!
//! Everything that turns text into an address, and the one rule by which an IPv6 address stands for
//! an IPv4 one, lives here and nowhere else.

mod error;
mod text;
mod within;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

pub use error::AddressError;
pub(crate) use text::{leading_decimal, leading_v4, leading_v6, parse_length, parse_v4, parse_v6};
pub(crate) use within::address_within;

/// Bits before the IPv4 part of an IPv4-mapped IPv6 address (RFC 4291, 2.5.5.2).
const MAPPED_BITS: u8 = 96;

/// `::ffff:0:0/96`, which holds every IPv4-mapped address.
pub(crate) const MAPPED: Ipv6Addr = Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0);

/// A client's address as matching uses it: an IPv4-mapped IPv6 address (`::ffff:a.b.c.d`) is the IPv4 address
/// `a.b.c.d`; every other address is itself. There is no other way to make one, so that whoever holds one
/// need not think of the rule again.
///
/// Nothing else is unwrapped: not 6to4, not NAT64, not the deprecated `::a.b.c.d`, because whoever
/// controls such an IPv6 address need not control the IPv4 address inside it.
///
/// Text is read as by [`parse_address`].
///
/// ```
/// use ipgate::Address;
/// assert_eq!("::ffff:10.9.9.9".parse::<Address>()?, "10.9.9.9".parse()?);
/// assert_eq!("::10.9.9.9".parse::<Address>()?.to_string(), "::a09:909");
/// # Ok::<(), ipgate::address::AddressError>(())
/// ```
// A number and a flag, which fit into registers: an `IpAddr` that is handed on is written to memory in small
// pieces and read back in a large one, and that costs more than the lookup (`capi/benches/check.rs`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    is_v6: bool,
    /// The address as an integer, IPv4 in the lower 32 bits.
    number: u128,
}

/// An address as the number that its family's lookup takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bits {
    V4(u32),
    V6(u128),
}

impl Address {
    /// The number.
    #[inline(always)]
    pub(crate) fn bits(self) -> Bits {
        if self.is_v6 { Bits::V6(self.number) } else { Bits::V4(self.number as u32) }
    }
}

impl From<Ipv4Addr> for Address {
    #[inline(always)]
    fn from(v4: Ipv4Addr) -> Address {
        Address { is_v6: false, number: v4.to_bits().into() }
    }
}

impl From<Ipv6Addr> for Address {
    #[inline(always)]
    fn from(v6: Ipv6Addr) -> Address {
        match u32::try_from(v6.to_bits() ^ MAPPED.to_bits()) {
            Ok(v4) => Address { is_v6: false, number: v4.into() },
            Err(_) => Address { is_v6: true, number: v6.to_bits() },
        }
    }
}

impl From<IpAddr> for Address {
    #[inline(always)]
    fn from(address: IpAddr) -> Address {
        match address {
            IpAddr::V4(v4) => Address::from(v4),
            IpAddr::V6(v6) => Address::from(v6),
        }
    }
}

impl From<[u8; 4]> for Address {
    /// IPv4, in network order.
    #[inline(always)]
    fn from(octets: [u8; 4]) -> Address {
        Address::from(Ipv4Addr::from(octets))
    }
}

impl From<[u8; 16]> for Address {
    /// IPv6, in network order.
    #[inline(always)]
    fn from(octets: [u8; 16]) -> Address {
        Address::from(Ipv6Addr::from(octets))
    }
}

impl From<Address> for IpAddr {
    #[inline(always)]
    fn from(address: Address) -> IpAddr {
        match address.bits() {
            Bits::V4(v4) => IpAddr::V4(v4.into()),
            Bits::V6(v6) => IpAddr::V6(v6.into()),
        }
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Address, AddressError> {
        let address = match parse_v4(text) {
            Some(v4) => Some(Address::from(v4)),
            None => parse_v6(text).map(Address::from),
        };
        address.ok_or_else(|| AddressError::new(text))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        IpAddr::from(*self).fmt(f)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

/// The canonical form of an address, as [`Address`] has it.
///
/// ```
/// use ipgate::canonical_address;
/// assert_eq!(canonical_address("::ffff:10.9.9.9".parse()?), "10.9.9.9".parse::<std::net::IpAddr>()?);
/// assert_eq!(canonical_address("::10.9.9.9".parse()?), "::10.9.9.9".parse::<std::net::IpAddr>()?);
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[inline]
#[must_use]
pub fn canonical_address(address: IpAddr) -> IpAddr {
    Address::from(address).into()
}

/// Reads a client address: four decimal octets or RFC 4291 IPv6 text, and nothing around it. The
/// result is canonical (see [`Address`]).
///
/// # Errors
///
/// Whatever else: a port, a prefix length, a zone id, leading zeros, short or hexadecimal IPv4 forms,
/// blanks. A caller that cannot read its client's address must deny the client.
///
/// ```
/// assert!(ipgate::parse_address("10.0.1.7").is_ok());
/// assert!(ipgate::parse_address("010.0.1.7").is_err());
/// ```
pub fn parse_address(text: &str) -> Result<IpAddr, AddressError> {
    text.parse().map(Address::into)
}

/// A prefix as an entry holds it, and what was changed on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CanonicalPrefix {
    /// Host bits cleared; IPv4 where the prefix lies inside `::ffff:0:0/96`.
    pub(crate) prefix: IpNet,
    /// The address had bits set beyond the prefix length.
    pub(crate) host_bits: bool,
    /// A prefix shorter than /96 that covers `::ffff:0:0/96`: IPv4 clients do not match it.
    pub(crate) covers_mapped: bool,
}

/// The canonical form of a prefix, whose address may have bits set beyond its length.
#[inline]
pub(crate) fn canonical_prefix(given: IpNet) -> CanonicalPrefix {
    match given {
        IpNet::V4(given) => {
            let prefix = given.trunc();
            let host_bits = prefix.addr() != given.addr();
            CanonicalPrefix { prefix: IpNet::V4(prefix), host_bits, covers_mapped: false }
        }
        IpNet::V6(given) => {
            let prefix = given.trunc();
            let host_bits = prefix.addr() != given.addr();
            match unmapped_prefix(&prefix) {
                Some(v4) => CanonicalPrefix { prefix: IpNet::V4(v4), host_bits, covers_mapped: false },
                None => {
                    let covers_mapped = covers_mapped(&prefix);
                    CanonicalPrefix { prefix: IpNet::V6(prefix), host_bits, covers_mapped }
                }
            }
        }
    }
}

/// The IPv4 prefix that an IPv6 prefix inside `::ffff:0:0/96` stands for.
fn unmapped_prefix(prefix: &Ipv6Net) -> Option<Ipv4Net> {
    let length = prefix.prefix_len().checked_sub(MAPPED_BITS)?;
    Ipv4Net::new(prefix.addr().to_ipv4_mapped()?, length).ok()
}

/// Whether an IPv6 prefix covers the IPv4-mapped addresses, which are matched as IPv4 and so never
/// reach it.
fn covers_mapped(prefix: &Ipv6Net) -> bool {
    prefix.prefix_len() < MAPPED_BITS && prefix.contains(&MAPPED)
}

/// A prefix as list text shows it: a host without its length, everything else as `address/length`.
pub(crate) struct PrefixText(pub(crate) IpNet);

impl fmt::Display for PrefixText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.prefix_len() == self.0.max_prefix_len() {
            write!(f, "{}", self.0.addr())
        } else {
            write!(f, "{}", self.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ipv4_mapped_addresses_are_unwrapped() {
        for (text, expected) in [
            ("::ffff:10.9.9.9", "10.9.9.9"),
            ("::ffff:a09:909", "10.9.9.9"),
            ("2002:a09:909::1", "2002:a09:909::1"),
            ("64:ff9b::a09:909", "64:ff9b::a09:909"),
            ("::10.9.9.9", "::a09:909"),
            ("::ffff:0:10.9.9.9", "::ffff:0:a09:909"),
        ] {
            assert_eq!(parse_address(text).unwrap().to_string(), expected, "{text}");
            let address: Address = text.parse().unwrap();
            assert_eq!(address.to_string(), expected);
            assert_eq!(Address::from(text.parse::<IpAddr>().unwrap()), address);
            assert_eq!(Address::from(IpAddr::from(address)), address);
        }
    }

    /// Families do not meet, however alike their numbers are.
    #[test]
    fn addresses_are_ordered_with_ipv4_first() {
        let addresses = ["0.0.0.1", "255.255.255.255", "::", "::1", "::ffff:0", "ff00::"];
        let addresses = addresses.map(|text| text.parse::<Address>().unwrap());
        assert!(addresses.is_sorted_by(|one, other| one < other), "{addresses:?}");
    }

    #[test]
    fn mapped_prefixes_become_ipv4_from_96_on() {
        let canonical = |text: &str| {
            let c = canonical_prefix(text.parse().unwrap());
            (c.prefix.to_string(), c.host_bits, c.covers_mapped)
        };
        let case = |p: &str, host, mapped| (p.to_owned(), host, mapped);
        assert_eq!(canonical("::ffff:10.0.0.0/104"), case("10.0.0.0/8", false, false));
        assert_eq!(canonical("::ffff:0:0/96"), case("0.0.0.0/0", false, false));
        assert_eq!(canonical("::ffff:10.1.2.3/104"), case("10.0.0.0/8", true, false));
        assert_eq!(canonical("::fffe:0:0/95"), case("::fffe:0:0/95", false, true));
        assert_eq!(canonical("::ffff:10.0.0.0/95"), case("::fffe:0:0/95", true, true));
        assert_eq!(canonical("::/0"), case("::/0", false, true));
        assert_eq!(canonical("fe80::/32"), case("fe80::/32", false, false));
    }
}
