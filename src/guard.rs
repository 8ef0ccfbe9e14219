//! The guard: which swaps a gate refuses although the list is valid.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::list::Action;
use crate::reason::Reason;
use crate::space::AddressCount;
use crate::table::Table;

/// Conditions under which a swap is refused. A new guard refuses nothing.
///
/// ```
/// use ipgate::{Gate, List, gate::Guard};
/// let gate = Gate::new(&"10.0.0.0/8".parse()?).with_guard(Guard::new().max_shrink(50.0));
/// assert!(gate.replace(&"10.1.0.0/16".parse()?).is_err());
/// assert_eq!(gate.generation(), 1);
/// # Ok::<(), ipgate::list::Rejected>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Guard {
    max_shrink: Option<f64>,
    refuse_empty: bool,
    widest: Option<(u8, u8)>,
    must_allow: Vec<IpAddr>,
}

impl Guard {
    /// A guard that refuses nothing.
    #[must_use]
    pub fn new() -> Guard {
        Guard::default()
    }

    /// Refuses a swap that drops more than `percent` of the allowed address space of either family, or of
    /// the entries. Negative and non-numbers count as 0.
    #[must_use]
    pub fn max_shrink(self, percent: f64) -> Guard {
        Guard { max_shrink: Some(percent.max(0.0)), ..self }
    }

    /// Refuses a swap that leaves the list without entries.
    #[must_use]
    pub fn refuse_empty(self, refuse: bool) -> Guard {
        Guard { refuse_empty: refuse, ..self }
    }

    /// Refuses a swap that adds an allow entry with a prefix shorter than `v4` or `v6` bits.
    #[must_use]
    pub fn widest(self, v4: u8, v6: u8) -> Guard {
        Guard { widest: Some((v4, v6)), ..self }
    }

    /// Refuses a swap that would deny any of these addresses.
    #[must_use]
    pub fn must_allow(self, addresses: impl IntoIterator<Item = IpAddr>) -> Guard {
        let mut must_allow = self.must_allow;
        must_allow.extend(addresses);
        Guard { must_allow, ..self }
    }

    /// Whether the guard lets `new` replace `old`. O(n) for n entries where it has to compare tables.
    ///
    /// # Errors
    ///
    /// Everything that speaks against the swap.
    pub fn check(&self, old: &Table, new: &Table) -> Result<(), Refused> {
        let mut refusals = Vec::new();
        if self.refuse_empty && new.is_empty() {
            refusals.push(Refusal::Empty);
        }
        if let Some(percent) = self.max_shrink {
            refusals.extend(shrinks(old, new, percent));
        }
        if let Some(widest) = self.widest {
            refusals.extend(too_wide(old, new, widest));
        }
        let decide = |&address: &IpAddr| (address, new.lookup(address).reason());
        let denied = self.must_allow.iter().map(decide).filter(|(_, reason)| !reason.is_allowed());
        refusals.extend(denied.map(|(address, reason)| Refusal::MustAllow { address, reason }));
        if refusals.is_empty() { Ok(()) } else { Err(Refused { refusals }) }
    }
}

fn shrinks(old: &Table, new: &Table, limit: f64) -> impl Iterator<Item = Refusal> {
    let (before, after) = (old.allowed_space(), new.allowed_space());
    let lost = before.difference(&after);
    let share = |part: AddressCount, whole: AddressCount| match whole.approximate() {
        0.0 => 0.0,
        whole => part.approximate() / whole * 100.0,
    };
    let entries_lost = match old.len() {
        0 => 0.0,
        whole => dropped_entries(old, new) as f64 / whole as f64 * 100.0,
    };
    [
        ("the IPv4 address space", share(lost.v4_count(), before.v4_count())),
        ("the IPv6 address space", share(lost.v6_count(), before.v6_count())),
        ("the entries", entries_lost),
    ]
    .into_iter()
    .filter(move |(_, percent)| *percent > limit)
    .map(move |(of, percent)| Refusal::Shrinks { of, percent, limit })
}

/// How many entries of the old table have no entry of the same prefix and action in the new one.
fn dropped_entries(old: &Table, new: &Table) -> usize {
    let mut kept: HashMap<(IpNet, Action), usize> = HashMap::with_capacity(new.len());
    for entry in new.entries() {
        *kept.entry((entry.prefix(), entry.action())).or_default() += 1;
    }
    let is_dropped = |key| match kept.get_mut(&key) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    };
    old.entries()
        .map(|entry| (entry.prefix(), entry.action()))
        .map(is_dropped)
        .filter(|dropped| *dropped)
        .count()
}

/// The first allow entry of either table's difference that is wider than the bound.
fn too_wide(old: &Table, new: &Table, (v4, v6): (u8, u8)) -> Option<Refusal> {
    let bound = |prefix: IpNet| if matches!(prefix, IpNet::V4(_)) { v4 } else { v6 };
    let is_wide = |prefix: &IpNet| prefix.prefix_len() < bound(*prefix);
    let allowed = |table: &Table| -> Vec<IpNet> {
        let allowed = table.entries().filter(|entry| entry.action() == Action::Allow);
        allowed.map(|entry| entry.prefix()).filter(is_wide).collect()
    };
    if new.allows_everyone() && !old.allows_everyone() {
        return Some(Refusal::TooWide { prefix: IpNet::default(), widest: v4 }); // a policy without lists: no gate
    }
    let before = allowed(old); // wide prefixes are few
    let added = allowed(new).into_iter().find(|prefix| !before.contains(prefix))?;
    Some(Refusal::TooWide { prefix: added, widest: bound(added) })
}

/// One thing that speaks against a swap.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Refusal {
    /// The list has no entries.
    Empty,
    /// Too much would go.
    Shrinks {
        /// Of what.
        of: &'static str,
        /// How much of it, in percent.
        percent: f64,
        /// How much may go, in percent.
        limit: f64,
    },
    /// A prefix is wider than the bound.
    TooWide {
        /// The prefix.
        prefix: IpNet,
        /// The shortest length that is accepted.
        widest: u8,
    },
    /// An address that must be allowed would be denied.
    MustAllow {
        /// The address.
        address: IpAddr,
        /// Why it would be denied.
        reason: Reason,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Empty => write!(f, "the new list has no entries"),
            Refusal::Shrinks { of, percent, limit } => {
                write!(f, "{percent:.1} % of {of} would go, at most {limit} % may")
            }
            Refusal::TooWide { prefix, widest } => {
                write!(f, "{prefix} would be added, which is wider than /{widest}")
            }
            Refusal::MustAllow { address, reason } => {
                write!(f, "{address} must be allowed and would be denied ({reason})")
            }
        }
    }
}

/// A swap that a guard refused; the gate is unchanged.
#[derive(Debug, Clone, PartialEq)]
pub struct Refused {
    refusals: Vec<Refusal>,
}

impl Refused {
    /// Everything that spoke against the swap, at least one thing.
    #[must_use]
    pub fn refusals(&self) -> &[Refusal] {
        &self.refusals
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("swap refused: ")?;
        for (i, refusal) in self.refusals.iter().enumerate() {
            let separator = if i == 0 { "" } else { "; " };
            write!(f, "{separator}{refusal}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Refused {}
