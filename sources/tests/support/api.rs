//! Both APIs of etcd as one thing, for tests of what must hold with either.

use std::time::Duration;

use futures_util::StreamExt;
use ipgate_sources::{EtcdSource, EtcdV2Source, Layout, Source};

use super::{V2, V3};

/// One of the two, for a server: the stores behind them are apart.
#[derive(Clone)]
#[allow(clippy::large_enum_variant)] // one or two in a test
pub enum Api {
    V3(V3),
    V2(V2),
}

impl Api {
    pub async fn v3(url: &str) -> Api {
        Api::V3(V3::connect(url).await)
    }

    pub async fn v2(url: &str) -> Api {
        Api::V2(V2::new(url))
    }

    /// A source that reads the same, at that address, below `/deis`; it looks often.
    pub fn source(&self, url: &str) -> Box<dyn Source> {
        let (often, spread) = (Duration::from_millis(100), Duration::from_millis(20));
        match self {
            Api::V3(_) => {
                Box::new(EtcdSource::new([url]).layout(Layout::Deis).ask_interval(often).read_spread(spread))
            }
            Api::V2(_) => Box::new(EtcdV2Source::new([url]).ask_interval(often).read_spread(spread)),
        }
    }

    pub async fn put(&self, key: &str, value: &str) {
        match self {
            Api::V3(keys) => keys.put(key, value).await,
            Api::V2(keys) => keys.put(key, value).await,
        }
    }

    pub async fn delete(&self, key: &str) {
        match self {
            Api::V3(keys) => keys.delete(key).await,
            Api::V2(keys) => keys.delete(key).await,
        }
    }

    pub async fn delete_below(&self, key: &str) {
        match self {
            Api::V3(keys) => keys.delete_below(key).await,
            Api::V2(keys) => keys.delete_below(key).await,
        }
    }

    /// Has the server forget what came to pass.
    pub async fn forget(&self) {
        match self {
            Api::V3(keys) => {
                // What follows the last revision that was read, and one more: the latest is always kept.
                keys.put("/elsewhere", "1").await;
                keys.put("/elsewhere", "2").await;
                keys.compact().await;
            }
            Api::V2(keys) => {
                let writes = (0..1100).map(|_| keys.put("/elsewhere", "1"));
                futures_util::stream::iter(writes).for_each_concurrent(16, |write| write).await;
            }
        }
    }

    pub fn list(app: &str) -> String {
        format!("/deis/config/{app}/deis_whitelist")
    }
}
