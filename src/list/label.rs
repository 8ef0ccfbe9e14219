//! Labels: who an entry stands for.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use crate::invisible;

/// The name an entry carries, such as `office_ABC`: 1 to 255 bytes of UTF-8 without `,`, `;`, control characters or
/// characters that nobody sees (zero widths, tags, separators of lines, marks of direction), without blanks around it, without ` #`, which would begin a comment, and without `until=`, which
/// would be an expiry that never comes.
///
/// Cheap to clone: the text is stored once and shared.
///
/// ```
/// use ipgate::Label;
/// let label: Label = "office_ABC".parse()?;
/// assert_eq!(label.as_str(), "office_ABC");
/// assert!("a,b".parse::<Label>().is_err());
/// # Ok::<(), ipgate::list::LabelError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Label(Arc<str>);

impl Label {
    /// The most bytes a label may have.
    pub const MAX_BYTES: usize = 255;

    /// Checks a text and makes it a label.
    ///
    /// # Errors
    ///
    /// [`LabelError`] names the rule that the text breaks.
    pub fn new(text: &str) -> Result<Label, LabelError> {
        check(text)?;
        Ok(Label(Arc::from(text)))
    }

    /// A label from text that [`check`] has accepted.
    pub(super) fn checked(text: &str) -> Label {
        Label(Arc::from(text))
    }

    /// The label's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a text may be a label.
pub(crate) fn check(text: &str) -> Result<(), LabelError> {
    if text.is_empty() {
        return Err(LabelError::Empty);
    }
    if text.len() > Label::MAX_BYTES {
        return Err(LabelError::TooLong { bytes: text.len() });
    }
    // Nearly every label is nothing but visible ASCII without these marks, and breaks no rule.
    if text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b',' | b';' | b'=')) {
        return Ok(());
    }
    if let Some(character) = text.chars().find(|c| matches!(c, ',' | ';') || c.is_control()) {
        return Err(LabelError::Character { character });
    }
    if let Some(character) = text.chars().find(|c| invisible::is_invisible(*c)) {
        return Err(LabelError::Invisible { character });
    }
    if text.starts_with(BLANKS) || text.ends_with(BLANKS) {
        return Err(LabelError::OuterBlank);
    }
    if text.contains(" #") {
        return Err(LabelError::Comment);
    }
    if holds_until(text) {
        return Err(LabelError::Attribute);
    }
    Ok(())
}

/// What is to be seen of a text that may be a label but for its invisible characters, nothing where it is no such text.
pub(super) fn visible(text: &str) -> Option<String> {
    let Err(LabelError::Invisible { .. }) = check(text) else { return None };
    let visible = text.replace(invisible::is_invisible, "");
    let visible = visible.trim_matches(BLANKS);
    matches!(check(visible), Ok(()) | Err(LabelError::Empty)).then(|| visible.to_owned())
}

/// Whether `until` stands before some `=`, as a word and in any case.
fn holds_until(text: &str) -> bool {
    text.match_indices('=').any(|(at, _)| {
        let before = text.get(..at).unwrap_or_default().trim_end_matches(BLANKS);
        let name = before.rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
        name.eq_ignore_ascii_case("until")
    })
}

/// The two characters that count as blank.
pub(super) const BLANKS: [char; 2] = [' ', '\t'];

/// Why a text is not a label.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LabelError {
    /// It holds nothing.
    Empty,
    /// It is longer than [`Label::MAX_BYTES`].
    TooLong {
        /// How many bytes it has.
        bytes: usize,
    },
    /// It holds a character that separates entries or attributes, or a control character.
    Character {
        /// The first such character.
        character: char,
    },
    /// It holds a character that nobody sees, or that changes how what stands around it is seen.
    Invisible {
        /// The first such character.
        character: char,
    },
    /// It begins or ends with a blank, which list text would trim.
    OuterBlank,
    /// It holds ` #`, which begins a comment in list text.
    Comment,
    /// It holds `until=`, which stands behind `;` and would expire nothing here.
    Attribute,
}

impl fmt::Display for LabelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LabelError::Empty => write!(f, "a label has at least one byte"),
            LabelError::TooLong { bytes } => {
                write!(f, "a label has at most {} bytes, this one has {bytes}", Label::MAX_BYTES)
            }
            LabelError::Character { character } => {
                write!(f, "a label cannot hold `{}`", character.escape_debug())
            }
            LabelError::Invisible { character } => {
                let kind = invisible::kind(*character).unwrap_or("an invisible character");
                write!(f, "a label cannot hold U+{:04X}, {kind}", u32::from(*character))
            }
            LabelError::OuterBlank => write!(f, "a label has no blanks around it"),
            LabelError::Comment => write!(f, "a label cannot hold ` #`, which begins a comment"),
            LabelError::Attribute => write!(f, "a label cannot hold `until=`, which stands behind `;`"),
        }
    }
}

impl std::error::Error for LabelError {}

impl std::str::FromStr for Label {
    type Err = LabelError;

    fn from_str(text: &str) -> Result<Label, LabelError> {
        Label::new(text)
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for Label {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_is_named() {
        assert_eq!(Label::new(""), Err(LabelError::Empty));
        assert_eq!(Label::new(&"x".repeat(256)), Err(LabelError::TooLong { bytes: 256 }));
        assert_eq!(Label::new("a;b"), Err(LabelError::Character { character: ';' }));
        assert_eq!(Label::new("a\u{85}b"), Err(LabelError::Character { character: '\u{85}' }));
        for character in ['\u{202e}', '\u{200b}', '\u{2028}', '\u{e0041}', '\u{feff}', '\u{ad}'] {
            let label = Label::new(&format!("a{character}b"));
            assert_eq!(label, Err(LabelError::Invisible { character }), "{character:?}");
        }
        let error = Label::new("a\u{202e}b").unwrap_err();
        assert_eq!(error.to_string(), "a label cannot hold U+202E, a right-to-left override");
        assert_eq!(Label::new("a "), Err(LabelError::OuterBlank));
        assert_eq!(Label::new("a #b"), Err(LabelError::Comment));
        for text in ["until=2020-01-01", "corp (until=x)", "corp Until =x", "a-until=", "=until="] {
            assert_eq!(Label::new(text), Err(LabelError::Attribute), "{text:?}");
        }
        assert!(Label::new("a=b until c=d untilled=e").is_ok());
        assert!(Label::new(&"x".repeat(255)).is_ok());
        assert!(Label::new("a:b#c d ü").is_ok());
    }
}
