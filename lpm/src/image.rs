//! Images: sections of bytes behind one header, that can be kept in a file and are the same on every machine.
//!
//! ```text
//! 0    magic: 93 "IPGATE" 0a (the first byte is in no UTF-8 text, so no list begins so)
//! 8    byte order: 01020304 as a little-endian number    12   format version
//! 16   length of the image                               24   XXH3-64 of everything from 32 on
//! 32   what it holds (Contents)                          36   number of sections
//! 40   88 bytes of whoever wrote it (NOTE)
//! 128  the length of each section, 8 bytes each
//! ...  the sections, each at the next multiple of 64 with at least 4 bytes between two
//! ```
//!
//! Integers are little-endian. There are no offsets that could point anywhere: places follow from lengths.

use std::ops::{Deref, Range};
use std::ptr::NonNull;
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

pub use crate::error::{FORMAT_VERSION, ImageError, ImageErrorKind, ensure};
use crate::memory::Aligned;
use crate::words::{fill, u32_at, u64_at};

/// What every image begins with.
pub const MAGIC: [u8; 8] = *b"\x93IPGATE\n";
/// Bytes of the header that belong to whoever writes the image.
pub const NOTE: usize = 88;

const BYTE_ORDER: u32 = 0x0102_0304;
/// Bytes after a section that a four-byte load of its last byte may touch.
pub(crate) const GUARD: usize = 4;

/// Where the header's fields stand.
mod field {
    use std::ops::Range;

    pub(super) const MAGIC: Range<usize> = 0..8;
    pub(super) const BYTE_ORDER: usize = 8;
    pub(super) const VERSION: usize = 12;
    pub(super) const LENGTH: usize = 16;
    pub(super) const CHECKSUM: usize = 24;
    /// What the checksum covers begins here.
    pub(super) const CHECKED: usize = 32;
    pub(super) const CONTENTS: usize = 32;
    pub(super) const SECTIONS: usize = 36;
    pub(super) const NOTE: Range<usize> = 40..128;
    pub(super) const LENGTHS: usize = 128;
}

const _: () = assert!(field::NOTE.end - field::NOTE.start == NOTE && field::NOTE.end == field::LENGTHS);

/// What an image holds, so that none is taken for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Contents {
    /// One table of IPv4 prefixes.
    V4,
    /// One table of IPv6 prefixes.
    V6,
    /// A list compiled for both, with what its entries say.
    List,
}

impl Contents {
    fn code(self) -> u32 {
        match self {
            Contents::V4 => 4,
            Contents::V6 => 6,
            Contents::List => 10,
        }
    }
}

/// Whether bytes begin as an image does. No text in UTF-8 does.
///
/// ```
/// assert!(!ipgate_lpm::image::is_image(b"10.0.0.0/8:office"));
/// ```
#[must_use]
pub fn is_image(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// What is to be written: sections in their order, each as its length and whoever fills it.
#[derive(Default)]
pub struct Sections<'a> {
    list: Vec<(usize, Fill<'a>)>,
}

/// Fills a section's zeroed bytes.
type Fill<'a> = Box<dyn FnOnce(&mut [u8]) + 'a>;

impl<'a> Sections<'a> {
    /// No sections.
    #[must_use]
    pub fn new() -> Sections<'a> {
        Sections::default()
    }

    /// Adds a section of `length` zeroed bytes, which `fill` writes. What it holds on to is freed right after it.
    pub fn push(&mut self, length: usize, fill: impl FnOnce(&mut [u8]) + 'a) {
        self.list.push((length, Box::new(fill)));
    }

    /// Adds a section of 32-bit numbers.
    pub fn push_words(&mut self, words: Vec<u32>) {
        self.push(4 * words.len(), move |to| fill(to, words.into_iter(), u32::to_le_bytes));
    }

    /// Adds a section of bytes.
    pub fn push_bytes(&mut self, bytes: Vec<u8>) {
        self.push(bytes.len(), move |to| to.copy_from_slice(&bytes));
    }

    /// Writes them one after the other. O(n) for n bytes.
    ///
    /// # Panics
    ///
    /// Where memory cannot hold the image.
    ///
    /// ```
    /// use ipgate_lpm::image::{Contents, Image, NOTE, Sections};
    /// let mut sections = Sections::new();
    /// sections.push(3, |bytes| bytes.copy_from_slice(b"abc"));
    /// let image = sections.write(Contents::List, &[0; NOTE]);
    /// assert_eq!(&*image.section::<u8>(0), b"abc");
    /// let again = Image::from_bytes(&image.to_bytes(image.note()), Contents::List, 1)?;
    /// assert_eq!(&*again.section::<u8>(0), b"abc");
    /// # Ok::<(), ipgate_lpm::ImageError>(())
    /// ```
    #[must_use]
    pub fn write(self, contents: Contents, note: &[u8; NOTE]) -> Image {
        let lengths: Vec<u64> = self.list.iter().map(|(length, _)| *length as u64).collect();
        let layout = Layout::new(&lengths).expect("what fits memory in pieces fits it as an image");
        let mut memory = Aligned::new(layout.total);
        let bytes = memory.bytes_mut();
        put(bytes, field::MAGIC.start, &MAGIC);
        put(bytes, field::BYTE_ORDER, &BYTE_ORDER.to_le_bytes());
        put(bytes, field::VERSION, &FORMAT_VERSION.to_le_bytes());
        put(bytes, field::LENGTH, &(layout.total as u64).to_le_bytes());
        put(bytes, field::CONTENTS, &contents.code().to_le_bytes());
        put(bytes, field::SECTIONS, &(lengths.len() as u32).to_le_bytes());
        put(bytes, field::NOTE.start, note);
        for (i, length) in lengths.iter().enumerate() {
            put(bytes, field::LENGTHS + 8 * i, &length.to_le_bytes());
        }
        for ((_, fill), range) in self.list.into_iter().zip(&layout.ranges) {
            fill(bytes.get_mut(range.clone()).unwrap_or_default());
        }
        Image { memory: Arc::new(memory), layout: Arc::new(layout) }
    }
}

