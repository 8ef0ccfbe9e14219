//! Writes through the v3 API.

#[cfg(feature = "etcd")]
pub use with_client::V3;

#[cfg(not(feature = "etcd"))]
pub struct V3;

#[cfg(feature = "etcd")]
mod with_client {
    use etcd_client::{Client, ConnectOptions, DeleteOptions, Txn, TxnOp};

    /// A client that writes as a test wants.
    #[derive(Clone)]
    pub struct V3(pub Client);

    impl V3 {
        pub async fn connect(url: &str) -> V3 {
            V3::connect_with(url, None).await
        }

        pub async fn connect_with(url: &str, options: Option<ConnectOptions>) -> V3 {
            V3(Client::connect([url], options).await.unwrap())
        }

        pub async fn put(&self, key: &str, value: impl Into<Vec<u8>>) {
            self.0.kv_client().put(key, value, None).await.unwrap();
        }

        pub async fn delete(&self, key: &str) {
            self.0.kv_client().delete(key, None).await.unwrap();
        }

        pub async fn delete_below(&self, key: &str) {
            self.0.kv_client().delete(key, Some(DeleteOptions::new().with_prefix())).await.unwrap();
        }

        /// All in one revision.
        pub async fn put_all(&self, keys: &[(String, String)]) {
            for chunk in keys.chunks(128) {
                let puts: Vec<TxnOp> =
                    chunk.iter().map(|(key, value)| TxnOp::put(key.as_str(), value.as_str(), None)).collect();
                self.0.kv_client().txn(Txn::new().and_then(puts)).await.unwrap();
            }
        }

        pub async fn get(&self, key: &str) -> Option<String> {
            let answer = self.0.kv_client().get(key, None).await.unwrap();
            answer.kvs().first().map(|found| found.value_str().unwrap().to_owned())
        }

        pub async fn revision(&self) -> i64 {
            self.0.kv_client().get("/", None).await.unwrap().header().unwrap().revision()
        }

        /// Everything before the latest revision is forgotten.
        pub async fn compact(&self) {
            let revision = self.revision().await;
            self.0.kv_client().compact(revision, None).await.unwrap();
        }
    }
}
