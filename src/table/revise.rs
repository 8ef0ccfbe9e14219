//! Revisions: a list whose text was changed in some lines, without reading or compiling the rest again.

use std::time::SystemTime;

use ipnet::IpNet;

use super::amend::Amended;
use super::build::Row;
use super::compiled::Table;
use super::entries::Origin;
use super::shifts::ChangedLines;
use crate::list::{Entry, List};

/// Some lines of a list's text, and what has taken their place.
#[derive(Debug)]
pub(crate) struct Revision<'a> {
    pub(crate) origin: Origin,
    /// Ascending.
    pub(crate) lines: Vec<ChangedLines>,
    /// The prefixes of the entries of these lines as they were.
    pub(crate) removed: Vec<IpNet>,
    /// The entries of these lines as they are, with their positions in the new text.
    pub(crate) added: &'a [Entry],
}

impl Table {
    /// The table of the revised list: what a table of all of its text would be, but for the digest of the text, which it
    /// does not know. `None` where one prefix would be both allowed and denied, which reading the whole text tells.
    ///
    /// O(c log n + l) as of [`Table::updated`], and O(c s) for s places at which lines came or went since it was compiled.
    pub(crate) fn revised(&self, revision: &Revision<'_>, now: SystemTime) -> Option<Table> {
        let Revision { origin, lines, removed, added } = revision;
        let whole = self.whole();
        if whole.len() + added.len() > 2 * List::MAX_ENTRIES {
            return None;
        }
        let mut amended = Amended::of(whole);
        for prefix in removed.iter().copied().chain(added.iter().map(Entry::prefix)) {
            amended.at(prefix);
        }
        amended.change_lines(*origin, lines);
        for entry in *added {
            let rows = amended.at(entry.prefix());
            rows.push(Row::of_list(entry, *origin));
            // As a list is compiled: the later entry behind the earlier, and the app list's behind the default list's.
            rows.sort_by_key(|row| (row.origin, row.line));
            let is_live = |row: &&Row<'_>| {
                row.origin == *origin && row.until.is_none_or(|until| !until.has_passed(now))
            };
            if rows.iter().filter(is_live).any(|row| row.action != entry.action()) && entry.is_live(now) {
                return None;
            }
        }
        amended.is_beyond_text(*origin);
        Some(amended.into_table().live_by(now))
    }
}
