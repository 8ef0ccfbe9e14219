//! Where a store finds the list of an app, and where it writes it.

use ipgate::site::AppName;

use super::choice::Layout;
use super::deis::{self, cannot_say};
use super::plain;
use crate::store::{StoreError, Stored};

/// A key, below the prefix, that may hold the list of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) list: String,
    /// The app is there where any key begins like one of these.
    pub(crate) directories: Vec<String>,
    is_deis: bool,
}

/// What was found at a place.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) place: Place,
    pub(crate) text: Option<String>,
    /// What changes with every write of the list; 0 where there is none.
    pub(crate) revision: u64,
    /// Whether the app is there.
    pub(crate) is_there: bool,
}

/// What was found at all places, those before having the word.
#[derive(Debug)]
pub(crate) struct Version {
    pub(crate) found: Vec<Found>,
}

impl Layout {
    /// The places of an app, those before having the word.
    pub(crate) fn places(self, app: &AppName) -> Vec<Place> {
        let app = app.as_str();
        let in_plain = || Place {
            list: plain::list_key(app),
            directories: vec![format!("apps/{app}/")],
            is_deis: false,
        };
        let directories = match app {
            deis::CONTROLLER => vec!["controller/".to_owned()],
            _ => vec![format!("config/{app}/"), format!("services/{app}/")],
        };
        let in_deis = || Place { list: deis::list_key(app), directories, is_deis: true };
        match self {
            Layout::Auto => vec![in_plain(), in_deis()],
            Layout::Deis => vec![in_deis()],
            Layout::Plain => vec![in_plain()],
        }
    }
}

impl Version {
    pub(crate) fn new(places: Vec<Place>) -> Version {
        let nothing = |place| Found { place, text: None, revision: 0, is_there: false };
        Version { found: places.into_iter().map(nothing).collect() }
    }

    /// Whether the app is anywhere.
    pub(crate) fn is_there(&self) -> bool {
        self.found.iter().any(|found| found.is_there)
    }

    /// The list that counts, and a version that tells of all places, so that a list that appears at another one is a
    /// conflict.
    pub(crate) fn stored(self) -> Stored {
        let has_list = self.found.iter().position(|found| found.text.is_some());
        let home = has_list.or_else(|| self.found.iter().position(|found| found.is_there));
        // An app with nothing but a domain is one of Deis, whose place is the last.
        let home = home.unwrap_or(self.found.len().saturating_sub(1));
        let revisions: String = self.found.iter().map(|found| format!("{} ", found.revision)).collect();
        let text = self.found.into_iter().find_map(|found| found.text);
        Stored { text, version: format!("{revisions}at {home}"), caution: None }
    }
}

/// The revisions that a write has to find at the places, and the place that it goes into.
pub(crate) fn write_into<'p>(
    places: &'p [Place],
    read: &Stored,
    text: Option<&str>,
) -> Result<(Vec<u64>, &'p Place), StoreError> {
    let foreign = || StoreError::CannotSay("the version is not one of this store".into());
    let (revisions, home) = read.version.split_once("at ").ok_or_else(foreign)?;
    let revisions: Vec<u64> =
        revisions.split_whitespace().map(str::parse).collect::<Result<_, _>>().map_err(|_| foreign())?;
    let home = home.parse().ok().and_then(|home: usize| places.get(home)).ok_or_else(foreign)?;
    if revisions.len() != places.len() {
        return Err(foreign());
    }
    let Some(why) = text.filter(|_| home.is_deis).and_then(cannot_say) else { return Ok((revisions, home)) };
    let other = places.iter().find(|place| !place.is_deis);
    other.map(|place| (revisions, place)).ok_or(StoreError::CannotSay(why))
}

/// The text of a list for whoever changes it.
pub(crate) fn list_text(value: &[u8]) -> Result<String, StoreError> {
    String::from_utf8(value.to_vec()).map_err(|_| {
        StoreError::CannotSay("the list that is there is not UTF-8 text; write it anew by hand".into())
    })
}
