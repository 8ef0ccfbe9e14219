//! List files edited in place: comments and layout stay, and the result is checked before it is written.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;

use ipgate::ipnet::IpNet;
use ipgate::whole_file::Edit;
use ipgate::{
    Action, Content, Entry, Label, List, Shown, ShownPath,
    list::{
        Code, Diagnostic, Edit as TextEdit, Linter, Parser, Piece, Position, Until, apply_edits, format_text,
    },
};

use crate::fix::SHOWN;
use crate::output::{Failure, complain, count};
use crate::render;
use crate::source::{Text, tell_rejected};
use crate::stream::Input;

/// Locks a file for an edit, and tells where it cannot be locked against others.
pub(crate) fn lock(path: &Path) -> Result<Edit, Failure> {
    let edit = Edit::of(path)?;
    if let Some(error) = edit.not_locked() {
        let name = ShownPath(path);
        complain(format_args!("{name} cannot be locked against other edits, which goes on: {error}"));
    }
    Ok(edit)
}

/// A list file that is locked, read and valid.
pub(crate) struct ListFile {
    edit: Edit,
    pub(crate) name: String,
    pub(crate) list: List,
}

impl ListFile {
    pub(crate) fn open(input: &Input) -> Result<ListFile, Failure> {
        let Input::File(path) = input else {
            let sentence = "standard input cannot be edited in its place; name a file with --list FILE";
            return Err(sentence.to_owned().into());
        };
        let edit = lock(path)?;
        let bytes = Text::read(&Input::File(edit.path().to_owned()))?.bytes;
        let name = input.to_string();
        let parsed = Parser::new().source(&name).parse_content(bytes);
        let list = parsed.map_err(|rejected| tell_rejected(&name, &rejected))?.list;
        Ok(ListFile { edit, name, list })
    }

    /// Writes the edited text, once it is sure to be a list of exactly the entries that are expected, and
    /// returns that list. Warnings about what stands at or behind `new` are told.
    pub(crate) fn save<'e>(
        &self,
        edited: &[u8],
        expected: impl Iterator<Item = &'e Entry>,
        new: usize,
    ) -> Result<List, Failure> {
        let name = &self.name;
        let is_new = |at: Option<Position>| at.is_some_and(|at| at.offset as usize >= new);
        let mut warnings = Warnings::default();
        let parsed = Parser::new().source(name).parse_each(Content::from(edited), &mut |found| {
            if is_new(found.position()) {
                warnings.add(found);
            }
        });
        let parsed = match parsed {
            Ok(parsed) => parsed,
            Err(rejected) => {
                for error in rejected.report().errors() {
                    complain(render::line(name, error));
                }
                return Err(format!("{name} would be rejected with that; it is unchanged").into());
            }
        };
        if !parsed.list.entries().iter().eq(expected) {
            return Err(format!("{name} cannot be edited here without other changes; it is unchanged").into());
        }
        self.edit.write(edited)?;
        lint_new(&parsed.list, |entry| is_new(entry.position()), &mut |found| {
            if is_new(found.position()) {
                warnings.add(found);
            }
        });
        warnings.tell(name);
        if parsed.list.is_empty() {
            complain(format_args!("{name} has no entries now: nobody matches it"));
        }
        Ok(parsed.list)
    }
}

/// The first warnings of each kind, and how many there are.
#[derive(Default)]
struct Warnings {
    shown: Vec<Diagnostic>,
    counts: HashMap<Code, usize>,
}

impl Warnings {
    fn add(&mut self, warning: &Diagnostic) {
        let count = self.counts.entry(warning.code()).or_default();
        *count += 1;
        if *count <= SHOWN {
            self.shown.push(warning.clone());
        }
    }

    fn tell(&self, name: &str) {
        self.shown.iter().for_each(|warning| complain(render::line(name, warning)));
        let more: usize = self.counts.values().map(|count| count.saturating_sub(SHOWN)).sum();
        if more > 0 {
            let more = count(more, "more warning", "more warnings");
            complain(format_args!("{name}: {more}, which `ipgate lint --all {name}` shows"));
        }
    }
}

