//! From entries to one image: sorted by prefix, a compiled structure for each family, columns beside it.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use foldhash::fast::RandomState;
use ipnet::IpNet;
use sha2::{Digest, Sha256};

use super::columns::{LineCode, address_lengths, value_width, write_addresses};
use super::entries::{EntryRef, Origin, Value};
use super::family::{Aligned, FamilyDraft, Key, Prefix, sorted_places};
use super::image::{put, seal};
use super::layout::{ColumnSections, Layout, SECTIONS, Section, V4_COLUMNS, V6_COLUMNS, field};
use super::{Scope, Table};
use crate::list::{Action, Entry, Label, List, Until};

/// One entry on its way into a table.
struct Row<'a> {
    prefix: IpNet,
    action: Action,
    origin: Origin,
    label: Option<&'a str>,
    until: Option<Until>,
    /// 0 where it did not come from text.
    line: u32,
}

impl<'a> Row<'a> {
    fn of_list(entry: &'a Entry, origin: Origin) -> Row<'a> {
        Row {
            prefix: entry.prefix(),
            action: entry.action(),
            origin,
            label: entry.label().map(Label::as_str),
            until: entry.until(),
            line: entry.position().map_or(0, |at| at.line),
        }
    }

    fn of_table(entry: EntryRef<'a>) -> Row<'a> {
        Row {
            prefix: entry.prefix(),
            action: entry.action(),
            origin: entry.origin(),
            label: entry.label(),
            until: entry.until(),
            line: entry.line().unwrap_or(0),
        }
    }
}

/// What a table says of its lists as a whole: default, then app.
struct Lists<'a> {
    sources: [&'a str; 2],
    digests: [Option<[u8; 32]>; 2],
}

/// Compiles the entries of the lists that have not expired at `now`. On equal prefixes the app list wins over
/// the default list, and within a list the later entry.
pub(super) fn from_lists(scope: Scope, default: Option<&List>, app: Option<&List>, now: SystemTime) -> Table {
    let lists = Lists {
        sources: [default, app].map(|list| list.and_then(List::source).unwrap_or_default()),
        digests: [default, app].map(|list| list.map(|list| Sha256::digest(list.text()).into())),
    };
    compile(scope, &lists, live_rows(default, Origin::Default, now).chain(live_rows(app, Origin::App, now)))
}

fn live_rows(list: Option<&List>, origin: Origin, now: SystemTime) -> impl Iterator<Item = Row<'_>> {
    let entries = list.map(List::entries).unwrap_or_default().iter();
    entries.filter(move |entry| entry.is_live(now)).map(move |entry| Row::of_list(entry, origin))
}

/// Compiles a table's own entries again, without those that have expired at `now`.
pub(super) fn from_table(table: &Table, now: SystemTime) -> Table {
    let info = table.info();
    let lists = Lists {
        sources: [Origin::Default, Origin::App].map(|origin| table.source(origin)),
        digests: [info.default_digest, info.app_digest],
    };
    compile(table.scope, &lists, table.entries().filter(|entry| entry.is_live(now)).map(Row::of_table))
}

fn compile<'a>(scope: Scope, lists: &Lists<'_>, rows: impl Iterator<Item = Row<'a>>) -> Table {
    let mut values = Values::default();
    let most = rows.size_hint().1.unwrap_or(0);
    let (mut v4, mut v6) = (Rows::with_capacity(most), Rows::with_capacity(most));
    for row in rows {
        let value = values.number(&row);
        match row.prefix {
            IpNet::V4(net) => v4.push(u32::from(net.network()), &row, value),
            IpNet::V6(net) => v6.push(u128::from(net.network()), &row, value),
        }
    }
    if let Some(numbers) = values.allowed_first() {
        v4.renumber(&numbers);
        v6.renumber(&numbers);
    }
    let (v4, v6) = (Compiled::new(v4), Compiled::new(v6));
    let width = value_width(values.values.len());

    let mut lengths = [0u64; SECTIONS];
    let mut set = |section: Section, length: usize| lengths[section as usize] = length as u64;
    let columns =
        V4_COLUMNS.into_iter().zip(v4.lengths(width)).chain(V6_COLUMNS.into_iter().zip(v6.lengths(width)));
    columns.for_each(|(section, length)| set(section, length));
    set(Section::V4Family, v4.draft.len());
    set(Section::V6Family, v6.draft.len());
    set(Section::Values, 4 * values.values.len());
    set(Section::LabelEnds, 4 * values.labels.len());
    set(Section::LabelText, values.labels.iter().map(|label| label.len()).sum());
    set(Section::DefaultSource, lists.sources[0].len());
    set(Section::AppSource, lists.sources[1].len());

