//! The rule: which proxies are trusted, and where they name their client.

use std::net::IpAddr;

use super::explanation::{Explanation, Hop};
use super::header::Header;
use super::outcome::{Client, Found, NoClient};
use super::proxied::NoSource;
use super::walk::{Limits, walk};
use crate::address::Address;
use crate::gate::Gate;
use crate::reason::Reason;
use crate::snapshot::Snapshot;

/// Where the address of a request's client is taken from: the peer, or what trusted proxies say in one place.
///
/// The proxies are a gate, so they have the grammar of every list: labels, `!` for an address that is no proxy of yours,
/// `until=`, and a file that is followed into it. Only who is let in by an entry is trusted: a gate without a list trusts
/// nobody.
///
/// ```
/// use std::net::IpAddr;
/// use ipgate::client::{ClientRule, Found, Header};
/// use ipgate::{Gate, List};
/// let proxies = Gate::new(&"10.0.0.0/8:lb,!10.9.0.0/16:lab".parse::<List>()?);
/// let rule = ClientRule::behind(proxies, Header::XForwardedFor);
/// // What a client claims stands at the left; what the proxies saw, at the right.
/// let client = rule.find(IpAddr::from([10, 0, 0, 1]), &["6.6.6.6, 203.0.113.7, 10.0.0.2"])?;
/// assert_eq!(client.address(), IpAddr::from([203, 0, 113, 7]));
/// assert_eq!(client.found(), Found::Element { nth: 2 });
/// // No proxy of ours: the peer is the client, whatever it claims.
/// assert_eq!(rule.find(IpAddr::from([10, 9, 0, 1]), &["6.6.6.6"])?.found(), Found::Peer);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct ClientRule {
    believed: Believed,
}

/// What is believed of whom.
#[derive(Debug, Clone, Default)]
enum Believed {
    #[default]
    Peer,
    Header {
        trusted: Gate,
        header: Header,
        is_required: bool,
    },
    ProxyProtocol {
        trusted: Gate,
    },
}

impl ClientRule {
    /// The most elements that a header may have, over all its lines. Each comma counts, in quotes, too.
    pub const MAX_ELEMENTS: usize = 64;
    /// The most bytes that a header may have, over all its lines.
    pub const MAX_BYTES: usize = 4096;

    const LIMITS: Limits = Limits { elements: Self::MAX_ELEMENTS, bytes: Self::MAX_BYTES };

    /// The peer is the client, and nothing else is ever read: for whoever has no proxy in front.
    #[must_use]
    pub fn peer() -> ClientRule {
        ClientRule { believed: Believed::Peer }
    }

    /// Behind proxies that name their client in that header.
    #[must_use]
    pub fn behind(trusted: Gate, header: Header) -> ClientRule {
        let is_required = matches!(header, Header::Single(_));
        ClientRule { believed: Believed::Header { trusted, header, is_required } }
    }

    /// Behind proxies that name their client in a PROXY protocol header at the start of each connection.
    #[must_use]
    pub fn behind_proxy_protocol(trusted: Gate) -> ClientRule {
        ClientRule { believed: Believed::ProxyProtocol { trusted } }
    }

    /// The same, where a trusted proxy that sends no such header is refused (`true`), or is itself the client (`false`).
    ///
    /// It is the client by default where the header is a list, as in nginx: a load balancer that asks for itself sends none.
    /// A header with a single address is demanded by default, since the proxies set it on every request.
    #[must_use]
    pub fn require_header(mut self, required: bool) -> ClientRule {
        if let Believed::Header { is_required, .. } = &mut self.believed {
            *is_required = required;
        }
        self
    }

    /// The one header that is read, where one is.
    #[inline]
    #[must_use]
    pub fn header(&self) -> Option<&Header> {
        match &self.believed {
            Believed::Header { header, .. } => Some(header),
            Believed::Peer | Believed::ProxyProtocol { .. } => None,
        }
    }

    /// The trusted proxies, where any are believed.
    #[must_use]
    pub fn trusted(&self) -> Option<&Gate> {
        match &self.believed {
            Believed::Header { trusted, .. } | Believed::ProxyProtocol { trusted } => Some(trusted),
            Believed::Peer => None,
        }
    }

    /// Whether a PROXY protocol header is to be read at the start of each connection.
    #[must_use]
    pub fn is_proxy_protocol(&self) -> bool {
        matches!(self.believed, Believed::ProxyProtocol { .. })
    }

    /// The client of a request that came from `peer` with these lines of [`ClientRule::header`], in their order. Without
    /// a peer (a Unix socket) there is none.
    ///
    /// Allocates nothing, neither locks nor waits, and takes O(n) for n bytes of the header, of which there are at most
    /// [`ClientRule::MAX_BYTES`].
    ///
    /// `lines` is a slice of texts or bytes, or whatever else can be walked from both ends as often as is wanted, as
    /// `&HeaderMap::get_all(name)` of the crate `http`. It is not touched where the peer is not trusted.
    ///
    /// # Errors
    ///
    /// [`NoClient`]: the client is unknown, and so denied. Nothing is taken in its place.
    #[inline]
    pub fn find<L>(&self, peer: impl Into<Option<IpAddr>>, lines: L) -> Result<Client, NoClient>
    where
        L: IntoIterator<IntoIter: DoubleEndedIterator, Item: AsRef<[u8]>> + Copy,
    {
        self.find_with(peer.into(), lines, |_, _, _| ())
    }