/// An image in memory, whose header is sound. Cheap to clone.
#[derive(Clone)]
pub struct Image {
    memory: Arc<Aligned>,
    layout: Arc<Layout>,
}

impl Image {
    /// Takes an image of `sections` sections, checking its header and its checksum. O(n) for n bytes.
    ///
    /// # Errors
    ///
    /// [`ImageError`] says what is wrong with it.
    pub fn open(memory: Aligned, contents: Contents, sections: usize) -> Result<Image, ImageError> {
        let layout = check_header(memory.bytes(), contents, sections)?;
        Ok(Image { memory: Arc::new(memory), layout: Arc::new(layout) })
    }

    /// The same for bytes anywhere, which are copied.
    ///
    /// # Errors
    ///
    /// As [`Image::open`].
    pub fn from_bytes(bytes: &[u8], contents: Contents, sections: usize) -> Result<Image, ImageError> {
        Image::open(Aligned::from(bytes), contents, sections)
    }

    /// The whole as it stands in a file, with that note in its header.
    #[must_use]
    pub fn to_bytes(&self, note: &[u8; NOTE]) -> Vec<u8> {
        let mut bytes = self.memory.bytes().to_vec();
        put(&mut bytes, field::NOTE.start, note);
        let checksum = checksum(&bytes);
        put(&mut bytes, field::CHECKSUM, &checksum.to_le_bytes());
        bytes
    }

    /// Bytes of the whole.
    #[must_use]
    pub fn len(&self) -> usize {
        self.layout.total
    }

    /// Whether it is a handle on the same memory.
    #[must_use]
    pub fn is_same(&self, other: &Image) -> bool {
        Arc::ptr_eq(&self.memory, &other.memory)
    }

    /// Whether it has no bytes, which no image has.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What whoever wrote it put into its header.
    #[must_use]
    pub fn note(&self) -> &[u8; NOTE] {
        const NOTHING: &[u8; NOTE] = &[0; NOTE];
        self.memory.bytes().get(field::NOTE).and_then(|note| note.first_chunk()).unwrap_or(NOTHING)
    }

    /// Section number `index`, as whole items; empty where there is none.
    #[must_use]
    pub fn section<T: Plain>(&self, index: usize) -> Section<T> {
        let range = self.layout.ranges.get(index).cloned().unwrap_or_default();
        let items = T::items(self.memory.bytes().get(range).unwrap_or_default());
        Section { items: NonNull::from(items), _memory: Arc::clone(&self.memory) }
    }

    /// The bytes of section number `index`, borrowed.
    pub(crate) fn bytes_of(&self, index: usize) -> &[u8] {
        let range = self.layout.ranges.get(index).cloned().unwrap_or_default();
        self.memory.bytes().get(range).unwrap_or_default()
    }
}

