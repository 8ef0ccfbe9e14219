//! Writes through the v2 API.

#[cfg(feature = "etcd-v2")]
pub use with_client::V2;

#[cfg(not(feature = "etcd-v2"))]
pub struct V2;

#[cfg(feature = "etcd-v2")]
mod with_client {
    use reqwest::{Client, Method, StatusCode, Url};
    use serde_json::Value;

    /// A client that writes as a test wants.
    #[derive(Clone)]
    pub struct V2 {
        client: Client,
        server: Url,
    }

    impl V2 {
        pub fn new(url: &str) -> V2 {
            // Nothing here speaks TLS, and the client asks for a provider nonetheless.
            let _ = rustls::crypto::ring::default_provider().install_default();
            V2 { client: Client::builder().no_proxy().build().unwrap(), server: url.parse().unwrap() }
        }

        pub async fn put(&self, key: &str, value: &str) {
            self.put_with(key, value, &[]).await;
        }

        /// With more that the form of the API has, as `ttl`.
        pub async fn put_with(&self, key: &str, value: &str, more: &[(&str, &str)]) {
            let mut form = Url::parse("form:").unwrap();
            form.query_pairs_mut().append_pair("value", value).extend_pairs(more);
            self.send(Method::PUT, key, &[], form.query()).await.unwrap();
        }

        /// A directory, or that it lives so long.
        pub async fn directory(&self, key: &str, more: &[(&str, &str)]) {
            let mut form = Url::parse("form:").unwrap();
            form.query_pairs_mut().append_pair("dir", "true").extend_pairs(more);
            self.send(Method::PUT, key, &[], form.query()).await.unwrap();
        }

        pub async fn delete(&self, key: &str) {
            self.send(Method::DELETE, key, &[], None).await;
        }

        /// A directory with all that is in it.
        pub async fn delete_below(&self, key: &str) {
            self.send(Method::DELETE, key, &[("recursive", "true")], None).await;
        }

        /// Where it has that value.
        pub async fn compare_and_delete(&self, key: &str, value: &str) {
            self.send(Method::DELETE, key, &[("prevValue", value)], None).await.unwrap();
        }

        pub async fn get(&self, key: &str) -> Option<String> {
            let answer = self.send(Method::GET, key, &[("quorum", "true")], None).await?;
            answer["node"]["value"].as_str().map(str::to_owned)
        }

        /// Puts something into the API of users and roles, as root.
        pub async fn admin(&self, path: &str, json: &str) {
            let url = self.server.join(&format!("v2/auth/{path}")).unwrap();
            let request = self.client.put(url).basic_auth("root", Some("root"));
            let answer = request
                .header("content-type", "application/json")
                .body(json.to_owned())
                .send()
                .await
                .unwrap();
            let status = answer.status();
            assert!(status.is_success(), "{path}: {status} {}", answer.text().await.unwrap());
        }

        /// `None` where there is no such key.
        async fn send(
            &self,
            method: Method,
            key: &str,
            query: &[(&str, &str)],
            form: Option<&str>,
        ) -> Option<Value> {
            let mut url = self.server.clone();
            url.path_segments_mut()
                .unwrap()
                .pop_if_empty()
                .extend(["v2", "keys"])
                .extend(key.trim_matches('/').split('/'));
            url.query_pairs_mut().extend_pairs(query);
            let (status, bytes) = loop {
                let mut request = self.client.request(method.clone(), url.clone());
                if let Some(form) = form {
                    request = request
                        .header("content-type", "application/x-www-form-urlencoded")
                        .body(form.to_owned());
                }
                let answer = request.send().await.unwrap();
                let status = answer.status();
                // A server on a busy machine; what it did not do in time it may have done, and does again.
                if !status.is_server_error() {
                    break (status, answer.bytes().await.unwrap());
                }
            };
            assert!(
                status.is_success() || status == StatusCode::NOT_FOUND,
                "{key}: {status} {}",
                String::from_utf8_lossy(&bytes)
            );
            status.is_success().then(|| serde_json::from_slice(&bytes).unwrap())
        }
    }
}
