//! What is kept of a source for a restart.

use std::sync::Arc;

use ipgate::List;
use ipgate::site::Site;

use crate::bookmark::Bookmark;

/// A source as it was, with what its site alone does not say.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Kept {
    pub(crate) site: Site,
    /// Whether it said the mode of the site: otherwise another source has the word.
    pub(crate) is_mode_stated: bool,
    /// Whether it said whether lists are required.
    pub(crate) is_enforce_stated: bool,
    /// Whom it denies beside the default list.
    pub(crate) denials: Option<Arc<List>>,
    /// From where on it can be followed.
    pub(crate) bookmark: Option<Bookmark>,
}
