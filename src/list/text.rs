//! Canonical text of an entry: how its parts stand together, and which addresses need brackets.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::until::Until;
use crate::address::PrefixText;

/// Whether the text of an IPv6 address could also be read as a shorter address and a label:
/// `2001:db8::1:beef` as `2001:db8::1` and `beef`. A dotted tail is never taken for a label.
pub(super) fn is_ambiguous(address: &str) -> bool {
    address.split_once("::").is_some_and(|(_, tail)| tail.contains(':') && !tail.contains('.'))
}

/// Whether an IPv6 address at the end of a target is written in brackets: one with a label behind it, or one
/// whose last groups could be read as a label.
fn needs_brackets(address: Ipv6Addr, labelled: bool) -> bool {
    labelled || is_ambiguous(&address.to_string())
}

/// What an entry names, with brackets where it needs them.
pub(super) enum TargetText {
    /// `all`.
    All,
    /// `address` or `address/length`.
    Prefix { prefix: IpNet, labelled: bool },
    /// `first-last`.
    RangeV4 { first: Ipv4Addr, last: Ipv4Addr },
    /// `first-last`.
    RangeV6 { first: Ipv6Addr, last: Ipv6Addr, labelled: bool },
}

impl fmt::Display for TargetText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            TargetText::All => f.write_str("all"),
            TargetText::Prefix { prefix: IpNet::V6(v6), labelled }
                if v6.prefix_len() == 128 && needs_brackets(v6.addr(), labelled) =>
            {
                write!(f, "[{}]", v6.addr())
            }
            TargetText::Prefix { prefix, .. } => PrefixText(prefix).fmt(f),
            TargetText::RangeV6 { first, last, labelled } if needs_brackets(last, labelled) => {
                write!(f, "[{first}]-[{last}]")
            }
            TargetText::RangeV4 { first, last } => write!(f, "{first}-{last}"),
            TargetText::RangeV6 { first, last, .. } => write!(f, "{first}-{last}"),
        }
    }
}

/// The canonical text of an entry whose target may be more than one prefix.
pub(super) struct EntryText<'a> {
    pub(super) deny: bool,
    pub(super) target: TargetText,
    pub(super) label: Option<&'a str>,
    pub(super) until: Option<Until>,
}

impl fmt::Display for EntryText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.deny {
            f.write_str("!")?;
        }
        self.target.fmt(f)?;
        if let Some(label) = self.label {
            write!(f, ":{label}")?;
        }
        if let Some(until) = self.until {
            write!(f, ";until={until}")?;
        }
        Ok(())
    }
}
