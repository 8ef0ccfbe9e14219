//! Images: sections of bytes behind one header, that can be kept in a file and are the same on every machine.
//!
//! ```text
//! 0    magic: 93 "IPGATE" 0a (the first byte is in no UTF-8 text, so no list begins so)
//! 8    byte order: 01020304 as a little-endian number    12   format version
//! 16   length of the image                               24   XXH3-64 of everything from 32 on
//! 32   what it holds (Contents)                          36   number of sections
//! 40   88 bytes of whoever wrote it (NOTE)
//! 128  a bit for each section that is not empty
//! 144  the length of each of those, 8 bytes each
//! ...  those sections, each at the next multiple of 64, a shorter one of 16, with at least 4 bytes between two
//! ```
//!
//! Integers are little-endian. There are no offsets that could point anywhere: places follow from lengths.

use std::iter;
use std::ops::Range;
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

/// Sections that an image may have.
const MOST_SECTIONS: usize = 128;

const BYTE_ORDER: u32 = 0x0102_0304;
/// Where sections stand at the least.
const ALIGNED: usize = 16;
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
    pub(super) const PRESENT: Range<usize> = 128..144;
    pub(super) const LENGTHS: usize = 144;
}

const _: () = assert!(field::NOTE.end - field::NOTE.start == NOTE && field::NOTE.end == field::PRESENT.start);
const _: () = assert!(8 * (field::PRESENT.end - field::PRESENT.start) == MOST_SECTIONS);

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
    /// Many lists, each an image of its own, and what they are the lists of.
    Site,
}

