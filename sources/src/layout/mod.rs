//! What the keys of etcd mean, whichever of its APIs they are read through.
//!
//! ```text
//!   key, value ──▶ keys ──▶ deis ───┐
//!                       └─▶ plain ──┴─▶ statement: what the touched keys make of apps and settings
//! ```
//!
//! A key that changes touches the one app, or the one setting, that it belongs to; the statement says these and no others, so
//! that a change costs the same among ten thousand apps as among ten.

mod choice;
mod deis;
mod keys;
mod places;
mod plain;
mod remarks;
mod split;
#[cfg(test)]
mod tests;
mod text;
mod touched;

pub use choice::Layout;
pub(crate) use keys::Keys;
pub(crate) use places::{Version, list_text, write_into};
#[cfg(feature = "etcd")]
pub(crate) use split::{PART_BYTES, PARTS, SPLIT, Split};
