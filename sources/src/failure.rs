//! Why a source is not followed at the moment.

use std::fmt;

/// Why a source is not followed at the moment. Its text is for operators, and holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// It cannot be reached, or has stopped to answer.
    Unreachable(String),
    /// It answers, and refuses: credentials or rights are missing.
    Denied(String),
    /// It says what cannot be understood.
    Unreadable(String),
    /// The stream of changes has ended, as it may; it is read again at once.
    Ended(String),
}

impl Failure {
    /// A word for metrics.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Failure::Unreachable(_) => "unreachable",
            Failure::Denied(_) => "denied",
            Failure::Unreadable(_) => "unreadable",
            Failure::Ended(_) => "ended",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Unreachable(why) => write!(f, "it cannot be reached: {why}"),
            Failure::Denied(why) => write!(f, "it refuses: {why}"),
            Failure::Unreadable(why) => write!(f, "its answer cannot be read: {why}"),
            Failure::Ended(why) => write!(f, "the stream of changes ended: {why}"),
        }
    }
}

impl std::error::Error for Failure {}

/// An error with what caused it, as far as it does not say so itself.
#[cfg(any(feature = "crowdsec", feature = "etcd-v2", feature = "http", feature = "kubernetes"))]
pub(crate) fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !said.contains(&text) {
            said = format!("{said}: {text}");
        }
        cause = error.source();
    }
    said
}
