//! A list or a site at an address on the web: asked for at an interval, and taken where it has changed.

mod answer;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use ipgate::Limits;
use ipgate::site::AppName;
use rand::RngExt;
use reqwest::header::{ETAG, HeaderMap, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode, Url};

use crate::failure::Failure;
use crate::feed::Feed;
use crate::source::{Source, Traits};
use crate::statement::Statement;
use crate::web_client;

/// An address whose answer is a list, the image of a list, or the image of a site; which of them is known by what it holds.
///
/// A list is the default list, or that of an app ([`HttpSource::of_app`]). The address is asked again after each interval, less
/// or more by a tenth of it, so that routers do not ask together; what has not changed is not sent again where the server knows
/// `ETag` or `Last-Modified`. An answer other than 200 and 304, one that is cut short, one beyond the limits and one whose
/// digest is another than the pinned one change nothing.
///
/// ```
/// use ipgate_sources::{HttpSource, Source};
/// use std::time::Duration;
/// let source = HttpSource::new("https://user@lists.example.com/office.list")?.interval(Duration::from_secs(30));
/// assert_eq!(source.name(), "https://lists.example.com/office.list");
/// # Ok::<(), String>(())
/// ```
#[derive(Debug)]
pub struct HttpSource {
    url: Url,
    app: Option<AppName>,
    interval: Duration,
    timeout: Duration,
    digest: Option<[u8; 32]>,
    token_file: Option<PathBuf>,
    authority: Option<PathBuf>,
    limits: Limits,
}

impl HttpSource {
    /// Unless set, an address is asked for a minute after it answered.
    pub const DEFAULT_INTERVAL: Duration = Duration::from_secs(60);
    /// Unless set, an answer has that long to come whole.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

    /// What is at that address: `http` or `https`.
    ///
    /// # Errors
    ///
    /// A sentence where it is none.
    pub fn new(url: &str) -> Result<HttpSource, String> {
        Ok(HttpSource {
            url: web_client::address(url)?,
            app: None,
            interval: HttpSource::DEFAULT_INTERVAL,
            timeout: HttpSource::DEFAULT_TIMEOUT,
            digest: None,
            token_file: None,
            authority: None,
            limits: Limits::default(),
        })
    }

    /// The same, where a list is that of an app and not the default list.
    #[must_use]
    pub fn of_app(self, app: AppName) -> HttpSource {
        HttpSource { app: Some(app), ..self }
    }

    /// The same, asked that long after each answer; at least a second.
    #[must_use]
    pub fn interval(self, interval: Duration) -> HttpSource {
        HttpSource { interval: interval.max(Duration::from_secs(1)), ..self }
    }

    /// The same, where an answer has that long to come whole.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> HttpSource {
        HttpSource { timeout, ..self }
    }

    /// The same, where nothing but bytes of that SHA-256 are taken.
    #[must_use]
    pub fn pinned(self, digest: [u8; 32]) -> HttpSource {
        HttpSource { digest: Some(digest), ..self }
    }

    /// The same, with the text of a file as bearer token, read for each request.
    #[must_use]
    pub fn token_file(self, file: impl Into<PathBuf>) -> HttpSource {
        HttpSource { token_file: Some(file.into()), ..self }
    }

    /// The same, where the server's certificate is of the authorities in a file (PEM) and of no other.
    #[must_use]
    pub fn authority(self, file: impl Into<PathBuf>) -> HttpSource {
        HttpSource { authority: Some(file.into()), ..self }
    }

    /// The same with these limits for what comes.
    #[must_use]
    pub fn limits(self, limits: Limits) -> HttpSource {
        HttpSource { limits, ..self }
    }

    /// Asks once; nothing where nothing has changed.
    async fn ask(&self, client: &Client, seen: &mut Seen, anew: bool) -> Result<Option<Statement>, Failure> {
        let mut request = client.get(self.url.clone());
        if !anew {
            request = request.headers(seen.conditions());
        }
        if let Some(file) = &self.token_file {
            request = request.bearer_auth(web_client::token(file)?);
        }
        let answer = request.send().await.map_err(web_client::failure)?;
        match answer.status() {
            StatusCode::NOT_MODIFIED => return Ok(None),
            StatusCode::OK => {}
            status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                return Err(Failure::Denied(format!(
                    "the answer is {status}; look at the token and its rights"
                )));
            }
            status => return Err(Failure::Unreadable(format!("the answer is {status}, and 200 is needed"))),
        }
        let now_seen = Seen::of(&answer);
        let body = web_client::body(answer, self.limits.most()).await?;
        let statement = answer::statement(&self.name(), &body, self.app.as_ref(), self.digest.as_ref())?;
        *seen = now_seen;
        Ok(Some(statement))
    }

    fn wait(&self) -> Duration {
        self.interval.mul_f64(rand::rng().random_range(0.9..=1.1))
    }
}

impl Source for HttpSource {
    fn name(&self) -> String {
        web_client::shown(&self.url)
    }

    fn traits(&self) -> Traits {
        Traits { max_backoff: Traits::default().max_backoff.min(self.interval), ..Traits::default() }
    }

    fn follow<'f>(&'f mut self, feed: &'f mut Feed) -> BoxFuture<'f, Failure> {
        Box::pin(async move {
            let client = match web_client::build(self.authority.as_deref(), self.timeout, Policy::default()) {
                Ok(client) => client,
                Err(failure) => return failure,
            };
            let (mut seen, mut anew) = (Seen::default(), true);
            loop {
                let began: Instant = feed.begin();
                match self.ask(&client, &mut seen, anew).await {
                    Ok(Some(statement)) => feed.say(statement, began).await,
                    Ok(None) => feed.alive().await,
                    Err(failure) => return failure,
                }
                anew = tokio::select! {
                    () = tokio::time::sleep(self.wait()) => false,
                    () = feed.wish() => true,
                };
            }
        })
    }
}

/// What the last answer said of itself.
#[derive(Debug, Default)]
struct Seen {
    tag: Option<HeaderValue>,
    modified: Option<HeaderValue>,
}

impl Seen {
    fn of(answer: &Response) -> Seen {
        let header = |name| answer.headers().get(name).cloned();
        Seen { tag: header(ETAG), modified: header(LAST_MODIFIED) }
    }

    /// The conditions under which an answer is worth sending.
    fn conditions(&self) -> HeaderMap {
        let tag = self.tag.clone().map(|tag| (IF_NONE_MATCH, tag));
        let modified = self.modified.clone().map(|modified| (IF_MODIFIED_SINCE, modified));
        tag.into_iter().chain(modified).collect()
    }
}
