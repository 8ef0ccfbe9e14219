//! What is legal in a list but probably not meant.

use std::time::{Duration, SystemTime};

use ipnet::IpNet;

use super::diagnostic::{Code, Diagnostic, Report, Severity};
use super::entry::{Action, Entry};
use super::sequence::List;
use super::until::Until;
use crate::address::PrefixText;

/// Settings for linting a list.
///
/// ```
/// use ipgate::{List, list::{Code, Linter}};
/// let list: List = "10.0.0.0/8,10.1.0.0/16,::/16".parse()?;
/// let report = Linter::new().lint(&list);
/// assert_eq!(report.warnings().next().map(|w| w.code()), Some(Code::Redundant));
/// # Ok::<(), ipgate::list::Rejected>(())
/// ```
#[derive(Debug, Clone)]
pub struct Linter {
    now: Option<SystemTime>,
    expires_within: Duration,
    keep: usize,
}

impl Default for Linter {
    fn default() -> Linter {
        Linter::new()
    }
}

impl Linter {
    /// The shortest IPv4 prefix without a warning.
    pub const WIDEST_V4: u8 = 8;
    /// The shortest IPv6 prefix without a warning.
    pub const WIDEST_V6: u8 = 16;

    /// Warns of entries that expire within seven days.
    #[must_use]
    pub fn new() -> Linter {
        Linter { now: None, expires_within: Duration::from_secs(7 * 86_400), keep: Report::DEFAULT_KEEP }
    }

    /// The time that decides which entries have expired; the system's clock where it is not set.
    #[must_use]
    pub fn at(self, now: SystemTime) -> Linter {
        Linter { now: Some(now), ..self }
    }

    /// How long before its expiry an entry gets a warning.
    #[must_use]
    pub fn expires_within(self, span: Duration) -> Linter {
        Linter { expires_within: span, ..self }
    }

    /// How many warnings are kept whole; the others are counted.
    #[must_use]
    pub fn max_diagnostics(self, keep: usize) -> Linter {
        Linter { keep, ..self }
    }

    /// Looks at a list as a whole, in O(n log n) for n entries. The warnings that parsing gives (host
    /// bits, ambiguous labels, …) are not repeated.
    #[must_use]
    pub fn lint(&self, list: &List) -> Report {
        let now = self.now.unwrap_or_else(SystemTime::now);
        let mut pass = Pass { list, report: Report::keeping(self.keep) };
        pass.expiry(now, self.expires_within);
        pass.width();
        let mut live: Vec<(usize, &Entry)> =
            list.entries().iter().enumerate().filter(|(_, entry)| entry.is_live(now)).collect();
        pass.families(&live);
        live.sort_by_key(|(index, entry)| (entry.prefix(), *index));
        let deciding = pass.same_prefix(&live);
        pass.nesting(&deciding);
        pass.report.sort();
        pass.report
    }
}

impl List {
    /// Everything that is legal but probably not meant, with the default settings of [`Linter`].
    #[must_use]
    pub fn lint(&self) -> Report {
        Linter::new().lint(self)
    }
}

/// One walk over a list.
struct Pass<'l> {
    list: &'l List,
    report: Report,
}

