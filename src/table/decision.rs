//! Decisions: what a table says of an address.

use super::compiled::Table;
use super::entries::{Origin, Value};
use crate::list::Action;
use crate::reason::Reason;

/// A decision without its table: what a [`Decision`] and a verdict have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ruling {
    /// What the deciding entry says; [`Value::NONE`] where none decides, by the reason. Without an `Option`, which
    /// would be copied with its padding: that has to wait for the byte of the reason to be written.
    value: Value,
    reason: Reason,
}

impl Ruling {
    /// What the entry does that decides, if one does.
    #[inline(always)]
    pub(crate) fn action(self) -> Option<Action> {
        match self.reason {
            Reason::AllowEntry => Some(Action::Allow),
            Reason::DenyEntry => Some(Action::Deny),
            Reason::NoAddress | Reason::NoList | Reason::NoEntry | Reason::NoGate => None,
        }
    }

    /// Whether an entry decides.
    #[inline(always)]
    pub(crate) fn is_of_entry(self) -> bool {
        matches!(self.reason, Reason::AllowEntry | Reason::DenyEntry)
    }

    /// An entry decides, which says this.
    #[inline(always)]
    pub(super) fn of_entry(value: Value) -> Ruling {
        let reason = match value.action() {
            Action::Allow => Reason::AllowEntry,
            Action::Deny => Reason::DenyEntry,
        };
        Ruling { value, reason }
    }

    /// No entry decides.
    #[inline(always)]
    pub(crate) fn without_entry(reason: Reason) -> Ruling {
        Ruling { value: Value::NONE, reason }
    }

    /// Why.
    #[inline(always)]
    pub(crate) fn reason(self) -> Reason {
        self.reason
    }

    /// The same where `enforce` says whether a list is required.
    #[inline(always)]
    pub(crate) fn enforced(self, enforce: bool) -> Ruling {
        /// Out of line, so that a check asks for no more than a comparison where there is a list.
        #[cold]
        #[inline(never)]
        fn of_no_list(enforce: bool) -> Ruling {
            Ruling::without_entry(if enforce { Reason::NoList } else { Reason::NoGate })
        }
        if self.reason == Reason::NoGate { of_no_list(enforce) } else { self }
    }
}

/// What a table says of an address.
#[derive(Debug, Clone, Copy)]
pub struct Decision<'t> {
    pub(super) table: &'t Table,
    pub(super) ruling: Ruling,
}

impl<'t> Decision<'t> {
    /// The table that it is of.
    #[inline]
    #[must_use]
    pub fn table(&self) -> &'t Table {
        self.table
    }

    /// Whether the address is allowed.
    #[inline]
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.ruling.reason.is_allowed()
    }

    /// Why.
    #[inline]
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.ruling.reason
    }

    /// What the entry that decided does, if one did.
    #[inline]
    #[must_use]
    pub fn action(&self) -> Option<Action> {
        self.ruling.action()
    }

    /// What the entry that decided does, for those who know that one did. Found before the reason is.
    #[inline(always)]
    pub(crate) fn action_of_entry(&self) -> Action {
        self.ruling.value.action()
    }

    /// Which list of the policy decided, if an entry of one did.
    #[inline]
    #[must_use]
    pub fn origin(&self) -> Option<Origin> {
        self.ruling.is_of_entry().then(|| self.ruling.value.origin())
    }

    /// The label of the entry that decided, if one did and it has one.
    #[inline]
    #[must_use]
    pub fn label(&self) -> Option<&'t str> {
        std::str::from_utf8(self.label_bytes()?).ok()
    }

    /// The number of that label, 0 where there is none: labels are numbered from 1 to [`Table::label_count`], in
    /// another way in each table. For those who count by label and look at its text ([`Table::label`]) once.
    #[inline]
    #[must_use]
    pub fn label_number(&self) -> u32 {
        self.ruling.value.label_field()
    }

    /// The label as UTF-8 bytes, without the time that it takes to see once more that they are.
    #[inline]
    #[must_use]
    pub fn label_bytes(&self) -> Option<&'t [u8]> {
        self.table.label_bytes(self.ruling.value)
    }
}
