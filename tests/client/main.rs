//! Who the client of a request is: what other programs got wrong, limits, and what a real nginx says.

mod nginx;
mod pains;
#[cfg(feature = "proxy-protocol")]
mod proxy_protocol;
mod rule;

use std::net::IpAddr;

use ipgate::client::{Client, ClientRule, Header, NoClient};
use ipgate::{Gate, List};

/// A rule behind these proxies.
fn behind(trusted: &str, header: &str) -> ClientRule {
    let trusted: List = trusted.parse().unwrap();
    ClientRule::behind(Gate::new(&trusted), header.parse::<Header>().unwrap())
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// Its client for lines from that peer.
fn find(rule: &ClientRule, peer: &str, lines: &[&str]) -> Result<IpAddr, NoClient> {
    rule.find(address(peer), lines).map(Client::address)
}
