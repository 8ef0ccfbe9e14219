//! What to say of entries that others repeat, replace or cover, and which of them may be removed.
//!
//! Whether an entry is needed is a matter of its whole item: what stays for one part stays. Only what may go is told
//! to be removed.

use super::item::{Item, Note, Notes, removal};
use super::roles::{Role, Roles, lasts_as_long};
use crate::address::PrefixText;
use crate::list::diagnostic::Code;
use crate::list::entry::Entry;
use crate::list::sequence::List;
use crate::shown::Shown;

/// What is to be said of an entry, beside the one below it where there is such.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Finding {
    /// It stands there already.
    Again,
    /// It stands there already, and ends earlier there.
    Prolonged,
    /// It stands there already, and holds longer there.
    Outlived,
    /// It stands there already with another label.
    Relabelled,
    /// One around it says the same.
    Inside,
    /// One around it says the same for longer.
    InsideLonger,
    /// Others decide for all of its addresses.
    Covered,
}

/// Tells of every item what its entries are good for: each thing once, whichever of its parts it is true of.
pub(super) fn advise(notes: &mut Notes<'_, '_, '_>, roles: &Roles) {
    let list = notes.list;
    let advice = Advice { list, roles, spare: spare(list, roles) };
    for item in Item::all(list) {
        let mut groups: Vec<Group<'_>> = Vec::new();
        for found in advice.findings(item) {
            match groups.iter_mut().find(|group| advice.is_told_with(&group.first, &found)) {
                Some(group) => group.add(found),
                None => groups.push(Group { first: found, like: 1, others: Vec::new() }),
            }
        }
        for group in groups {
            let one = &group.first;
            let whole = group.like == item.entries.len();
            let name = || if whole { item.name() } else { item.part(one.entry) };
            notes.warn(one.entry, one.code(), || advice.tell(item, &group, &name(), whole));
        }
    }
}

/// What is told of an item in one sentence.
struct Group<'l> {
    first: Found<'l>,
    /// For how many parts the first one's sentence does as it stands.
    like: usize,
    /// The others, where what is below them is something else.
    others: Vec<Found<'l>>,
}

impl<'l> Group<'l> {
    fn add(&mut self, found: Found<'l>) {
        match found.is_like(&self.first) {
            true => self.like += 1,
            // Several entries may be what makes the item needless: it goes as a whole.
            false if found.is_of_itself() => {}
            false => self.others.push(found),
        }
    }
}

/// For each entry, whether its whole item may be removed.
fn spare(list: &List, roles: &Roles) -> Vec<bool> {
    let mut spare = Vec::with_capacity(list.len());
    for item in Item::all(list) {
        let is_spare = item.numbers().all(|number| roles.role(number) != Role::Needed);
        spare.resize(spare.len() + item.entries.len(), is_spare);
    }
    spare
}

/// Something that was found of an entry.
struct Found<'l> {
    finding: Finding,
    entry: &'l Entry,
    below: Option<(usize, &'l Entry)>,
}

impl Found<'_> {
    /// Whether one sentence does for both: what is below them was written as one.
    fn is_like(&self, other: &Found<'_>) -> bool {
        let place = |found: &Found<'_>| found.below.map(|(number, below)| below.position().ok_or(number));
        self.finding == other.finding && place(self) == place(other)
    }

    /// Whether it is the item itself that may be needless, and not what stands beside it.
    fn is_of_itself(&self) -> bool {
        matches!(self.finding, Finding::Again | Finding::Inside | Finding::Covered)
    }

    fn code(&self) -> Code {
        match self.finding {
            Finding::Again | Finding::Prolonged | Finding::Outlived => Code::Duplicate,
            Finding::Relabelled => Code::TwoLabels,
            Finding::Inside | Finding::InsideLonger => Code::Redundant,
            Finding::Covered => Code::Shadowed,
        }
    }
}

struct Advice<'l> {
    list: &'l List,
    roles: &'l Roles,
    spare: Vec<bool>,
}

impl<'l> Advice<'l> {
    fn is_spare(&self, number: usize) -> bool {
        self.spare.get(number).copied().unwrap_or(false)
    }

