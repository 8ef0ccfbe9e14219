//! What a file holds, list text or an image, read once.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Deref;

use ipgate_lpm::memory::Aligned;

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
    /// Reads an open file, at most `limit` bytes of it. O(n) for n bytes.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn of_file(file: &File, limit: usize) -> io::Result<Content> {
        let length = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
        Content::read(file, length, limit)
    }

    /// Bytes that one call of the system reads: it may not let others have the core before it has ended.
    const AT_ONCE: usize = 128 << 10;

    /// Reads a source to its end, at most `limit` bytes of it. Where it has no more than `expected` bytes, they
    /// are read to where they stay. O(n) for n bytes.
    ///
    /// # Errors
    ///
    /// What the source says.
    pub fn read(mut source: impl Read, expected: usize, limit: usize) -> io::Result<Content> {
        let mut content = Aligned::new(expected.min(limit));
        let mut filled = 0;
        while let Some(room) = content.bytes_mut().get_mut(filled..).filter(|room| !room.is_empty()) {
            let (room, _) = room.split_at_mut(room.len().min(Content::AT_ONCE));
            match source.read(room) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        content.truncate(filled);
        let mut more = Vec::new();
        source.take(limit.saturating_sub(filled) as u64).read_to_end(&mut more)?;
        match more.is_empty() {
            true => Ok(Content(content)),
            false => Ok(Content::from(&[content.bytes(), &more].concat()[..])),
        }
    }

    pub(crate) fn into_memory(self) -> Aligned {
        self.0
    }
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

    #[test]
    fn whatever_was_expected_all_is_read_up_to_the_limit() {
        let text: Vec<u8> = (0..100).collect();
        for expected in [0, 1, 99, 100, 101, 5000] {
            for limit in [0, 1, 50, 99, 100, 101, usize::MAX] {
                let content = Content::read(Slow(&text, false), expected, limit).unwrap();
                assert_eq!(*content, text[..limit.min(100)], "{expected} {limit}");
            }
        }
    }
}
