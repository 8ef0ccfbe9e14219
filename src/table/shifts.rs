//! Shifts: the lines on which entries stand now, where lines were added to or removed from their text since the table was
//! compiled.

#[cfg(feature = "watch")]
use std::ops::Range;

/// From the lines of a text as it was compiled to those of the text as it is now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Shifts {
    /// From which compiled line on, and by how much; ascending, and so are the lines as they are now. What is said of
    /// compiled lines that are gone does not matter.
    stretches: Vec<(u32, i64)>,
}

impl Shifts {
    pub(super) fn is_empty(&self) -> bool {
        self.stretches.is_empty()
    }

    /// How much there is of it.
    pub(super) fn size(&self) -> usize {
        self.stretches.len()
    }

    /// Bytes of memory.
    pub(super) fn bytes(&self) -> usize {
        self.stretches.len() * size_of::<(u32, i64)>()
    }

    /// Where a compiled line stands now. O(log s) for s stretches.
    pub(super) fn line(&self, compiled: u32) -> u32 {
        let end = self.stretches.partition_point(|(from, _)| *from <= compiled);
        let delta =
            end.checked_sub(1).and_then(|last| self.stretches.get(last)).map_or(0, |(_, delta)| *delta);
        moved(compiled, delta)
    }
}

fn moved(line: u32, delta: i64) -> u32 {
    u32::try_from(i64::from(line) + delta).unwrap_or_default()
}

/// Lines of a text, and those that have taken their place, each counted from 1. Either may be none: then where they would
/// have been.
#[cfg(feature = "watch")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChangedLines {
    pub(crate) old: Range<u32>,
    pub(crate) new: Range<u32>,
}

#[cfg(feature = "watch")]
impl ChangedLines {
    /// How much further down lines behind these stand than before.
    fn delta(&self) -> i64 {
        i64::from(self.new.end) - i64::from(self.old.end)
    }
}

/// Where a line of the old text stands in the new one, the changed lines being ascending; `None` where it was changed.
#[cfg(feature = "watch")]
pub(super) fn line_after(changes: &[ChangedLines], line: u32) -> Option<u32> {
    let behind = changes.partition_point(|change| change.old.end <= line);
    if changes.get(behind).is_some_and(|change| change.old.contains(&line)) {
        return None;
    }
    let delta = behind.checked_sub(1).and_then(|last| changes.get(last)).map_or(0, ChangedLines::delta);
    Some(moved(line, delta))
}

#[cfg(feature = "watch")]
impl Shifts {
    /// Takes in some more changes of the text, ascending. O(c s) for c changes and s stretches.
    pub(super) fn change(&mut self, changes: &[ChangedLines]) {
        // From the last on, so that the numbers of the lines before are still those that the changes speak of.
        let mut later = changes.iter().rev().peekable();
        while let Some(change) = later.next() {
            let before = later.peek().map_or(0, |before| before.delta());
            self.shift(&change.old, change.delta() - before);
        }
        let mut last = 0;
        self.stretches.retain(|(_, delta)| std::mem::replace(&mut last, *delta) != *delta);
    }

    /// Moves everything from the end of some lines on.
    fn shift(&mut self, lines: &Range<u32>, by: i64) {
        let start = |(from, delta): &(u32, i64)| i64::from(*from) + delta;
        let inside = self.stretches.partition_point(|stretch| start(stretch) <= i64::from(lines.start));
        let behind = self.stretches.partition_point(|stretch| start(stretch) < i64::from(lines.end));
        // The last stretch that begins before the end goes on behind it.
        let last =
            behind.checked_sub(1).and_then(|last| self.stretches.get(last)).map_or(0, |(_, delta)| *delta);
        let from = moved(lines.end, -last);
        // Between lines that were added before there is nothing to be moved.
        let is_there = self.stretches.get(behind).is_none_or(|(next, _)| from < *next);
        self.stretches.iter_mut().skip(behind).for_each(|(_, delta)| *delta += by);
        self.stretches.splice(inside.min(behind)..behind, is_there.then_some((from, last + by)));
    }
}

#[cfg(all(test, feature = "watch"))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Changes of a text of so many lines, ascending, by how many lines are left, removed and added each time.
    fn changes(steps: &[(u32, u32, u32)], lines: u32) -> Vec<ChangedLines> {
        let (mut old, mut new) = (1, 1);
        let mut changes = Vec::new();
        for (left, removed, added) in steps {
            let start = old + left;
            if start > lines + 1 {
                break;
            }
            let end = (start + removed).min(lines + 1);
            new += left;
            changes.push(ChangedLines { old: start..end, new: new..new + added });
            (old, new) = (end, new + added);
        }
        changes
    }

    proptest! {
        /// A text whose lines are numbers, those that were added 0: the model.
        #[test]
        fn lines_are_found_after_any_changes(
            texts in prop::collection::vec(prop::collection::vec((0..12u32, 0..5u32, 0..5u32), 0..6), 1..8),
        ) {
            let mut text: Vec<u32> = (1..=40).collect();
            let mut shifts = Shifts::default();
            for steps in &texts {
                let changes = changes(steps, text.len() as u32);
                let mut after = text.clone();
                for change in changes.iter().rev() {
                    let old = change.old.start as usize - 1..change.old.end as usize - 1;
                    after.splice(old, change.new.clone().map(|_| 0));
                }
                for (line, id) in (1..).zip(&text).filter(|(_, id)| **id > 0) {
                    let stands = after.iter().position(|now| now == id).map(|at| at as u32 + 1);
                    prop_assert_eq!(line_after(&changes, line), stands);
                }
                shifts.change(&changes);
                text = after;
                for (line, compiled) in (1..).zip(&text).filter(|(_, compiled)| **compiled > 0) {
                    prop_assert_eq!(shifts.line(*compiled), line, "{:?}", shifts);
                }
            }
        }
    }

    #[test]
    fn lines_that_come_and_go_leave_nothing_behind() {
        let mut shifts = Shifts::default();
        for _ in 0..100 {
            shifts.change(&[ChangedLines { old: 10..10, new: 10..13 }]);
            assert_eq!((shifts.line(9), shifts.line(10), shifts.size()), (9, 13, 1));
            shifts.change(&[ChangedLines { old: 10..13, new: 10..10 }]);
            assert_eq!((shifts.line(9), shifts.line(10), shifts.size()), (9, 10, 0));
        }
    }
}
