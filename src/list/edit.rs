//! Edits of a list's text: pieces are replaced or removed where they stand, and everything else stays.

use std::cmp::Reverse;
use std::ops::Range;

use memchr::memchr;

use super::scan::{self, Line, Slice};

/// The byte-order mark, which stays where it is.
const BOM: &[u8] = "\u{feff}".as_bytes();

/// Bytes of a list's text, and what is to stand in their place.
///
/// ```
/// use ipgate::list::{Edit, apply_edits};
/// let text = "10.0.0.0/8, 10.1.0.0/16 # offices\n192.0.2.7\n";
/// let edits = [Edit::new(12..23, ""), Edit::new(34..43, "192.0.2.8")];
/// assert_eq!(apply_edits(text, &edits), b"10.0.0.0/8 # offices\n192.0.2.8\n");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Edit {
    /// Bytes from the start of the text.
    pub offset: u32,
    /// How many bytes are replaced.
    pub len: u32,
    /// What stands there instead; nothing where a whole entry is removed.
    pub text: String,
}

impl Edit {
    /// The edit that puts `text` in the place of a range of bytes. Offsets beyond 2³² − 1, which no list's text
    /// has, become that.
    #[must_use]
    pub fn new(range: Range<usize>, text: impl Into<String>) -> Edit {
        let narrow = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Edit { offset: narrow(range.start), len: narrow(range.len()), text: text.into() }
    }

    fn range(&self) -> Range<usize> {
        let start = self.offset as usize;
        start..start.saturating_add(self.len as usize)
    }
}

/// The text with its edits made, in any order. Comments and layout stay. An entry that is removed goes with one of
/// the commas beside it, and its line goes where nothing else is left on it, not even a comment. Of edits that
/// overlap, a removal is made, or else the one that begins first; an edit that is not inside one entry, or that has
/// been made already, is passed over.
///
/// O(n + e log e) for n bytes and e edits.
#[must_use]
pub fn apply_edits<'e>(text: impl AsRef<[u8]>, edits: impl IntoIterator<Item = &'e Edit>) -> Vec<u8> {
    let text = text.as_ref();
    let mut edits: Vec<&Edit> = edits.into_iter().collect();
    edits.sort_by_key(|edit| (edit.offset, Reverse(edit.len), !edit.text.is_empty()));
    edits.dedup();
    let mut edits = &edits[..];
    let mut out = Vec::with_capacity(text.len());
    let mut copied = 0;
    for line in scan::lines(text) {
        let entries = line.entries.range();
        let passed = edits.partition_point(|edit| edit.range().start < entries.start);
        edits = edits.get(passed..).unwrap_or_default();
        let (here, behind) = edits.split_at(edits.partition_point(|edit| edit.range().start < entries.end));
        edits = behind;
        if here.is_empty() {
            continue;
        }
        out.extend_from_slice(text.get(copied..entries.start).unwrap_or_default());
        copied = match edit_line(line, here, &mut out) {
            Left::Something => entries.end,
            Left::Nothing => {
                let rest = text.get(entries.end..).unwrap_or_default();
                memchr(b'\n', rest).map_or(text.len(), |newline| entries.end + newline + 1)
            }
        };
        if edits.is_empty() {
            break;
        }
    }
    out.extend_from_slice(text.get(copied..).unwrap_or_default());
    out
}

/// Puts lines at the end of a list's text, in the text's own line ends. O(n) for n bytes of both.
///
/// ```
/// let mut text = b"10.0.0.0/8\r\n192.0.2.7 # partner".to_vec();
/// ipgate::list::append_lines(&mut text, ["198.51.100.1"]);
/// assert_eq!(text, b"10.0.0.0/8\r\n192.0.2.7 # partner\r\n198.51.100.1\r\n");
/// ```
pub fn append_lines<'l>(text: &mut Vec<u8>, lines: impl IntoIterator<Item = &'l str>) {
    let crlf = text.windows(2).any(|pair| pair == b"\r\n");
    let end: &[u8] = if crlf { b"\r\n" } else { b"\n" };
    for line in lines {
        let is_fresh = text.is_empty() || text.as_slice() == BOM || text.ends_with(b"\n");
        text.extend_from_slice(if is_fresh { b"" } else { end });
        text.extend_from_slice(line.as_bytes());
        text.extend_from_slice(end);
    }
}

/// Whether a line stays.
enum Left {
    Something,
    Nothing,
}