    let impossible = "what fits memory as lists fits it as an image";
    let layout = Layout::new(lengths).expect(impossible);
    let mut image = Aligned::new(layout.total);
    let bytes = image.bytes_mut();
    header(bytes, scope, lists, &lengths);
    let mut sections = SectionsMut { bytes, layout: &layout };
    v4.write(&mut sections, Section::V4Family, V4_COLUMNS, width);
    v6.write(&mut sections, Section::V6Family, V6_COLUMNS, width);
    fill_words(sections.get(Section::Values), values.values.iter().map(|value| value.0));
    let ends = values.labels.iter().scan(0, |end, label| {
        *end += label.len() as u32;
        Some(*end)
    });
    fill_words(sections.get(Section::LabelEnds), ends);
    fill(sections.get(Section::LabelText), values.labels.iter().flat_map(|label| label.bytes()), |b| [b]);
    sections.get(Section::DefaultSource).copy_from_slice(lists.sources[0].as_bytes());
    sections.get(Section::AppSource).copy_from_slice(lists.sources[1].as_bytes());
    seal(bytes);
    Table::open(image).expect("an image that was just written is sound")
}

fn header(bytes: &mut [u8], scope: Scope, lists: &Lists<'_>, lengths: &[u64; SECTIONS]) {
    let created = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64);
    put(bytes, field::CREATED, &created.to_le_bytes());
    put(bytes, field::SCOPE, &scope.code().to_le_bytes());
    let set = lists
        .digests
        .iter()
        .enumerate()
        .fold(0u32, |set, (i, digest)| set | u32::from(digest.is_some()) << i);
    put(bytes, field::LISTS, &set.to_le_bytes());
    for (at, digest) in field::DIGESTS.into_iter().zip(lists.digests) {
        put(bytes, at.start, &digest.unwrap_or_default());
    }
    for (i, length) in lengths.iter().enumerate() {
        put(bytes, field::LENGTHS + 8 * i, &length.to_le_bytes());
    }
}

/// Where a text is stored: its address and length.
type Stored = (usize, usize);

/// The distinct values of entries, and the labels in them, numbered as they come.
#[derive(Default)]
struct Values<'a> {
    values: Vec<Value>,
    numbers: HashMap<Value, u32, RandomState>,
    labels: Vec<&'a str>,
    label_numbers: HashMap<&'a str, u32, RandomState>,
    /// The number of what was seen before, by where the label's text is stored: a list stores each once, so that
    /// the texts need not be read again.
    seen: HashMap<(Action, Origin, Option<Stored>), u32, RandomState>,
}

impl<'a> Values<'a> {
    /// The number of a row's value.
    fn number(&mut self, row: &Row<'a>) -> u32 {
        let stored = row.label.map(|text| (text.as_ptr().addr(), text.len()));
        let key = (row.action, row.origin, stored);
        if let Some(number) = self.seen.get(&key) {
            return *number;
        }
        let label = row.label.map(|text| {
            let next = self.labels.len() as u32;
            *self.label_numbers.entry(text).or_insert_with(|| {
                self.labels.push(text);
                next
            })
        });
        let value = Value::new(row.action, row.origin, label);
        let next = self.values.len() as u32;
        let number = *self.numbers.entry(value).or_insert_with(|| {
            self.values.push(value);
            next
        });
        self.seen.insert(key, number);
        number
    }
}

impl Values<'_> {
    /// Numbers the values that allow before those that deny, so that a number tells which it is. What had a
    /// number has now the one at that place of the result; `None` where all have kept theirs.
    fn allowed_first(&mut self) -> Option<Vec<u32>> {
        let denies = |value: &Value| value.action() == Action::Deny;
        if self.values.is_sorted_by_key(denies) {
            return None;
        }
        let mut order: Vec<(u32, Value)> = (0..).zip(self.values.drain(..)).collect();
        order.sort_by_key(|(_, value)| denies(value));
        let mut numbers = vec![0; order.len()];
        for (new, (old, value)) in (0..).zip(order) {
            numbers[old as usize] = new;
            self.values.push(value);
        }
        Some(numbers)
    }
}

/// The rows of one family in the order of their lists.
struct Rows<K> {
    prefixes: Vec<Prefix<K>>,
    lines: Vec<u32>,
    /// Row number and expiry of the rows that expire.
    untils: HashMap<usize, Until>,
}

impl<K: Key> Rows<K> {
    /// Room for all rows in each family: what is never written takes no memory.
    fn with_capacity(most: usize) -> Rows<K> {
        Rows { prefixes: Vec::with_capacity(most), lines: Vec::with_capacity(most), untils: HashMap::new() }
    }

    fn push(&mut self, key: K, row: &Row<'_>, value: u32) {
        if let Some(until) = row.until {
            self.untils.insert(self.prefixes.len(), until);
        }
        let allow = row.action == Action::Allow;
        self.prefixes.push(Prefix { key, len: row.prefix.prefix_len(), allow, value });
        self.lines.push(row.line);
    }

