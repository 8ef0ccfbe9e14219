//! Sites: many apps, one default list, chosen for each request.
//!
//! A [`Site`] says what there is; a [`SiteGate`] enforces it, and a [`SiteReader`] asks it for one thread. The default list is
//! compiled and held once, however many apps there are: a check of an app asks its own list and the default list, and the
//! site's table of modes ([`Policy`](crate::Policy)) says which of the two decides.
//!
//! Read from top to bottom: `description` is plain data; `changes` go through a `guard` into the `gate`, which has a
//! `successor` made of its `snapshot`: that shares `apps` and `directory` with the state before but for what changed. A
//! `reader` asks a snapshot for a `verdict`, and has a `tally` of what it was asked to count. `text` reads the folder in which people write a
//! site, `image` the file into which it is compiled.

mod apps;
mod audit;
mod changes;
mod counts;
mod description;
mod digest;
mod directory;
mod effective;
mod gate;
mod guard;
mod host;
mod image;
mod judgement;
mod memo;
mod name;
mod reader;
mod shared;
mod snapshot;
mod spare;
mod status;
mod successor;
mod tally;
#[cfg(feature = "site-text")]
pub(crate) mod text;
mod verdict;

pub use audit::Finding;
pub use changes::{Changes, Permit};
pub use counts::{AppCounts, Counted};
pub use description::{App, ListSlot, Site};
pub use digest::SiteDigest;
pub use gate::SiteGate;
pub use guard::{SiteGuard, SiteRefusal, SiteRefused};
pub use host::{Host, HostError};
pub use judgement::SiteJudgement;
pub use name::{AppName, AppNameError};
pub use reader::{AppRef, SiteReader, Sought};
pub use snapshot::SiteSnapshot;
pub use status::{AppStatus, SiteStatus};
#[cfg(feature = "site-text")]
pub use text::{ParsedSite, Problem, SiteParser, SiteTextError};
pub use verdict::SiteVerdict;
