//! What is found: the client's address and how, or why there is none.

use std::fmt;
use std::net::IpAddr;

use super::node::NotAnAddress;
use super::proxied::NoSource;
use crate::address::Address;

/// The client of a request: its address, and how it was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    pub(super) address: Address,
    pub(super) peer: Address,
    pub(super) found: Found,
}

/// How a client's address was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Found {
    /// It is the peer's, which is no trusted proxy, or nothing but the peer is believed.
    Peer,
    /// It is the peer's, a trusted proxy that sent no header and so speaks for itself.
    WithoutHeader,
    /// It is that of an element of the header, the first from the right that is no trusted proxy.
    Element {
        /// Which, counted from the right over all lines, from 1 on.
        nth: u8,
    },
    /// It is that of the leftmost element of the header: all are trusted proxies.
    Leftmost {
        /// Which, counted from the right over all lines, from 1 on.
        nth: u8,
    },
    /// The trusted peer's PROXY protocol header names it.
    ProxyProtocol,
}

impl Client {
    /// The client's address, canonical (see [`Address`]).
    #[inline]
    #[must_use]
    pub fn address(self) -> IpAddr {
        self.address.into()
    }

    /// The address of whoever opened the connection, canonical.
    #[inline]
    #[must_use]
    pub fn peer(self) -> IpAddr {
        self.peer.into()
    }

    /// How the address was found.
    #[inline]
    #[must_use]
    pub fn found(self) -> Found {
        self.found
    }
}

impl From<Client> for Address {
    #[inline]
    fn from(client: Client) -> Address {
        client.address
    }
}

impl fmt::Display for Client {
    /// `203.0.113.7 (element 2 from the right, by 10.0.0.1)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (address, peer) = (self.address, self.peer);
        match self.found {
            Found::Peer => write!(f, "{address} (the peer)"),
            found => write!(f, "{address} ({found}, by {peer})"),
        }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Found::Peer => f.write_str("the peer"),
            Found::WithoutHeader => f.write_str("the peer, a trusted proxy without the header"),
            Found::Element { nth } => write!(f, "element {nth} from the right"),
            Found::Leftmost { nth } => {
                write!(f, "element {nth} from the right, the leftmost of trusted proxies")
            }
            Found::ProxyProtocol => f.write_str("PROXY protocol"),
        }
    }
}

/// Why a request has no usable client address. It is denied then, as [`Gate::check_without_address`] says it.
///
/// [`Gate::check_without_address`]: crate::Gate::check_without_address
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NoClient {
    /// The connection has no address (a Unix socket), so nobody knows whether it is a trusted proxy.
    NoPeer,
    /// The trusted peer sent no such header, and the rule demands it.
    NoHeader,
    /// A header with a single address has several lines.
    SeveralLines,
    /// The header has more than [`ClientRule::MAX_ELEMENTS`] elements, or [`ClientRule::MAX_BYTES`] bytes.
    ///
    /// [`ClientRule::MAX_ELEMENTS`]: super::ClientRule::MAX_ELEMENTS
    /// [`ClientRule::MAX_BYTES`]: super::ClientRule::MAX_BYTES
    TooLong,
    /// An element is no address. What is to the left of it may be anyone's word, and to the right are proxies alone.
    Element {
        /// Which, counted from the right over all lines, from 1 on.
        nth: u8,
        /// What it is instead.
        why: NotAnAddress,
    },
    /// The trusted peer's PROXY protocol header names no address.
    NoSource(NoSource),
}

impl NoClient {
    /// A stable name, such as `no-header`; of an element and of a PROXY protocol header what it is instead, such as
    /// `unknown`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            NoClient::NoPeer => "no-peer",
            NoClient::NoHeader => "no-header",
            NoClient::SeveralLines => "several-lines",
            NoClient::TooLong => "too-long",
            NoClient::Element { why, .. } => why.as_str(),
            NoClient::NoSource(why) => why.as_str(),
        }
    }
}

impl fmt::Display for NoClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoClient::NoPeer => f.write_str("the connection has no address"),
            NoClient::NoHeader => f.write_str("the trusted peer sent no such header"),
            NoClient::SeveralLines => f.write_str("the header has several lines"),
            NoClient::TooLong => f.write_str("the header is too long"),
            NoClient::Element { nth, why } => write!(f, "element {nth} from the right {why}"),
            NoClient::NoSource(why) => write!(f, "the PROXY protocol header {why}"),
        }
    }
}

impl std::error::Error for NoClient {}
