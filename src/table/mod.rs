//! Tables: entries compiled for longest-prefix match.
//!
//! A table is one flat image in memory (`layout`, `image`). It holds a compiled structure for each address
//! family (`ipgate_lpm`), which answers the questions of the request path (`lookup`, `batch`), and `columns` with the
//! entries (`entries`, `entry`), which name and explain them.

mod amend;
mod batch;
mod build;
mod changes;
mod columns;
mod compiled;
mod decision;
mod entries;
mod entry;
mod image;
mod layout;
mod lookup;
mod patch;
mod precede;
#[cfg(feature = "watch")]
mod revise;
mod shifts;
mod update;
mod width;

pub use changes::Change;
pub use compiled::Table;
pub use decision::Decision;
pub(crate) use decision::Ruling;
pub use entries::Origin;
pub use entry::EntryRef;
pub use image::ImageInfo;
pub use ipgate_lpm::{ImageError, ImageErrorKind};
#[cfg(feature = "watch")]
pub(crate) use revise::Revision;
#[cfg(feature = "watch")]
pub(crate) use shifts::ChangedLines;
pub use update::Update;
