//! Images: a table as bytes that can be kept in a file, and what is checked before one is believed.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use xxhash_rust::xxh3::xxh3_64;

use super::entries::Entries;
use super::family::{Aligned, Family};
use super::layout::{self, BYTE_ORDER, HEADER, Layout, MAGIC, SECTIONS, Section, field, u32_at, u64_at};
use super::{Scope, Table};
use crate::content::Content;

impl Table {
    /// Whether bytes begin like an image. List text never does.
    #[must_use]
    pub fn is_image(bytes: &[u8]) -> bool {
        bytes.starts_with(&MAGIC)
    }

    /// The table as bytes, the same on every machine, with the generation that is to stand in its header.
    #[must_use]
    pub fn to_image(&self, generation: u64) -> Vec<u8> {
        let mut bytes = self.image.bytes().to_vec();
        put(&mut bytes, field::GENERATION, &generation.to_le_bytes());
        seal(&mut bytes);
        bytes
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
        Table::open(content.into_memory())
    }

    /// Reads an image file whole into memory. (A mapped file could be cut short under a running lookup.)
    ///
    /// # Errors
    ///
    /// What the system says, or [`ImageError`] as the inner error of [`io::ErrorKind::InvalidData`].
    pub fn read_image(path: impl AsRef<Path>) -> io::Result<Table> {
        let content = Content::of_file(&File::open(path)?, usize::MAX)?;
        Table::from_content(content).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }

    /// Makes a table of an image, checking everything.
    pub(super) fn open(image: Aligned) -> Result<Table, ImageError> {
        let layout = check_header(image.bytes())?;
        let image = Arc::new(image);
        let bytes = image.bytes();
        let family = |section| layout.range(section);
        let v4 = Family::<u32>::open(&image, family(Section::V4Family), None).map_err(ImageError::from)?;
        let v6 = Family::<u128>::open(&image, family(Section::V6Family), None).map_err(ImageError::from)?;
        let entries = Entries::open(&image, &layout)?;
        if (v4.len(), v6.len()) != entries.counts() {
            return Err(ImageError::damaged("its families and its entries differ in number"));
        }
        let scope = Scope::from_code(u32_at(bytes, field::SCOPE));
        let scope = scope.ok_or(ImageError::damaged("its scope is unknown"))?;
        let next_expiry = entries.next_expiry(bytes);
        Ok(Table { image, v4, v6, entries, scope, next_expiry, reference: Default::default() })
    }

    /// What the header of the table's image says of it.
    #[must_use]
    pub fn info(&self) -> ImageInfo {
        let bytes = self.image.bytes();
        let set = u32_at(bytes, field::LISTS);
        let digest = |list: usize| {
            let digest = bytes.get(field::DIGESTS.get(list).cloned()?)?.first_chunk::<32>()?;
            (set >> list & 1 == 1).then_some(*digest)
        };
        ImageInfo {
            generation: u64_at(bytes, field::GENERATION),
            created: UNIX_EPOCH + Duration::from_micros(u64_at(bytes, field::CREATED)),
            default_digest: digest(0),
            app_digest: digest(1),
        }
    }
}

/// Writes `value` into the header.
pub(super) fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    if let Some(to) = bytes.get_mut(at..at + value.len()) {
        to.copy_from_slice(value);
    }
}

/// Writes the header's fields that follow from the others: magic, order, version, length, checksum.
pub(super) fn seal(bytes: &mut [u8]) {
    let length = bytes.len() as u64;
    put(bytes, field::MAGIC.start, &MAGIC);
    put(bytes, field::BYTE_ORDER, &BYTE_ORDER.to_le_bytes());
    put(bytes, field::VERSION, &layout::VERSION.to_le_bytes());
    put(bytes, field::LENGTH, &length.to_le_bytes());
    let checksum = checksum(bytes);
    put(bytes, field::CHECKSUM, &checksum.to_le_bytes());
}

fn checksum(bytes: &[u8]) -> u64 {
    xxh3_64(bytes.get(field::CHECKED..).unwrap_or_default())
}

fn check_header(bytes: &[u8]) -> Result<Layout, ImageError> {
    let check = |sound: bool, what: &'static str| if sound { Ok(()) } else { Err(ImageError::damaged(what)) };
    check(bytes.get(field::MAGIC) == Some(&MAGIC[..]), "it does not begin with the magic of one")?;
    check(bytes.len() >= HEADER, "it is shorter than a header")?;
    check(u32_at(bytes, field::BYTE_ORDER) == BYTE_ORDER, "its byte order is unknown")?;
    let version = u32_at(bytes, field::VERSION);
    if version != layout::VERSION {
        return Err(ImageError { problem: Problem::Version(version) });
    }
    check(u64_at(bytes, field::LENGTH) == bytes.len() as u64, "its length is not the one that it states")?;
    check(u64_at(bytes, field::CHECKSUM) == checksum(bytes), "its checksum does not fit its contents")?;
    let mut lengths = [0; SECTIONS];
    for (i, length) in lengths.iter_mut().enumerate() {
        *length = u64_at(bytes, field::LENGTHS + 8 * i);
    }
    let layout = Layout::new(lengths)?;
    check(layout.total == bytes.len(), "its sections do not fill it")?;
    Ok(layout)
}

/// What an image's header says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImageInfo {
    /// The generation that whoever wrote the image gave it; 0 for a table that was never written.
    pub generation: u64,
    /// When the table was compiled.
    pub created: SystemTime,
    /// SHA-256 of the default list's text, where one is set.
    pub default_digest: Option<[u8; 32]>,
    /// SHA-256 of the app list's text, where one is set.
    pub app_digest: Option<[u8; 32]>,
}

/// Bytes that are not an image of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageError {
    problem: Problem,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Problem {
    Damaged(&'static str),
    Version(u32),
}

impl ImageError {
    pub(super) const fn damaged(what: &'static str) -> ImageError {
        ImageError { problem: Problem::Damaged(what) }
    }
}

impl From<super::family::ImageError> for ImageError {
    fn from(error: super::family::ImageError) -> ImageError {
        ImageError::damaged(error.what())
    }
}

impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.problem {
            Problem::Damaged(what) => {
                write!(f, "the image of a table is damaged: {what}; compile the list again")
            }
            Problem::Version(version) => write!(
                f,
                "the image has format version {version}, this program reads version {}; compile the list again",
                layout::VERSION
            ),
        }
    }
}

impl std::error::Error for ImageError {}
