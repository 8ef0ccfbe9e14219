//! Filters requests by client address: labelled allow and deny lists of IP prefixes, looked up in
//! nanoseconds and swapped under load.
//!
//! | for | take |
//! |---|---|
//! | text that people write, to be checked and told what is wrong | [`List`], [`list::Parser`], [`list::Linter`] |
//! | one decision now, or millions from a log | [`Table`]: [`lookup`](Table::lookup), [`lookup_many`](Table::lookup_many) |
//! | a list that changes while requests come | [`Gate`], shared by all threads |
//! | some entries of a large list that change | [`Update`], by [`Gate::update`] |
//! | the last nanoseconds, one thread each | [`Reader`] |
//! | a file that is edited | [`Watch`], into a gate |
//! | a default list and an app's own | [`Policy`] for lists that stay, [`layers::Layers`] for gates |
//! | ten thousand apps, each with a list of its own, beside one default list | [`site::Site`] for what there is, [`site::SiteGate`] to enforce it |
//! | who the client is, behind proxies | [`client::ClientRule`] |
//! | who was let in under which label, and how often | [`Verdict`]; [`layers::LayersReader::counts`], [`site::SiteReader::counts`], [`tally`] |
//! | what a new list would change, and what it may not | [`diff::Diff`], [`gate::Guard`] |
//!
//! Everyday names stand here; what goes with them is in [`list`], [`table`], [`gate`] and [`watch`].
//!
//! # One list
//!
//! ```
//! use ipgate::{Gate, List};
//!
//! let list: List = "10.0.1.0/24:office_ABC,212.121.212.121:client_YXZ".parse()?;
//! let gate = Gate::new(&list);
//! let verdict = gate.check("10.0.1.7".parse()?);
//! assert!(verdict.is_allowed());
//! assert_eq!(verdict.label(), Some("office_ABC"));
//!
//! gate.replace(&"10.0.2.0/24:new_office".parse()?)?; // every later check sees it
//! assert!(!gate.is_allowed("10.0.1.7".parse()?));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # A file that changes
//!
//! ```no_run
//! # #[cfg(feature = "watch")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use ipgate::{Gate, List, Watch};
//!
//! let gate = Gate::new(&List::new()); // denies everyone until the file is loaded
//! let watcher = Watch::new(&gate).app("office.list").on_outcome(|outcome| eprintln!("{outcome}")).start()?;
//! // … serve with the gate: a bad or vanished file changes nothing, and is reported
//! watcher.stop();
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "watch"))]
//! # fn main() {}
//! ```
//!
//! # A default list and an app's own
//!
//! ```
//! use ipgate::{Gate, List, Policy};
//!
//! let policy = Policy::new()
//!     .with_default("10.0.0.0/8:corp".parse::<List>()?)
//!     .with_app("192.0.2.7:partner,!10.9.0.0/16:lab".parse::<List>()?);
//! let gate = Gate::from_policy(&policy); // both together: the longest prefix decides
//! assert_eq!(gate.check("10.1.1.1".parse()?).label(), Some("corp"));
//! assert!(!gate.is_allowed("10.9.1.1".parse()?));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Many apps
//!
//! ```
//! use ipgate::site::{App, Site, SiteGate};
//! use ipgate::List;
//!
//! let shop = App::new().with_list("192.0.2.7:partner".parse::<List>()?).with_host("shop.example.com".parse()?);
//! let site = Site::new().with_default("10.0.0.0/8:corp".parse::<List>()?).with_app("shop".parse()?, shop);
//! let gate = SiteGate::new(&site)?;
//! let mut reader = gate.reader(); // one for each thread
//! let verdict = reader.check_host("shop.example.com:443", "192.0.2.7".parse()?);
//! assert_eq!((verdict.app(), verdict.label()), (Some("shop"), Some("partner")));
//! gate.set_app("blog".parse()?, App::new())?; // no other app is touched
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Many threads
//!
//! A gate is `Send`, `Sync` and cheap to clone; a check neither locks nor waits, and nothing is held between two checks.
//! A thread that does little else takes a reader, which is faster still and keeps the table of its last check.
//!
//! ```
//! use ipgate::{Gate, List};
//!
//! let gate = Gate::new(&"10.0.1.0/24:office_ABC".parse::<List>()?);
//! std::thread::scope(|scope| {
//!     scope.spawn(|| assert!(gate.is_allowed("10.0.1.7".parse().unwrap())));
//!     let mut reader = gate.reader();
//!     scope.spawn(move || assert!(reader.is_allowed("10.0.1.7".parse().unwrap())));
//! });
//! # Ok::<(), ipgate::list::Rejected>(())
//! ```
//!
//! # Why?
//!
//! ```
//! use ipgate::{Gate, List};
//!
//! let gate = Gate::new(&"10.0.0.0/8:corp,!10.9.0.0/16:lab".parse::<List>()?);
//! let client = "10.9.1.1".parse()?;
//! let verdict = gate.check(client);
//! assert_eq!(verdict.to_string(), "10.9.1.1 deny !10.9.0.0/16:lab (generation 1)");
//! let snapshot = gate.snapshot();
//! let covering = snapshot.table().covering(client).map(|entry| entry.to_string());
//! assert!(covering.eq(["!10.9.0.0/16:lab", "10.0.0.0/8:corp"])); // the first one decides
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//!
//! - `watch` (default): follow list files into a gate.
//! - `serde`: `Serialize` and `Deserialize` for lists, entries, policies, verdicts and diagnostics.
//! - `site-text`: sites read from folders (`site::SiteParser`).
//! - `whole-file`: files written whole or not at all.
//! - `proxy-protocol`: headers of the PROXY protocol (`client::ProxyHeader`).

#![forbid(unsafe_code)]

pub mod address;
mod alike;
pub mod client;
mod combined;
mod content;
pub mod diff;
pub mod gate;
mod guard;
mod held;
mod invisible;
pub mod layers;
mod limits;
pub mod list;
pub mod policy;
mod reason;
#[cfg(feature = "serde")]
mod serde_impls;
mod shown;
pub mod site;
mod snapshot;
pub mod space;
pub mod table;
pub mod tally;
mod verdict;
#[cfg(feature = "watch")]
pub mod watch;
#[cfg(feature = "whole-file")]
pub mod whole_file;

#[doc(inline)]
pub use address::{Address, canonical_address, parse_address};
pub use content::Content;
#[doc(inline)]
pub use gate::{Gate, Reader};
pub use ipnet;
pub use limits::{Limits, TooLarge};
#[doc(inline)]
pub use list::{Action, Entry, Label, List};
#[doc(inline)]
pub use policy::{Mode, Policy};
pub use reason::Reason;
#[cfg(feature = "serde")]
pub use serde_impls::VerdictRecord;
pub use shown::{Shown, ShownPath};
#[doc(inline)]
pub use table::{Table, Update};
pub use verdict::{Judgement, Verdict};
#[cfg(feature = "watch")]
#[doc(inline)]
pub use watch::{Watch, Watcher};

/// The README's programs are compiled and run as documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