    fn findings(&self, item: Item<'l>) -> Vec<Found<'l>> {
        let mut found = Vec::new();
        for (number, entry) in item.numbers().zip(item.entries) {
            let role = self.roles.role(number);
            let below =
                self.roles.below(number).and_then(|below| Some((below, self.list.entries().get(below)?)));
            if let Some(finding) = below.and_then(|(_, below)| beside(below, entry, role)) {
                found.push(Found { finding, entry, below });
            }
            if role == Role::Covered {
                found.push(Found { finding: Finding::Covered, entry, below: None });
            }
        }
        found
    }

    /// Whether one sentence does for both.
    fn is_told_with(&self, one: &Found<'_>, other: &Found<'_>) -> bool {
        let may_go = |found: &Found<'_>| found.below.is_some_and(|(number, _)| self.is_spare(number));
        let is_same = one.finding == other.finding && may_go(one) == may_go(other);
        is_same || (one.is_of_itself() && other.is_of_itself())
    }

    fn tell(&self, item: Item<'_>, group: &Group<'_>, name: &str, whole: bool) -> Note {
        let mut note = self.note(item, &group.first, name, whole);
        if group.others.is_empty() {
            return note;
        }
        let parts = if group.others.len() == 1 { "part" } else { "parts" };
        note.message.push_str(&format!("; so it is with {} more {parts} of it", group.others.len()));
        for other in &group.others {
            let fix = self.note(item, other, name, false).fix;
            if note.fix.last() != fix.last() {
                note.fix.extend(fix);
            }
        }
        if note.fix.len() > 1 {
            note.suggestion = "remove the earlier ones, which changes nothing".to_owned();
        }
        note
    }

    fn note(&self, item: Item<'_>, found: &Found<'_>, name: &str, whole: bool) -> Note {
        let at = found.below.and_then(|(_, below)| below.position());
        let place = at.map_or_else(String::new, |at| at.beside(found.entry.position()));
        let outer = found.below.map_or_else(String::new, |(_, below)| PrefixText(below.prefix()).to_string());
        match found.finding {
            Finding::Again => {
                self.may_go(item, whole, format!("{name} stands already{place}"), "remove this one")
            }
            Finding::Inside => {
                let message = format!("{name} lies inside {outer}{place}, which says the same");
                self.may_go(item, whole, message, "remove the inner entry")
            }
            Finding::Covered => {
                let message = format!("more specific entries cover all of {name}: it decides for no address");
                self.may_go(item, whole, message, "remove it")
            }
            Finding::Outlived => Note::new(
                format!("{name} ends, but stands already{place}, where it holds longer"),
                "make sure that it is meant to hold on",
            ),
            Finding::InsideLonger => Note::new(
                format!("{name} ends, but lies inside {outer}{place}, which says the same for longer"),
                "make sure that it is meant to hold on",
            ),
            Finding::Prolonged => {
                let message = format!("{name} stands already{place}, where it ends earlier");
                self.earlier_may_go(found, message, "make sure that the later end is meant")
            }
            Finding::Relabelled => {
                let label = |entry: &Entry| {
                    entry
                        .label()
                        .map_or_else(|| "no label".to_owned(), |label| format!("`{}`", Shown(label.as_str())))
                };
                let (here, there) =
                    (label(found.entry), found.below.map_or_else(String::new, |(_, e)| label(e)));
                let longer = found.below.is_some_and(|(_, e)| !lasts_as_long(found.entry.until(), e.until()));
                let until = if longer { " until it ends" } else { "" };
                let message =
                    format!("{name} has {here} here and {there}{place}: the later entry wins{until}");
                let meant = if longer {
                    "make sure that both labels are meant"
                } else {
                    "make sure that the later label is meant"
                };
                self.earlier_may_go(found, message, meant)
            }
        }
    }

    /// The advice to remove an item, where all of it may go.
    fn may_go(&self, item: Item<'_>, whole: bool, message: String, remove: &str) -> Note {
        if !self.is_spare(item.first) {
            return Note::new(message, "leave it as it is: its other parts are needed");
        }
        let fix = item.entries.first().map_or_else(Vec::new, |entry| removal(self.list, entry));
        let remove = if whole { remove } else { "remove the whole entry: none of its parts is needed" };
        Note { message, suggestion: remove.to_owned(), fix }
    }

    /// The advice to remove the earlier of two entries of one prefix, where all that was written with it may go.
    fn earlier_may_go(&self, found: &Found<'_>, message: String, otherwise: &str) -> Note {
        match found.below {
            Some((number, earlier)) if self.is_spare(number) => Note {
                message,
                suggestion: "remove the earlier one, which changes nothing".to_owned(),
                fix: removal(self.list, earlier),
            },
            _ => Note::new(message, otherwise),
        }
    }
}

/// What one entry is beside the one that decides where it does not.
fn beside(below: &Entry, entry: &Entry, role: Role) -> Option<Finding> {
    let same_prefix = below.prefix() == entry.prefix();
    if below.action() != entry.action() {
        return None; // an exception, or a conflict, which is an error of parsing
    }
    if below.label() != entry.label() {
        return same_prefix.then_some(Finding::Relabelled);
    }
    let holds_longer = lasts_as_long(below.until(), entry.until());
    match (role, same_prefix, holds_longer) {
        (Role::Repeats, true, _) => Some(Finding::Again),
        (Role::Repeats, false, _) => Some(Finding::Inside),
        (_, true, true) => Some(Finding::Outlived),
        (_, true, false) => Some(Finding::Prolonged),
        (_, false, true) => Some(Finding::InsideLonger),
        (_, false, false) => None,
    }
}
