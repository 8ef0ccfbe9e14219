//! What a PROXY protocol header says of the client, whoever has read it.

use std::fmt;

/// Why a PROXY protocol header names no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NoSource {
    /// `LOCAL`: the proxy speaks for itself, as in its health checks.
    Local,
    /// `UNKNOWN` or `UNSPEC`: the proxy does not say.
    Unknown,
    /// The client came to the proxy by a Unix socket.
    Unix,
}

impl NoSource {
    /// A stable name, such as `local`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            NoSource::Local => "local",
            NoSource::Unknown => "unknown",
            NoSource::Unix => "unix",
        }
    }
}

impl fmt::Display for NoSource {
    /// What is said of the header: `says LOCAL`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NoSource::Local => "says LOCAL: the proxy speaks for itself",
            NoSource::Unknown => "names no address",
            NoSource::Unix => "names a Unix socket",
        })
    }
}

impl std::error::Error for NoSource {}
