//! What is legal in a list but probably not meant.

mod advice;
mod item;
mod roles;
mod scripts;

use std::time::{Duration, SystemTime};

use ipnet::IpNet;

use super::diagnostic::{Code, Diagnostic};
use super::entry::{Action, Entry};
use super::label::Label;
use super::report::{Finds, Keep, Report};
use super::sequence::List;
use super::text::{EntryText, TargetText};
use crate::address::PrefixText;
use item::{Item, Note, Notes, removal};
use roles::Roles;

/// Settings for linting a list.
///
/// ```
/// use ipgate::{List, list::{Code, Linter}};
/// let list: List = "10.0.0.0/8,10.1.0.0/16,::/16".parse()?;
/// let report = Linter::new().lint(&list);
/// assert_eq!(report.warnings().next().map(|w| w.code()), Some(Code::Redundant));
/// # Ok::<(), ipgate::list::Rejected>(())
/// ```
///
/// # What may be removed
///
/// An entry is told to be removed only where that changes nothing, and so does the removal of all such entries
/// together, or of any of them: every address keeps its verdict, its label and its expiry, from the time of the lint
/// on. [`Diagnostic::fix`](super::Diagnostic::fix) has the edits, and [`apply_edits`](super::apply_edits) makes them.
/// Whoever makes all of them, and lints again, may find more to remove.
///
/// That holds for the list by itself. In a policy that extends a default list, an entry that only repeats the one
/// around it may be an exception to something between the two in the default list: `10.1.2.0/24` inside `10.0.0.0/8`
/// lets clients in that `!10.1.0.0/16` of the default list denies. What is removed changes verdicts there.
#[derive(Debug, Clone)]
pub struct Linter {
    now: Option<SystemTime>,
    expires_within: Duration,
    keep: Keep,
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
        Linter { now: None, expires_within: Duration::from_secs(7 * 86_400), keep: Keep::default() }
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
        Linter { keep: Keep { of_severity: keep, ..self.keep }, ..self }
    }

    /// Looks at a list as a whole, in O(n log n) for n entries. The warnings that parsing gives (host
    /// bits, ambiguous labels, …) are not repeated.
    #[must_use]
    pub fn lint(&self, list: &List) -> Report {
        self.lint_into(list, Finds::new(self.keep, None))
    }

    /// The same, and shows each warning as it is found, kept or not: first those of one kind, then those of the next.
    ///
    /// ```
    /// use ipgate::{List, list::Linter};
    /// let list: List = "10.0.0.0/8,10.1.0.0/16,10.2.0.0/16,::/16".parse()?;
    /// let mut seen = 0;
    /// let report = Linter::new().max_diagnostics(1).lint_each(&list, &mut |_| seen += 1);
    /// assert_eq!((report.warnings().count(), report.warning_count(), seen), (1, 2, 2));
    /// # Ok::<(), ipgate::list::Rejected>(())
    /// ```
    pub fn lint_each(&self, list: &List, each: &mut dyn FnMut(&Diagnostic)) -> Report {
        self.lint_into(list, Finds::new(self.keep, Some(each)))
    }

    fn lint_into(&self, list: &List, mut finds: Finds<'_>) -> Report {
        self.find(list, &mut finds);
        finds.report.sort();
        finds.report
    }

    /// Adds what there is to say of a list to what was found already.
    pub(super) fn find(&self, list: &List, finds: &mut Finds<'_>) {
        let now = self.now.unwrap_or_else(SystemTime::now);
        let mut notes = Notes { list, finds };
        expiry(&mut notes, now, self.expires_within);
        width(&mut notes);
        families(&mut notes, now);
        scripts::scripts(&mut notes);
        advice::advise(&mut notes, &Roles::of(list.entries(), now));
    }
}

impl List {
    /// Everything that is legal but probably not meant, with the default settings of [`Linter`].
    #[must_use]
    pub fn lint(&self) -> Report {
        Linter::new().lint(self)
    }
}

fn expiry(notes: &mut Notes<'_, '_, '_>, now: SystemTime, soon: Duration) {
    let list = notes.list;
    for item in Item::all(list) {
        let Some(entry) = item.entries.first() else { continue };
        let Some(until) = entry.until() else { continue }; // all entries of an item have the same
        if until.has_passed(now) {
            notes.warn(entry, Code::Expired, || Note {
                message: format!("{} has expired (until={until})", item.name()),
                suggestion: "remove the entry".to_owned(),
                fix: removal(list, entry),
            });
        } else if now.checked_add(soon).is_none_or(|soon| until.has_passed(soon)) {
            notes.warn(entry, Code::ExpiresSoon, || {
                Note::new(format!("{} expires soon (until={until})", item.name()), "renew it or let it go")
            });
        }
    }
}

/// Says it once of a range or `all`, by the widest of its parts.
fn width(notes: &mut Notes<'_, '_, '_>) {
    for item in Item::all(notes.list) {
        let beyond = |entry: &&Entry| {
            let prefix = entry.prefix();
            let widest = match prefix {
                IpNet::V4(_) => Linter::WIDEST_V4,
                IpNet::V6(_) => Linter::WIDEST_V6,
            };
            widest.checked_sub(prefix.prefix_len()).filter(|beyond| *beyond > 0)
        };
        let wide = item.entries.iter().filter_map(|entry| Some((beyond(&entry)?, entry)));
        let Some((beyond, entry)) = wide.min_by_key(|(_, entry)| entry.prefix().prefix_len()) else {
            continue;
        };
        notes.warn(entry, Code::WidePrefix, || {
            let (prefix, length) = (entry.prefix(), entry.prefix().prefix_len() + beyond);
            let message = match item.entries {
                [_] => format!("{prefix} is wider than /{length}"),
                _ => format!("{} holds {prefix}, which is wider than /{length}", item.name()),
            };
            Note::new(message, "make sure that so many addresses are meant")
        });
    }
}

/// Says whom a list of one family denies. Only where all of one family was written, everyone may have been meant.
fn families(notes: &mut Notes<'_, '_, '_>, now: SystemTime) {
    let is_v4 = |entry: &Entry| matches!(entry.prefix(), IpNet::V4(_));
    let mut live = notes.list.entries().iter().filter(|entry| entry.is_live(now));
    let Some(first) = live.clone().next() else { return };
    if live.clone().any(|entry| is_v4(entry) != is_v4(first)) {
        return;
    }
    let (has, lacks) = if is_v4(first) { ("IPv4", "IPv6") } else { ("IPv6", "IPv4") };
    let whole = live.find(|entry| entry.prefix().prefix_len() == 0 && entry.action() == Action::Allow);
    notes.warn(whole.unwrap_or(first), Code::OneFamily, || match whole {
        Some(whole) => Note::new(
            format!("{} is every {has} client: every {lacks} client is denied", PrefixText(whole.prefix())),
            format!("`{}` is everyone, of IPv4 and of IPv6", everyone(whole)),
        ),
        None => Note::new(
            format!("the list has {has} entries only: every {lacks} client is denied"),
            format!("nothing is to be done where no {lacks} client is meant to come in"),
        ),
    });
}

/// The same entry for both families.
fn everyone(entry: &Entry) -> EntryText<'_> {
    let label = entry.label().map(Label::as_str);
    EntryText { deny: entry.action() == Action::Deny, target: TargetText::All, label, until: entry.until() }
}
