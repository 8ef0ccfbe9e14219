//! One prefix both allowed and denied.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::time::SystemTime;

use ipnet::IpNet;

use super::diagnostic::{Code, Diagnostic, Position, Severity};
use super::entry::{Action, Entry};
use crate::address::PrefixText;

/// The allow entries whose prefix is also denied, among the entries that have not expired.
pub(super) fn conflicts(entries: &[Entry], now: SystemTime) -> impl Iterator<Item = Conflict> {
    let of = move |action: Action| entries.iter().filter(move |e| e.action() == action && e.is_live(now));
    let denied: HashMap<IpNet, &Entry> = of(Action::Deny).map(|entry| (entry.prefix(), entry)).collect();
    let mut reported = HashSet::new();
    of(Action::Allow).filter_map(move |allowed| {
        let denied = denied.get(&allowed.prefix())?;
        reported.insert(allowed.prefix()).then(|| Conflict {
            pair: Box::new(Pair { allowed: allowed.clone(), denied: (*denied).clone() }),
        })
    })
}

/// One prefix that a list both allows and denies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// Boxed, because errors are rare and results are passed around.
    pair: Box<Pair>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Pair {
    allowed: Entry,
    denied: Entry,
}

impl Conflict {
    /// The entry that allows the prefix.
    #[must_use]
    pub fn allowed(&self) -> &Entry {
        &self.pair.allowed
    }

    /// The entry that denies it.
    #[must_use]
    pub fn denied(&self) -> &Entry {
        &self.pair.denied
    }

    /// The error at the later of the two entries.
    pub(super) fn diagnostic(&self, text: &[u8]) -> Diagnostic {
        let position = self.allowed().position().max(self.denied().position());
        let token = position.and_then(|at| text.get(at.offset as usize..)?.get(..at.len as usize));
        Diagnostic {
            severity: Severity::Error,
            code: Code::Conflict,
            position,
            token: token.map_or_else(String::new, |b| String::from_utf8_lossy(b).into_owned()),
            message: self.to_string(),
            suggestion: Some("keep one of the two".to_owned()),
            fix: Vec::new(),
        }
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (allowed, denied) = (self.allowed().position(), self.denied().position());
        let place = |at: Option<Position>, other| at.map_or_else(String::new, |at| at.beside(other));
        let comma =
            if allowed.zip(denied).is_some_and(|(one, other)| one.line == other.line) { "," } else { "" };
        write!(
            f,
            "{} is both allowed{}{comma} and denied{}",
            PrefixText(self.allowed().prefix()),
            place(allowed, denied),
            place(denied, allowed)
        )
    }
}

impl std::error::Error for Conflict {}
