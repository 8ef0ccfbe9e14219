//! Hosts: the names under which an app is asked for.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::shown::Shown;

/// A host of an app: a name as `shop.example.com`, or with `*.` all names below one, as `*.shop.example.com`.
///
/// It is kept in lower case and without a dot at its end. Letters beyond ASCII are written as requests carry them
/// (`xn--`, RFC 5891). Cheap to clone.
///
/// ```
/// use ipgate::site::Host;
/// let host: Host = "Shop.Example.com.".parse()?;
/// assert_eq!(host.to_string(), "shop.example.com");
/// assert!("shop.example.com:8080".parse::<Host>().is_err());
/// # Ok::<(), ipgate::site::HostError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "String", into = "String"))]
pub struct Host(Arc<str>);

/// The most bytes of a host's name (RFC 1035, section 2.3.4).
const MAX_BYTES: usize = 253;
/// What stands for all names below.
const ANY: &str = "*.";

impl Host {
    /// Takes a host.
    ///
    /// # Errors
    ///
    /// [`HostError`] says what it cannot be.
    pub fn new(host: &str) -> Result<Host, HostError> {
        let error = |what| HostError { host: host.to_owned(), what };
        let name = host.strip_suffix('.').unwrap_or(host);
        let below = name.strip_prefix(ANY).unwrap_or(name);
        if below.is_empty() {
            return Err(error("empty"));
        }
        if name.len() > MAX_BYTES {
            return Err(error("longer than 253 bytes"));
        }
        if !below.is_ascii() {
            return Err(error("written with letters that no request has: write its `xn--` form"));
        }
        // An IPv6 address in brackets is what a request without a name has.
        let is_address = below.starts_with('[') && below.ends_with(']') && below.len() == name.len();
        let is_known = |b: u8| {
            b.is_ascii_alphanumeric()
                || matches!(b, b'-' | b'_' | b'.')
                || is_address && matches!(b, b':' | b'[' | b']')
        };
        if !below.bytes().all(is_known) {
            return Err(error(
                "written with a character that no host has; `*.` at its start stands for all names below, and ports do not count",
            ));
        }
        if below.split('.').any(|label| label.is_empty()) {
            return Err(error("written with two dots in a row"));
        }
        Ok(Host(name.to_ascii_lowercase().into()))
    }

    /// The host as it is kept.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name below which all names are meant, where all are.
    pub(super) fn below(&self) -> Option<&str> {
        self.0.strip_prefix(ANY)
    }
}

impl FromStr for Host {
    type Err = HostError;

    fn from_str(host: &str) -> Result<Host, HostError> {
        Host::new(host)
    }
}

impl TryFrom<String> for Host {
    type Error = HostError;

    fn try_from(host: String) -> Result<Host, HostError> {
        Host::new(&host)
    }
}

impl From<Host> for String {
    fn from(host: Host) -> String {
        host.0.as_ref().to_owned()
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is no host of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostError {
    host: String,
    what: &'static str,
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no host: it is {}", Shown(&self.host), self.what)
    }
}

impl std::error::Error for HostError {}

/// The host of a request as hosts are kept, without an allocation: lower case, no dot at its end, no port.
#[allow(clippy::large_enum_variant)] // for the time of one lookup, on the stack
pub(super) enum Asked<'h> {
    /// As nearly all requests have it.
    Lower(&'h [u8]),
    Mixed {
        bytes: [u8; MAX_BYTES],
        length: usize,
    },
}

impl<'h> Asked<'h> {
    /// `None` for what is longer than any host.
    #[inline]
    pub(super) fn new(host: &'h (impl AsRef<[u8]> + ?Sized)) -> Option<Asked<'h>> {
        let name = without_port(host.as_ref());
        let name = name.strip_suffix(b".").unwrap_or(name);
        if name.len() > MAX_BYTES {
            return None;
        }
        // All bytes are looked at, since that is done many at a time.
        let is_mixed = name.iter().fold(false, |is_mixed, byte| is_mixed | byte.is_ascii_uppercase());
        if is_mixed { Asked::mixed(name) } else { Some(Asked::Lower(name)) }
    }

    #[cold]
    fn mixed(name: &[u8]) -> Option<Asked<'h>> {
        let mut bytes = [0; MAX_BYTES];
        let to = bytes.get_mut(..name.len())?;
        to.copy_from_slice(name);
        to.make_ascii_lowercase();
        Some(Asked::Mixed { bytes, length: name.len() })
    }

    #[inline]
    pub(super) fn name(&self) -> &[u8] {
        match self {
            Asked::Lower(name) => name,
            Asked::Mixed { bytes, length } => bytes.get(..*length).unwrap_or_default(),
        }
    }

    /// The names above it, the longest first.
    pub(super) fn above(&self) -> impl Iterator<Item = &[u8]> {
        fn above<'n>(name: &&'n [u8]) -> Option<&'n [u8]> {
            name.get(memchr::memchr(b'.', name)? + 1..)
        }
        std::iter::successors(Some(self.name()), above).skip(1)
    }
}

/// A host without `:port`, if it has one; the colons of an address in brackets are none.
#[inline]
fn without_port(host: &[u8]) -> &[u8] {
    let Some((name, port)) = memchr::memrchr(b':', host).and_then(|at| host.split_at_checked(at)) else {
        return host;
    };
    let is_port = port.iter().skip(1).all(u8::is_ascii_digit);
    let is_name = !name.contains(&b':') || name.ends_with(b"]");
    if is_port && is_name { name } else { host }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_kept_in_one_form() {
        for (host, kept) in [
            ("Shop.Example.com", "shop.example.com"),
            ("shop.example.com.", "shop.example.com"),
            ("*.Example.com", "*.example.com"),
            ("localhost", "localhost"),
            ("xn--grsse-xqa.example", "xn--grsse-xqa.example"),
            ("_dns.example", "_dns.example"),
            ("192.0.2.1", "192.0.2.1"),
            ("[2001:DB8::1]", "[2001:db8::1]"),
        ] {
            assert_eq!(Host::new(host).map(String::from).as_deref(), Ok(kept));
        }
        let long = format!("{}.example", "a".repeat(250));
        for host in [
            "",
            ".",
            "*.",
            "*",
            "a..b",
            ".a",
            "a b",
            "a/b",
            "a:80",
            "größe.example",
            "a.*.b",
            "**.a",
            "2001:db8::1",
            &long,
        ] {
            assert!(Host::new(host).is_err(), "{host}");
        }
    }

    #[test]
    fn the_host_of_a_request() {
        for (asked, name) in [
            ("Shop.Example.COM", "shop.example.com"),
            ("shop.example.com.", "shop.example.com"),
            ("shop.example.com:8080", "shop.example.com"),
            ("shop.example.com.:8080", "shop.example.com"),
            ("[2001:DB8::1]:443", "[2001:db8::1]"),
            ("[2001:db8::1]", "[2001:db8::1]"),
            ("shop.example.com:", "shop.example.com"),
            ("2001:db8::1", "2001:db8::1"),
            ("a:b", "a:b"),
            ("", ""),
        ] {
            assert_eq!(Asked::new(asked).unwrap().name(), name.as_bytes(), "{asked}");
        }
        assert!(Asked::new(&"a".repeat(254)).is_none());
        let asked = Asked::new("a.b.example.com:80").unwrap();
        assert!(asked.above().eq([&b"b.example.com"[..], b"example.com", b"com"]));
    }
}