impl Contents {
    fn code(self) -> u32 {
        match self {
            Contents::V4 => 4,
            Contents::V6 => 6,
            Contents::List => 10,
            Contents::Site => 11,
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

/// How many bytes of an image tell what it is ([`is_image_of`]).
pub const HEADER: usize = field::LENGTHS;

/// Whether bytes begin as an image of that does. Nothing else of them is checked.
///
/// ```
/// use ipgate_lpm::image::{Contents, NOTE, Sections, is_image_of};
/// let image = Sections::new().write(Contents::Site, &[0; NOTE]);
/// let bytes = image.to_bytes(image.note());
/// assert!(is_image_of(&bytes, Contents::Site) && !is_image_of(&bytes, Contents::List));
/// ```
#[must_use]
pub fn is_image_of(bytes: &[u8], contents: Contents) -> bool {
    is_image(bytes) && bytes.len() >= HEADER && u32_at(bytes, field::CONTENTS) == contents.code()
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
    /// Where memory cannot hold the image, or there are more than 128 sections.
    ///
    /// ```
    /// use ipgate_lpm::image::{Contents, Image, NOTE, Sections};
    /// let mut sections = Sections::new();
    /// sections.push(3, |bytes| bytes.copy_from_slice(b"abc"));
    /// let image = sections.write(Contents::List, &[0; NOTE]);
    /// assert_eq!(image.section::<u8>(0), b"abc");
    /// let again = Image::from_bytes(&image.to_bytes(image.note()), Contents::List, 1)?;
    /// assert_eq!(again.section::<u8>(0), b"abc");
    /// # Ok::<(), ipgate_lpm::ImageError>(())
    /// ```
    #[must_use]
    pub fn write(self, contents: Contents, note: &[u8; NOTE]) -> Image {
        assert!(self.list.len() <= MOST_SECTIONS, "{} sections are too many", self.list.len());
        let count = self.list.len() as u32;
        let list: Vec<_> = self.list.into_iter().enumerate().filter(|(_, (length, _))| *length > 0).collect();
        let mut header = vec![0; field::LENGTHS];
        put(&mut header, field::MAGIC.start, &MAGIC);
        put(&mut header, field::BYTE_ORDER, &BYTE_ORDER.to_le_bytes());
        put(&mut header, field::VERSION, &FORMAT_VERSION.to_le_bytes());
        put(&mut header, field::CONTENTS, &contents.code().to_le_bytes());
        put(&mut header, field::SECTIONS, &count.to_le_bytes());
        put(&mut header, field::NOTE.start, note);
        let present = list.iter().fold(0, |present: u128, (number, _)| present | 1 << number);
        put(&mut header, field::PRESENT.start, &present.to_le_bytes());
        list.iter().for_each(|(_, (length, _))| header.extend((*length as u64).to_le_bytes()));
        let length = length(&header);
        put(&mut header, field::LENGTH, &(length as u64).to_le_bytes());
        let mut memory = Aligned::new(length);
        let bytes = memory.bytes_mut();
        put(bytes, 0, &header);
        for ((_, (_, fill)), (_, place)) in list.into_iter().zip(places(&header)) {
            fill(bytes.get_mut(place).unwrap_or_default());
        }
        Image { memory: Arc::new(memory) }
    }
}

/// An image in memory, whose header is sound. Cheap to clone.
#[derive(Clone)]
pub struct Image {
    memory: Arc<Aligned>,
}

impl Image {
    /// Takes an image of `sections` sections, checking its header and its checksum. O(n) for n bytes.
    ///
    /// # Errors
    ///
    /// [`ImageError`] says what is wrong with it.
    pub fn open(memory: Aligned, contents: Contents, sections: usize) -> Result<Image, ImageError> {
        check_header(memory.bytes(), contents, sections)?;
        Ok(Image { memory: Arc::new(memory) })
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
        self.memory.bytes().len()
    }

    /// Whether it is a handle on the same memory.
    #[must_use]
    pub fn is_same(&self, other: &Image) -> bool {
        Arc::ptr_eq(&self.memory, &other.memory)
    }

    /// Whether both have the same sections, whatever their notes say. O(n) for n bytes.
    #[must_use]
    pub fn has_same_sections(&self, other: &Image) -> bool {
        self.is_same(other)
            || self.memory.bytes().get(field::PRESENT.start..)
                == other.memory.bytes().get(field::PRESENT.start..)
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
    pub fn section<T: Plain>(&self, index: usize) -> &[T] {
        T::items(
            place(self.memory.bytes(), index)
                .and_then(|place| self.memory.bytes().get(place))
                .unwrap_or_default(),
        )
    }

    /// `N` sections from number `first` on, found in one pass: small images are opened by the thousand.
    ///
    /// ```
    /// use ipgate_lpm::image::{Contents, NOTE, Sections};
    /// let mut sections = Sections::new();
    /// sections.push_bytes(b"abc".to_vec());
    /// sections.push_bytes(Vec::new());
    /// sections.push_bytes(b"d".to_vec());
    /// let image = sections.write(Contents::List, &[0; NOTE]);
    /// assert_eq!(image.sections::<3>(0), [&b"abc"[..], b"", b"d"]);
    /// ```
    #[must_use]
    pub fn sections<const N: usize>(&self, first: usize) -> [&[u8]; N] {
        let bytes = self.memory.bytes();
        let mut found: [&[u8]; N] = [&[]; N];
        if present(bytes).checked_shr(first as u32).unwrap_or(0) == 0 {
            return found;
        }
        for (section, place) in places(bytes).take_while(|(section, _)| *section < first + N) {
            if let Some(found) = section.checked_sub(first).and_then(|number| found.get_mut(number)) {
                *found = bytes.get(place).unwrap_or_default();
            }
        }
        found
    }

    /// `N` sections from number `first` on, to be read again and again.
    ///
    /// # Errors
    ///
    /// One has 4 GiB or more.
    pub fn part<const N: usize>(&self, first: usize) -> Result<Part<N>, ImageError> {
        let too_large = ImageError::damaged("header", "it states a section of 4 GiB or more");
        let narrow = |number: usize| u32::try_from(number).map_err(|_| too_large);
        let mut found = [Place::default(); N];
        for (section, place) in places(self.memory.bytes()) {
            if let Some(found) = section.checked_sub(first).and_then(|number| found.get_mut(number)) {
                *found = Place { start: narrow(place.start / ALIGNED)?, len: narrow(place.len())? };
            }
        }
        Ok(Part {
            base: NonNull::from(self.memory.bytes()).cast(),
            places: found,
            _memory: Arc::clone(&self.memory),
        })
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

/// Some sections of an image, which they keep alive: slices without a way through the image, which would cost a request as
/// much as the search does (`make nginx-bench`).
///
/// ```
/// use ipgate_lpm::image::{Contents, NOTE, Sections};
/// let mut sections = Sections::new();
/// sections.push_bytes(b"abc".to_vec());
/// sections.push_words(vec![7]);
/// let part = sections.write(Contents::List, &[0; NOTE]).part::<2>(0)?;
/// assert_eq!((part.items(0), part.items(1)), (&b"abc"[..], &[[7, 0, 0, 0]][..]));
/// # Ok::<(), ipgate_lpm::ImageError>(())
/// ```
#[derive(Clone)]
pub struct Part<const N: usize> {
    base: NonNull<u8>,
    places: [Place; N],
    _memory: Arc<Aligned>,
}

/// Where a section stands: in few bytes, since small tables are many.
#[derive(Clone, Copy, Default)]
struct Place {
    /// In units of [`ALIGNED`] bytes.
    start: u32,
    len: u32,
}

// SAFETY: plain bytes that nobody changes, in memory that is shared by counting.
unsafe impl<const N: usize> Send for Part<N> {}
// SAFETY: as above.
unsafe impl<const N: usize> Sync for Part<N> {}

impl<const N: usize> Part<N> {
    /// The section with that number of these, as whole items; empty where there is none. O(1).
    #[inline(always)]
    #[must_use]
    pub fn items<T: Plain>(&self, number: usize) -> &[T] {
        let Some(Place { start, len }) = self.places.get(number) else { return &[] };
        // SAFETY: `Image::part` found so many bytes there, in the memory that `self` holds, which is never moved or changed.
        let bytes = unsafe {
            std::slice::from_raw_parts(self.base.as_ptr().add(*start as usize * ALIGNED), *len as usize)
        };
        T::items(bytes)
    }
}

impl<const N: usize> std::fmt::Debug for Part<N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Part({N} sections)")
    }
}

/// Which sections are not empty, a bit each.
fn present(header: &[u8]) -> u128 {
    u128::from(u64_at(header, field::PRESENT.start))
        | u128::from(u64_at(header, field::PRESENT.start + 8)) << 64
}

/// The sections that are not empty, with their places, as they follow from the lengths in a header. Where they would not
/// fit the address space, places end there.
fn places(header: &[u8]) -> impl Iterator<Item = (usize, Range<usize>)> {
    let mut left = present(header);
    let mut at = field::LENGTHS + 8 * left.count_ones() as usize;
    let mut stated = field::LENGTHS;
    iter::from_fn(move || {
        let section = (left != 0).then(|| left.trailing_zeros() as usize)?;
        left &= left - 1;
        let length = usize::try_from(u64_at(header, stated)).unwrap_or(usize::MAX);
        stated += 8;
        // Powers of two: what divides would be half of the time that a small image takes to open.
        let beyond = if length < 64 { ALIGNED - 1 } else { 64 - 1 };
        let start = at.saturating_add(beyond) & !beyond;
        let end = start.saturating_add(length);
        at = end.saturating_add(GUARD);
        Some((section, start..end))
    })
}

/// The place of a section that is not empty. At once where it is, as most are in a small image.
fn place(header: &[u8], section: usize) -> Option<Range<usize>> {
    let bit = 1u128.checked_shl(section as u32).filter(|bit| present(header) & bit != 0)?;
    places(header).nth((present(header) & (bit - 1)).count_ones() as usize).map(|(_, place)| place)
}

/// Length of the image with that header.
fn length(header: &[u8]) -> usize {
    let end = places(header).last().map_or(field::LENGTHS, |(_, place)| place.end);
    end.saturating_add(GUARD).checked_next_multiple_of(16).unwrap_or(usize::MAX)
}

fn check_header(bytes: &[u8], contents: Contents, sections: usize) -> Result<(), ImageError> {
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
    sound(
        places(bytes).all(|(section, place)| section < sections && !place.is_empty()),
        "it states a section that it has not",
    )?;
    sound(length(bytes) == bytes.len(), "its sections do not fill it")
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
