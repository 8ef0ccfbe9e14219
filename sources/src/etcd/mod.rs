//! etcd through its v3 API: the keys at one revision, then what changes after it.
//!
//! ```text
//!   connect ─▶ read all at one revision ─▶ watch from the next ─▶ changes …
//!      ▲          ▲                           │
//!      │          └── compacted, or wished ───┤
//!      └───────────── lost, denied ───────────┘
//! ```

mod connection;
mod failure;
mod kept;
mod range;
mod roster;
mod source;
mod store;

pub use roster::EtcdRoster;
pub use source::EtcdSource;
pub use store::EtcdStore;
