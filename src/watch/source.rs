//! One followed list: what was read of its file last, and what of that is in force.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use super::file::Followed;
use super::hunks::{Hunk, hunks};
use super::outcome::WatchError;
use super::repeats::Repeats;
use crate::content::Content;
use crate::list::{Entry, List, Parser, Report};
use crate::table::{Origin, Revision, Table};

/// Shorter texts are parsed whole: that takes a millisecond or two.
const SHORT: usize = 64 << 10;
/// So are texts of which more than this part was changed.
const PART: usize = 16;

/// One list of the policy.
pub(super) struct Source {
    pub(super) origin: Origin,
    pub(super) file: Followed,
    pub(super) repeats: Repeats,
    /// The last good text.
    latest: Option<Arc<Text>>,
    /// That of the gate's table.
    in_force: Option<Arc<Text>>,
}

/// A text that was taken.
struct Text {
    body: Body,
    /// When; only a clock that was set back since could find prefixes in it that are both allowed and denied.
    at: SystemTime,
}

enum Body {
    /// It was parsed.
    Parsed {
        list: Arc<List>,
        /// There was nothing to say about it.
        is_plain: bool,
    },
    /// Some lines of one that there was nothing to say about were changed, and those were parsed alone.
    Revised {
        content: Content,
        /// How many entries it has.
        entries: usize,
    },
}

/// What a text came to.
#[derive(Default)]
pub(super) struct Taken {
    /// What there was to say about it.
    pub(super) report: Option<(PathBuf, Report)>,
    /// The table with it, where a few lines of what is in force were changed.
    pub(super) revised: Option<Table>,
}

impl Source {
    pub(super) fn new(origin: Origin, file: Followed) -> Source {
        Source { origin, file, repeats: Repeats::default(), latest: None, in_force: None }
    }

    /// Takes a text that was read whole, and parses what is new. `table` is one of what is in force, if there is one.
    pub(super) fn take(
        &mut self,
        content: Content,
        parser: &Parser,
        table: Option<&Table>,
        now: SystemTime,
    ) -> Result<Taken, WatchError> {
        let known =
            [&self.in_force, &self.latest].into_iter().flatten().find(|text| text.bytes() == &*content);
        if let Some(text) = known {
            self.latest = Some(Arc::clone(text));
            return Ok(Taken::default());
        }
        if let Some((entries, table)) = table.and_then(|table| self.revise(&content, parser, table, now)) {
            self.latest = Some(Arc::new(Text { body: Body::Revised { content, entries }, at: now }));
            return Ok(Taken { report: None, revised: Some(table) });
        }
        let report = self.parse(content, parser, now)?;
        let report = (!report.is_empty()).then(|| (self.file.name().to_owned(), report));
        Ok(Taken { report, revised: None })
    }

    fn parse(&mut self, content: Content, parser: &Parser, at: SystemTime) -> Result<Report, WatchError> {
        let path = self.file.name();
        let parsed = parser.named(path).parse_content(content);
        let parsed = parsed.map_err(|rejected| WatchError::Rejected { path: path.to_owned(), rejected })?;
        let is_plain = parsed.report.is_empty();
        let body = Body::Parsed { list: Arc::new(parsed.list), is_plain };
        self.latest = Some(Arc::new(Text { body, at }));
        Ok(parsed.report)
    }

    /// A table of what is in force with the lines that this text changes, and how many entries the text has.
    fn revise(
        &self,
        content: &Content,
        parser: &Parser,
        table: &Table,
        now: SystemTime,
    ) -> Option<(usize, Table)> {
        let in_force = self.in_force.as_deref()?;
        let (old, entries) = (in_force.bytes(), in_force.plain_entries()?);
        if old.len() < SHORT || now < in_force.at {
            return None;
        }
        let hunks = hunks(old, content)?;
        let changed: usize = hunks.iter().map(|hunk| hunk.old.len() + hunk.new.len()).sum();
        if changed > old.len() / PART {
            return None;
        }
        let parse = |text: &[u8], part: fn(&Hunk) -> (std::ops::Range<usize>, u32)| {
            let entries = hunks.iter().map(|hunk| {
                let (bytes, first) = part(hunk);
                parser.parse_lines(text.get(bytes)?, first)
            });
            entries.collect::<Option<Vec<Vec<Entry>>>>().map(|entries| entries.concat())
        };
        let removed = parse(old, |hunk| (hunk.old.clone(), hunk.lines.old.start))?;
        let added = parse(content, |hunk| (hunk.new.clone(), hunk.lines.new.start))?;
        let entries = (entries + added.len()).checked_sub(removed.len())?;
        if entries > parser.entry_limit() {
            return None;
        }
        let lines = hunks.into_iter().map(|hunk| hunk.lines).collect();
        let removed = removed.iter().map(Entry::prefix).collect();
        let revision = Revision { origin: self.origin, lines, removed, added: &added };
        Some((entries, table.revised(&revision, now)?))
    }

