//! Lists: text in, entries out, and everything there is to say about them.
//!
//! Read from top to bottom: `scan` cuts the text, `grammar` accepts an entry or `diagnose` says why
//! not, `foreign` recognises files that are no lists, `parse` puts them together under the rules that concern the
//! whole list, `lint` looks for what is legal but probably not meant.

mod conflict;
mod diagnose;
mod diagnostic;
mod edit;
mod entry;
mod foreign;
mod format;
mod grammar;
mod label;
mod lint;
mod parse;
mod pass;
mod piece;
mod rejected;
mod report;
mod scan;
mod sequence;
mod text;
mod until;

pub use conflict::Conflict;
pub use diagnostic::{Code, Diagnostic, Position, Severity};
pub use edit::{Edit, append_lines, apply_edits};
pub use entry::{Action, Entry};
pub use format::{Formatted, format_text};
pub(crate) use label::check as check_label;
pub use label::{Label, LabelError};
pub use lint::Linter;
pub use parse::{Parsed, Parser, ReadError};
pub use piece::Piece;
pub use rejected::Rejected;
pub use report::Report;
pub use sequence::{InvalidList, List};
pub use until::{Until, UntilError};
