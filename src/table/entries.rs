//! What a table knows of its entries: columns in its image, and what their numbers mean.

use ipgate_lpm::ImageError;
use ipgate_lpm::image::{Image, Part, ensure};

use super::columns::Columns;
use super::layout::{V4_COLUMNS, V6_COLUMNS, VALUES, meaning};
use crate::list::{Action, Until, check_label};

/// Which list of a policy an entry comes from. The app list wins on equal prefixes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum Origin {
    /// The default list.
    Default,
    /// The app list; also the one list of a table that was built without a policy.
    App,
}

/// What an entry says beside its prefix, packed: bit 31 is set for deny, bit 30 for the app list, the other
/// bits hold the label's number plus one, or 0 without a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Value(pub(super) u32);

impl Value {
    /// What no entry says.
    pub(super) const NONE: Value = Value(0);

    const DENY: u32 = 1 << 31;
    const APP: u32 = 1 << 30;
    const LABEL: u32 = Value::APP - 1;

    pub(super) fn new(action: Action, origin: Origin, label: Option<u32>) -> Value {
        let deny = if action == Action::Deny { Value::DENY } else { 0 };
        let app = if origin == Origin::App { Value::APP } else { 0 };
        Value(deny | app | label.map_or(0, |label| (label + 1) & Value::LABEL))
    }

    #[inline]
    pub(super) fn action(self) -> Action {
        if self.0 & Value::DENY == 0 { Action::Allow } else { Action::Deny }
    }

    #[inline]
    pub(super) fn origin(self) -> Origin {
        if self.0 & Value::APP == 0 { Origin::Default } else { Origin::App }
    }

    /// The label's number plus one, 0 without one.
    #[inline]
    pub(super) fn label_field(self) -> u32 {
        self.0 & Value::LABEL
    }

    #[inline]
    pub(super) fn label(self) -> Option<u32> {
        self.label_field().checked_sub(1)
    }
}

/// What a table knows of its entries.
#[derive(Debug, Clone)]
pub(super) struct Entries {
    v4: Columns,
    v6: Columns,
    meaning: Part<{ meaning::COUNT }>,
}

impl Entries {
    /// The entries of an image, every number in which has been checked.
    pub(super) fn open(image: &Image) -> Result<Entries, ImageError> {
        let meaning = image.part(VALUES)?;
        let values = meaning.items::<[u8; 4]>(meaning::VALUES).len();
        let (v4, v6) = (
            Columns::open::<u32>(image, V4_COLUMNS, values)?,
            Columns::open::<u128>(image, V6_COLUMNS, values)?,
        );
        let words = [meaning::VALUES, meaning::LABEL_ENDS];
        let whole = words.map(|section| meaning.items::<u8>(section).len().is_multiple_of(4));
        ensure(whole == [true; 2], "entries", "a value is cut")?;
        let entries = Entries { v4, v6, meaning };
        entries.check_labels()?;
        Ok(entries)
    }

    #[inline(always)]
    fn values(&self) -> &[[u8; 4]] {
        self.meaning.items(meaning::VALUES)
    }

    #[inline(always)]
    fn label_ends(&self) -> &[[u8; 4]] {
        self.meaning.items(meaning::LABEL_ENDS)
    }

    #[inline(always)]
    fn label_text(&self) -> &[u8] {
        self.meaning.items(meaning::LABEL_TEXT)
    }

    /// Names of the default and of the app list, as UTF-8.
    pub(super) fn sources(&self) -> [&[u8]; 2] {
        meaning::SOURCES.map(|source| self.meaning.items(source))
    }

    fn check_labels(&self) -> Result<(), ImageError> {
        let sound = |sound, what| ensure(sound, "labels", what);
        let text = std::str::from_utf8(self.label_text());
        let text = text.map_err(|_| ImageError::damaged("labels", "one is not UTF-8"))?;
        let mut start = 0;
        for end in self.label_ends().iter().map(|end| u32::from_le_bytes(*end) as usize) {
            let label = text.get(start..end).ok_or(ImageError::damaged("labels", "one is cut"))?;
            // They reach terminals, headers and logs.
            sound(check_label(label).is_ok(), "one is no label of a list")?;
            start = end;
        }
        sound(start == text.len(), "they do not fill their text")?;
        let mut labels = self.values().iter().filter_map(|value| Value(u32::from_le_bytes(*value)).label());
        sound(labels.all(|label| (label as usize) < self.label_count()), "a value names none")?;
        let named = self.sources().iter().all(|source| std::str::from_utf8(source).is_ok());
        sound(named, "the name of a list is not UTF-8")
    }

    /// The number of IPv4 and of IPv6 entries.
    pub(super) fn counts(&self) -> (usize, usize) {
        (self.v4.count(), self.v6.count())
    }

    /// Whether any of them denies.
    pub(super) fn have_denials(&self) -> bool {
        self.values().iter().any(|value| Value(u32::from_le_bytes(*value)).action() == Action::Deny)
    }

    /// The earliest expiry of all.
    pub(super) fn next_expiry(&self) -> Option<Until> {
        self.v4.untils().chain(self.v6.untils()).min().and_then(Until::from_unix_micros)
    }

    /// The value with that number. One that is not known, which no table has, denies.
    #[inline(always)]
    pub(super) fn value(&self, number: u32) -> Value {
        /// Out of line, since it never happens.
        #[cold]
        fn unknown() -> Value {
            Value(Value::DENY)
        }
        match self.values().get(number as usize) {
            Some(value) => Value(u32::from_le_bytes(*value)),
            None => unknown(),
        }
    }

    /// The number of labels.
    pub(super) fn label_count(&self) -> usize {
        self.label_ends().len()
    }

    /// The label with that number as UTF-8.
    #[inline]
    pub(super) fn label_numbered(&self, number: u32) -> Option<&[u8]> {
        let end_of =
            |number: u32| Some(u32::from_le_bytes(*self.label_ends().get(number as usize)?) as usize);
        let start = if number == 0 { 0 } else { end_of(number - 1)? };
        self.label_text().get(start..end_of(number)?)
    }

    pub(super) fn columns(&self, version: Version) -> &Columns {
        match version {
            Version::V4 => &self.v4,
            Version::V6 => &self.v6,
        }
    }
}

/// Which family's columns an entry stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Version {
    V4,
    V6,
}
