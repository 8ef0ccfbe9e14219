//! The decision stream of a Local API, followed.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use futures_util::future::BoxFuture;
use ipgate::Limits;
use rand::RngExt;
use reqwest::header::HeaderValue;
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode, Url};

use super::bans::Bans;
use super::decision::{Answer, Ignored};
use crate::failure::Failure;
use crate::feed::Feed;
use crate::source::{READ_SPREAD, Source, Traits};
use crate::statement::{Stated, StatedList, Statement};
use crate::web_client;

/// An answer has that long to come whole.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Those of other scopes are asked for to be told. Each decision is wanted, not only the longest of an address: when that
/// is deleted, the server does not say the next one.
const QUERY: &str = "dedup=false&scopes=ip,range,country,as";

/// Whom a CrowdSec Local API bans: denied, beside the default list of whichever source has one.
///
/// Bans of addresses and prefixes (`Ip`, `Range`) become entries as `!192.0.2.1:crowdsecurity/ssh-bf;until=…` of the default
/// list. What a list says of the very prefix, or of a longer one in it, is an exception and counts; CrowdSec's own bouncers know
/// none. Without a default list everyone else comes in, but where lists are required, and where an app has a list of its own,
/// which alone decides then.
///
/// The Local API notes for each key what it has answered: each router needs a key of its own (`cscli bouncers add NAME`).
///
/// ```
/// use ipgate_sources::{CrowdSecSource, Source};
/// let source = CrowdSecSource::new("http://127.0.0.1:8080", "/etc/ipgate/crowdsec-key")?;
/// assert_eq!(source.name(), "crowdsec http://127.0.0.1:8080/");
/// # Ok::<(), String>(())
/// ```
#[derive(Debug)]
pub struct CrowdSecSource {
    url: Url,
    key_file: PathBuf,
    authority: Option<PathBuf>,
    interval: Duration,
    read_spread: Duration,
    limits: Limits,
    bans: Bans,
    /// What was remarked, so that it is told once.
    remarked: BTreeSet<Ignored>,
}

impl CrowdSecSource {
    /// Unless set, the stream is asked 10 s after it answered, as CrowdSec's own bouncers do.
    pub const DEFAULT_INTERVAL: Duration = Duration::from_secs(10);

    /// The Local API at that address, `http` or `https`, with the key that a file holds, which is read for each request.
    ///
    /// # Errors
    ///
    /// A sentence where it is no address.
    pub fn new(url: &str, key_file: impl Into<PathBuf>) -> Result<CrowdSecSource, String> {
        Ok(CrowdSecSource {
            url: web_client::address(&format!("{}/", url.trim_end_matches('/')))?,
            key_file: key_file.into(),
            authority: None,
            interval: CrowdSecSource::DEFAULT_INTERVAL,
            read_spread: READ_SPREAD,
            limits: Limits::default(),
            bans: Bans::default(),
            remarked: BTreeSet::new(),
        })
    }

    /// The same, where the server's certificate is of the authorities in a file (PEM) and of no other.
    #[must_use]
    pub fn authority(self, file: impl Into<PathBuf>) -> CrowdSecSource {
        CrowdSecSource { authority: Some(file.into()), ..self }
    }

    /// The same, asked that long after each answer, less or more by a tenth; at least a second.
    #[must_use]
    pub fn interval(self, interval: Duration) -> CrowdSecSource {
        CrowdSecSource { interval: interval.max(Duration::from_secs(1)), ..self }
    }

    /// The same, where routers that lost the Local API ask for all decisions within that time, and not all at once: 10 s unless
    /// set. Where nothing is in force yet, they ask at once.
    #[must_use]
    pub fn read_spread(self, over: Duration) -> CrowdSecSource {
        CrowdSecSource { read_spread: over, ..self }
    }

    async fn follow_until_failure(&mut self, feed: &mut Feed) -> Result<std::convert::Infallible, Failure> {
        let client = web_client::build(self.authority.as_deref(), TIMEOUT, Policy::none())?;
        feed.spread(self.read_spread).await;
        // An answer that was lost is not given again: after each failure all decisions are asked for.
        let mut is_whole = true;
        loop {
            let began = feed.begin();
            let answer = self.ask(&client, is_whole).await?;
            let is_changed = self.bans.take(answer, is_whole, SystemTime::now());
            let remarks = self.remarks();
            match is_changed || !remarks.is_empty() {
                true => feed.say(self.statement(is_whole, remarks), began).await,
                false => feed.alive().await,
            }
            let wait = self.interval.mul_f64(rand::rng().random_range(0.9..=1.1));
            is_whole = tokio::select! {
                () = tokio::time::sleep(wait) => false,
                () = feed.wish() => true,
            };
        }
    }

    async fn ask(&self, client: &Client, is_whole: bool) -> Result<Answer, Failure> {
        let unreadable = |error: &dyn std::fmt::Display| Failure::Unreadable(error.to_string());
        let mut url = self.url.join("v1/decisions/stream").map_err(|error| unreadable(&error))?;
        url.set_query(Some(&format!("startup={is_whole}&{QUERY}")));
        let mut key = HeaderValue::from_str(&web_client::token(&self.key_file)?)
            .map_err(|_| Failure::Denied("the key cannot be sent: it holds what no key does".into()))?;
        key.set_sensitive(true);
        let answer = client.get(url).header("x-api-key", key).send().await.map_err(web_client::failure)?;
        match answer.status() {
            StatusCode::OK => {}
            status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                return Err(Failure::Denied(format!(
                    "the answer is {status}; look at the key (`cscli bouncers list`)"
                )));
            }
            status => return Err(Failure::Unreadable(format!("the answer is {status}, and 200 is needed"))),
        }
        let body = web_client::body(answer, self.limits.most()).await?;
        serde_json::from_slice(&body).map_err(|error| unreadable(&error))
    }

    fn statement(&self, is_whole: bool, remarks: Vec<String>) -> Statement {
        Statement {
            is_whole,
            denials: Some(Stated::Set(StatedList::Ready(self.bans.list()))),
            revision: self.bans.last().map(|number| format!("decision {number}")),
            remarks,
            ..Statement::default()
        }
    }

    /// What was ignored and has not been told.
    fn remarks(&mut self) -> Vec<String> {
        let Self { bans, remarked, .. } = self;
        let new = bans.ignored().filter(|(ignored, _)| remarked.insert((*ignored).clone()));
        new.map(|(ignored, count)| format!("{count} decisions are ignored, and more will be: {ignored}"))
            .collect()
    }
}

impl Source for CrowdSecSource {
    fn name(&self) -> String {
        format!("crowdsec {}", web_client::shown(&self.url))
    }

    fn traits(&self) -> Traits {
        Traits { max_backoff: Traits::default().max_backoff.min(self.interval), ..Traits::default() }
    }

    fn follow<'f>(&'f mut self, feed: &'f mut Feed) -> BoxFuture<'f, Failure> {
        Box::pin(async move {
            let Err(failure) = self.follow_until_failure(feed).await;
            failure
        })
    }
}
