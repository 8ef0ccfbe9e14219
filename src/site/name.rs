//! Names of apps.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::shown::Shown;

/// The name of an app, as `shop` or `deis/deis-controller`: 1 to 253 bytes without control characters, and no path that leads
/// anywhere else, since lists are kept under it. Cheap to clone.
///
/// ```
/// use ipgate::site::AppName;
/// let name: AppName = "deis/deis-controller".parse()?;
/// assert_eq!(name.as_str(), "deis/deis-controller");
/// assert!("../etc".parse::<AppName>().is_err() && "/shop".parse::<AppName>().is_err());
/// # Ok::<(), ipgate::site::AppNameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "String", into = "String"))]
pub struct AppName(Arc<str>);

impl AppName {
    /// The most bytes of a name.
    pub const MAX_BYTES: usize = 253;

    /// Takes a name.
    ///
    /// # Errors
    ///
    /// [`AppNameError`] says what it cannot be.
    pub fn new(name: &str) -> Result<AppName, AppNameError> {
        let error = |what| AppNameError { name: name.to_owned(), what };
        if name.is_empty() {
            return Err(error("empty"));
        }
        if name.len() > AppName::MAX_BYTES {
            return Err(error("longer than 253 bytes"));
        }
        if name.chars().any(|c| c.is_control() || crate::invisible::is_invisible(c)) {
            return Err(error("written with a character that cannot be seen"));
        }
        if name.starts_with('/') || name.ends_with('/') {
            return Err(error("written with a `/` at one end"));
        }
        if name.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(error("a path with an empty part, `.` or `..`"));
        }
        Ok(AppName(Arc::from(name)))
    }

    /// The name.
    #[inline]
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for AppName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl FromStr for AppName {
    type Err = AppNameError;

    fn from_str(name: &str) -> Result<AppName, AppNameError> {
        AppName::new(name)
    }
}

impl TryFrom<String> for AppName {
    type Error = AppNameError;

    fn try_from(name: String) -> Result<AppName, AppNameError> {
        AppName::new(&name)
    }
}

impl From<AppName> for String {
    fn from(name: AppName) -> String {
        name.0.as_ref().to_owned()
    }
}

impl fmt::Display for AppName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is no name of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppNameError {
    name: String,
    what: &'static str,
}

impl fmt::Display for AppNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no name of an app: it is {}", Shown(&self.name), self.what)
    }
}

impl std::error::Error for AppNameError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_nowhere_else() {
        let longest = "a".repeat(253);
        for name in ["shop", "a", "deis/deis-controller", "a.b", "..a", "Größe", "a b", &longest] {
            assert_eq!(AppName::new(name).map(String::from).as_deref(), Ok(name));
        }
        let too_long = "a".repeat(254);
        for name in
            ["", "/a", "a/", "a//b", ".", "..", "a/../b", "a/.", "a\nb", "a\u{7f}", "a\u{202e}b", &too_long]
        {
            assert!(AppName::new(name).is_err(), "{name:?}");
        }
        let error = AppName::new("a/../b").unwrap_err();
        assert_eq!(
            error.to_string(),
            "`a/../b` is no name of an app: it is a path with an empty part, `.` or `..`"
        );
    }
}
