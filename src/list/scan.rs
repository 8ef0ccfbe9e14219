//! Cuts list text into lines, pieces and comments, before anything looks at what they say.

use std::ops::Range;

use memchr::memchr;

/// Bytes of the text with the offset at which they begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slice<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) offset: usize,
}

impl<'a> Slice<'a> {
    /// The bytes of the text that it takes.
    pub(super) fn range(self) -> Range<usize> {
        self.offset..self.offset + self.bytes.len()
    }

    /// Without blanks at either end.
    #[inline]
    pub(super) fn trim(self) -> Slice<'a> {
        let Slice { mut bytes, mut offset } = self;
        while let [b' ' | b'\t', rest @ ..] = bytes {
            (bytes, offset) = (rest, offset + 1);
        }
        while let [rest @ .., b' ' | b'\t'] = bytes {
            bytes = rest;
        }
        Slice { bytes, offset }
    }

    /// The pieces between commas, trimmed; empty ones are left out.
    pub(super) fn pieces(self) -> impl Iterator<Item = Slice<'a>> {
        self.cut(true)
    }

    /// The pieces between commas, where there may be any.
    fn cut(self, has_commas: bool) -> impl Iterator<Item = Slice<'a>> {
        let mut rest = Some(self);
        std::iter::from_fn(move || {
            loop {
                let Slice { bytes, offset } = rest?;
                let comma = if has_commas { memchr(b',', bytes) } else { None };
                let piece = Slice { bytes: bytes.get(..comma.unwrap_or(bytes.len()))?, offset }.trim();
                rest =
                    comma.and_then(|at| Some(Slice { bytes: bytes.get(at + 1..)?, offset: offset + at + 1 }));
                if !piece.bytes.is_empty() {
                    return Some(piece);
                }
            }
        })
    }
}

/// One line, without its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// Counted from 1.
    pub(super) number: u32,
    /// Where the line begins in the text.
    pub(super) offset: usize,
    /// Everything before the comment.
    pub(super) entries: Slice<'a>,
    has_commas: bool,
    /// The comment with its `#`.
    pub(super) comment: Option<Slice<'a>>,
}

impl<'a> Line<'a> {
    /// What stands before the comment, cut at commas.
    pub(super) fn pieces(self) -> impl Iterator<Item = Slice<'a>> {
        self.entries.cut(self.has_commas)
    }

    /// The same with blanks and empty pieces: commas between them give back what was cut.
    pub(super) fn segments(self) -> impl Iterator<Item = Slice<'a>> {
        let mut offset = self.entries.offset;
        self.entries.bytes.split(|&byte| byte == b',').map(move |bytes| {
            let segment = Slice { bytes, offset };
            offset += bytes.len() + 1;
            segment
        })
    }
}

/// The byte-order mark that some editors put before UTF-8.
const BOM: &[u8] = "\u{feff}".as_bytes();

pub(super) fn begins_with_mark(text: &[u8]) -> bool {
    text.starts_with(BOM)
}

/// The lines of a text; a byte-order mark before the first is passed over, and so is the CR of CRLF.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let mut offset = if begins_with_mark(text) { BOM.len() } else { 0 };
    let mut number = 0;
    let (mut hashes, mut commas) = (Places::of(b'#', text), Places::of(b',', text));
    std::iter::from_fn(move || {
        let rest = text.get(offset..).filter(|rest| !rest.is_empty())?;
        let end = memchr(b'\n', rest);
        let bytes = rest.get(..end.unwrap_or(rest.len()))?;
        let line = end.and_then(|_| bytes.strip_suffix(b"\r")).unwrap_or(bytes);
        let start = offset;
        offset += bytes.len() + 1;
        number += 1;
        let comment = comment_start(line, hashes.in_range(start..start + line.len()));
        let (entries, comment) = line.split_at(comment.unwrap_or(line.len()));
        Some(Line {
            number,
            offset: start,
            entries: Slice { bytes: entries, offset: start },
            has_commas: commas.in_range(start..start + entries.len()).is_some(),
            comment: (!comment.is_empty()).then_some(Slice { bytes: comment, offset: start + entries.len() }),
        })
    })
}

/// `#` at the start of a line or after a blank begins a comment; `first` is where the line's first one stands.
fn comment_start(line: &[u8], first: Option<usize>) -> Option<usize> {
    (first?..line.len()).find(|&at| {
        let after_blank = || at.checked_sub(1).is_none_or(|before| matches!(line[before], b' ' | b'\t'));
        line[at] == b'#' && after_blank()
    })
}

/// Where a byte stands in a text, asked range by range from the front. Lines are short and most lack the byte:
/// one search of the text costs less than one of each line.
struct Places<'a> {
    byte: u8,
    text: &'a [u8],
    /// The first place that no range has passed yet; the text's length where there is none.
    next: usize,
}

impl<'a> Places<'a> {
    fn of(byte: u8, text: &'a [u8]) -> Places<'a> {
        Places { byte, text, next: memchr(byte, text).unwrap_or(text.len()) }
    }

    /// The first place in a range, relative to its start.
    fn in_range(&mut self, range: Range<usize>) -> Option<usize> {
        if self.next < range.start {
            let found = self.text.get(range.start..).and_then(|rest| memchr(self.byte, rest));
            self.next = found.map_or(self.text.len(), |at| range.start + at);
        }
        (self.next < range.end).then(|| self.next - range.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> Vec<(Vec<&str>, Option<&str>)> {
        let utf8 = |slice: Slice<'_>| {
            std::str::from_utf8(&text.as_bytes()[slice.offset..][..slice.bytes.len()]).unwrap()
        };
        lines(text.as_bytes()).map(|l| (l.pieces().map(utf8).collect(), l.comment.map(utf8))).collect()
    }

    #[test]
    fn pieces_and_comments() {
        assert_eq!(shape(""), []);
        assert_eq!(shape(",, a ,\tb,"), [(vec!["a", "b"], None)]);
        assert_eq!(shape("a\r\nb"), [(vec!["a"], None), (vec!["b"], None)]);
        assert_eq!(shape("a\r"), [(vec!["a\r"], None)]);
        assert_eq!(shape("#c, d\n"), [(vec![], Some("#c, d"))]);
        assert_eq!(shape("a #c\nb#c"), [(vec!["a"], Some("#c")), (vec!["b#c"], None)]);
        assert_eq!(shape("\u{feff}#c"), [(vec![], Some("#c"))]);
        assert_eq!(shape("a#b #c #d"), [(vec!["a#b"], Some("#c #d"))]);
    }
}
