//! Decisions: what a table says of an address.

use super::Table;
use super::entries::{Origin, Value};
use crate::list::Action;
use crate::reason::Reason;

/// A decision without its table: what a [`Decision`] and a verdict have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ruling {
    /// What the deciding entry says, if one decides.
    pub(super) value: Option<Value>,
    pub(super) reason: Reason,
}

impl Ruling {
    /// No entry decides.
    pub(crate) fn without_entry(reason: Reason) -> Ruling {
        Ruling { value: None, reason }
    }

    /// Why.
    #[inline(always)]
    pub(crate) fn reason(self) -> Reason {
        self.reason
    }

    /// The same by an entry of that list of a policy.
    #[inline(always)]
    pub(crate) fn with_origin(self, origin: Origin) -> Ruling {
        Ruling { value: self.value.map(|value| value.with_origin(origin)), ..self }
    }

    /// The same where `enforce` says whether a list is required.
    #[inline(always)]
    pub(crate) fn enforced(self, enforce: bool) -> Ruling {
        match self.reason {
            Reason::NoGate if enforce => Ruling { reason: Reason::NoList, ..self },
            _ => self,
        }
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
        Some(self.ruling.value?.action())
    }

    /// Which list of the policy decided, if an entry of one did.
    #[inline]
    #[must_use]
    pub fn origin(&self) -> Option<Origin> {
        Some(self.ruling.value?.origin())
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
        self.ruling.value.map_or(0, Value::label_field)
    }

    /// The label as UTF-8 bytes, without the time that it takes to see once more that they are.
    #[inline]
    #[must_use]
    pub fn label_bytes(&self) -> Option<&'t [u8]> {
        self.table.entries.label_bytes(self.ruling.value?)
    }
}
