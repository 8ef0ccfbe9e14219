//! Keys as one range, read whole at one revision: those of a layout, or those of a directory.
//!
//! One range has one watch, and so the changes of one transaction arrive together and in order. It ends before `routers/`,
//! where each router of a fleet writes: a range with those keys in it would tell every router of every other one.

use std::time::Duration;

use etcd_client::{Client, GetOptions, KeyValue, WatchOptions};
use tokio::time::timeout;

use super::failure::{failure, no_answer};
use crate::failure::Failure;
use crate::layout::Layout;

/// Keys in one answer.
const PAGE: i64 = 1000;
/// A server that has not answered by then will not.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// Lists are long: a page, or what a watch has to catch up, may be as large as that.
const MAX_MESSAGE: usize = 1 << 30;

/// From the first key to before the last.
#[derive(Debug, Clone)]
pub(super) struct Range {
    pub(super) first: String,
    pub(super) end: String,
}

/// All keys of a range.
pub(super) struct Reading {
    pub(super) keys: Vec<KeyValue>,
    pub(super) revision: i64,
    pub(super) cluster: u64,
}

impl Range {
    pub(super) fn new(layout: Layout, prefix: &str) -> Range {
        let (first, end) = match layout {
            Layout::Auto => ("apps/", "router0"), // `0` follows `/`
            Layout::Deis => ("config/", "router0"),
            Layout::Plain => ("apps/", "mode0"),
        };
        Range { first: format!("{prefix}{first}"), end: format!("{prefix}{end}") }
    }

    /// All keys below a directory.
    pub(super) fn below(directory: &str) -> Range {
        let directory = directory.trim_end_matches('/');
        Range { first: format!("{directory}/"), end: format!("{directory}0") }
    }

    /// Reads it, a page after the other, at the revision of the first.
    pub(super) async fn read(&self, client: &Client) -> Result<Reading, Failure> {
        let mut client = client.kv_client().max_decoding_message_size(MAX_MESSAGE);
        let (mut keys, mut revision, mut cluster): (Vec<KeyValue>, _, _) = (Vec::new(), 0, 0);
        loop {
            let first = keys.last().map_or_else(
                || self.first.clone().into_bytes(),
                |last| [last.key(), b"\0".as_slice()].concat(),
            );
            let page =
                GetOptions::new().with_range(self.end.clone()).with_limit(PAGE).with_revision(revision);
            let answer =
                timeout(PATIENCE, client.get(first, Some(page))).await.map_err(|_| no_answer(PATIENCE))?;
            let mut answer = answer.map_err(|error| failure(&error))?;
            if let (0, Some(header)) = (revision, answer.header()) {
                (revision, cluster) = (header.revision(), header.cluster_id());
            }
            let has_more = answer.more();
            let page = answer.take_kvs();
            if page.is_empty() || !has_more {
                keys.extend(page);
                return Ok(Reading { keys, revision, cluster });
            }
            keys.extend(page);
        }
    }

    /// Reads as little as shows that it may be read.
    pub(super) async fn ask(&self, client: &Client) -> Result<i64, Failure> {
        let least = GetOptions::new().with_range(self.end.clone()).with_limit(1).with_keys_only();
        let answer = timeout(PATIENCE, client.kv_client().get(self.first.clone(), Some(least))).await;
        let answer = answer.map_err(|_| no_answer(PATIENCE))?.map_err(|error| failure(&error))?;
        Ok(answer.header().map_or(0, etcd_client::ResponseHeader::revision))
    }

    /// Watches it from that revision on.
    pub(super) async fn watch(
        &self,
        client: &Client,
        revision: i64,
    ) -> Result<etcd_client::WatchStream, Failure> {
        let mut client = client.watch_client().max_decoding_message_size(MAX_MESSAGE);
        let options = WatchOptions::new().with_range(self.end.clone()).with_start_revision(revision);
        let stream = timeout(PATIENCE, client.watch(self.first.clone(), Some(options))).await;
        stream.map_err(|_| no_answer(PATIENCE))?.map_err(|error| failure(&error))
    }
}
