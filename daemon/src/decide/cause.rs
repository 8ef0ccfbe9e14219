//! Why a request may pass, or may not.

use std::fmt;

use ipgate::Reason;
use ipgate::client::NoClient;

/// Why a request may pass, or may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The lists say so.
    Lists(Reason),
    /// The request does not say who the client is.
    NoClient(NoClient),
    /// Whoever asks is none of the proxies.
    NoProxy,
    /// The request names several hosts, or an app by several lines.
    SeveralApps,
    /// No source has answered yet.
    NotReady,
}

impl Cause {
    /// A stable name, such as `no-entry`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Cause::Lists(reason) => reason.as_str(),
            Cause::NoClient(why) => why.as_str(),
            Cause::NoProxy => "no-proxy",
            Cause::SeveralApps => "several-apps",
            Cause::NotReady => "not-ready",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Lists(reason) => write!(f, "{reason}"),
            Cause::NoClient(why) => write!(f, "no client address: {why}"),
            Cause::NoProxy => f.write_str("whoever asks is none of `trusted_proxies`"),
            Cause::SeveralApps => f.write_str("the request says more than once whose list is asked"),
            Cause::NotReady => f.write_str("nobody is let in until every source has answered"),
        }
    }
}
