//! Hunks: where two texts differ, in whole lines.
//!
//! Texts of which a few lines were changed are nearly all the same, and comparing memory takes a few milliseconds for a
//! million lines. Hunks need not be the fewest or the smallest; what lies between them is the same in both texts.

use std::ops::Range;

use memchr::{memchr_iter, memrchr};

use crate::table::ChangedLines;

/// So many lines behind a difference are looked through for one that both texts have.
const AHEAD: usize = 64;
/// Texts that differ in more places than this are different texts.
const MOST: usize = 4096;
/// Bytes that are compared at once.
const BLOCK: usize = 4096;

/// Some lines of one text in the place of some of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hunk {
    /// Bytes of the old text.
    pub(super) old: Range<usize>,
    /// Bytes of the new text.
    pub(super) new: Range<usize>,
    /// The numbers of those lines.
    pub(super) lines: ChangedLines,
}

/// The hunks that make the new text of the old one, ascending; `None` where there would be too many. O(n) for n bytes.
pub(super) fn hunks(old: &[u8], new: &[u8]) -> Option<Vec<Hunk>> {
    let mut walk = Walk { old, new, at: (0, 0), lines: (1, 1) };
    let mut hunks = Vec::new();
    while walk.pass_what_is_the_same() {
        if hunks.len() == MOST {
            return None;
        }
        hunks.push(walk.hunk());
    }
    Some(hunks)
}

/// A walk through two texts.
struct Walk<'t> {
    old: &'t [u8],
    new: &'t [u8],
    /// Where it stands: in both at the start of a line.
    at: (usize, usize),
    /// The numbers of these lines.
    lines: (u32, u32),
}

impl<'t> Walk<'t> {
    fn rest(&self) -> (&'t [u8], &'t [u8]) {
        (self.old.get(self.at.0..).unwrap_or_default(), self.new.get(self.at.1..).unwrap_or_default())
    }

    /// Goes to the first lines that differ; false where there are none.
    fn pass_what_is_the_same(&mut self) -> bool {
        let (old, new) = self.rest();
        let same = common(old, new);
        if same == old.len() && same == new.len() {
            return false;
        }
        let passed = old.get(..same).unwrap_or_default();
        let passed = passed.get(..memrchr(b'\n', passed).map_or(0, |at| at + 1)).unwrap_or_default();
        self.pass(passed, passed);
        true
    }

    fn pass(&mut self, old: &[u8], new: &[u8]) {
        self.at = (self.at.0 + old.len(), self.at.1 + new.len());
        self.lines = (self.lines.0 + count_lines(old), self.lines.1 + count_lines(new));
    }

    /// The hunk that begins here, which it passes.
    fn hunk(&mut self) -> Hunk {
        let (old, new) = self.rest();
        let (old_end, new_end) = meeting(old, new).unwrap_or((old.len(), new.len()));
        let (at, lines) = (self.at, self.lines);
        self.pass(old.get(..old_end).unwrap_or_default(), new.get(..new_end).unwrap_or_default());
        let lines = ChangedLines { old: lines.0..self.lines.0, new: lines.1..self.lines.1 };
        Hunk { old: at.0..self.at.0, new: at.1..self.at.1, lines }
    }
}

/// How many bytes are the same in both.
fn common(old: &[u8], new: &[u8]) -> usize {
    let blocks = old.chunks(BLOCK).zip(new.chunks(BLOCK));
    let whole = blocks.take_while(|(old, new)| old == new).map(|(old, _)| old.len()).sum();
    let (old, new) = (old.get(whole..).unwrap_or_default(), new.get(whole..).unwrap_or_default());
    whole + old.iter().zip(new).take_while(|(old, new)| old == new).count()
}

/// How many lines there are, with one that has no end.
fn count_lines(text: &[u8]) -> u32 {
    let unended = text.last().is_some_and(|last| *last != b'\n');
    u32::try_from(memchr_iter(b'\n', text).count() + usize::from(unended)).unwrap_or(u32::MAX)
}

/// The first lines, each with its end.
fn first_lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|byte| *byte == b'\n').take(AHEAD).collect()
}

/// The nearest ends of lines behind which both texts go on with the same line.
fn meeting(old: &[u8], new: &[u8]) -> Option<(usize, usize)> {
    let (old, new) = (first_lines(old), first_lines(new));
    let end = |lines: &[&[u8]], count: usize| lines.iter().take(count).map(|line| line.len()).sum();
    (1..old.len() + new.len())
        .flat_map(|both| (0..=both).map(move |of_old| (of_old, both - of_old)))
        .find(|(of_old, of_new)| old.get(*of_old).is_some_and(|line| new.get(*of_new) == Some(line)))
        .map(|(of_old, of_new)| (end(&old, of_old), end(&new, of_new)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Texts of few different lines, so that many are alike, some without an end.
    fn text() -> impl Strategy<Value = Vec<u8>> {
        let line = prop::sample::select(vec!["a\n", "b\n", "\n", "aa\n", "c\r\n"]);
        let end = prop::sample::select(vec!["", "a", "aa"]);
        (prop::collection::vec(line, 0..30), end)
            .prop_map(|(lines, end)| [lines.concat(), end.to_owned()].concat().into_bytes())
    }

    fn lines_before(text: &[u8], at: usize) -> u32 {
        1 + text[..at].split_inclusive(|byte| *byte == b'\n').count() as u32
    }

    proptest! {
        /// What lies between hunks is the same, hunks are whole lines, and their numbers are those of the texts.
        #[test]
        fn hunks_make_the_new_text_of_the_old_one(old in text(), new in text()) {
            let (mut made, mut at) = (Vec::new(), 0);
            for Hunk { old: of_old, new: of_new, lines } in hunks(&old, &new).expect("there are few") {
                made.extend_from_slice(&old[at..of_old.start]);
                prop_assert_eq!(made.len(), of_new.start);
                made.extend_from_slice(&new[of_new.clone()]);
                at = of_old.end;
                for (text, bytes, numbers) in [(&old, of_old, lines.old), (&new, of_new, lines.new)] {
                    prop_assert!(bytes.start == 0 || text[bytes.start - 1] == b'\n');
                    prop_assert!(bytes.end == text.len() || bytes.is_empty() || text[bytes.end - 1] == b'\n');
                    prop_assert_eq!(numbers.start, lines_before(text, bytes.start));
                    prop_assert_eq!(numbers.end, lines_before(text, bytes.end));
                }
            }
            made.extend_from_slice(&old[at..]);
            prop_assert_eq!(made, new);
        }
    }

    #[test]
    fn changed_lines_are_found_one_by_one() {
        let old: String = (0..10_000).map(|line| format!("line {line}\n")).collect();
        let new = old
            .replace("line 10\n", "")
            .replace("line 5000\n", "x\n")
            .replace("line 9000\n", "line 9000\ny\nz\n");
        let lines: Vec<_> =
            hunks(old.as_bytes(), new.as_bytes()).unwrap().into_iter().map(|hunk| hunk.lines).collect();
        let expected = [(11..12, 11..11), (5001..5002, 5000..5001), (9002..9002, 9001..9003)];
        assert_eq!(lines, expected.map(|(old, new)| ChangedLines { old, new }));
    }

    #[test]
    fn texts_that_have_little_in_common_have_no_hunks() {
        let old: String = (0..3 * MOST).map(|line| format!("line {line}\n")).collect();
        let new: String = (0..3 * MOST)
            .map(|line| if line % 2 == 0 { "x\n".to_owned() } else { format!("line {line}\n") })
            .collect();
        assert_eq!(hunks(old.as_bytes(), new.as_bytes()), None);
    }
}