    /// The list of the last good text, if there is one; parsed, where that was not done.
    pub(super) fn list(&mut self, parser: &Parser, now: SystemTime) -> Result<Option<Arc<List>>, WatchError> {
        let unparsed = match self.latest.as_deref().map(|text| &text.body) {
            Some(Body::Revised { content, .. }) => Content::from(&**content),
            Some(Body::Parsed { list, .. }) => return Ok(Some(Arc::clone(list))),
            None => return Ok(None),
        };
        self.parse(unparsed, parser, now)?;
        self.list(parser, now)
    }

    /// Whether the last good text is that of the gate's table.
    pub(super) fn is_in_force(&self) -> bool {
        match (&self.in_force, &self.latest) {
            (Some(in_force), Some(latest)) => Arc::ptr_eq(in_force, latest),
            _ => false,
        }
    }

    /// To be told when it is.
    pub(super) fn comes_into_force(&mut self) {
        self.in_force.clone_from(&self.latest);
    }

    /// For how many errors pieces of what is in force were left out.
    pub(super) fn left_out(&self) -> usize {
        match self.in_force.as_deref().map(|text| &text.body) {
            Some(Body::Parsed { list, .. }) => list.left_out(),
            Some(Body::Revised { .. }) | None => 0,
        }
    }
}

impl Text {
    fn bytes(&self) -> &[u8] {
        match &self.body {
            Body::Parsed { list, .. } => list.text(),
            Body::Revised { content, .. } => content,
        }
    }

