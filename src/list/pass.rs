//! One walk over a text: pieces become entries, or errors with their places.

use foldhash::fast::RandomState;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::str::Utf8Error;
use std::time::SystemTime;

use ipnet::IpNet;

use super::conflict::{Conflict, conflicts};
use super::diagnose::{self, Advice, Problem};
use super::diagnostic::{Code, Diagnostic, Position, Severity};
use super::edit::Edit;
use super::entry::{Action, Entry};
use super::foreign::{SUSPECTS, Suspect};
use super::grammar::{self, Item, Target};
use super::label::{self, BLANKS, Label};
use super::report::Finds;
use super::scan::{self, Line, Slice};
use super::text::is_ambiguous;
use crate::address::canonical_prefix;
use crate::shown::Shown;
use ipgate_lpm::memory::huge_vec;

/// From so many entries on, what ranges unfold to is counted ahead where it is most of them.
const AHEAD: usize = 1 << 20;

/// What the entries of one item have in common.
struct Written<'i, 't> {
    item: &'i Item<'t>,
    text: &'t str,
    action: Action,
    label: Option<Label>,
    position: Position,
}

/// One walk over a text.
pub(super) struct Pass<'t, 's> {
    text: &'t [u8],
    /// The text, where all of it is UTF-8.
    valid: Option<&'t str>,
    pub(super) entries: Vec<Entry>,
    labels: HashMap<&'t str, Label, RandomState>,
    pub(super) finds: Finds<'s>,
    max_entries: usize,
    /// An item was met for which there is no room.
    is_full: bool,
    lenient: bool,
    /// Pieces that were taken.
    pub(super) good: usize,
    /// Pieces that were not.
    pub(super) bad: usize,
    /// The first lines with errors.
    pub(super) suspects: Vec<Suspect>,
    locator: Locator<'t>,
    /// Without a deny entry there is no conflict to look for.
    has_deny: bool,
    /// Items of IPv6 whose end could also be a label.
    ambiguous: Vec<(Position, &'t str)>,
}

impl<'t, 's> Pass<'t, 's> {
    pub(super) fn new(text: &'t [u8], max_entries: usize, lenient: bool, finds: Finds<'s>) -> Pass<'t, 's> {
        Pass {
            text,
            valid: std::str::from_utf8(text).ok(),
            entries: huge_vec(expected_entries(text).min(max_entries)),
            labels: HashMap::default(),
            finds,
            max_entries,
            is_full: false,
            lenient,
            good: 0,
            bad: 0,
            suspects: Vec::new(),
            locator: Locator { text, line: 1, start: 0, offset: 0, column: 1 },
            has_deny: false,
            ambiguous: Vec::new(),
        }
    }

    /// Reads everything; false where a limit ended the walk.
    pub(super) fn run(&mut self) -> bool {
        let complete = self.lines();
        self.tell_ambiguous();
        complete
    }

    fn lines(&mut self) -> bool {
        let mut ahead = false;
        for line in scan::lines(self.text) {
            self.locator.start(line.number, line.offset);
            let mut comment = line.comment;
            for piece in line.pieces() {
                comment = self.piece(piece).or(comment);
                if self.is_full {
                    return self.too_many(piece);
                }
                // Ranges fill more memory than their text lets expect: what they unfold to is counted before it is
                // kept.
                if !ahead && self.entries.len() > AHEAD.max(2 * self.good) {
                    ahead = true;
                    if let Some((line, piece)) = self.beyond() {
                        self.locator.start(line.number, line.offset);
                        return self.too_many(piece);
                    }
                }
            }
            if let Some(comment) = comment {
                self.comment(comment);
            }
        }
        true
    }

    /// The first piece whose entries are beyond the limit, as far as a strict reading takes it.
    fn beyond(&self) -> Option<(Line<'t>, Slice<'t>)> {
        let mut count = 0;
        scan::lines(self.text).flat_map(|line| line.pieces().map(move |piece| (line, piece))).find(
            |(_, piece)| {
                let item = self.utf8(*piece).ok().and_then(grammar::item);
                count += item.map_or(0, |item| item.target.count());
                count > self.max_entries
            },
        )
    }