/// What there is to say about new entries, which depends on those alone whose addresses they share: a list of a
/// million is not sorted for one of them.
fn lint_new(list: &List, is_new: impl Fn(&Entry) -> bool, each: &mut dyn FnMut(&Diagnostic)) {
    let new: Vec<IpNet> = list.entries().iter().filter(|entry| is_new(entry)).map(Entry::prefix).collect();
    let new = IpNet::aggregate(&new); // sorted and disjoint
    let shares = |entry: &&Entry| {
        let prefix = entry.prefix();
        let behind = new.partition_point(|other| other.network() <= prefix.broadcast());
        let last = behind.checked_sub(1).and_then(|last| new.get(last));
        last.is_some_and(|last| last.broadcast() >= prefix.network())
    };
    let near: Vec<Entry> = list.entries().iter().filter(shares).cloned().collect();
    let whole = near.len() == list.len();
    let Ok(near) = List::from_entries(near) else { return }; // a conflict would have rejected the text
    Linter::new().lint_each(&near, &mut |warning| {
        if whole || warning.code() != Code::OneFamily {
            each(warning);
        }
    });
}

/// One entry as it was given on the command line.
pub(crate) struct Given {
    /// In canonical spelling.
    pub(crate) text: String,
    /// What it comes to: more than one entry for a range or `all`.
    pub(crate) entries: Vec<Entry>,
}

impl Given {
    /// Reads all arguments; any bad one refuses them all.
    pub(crate) fn all(arguments: &[String]) -> Result<Vec<Given>, Failure> {
        arguments.iter().map(|argument| Given::one(argument)).collect()
    }

    fn one(argument: &str) -> Result<Given, Failure> {
        let name = format!("`{}`", Shown(argument));
        let parsed = Parser::new().parse(argument).map_err(|rejected| tell_rejected(&name, &rejected))?;
        for warning in parsed.report.warnings() {
            complain(render::line(&name, warning));
        }
        let entries = parsed.list.entries();
        let whole = argument.trim_matches([' ', '\t']);
        if entries.is_empty() || entries.iter().any(|entry| parsed.list.original(entry) != Some(whole)) {
            return Err(format!("{name} is not one entry; give each entry as an argument of its own").into());
        }
        let canonical = format_text(argument).map_err(|rejected| tell_rejected(&name, &rejected))?;
        Ok(Given { text: canonical.trim_end().to_owned(), entries: entries.to_vec() })
    }

    /// Whether it means exactly this piece, as far as it says: a label or an expiry that it leaves out is
    /// not compared.
    pub(crate) fn fits(&self, piece: &Piece<'_>) -> bool {
        let (action, label, until) = self.attributes();
        self.entries.iter().map(Entry::prefix).eq(piece.entries().iter().map(Entry::prefix))
            && action == Some(piece.first().action())
            && (label.is_none() || label == piece.first().label())
            && (until.is_none() || until == piece.first().until())
    }

    /// The entries of one piece have these in common.
    fn attributes(&self) -> (Option<Action>, Option<&Label>, Option<Until>) {
        let first = self.entries.first();
        let action = first.map(Entry::action);
        (action, first.and_then(Entry::label), first.and_then(Entry::until))
    }
}

/// The entries of a list by the prefixes that are asked for, and of no others: one walk over the list, however
/// many are asked for.
pub(crate) struct Standing<'l>(HashMap<IpNet, Vec<&'l Entry>>);

impl<'l> Standing<'l> {
    pub(crate) fn of(list: &'l List, given: &'l [Given]) -> Standing<'l> {
        let prefixes = given.iter().flat_map(|given| &given.entries).map(Entry::prefix);
        let mut standing = Standing(prefixes.map(|prefix| (prefix, Vec::new())).collect());
        list.entries().iter().for_each(|entry| standing.add(entry));
        standing
    }

    pub(crate) fn add(&mut self, entry: &'l Entry) {
        if let Some(same_prefix) = self.0.get_mut(&entry.prefix()) {
            same_prefix.push(entry);
        }
    }

    pub(crate) fn has(&self, entry: &Entry) -> bool {
        self.0.get(&entry.prefix()).is_some_and(|same_prefix| same_prefix.contains(&entry))
    }
}

/// What is given, by first prefix, which the pieces that it fits have too.
pub(crate) struct Fitting<'g>(HashMap<IpNet, Vec<&'g Given>>);

