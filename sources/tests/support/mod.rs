//! What the tests of etcd share: servers, faults, followers. Each test file takes a part of it.
#![allow(dead_code, unused_imports, unreachable_pub)]

#[cfg(all(feature = "etcd", feature = "etcd-v2"))]
mod api;
mod confirmed;
mod follower;
mod proxy;
mod server;
mod v2;
mod v3;

#[cfg(all(feature = "etcd", feature = "etcd-v2"))]
pub use api::Api;
pub use confirmed::{Confirmed, known, report, until_known};
pub use follower::{Follower, eventually};
pub use proxy::{Fault, Proxy};
pub use server::{Etcd, Options};
pub use v2::V2;
pub use v3::V3;
