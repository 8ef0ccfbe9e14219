//! Filters requests by client address: labelled allow and deny lists of IP prefixes, looked up in
//! nanoseconds and swapped under load.
//!
//! Read from top to bottom, a request's path is: [`Reader::check`] → [`Table::lookup`]. A list's path is:
//! text → [`List`] → [`Policy`] → [`Table`] → [`Gate`].
//!
//! ```
//! use ipgate::{Gate, List};
//!
//! let list: List = "10.0.1.0/24:office_ABC,212.121.212.121:client_YXZ".parse()?;
//! let gate = Gate::new(&list);
//!
//! let verdict = gate.check("10.0.1.7".parse()?);
//! assert!(verdict.is_allowed());
//! assert_eq!(verdict.label(), Some("office_ABC"));
//!
//! gate.replace(&"10.0.2.0/24:new_office".parse()?)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//!
//! - `watch` (default): follow list files into a gate.
//! - `whole-file`: `whole_file`, which writes files whole or not at all.
//! - `serde`: `Serialize` and `Deserialize` for lists, entries, policies, verdicts and diagnostics.

#![forbid(unsafe_code)]

mod address;
mod content;
mod diff;
mod gate;
mod guard;
pub mod layers;
mod list;
mod policy;
mod reason;
#[cfg(feature = "serde")]
mod serde_impls;
mod snapshot;
mod space;
mod table;
pub mod tally;
mod verdict;
#[cfg(feature = "watch")]
mod watch;
#[cfg(feature = "whole-file")]
pub mod whole_file;

pub use address::{Address, AddressError, canonical_address, parse_address};
pub use content::Content;
pub use diff::{Diff, Relabelled};
pub use gate::{Failure, Gate, Reader, Status};
pub use guard::{Guard, Refusal, Refused};
pub use ipnet;
pub use list::{
    Action, Code, Conflict, Diagnostic, Entry, InvalidList, Label, LabelError, Linter, List, Parsed, Parser,
    Position, ReadError, Rejected, Report, Severity, Until, UntilError, format_text,
};
pub use policy::{Mode, Policy, SettingError, parse_enforce};
pub use reason::Reason;
#[cfg(feature = "serde")]
pub use serde_impls::VerdictRecord;
pub use snapshot::Snapshot;
pub use space::{AddressCount, Space};
pub use table::{Decision, EntryRef, ImageError, ImageErrorKind, ImageInfo, Origin, Table};
pub use verdict::Verdict;
#[cfg(feature = "watch")]
pub use watch::{Followed, Glance, Look, Outcome, Watch, WatchError, Watcher};

/// The README's programs are compiled and run as documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
