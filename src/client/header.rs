//! The one header in which proxies name their client.

use std::fmt;
use std::str::FromStr;

use super::elements::Elements;
use super::forwarded::{self, is_token};
use super::node::{self, NotAnAddress};
use crate::address::Address;
use crate::shown::Shown;

/// The one header in which the proxies name their client; no other is read.
///
/// It is taken from text as the header is called, in any case: `X-Forwarded-For` and `Forwarded` are lists, to which each
/// proxy appends; every other name is that of a header with a single address, such as `X-Real-IP`, `CF-Connecting-IP` or
/// `True-Client-IP`.
///
/// ```
/// use ipgate::client::Header;
/// assert_eq!("x-forwarded-for".parse(), Ok(Header::XForwardedFor));
/// assert_eq!("X-Real-IP".parse::<Header>()?.name(), "x-real-ip");
/// assert!("X Real IP".parse::<Header>().is_err());
/// # Ok::<(), ipgate::client::HeaderError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Header {
    /// `X-Forwarded-For`: addresses with commas between.
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
    /// A header with one address, on one line.
    Single(SingleHeader),
}

/// The name of a header with a single address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SingleHeader(Box<str>);

impl Header {
    /// Its name in lower case, as the crate `http` and HTTP/2 have names.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Header::XForwardedFor => "x-forwarded-for",
            Header::Forwarded => "forwarded",
            Header::Single(SingleHeader(name)) => name,
        }
    }

    /// The elements of a line, from the right.
    #[inline]
    pub(super) fn elements<'t>(&self, line: &'t [u8]) -> Elements<'t> {
        match self {
            Header::XForwardedFor | Header::Forwarded => Elements::new(line),
            Header::Single(_) => Elements::whole(line),
        }
    }

    /// The address of an element.
    #[inline]
    pub(super) fn read(&self, element: &[u8]) -> Result<Address, NotAnAddress> {
        match self {
            Header::XForwardedFor | Header::Single(_) => node::read(element),
            Header::Forwarded => forwarded::read(element),
        }
    }
}

impl FromStr for Header {
    type Err = HeaderError;

    fn from_str(name: &str) -> Result<Header, HeaderError> {
        match name.to_ascii_lowercase() {
            name if name == Header::XForwardedFor.name() => Ok(Header::XForwardedFor),
            name if name == Header::Forwarded.name() => Ok(Header::Forwarded),
            name if !name.is_empty() && name.bytes().all(is_token) => {
                Ok(Header::Single(SingleHeader(name.into())))
            }
            _ => Err(HeaderError { name: name.to_owned() }),
        }
    }
}

impl fmt::Display for Header {
    /// The name in lower case.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that is no header's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderError {
    name: String,
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Shown(&self.name);
        write!(f, "`{name}` is no header's name: write one that your proxies set, such as `X-Forwarded-For`")
    }
}

impl std::error::Error for HeaderError {}
