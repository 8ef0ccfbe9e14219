//! Images: a table as bytes that can be kept in a file, and what is checked before one is believed.

use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ipgate_lpm::image::{Contents, Image, ensure, is_image};
use ipgate_lpm::{Family, ImageError};

use super::compiled::{Scope, Table};
use super::entries::Entries;
use super::layout::{Note, SECTIONS, V4_FAMILY, V6_FAMILY};
use crate::content::Content;
use crate::limits::Limits;

impl Table {
    /// Whether bytes begin like an image. List text never does.
    #[must_use]
    pub fn is_image(bytes: &[u8]) -> bool {
        is_image(bytes)
    }

    /// The table as bytes, the same on every machine, with the generation that is to stand in its header. One that was
    /// updated is compiled anew for it.
    #[must_use]
    pub fn to_image(&self, generation: u64) -> Vec<u8> {
        if self.is_updated() {
            return self.recompiled().to_image(generation);
        }
        self.image.to_bytes(&Note { generation, ..self.note() }.to_bytes())
    }

    /// Takes an image that [`Table::to_image`] gave, with one copy. Everything that lookups rely on is
    /// verified, so that no bytes whatever can cause a panic, an access out of bounds or a hang.
    /// O(n) for n bytes.
    ///
    /// # Errors
    ///
    /// [`ImageError`] says what is wrong with the bytes.
    ///
    /// ```
    /// use ipgate::{List, Table};
    /// let list: List = "10.0.1.0/24:office_ABC".parse()?;
    /// let image = Table::new(&list).to_image(7);
    /// let table = Table::from_image(&image)?;
    /// assert_eq!(table.lookup("10.0.1.7".parse()?).label(), Some("office_ABC"));
    /// assert_eq!(table.info().generation, 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_image(bytes: &[u8]) -> Result<Table, ImageError> {
        Table::from_content(Content::from(bytes))
    }

    /// Takes an image that was read from a file, as [`Table::from_image`] does, but without a copy.
    ///
    /// # Errors
    ///
    /// [`ImageError`] says what is wrong with the bytes.
    pub fn from_content(content: Content) -> Result<Table, ImageError> {
        Table::open(Image::open(content.into_memory(), Contents::List, SECTIONS)?)
    }

    /// Reads an image file whole into memory, within the default [`Limits`]. (A mapped file could be cut short under a
    /// running lookup.)
    ///
    /// # Errors
    ///
    /// What [`Content::of_path`] says, or [`ImageError`] as the inner error of [`io::ErrorKind::InvalidData`].
    pub fn read_image(path: impl AsRef<Path>) -> io::Result<Table> {
        let content = Content::of_path(path, Limits::default())?;
        Table::from_content(content).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }

    /// Whether it says what another says, entry by entry, and was made of the same texts: then neither need take the place of
    /// the other. O(n) for n bytes.
    pub(crate) fn is_same_as(&self, other: &Table) -> bool {
        let about = |table: &Table| Note { generation: 0, created_micros: 0, ..table.note() };
        let (one, other) = (self.whole(), other.whole());
        !one.is_updated()
            && !other.is_updated()
            && about(one) == about(other)
            && one.image.has_same_sections(&other.image)
    }

    /// Makes a table of an image, proving its sections.
    pub(super) fn open(image: Image) -> Result<Table, ImageError> {
        let v4 = Family::<u32>::open(&image, V4_FAMILY)?;
        let v6 = Family::<u128>::open(&image, V6_FAMILY)?;
        let entries = Entries::open(&image)?;
        let counted = (v4.len(), v6.len()) == entries.counts();
        ensure(counted, "entries", "they are not as many as the prefixes")?;
        let scope = Scope::from_code(Note::of(image.note()).scope);
        let scope = scope.ok_or(ImageError::damaged("header", "its scope is unknown"))?;
        let is_cached = Table::decides_in_cache(&image, &v4, &v6);
        let (next_expiry, has_denials) = (entries.next_expiry(), entries.have_denials());
        Ok(Table {
            image,
            v4,
            v6,
            entries,
            patch: None,
            scope,
            is_cached,
            next_expiry,
            has_denials,
            left_out: None,
        })
    }

    pub(super) fn note(&self) -> Note {
        self.patch.as_ref().map_or_else(|| Note::of(self.image.note()), |patch| patch.note)
    }

    /// What the header of the table's image says of it.
    #[must_use]
    pub fn info(&self) -> ImageInfo {
        let Note { generation, created_micros, digests: [default_digest, app_digest], .. } = self.note();
        let created = UNIX_EPOCH + Duration::from_micros(created_micros);
        ImageInfo { generation, created, default_digest, app_digest }
    }
}

/// What an image's header says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImageInfo {
    /// The generation that whoever wrote the image gave it; 0 for a table that was never written.
    pub generation: u64,
    /// When the table was compiled.
    pub created: SystemTime,
    /// SHA-256 of the default list's text, where one is set and was not updated since.
    pub default_digest: Option<[u8; 32]>,
    /// SHA-256 of the app list's text, where one is set and was not updated since.
    pub app_digest: Option<[u8; 32]>,
}
