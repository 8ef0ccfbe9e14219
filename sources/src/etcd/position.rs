//! Up to where the keys are known, and how a store is known to be the same one, grown older.
//!
//! A revision alone does not tell: a store that was restored counts on from an older one, and may have come past that. So
//! a position names the last change that was seen, by its key and the version of that; where the store has just that change
//! at just that revision, what follows it in the watch is all that is new.

use etcd_client::{Client, EventType, GetOptions, KeyValue, WatchResponse};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use super::failure::{Past, failure, no_answer, past};
use super::range::{PATIENCE, Reading};
use crate::failure::Failure;

/// Up to where the keys of a range are known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Position {
    pub(super) cluster: u64,
    /// Nothing up to it is missing.
    pub(super) revision: i64,
    /// The change that was seen last. None where that was a removal, of which nothing is left to look for.
    pub(super) last: Option<Change>,
    /// Which keys, as what.
    pub(super) of: String,
}

/// A key that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Change {
    pub(super) key: String,
    pub(super) revision: i64,
    /// How often it was written since it was made.
    pub(super) version: i64,
}

/// What a store has of a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// The change that was seen last: what follows it is new.
    Same,
    /// Not what came to pass since.
    Compacted,
    /// Another past, or none to compare.
    Another,
}

impl Position {
    /// What the store has of it. It reads one key, without its value, as it was then.
    pub(super) async fn standing(&self, client: &Client) -> Result<Standing, Failure> {
        let Some(last) = &self.last else { return Ok(Standing::Another) };
        let then = GetOptions::new().with_revision(last.revision).with_keys_only();
        let answer = timeout(PATIENCE, client.kv_client().get(last.key.as_str(), Some(then))).await;
        let answer = match answer.map_err(|_| no_answer(PATIENCE))? {
            Ok(answer) => answer,
            Err(error) => {
                return match past(&error) {
                    Some(Past::Compacted) => Ok(Standing::Compacted),
                    Some(Past::NotYet) => Ok(Standing::Another),
                    None => Err(failure(&error)),
                };
            }
        };
        let is_same_cluster = answer.header().is_some_and(|header| header.cluster_id() == self.cluster);
        let is_same = answer.kvs().first().and_then(Change::of).as_ref() == Some(last);
        Ok(if is_same_cluster && is_same { Standing::Same } else { Standing::Another })
    }

    /// The revision from which on what is new is watched. Removals between the last change and the revision are seen again,
    /// and what is seen up to the revision tells that something is different from what was read.
    pub(super) fn next(&self) -> i64 {
        self.last.as_ref().map_or(self.revision, |last| last.revision) + 1
    }

    /// Where a reading of all keys leads to.
    pub(super) fn of_reading(reading: &Reading, of: &str) -> Position {
        let last = reading.keys.iter().max_by_key(|key| key.mod_revision());
        let (cluster, revision, of) = (reading.cluster, reading.revision, of.to_owned());
        Position { cluster, revision, last: last.and_then(Change::of), of }
    }

    /// Goes on over the events of an answer.
    pub(super) fn take(&mut self, answer: &WatchResponse) {
        for event in answer.events() {
            let Some(key) = event.kv() else { continue };
            self.revision = key.mod_revision().max(self.revision);
            self.last = match event.event_type() {
                EventType::Put => Change::of(key),
                EventType::Delete => None,
            };
        }
    }

    /// What tells that these are not the keys of before, grown older.
    pub(super) fn is_left_by(&self, reading: &Reading) -> Option<String> {
        let (cluster, revision) = (self.cluster, self.revision);
        if cluster != reading.cluster {
            let now = reading.cluster;
            return Some(format!(
                "this is another cluster: its id is {now:x}, and was {cluster:x}; all keys were read"
            ));
        }
        let now = reading.revision;
        (now < revision).then(|| {
            format!("the revision is {now}, and was {revision}: the store was restored; all keys were read")
        })
    }
}

impl Change {
    fn of(key: &KeyValue) -> Option<Change> {
        let name = key.key_str().ok()?.to_owned();
        Some(Change { key: name, revision: key.mod_revision(), version: key.version() })
    }
}
