//! Where a source stands, so that it can go on from there.

use std::collections::BTreeMap;
use std::sync::Arc;

/// Up to where a source was read, and what it was made of: enough to go on from there after a restart, without another reading.
///
/// A source puts one into each statement ([`Statement::bookmark`](crate::Statement::bookmark)), and is given it back
/// ([`Source::resume`](crate::Source::resume)) with the values of all statements since the last whole one. It is kept in one
/// file with the lists of the same moment: neither is ever newer than the other.
///
/// ```
/// use ipgate_sources::Bookmark;
/// let mut bookmark = Bookmark::at("revision 7").with_value("/deis/default", Some("10.0.0.0/8".into()));
/// bookmark.add(Bookmark::at("revision 8").with_value("/deis/default", None));
/// assert_eq!(bookmark, Bookmark::at("revision 8"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bookmark {
    /// The place, in words of the source's own.
    pub place: String,
    /// Raw values by their keys: in a whole statement all, in one of changes those that are different, or gone.
    pub values: BTreeMap<Arc<str>, Option<Arc<str>>>,
}

impl Bookmark {
    /// That place, and no value.
    #[must_use]
    pub fn at(place: impl Into<String>) -> Bookmark {
        Bookmark { place: place.into(), values: BTreeMap::new() }
    }

    /// The same with that value, or with it gone.
    #[must_use]
    pub fn with_value(mut self, key: &str, value: Option<Arc<str>>) -> Bookmark {
        self.values.insert(key.into(), value);
        self
    }

    /// Takes what is different in a newer one. O(c log n) for c changes of n values.
    pub fn add(&mut self, newer: Bookmark) {
        self.place = newer.place;
        for (key, value) in newer.values {
            match value {
                Some(_) => drop(self.values.insert(key, value)),
                None => drop(self.values.remove(&key)),
            }
        }
    }
}
