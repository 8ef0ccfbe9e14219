//! What a file holds, list text or an image, read once.

use std::fs::{self, File};
use std::io::{self, Read};
use std::ops::{Deref, RangeInclusive};
use std::path::Path;

use ipgate_lpm::image::MAGIC;
use ipgate_lpm::memory::Aligned;

use crate::limits::{Limits, NOT_A_FILE, TooLarge, What};

/// Bytes in memory that an image can stay in: a table is made of them without a copy
/// ([`Table::from_content`](crate::Table::from_content)). Otherwise they are used as the slice that they are.
///
/// ```
/// use ipgate::{Content, Table};
/// let content = Content::from(&b"10.0.1.0/24:office_ABC"[..]);
/// assert!(!Table::is_image(&content));
/// assert_eq!(content.len(), 22);
/// ```
pub struct Content(Aligned);

impl Content {
    /// Bytes that one call of the system reads: it may not let others have the core before it has ended.
    const AT_ONCE: usize = 128 << 10;
    /// The first and the largest piece of a source whose length is not known.
    const PIECES: RangeInclusive<usize> = 64 << 10..=16 << 20;

    /// Reads the regular file at a path, within the limits. Nothing is read of a file that is too large, and a pipe or
    /// device is not opened: that could wait for its writer. O(n) for n bytes.
    ///
    /// # Errors
    ///
    /// What the system says; [`TooLarge`] inside an error of [`io::ErrorKind::FileTooLarge`]; an error of
    /// [`io::ErrorKind::InvalidInput`] for what is no regular file.
    ///
    /// ```
    /// use ipgate::{Content, Limits, TooLarge};
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("office.list");
    /// # std::fs::write(&path, "10.0.1.0/24:office_ABC")?;
    /// assert_eq!(Content::of_path(&path, Limits::default())?.len(), 22);
    /// let refused = Content::of_path(&path, Limits::of_lists(1, 21)).unwrap_err();
    /// let sentence = TooLarge::of(&refused).map(|error| error.to_string());
    /// assert_eq!(sentence.as_deref(), Some("the text has 22 bytes, and the limit for a list's text is 21"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn of_path(path: impl AsRef<Path>, limits: Limits) -> io::Result<Content> {
        let path = path.as_ref();
        if !fs::metadata(path)?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, NOT_A_FILE));
        }
        Content::of_file(&File::open(path)?, limits)
    }

    /// Reads an open file to its end, within the limits. Of a regular file that is too large nothing is read but the
    /// few bytes that tell text from an image, and those only where that makes the difference. O(n) for n bytes.
    ///
    /// # Errors
    ///
    /// What the system says; [`TooLarge`] inside an error of [`io::ErrorKind::FileTooLarge`].
    pub fn of_file(mut file: &File, limits: Limits) -> io::Result<Content> {
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Content::read(file, limits);
        }
        let size = metadata.len();
        let least = limits.text.min(limits.image);
        if size > limits.most() as u64 {
            return Err(TooLarge { what: What::File(limits), size: Some(size) }.into());
        }
        let mut start = Vec::new();
        if size > least as u64 {
            file.take(MAGIC.len() as u64).read_to_end(&mut start)?;
            limits.check(&start, size)?;
        }
        let expected = usize::try_from(size).unwrap_or(usize::MAX);
        Content::read_expecting(start.as_slice().chain(file.by_ref()), expected, limits)
    }

    /// Reads a source to its end, within the limits: in pieces, and no further than a byte beyond the limit. O(n)
    /// for n bytes, of which no more than 16 MiB are in memory twice.
    ///
    /// # Errors
    ///
    /// What the source says; [`TooLarge`] inside an error of [`io::ErrorKind::FileTooLarge`].
    pub fn read(source: impl Read, limits: Limits) -> io::Result<Content> {
        Content::read_expecting(source, 0, limits)
    }

    /// Reads a source that probably has that many bytes: then they are read to where they stay.
    fn read_expecting(mut source: impl Read, expected: usize, limits: Limits) -> io::Result<Content> {
        let (least, greatest) = Content::PIECES.into_inner();
        let (mut pieces, mut length, mut size) = (Vec::<Aligned>::new(), 0_usize, least);
        loop {
            let start = pieces.first().map_or(&[][..], Aligned::bytes);
            limits.check_length(start, length)?;
            // What is left up to a byte beyond the limit, which tells that there is more.
            let limit = if pieces.is_empty() { limits.most() } else { limits.of(start) };
            let left = limit.saturating_add(1).saturating_sub(length);
            let room = if pieces.is_empty() && expected > 0 { expected } else { size };
            let mut piece = Aligned::new(room.min(left));
            let filled = fill(&mut source, piece.bytes_mut())?;
            let is_end = filled < piece.bytes().len();
            piece.truncate(filled);
            length += filled;
            if filled > 0 || pieces.is_empty() {
                pieces.push(piece);
            }
            if is_end {
                break;
            }
            size = (2 * size).min(greatest);
        }
        limits.check_length(pieces.first().map_or(&[][..], Aligned::bytes), length)?;
        if pieces.len() <= 1 {
            return Ok(pieces.pop().map_or_else(Content::default, Content));
        }
        let mut whole = Aligned::new(length);
        let mut rest = whole.bytes_mut();
        for piece in pieces {
            // Each piece is freed as soon as it is copied.
            let Some((to, behind)) = rest.split_at_mut_checked(piece.bytes().len()) else { break };
            to.copy_from_slice(piece.bytes());
            rest = behind;
        }
        Ok(Content(whole))
    }

    pub(crate) fn into_memory(self) -> Aligned {
        self.0
    }
}

