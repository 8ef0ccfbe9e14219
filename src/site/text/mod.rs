//! The text of a site: a folder that people edit, or a program writes.
//!
//! ```text
//! site.toml        enforce = true, mode = "extend"; for an app [apps."NAME"] with a mode of its own
//! default.list     the default list, as text or as the image of one
//! apps/NAME.list   the list of an app, likewise; a `/` in its name is a folder
//! hosts            a line each: host, blank, app; `#` begins a comment
//! ```
//!
//! All of it may be missing, but not everything. `problem` says what is wrong and where; `settings`, `hosts` and
//! `list` read a file each, `folder` finds the lists.

mod folder;
mod hosts;
mod list;
mod problem;
mod settings;

pub use folder::{ParsedSite, SiteParser};
pub use problem::{Problem, SiteTextError};
