//! Lines of a stream that may be longer than memory, read without allocating for each.

use std::io::{self, BufRead, BufReader, Read};

/// One line, without its end.
pub(crate) struct Line<'b> {
    /// Counted from 1.
    pub(crate) number: u64,
    pub(crate) bytes: &'b [u8],
    /// Whether the line went on beyond [`Lines::MAX`]. What is left of it may end in half an address.
    pub(crate) cut: bool,
}

impl Line<'_> {
    /// The line as text, or `None` where it was cut or is not UTF-8.
    pub(crate) fn text(&self) -> Option<&str> {
        if self.cut { None } else { std::str::from_utf8(self.bytes).ok() }
    }
}

/// The byte-order mark that some editors put before UTF-8.
const BOM: &[u8] = "\u{feff}".as_bytes();

/// A reader of lines; a byte-order mark before the first is passed over.
pub(crate) struct Lines<R> {
    reader: BufReader<R>,
    line: Vec<u8>,
    number: u64,
}

impl<R: Read> Lines<R> {
    /// The longest line with its end, in bytes; the rest of a longer one is passed over.
    pub(crate) const MAX: usize = 1 << 20;

    pub(crate) fn new(reader: R) -> Lines<R> {
        Lines { reader: BufReader::with_capacity(1 << 17, reader), line: Vec::new(), number: 0 }
    }

    /// Whether the next line may have to be waited for.
    pub(crate) fn may_wait(&self) -> bool {
        self.reader.buffer().is_empty()
    }

    /// The next line, or `None` at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        self.line.clear();
        let read = self.reader.by_ref().take(Self::MAX as u64).read_until(b'\n', &mut self.line)?;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        let ended = self.line.last() == Some(&b'\n');
        let cut = !ended && read == Self::MAX && self.reader.skip_until(b'\n')? > 0;
        let bytes = match self.number {
            1 => self.line.strip_prefix(BOM).unwrap_or(&self.line),
            _ => &self.line,
        };
        let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        Ok(Some(Line { number: self.number, bytes, cut }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Vec<(u64, usize, bool)> {
        let mut lines = Lines::new(bytes);
        let mut all = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            all.push((line.number, line.bytes.len(), line.cut));
        }
        all
    }

    #[test]
    fn line_ends() {
        assert_eq!(read(b""), []);
        assert_eq!(read(b"ab\r\n\nc"), [(1, 2, false), (2, 0, false), (3, 1, false)]);
        assert_eq!(read(b"\xef\xbb\xbfab\n\xef\xbb\xbf\n"), [(1, 2, false), (2, 3, false)]);
        assert_eq!(read(b"\xef\xbb\xbf"), [(1, 0, false)]);
    }

    #[test]
    fn long_lines_are_cut_and_counted_once() {
        const MAX: usize = Lines::<&[u8]>::MAX;
        let mut text = vec![b'x'; MAX + 5];
        text.extend(b"\ny");
        assert_eq!(read(&text), [(1, MAX, true), (2, 1, false)]);
        assert_eq!(read(&text[6..]), [(1, MAX - 1, false), (2, 1, false)]);
    }
}