impl<'g> Fitting<'g> {
    pub(crate) fn of(given: &'g [Given]) -> Fitting<'g> {
        let mut by_prefix: HashMap<IpNet, Vec<&Given>> = HashMap::new();
        for given in given {
            if let Some(first) = given.entries.first() {
                by_prefix.entry(first.prefix()).or_default().push(given);
            }
        }
        Fitting(by_prefix)
    }

    /// Whether any of it fits a piece.
    pub(crate) fn any(&self, piece: &Piece<'_>) -> bool {
        let given = self.0.get(&piece.first().prefix());
        given.is_some_and(|given| given.iter().any(|given| given.fits(piece)))
    }
}

/// Cuts pieces out of a text, each with one of the commas beside it; a line on which nothing is left goes too.
pub(crate) fn cut(text: &mut Vec<u8>, pieces: &[Range<usize>]) {
    let edits: Vec<TextEdit> = pieces.iter().map(|piece| TextEdit::new(piece.clone(), "")).collect();
    *text = apply_edits(&*text, &edits);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text without the pieces, which are found by their text.
    fn without(text: &str, pieces: &[&str]) -> String {
        let mut bytes = text.as_bytes().to_vec();
        let ranges: Vec<_> = pieces
            .iter()
            .map(|p| text.find(p).unwrap())
            .zip(pieces)
            .map(|(at, p)| at..at + p.len())
            .collect();
        cut(&mut bytes, &ranges);
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_piece_goes_with_one_comma() {
        assert_eq!(without("1.1.1.1, 2.2.2.2, 3.3.3.3", &["1.1.1.1"]), "2.2.2.2, 3.3.3.3");
        assert_eq!(without("1.1.1.1, 2.2.2.2, 3.3.3.3", &["2.2.2.2"]), "1.1.1.1, 3.3.3.3");
        assert_eq!(without("1.1.1.1, 2.2.2.2, 3.3.3.3", &["3.3.3.3"]), "1.1.1.1, 2.2.2.2");
        assert_eq!(without("1.1.1.1 , 2.2.2.2 # c\n", &["2.2.2.2"]), "1.1.1.1 # c\n");
        assert_eq!(without("1.1.1.1,2.2.2.2,3.3.3.3\n", &["1.1.1.1", "3.3.3.3"]), "2.2.2.2\n");
        assert_eq!(without("1.1.1.1,2.2.2.2\n", &["1.1.1.1", "2.2.2.2"]), "");
    }

    #[test]
    fn empty_lines_go_and_comments_stay() {
        assert_eq!(without("# a\n1.1.1.1\n2.2.2.2\n", &["1.1.1.1"]), "# a\n2.2.2.2\n");
        assert_eq!(without("1.1.1.1\r\n2.2.2.2\r\n", &["2.2.2.2"]), "1.1.1.1\r\n");
        assert_eq!(without("  1.1.1.1  # main\n2.2.2.2", &["1.1.1.1"]), "  # main\n2.2.2.2");
        assert_eq!(without("1.1.1.1,\n2.2.2.2\n", &["1.1.1.1"]), "2.2.2.2\n");
        assert_eq!(without("\u{feff}1.1.1.1\n2.2.2.2\n", &["1.1.1.1"]), "\u{feff}2.2.2.2\n");
        assert_eq!(without("\n\n1.1.1.1\n\n", &["1.1.1.1"]), "\n\n\n");
    }

    /// Any pieces, with anything between them: what is left is the list without them, with its comments.
    #[test]
    fn nothing_else_changes() {
        const PIECES: [&str; 3] = ["1.1.1.1", "2.2.2.2:b c", "3.3.3.3-3.3.3.9"];
        const BETWEEN: [&str; 9] =
            [",", ", ", " ,", "\n", ",\n\t", "\r\n", " # c\n", ", ,\n\n", ", # c\r\n# d, 9\n"];
        let comments = |text: &str| text.matches(['#', 'd', '9']).count();
        for (first, second, last) in (0..729).map(|i| (i / 81, i / 9 % 9, i % 9)) {
            let [first, second, last] = [first, second, last].map(|i| BETWEEN[i]);
            let text = format!("\t{}{first}{}{second}{}{last}", PIECES[0], PIECES[1], PIECES[2]);
            for chosen in 1..8 {
                let (gone, kept): (Vec<_>, Vec<_>) =
                    PIECES.iter().enumerate().partition(|(i, _)| chosen >> i & 1 == 1);
                let gone: Vec<&str> = gone.into_iter().map(|(_, piece)| *piece).collect();
                let kept: Vec<&str> = kept.into_iter().map(|(_, piece)| *piece).collect();
                let left = without(&text, &gone);
                let list: List = left.parse().unwrap_or_else(|error| panic!("{text:?} - {gone:?}: {error}"));
                assert_eq!(list, kept.join(",").parse().unwrap(), "{text:?} - {gone:?} = {left:?}");
                let in_gone: usize = gone.iter().map(|piece| comments(piece)).sum();
                assert_eq!(comments(&left), comments(&text) - in_gone, "{text:?} - {gone:?} = {left:?}");
            }
        }
    }
}
