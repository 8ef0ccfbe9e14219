//! How much is read of a file: of a list's text, and of an image.

use std::fmt;
use std::io;

use ipgate_lpm::image::is_image;

/// The most bytes that are read of a list's text and of an image: more is refused.
///
/// A list becomes larger when it is compiled, so an image has a limit of its own. The one that [`Limits::of_lists`] gives
/// is kept by whatever is compiled of lists within those limits, and so is the default's by every list within the limits
/// that a [`Parser`](crate::list::Parser) has unless it is told others.
///
/// ```
/// use ipgate::{Limits, list::Parser};
/// let default = Limits::of_lists(Parser::DEFAULT_MAX_ENTRIES, Parser::DEFAULT_MAX_BYTES);
/// assert_eq!(default, Limits::default());
/// assert_eq!(default.text, 1 << 30);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a list's text.
    pub text: usize,
    /// Bytes of an image.
    pub image: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits::DEFAULT
    }
}

impl Limits {
    /// The most entries a list may have, unless set otherwise: 16 Mi.
    pub(crate) const ENTRIES: usize = 16 << 20;
    /// 1 GiB of text, and what two lists of that and of 16 Mi entries each are compiled to at the most: 12 GiB and
    /// 64 MiB, where there is so much memory to address.
    pub const DEFAULT: Limits = Limits::of_lists(Limits::ENTRIES, 1 << 30);

    /// Bytes of an image beside those of its entries and labels: roots, headers, names of lists, and lines that stand for
    /// the few addresses of a root's slot.
    const IMAGE: usize = 32 << 20;
    /// The most bytes of an image for each entry; DESIGN.md adds them up.
    const ENTRY: usize = 320;

    /// For lists of no more than so many entries and bytes of text: an image may be of two of them, a default and an app
    /// list.
    #[must_use]
    pub const fn of_lists(entries: usize, text: usize) -> Limits {
        let list = Limits::image_of(entries, text);
        Limits { text, image: list.saturating_mul(2) }
    }

    /// The most bytes that a list of so many entries and bytes of text is compiled to.
    const fn image_of(entries: usize, text: usize) -> usize {
        entries.saturating_mul(Limits::ENTRY).saturating_add(text).saturating_add(Limits::IMAGE)
    }

    /// The most bytes that anything may have, text or image. O(1).
    ///
    /// ```
    /// assert!(ipgate::Limits::default().most() >= 1 << 30);
    /// ```
    #[must_use]
    pub fn most(self) -> usize {
        self.text.max(self.image)
    }

    /// The limit for what begins so.
    pub(crate) fn of(self, start: &[u8]) -> usize {
        if is_image(start) { self.image } else { self.text }
    }

    /// Refuses a file of that size, which begins so.
    pub(crate) fn check(self, start: &[u8], size: u64) -> Result<(), TooLarge> {
        match size > self.of(start) as u64 {
            true => Err(TooLarge { what: self.what(start), size: Some(size) }),
            false => Ok(()),
        }
    }

    /// Refuses what has that many bytes and perhaps more.
    pub(crate) fn check_length(self, start: &[u8], length: usize) -> Result<(), TooLarge> {
        match length > self.of(start) {
            true => Err(TooLarge { what: self.what(start), size: None }),
            false => Ok(()),
        }
    }

    fn what(self, start: &[u8]) -> What {
        if is_image(start) { What::Image(self.image) } else { What::Text(self.text) }
    }
}

/// What is too large, with the limit for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Text(usize),
    Image(usize),
    /// Too large for either, and not read.
    File(Limits),
}

/// A file or text with more bytes than may be read; `Display` is a sentence with the size, where it is known, and the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLarge {
    pub(crate) what: What,
    /// `None` where reading ended at the limit.
    pub(crate) size: Option<u64>,
}

impl TooLarge {
    /// A text of that many bytes.
    pub(crate) fn text(size: usize, limit: usize) -> TooLarge {
        TooLarge { what: What::Text(limit), size: Some(size as u64) }
    }

    /// What an error of reading says, if it is this.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<TooLarge> {
        error.get_ref()?.downcast_ref().copied()
    }

    /// What to do.
    #[must_use]
    pub fn advice(self) -> &'static str {
        match self.what {
            What::Text(_) | What::File(_) => "split the list or raise the limit",
            What::Image(_) => "compile fewer entries or raise the limit",
        }
    }
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (thing, limit, a) = match self.what {
            What::Text(limit) => ("text", limit, "a list's text"),
            What::Image(limit) => ("image", limit, "an image"),
            What::File(Limits { text, image }) => {
                let size = self.size.unwrap_or(u64::MAX);
                return write!(
                    f,
                    "the file has {size} bytes, and the limit is {text} for a list's text and {image} for an image"
                );
            }
        };
        match self.size {
            Some(size) => write!(f, "the {thing} has {size} bytes, and the limit for {a} is {limit}"),
            None => write!(f, "the {thing} has more than {limit} bytes, which is the limit for {a}"),
        }
    }
}

impl std::error::Error for TooLarge {}

impl From<TooLarge> for io::Error {
    fn from(error: TooLarge) -> io::Error {
        io::Error::new(io::ErrorKind::FileTooLarge, error)
    }
}

/// What is said of a directory, pipe or device in the place of a file.
pub(crate) const NOT_A_FILE: &str = "this is a directory, pipe or device; name a regular file with a list";

#[cfg(all(test, target_pointer_width = "64"))]
mod tests {
    use super::*;

    /// By hand: 16 Mi entries of 320 bytes are 5 GiB; with 1 GiB of labels and 32 MiB, twice.
    #[test]
    fn the_default_limits() {
        assert_eq!(Limits::DEFAULT.text, 1_073_741_824);
        assert_eq!(Limits::DEFAULT.image, 2 * (5_368_709_120 + 1_073_741_824 + 33_554_432));
        assert_eq!(Limits::of_lists(usize::MAX, usize::MAX).image, usize::MAX);
    }
}