    /// The same for the peer of a connection that began with a PROXY protocol header: `source` is what it said. With a rule
    /// that believes no such header the peer is the client only where it is no trusted proxy.
    ///
    /// # Errors
    ///
    /// As [`ClientRule::find`].
    ///
    /// ```
    /// use std::net::IpAddr;
    /// use ipgate::client::{ClientRule, NoClient, NoSource};
    /// use ipgate::{Gate, List};
    /// let rule = ClientRule::behind_proxy_protocol(Gate::new(&"10.0.0.1:lb".parse::<List>()?));
    /// let [lb, stranger, client] = [[10, 0, 0, 1], [203, 0, 113, 9], [192, 0, 2, 7]].map(IpAddr::from);
    /// let named = Ok(client);
    /// assert_eq!(rule.find_proxied(lb, named)?.address(), client);
    /// assert_eq!(rule.find_proxied(stranger, named)?.address(), stranger); // whatever it claims
    /// assert_eq!(rule.find_proxied(lb, Err(NoSource::Local)), Err(NoClient::NoSource(NoSource::Local)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn find_proxied(
        &self,
        peer: impl Into<Option<IpAddr>>,
        source: Result<IpAddr, NoSource>,
    ) -> Result<Client, NoClient> {
        let peer = Address::from(peer.into().ok_or(NoClient::NoPeer)?);
        match &self.believed {
            Believed::ProxyProtocol { trusted } if is_trusted(&trusted.borrow(), peer) => {
                let address = source.map_err(NoClient::NoSource)?.into();
                Ok(Client { address, peer, found: Found::ProxyProtocol })
            }
            Believed::Header { trusted, .. } if is_trusted(&trusted.borrow(), peer) => {
                Err(NoClient::NoHeader)
            }
            _ => Ok(Client { address: peer, peer, found: Found::Peer }),
        }
    }

    /// What [`ClientRule::find`] says, with each step on the way: who was trusted, by which label.
    ///
    /// For people who ask why they are denied; it allocates.
    ///
    /// ```
    /// use ipgate::client::{ClientRule, Header};
    /// use ipgate::{Gate, List};
    /// let proxies = Gate::new(&"10.0.0.1:lb,10.0.0.2:edge".parse::<List>()?);
    /// let rule = ClientRule::behind(proxies, Header::XForwardedFor);
    /// let why = rule.explain(std::net::IpAddr::from([10, 0, 0, 1]), &["203.0.113.7, 10.0.0.2"]);
    /// assert_eq!(
    ///     why.to_string(),
    ///     "203.0.113.7 by x-forwarded-for: element 2 from the right, behind 10.0.0.1:lb (the peer), 10.0.0.2:edge (element 1)"
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn explain<L>(&self, peer: impl Into<Option<IpAddr>>, lines: L) -> Explanation
    where
        L: IntoIterator<IntoIter: DoubleEndedIterator, Item: AsRef<[u8]>> + Copy,
    {
        let mut hops = Vec::new();
        let outcome = self.find_with(peer.into(), lines, |snapshot, address, nth| {
            hops.push(Hop::new(snapshot, address, nth));
        });
        Explanation::new(self.header().cloned(), hops, outcome)
    }

    /// The walk; `pass` is shown each trusted proxy on the way, the peer as number 0.
    #[inline(always)]
    fn find_with<L>(
        &self,
        peer: Option<IpAddr>,
        lines: L,
        mut pass: impl FnMut(&Snapshot, Address, u8),
    ) -> Result<Client, NoClient>
    where
        L: IntoIterator<IntoIter: DoubleEndedIterator, Item: AsRef<[u8]>> + Copy,
    {
        let peer = Address::from(peer.ok_or(NoClient::NoPeer)?);
        let itself = |found| Ok(Client { address: peer, peer, found });
        let Some(trusted) = self.trusted() else { return itself(Found::Peer) };
        let trusted = trusted.borrow();
        if !is_trusted(&trusted, peer) {
            return itself(Found::Peer);
        }
        pass(&trusted, peer, 0);
        let Believed::Header { header, is_required, .. } = &self.believed else {
            return Err(NoClient::NoHeader); // the header of the connection was not given
        };
        let end = walk(header, &Self::LIMITS, lines, |address, nth| {
            let goes_on = is_trusted(&trusted, address);
            if goes_on {
                pass(&trusted, address, nth);
            }
            goes_on
        })?;
        match end {
            Some((address, found)) => Ok(Client { address, peer, found }),
            None if *is_required => Err(NoClient::NoHeader),
            None => itself(Found::WithoutHeader),
        }
    }
}

/// Whether an entry lets that address in. A gate that lets everyone in because it has no list trusts nobody.
#[inline]
fn is_trusted(trusted: &Snapshot, address: Address) -> bool {
    trusted.ruling(address, trusted.manner()).reason() == Reason::AllowEntry
}
