//! Canonical text of an entry: how its parts stand together, and when its address needs brackets.

use std::fmt;

use ipnet::IpNet;

use super::until::Until;

/// Whether the text of an IPv6 address could also be read as a shorter address and a label:
/// `2001:db8::1:beef` as `2001:db8::1` and `beef`. A dotted tail is never taken for a label.
pub(super) fn is_ambiguous(address: &str) -> bool {
    address.split_once("::").is_some_and(|(_, tail)| tail.contains(':') && !tail.contains('.'))
}

/// Whether a prefix is written in brackets: an IPv6 host with a label, or one whose last groups could be
/// read as a label.
pub(super) fn needs_brackets(prefix: IpNet, labelled: bool) -> bool {
    let IpNet::V6(v6) = prefix else { return false };
    v6.prefix_len() == 128 && (labelled || is_ambiguous(&v6.addr().to_string()))
}

/// The canonical text of an entry whose target may be more than one prefix.
pub(super) struct EntryText<'a, T> {
    pub(super) deny: bool,
    pub(super) target: T,
    pub(super) needs_brackets: bool,
    pub(super) label: Option<&'a str>,
    pub(super) until: Option<Until>,
}

impl<T: fmt::Display> fmt::Display for EntryText<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.deny {
            f.write_str("!")?;
        }
        match self.needs_brackets {
            true => write!(f, "[{}]", self.target)?,
            false => write!(f, "{}", self.target)?,
        }
        if let Some(label) = self.label {
            write!(f, ":{label}")?;
        }
        if let Some(until) = self.until {
            write!(f, ";until={until}")?;
        }
        Ok(())
    }
}
