//! Addresses in texts of lists, which no metric may have.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

/// Whether a part of a text is an address, with a port or as a prefix, too.
pub(super) fn holds_an_address(text: &str) -> bool {
    let pieces = text.split(|c: char| !c.is_ascii_hexdigit() && !matches!(c, '.' | ':' | '/'));
    pieces.map(|piece| piece.trim_matches('.')).any(|piece| {
        piece.parse::<IpAddr>().is_ok()
            || piece.parse::<IpNet>().is_ok()
            || piece.parse::<SocketAddr>().is_ok()
    })
}