/// Fills as much of `room` as the source has, and says how much that is.
fn fill(source: &mut impl Read, room: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(left) = room.get_mut(filled..).filter(|left| !left.is_empty()) {
        let (left, _) = left.split_at_mut(left.len().min(Content::AT_ONCE));
        match source.read(left) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

impl Default for Content {
    /// Nothing.
    fn default() -> Content {
        Content::from(&[][..])
    }
}

impl From<&[u8]> for Content {
    /// Copies the bytes.
    fn from(bytes: &[u8]) -> Content {
        let mut content = Aligned::new(bytes.len());
        content.bytes_mut().copy_from_slice(bytes);
        Content(content)
    }
}

impl Deref for Content {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.0.bytes()
    }
}

impl AsRef<[u8]> for Content {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Content({} bytes)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a byte a time, and is interrupted before each.
    struct Slow<'t>(&'t [u8], bool);

    impl Read for Slow<'_> {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let count = room.len().min(1);
            self.0.read(&mut room[..count])
        }
    }

    /// Whatever reads of it, it gives, and counts that.
    struct Endless(usize);

    impl Read for Endless {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            room.fill(0);
            self.0 += room.len();
            Ok(room.len())
        }
    }

    #[test]
    fn whatever_was_expected_all_is_read_within_the_limit() {
        let text: Vec<u8> = (0..100).collect();
        for expected in [0, 1, 99, 100, 101, 5000] {
            for limit in [0, 1, 50, 99, 100, 101, usize::MAX] {
                let content =
                    Content::read_expecting(Slow(&text, false), expected, Limits { text: limit, image: 0 });
                match limit {
                    0..100 => assert_eq!(content.unwrap_err().kind(), io::ErrorKind::FileTooLarge),
                    _ => assert_eq!(*content.unwrap(), text[..], "{expected} {limit}"),
                }
            }
        }
    }

    #[test]
    fn pieces_are_put_together_in_order() {
        for length in [65_535, 65_536, 65_537, 3 * 65_536, 3 * 65_536 + 1, 1 << 20] {
            let text: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
            for expected in [0, 1, 70_000, length - 1, length] {
                let read = Content::read_expecting(&text[..], expected, Limits::default()).unwrap();
                assert!(*read == text[..], "{length} {expected}");
            }
        }
    }

    #[test]
    fn no_more_is_read_than_tells_that_there_is_more() {
        for limit in [0, 7, 65_535, 65_536, 1 << 20, 20_000_000] {
            let mut endless = Endless(0);
            let error = Content::read(&mut endless, Limits { text: limit, image: 0 }).unwrap_err();
            let sentence = TooLarge::of(&error).unwrap().to_string();
            assert_eq!(
                sentence,
                format!("the text has more than {limit} bytes, which is the limit for a list's text")
            );
            assert_eq!(endless.0, limit + 1);
        }
    }

    #[test]
    fn an_image_has_a_limit_of_its_own() {
        let image = [&MAGIC[..], &[0; 92]].concat();
        let limits = Limits { text: 50, image: 100 };
        assert_eq!(Content::read(&image[..], limits).unwrap().len(), 100);
        let error = Content::read(&image[..], Limits { text: 100, image: 99 }).unwrap_err();
        assert_eq!(
            TooLarge::of(&error).unwrap().to_string(),
            "the image has more than 99 bytes, which is the limit for an image"
        );
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let refused = |bytes: &[u8], text, image| {
            std::fs::write(&path, bytes).unwrap();
            let read = Content::of_path(&path, Limits { text, image });
            read.err().map(|error| TooLarge::of(&error).unwrap().to_string())
        };
        assert_eq!(refused(&image, 50, 100), None);
        assert_eq!(
            refused(&image, 200, 99).as_deref(),
            Some("the image has 100 bytes, and the limit for an image is 99")
        );
        assert_eq!(
            refused(&[b'#'; 100], 50, 100).as_deref(),
            Some("the text has 100 bytes, and the limit for a list's text is 50")
        );
        assert_eq!(
            refused(&image, 50, 99).as_deref(),
            Some("the file has 100 bytes, and the limit is 50 for a list's text and 99 for an image")
        );
    }
}
