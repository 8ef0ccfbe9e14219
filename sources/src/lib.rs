//! Follows the lists of a site where they are kept, into the gate of [`ipgate`]: a folder, etcd, Kubernetes, an address on
//! the web, CrowdSec.
//!
//! | to | take |
//! |---|---|
//! | follow one or several sources into a gate | [`Runner`] |
//! | know how they are | [`Runner::status`], [`Notice`] |
//! | keep what is in force for a restart | [`StateFolder`] |
//! | follow something else | [`Source`], which says [`Statement`]s into a [`Feed`] |
//! | change the list of an app where it is kept | [`Store`] |
//! | say what a router enforces, and read what all do | [`Confirmation`], [`Roster`] |
//!
//! What holds for all of them:
//!
//! - **Last good.** What cannot be reached, read, parsed, or passes no guard, changes nothing for its list; other lists go on.
//!   An app whose list is bad and never was good is denied. A first start without a source and without a state denies
//!   everyone.
//! - **Gone and lost differ.** What was removed from a source is in force no more; where that opens the gate, after it has been
//!   gone for a while ([`Traits::settle`]) and a second reading does not find it either. A connection that is lost, a right
//!   that is withdrawn, an answer of nothing from a source that had lists, remove nothing.
//! - **Each thing is told once**, and counted from then on.
//!
//! The library `ipgate` knows nothing of this crate and has none of its dependencies.

#[cfg(any(feature = "etcd", feature = "etcd-v2"))]
mod access;
mod backoff;
mod bookmark;
mod confirmation;
mod core;
#[cfg(feature = "crowdsec")]
mod crowdsec;
#[cfg(feature = "etcd")]
mod etcd;
#[cfg(feature = "etcd-v2")]
mod etcd_v2;
mod failure;
mod feed;
mod folder;
mod folder_store;
mod keeper;
mod kept;
#[cfg(feature = "kubernetes")]
mod kubernetes;
#[cfg(any(feature = "etcd", feature = "etcd-v2"))]
mod layout;
mod ledger;
mod merge;
mod notice;
mod roster;
mod runner;
mod source;
mod state;
mod statement;
mod status;
mod store;
#[cfg(feature = "http")]
mod web;
#[cfg(any(feature = "crowdsec", feature = "http"))]
mod web_client;

pub use crate::core::closed_site;
#[cfg(any(feature = "etcd", feature = "etcd-v2"))]
pub use access::EtcdAccess;
pub use bookmark::Bookmark;
pub use confirmation::Confirmation;
#[cfg(feature = "crowdsec")]
pub use crowdsec::CrowdSecSource;
#[cfg(feature = "etcd")]
pub use etcd::{EtcdRoster, EtcdSource, EtcdStore};
#[cfg(feature = "etcd-v2")]
pub use etcd_v2::{EtcdV2Source, EtcdV2Store};
pub use failure::Failure;
pub use feed::Feed;
pub use folder::FolderSource;
pub use folder_store::FolderStore;
#[cfg(feature = "kubernetes")]
pub use kubernetes::{
    KubernetesAccess, KubernetesNames, KubernetesRoster, KubernetesSource, KubernetesStore,
};
#[cfg(any(feature = "etcd", feature = "etcd-v2"))]
pub use layout::Layout;
pub use ledger::Bad;
pub use notice::{Notice, Part};
pub use roster::{ReportedSource, ReportedTarget, Roster, Router, RouterId, RouterIdError, RouterReport};
pub use runner::{Runner, Started};
pub use source::{Source, Traits};
pub use state::StateFolder;
pub use statement::{Stated, StatedApp, StatedList, Statement};
pub use status::{Condition, SourceStatus, Status};
pub use store::{Store, StoreError, Stored};
#[cfg(feature = "http")]
pub use web::HttpSource;
