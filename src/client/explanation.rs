//! How a client was found, step by step, for people.

use std::fmt;
use std::net::IpAddr;

use super::header::Header;
use super::outcome::{Client, Found, NoClient};
use crate::address::Address;
use crate::snapshot::Snapshot;

/// How the client of a request was found, or why it was not: [`ClientRule::explain`](super::ClientRule::explain).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    header: Option<Header>,
    hops: Vec<Hop>,
    outcome: Result<Client, NoClient>,
}

/// A trusted proxy on the way of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    address: Address,
    nth: u8,
    label: Option<String>,
}

impl Hop {
    pub(super) fn new(trusted: &Snapshot, address: Address, nth: u8) -> Hop {
        let label = trusted.lookup(address.into()).label().map(str::to_owned);
        Hop { address, nth, label }
    }

    /// Its address, canonical.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.address.into()
    }

    /// Which element of the header names it, counted from the right over all lines, from 1 on; `None` for the peer.
    #[must_use]
    pub fn nth(&self) -> Option<u8> {
        (self.nth > 0).then_some(self.nth)
    }

    /// The label of the entry that makes it trusted, if it has one.
    #[must_use]
    pub fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }
}

impl Explanation {
    pub(super) fn new(
        header: Option<Header>,
        hops: Vec<Hop>,
        outcome: Result<Client, NoClient>,
    ) -> Explanation {
        Explanation { header, hops, outcome }
    }

    /// What [`ClientRule::find`](super::ClientRule::find) says.
    ///
    /// # Errors
    ///
    /// The refusal, where there is one.
    pub fn outcome(&self) -> Result<Client, NoClient> {
        self.outcome
    }

    /// The trusted proxies that were passed, the peer first. A client whose own address is trusted is the last of them.
    #[must_use]
    pub fn hops(&self) -> &[Hop] {
        &self.hops
    }
}

impl fmt::Display for Hop {
    /// `10.0.0.2:edge (element 1)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.address)?;
        if let Some(label) = &self.label {
            write!(f, ":{label}")?;
        }
        match self.nth {
            0 => f.write_str(" (the peer)"),
            nth => write!(f, " (element {nth})"),
        }
    }
}

impl fmt::Display for Explanation {
    /// `203.0.113.7 by x-forwarded-for: element 2 from the right, behind 10.0.0.1:lb (the peer), 10.0.0.2:edge (element 1)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = |is_of_header| self.header.as_ref().filter(|_| is_of_header);
        let (header, told): (_, &dyn fmt::Display) = match &self.outcome {
            Ok(client) => {
                write!(f, "{} by ", client.address())?;
                (header(!matches!(client.found, Found::Peer | Found::WithoutHeader)), &client.found)
            }
            Err(why) => {
                f.write_str("no client address: ")?;
                (header(*why != NoClient::NoPeer), why)
            }
        };
        match header {
            Some(header) => write!(f, "{header}: {told}")?,
            None => write!(f, "{told}")?,
        }
        for (number, hop) in self.hops.iter().enumerate() {
            f.write_str(if number == 0 { ", behind " } else { ", " })?;
            write!(f, "{hop}")?;
        }
        Ok(())
    }
}
