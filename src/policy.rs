//! Policy: a default list, an app's own list, and how the two make one.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::list::List;
use crate::shown::Shown;

/// Which lists there are, how they combine, and what holds where there is none.
///
/// | default | app | mode | enforce | allowed |
/// |---|---|---|---|---|
/// | – | – | any | off | everyone (no gate) |
/// | – | – | any | on | no one |
/// | D | – | any | any | D |
/// | – | A | any | any | A |
/// | D | A | extend | any | D and A together, longest prefix over both |
/// | D | A | override | any | A |
/// | D | A | precede | any | A where an entry of A covers the client, D elsewhere |
///
/// A list that is set but empty is set: nobody matches it.
///
/// ```
/// use ipgate::{List, Mode, Policy, Table};
/// let policy = Policy::new()
///     .with_default("10.0.0.0/8:corp".parse::<List>()?)
///     .with_app("192.0.2.7:partner".parse::<List>()?)
///     .with_mode(Mode::Override);
/// let table = Table::from_policy(&policy);
/// assert!(table.is_allowed("192.0.2.7".parse().unwrap()));
/// assert!(!table.is_allowed("10.0.0.1".parse().unwrap()));
/// # Ok::<(), ipgate::list::Rejected>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct Policy {
    default: Option<Arc<List>>,
    app: Option<Arc<List>>,
    mode: Mode,
    enforce: bool,
}

impl Policy {
    /// No lists, [`Mode::Extend`], not enforced: everyone is allowed until a list is set.
    #[must_use]
    pub fn new() -> Policy {
        Policy::default()
    }

    /// The same policy with that default list.
    #[must_use]
    pub fn with_default(self, list: impl Into<Arc<List>>) -> Policy {
        Policy { default: Some(list.into()), ..self }
    }

    /// The same policy with that app list.
    #[must_use]
    pub fn with_app(self, list: impl Into<Arc<List>>) -> Policy {
        Policy { app: Some(list.into()), ..self }
    }

    /// The same policy with that mode.
    #[must_use]
    pub fn with_mode(self, mode: Mode) -> Policy {
        Policy { mode, ..self }
    }

    /// The same policy, enforced or not: whether no one or everyone is allowed where no list is set.
    #[must_use]
    pub fn with_enforce(self, enforce: bool) -> Policy {
        Policy { enforce, ..self }
    }

    /// The default list, if set.
    #[must_use]
    pub fn default_list(&self) -> Option<&List> {
        self.default.as_deref()
    }

    /// The app list, if set.
    #[must_use]
    pub fn app_list(&self) -> Option<&List> {
        self.app.as_deref()
    }

    /// How the two lists combine.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Whether no one is allowed where no list is set.
    #[must_use]
    pub fn is_enforced(&self) -> bool {
        self.enforce
    }

    /// The policy's table above, row by row.
    pub(crate) fn effective(&self) -> Effective<'_> {
        match (self.default_list(), self.app_list(), self.mode) {
            (None, None, _) if self.enforce => Effective::NoOne,
            (None, None, _) => Effective::Everyone,
            (Some(_), Some(app), Mode::Override) => Effective::Lists { default: None, app: Some(app) },
            (Some(default), Some(app), Mode::Precede) => Effective::Preceded { default, app },
            (default, app, _) => Effective::Lists { default, app },
        }
    }
}

/// What a policy comes to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Effective<'p> {
    /// No list is set, and none is required.
    Everyone,
    /// No list is set, and one is required.
    NoOne,
    /// The entries of these lists; on equal prefixes the app list wins.
    Lists { default: Option<&'p List>, app: Option<&'p List> },
    /// The entries of both lists, of which the app list's decide where any of them covers a client.
    Preceded { default: &'p List, app: &'p List },
}

/// How an app list combines with the default list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum Mode {
    /// Both lists together, longest prefix over both.
    #[default]
    Extend,
    /// The app list alone.
    Override,
    /// The app list wherever an entry of it covers the client, by the longest prefix of its own; the default list
    /// elsewhere. What has expired covers nobody.
    Precede,
}

