//! Sites followed into a gate: the folder in which people write one, or the image of one, whatever stands at the path.
//!
//! Read from top to bottom: [`SiteWatch`] sets up a thread; [`FollowedSite`] looks at the path and brings the gate up to date,
//! and is all that programs with an event loop need. It has a `folder` or an `image`, which `gathers` what is new; a folder
//! has a `list` for each app, which a `listing` finds, and a `part` for each other file.

mod folder;
mod followed;
mod gathered;
mod image;
mod list;
mod listing;
mod part;
mod watch;

pub use followed::FollowedSite;
pub use watch::SiteWatch;
