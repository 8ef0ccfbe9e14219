//! One entry of a list.

use std::fmt;
use std::time::SystemTime;

use ipnet::IpNet;

use super::diagnostic::Position;
use super::label::Label;
use super::text::{EntryText, TargetText};
use super::until::Until;
use crate::address::canonical_prefix;

/// What an entry does with the addresses that it decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum Action {
    /// Lets them in.
    Allow,
    /// Keeps them out; written `!` before the prefix.
    Deny,
}

/// One prefix with an action, an optional label and an optional expiry.
///
/// Two entries are equal when they mean the same; where they stand in a text does not count.
///
/// ```
/// use ipgate::{Action, Entry};
/// let entry = Entry::new("10.0.1.0/24".parse()?, Action::Allow).with_label("office_ABC".parse()?);
/// assert_eq!(entry.to_string(), "10.0.1.0/24:office_ABC");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Entry {
    prefix: IpNet,
    action: Action,
    label: Option<Label>,
    until: Option<Until>,
    /// Line 0, which no text has, for an entry that stands nowhere.
    position: Position,
}

/// A list may hold millions.
const _: () = assert!(size_of::<Entry>() <= 64);

const NOWHERE: Position = Position { line: 0, column: 0, offset: 0, len: 0 };

impl Entry {
    /// An entry without label or expiry. The prefix is made canonical: host bits are cleared, and a
    /// prefix inside `::ffff:0:0/96` becomes the IPv4 prefix that it stands for.
    #[must_use]
    pub fn new(prefix: IpNet, action: Action) -> Entry {
        Entry { prefix: canonical_prefix(prefix).prefix, action, label: None, until: None, position: NOWHERE }
    }

    /// The same entry with a label.
    #[must_use]
    pub fn with_label(self, label: Label) -> Entry {
        Entry { label: Some(label), ..self }
    }

    /// The same entry with an expiry.
    #[must_use]
    pub fn with_until(self, until: Until) -> Entry {
        Entry { until: Some(until), ..self }
    }

    /// An entry as parsed: `prefix` is canonical already.
    pub(super) fn parsed(
        prefix: IpNet,
        action: Action,
        label: Option<Label>,
        until: Option<Until>,
        position: Position,
    ) -> Entry {
        Entry { prefix, action, label, until, position }
    }

    /// The same entry, so many lines further down. Where its line begins in the text is not known then.
    #[cfg(feature = "watch")]
    pub(super) fn further_down(self, lines: u32) -> Entry {
        Entry { position: Position { line: self.position.line + lines, ..self.position }, ..self }
    }

    /// The canonical prefix.
    #[must_use]
    pub fn prefix(&self) -> IpNet {
        self.prefix
    }

    /// Allow or deny.
    #[must_use]
    pub fn action(&self) -> Action {
        self.action
    }

    /// The label, if it has one.
    #[must_use]
    pub fn label(&self) -> Option<&Label> {
        self.label.as_ref()
    }

    /// The first instant at which it no longer holds, if it expires.
    #[must_use]
    pub fn until(&self) -> Option<Until> {
        self.until
    }

    /// Where it stands in the text that its list was parsed from.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        Some(self.position).filter(|position| *position != NOWHERE)
    }

    /// Whether it holds at `now`.
    #[must_use]
    pub fn is_live(&self, now: SystemTime) -> bool {
        self.until.is_none_or(|until| !until.has_passed(now))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Entry) -> bool {
        let meaning = |e: &Entry| (e.prefix, e.action, e.until);
        meaning(self) == meaning(other) && self.label == other.label
    }
}

impl Eq for Entry {}

impl fmt::Display for Entry {
    /// Canonical list text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        EntryText {
            deny: self.action == Action::Deny,
            target: TargetText::Prefix { prefix: self.prefix, labelled: self.label.is_some() },
            label: self.label.as_ref().map(Label::as_str),
            until: self.until,
        }
        .fmt(f)
    }
}
