//! Entries and counts for C: what a reader lists.

use std::ffi::c_char;

use ipgate::tally::{Sum, Whose};
use ipgate::{
    Action,
    list::Until,
    table::{EntryRef, Origin},
};

use crate::raw::Sized_;
use crate::verdict::{EMPTY, ipgate_decision, ipgate_origin, ipgate_prefix, origin, view};

/// One entry of a list. Initialise it, or the first of an array, with IPGATE_ENTRY_INIT.
///
/// `label` and `source` live until the next call with the reader that gave the entry.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ipgate_entry {
    /// sizeof(ipgate_entry), set by the caller: IPGATE_ENTRY_INIT.
    pub size: usize,
    /// What the entry does: an ipgate_decision.
    pub action: i32,
    /// An ipgate_origin.
    pub origin: i32,
    /// The label, without a NUL behind it; empty where there is none, never NULL.
    pub label: *const c_char,
    /// Bytes of the label; 0 where there is none.
    pub label_len: usize,
    /// The name of the entry's list, usually a path, without a NUL behind it; empty where it has none.
    pub source: *const c_char,
    /// Bytes of the source.
    pub source_len: usize,
    /// When the entry ceases to hold, in microseconds since 1970 UTC; 0 for never.
    pub until_micros: i64,
    /// The line of the list on which it stands, counted from 1; 0 where that is not known.
    pub line: u32,
    /// The prefix.
    pub prefix: ipgate_prefix,
    /// Unused.
    pub reserved: [u8; 2],
}

// SAFETY: repr(C), `size` first, and raw pointers and integers hold any bits.
unsafe impl Sized_ for ipgate_entry {
    const FIRST_SIZE: usize = size_of::<ipgate_entry>();

    fn defaults() -> ipgate_entry {
        ipgate_entry {
            size: size_of::<ipgate_entry>(),
            action: ipgate_decision::IPGATE_DENY as i32,
            origin: ipgate_origin::IPGATE_ORIGIN_NONE as i32,
            label: EMPTY,
            label_len: 0,
            source: EMPTY,
            source_len: 0,
            until_micros: 0,
            line: 0,
            prefix: ipgate_prefix::NONE,
            reserved: [0; 2],
        }
    }
}

impl ipgate_entry {
    pub(crate) fn new(from: Origin, entry: EntryRef<'_>) -> ipgate_entry {
        let (label, label_len) = view(entry.label().map(str::as_bytes));
        let (source, source_len) = view(entry.source().map(str::as_bytes));
        ipgate_entry {
            action: ipgate_decision::of(entry.action() == Action::Allow) as i32,
            origin: origin(from) as i32,
            label,
            label_len,
            source,
            source_len,
            until_micros: entry.until().map_or(0, Until::unix_micros),
            line: entry.line().unwrap_or(0),
            prefix: ipgate_prefix::new(entry.prefix()),
            ..ipgate_entry::defaults()
        }
    }
}

/// Decisions of one kind. Initialise the first of an array with IPGATE_COUNT_INIT.
///
/// `label` lives until the next call with the reader that gave the count.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ipgate_count {
    /// sizeof(ipgate_count), set by the caller: IPGATE_COUNT_INIT.
    pub size: usize,
    /// An ipgate_origin: the list that they count for. IPGATE_ORIGIN_NONE for a gate without a policy, and for an app.
    pub origin: i32,
    /// 1 for labels beyond those that are told apart, 0 otherwise.
    pub others: i32,
    /// The label of the entries that decided, without a NUL behind it; empty for entries without a label and where
    /// no entry decided, never NULL.
    pub label: *const c_char,
    /// Bytes of the label; 0 where there is none.
    pub label_len: usize,
    /// How many were allowed.
    pub allowed: u64,
    /// How many were denied.
    pub denied: u64,
}

// SAFETY: repr(C), `size` first, and raw pointers and integers hold any bits.
unsafe impl Sized_ for ipgate_count {
    const FIRST_SIZE: usize = size_of::<ipgate_count>();

    fn defaults() -> ipgate_count {
        ipgate_count {
            size: size_of::<ipgate_count>(),
            origin: ipgate_origin::IPGATE_ORIGIN_NONE as i32,
            others: 0,
            label: EMPTY,
            label_len: 0,
            allowed: 0,
            denied: 0,
        }
    }
}

impl ipgate_count {
    pub(crate) fn new(from: Option<Origin>, whose: Whose<'_>, sum: Sum) -> ipgate_count {
        let text = match whose {
            Whose::Label(label) => Some(label.as_bytes()),
            Whose::Unlabelled | Whose::Others => None,
        };
        let (label, label_len) = view(text);
        ipgate_count {
            origin: from.map_or(ipgate_origin::IPGATE_ORIGIN_NONE, origin) as i32,
            others: i32::from(whose == Whose::Others),
            label,
            label_len,
            allowed: sum.allowed,
            denied: sum.denied,
            ..ipgate_count::defaults()
        }
    }
}
