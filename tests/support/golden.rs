//! The golden model: what a list means, as a scan over its entries that anyone can check by eye.
//!
//! Nothing clever, nothing shared with the library but the entries themselves, and slow on purpose.

use std::net::IpAddr;
use std::time::SystemTime;

use ipgate::{Action, Entry, List, Mode, Policy, Reason};

/// An address as its family and its bits, IPv4 in the lower 32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Bits {
    pub(crate) v6: bool,
    pub(crate) bits: u128,
}

impl Bits {
    /// `::ffff:a.b.c.d` is the IPv4 address `a.b.c.d`; nothing else is unwrapped.
    pub(crate) fn of_client(address: IpAddr) -> Bits {
        match address {
            IpAddr::V4(v4) => Bits { v6: false, bits: u32::from(v4).into() },
            IpAddr::V6(v6) => match u128::from(v6) {
                bits if bits >> 32 == 0xffff => Bits { v6: false, bits: bits & 0xffff_ffff },
                bits => Bits { v6: true, bits },
            },
        }
    }
}

/// An entry of either list.
#[derive(Debug, Clone)]
pub(crate) struct GoldenEntry {
    pub(crate) entry: Entry,
    pub(crate) from_app: bool,
    /// Its place: entries of the default list before those of the app list, each in the list's order.
    pub(crate) place: usize,
}

impl GoldenEntry {
    fn length(&self) -> u8 {
        self.entry.prefix().prefix_len()
    }

    /// Whether the first `length` bits of the address are those of the prefix.
    fn covers(&self, client: Bits) -> bool {
        let (v6, network, width) = match self.entry.prefix().addr() {
            IpAddr::V4(v4) => (false, u128::from(u32::from(v4)), 32),
            IpAddr::V6(v6) => (true, u128::from(v6), 128),
        };
        let host_bits = u32::from(width - self.length());
        let first_bits = |bits: u128| bits.checked_shr(host_bits).unwrap_or(0);
        v6 == client.v6 && first_bits(network) == first_bits(client.bits)
    }

    fn holds_at(&self, now: SystemTime) -> bool {
        self.entry.until().is_none_or(|until| now < until.system_time())
    }
}

/// What is to be expected of a list or a policy.
#[derive(Debug, Clone)]
pub(crate) struct Golden {
    /// What happens to a client that no entry covers.
    pub(crate) otherwise: Reason,
    /// Whether an entry of the app list decides before any of the default list.
    pub(crate) app_precedes: bool,
    pub(crate) entries: Vec<GoldenEntry>,
}

impl Golden {
    pub(crate) fn of_list(list: &List) -> Golden {
        Golden::of_entries(&[], list.entries(), Reason::NoEntry)
    }

    pub(crate) fn of_policy(policy: &Policy) -> Golden {
        let (default, app) = (policy.default_list(), policy.app_list());
        let entries = |list: Option<&List>| list.map_or(Vec::new(), |list| list.entries().to_vec());
        match (default, app) {
            (None, None) if policy.is_enforced() => Golden::of_entries(&[], &[], Reason::NoList),
            (None, None) => Golden::of_entries(&[], &[], Reason::NoGate),
            (Some(_), Some(app)) if policy.mode() == Mode::Override => Golden::of_list(app),
            (Some(default), Some(app)) if policy.mode() == Mode::Precede => Golden {
                app_precedes: true,
                ..Golden::of_entries(default.entries(), app.entries(), Reason::NoEntry)
            },
            (default, app) => Golden::of_entries(&entries(default), &entries(app), Reason::NoEntry),
        }
    }

    fn of_entries(default: &[Entry], app: &[Entry], otherwise: Reason) -> Golden {
        let entries = default.iter().map(|entry| (entry, false)).chain(app.iter().map(|entry| (entry, true)));
        let golden = |(place, (entry, from_app)): (usize, (&Entry, bool))| GoldenEntry {
            entry: entry.clone(),
            from_app,
            place,
        };
        Golden { otherwise, app_precedes: false, entries: entries.enumerate().map(golden).collect() }
    }

    /// Every entry that covers a client, the one that decides first: the longest prefix before shorter
    /// ones; on equal prefixes the app list before the default list, later entries before earlier ones.
    /// Where the app list precedes, all of its entries before all of the default list.
    pub(crate) fn covering(&self, client: IpAddr, now: SystemTime) -> Vec<&GoldenEntry> {
        let client = Bits::of_client(client);
        let mut covering: Vec<&GoldenEntry> =
            self.entries.iter().filter(|entry| entry.holds_at(now) && entry.covers(client)).collect();
        covering.sort_by_key(|entry| (self.app_precedes && entry.from_app, entry.length(), entry.place));
        covering.reverse();
        covering
    }

    /// What a client is told.
    pub(crate) fn decide(&self, client: IpAddr, now: SystemTime) -> GoldenVerdict {
        let Some(entry) = self.covering(client, now).first().map(|first| &first.entry) else {
            return GoldenVerdict { reason: self.otherwise, entry: None };
        };
        let reason = match entry.action() {
            Action::Allow => Reason::AllowEntry,
            Action::Deny => Reason::DenyEntry,
        };
        GoldenVerdict { reason, entry: Some(entry.clone()) }
    }
}

/// What is to be expected for one client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GoldenVerdict {
    pub(crate) reason: Reason,
    pub(crate) entry: Option<Entry>,
}

impl GoldenVerdict {
    pub(crate) fn is_allowed(&self) -> bool {
        matches!(self.reason, Reason::AllowEntry | Reason::NoGate)
    }

    pub(crate) fn label(&self) -> Option<&str> {
        self.entry.as_ref()?.label().map(|label| label.as_str())
    }
}