    /// Gives every value its new number.
    fn renumber(&mut self, numbers: &[u32]) {
        for prefix in &mut self.prefixes {
            prefix.value = numbers.get(prefix.value as usize).copied().unwrap_or(prefix.value);
        }
    }

    fn sorted(self) -> Sorted<K> {
        let Some(places) = sorted_places(&self.prefixes) else {
            let mut untils: Vec<(u32, Until)> =
                self.untils.into_iter().map(|(index, until)| (index as u32, until)).collect();
            untils.sort_unstable_by_key(|(index, _)| *index);
            return Sorted { prefixes: self.prefixes, lines: self.lines, untils };
        };
        let lines = places.iter().filter_map(|&place| self.lines.get(place as usize).copied()).collect();
        let untils = match self.untils.is_empty() {
            true => Vec::new(),
            false => {
                let expiring =
                    |(index, place): (u32, &u32)| Some((index, *self.untils.get(&(*place as usize))?));
                (0..).zip(&places).filter_map(expiring).collect()
            }
        };
        let prefixes =
            places.iter().filter_map(|&place| self.prefixes.get(place as usize).copied()).collect();
        Sorted { prefixes, lines, untils }
    }
}

/// The rows of one family sorted by prefix.
struct Sorted<K> {
    prefixes: Vec<Prefix<K>>,
    lines: Vec<u32>,
    /// Ascending entry numbers with their expiries.
    untils: Vec<(u32, Until)>,
}

/// Sorted rows, and what was compiled from them.
struct Compiled<K: Key> {
    rows: Sorted<K>,
    lines: Option<LineCode>,
    draft: FamilyDraft<K>,
}

impl<K: Key> Compiled<K> {
    fn new(rows: Rows<K>) -> Compiled<K> {
        let rows = rows.sorted(); // the unsorted ones take no more room
        let draft = FamilyDraft::new(&rows.prefixes).expect("lists have no more entries than a family takes");
        let lines = LineCode::of(&rows.lines);
        Compiled { rows, lines, draft }
    }

    /// Bytes of the columns, in the order of [`ColumnSections`].
    fn lengths(&self, value_width: usize) -> [usize; 7] {
        let count = self.rows.prefixes.len();
        let expiring = self.rows.untils.len();
        let (addresses, blocks) = address_lengths::<K>(count);
        let lines = self.lines.map_or(0, |code| code.length(count));
        [addresses, blocks, count, value_width * count, lines, 4 * expiring, 8 * expiring]
    }

    fn write(
        self,
        image: &mut SectionsMut<'_>,
        family: Section,
        columns: ColumnSections,
        value_width: usize,
    ) {
        let [addresses, blocks, lengths, values, lines, expiring, untils] = columns;
        let keys = self.rows.prefixes.iter().map(|prefix| prefix.key);
        let [addresses, blocks] = image.pair(addresses, blocks);
        write_addresses(keys, addresses, blocks);
        fill(image.get(lengths), self.rows.prefixes.iter().map(|prefix| prefix.len), |len| [len]);
        let numbers = self.rows.prefixes.iter().map(|prefix| prefix.value);
        match value_width {
            1 => fill(image.get(values), numbers, |number| [number as u8]),
            2 => fill(image.get(values), numbers, |number| (number as u16).to_le_bytes()),
            _ => fill_words(image.get(values), numbers),
        }
        self.lines.into_iter().for_each(|code| code.write(&self.rows.lines, image.get(lines)));
        fill_words(image.get(expiring), self.rows.untils.iter().map(|(index, _)| *index));
        fill(
            image.get(untils),
            self.rows.untils.iter().map(|(_, until)| until.unix_micros()),
            i64::to_le_bytes,
        );
        self.draft.write(image.get(family));
    }
}

/// The sections of an image that is being written.
struct SectionsMut<'i> {
    bytes: &'i mut [u8],
    layout: &'i Layout,
}

impl SectionsMut<'_> {
    fn get(&mut self, section: Section) -> &mut [u8] {
        self.bytes.get_mut(self.layout.range(section)).unwrap_or_default()
    }

    fn pair(&mut self, one: Section, other: Section) -> [&mut [u8]; 2] {
        let ranges = [self.layout.range(one), self.layout.range(other)];
        self.bytes.get_disjoint_mut(ranges).unwrap_or_default()
    }
}

fn fill_words(to: &mut [u8], words: impl Iterator<Item = u32>) {
    fill(to, words, u32::to_le_bytes);
}

fn fill<T, const N: usize>(to: &mut [u8], values: impl Iterator<Item = T>, bytes: impl Fn(T) -> [u8; N]) {
    for (to, value) in to.as_chunks_mut::<N>().0.iter_mut().zip(values) {
        *to = bytes(value);
    }
}

// What makes the number of entries a table never has to refuse.
const _: () = assert!(2 * List::MAX_ENTRIES <= super::family::MAX_PREFIXES);
