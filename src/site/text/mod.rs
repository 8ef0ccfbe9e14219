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
//! `list` read a file each, `found` finds the lists, and `folder` reads all of it.

mod folder;
mod found;
mod hosts;
mod list;
mod problem;
mod settings;

#[cfg(feature = "watch")]
pub(crate) use {
    found::{DEFAULT, HOSTS, Item, SETTINGS, is_site, no_site, walk, write_list_path},
    hosts::parse as parse_hosts,
    list::of_content as list_of_content,
    settings::{Settings, parse as parse_settings},
};

pub use folder::{ParsedSite, SiteParser};
pub use problem::{Problem, SiteTextError};