impl std::fmt::Debug for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Image({} bytes)", self.len())
    }
}

/// What a section may be read as: bytes and arrays of them, which every pattern of bits is.
pub trait Plain: Copy + sealed::Sealed + 'static {
    /// The whole items in some bytes.
    fn items(bytes: &[u8]) -> &[Self];
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for u8 {}
    impl<const N: usize> Sealed for [u8; N] {}
}

impl Plain for u8 {
    fn items(bytes: &[u8]) -> &[u8] {
        bytes
    }
}

impl<const N: usize> Plain for [u8; N] {
    fn items(bytes: &[u8]) -> &[[u8; N]] {
        const { assert!(N > 0) };
        bytes.as_chunks().0
    }
}

/// A section of an image, which it keeps alive: a slice without a way through the image, which would cost a request as
/// much as the search does (`make nginx-bench`).
#[derive(Clone)]
pub struct Section<T: Plain = u8> {
    items: NonNull<[T]>,
    _memory: Arc<Aligned>,
}

// SAFETY: plain bytes that nobody changes, in memory that is shared by counting.
unsafe impl<T: Plain> Send for Section<T> {}
// SAFETY: as above.
unsafe impl<T: Plain> Sync for Section<T> {}

impl<T: Plain> Deref for Section<T> {
    type Target = [T];

    #[inline(always)]
    fn deref(&self) -> &[T] {
        // SAFETY: `Image::section` made it of the memory that `self` holds, which is never moved or changed.
        unsafe { self.items.as_ref() }
    }
}

impl<T: Plain> std::fmt::Debug for Section<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Section({} items)", self.len())
    }
}

/// Where each section lies.
#[derive(Debug)]
struct Layout {
    ranges: Vec<Range<usize>>,
    /// Length of the whole image.
    total: usize,
}

impl Layout {
    /// The layout that follows from the sections' lengths; an error where it would not fit `usize`.
    fn new(lengths: &[u64]) -> Result<Layout, ImageError> {
        let mut at = (field::LENGTHS + 8 * lengths.len()).next_multiple_of(64);
        let mut ranges = Vec::with_capacity(lengths.len());
        for length in lengths {
            let end = usize::try_from(*length).ok().and_then(|length| at.checked_add(length));
            let end = end.filter(|&end| end < usize::MAX / 2);
            let end = end.ok_or(ImageError::damaged("header", "a section is longer than memory can be"))?;
            ranges.push(at..end);
            // What is empty is never read, and takes no room.
            at = if end == at { at } else { (end + GUARD).next_multiple_of(64) };
        }
        Ok(Layout { ranges, total: at })
    }
}

fn check_header(bytes: &[u8], contents: Contents, sections: usize) -> Result<Layout, ImageError> {
    if !is_image(bytes) {
        return Err(ImageError::of_kind(ImageErrorKind::NotAnImage));
    }
    let sound = |sound, what| ensure(sound, "header", what);
    sound(bytes.len() >= field::LENGTHS, "it is cut")?;
    sound(u32_at(bytes, field::BYTE_ORDER) == BYTE_ORDER, "its byte order is unknown")?;
    let version = u32_at(bytes, field::VERSION);
    if version != FORMAT_VERSION {
        return Err(ImageError::of_kind(ImageErrorKind::Version(version)));
    }
    sound(u64_at(bytes, field::LENGTH) == bytes.len() as u64, "its length is not the one that it states")?;
    sound(u64_at(bytes, field::CHECKSUM) == checksum(bytes), "its checksum does not fit its contents")?;
    if u32_at(bytes, field::CONTENTS) != contents.code() {
        return Err(ImageError::of_kind(ImageErrorKind::Contents));
    }
    sound(
        u32_at(bytes, field::SECTIONS) as usize == sections,
        "its number of sections is not the one it has",
    )?;
    let lengths: Vec<u64> = (0..sections).map(|i| u64_at(bytes, field::LENGTHS + 8 * i)).collect();
    let layout = Layout::new(&lengths)?;
    sound(layout.total == bytes.len(), "its sections do not fill it")?;
    Ok(layout)
}

fn checksum(bytes: &[u8]) -> u64 {
    xxh3_64(bytes.get(field::CHECKED..).unwrap_or_default())
}

/// Writes `value` into the header.
fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    if let Some(to) = bytes.get_mut(at..at + value.len()) {
        to.copy_from_slice(value);
    }
}
