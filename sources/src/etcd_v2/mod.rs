//! etcd through its v2 API, which older clusters speak: directories read whole, then a long poll for each next change.
//!
//! ```text
//!   read the directories ─▶ poll each from the next index ─▶ changes …
//!      ▲                       │
//!      ├── history cleared, another store, or wished
//!      └── lost, denied (after a wait)
//! ```

mod answer;
mod event;
mod failure;
mod http;
mod source;
mod store;
mod tls;

pub use source::EtcdV2Source;
pub use store::EtcdV2Store;
