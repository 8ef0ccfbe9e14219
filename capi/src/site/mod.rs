//! Sites for C: many apps, one default list, and the app chosen for each check.

// The header has the types and functions in this order.
mod guard;

mod settings;

mod writer;

mod update;

mod poll;

mod stats;

mod page;

mod app;

mod reader;

mod checks;

mod counts;

mod file;

pub use app::*;
pub use checks::*;
pub use counts::*;
pub use guard::*;
pub use page::*;
pub use poll::*;
pub use reader::*;
pub use settings::*;
pub use stats::*;
pub(crate) use stats::{figures, last_error, warnings};
pub use update::*;
pub use writer::*;

#[cfg(test)]
mod tests;
