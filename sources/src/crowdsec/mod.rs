//! CrowdSec: whom its Local API bans is denied, beside the lists that there are.
//!
//! ```text
//!   startup=true  ──▶ all decisions ─────┐
//!   startup=false ──▶ new and deleted ───┴▶ bans by their numbers ──▶ an entry for each prefix: the ban that lasts longest
//! ```

mod bans;
mod decision;
mod duration;
mod source;

pub use source::CrowdSecSource;