impl Mode {
    /// The spelling in configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Mode::Extend => "extend",
            Mode::Override => "override",
            Mode::Precede => "precede",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Mode {
    type Err = SettingError;

    /// Exactly `extend`, `override` or `precede`.
    fn from_str(text: &str) -> Result<Mode, SettingError> {
        [Mode::Extend, Mode::Override, Mode::Precede]
            .into_iter()
            .find(|mode| mode.as_str() == text)
            .ok_or_else(|| SettingError::new(text, "none of `extend`, `override` and `precede`"))
    }
}

/// Reads the setting `enforce`: `true` or `false` in any case.
///
/// # Errors
///
/// Anything else, so that no misspelling turns a gate off.
///
/// ```
/// assert_eq!(ipgate::policy::parse_enforce("True"), Ok(true));
/// assert!(ipgate::policy::parse_enforce("yes").is_err());
/// ```
pub fn parse_enforce(text: &str) -> Result<bool, SettingError> {
    if text.eq_ignore_ascii_case("true") {
        Ok(true)
    } else if text.eq_ignore_ascii_case("false") {
        Ok(false)
    } else {
        Err(SettingError::new(text, "neither of `true` or `false`"))
    }
}

/// A setting with a value that it cannot have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingError {
    text: String,
    /// None of which it is, as a message says it.
    expected: &'static str,
}

impl SettingError {
    fn new(text: &str, expected: &'static str) -> SettingError {
        SettingError { text: text.to_owned(), expected }
    }
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is {}", Shown(&self.text), self.expected)
    }
}

impl std::error::Error for SettingError {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every row of the policy table, all modes and both values of enforce where they are "any".
    #[test]
    fn the_policy_table() {
        let list = |text: &str| text.parse::<List>().unwrap();
        for (default, app, mode, enforce, expected) in [
            (false, false, Mode::Extend, false, "everyone"),
            (false, false, Mode::Override, false, "everyone"),
            (false, false, Mode::Extend, true, "no one"),
            (false, false, Mode::Override, true, "no one"),
            (true, false, Mode::Extend, false, "D"),
            (true, false, Mode::Override, true, "D"),
            (false, true, Mode::Extend, true, "A"),
            (false, true, Mode::Override, false, "A"),
            (true, true, Mode::Extend, false, "D+A"),
            (true, true, Mode::Extend, true, "D+A"),
            (true, true, Mode::Override, false, "A"),
            (true, true, Mode::Override, true, "A"),
            (false, false, Mode::Precede, false, "everyone"),
            (false, false, Mode::Precede, true, "no one"),
            (true, false, Mode::Precede, false, "D"),
            (false, true, Mode::Precede, true, "A"),
            (true, true, Mode::Precede, false, "A, then D"),
            (true, true, Mode::Precede, true, "A, then D"),
        ] {
            let mut policy = Policy::new().with_mode(mode).with_enforce(enforce);
            if default {
                policy = policy.with_default(list("10.0.0.0/8"));
            }
            if app {
                policy = policy.with_app(list(""));
            }
            let actual = match policy.effective() {
                Effective::Everyone => "everyone",
                Effective::NoOne => "no one",
                Effective::Lists { default: Some(_), app: None } => "D",
                Effective::Lists { default: None, app: Some(_) } => "A",
                Effective::Lists { default: Some(_), app: Some(_) } => "D+A",
                Effective::Lists { default: None, app: None } => "nothing",
                Effective::Preceded { .. } => "A, then D",
            };
            assert_eq!(actual, expected, "{default} {app} {mode} {enforce}");
        }
    }

    #[test]
    fn spellings_of_settings() {
        assert_eq!("extend".parse(), Ok(Mode::Extend));
        assert_eq!("precede".parse(), Ok(Mode::Precede));
        assert_eq!(
            "Extend".parse::<Mode>().unwrap_err().to_string(),
            "`Extend` is none of `extend`, `override` and `precede`"
        );
        assert_eq!(parse_enforce("FALSE"), Ok(false));
        assert!(parse_enforce("1").is_err());
        assert_eq!(parse_enforce("on").unwrap_err().to_string(), "`on` is neither of `true` or `false`");
    }
}