    /// Ends the walk: what was kept is not needed any more.
    fn too_many(&mut self, piece: Slice<'t>) -> bool {
        self.entries = Vec::new();
        let max = self.max_entries;
        self.error(piece, || Problem {
            code: Code::TooManyEntries,
            span: 0..piece.bytes.len(),
            message: format!(
                "the list has more than {max} entries, with ranges counted as the prefixes that they become"
            ),
            advice: Advice::Say("split the list or raise the limit".to_owned()),
        });
        false
    }

    /// A slice as text, checked only where the text as a whole is not UTF-8.
    fn utf8(&self, slice: Slice<'t>) -> Result<&'t str, Utf8Error> {
        let checked = self.valid.and_then(|text| text.get(slice.offset..slice.offset + slice.bytes.len()));
        checked.map_or_else(|| std::str::from_utf8(slice.bytes), Ok)
    }

    /// Takes one piece or reports it. Hands back a comment that began in it, as only a lenient parser lets it.
    fn piece(&mut self, piece: Slice<'t>) -> Option<Slice<'t>> {
        let text = match self.utf8(piece) {
            Ok(text) => text,
            Err(error) => {
                self.bad_piece(piece, || diagnose::invalid_utf8(piece.bytes, error));
                return None;
            }
        };
        if let Some(item) = grammar::item(text) {
            self.item(piece, &item, text);
            return None;
        }
        if self.lenient && self.without_label(piece, text) {
            return None;
        }
        if let Some((entry, comment)) = self.comment_behind(piece) {
            self.piece(entry);
            return Some(comment);
        }
        self.bad_piece(piece, || diagnose::diagnose(text));
        None
    }

    /// Takes an entry without its label, where characters that nobody sees are all that is wrong with that. Whom the entry
    /// names, its mark and its expiry stay what they are.
    fn without_label(&mut self, piece: Slice<'t>, text: &'t str) -> bool {
        let Some(item) = grammar::item_with_invisible(text) else { return false };
        let label = item.label.unwrap_or_default();
        let Some((plain, error)) = label::visible(label).zip(label::check(label).err()) else { return false };
        if diagnose::is_meant_otherwise(label, &plain) {
            return false;
        }
        let position = self.locator.position(piece.offset, piece.bytes.len());
        self.warn(position, text, Code::LabelDropped, || {
            let label = Some(plain.as_str()).filter(|plain| !plain.is_empty());
            let message = format!("the entry is taken without its label: {error}");
            (message, format!("write `{}`", Item { label, ..item }))
        });
        self.item(piece, &Item { label: None, ..item }, text);
        true
    }

    fn bad_piece(&mut self, piece: Slice<'t>, explain: impl FnOnce() -> Problem) {
        self.bad += 1;
        self.error(piece, explain);
    }

    /// The entry and the comment of `127.0.0.1#gateway`, which a lenient parser takes for what it looks like. Not where
    /// the comment could be hiding anything: another entry, the end of this one, or the rest of its label.
    fn comment_behind(&self, piece: Slice<'t>) -> Option<(Slice<'t>, Slice<'t>)> {
        let at = memchr::memchr(b'#', piece.bytes).filter(|_| self.lenient)?;
        let entry = Slice { bytes: piece.bytes.get(..at)?, offset: piece.offset };
        let offset = piece.offset + at;
        let rest = self.text.get(offset..)?;
        let line = memchr::memchr(b'\n', rest).and_then(|end| rest.get(..end)).unwrap_or(rest);
        let comment = Slice { bytes: line.strip_suffix(b"\r").unwrap_or(line), offset };
        let hides =
            memchr::memchr2(b',', b';', line).is_some() || memchr::memmem::find(line, b"until").is_some();
        let item = grammar::item(self.utf8(entry).ok()?)?;
        // `10.0.0.0/8:#1` has a label, whatever follows it.
        let is_whole = item.label.is_none() && !entry.bytes.ends_with(b":") || item.until.is_some();
        (!hides && is_whole).then_some((entry, comment))
    }

    fn item(&mut self, piece: Slice<'t>, item: &Item<'t>, text: &'t str) {
        let room = self.max_entries.saturating_sub(self.entries.len());
        if room < Target::MOST_PREFIXES && item.target.count() > room {
            self.is_full = true;
            return;
        }
        self.good += 1;
        let position = self.locator.position(piece.offset, piece.bytes.len());
        let action = if item.deny { Action::Deny } else { Action::Allow };
        self.has_deny |= item.deny;
        let label = item.label.map(|label| self.label(label));
        let written = Written { item, text, action, label, position };
        item.target.for_each_prefix(|prefix| self.push(&written, prefix));
        if item.target.covers_mapped() {
            self.warn(position, text, Code::CoversMapped, || {
                let target = item.target.text(false);
                let message = format!("{target} covers ::ffff:0:0/96, yet IPv4 clients never match it");
                (message, "IPv4 clients need an entry of their own if they are meant too".to_owned())
            });
        }
        if let Target::Prefix { given: IpNet::V6(_), bare: true } | Target::RangeV6 { bare: true, .. } =
            item.target
            && Ambiguity::of(text).is_some()
        {
            self.ambiguous.push((position, text));
        }
        if let Some((code, told)) = item.label.and_then(|label| diagnose::meant_otherwise(text, item, label))
        {
            self.warn(position, text, code, told);
        }
    }

    /// One entry of an item that may stand for several.
    fn push(&mut self, written: &Written<'_, 't>, given: IpNet) {
        let Written { item, text, action, ref label, position } = *written;
        let canonical = canonical_prefix(given);
        self.entries.push(Entry::parsed(canonical.prefix, action, label.clone(), item.until, position));
        if canonical.host_bits {
            let fix = || masked(text, position, given).into_iter().collect();
            self.warn_fixable(
                position,
                text,
                Code::HostBits,
                || host_bits(item, given, canonical.prefix),
                fix,
            );
        }
    }

    /// Where labels are written at all, each such item is told by itself; a list of addresses alone is told once.
    fn tell_ambiguous(&mut self) {
        let ambiguous = std::mem::take(&mut self.ambiguous);
        let plain =
            |(at, text): &(Position, &str)| Some(edit(*at, 0..text.len(), Ambiguity::of(text)?.plain()));
        let told = if self.labels.is_empty() {
            ambiguous.chunks(ambiguous.len().max(1))
        } else {
            ambiguous.chunks(1)
        };
        for alike in told {
            let Some((&(at, text), others)) = alike.split_first() else { continue };
            let Some(ambiguity) = Ambiguity::of(text) else { continue };
            let fix = || alike.iter().filter_map(plain).collect();
            self.warn_fixable(at, text, Code::AmbiguousLabel, || ambiguity.tell(others.len()), fix);
        }
    }

    /// The shared label of that text, stored once.
    fn label(&mut self, text: &'t str) -> Label {
        if let Some(last) = self.entries.last().and_then(Entry::label)
            && last.as_str() == text
        {
            return last.clone();
        }
        self.labels.entry(text).or_insert_with(|| Label::checked(text)).clone()
    }

    /// Comments are free text, but they are text, and they must not swallow entries unseen.
    fn comment(&mut self, comment: Slice<'t>) {
        if self.is_behind_entry(comment) {
            let position = self.locator.position(comment.offset, 1);
            self.warn(position, "#", Code::CommentBehindEntry, || {
                let message = "`#` right behind an entry is taken for the start of a comment".to_owned();
                (message, "put a blank before it: a strict parser rejects the list".to_owned())
            });
        }
        match self.utf8(comment) {
            Err(error) => return self.error(comment, || diagnose::invalid_utf8(comment.bytes, error)),
            Ok(text) => {
                if let Some(problem) = diagnose::control_character(text) {
                    return self.error(comment, || problem);
                }
            }
        }
        let swallowed =
            comment.pieces().skip_while(|piece| piece.offset == comment.offset).find_map(|piece| {
                let text = std::str::from_utf8(piece.bytes).ok()?;
                grammar::item(text).map(|_| (piece, text))
            });
        if let Some((piece, text)) = swallowed {
            let position = self.locator.position(piece.offset, piece.bytes.len());
            self.warn(position, text, Code::EntryInComment, || {
                let message = format!("`{text}` stands in a comment and is not an entry");
                (message, "a comment runs to the end of its line; put the entry on a line of its own if it is meant".to_owned())
            });
        }
    }

    /// Whether no blank stands before a comment that does not begin a line.
    fn is_behind_entry(&self, comment: Slice<'t>) -> bool {
        let before = comment.offset.checked_sub(1).and_then(|at| self.text.get(at));
        comment.offset > self.locator.start && !matches!(before, Some(b' ' | b'\t'))
    }

    /// Counts an error, and looks for its cause where it is kept.
    fn error(&mut self, piece: Slice<'t>, explain: impl FnOnce() -> Problem) {
        let suspect = Suspect { number: self.locator.line, offset: self.locator.start };
        if self.suspects.len() < SUSPECTS && self.suspects.last() != Some(&suspect) {
            self.suspects.push(suspect);
        }
        let Pass { finds, locator, .. } = self;
        finds.add(Severity::Error, || {
            let problem = explain();
            let token = piece.bytes.get(problem.span.clone()).unwrap_or_default();
            Diagnostic {
                severity: Severity::Error,
                code: problem.code,
                position: Some(locator.position(piece.offset + problem.span.start, problem.span.len())),
                token: String::from_utf8_lossy(token).into_owned(),
                // It may quote what cannot be seen, whatever the rule that refused it.
                message: Shown(&problem.message).to_string(),
                suggestion: Some(problem.advice.to_string()),
                fix: Vec::new(),
            }
        });
    }

    fn warn(&mut self, at: Position, token: &str, code: Code, text: impl FnOnce() -> (String, String)) {
        self.warn_fixable(at, token, code, text, Vec::new);
    }

    fn warn_fixable(
        &mut self,
        at: Position,
        token: &str,
        code: Code,
        text: impl FnOnce() -> (String, String),
        fix: impl FnOnce() -> Vec<Edit>,
    ) {
        self.finds.add(Severity::Warning, || {
            let (message, suggestion) = text();
            Diagnostic {
                severity: Severity::Warning,
                code,
                position: Some(at),
                token: token.to_owned(),
                message,
                suggestion: Some(suggestion),
                fix: fix(),
            }
        });
    }

    /// Reports prefixes that are both allowed and denied; in lenient mode the deny stays.
    pub(super) fn settle_conflicts(&mut self, now: SystemTime, lenient: bool) {
        if !self.has_deny {
            return;
        }
        let found: Vec<Conflict> = conflicts(&self.entries, now).collect();
        let mut left_out = HashSet::with_capacity(found.len());
        for conflict in found {
            left_out.insert(conflict.allowed().prefix());
            self.finds.add(Severity::Error, || conflict.diagnostic(self.text));
        }
        if lenient && !left_out.is_empty() {
            self.entries.retain(|entry| {
                entry.action() == Action::Deny || !entry.is_live(now) || !left_out.contains(&entry.prefix())
            });
        }
    }
}

/// About how many entries a text holds: no more than it has separators, nor than eight bytes each allow.
fn expected_entries(text: &[u8]) -> usize {
    let separators = memchr::memchr_iter(b'\n', text).count() + memchr::memchr_iter(b',', text).count();
    (separators + 1).min(text.len() / 8 + 1)
}

/// Both readings, each with everything else that was written.
fn host_bits(item: &Item<'_>, given: IpNet, prefix: IpNet) -> (String, String) {
    let message = format!("{given} has bits set beyond its length and is read as {prefix}");
    let naming = |given: IpNet| Item { target: Target::Prefix { given, bare: false }, ..*item };
    let (network, host) = (naming(prefix), naming(IpNet::from(given.addr())));
    (message, format!("write `{network}` for the whole network or `{host}` for the one address"))
}

/// The edit that clears the host bits of an item's prefix: of its address, and of nothing else.
fn masked(text: &str, position: Position, given: IpNet) -> Option<Edit> {
    let start = text.find(|c| !matches!(c, '!' | '['))?;
    let end = text.find(['/', ']'])?;
    Some(edit(position, start..end, given.trunc().addr().to_string()))
}

/// The edit of a part of an item that stands at `position`.
fn edit(position: Position, part: Range<usize>, text: String) -> Edit {
    let start = position.offset as usize;
    Edit::new(start + part.start..start + part.end, text)
}

/// IPv6 without brackets whose end could also be a label, where that would be an entry too.
struct Ambiguity<'t> {
    target: &'t str,
    is_range: bool,
    /// What stands before the address at the end, in brackets where that is another address.
    before: String,
    end: &'t str,
    attributes: &'t str,
    /// The other reading.
    labelled: String,
    label: &'t str,
}

impl<'t> Ambiguity<'t> {
    fn of(text: &'t str) -> Option<Ambiguity<'t>> {
        let target = text.split(';').next()?.trim_end_matches(BLANKS);
        let attributes = text.get(target.len()..)?;
        let (not, target) = target.strip_prefix('!').map_or(("", target), |target| ("!", target));
        let (first, end) = target.rsplit_once('-').map_or((None, target), |(first, end)| (Some(first), end));
        if !is_ambiguous(end) {
            return None;
        }
        let before = first.map_or_else(|| not.to_owned(), |first| format!("{not}[{first}]-"));
        let (shorter, label) = end.rsplit_once(':')?;
        let labelled = format!("{before}[{shorter}]:{label}{attributes}");
        grammar::item(&labelled)?;
        Some(Ambiguity { target, is_range: first.is_some(), before, end, attributes, labelled, label })
    }

    /// The reading that holds, with the brackets that rule out the other.
    fn plain(&self) -> String {
        let Ambiguity { before, end, attributes, .. } = self;
        format!("{before}[{end}]{attributes}")
    }

    fn tell(&self, others: usize) -> (String, String) {
        let Ambiguity { target, labelled, label, .. } = self;
        let kind = if self.is_range { "a range" } else { "an address" };
        let more = match others {
            0 => String::new(),
            1 => ", and so is one more like it".to_owned(),
            more => format!(", and so are {more} more like it"),
        };
        let plain = self.plain();
        (
            format!("`{target}` is read as {kind} without a label{more}"),
            format!("write `{plain}` to make that plain, or `{labelled}` if `{label}` is a label"),
        )
    }
}

/// Counts columns while offsets only grow, so that one long line costs no more than many short ones.
struct Locator<'t> {
    text: &'t [u8],
    line: u32,
    /// Where the line begins.
    start: usize,
    offset: usize,
    column: u32,
}

impl Locator<'_> {
    fn start(&mut self, line: u32, offset: usize) {
        (self.line, self.start, self.offset, self.column) = (line, offset, offset, 1);
    }

    /// The position of `len` bytes at `offset`, which lies on the current line.
    fn position(&mut self, offset: usize, len: usize) -> Position {
        debug_assert!(self.offset <= offset, "offsets only grow");
        let between = self.text.get(self.offset..offset).unwrap_or_default();
        let characters = between.iter().filter(|&&byte| byte & 0xc0 != 0x80).count();
        self.column = self.column.saturating_add(u32::try_from(characters).unwrap_or(u32::MAX));
        self.offset = offset;
        let narrow = |n: usize| u32::try_from(n).unwrap_or(u32::MAX); // the text is shorter than 2³¹ bytes
        Position { line: self.line, column: self.column, offset: narrow(offset), len: narrow(len) }
    }
}
