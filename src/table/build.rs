//! From entries to one image: sorted by prefix, a compiled structure for each family, columns beside it.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use foldhash::fast::RandomState;
use ipnet::IpNet;
use sha2::{Digest, Sha256};

use super::entries::{EntryRef, Origin, Value, value_width};
use super::family::{Aligned, FamilyDraft, Key, Prefix, sorted_places};
use super::image::{put, seal};
use super::layout::{Layout, SECTIONS, Section, field};
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
    let (mut v4, mut v6) = (Rows::default(), Rows::default());
    for row in rows {
        let value = values.number(&row);
        match row.prefix {
            IpNet::V4(net) => v4.push(u32::from(net.network()), &row, value),
            IpNet::V6(net) => v6.push(u128::from(net.network()), &row, value),
        }
    }
    let (v4, v6) = (Columns::new(v4), Columns::new(v6));
    let width = value_width(values.values.len());

    let mut lengths = [0u64; SECTIONS];
    let mut set = |section: Section, length: usize| lengths[section as usize] = length as u64;
    for (section, length) in SECTIONS_V4.into_iter().zip(v4.lengths(width)) {
        set(section, length);
    }
    for (section, length) in SECTIONS_V6.into_iter().zip(v6.lengths(width)) {
        set(section, length);
    }
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
    v4.write(bytes, &layout, SECTIONS_V4, width);
    v6.write(bytes, &layout, SECTIONS_V6, width);
    let mut sections = SectionsMut { bytes, layout: &layout };
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

/// The distinct values of entries, and the labels in them, numbered as they come.
#[derive(Default)]
struct Values<'a> {
    values: Vec<Value>,
    numbers: HashMap<Value, u32, RandomState>,
    labels: Vec<&'a str>,
    label_numbers: HashMap<&'a str, u32, RandomState>,
    /// The value of the last row: neighbours in a list are often alike.
    last: Option<(Action, Origin, Option<&'a str>, u32)>,
}

impl<'a> Values<'a> {
    /// The number of a row's value.
    fn number(&mut self, row: &Row<'a>) -> u32 {
        if let Some((action, origin, label, number)) = self.last
            && (action, origin) == (row.action, row.origin)
            && same_text(label, row.label)
        {
            return number;
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
        self.last = Some((row.action, row.origin, row.label, number));
        number
    }
}

/// Whether two labels are one stored text, without reading it.
fn same_text(one: Option<&str>, other: Option<&str>) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => std::ptr::eq(one, other),
        _ => false,
    }
}

/// The rows of one family in the order of their lists.
struct Rows<K> {
    prefixes: Vec<Prefix<K>>,
    lines: Vec<u32>,
    /// Row number and expiry of the rows that expire.
    untils: HashMap<usize, Until>,
}

impl<K> Default for Rows<K> {
    fn default() -> Rows<K> {
        Rows { prefixes: Vec::new(), lines: Vec::new(), untils: HashMap::new() }
    }
}

impl<K: Key> Rows<K> {
    fn push(&mut self, key: K, row: &Row<'_>, value: u32) {
        if let Some(until) = row.until {
            self.untils.insert(self.prefixes.len(), until);
        }
        let allow = row.action == Action::Allow;
        self.prefixes.push(Prefix { key, len: row.prefix.prefix_len(), allow, value });
        self.lines.push(row.line);
    }

    fn sorted(self) -> Sorted<K> {
        let places = sorted_places(&self.prefixes);
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

/// Sorted rows, and the structure that was compiled from them.
struct Columns<K: Key> {
    rows: Sorted<K>,
    draft: FamilyDraft<K>,
}

/// Family, addresses, lengths, values, lines, expiring entries, expiries.
type FamilySections = [Section; 7];

const SECTIONS_V4: FamilySections = [
    Section::V4Family,
    Section::V4Addresses,
    Section::V4Lengths,
    Section::V4Values,
    Section::V4Lines,
    Section::V4Expiring,
    Section::V4Untils,
];

const SECTIONS_V6: FamilySections = [
    Section::V6Family,
    Section::V6Addresses,
    Section::V6Lengths,
    Section::V6Values,
    Section::V6Lines,
    Section::V6Expiring,
    Section::V6Untils,
];

impl<K: Key> Columns<K> {
    fn new(rows: Rows<K>) -> Columns<K> {
        let rows = rows.sorted(); // the unsorted ones take no more room
        let draft = FamilyDraft::new(&rows.prefixes).expect("lists have no more entries than a family takes");
        Columns { rows, draft }
    }

    fn lengths(&self, value_width: usize) -> [usize; 7] {
        let count = self.rows.prefixes.len();
        let expiring = self.rows.untils.len();
        [
            self.draft.len(),
            K::BYTES * count,
            count,
            value_width * count,
            4 * count,
            4 * expiring,
            8 * expiring,
        ]
    }

    fn write(self, bytes: &mut [u8], layout: &Layout, sections: FamilySections, value_width: usize) {
        let [family, addresses, lengths, values, lines, expiring, untils] = sections;
        let mut image = SectionsMut { bytes, layout };
        for (to, prefix) in image.get(addresses).chunks_exact_mut(K::BYTES).zip(&self.rows.prefixes) {
            prefix.key.write(to);
        }
        fill(image.get(lengths), self.rows.prefixes.iter().map(|prefix| prefix.len), |len| [len]);
        let numbers = self.rows.prefixes.iter().map(|prefix| prefix.value);
        match value_width {
            1 => fill(image.get(values), numbers, |number| [number as u8]),
            2 => fill(image.get(values), numbers, |number| (number as u16).to_le_bytes()),
            _ => fill_words(image.get(values), numbers),
        }
        fill_words(image.get(lines), self.rows.lines.into_iter());
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