    /// How many entries it has, where there was nothing to say about it.
    fn plain_entries(&self) -> Option<usize> {
        match &self.body {
            Body::Parsed { list, is_plain } => is_plain.then_some(list.len()),
            Body::Revised { entries, .. } => Some(*entries),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::policy::{Mode, Policy};

    /// Lines enough for a table that is changed and not compiled anew, with prefixes that lie in each other, some that stand
    /// on several lines, comments, and lines of several entries.
    fn lines() -> Vec<String> {
        let line = |number: u32| match number % 100 {
            0 => format!("# block {number}"),
            1 => format!("10.{}.0.0/16:block,!10.{}.128.0/17", number / 100, number / 100),
            2 => String::new(),
            3 => format!("2001:db8:{number:x}::/48"),
            _ => format!("10.{}.{}.0/24:team{}", number / 100, number % 100, number % 7),
        };
        (0..5000).map(line).collect()
    }

    /// What a line becomes.
    fn edit() -> impl Strategy<Value = (usize, usize, Vec<String>)> {
        let line = prop_oneof![
            (0..60u32, 0..110u32, 0..9u32).prop_map(|(a, b, team)| format!("10.{a}.{b}.0/24:team{team}")),
            (0..60u32, 0..110u32).prop_map(|(a, b)| format!("!10.{a}.{b}.0/24")),
            (0..60u32, 0..110u32).prop_map(|(a, b)| format!("10.{a}.{b}.0/25:half;until=2097-12-31")),
            (0..5000u32).prop_map(|a| format!("2001:db8:{a:x}::/48")),
            Just("# nothing".to_owned()),
            Just("10.0.0.0/33".to_owned()),
            Just("10.9.9.9/8:host_bits".to_owned()),
        ];
        (0..5000usize, 0..4usize, prop::collection::vec(line, 0..4))
    }

    /// Everything that a table says of its entries, lines included, and of addresses.
    fn account(table: &Table) -> Vec<String> {
        let entries = table.entries().map(|entry| format!("{entry} {:?} {:?}", entry.origin(), entry.line()));
        let addresses = (0..60).flat_map(|a| (0..110).map(move |b| std::net::IpAddr::from([10, a, b, 77])));
        let verdicts = addresses.map(|address| {
            let entry = table.matched(address).map(|entry| entry.line());
            let around: Vec<_> = table.covering(address).map(|entry| entry.line()).collect();
            format!("{address} {:?} {entry:?} {around:?}", table.lookup(address).reason())
        });
        entries.chain(verdicts).collect()
    }

    fn source(origin: Origin) -> Source {
        Source::new(origin, Followed::new("/office.list").unwrap())
    }

    fn parsed(text: &str) -> Option<List> {
        text.parse().ok()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        /// Texts that are taken one after the other, beside another list of the same policy, against one that is parsed
        /// and compiled whole.
        #[test]
        fn a_revised_table_is_that_of_the_whole_text(
            is_app in any::<bool>(),
            precedes in any::<bool>(),
            texts in prop::collection::vec(prop::collection::vec(edit(), 1..6), 1..6),
        ) {
            let now = SystemTime::now();
            let origin = if is_app { Origin::App } else { Origin::Default };
            let other = parsed("10.3.0.0/16:other,!10.3.7.0/24,10.4.8.0/24:other").unwrap();
            let table_of = |list: List| {
                let mode = if precedes { Mode::Precede } else { Mode::Extend };
                let (default, app) = if is_app { (other.clone(), list) } else { (list, other.clone()) };
                Table::from_policy_at(&Policy::new().with_default(default).with_app(app).with_mode(mode), now)
            };
            let parser = Parser::new();
            let (mut lines, mut source) = (lines(), source(origin));
            let text = lines.join("\n");
            source.take(Content::from(text.as_bytes()), &parser, None, now).unwrap();
            source.comes_into_force();
            let mut table = table_of(parsed(&text).unwrap());
            for edits in texts {
                let before = lines.clone();
                for (at, removed, added) in edits {
                    let at = at.min(lines.len());
                    lines.splice(at..(at + removed).min(lines.len()), added);
                }
                if lines == before {
                    continue; // known, and so not reported again
                }
                let text = lines.join("\n");
                let taken = source.take(Content::from(text.as_bytes()), &parser, Some(&table), now);
                let Some(expected) = parsed(&text) else {
                    prop_assert!(taken.is_err());
                    lines = before;
                    continue;
                };
                let expected = table_of(expected);
                let taken = taken.unwrap();
                let report = List::parser().parse(&text).unwrap().report;
                prop_assert!(taken.report.map_or(report.is_empty(), |(_, said)| said == report));
                // What was taken without being parsed is parsed when it is asked for.
                table = match taken.revised {
                    Some(revised) => revised,
                    None => table_of(List::clone(&source.list(&parser, now).unwrap().unwrap())),
                };
                prop_assert_eq!(account(&table), account(&expected));
                source.comes_into_force();
            }
            if let Some(compacted) = table.compacted() {
                prop_assert_eq!(account(&table), account(&compacted));
            }
        }
    }

    /// The lines, with a source whose text they are, and the table of that.
    fn in_force(parser: &Parser, now: SystemTime) -> (Vec<String>, Source, Table) {
        let (lines, mut source) = (lines(), source(Origin::App));
        let text = lines.join("\n");
        source.take(Content::from(text.as_bytes()), parser, None, now).unwrap();
        source.comes_into_force();
        (lines, source, Table::new(&parsed(&text).unwrap()))
    }

    /// A few lines of a long text, which is not read again, until there is something to say about one.
    #[test]
    fn a_few_changed_lines_are_taken_alone() {
        let (parser, now) = (Parser::new(), SystemTime::now());
        let (mut lines, mut source, table) = in_force(&parser, now);
        let mut take = |lines: &[String], table: &Table| {
            let taken = source.take(Content::from(lines.join("\n").as_bytes()), &parser, Some(table), now);
            source.comes_into_force();
            taken.unwrap().revised
        };
        lines.insert(10, "192.0.2.7:new".to_owned());
        lines.remove(4000);
        let revised = take(&lines, &table).expect("two lines");
        assert_eq!(revised.len(), table.len());
        assert_eq!(revised.matched("192.0.2.7".parse().unwrap()).and_then(|entry| entry.line()), Some(11));
        assert_eq!(revised.matched("10.20.50.1".parse().unwrap()).and_then(|entry| entry.line()), Some(2052));
        lines.push("10.9.9.9/8:host_bits".to_owned());
        assert!(take(&lines, &revised).is_none(), "there is something to say");
    }

    /// What one prefix is after a change is found with all other lines: another line denies it.
    #[test]
    fn a_conflict_with_a_line_that_was_not_changed_is_found() {
        let (parser, now) = (Parser::new(), SystemTime::now());
        let (mut lines, mut source, table) = in_force(&parser, now);
        lines[10] = "10.7.128.0/17:open".to_owned(); // denied by line 702
        let taken = source.take(Content::from(lines.join("\n").as_bytes()), &parser, Some(&table), now);
        let Err(WatchError::Rejected { rejected, .. }) = taken else { panic!("it is both") };
        assert!(rejected.to_string().contains("10.7.128.0/17"), "{rejected}");
    }
}
