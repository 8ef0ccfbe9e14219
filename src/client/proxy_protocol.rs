//! PROXY protocol headers of version 1 and 2, at the start of a connection. The bytes are read by the crate `ppp`.

use std::fmt;
use std::net::IpAddr;

use ppp::{v1, v2};

use super::proxied::NoSource;

/// What the bytes of a connection begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyHeader {
    /// So far the start of a header. The rest comes within the limits, or never.
    Incomplete,
    /// A whole header.
    Complete {
        /// The client that it names, canonical, for [`ClientRule::find_proxied`](super::ClientRule::find_proxied).
        source: Result<IpAddr, NoSource>,
        /// How many bytes it takes; what is behind them is the request's.
        len: usize,
    },
}

/// A connection that does not begin with a PROXY protocol header. Nobody knows where the request begins, so it is to be
/// closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProxyHeaderError {
    /// Its first bytes are of no such header.
    Missing,
    /// A header that says what the protocol does not know.
    Malformed,
    /// A header beyond [`ProxyHeader::MAX_V1`] or [`ProxyHeader::MAX_V2`].
    TooLong,
}

impl ProxyHeader {
    /// The most bytes of a header of version 1, its line end included.
    pub const MAX_V1: usize = 107;
    /// The most bytes of a header of version 2, the 16 before its addresses included: room for those that hold the
    /// certificate of a client.
    pub const MAX_V2: usize = 4096;

    /// How much of version 2 says how much more there is.
    const START_V2: usize = 16;

    /// Reads what a connection begins with; to be asked again with more bytes where they are incomplete, from the first on.
    ///
    /// O(1), since headers are bounded: whoever sends on and on is refused at the limit. How long a client may take for it is
    /// for the caller to bound: one deadline for the whole header.
    ///
    /// # Errors
    ///
    /// [`ProxyHeaderError`]: no more bytes make a header of these.
    ///
    /// ```
    /// use ipgate::client::{NoSource, ProxyHeader};
    /// let start = b"PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\r\nGET / HTTP/1.1\r\n";
    /// assert_eq!(ProxyHeader::read(&start[..20]), Ok(ProxyHeader::Incomplete));
    /// let source = Ok("192.0.2.7".parse()?);
    /// assert_eq!(ProxyHeader::read(start), Ok(ProxyHeader::Complete { source, len: 44 }));
    /// assert!(ProxyHeader::read(b"GET / HTTP/1.1\r\n").is_err());
    /// # Ok::<(), std::net::AddrParseError>(())
    /// ```
    pub fn read(bytes: &[u8]) -> Result<ProxyHeader, ProxyHeaderError> {
        match bytes.first() {
            None => Ok(ProxyHeader::Incomplete),
            Some(b'P') => read_v1(bytes),
            Some(b'\r') => read_v2(bytes),
            Some(_) => Err(ProxyHeaderError::Missing),
        }
    }
}

fn read_v1(bytes: &[u8]) -> Result<ProxyHeader, ProxyHeaderError> {
    let bounded = bytes.get(..ProxyHeader::MAX_V1).unwrap_or(bytes);
    let start = v1::PROTOCOL_PREFIX.as_bytes();
    if !bounded.iter().zip(start).all(|(byte, expected)| byte == expected) {
        return Err(ProxyHeaderError::Missing);
    }
    // Whether there is more to come is a matter of the line's end alone.
    let Some(end) = bounded.windows(2).position(|two| two == b"\r\n") else {
        let is_full = bounded.len() == ProxyHeader::MAX_V1;
        return if is_full { Err(ProxyHeaderError::TooLong) } else { Ok(ProxyHeader::Incomplete) };
    };
    let line = bounded.get(..end + 2).ok_or(ProxyHeaderError::Malformed)?;
    let header = v1::Header::try_from(line).map_err(|_| ProxyHeaderError::Malformed)?;
    let source = match header.addresses {
        v1::Addresses::Tcp4(found) => Ok(IpAddr::V4(found.source_address)),
        v1::Addresses::Tcp6(found) => Ok(IpAddr::V6(found.source_address)),
        v1::Addresses::Unknown => Err(NoSource::Unknown),
    };
    Ok(complete(source, header.header.len()))
}

fn read_v2(bytes: &[u8]) -> Result<ProxyHeader, ProxyHeaderError> {
    let start = v2::PROTOCOL_PREFIX;
    if !bytes.iter().zip(start).all(|(byte, expected)| byte == expected) {
        return Err(ProxyHeaderError::Missing);
    }
    let Some(&[.., high, low]) = bytes.first_chunk::<{ ProxyHeader::START_V2 }>() else {
        return Ok(ProxyHeader::Incomplete);
    };
    let len = ProxyHeader::START_V2 + usize::from(u16::from_be_bytes([high, low]));
    if len > ProxyHeader::MAX_V2 {
        return Err(ProxyHeaderError::TooLong);
    }
    let header = match v2::Header::try_from(bytes.get(..len).unwrap_or(bytes)) {
        Ok(header) => header,
        Err(v2::ParseError::Incomplete(_) | v2::ParseError::Partial(..)) if bytes.len() < len => {
            return Ok(ProxyHeader::Incomplete);
        }
        Err(_) => return Err(ProxyHeaderError::Malformed),
    };
    let source = match (header.command, header.protocol, header.addresses) {
        (v2::Command::Local, ..) => Err(NoSource::Local),
        (_, v2::Protocol::Unspecified, _) => Err(NoSource::Unknown),
        (.., v2::Addresses::IPv4(found)) => Ok(IpAddr::V4(found.source_address)),
        (.., v2::Addresses::IPv6(found)) => Ok(IpAddr::V6(found.source_address)),
        (.., v2::Addresses::Unix(_)) => Err(NoSource::Unix),
        (.., v2::Addresses::Unspecified) => Err(NoSource::Unknown),
    };
    Ok(complete(source, len))
}

fn complete(source: Result<IpAddr, NoSource>, len: usize) -> ProxyHeader {
    ProxyHeader::Complete { source: source.map(crate::address::canonical_address), len }
}

impl fmt::Display for ProxyHeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ProxyHeaderError::Missing => "the connection does not begin with a PROXY protocol header",
            ProxyHeaderError::Malformed => "the PROXY protocol header is malformed",
            ProxyHeaderError::TooLong => "the PROXY protocol header is too long",
        })
    }
}

impl std::error::Error for ProxyHeaderError {}
