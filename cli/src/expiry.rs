//! When access ends: an expiry ends nothing where another entry goes on.

use ipgate::ipnet::IpNet;
use ipgate::list::Until;
use ipgate::table::EntryRef;
use ipgate::{Action, Entry, Table};
use serde::Serialize;

use crate::output::maybe_text;

/// An entry that goes on where another one ends.
#[derive(Debug, Serialize)]
pub(crate) struct Outlasting {
    /// In canonical text.
    pub(crate) entry: String,
    pub(crate) line: Option<u32>,
    /// When that ends in its turn, if ever.
    #[serde(serialize_with = "maybe_text")]
    pub(crate) until: Option<Until>,
}

impl Outlasting {
    /// What goes on where an entry of a table expires; nothing for an entry that does not expire, or that ends as
    /// it is written.
    pub(crate) fn of(table: &Table, entry: &Entry) -> Option<Outlasting> {
        let others = around(table, entry.prefix()).filter(|other| other.to_entry() != *entry);
        let (until, last) = goes_on(entry.action(), entry.until(), others);
        let last = last?;
        Some(Outlasting { entry: last.to_entry().to_string(), line: last.line(), until })
    }

    /// A sentence about the entry that is outlasted.
    pub(crate) fn sentence(&self, action: Action) -> String {
        let (what, does) = match action {
            Action::Allow => ("access", "allows"),
            Action::Deny => ("denial", "denies"),
        };
        let Outlasting { entry, line, until } = self;
        let line = line.map_or_else(String::new, |line| format!(" on line {line}"));
        let end = until.map_or("without an end".to_owned(), |until| format!("until {until}"));
        format!("{what} does not end then: `{entry}`{line} {does} it {end}")
    }
}

/// When what a table does with the addresses of an entry comes to its end, before and after an edit.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub(crate) struct Ends {
    #[serde(serialize_with = "maybe_text")]
    pub(crate) was: Option<Until>,
    #[serde(serialize_with = "maybe_text")]
    pub(crate) now: Option<Until>,
}

impl Ends {
    /// Where both tables do the same with the entry's addresses, which is what the entry says, and not for as long.
    pub(crate) fn of(before: &Table, after: &Table, entry: &Entry) -> Option<Ends> {
        let end = |table: &Table| {
            let mut chain = around(table, entry.prefix());
            let first = chain.next().filter(|first| first.action() == entry.action())?;
            Some(goes_on(first.action(), first.until(), chain).0)
        };
        let ends = Ends { was: end(before)?, now: end(after)? };
        (ends.was != ends.now).then_some(ends)
    }

    pub(crate) fn sentence(&self, action: Action) -> String {
        let does = match action {
            Action::Allow => "allowed",
            Action::Deny => "denied",
        };
        let end =
            |until: Option<Until>| until.map_or("without an end".to_owned(), |at| format!("until {at}"));
        format!("{does} {} now, {} before", end(self.now), end(self.was))
    }
}

/// The entries that cover all of a prefix, the one that decides first.
fn around(table: &Table, prefix: IpNet) -> impl Iterator<Item = EntryRef<'_>> {
    table.covering(prefix.network()).filter(move |entry| entry.prefix().contains(&prefix))
}

/// Until when an action goes on through other entries, and the last one of them: whenever the one that decides
/// expires, the next decides that has not.
fn goes_on<'t>(
    action: Action,
    mut until: Option<Until>,
    others: impl Iterator<Item = EntryRef<'t>>,
) -> (Option<Until>, Option<EntryRef<'t>>) {
    let mut last = None;
    for other in others {
        let Some(end) = until else { break };
        if other.until().is_some_and(|until| until <= end) {
            continue;
        }
        if other.action() != action {
            break;
        }
        (until, last) = (other.until(), Some(other));
    }
    (until, last)
}
