//! What a source says of a site, before anything is made of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use ipgate::Mode;
use ipgate::site::{AppName, Host, ListSlot};
use sha2::{Digest, Sha256};

use crate::bookmark::Bookmark;

/// A value that a source may have, may not have, or may have in a form that means nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Stated<T> {
    /// There is none.
    #[default]
    Unset,
    /// There is this one.
    Set(T),
    /// There is one that says nothing: the sentence tells what is wrong and where, for an operator. What was good last stays.
    Bad(String),
}

impl<T> Stated<T> {
    /// Whether there is none.
    #[must_use]
    pub fn is_unset(&self) -> bool {
        matches!(self, Stated::Unset)
    }
}

impl<T> From<Option<T>> for Stated<T> {
    fn from(value: Option<T>) -> Stated<T> {
        value.map_or(Stated::Unset, Stated::Set)
    }
}

/// A list as a source has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatedList {
    /// Text in the grammar of lists, not parsed yet.
    Text {
        /// Where it stands, for messages: a key, an object with its annotation, an address.
        place: Arc<str>,
        /// The text.
        text: Arc<str>,
    },
    /// A list that comes ready, of a folder or an image.
    Ready(ListSlot),
}

impl StatedList {
    /// A text that stands there.
    #[must_use]
    pub fn text(place: &str, text: &str) -> StatedList {
        StatedList::Text { place: place.into(), text: text.into() }
    }
}

impl Stated<StatedList> {
    /// What is different for different texts; nothing where there is no text.
    pub(crate) fn digest(&self) -> Option<[u8; 32]> {
        match self {
            Stated::Set(StatedList::Text { text, .. }) => Some(Sha256::digest(text.as_bytes()).into()),
            Stated::Set(StatedList::Ready(_)) | Stated::Unset | Stated::Bad(_) => None,
        }
    }
}

/// An app as a source has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StatedApp {
    /// Its own list.
    pub list: Stated<StatedList>,
    /// Its own mode.
    pub mode: Stated<Mode>,
    /// Its hosts.
    pub hosts: Vec<Host>,
}

/// What a source says: the whole site, or what is different in it.
///
/// ```
/// use ipgate_sources::{Statement, Stated, StatedApp, StatedList};
/// let list = StatedList::text("/deis/config/shop/deis_whitelist", "192.0.2.7:partner");
/// let app = StatedApp { list: Stated::Set(list), ..StatedApp::default() };
/// let statement = Statement::whole().with_app("shop".parse()?, Some(app));
/// assert_eq!(statement.apps.len(), 1);
/// # Ok::<(), ipgate::site::AppNameError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statement {
    /// Whether this is all: settings and apps that are not named are not there. Otherwise they are as they were.
    pub is_whole: bool,
    /// The default list, where something is said of it.
    pub default: Option<Stated<StatedList>>,
    /// Whom it denies beside the default list, whichever source has that, where something is said of it.
    pub denials: Option<Stated<StatedList>>,
    /// The mode of the site, where something is said of it.
    pub mode: Option<Stated<Mode>>,
    /// Whether lists are required, where something is said of it.
    pub enforce: Option<Stated<bool>>,
    /// The apps of which something is said: as they are now, or that they are gone.
    pub apps: BTreeMap<AppName, Option<StatedApp>>,
    /// Up to where the source was read, in words of its own.
    pub revision: Option<String>,
    /// What it takes to go on from there after a restart, where that is possible. A statement of changes without one makes it
    /// impossible until the next whole one.
    pub bookmark: Option<Bookmark>,
    /// What an operator should know of it beside: keys and objects that were passed over, and why.
    pub remarks: Vec<String>,
}

impl Statement {
    /// All that there is, and that is nothing yet.
    #[must_use]
    pub fn whole() -> Statement {
        Statement { is_whole: true, ..Statement::default() }
    }

    /// A difference, and nothing of it yet.
    #[must_use]
    pub fn changes() -> Statement {
        Statement::default()
    }

    /// The same with that app, or without it.
    #[must_use]
    pub fn with_app(mut self, name: AppName, app: Option<StatedApp>) -> Statement {
        self.apps.insert(name, app);
        self
    }

    /// Whether it says that there is no list at all, and no app: what a source answers that was emptied, or that is another
    /// one.
    #[must_use]
    pub fn is_empty_whole(&self) -> bool {
        let no_default = self.default.as_ref().is_none_or(Stated::is_unset);
        let no_denials = match &self.denials {
            Some(Stated::Set(StatedList::Ready(slot))) => slot.entry_count() == Some(0),
            denials => denials.as_ref().is_none_or(Stated::is_unset),
        };
        self.is_whole && no_default && no_denials && self.apps.values().all(Option::is_none)
    }
}