impl<'l> Pass<'l> {
    fn warn(&mut self, entry: &Entry, code: Code, text: impl FnOnce() -> (String, &'static str)) {
        let list = self.list;
        self.report.add(Severity::Warning, || {
            let (message, suggestion) = text();
            Diagnostic {
                severity: Severity::Warning,
                code,
                position: entry.position(),
                token: list.original(entry).map_or_else(|| entry.to_string(), str::to_owned),
                message,
                suggestion: Some(suggestion.to_owned()),
            }
        });
    }

    fn expiry(&mut self, now: SystemTime, soon: Duration) {
        for entry in self.list {
            let Some(until) = entry.until() else { continue };
            let prefix = PrefixText(entry.prefix());
            if until.has_passed(now) {
                self.warn(entry, Code::Expired, || {
                    (format!("{prefix} has expired (until={until})"), "remove the entry")
                });
            } else if now.checked_add(soon).is_none_or(|soon| until.has_passed(soon)) {
                self.warn(entry, Code::ExpiresSoon, || {
                    (format!("{prefix} expires soon (until={until})"), "renew it or let it go")
                });
            }
        }
    }

    fn width(&mut self) {
        for entry in self.list {
            let (prefix, widest) = match entry.prefix() {
                IpNet::V4(v4) => (IpNet::V4(v4), Linter::WIDEST_V4),
                IpNet::V6(v6) => (IpNet::V6(v6), Linter::WIDEST_V6),
            };
            if prefix.prefix_len() < widest {
                let message = || format!("{prefix} is wider than /{widest}");
                self.warn(entry, Code::WidePrefix, || {
                    (message(), "make sure that so many addresses are meant")
                });
            }
        }
    }

    fn families(&mut self, live: &[(usize, &'l Entry)]) {
        let is_v4 = |entry: &Entry| matches!(entry.prefix(), IpNet::V4(_));
        let Some((_, first)) = live.first() else { return };
        if live.iter().any(|(_, entry)| is_v4(entry) != is_v4(first)) {
            return;
        }
        let (has, lacks) = if is_v4(first) { ("IPv4", "IPv6") } else { ("IPv6", "IPv4") };
        self.warn(first, Code::OneFamily, || {
            (
                format!("the list has {has} entries only: every {lacks} client is denied"),
                "add entries of the other family if its clients are meant too",
            )
        });
    }

    /// Reports entries of one prefix, and returns the one that decides for each.
    fn same_prefix(&mut self, sorted: &[(usize, &'l Entry)]) -> Vec<&'l Entry> {
        let mut deciding: Vec<&'l Entry> = Vec::with_capacity(sorted.len());
        for &(_, entry) in sorted {
            let Some(earlier) = deciding.last().copied().filter(|earlier| earlier.prefix() == entry.prefix())
            else {
                deciding.push(entry);
                continue;
            };
            let line = earlier.position().map_or_else(String::new, |at| format!(" on line {}", at.line));
            let prefix = PrefixText(entry.prefix());
            if earlier.action() != entry.action() {
                // A conflict: an error of parsing, not a matter of taste.
            } else if earlier.label() == entry.label() {
                self.warn(entry, Code::Duplicate, || {
                    (format!("{prefix} stands already{line}"), "remove one of the two")
                });
            } else {
                self.warn(entry, Code::TwoLabels, || {
                    let name = |e: &Entry| {
                        e.label().map_or_else(|| "no label".to_owned(), |label| format!("`{label}`"))
                    };
                    (
                        format!(
                            "{prefix} has {} here and {}{line}: the later entry wins",
                            name(entry),
                            name(earlier)
                        ),
                        "keep one of the two",
                    )
                });
            }
            deciding.pop();
            deciding.push(entry);
        }
        deciding
    }

    /// Reports entries that nest without need. Every entry's parent, the longest prefix around it, is on
    /// the stack when its turn comes.
    fn nesting(&mut self, sorted: &[&'l Entry]) {
        let mut open: Vec<Open<'l>> = Vec::new();
        for &entry in sorted {
            while let Some(parent) = open.pop() {
                if parent.entry.prefix().contains(&entry.prefix()) {
                    open.push(parent);
                    break;
                }
                self.close(parent, &mut open);
            }
            if let Some(parent) = open.last() {
                let parent = parent.entry;
                if says_the_same(parent, entry) {
                    let line =
                        parent.position().map_or_else(String::new, |at| format!(" on line {}", at.line));
                    let (inner, outer) = (PrefixText(entry.prefix()), PrefixText(parent.prefix()));
                    self.warn(entry, Code::Redundant, || {
                        (
                            format!("{inner} lies inside {outer}{line}, which says the same"),
                            "remove the inner entry",
                        )
                    });
                }
            }
            open.push(Open::new(entry));
        }
        while let Some(last) = open.pop() {
            self.close(last, &mut open);
        }
    }

    /// Everything inside an entry has been seen.
    fn close(&mut self, closed: Open<'l>, open: &mut [Open<'l>]) {
        if closed.is_covered() && closed.outlived {
            let prefix = PrefixText(closed.entry.prefix());
            self.warn(closed.entry, Code::Shadowed, || {
                (
                    format!("more specific entries cover all of {prefix}: it decides for no address"),
                    "remove it",
                )
            });
        }
        if let Some(parent) = open.last_mut() {
            parent.cover(closed.entry);
        }
    }
}

/// An entry whose inside is being walked, and how much of it its children cover.
struct Open<'l> {
    entry: &'l Entry,
    /// Pairs of addresses in children of two addresses or more: a count of addresses could be 2^128.
    pairs: u128,
    /// Children of one address.
    hosts: u128,
    /// Whether all its children hold at least as long as it does.
    outlived: bool,
}

impl<'l> Open<'l> {
    fn new(entry: &'l Entry) -> Open<'l> {
        Open { entry, pairs: 0, hosts: 0, outlived: true }
    }

    fn cover(&mut self, child: &Entry) {
        match pairs(child.prefix()) {
            0 => self.hosts += 1,
            pairs => self.pairs += pairs,
        }
        self.outlived &= lasts_as_long(child.until(), self.entry.until());
    }

    fn is_covered(&self) -> bool {
        let size = pairs(self.entry.prefix());
        size > 0 && self.pairs + self.hosts / 2 >= size
    }
}

/// Half the number of addresses in a prefix, 0 for a single one.
fn pairs(prefix: IpNet) -> u128 {
    let host_bits = prefix.max_prefix_len() - prefix.prefix_len();
    host_bits.checked_sub(1).map_or(0, |bits| 1 << bits)
}

/// Whether removing `inner` would change no verdict: the action is the same, `inner` names nobody else, and
/// `outer` holds as long.
fn says_the_same(outer: &Entry, inner: &Entry) -> bool {
    let same_label = inner.label().is_none() || inner.label() == outer.label();
    let same_action = matches!(
        (outer.action(), inner.action()),
        (Action::Allow, Action::Allow) | (Action::Deny, Action::Deny)
    );
    same_action && same_label && lasts_as_long(outer.until(), inner.until())
}

/// Whether one expiry is not before another; no expiry is the latest.
fn lasts_as_long(one: Option<Until>, other: Option<Until>) -> bool {
    one.is_none_or(|one| other.is_some_and(|other| one >= other))
}
