//! etcd through its v3 API: the keys at one revision, then what changes after it.
//!
//! ```text
//!   connect ─▶ known up to a revision, and still there? ─ yes ─▶ watch from the next ─▶ changes …
//!      ▲                       no │                            ▲    │
//!      │                          ▼                            │    │
//!      │              read all at one revision ────────────────┘    │
//!      │                          ▲                                 │
//!      │                          └──────── compacted, or wished ───┤
//!      └─────────────────────────────────── lost, denied ───────────┘
//! ```

mod connection;
mod default_list;
mod failure;
mod kept;
mod position;
mod range;
mod roster;
mod source;
mod store;

pub use roster::EtcdRoster;
pub use source::EtcdSource;
pub use store::EtcdStore;
