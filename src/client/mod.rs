//! Who the client of a request is: the peer, or whom trusted proxies name.
//!
//! ```text
//!  header, all lines joined:   6.6.6.6,   203.0.113.7,   10.0.0.2,   ◀── 10.0.0.1, the peer
//!                              anyone's   the client     trusted         trusted
//!                              word       ◀──────────────── the walk, from the right
//! ```
//!
//! - The peer is no trusted proxy: the peer is the client, and no header is read.
//! - Otherwise one header is read, and no other in its place. Its elements are walked from the right; the first address that
//!   is no trusted proxy is the client. Where all are trusted, the leftmost is.
//! - What is no address ends the walk: there is no client then ([`NoClient`]), and the request is to be denied. Nothing is
//!   taken in its place, neither the peer nor what stands further left.
//!
//! [`ClientRule`] is the setting, and [`ClientRule::find`] asks it. It knows no HTTP: `find` is given the lines of the
//! header that [`ClientRule::header`] names. A verdict for a request without a client is
//! [`Gate::check_without_address`](crate::Gate::check_without_address).
//!
//! # Beside nginx
//!
//! The rule is that of nginx's `real_ip_recursive on`, and the tests hold thousands of requests to what a real nginx says. It
//! differs on purpose in these:
//!
//! | what the walk meets | nginx | here |
//! |---|---|---|
//! | `unknown`, `_hidden`, a name, anything else that is no address | the last trusted proxy is the client | denied |
//! | nothing between two commas, at the end, in an empty header | skipped; the last trusted proxy in an empty header | denied |
//! | a comma at the start of a line | the first address behind it is not read | read |
//! | blanks without a comma | end an element | part of it, so denied |
//! | tabs | part of an element, which is then not an address | blanks around an element |
//! | `192.0.2.07`, `192..2.7` | read as addresses | denied |
//! | `255.255.255.255` | not an address | an address |
//! | `[2001:db8::1]` without a port, a port 0 | not an address | an address |
//! | more than 64 elements or 4 KiB | read | denied |
//! | a zone (`fe80::1%eth0`) | not an address | denied |
//! | a header with a single address that has several, or is missing | the walk; the peer | denied |
//!
//! # Zones
//!
//! A peer is an [`IpAddr`](std::net::IpAddr), which has no zone: [`SocketAddr::ip`](std::net::SocketAddr::ip) leaves that of
//! a link-local peer away. In a header a zone is another machine's, and refused.

mod elements;
mod explanation;
mod forwarded;
mod header;
mod node;
mod outcome;
mod proxied;
#[cfg(feature = "proxy-protocol")]
mod proxy_protocol;
mod rule;
mod walk;

pub use elements::Elements;
pub use explanation::{Explanation, Hop};
pub use forwarded::parse_forwarded;
pub use header::{Header, HeaderError, SingleHeader};
pub use node::{NotAnAddress, parse_node};
pub use outcome::{Client, Found, NoClient};
pub use proxied::NoSource;
#[cfg(feature = "proxy-protocol")]
pub use proxy_protocol::{ProxyHeader, ProxyHeaderError};
pub use rule::ClientRule;
