//! What every source is: something that is followed until it fails, and followed again.

use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::bookmark::Bookmark;
use crate::failure::Failure;
use crate::feed::Feed;

/// A place where the lists of a site are kept.
///
/// ```
/// use ipgate_sources::{Failure, Feed, Source, Statement, Traits};
/// use futures_util::future::BoxFuture;
/// struct Nobody;
/// impl Source for Nobody {
///     fn name(&self) -> String {
///         "nobody".into()
///     }
///     fn follow<'f>(&'f mut self, feed: &'f mut Feed) -> BoxFuture<'f, Failure> {
///         Box::pin(async move {
///             loop {
///                 let began = feed.begin();
///                 feed.say(Statement::whole(), began).await; // an empty site
///                 feed.wish().await; // until somebody wants it read again
///             }
///         })
///     }
/// }
/// ```
pub trait Source: Send + 'static {
    /// What it is called in messages, metrics and the state folder: its kind and its address, without secrets.
    fn name(&self) -> String;

    /// How it differs from others in what the runner does.
    fn traits(&self) -> Traits {
        Traits::default()
    }

    /// Is told before it is followed how far that has come, where it was kept. A source that takes no notice of it begins with
    /// a reading of the whole; one that does begins with [`Feed::say_kept`].
    fn resume(&mut self, _bookmark: Bookmark) {}

    /// Says the whole site, then what changes in it, until that fails. The runner waits a while and calls it again; a new call
    /// begins with the whole site. Where the feed is asked for the site anew ([`Feed::wish`]), it says the whole again.
    fn follow<'f>(&'f mut self, feed: &'f mut Feed) -> BoxFuture<'f, Failure>;
}

/// In what sources differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traits {
    /// How long something has to be gone before it counts as removed where that opens the gate: for stores whose writers
    /// delete and write again.
    pub settle: Duration,
    /// The longest wait between two attempts.
    pub max_backoff: Duration,
}

/// Readings of a whole are spread over that long, where something is in force meanwhile.
pub(crate) const READ_SPREAD: Duration = Duration::from_secs(10);

impl Default for Traits {
    /// No time to settle, and 30 s between two attempts at most.
    fn default() -> Traits {
        Traits { settle: Duration::ZERO, max_backoff: Duration::from_secs(30) }
    }
}
