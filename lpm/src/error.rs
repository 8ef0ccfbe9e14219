//! Why bytes are not an image.

use std::fmt;

/// The format of images that this program writes and reads.
pub const FORMAT_VERSION: u32 = 6;

/// Bytes that are not an image, or not one of what was asked for.
///
/// ```
/// use ipgate_lpm::{Family, ImageErrorKind};
/// let error = Family::<u32>::from_image(b"10.0.0.0/8").unwrap_err();
/// assert_eq!(error.kind(), ImageErrorKind::NotAnImage);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageError {
    kind: ImageErrorKind,
    place: &'static str,
    what: &'static str,
}

/// What is wrong with an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImageErrorKind {
    /// The bytes do not begin as images do.
    NotAnImage,
    /// The image has another format version, this one.
    Version(u32),
    /// The image holds something else: one family of addresses instead of the other, a whole table, or a site.
    Contents,
    /// The image was cut, changed or badly written.
    Damaged,
}

impl ImageError {
    /// Damage, and where: `place` is the part of the image, and `what` half a sentence about it, such as "a label is cut".
    #[must_use]
    pub const fn damaged(place: &'static str, what: &'static str) -> ImageError {
        ImageError { kind: ImageErrorKind::Damaged, place, what }
    }

    pub(crate) const fn of_kind(kind: ImageErrorKind) -> ImageError {
        ImageError { kind, place: "", what: "" }
    }

    /// What is wrong, for programs.
    #[must_use]
    pub fn kind(&self) -> ImageErrorKind {
        self.kind
    }

    /// The part of the image that is damaged, such as "IPv4 map"; empty where the kind says all.
    #[must_use]
    pub fn place(&self) -> &'static str {
        self.place
    }
}

/// `Ok` where something is sound, and the damage otherwise.
///
/// ```
/// assert!(ipgate_lpm::image::ensure(true, "labels", "a label is cut").is_ok());
/// ```
///
/// # Errors
///
/// [`ImageError::damaged`] with this place and sentence.
pub const fn ensure(sound: bool, place: &'static str, what: &'static str) -> Result<(), ImageError> {
    if sound { Ok(()) } else { Err(ImageError::damaged(place, what)) }
}

impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            ImageErrorKind::NotAnImage => write!(f, "these bytes are not an image"),
            ImageErrorKind::Version(found) => write!(
                f,
                "the image has format version {found}, this program reads version {}; compile the list again",
                FORMAT_VERSION
            ),
            ImageErrorKind::Contents => {
                write!(f, "the image holds something else than was asked for; compile the list again")
            }
            ImageErrorKind::Damaged => {
                write!(f, "the image is damaged ({}): {}; compile the list again", self.place, self.what)
            }
        }
    }
}

impl std::error::Error for ImageError {}