/// Writes what stands before a line's comment, edited.
fn edit_line(line: Line<'_>, mut edits: &[&Edit], out: &mut Vec<u8>) -> Left {
    let mut kept: Vec<Vec<u8>> = Vec::new();
    // The blanks at the ends of the line stay where they are, whichever entry they stand beside.
    let (mut outer_left, mut outer_right) = (None, None);
    let mut removed_any = false;
    for (number, segment) in line.segments().enumerate() {
        let (here, behind) =
            edits.split_at(edits.partition_point(|edit| edit.range().start < segment.range().end));
        edits = behind;
        let piece = segment.trim().range();
        let (left, right) = blanks_around(segment, &piece);
        let is_removed = here.iter().any(|edit| edit.text.is_empty() && edit.range() == piece);
        outer_right = is_removed.then(|| right.to_vec());
        if is_removed {
            removed_any = true;
            if number == 0 {
                outer_left = Some(left.to_vec());
            }
        } else {
            kept.push(edit_segment(segment, here));
        }
    }
    if removed_any && kept.iter().flatten().all(|&byte| is_blank(byte)) {
        if line.comment.is_none() {
            return Left::Nothing;
        }
        // Whatever blanks the line began with are what its comment begins behind now.
        let left = outer_left.or_else(|| kept.first().cloned()).unwrap_or_default();
        out.extend_from_slice(&left);
        return Left::Something;
    }
    if let (Some(left), Some(first)) = (outer_left, kept.first_mut()) {
        let own = first.iter().take_while(|&&byte| is_blank(byte)).count();
        first.splice(..own, left);
    }
    if let (Some(right), Some(last)) = (outer_right, kept.last_mut()) {
        let own = last.iter().rev().take_while(|&&byte| is_blank(byte)).count();
        last.truncate(last.len() - own);
        last.extend(right);
    }
    for (number, segment) in kept.iter().enumerate() {
        out.extend_from_slice(if number > 0 { b"," } else { b"" });
        out.extend_from_slice(segment);
    }
    Left::Something
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// What stands between two commas on either side of its piece.
fn blanks_around<'t>(segment: Slice<'t>, piece: &Range<usize>) -> (&'t [u8], &'t [u8]) {
    let (start, end) = (piece.start - segment.offset, piece.end - segment.offset);
    (segment.bytes.get(..start).unwrap_or_default(), segment.bytes.get(end..).unwrap_or_default())
}

/// What stands between two commas, with its parts replaced.
fn edit_segment(segment: Slice<'_>, edits: &[&Edit]) -> Vec<u8> {
    let whole = segment.range();
    let text_of = |range: Range<usize>| {
        segment.bytes.get(range.start - whole.start..range.end - whole.start).unwrap_or_default()
    };
    let mut out = Vec::with_capacity(segment.bytes.len());
    let mut copied = whole.start;
    for edit in edits {
        let range = edit.range();
        if range.start < copied || range.end > whole.end {
            continue;
        }
        out.extend_from_slice(text_of(copied..range.start));
        out.extend_from_slice(edit.text.as_bytes());
        copied = range.end;
    }
    out.extend_from_slice(text_of(copied..whole.end));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text with parts of it replaced, which are found by their text.
    fn edited(text: &str, edits: &[(&str, &str)]) -> String {
        let edits: Vec<Edit> = edits
            .iter()
            .map(|(old, new)| {
                let at = text.find(old).unwrap();
                Edit::new(at..at + old.len(), *new)
            })
            .collect();
        String::from_utf8(apply_edits(text, &edits)).unwrap()
    }

    #[test]
    fn parts_are_replaced_in_their_place() {
        assert_eq!(
            edited(" 1.1.1.1 , 2.2.2.2:x # c\n", &[("1.1.1.1", "3.3.3.3")]),
            " 3.3.3.3 , 2.2.2.2:x # c\n"
        );
        assert_eq!(
            edited(
                "!10.0.0.5/8:a\r\n[2001:db8::1]/32",
                &[("10.0.0.5", "10.0.0.0"), ("2001:db8::1", "2001:db8::")]
            ),
            "!10.0.0.0/8:a\r\n[2001:db8::]/32"
        );
    }

    #[test]
    fn a_removal_beats_a_replacement() {
        let both = [("10.0.0.5", "10.0.0.0"), ("10.0.0.5/8:a", "")];
        assert_eq!(edited("1.1.1.1, 10.0.0.5/8:a", &both), "1.1.1.1");
        assert_eq!(edited("1.1.1.1,10.0.0.5/8:a # c", &both), "1.1.1.1 # c");
    }

    #[test]
    fn what_fits_nowhere_is_passed_over() {
        let text = "1.1.1.1,2.2.2.2\n# 3.3.3.3\n";
        for range in [5..12, 0..99, 17..25, 40..50, 99..100] {
            assert_eq!(apply_edits(text, &[Edit::new(range.clone(), "x")]), text.as_bytes(), "{range:?}");
        }
    }

    #[test]
    fn lines_are_appended_in_the_texts_own_line_ends() {
        let appended = |text: &str| {
            let mut bytes = text.as_bytes().to_vec();
            append_lines(&mut bytes, ["1.1.1.1"]);
            String::from_utf8(bytes).unwrap()
        };
        assert_eq!(appended(""), "1.1.1.1\n");
        assert_eq!(appended("2.2.2.2 # c"), "2.2.2.2 # c\n1.1.1.1\n");
        assert_eq!(appended("2.2.2.2\r\n"), "2.2.2.2\r\n1.1.1.1\r\n");
        assert_eq!(appended("\u{feff}"), "\u{feff}1.1.1.1\n");
    }

    #[test]
    fn many_edits_of_one_line_take_no_longer_than_many_lines() {
        let text = "10.0.0.1,".repeat(100_000);
        let edits: Vec<Edit> = (0..99_999).map(|i| Edit::new(i * 9..i * 9 + 8, "")).collect();
        assert_eq!(apply_edits(&text, &edits), b"10.0.0.1,");
    }
}
