//! Whose connection a request came on.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use ipgate::client::NoSource;

use crate::head::Head;

/// What the PROXY protocol header of a request's connection said: an extension that whoever accepts connections leaves with
/// each request, where the rule believes such headers ([`ClientRule::behind_proxy_protocol`]).
///
/// [`ClientRule::behind_proxy_protocol`]: ipgate::client::ClientRule::behind_proxy_protocol
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proxied(pub Result<IpAddr, NoSource>);

/// Where a server leaves the address of the peer.
#[derive(Clone)]
pub(crate) enum Peer {
    /// In an extension `SocketAddr`.
    SocketAddr,
    /// Where a closure finds it.
    Closure(Arc<dyn Fn(Head<'_>) -> Option<IpAddr> + Send + Sync>),
}

impl Peer {
    #[inline]
    pub(crate) fn of(&self, head: Head<'_>) -> Option<IpAddr> {
        match self {
            Peer::SocketAddr => head.extensions.get::<SocketAddr>().map(SocketAddr::ip),
            Peer::Closure(find) => find(head),
        }
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Peer::SocketAddr => "SocketAddr",
            Peer::Closure(_) => "closure",
        })
    }
}
