//! The places whose lists can be changed, for those who hand changes on.

use std::fmt;

use futures_util::future::BoxFuture;
use ipgate::site::AppName;

use crate::failure::Failure;

/// A place where the list of an app can be read and written, with nothing lost where two write at once.
///
/// A writer reads, makes its new text, and writes that with the version that it has read; where that has changed meanwhile
/// ([`StoreError::Conflict`]), it begins again.
pub trait Store: Send + Sync + 'static {
    /// What it is called in messages, without secrets.
    fn name(&self) -> String;

    /// Whether lists are kept as one line, with commas between the entries; otherwise an entry has a line.
    fn is_one_line(&self) -> bool {
        true
    }

    /// The list of an app as it is now. `None` where there is no such app.
    fn read<'s>(&'s self, app: &'s AppName) -> BoxFuture<'s, Result<Option<Stored>, StoreError>>;

    /// Puts a text in the place of the list, or removes it, if it still is as it was read.
    fn write<'s>(
        &'s self,
        app: &'s AppName,
        text: Option<&'s str>,
        read: &'s Stored,
    ) -> BoxFuture<'s, Result<(), StoreError>>;
}

/// The list of an app as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its text, where it has one.
    pub text: Option<String>,
    /// What changes with every write, in words of the store's own.
    pub version: String,
    /// What somebody should know before it is written: that another program keeps it, too. A sentence.
    pub caution: Option<String>,
}

/// Why a list could not be read or written. Nothing has changed. Its text is for operators, and holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreError {
    /// Somebody else has written meanwhile.
    Conflict,
    /// There is no such app.
    NoSuchApp,
    /// The store cannot be reached. Where the answer to a write was lost, the write may have come to pass.
    Unreachable(String),
    /// The store refuses: credentials or rights are missing.
    Denied(String),
    /// The store cannot hold such a list: what helps.
    CannotSay(String),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::Conflict => {
                f.write_str("somebody else has written the list meanwhile; read it again")
            }
            StoreError::NoSuchApp => f.write_str("there is no such app"),
            StoreError::Unreachable(why) => write!(f, "the store cannot be reached: {why}"),
            StoreError::Denied(why) => write!(f, "the store refuses: {why}"),
            StoreError::CannotSay(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for StoreError {}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> StoreError {
        match failure {
            Failure::Denied(why) => StoreError::Denied(why),
            Failure::Unreachable(why) => StoreError::Unreachable(why),
            other => StoreError::Unreachable(other.to_string()),
        }
    }
}
