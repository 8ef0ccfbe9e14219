//! Cuts list text into lines, pieces and comments, before anything looks at what they say.

use memchr::{memchr, memchr_iter};

/// Bytes of the text with the offset at which they begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slice<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) offset: usize,
}

impl<'a> Slice<'a> {
    /// Without blanks at either end.
    fn trim(self) -> Slice<'a> {
        let is_blank = |b: &&u8| matches!(b, b' ' | b'\t');
        let start = self.bytes.iter().take_while(is_blank).count();
        let rest = self.bytes.get(start..).unwrap_or_default();
        let end = rest.len() - rest.iter().rev().take_while(is_blank).count();
        Slice { bytes: rest.get(..end).unwrap_or_default(), offset: self.offset + start }
    }

    /// The pieces between commas, trimmed; empty ones are left out.
    pub(super) fn pieces(self) -> impl Iterator<Item = Slice<'a>> {
        let mut rest = Some(self);
        std::iter::from_fn(move || {
            loop {
                let Slice { bytes, offset } = rest?;
                let comma = memchr(b',', bytes);
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
    /// The comment with its `#`.
    pub(super) comment: Option<Slice<'a>>,
}

/// The byte-order mark that some editors put before UTF-8.
const BOM: &[u8] = "\u{feff}".as_bytes();

/// The lines of a text; a byte-order mark before the first is passed over, and so is the CR of CRLF.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let mut offset = if text.starts_with(BOM) { BOM.len() } else { 0 };
    let mut number = 0;
    std::iter::from_fn(move || {
        let rest = text.get(offset..).filter(|rest| !rest.is_empty())?;
        let end = memchr(b'\n', rest);
        let bytes = rest.get(..end.unwrap_or(rest.len()))?;
        let line = end.and_then(|_| bytes.strip_suffix(b"\r")).unwrap_or(bytes);
        let start = offset;
        offset += bytes.len() + 1;
        number += 1;
        Some(split_comment(line, start, number))
    })
}

/// `#` at the start of a line or after a blank begins a comment.
fn split_comment(line: &[u8], offset: usize, number: u32) -> Line<'_> {
    let begins_comment =
        |&at: &usize| at.checked_sub(1).is_none_or(|before| matches!(line[before], b' ' | b'\t'));
    let at = memchr_iter(b'#', line).find(begins_comment);
    let (entries, comment) = line.split_at(at.unwrap_or(line.len()));
    Line {
        number,
        offset,
        entries: Slice { bytes: entries, offset },
        comment: at.map(|at| Slice { bytes: comment, offset: offset + at }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> Vec<(Vec<&str>, Option<&str>)> {
        let utf8 = |slice: Slice<'_>| {
            std::str::from_utf8(&text.as_bytes()[slice.offset..][..slice.bytes.len()]).unwrap()
        };
        lines(text.as_bytes())
            .map(|l| (l.entries.pieces().map(utf8).collect(), l.comment.map(utf8)))
            .collect()
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
