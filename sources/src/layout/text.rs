//! The value of a key, as text or as why it is none.

use std::fmt;
use std::sync::Arc;

use crate::statement::{Stated, StatedList};

/// A value that is text, or is not.
pub(super) type Text = Result<Arc<str>, NotText>;

/// A value that is not UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotText {
    /// How many bytes of it are.
    valid: usize,
}

impl fmt::Display for NotText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the value is no text: byte {} is not UTF-8", self.valid + 1)
    }
}

/// Reads a value.
pub(super) fn text(value: &[u8]) -> Text {
    std::str::from_utf8(value).map(Arc::from).map_err(|error| NotText { valid: error.valid_up_to() })
}

/// The list that stands at a key.
pub(super) fn stated_list(place: &str, text: Option<&Text>) -> Stated<StatedList> {
    match text {
        None => Stated::Unset,
        Some(Ok(text)) => Stated::Set(StatedList::Text { place: place.into(), text: Arc::clone(text) }),
        Some(Err(not_text)) => Stated::Bad(format!("{place}: {not_text}")),
    }
}

/// The setting that stands at a key, as that function reads it.
pub(super) fn stated_setting<T, E: fmt::Display>(
    place: &str,
    text: Option<&Text>,
    read: impl Fn(&str) -> Result<T, E>,
) -> Stated<T> {
    let bad = |why: &dyn fmt::Display| Stated::Bad(format!("{place}: {why}"));
    match text {
        None => Stated::Unset,
        // What is put from a file ends with a line.
        Some(Ok(text)) => read(text.trim()).map_or_else(|error| bad(&error), Stated::Set),
        Some(Err(not_text)) => bad(not_text),
    }
}
