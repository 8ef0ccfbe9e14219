//! What a router is called among those of its fleet.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// As long as the name of a host may be.
const MAX_BYTES: usize = 253;

/// The name of a router: 1 to 253 printable characters of ASCII, no blank and no `/`. No two of a fleet have the same one.
///
/// ```
/// use ipgate_sources::RouterId;
/// assert_eq!("edge-1.example.com".parse::<RouterId>().unwrap().as_str(), "edge-1.example.com");
/// assert!("rack 1/edge".parse::<RouterId>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RouterId(String);

/// What was given is no name of a router.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouterIdError(String);

impl RouterId {
    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RouterId {
    type Err = RouterIdError;

    fn from_str(text: &str) -> Result<RouterId, RouterIdError> {
        RouterId::try_from(text.to_owned())
    }
}

impl TryFrom<String> for RouterId {
    type Error = RouterIdError;

    fn try_from(text: String) -> Result<RouterId, RouterIdError> {
        let is_good = |byte: u8| byte.is_ascii_graphic() && byte != b'/';
        match (1..=MAX_BYTES).contains(&text.len()) && text.bytes().all(is_good) {
            true => Ok(RouterId(text)),
            false => Err(RouterIdError(text)),
        }
    }
}

impl From<RouterId> for String {
    fn from(id: RouterId) -> String {
        id.0
    }
}

impl fmt::Display for RouterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for RouterIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.0;
        write!(
            f,
            "{text:?} is no name of a router: it has 1 to {MAX_BYTES} letters, digits and signs, no blank and no `/`; write for example `edge-1`"
        )
    }
}

impl std::error::Error for RouterIdError {}
