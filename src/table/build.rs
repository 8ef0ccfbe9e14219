//! From entries to one image: sorted by prefix, a compiled structure for each family, columns beside it.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use foldhash::fast::RandomState;
use ipgate_lpm::image::{Contents, Sections};
use ipgate_lpm::words::fill;
use ipgate_lpm::{FamilyDraft, Key, MAX_PREFIXES, Prefix, sorted_places};
use ipnet::IpNet;
use sha2::{Digest, Sha256};

use super::columns::{LineCode, address_lengths, value_width, write_addresses, write_blocks};
use super::compiled::{LeftOut, Scope, Table};
use super::entries::{Origin, Value};
use super::entry::EntryRef;
use super::layout::{Note, column};
use super::precede;
use crate::list::{Action, Entry, Label, List, Until};
use crate::policy::{Effective, Policy};

impl Table {
    /// Compiles a list, leaving out the entries that have expired by now. O(n) for n entries.
    #[must_use]
    pub fn new(list: &List) -> Table {
        from_lists(Scope::LISTED, None, Some(list), SystemTime::now())
    }

    /// Compiles a policy, leaving out the entries that have expired by now.
    #[must_use]
    pub fn from_policy(policy: &Policy) -> Table {
        Table::from_policy_at(policy, SystemTime::now())
    }

    /// Compiles a policy as it stands at `now`.
    #[must_use]
    pub fn from_policy_at(policy: &Policy, now: SystemTime) -> Table {
        match policy.effective() {
            Effective::Everyone => from_lists(Scope::EVERYONE, None, None, now),
            Effective::NoOne => from_lists(Scope::NO_ONE, None, None, now),
            Effective::Lists { default, app } => from_lists(Scope::LISTED, default, app, now),
            Effective::Preceded { default, app } => {
                from_lists(Scope::PRECEDED, Some(default), Some(app), now)
            }
        }
    }

    /// The same table without the entries that have expired at `now`, and with those again that it left out and that hold
    /// then. A table that comes from an image holds entries that may have expired since it was compiled; a gate minds
    /// that, a bare lookup does not.
    ///
    /// A table that leaves something out keeps the one that has it, which takes as much memory once more.
    ///
    /// ```
    /// use ipgate::{List, Table, list::Until};
    /// let list: List = "10.0.0.0/8:corp,!10.9.0.0/16:lab;until=2099-12-31".parse()?;
    /// let time = |text: &str| text.parse::<Until>().map(|until| until.system_time());
    /// let table = Table::new(&list).live_at(time("2100-01-01")?);
    /// assert_eq!(table.len(), 1);
    /// assert_eq!(table.live_at(time("2099-01-01")?).len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn live_at(&self, now: SystemTime) -> Table {
        let whole =
            self.left_out.as_ref().map_or_else(|| Arc::new(self.alone()), |left| Arc::clone(&left.whole));
        let expired = whole.expiring().filter(|entry| !entry.is_live(now));
        match expired.filter_map(|entry| entry.until()).max() {
            None => whole.alone(),
            Some(latest) => {
                let live = match &whole.patch {
                    None => from_entries(&whole, whole.entries().filter(|entry| entry.is_live(now))),
                    Some(_) => whole.without_expired(now),
                };
                Table { left_out: Some(Box::new(LeftOut { whole, latest: latest.system_time() })), ..live }
            }
        }
    }

    /// The same entries compiled as a whole, with nothing changed since.
    pub(super) fn recompiled(&self) -> Table {
        from_entries(self, self.entries())
    }
}

/// One entry on its way into a table.
#[derive(PartialEq)]
pub(super) struct Row<'a> {
    pub(super) prefix: IpNet,
    pub(super) action: Action,
    pub(super) origin: Origin,
    pub(super) label: Option<&'a str>,
    pub(super) until: Option<Until>,
    /// 0 where it did not come from text.
    pub(super) line: u32,
}

impl<'a> Row<'a> {
    pub(super) fn of_list(entry: &'a Entry, origin: Origin) -> Row<'a> {
        Row {
            prefix: entry.prefix(),
            action: entry.action(),
            origin,
            label: entry.label().map(Label::as_str),
            until: entry.until(),
            line: entry.position().map_or(0, |at| at.line),
        }
    }

    pub(super) fn of_table(entry: EntryRef<'a>) -> Row<'a> {
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

impl Table {
    /// Whether it was compiled of that very text, as the one list that it has, with as many entries. Lists that did not come
    /// from text are told apart, whatever they say. O(n) for n bytes.
    pub(crate) fn is_of_text(&self, list: &List) -> bool {
        let info = self.info();
        let (digest, origin) = match (info.default_digest, info.app_digest) {
            (Some(digest), None) => (digest, Origin::Default),
            (None, Some(digest)) => (digest, Origin::App),
            _ => return false,
        };
        (!list.text().is_empty() || list.is_empty())
            && self.source(origin) == list.source().unwrap_or_default()
            && self.whole().len() == list.len()
            && digest == <[u8; 32]>::from(Sha256::digest(list.text()))
    }
}

/// What a table says of its lists as a whole: default, then app.
struct Lists<'a> {
    sources: [&'a str; 2],
    digests: [Option<[u8; 32]>; 2],
}

/// Compiles the entries of the lists, of which those that have expired at `now` are left out. On equal prefixes the app list wins over
/// the default list, and within a list the later entry.
fn from_lists(scope: Scope, default: Option<&List>, app: Option<&List>, now: SystemTime) -> Table {
    let lists = Lists {
        sources: [default, app].map(|list| list.and_then(List::source).unwrap_or_default()),
        digests: [default, app].map(|list| list.map(|list| Sha256::digest(list.text()).into())),
    };
    let table = compile(scope, &lists, rows(default, Origin::Default).chain(rows(app, Origin::App)));
    if table.is_live_at(now) { table } else { table.live_at(now) }
}

fn rows(list: Option<&List>, origin: Origin) -> impl Iterator<Item = Row<'_>> {
    list.map(List::entries).unwrap_or_default().iter().map(move |entry| Row::of_list(entry, origin))
}

/// Compiles some of a table's own entries again.
fn from_entries<'t>(table: &'t Table, entries: impl Iterator<Item = EntryRef<'t>>) -> Table {
    let info = table.info();
    let lists = Lists {
        sources: [Origin::Default, Origin::App].map(|origin| table.source(origin)),
        digests: [info.default_digest, info.app_digest],
    };
    compile(table.scope, &lists, entries.map(Row::of_table))
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
    // In the order of `layout`: families, columns, what the values mean.
    let mut sections = Sections::new();
    let (v4, v6) = (v4.sorted(), v6.sorted()); // the unsorted ones take no more room
    let is_first = |number| scope.app_precedes() && values.is_of_app(number);
    v4.push_family(is_first, &mut sections);
    v6.push_family(is_first, &mut sections);
    let width = value_width(values.values.len());
    v4.push_columns(width, &mut sections);
    v6.push_columns(width, &mut sections);
    values.push_to(&mut sections);
    lists.sources.iter().for_each(|source| sections.push_bytes(source.as_bytes().to_vec()));

    let created = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64);
    let note = Note { generation: 0, created_micros: created, scope: scope.code(), digests: lists.digests }
        .to_bytes();
    Table::open(sections.write(Contents::List, &note)).expect("an image that was just written is sound")
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
    /// Whether the value with that number is one of the app list's.
    fn is_of_app(&self, number: u32) -> bool {
        self.values.get(number as usize).is_some_and(|value| value.origin() == Origin::App)
    }

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

    /// Adds the values, and the labels in them.
    fn push_to(self, sections: &mut Sections<'_>) {
        let ends = self.labels.iter().scan(0, |end, label| {
            *end += label.len() as u32;
            Some(*end)
        });
        sections.push_words(self.values.iter().map(|value| value.0).collect());
        sections.push_words(ends.collect());
        sections.push_bytes(self.labels.concat().into_bytes());
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
            return Sorted { prefixes: self.prefixes.into(), lines: self.lines, untils };
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
        let prefixes: Vec<_> =
            places.iter().filter_map(|&place| self.prefixes.get(place as usize).copied()).collect();
        Sorted { prefixes: prefixes.into(), lines, untils }
    }
}

/// The rows of one family sorted by prefix.
struct Sorted<K> {
    /// Shared by the sections that are made of them, and freed after the last.
    prefixes: Rc<Vec<Prefix<K>>>,
    lines: Vec<u32>,
    /// Ascending entry numbers with their expiries.
    untils: Vec<(u32, Until)>,
}

impl<K: Key> Sorted<K> {
    /// Adds the compiled prefixes, of which those with a value that `is_first` precede the others.
    fn push_family(&self, is_first: impl Fn(u32) -> bool, sections: &mut Sections<'_>) {
        let deciding = precede::deciding(&self.prefixes, is_first);
        let draft = FamilyDraft::new(deciding.as_ref().unwrap_or(&self.prefixes));
        draft.expect("lists have no more entries than a family takes").push_to(sections);
    }

    /// Adds the columns, in the order of [`column`].
    fn push_columns(self, value_width: usize, sections: &mut Sections<'_>) {
        let count = self.prefixes.len();
        let (addresses, blocks) = address_lengths::<K>(count);
        let mut column = |length: usize, write: fn(&[Prefix<K>], &mut [u8])| {
            let prefixes = Rc::clone(&self.prefixes);
            sections.push(length, move |to| write(&prefixes, to));
        };
        const { assert!(column::ADDRESSES == 0 && column::UNTILS + 1 == column::COUNT) };
        column(addresses, |prefixes, to| write_addresses(prefixes.iter().map(|prefix| prefix.key), to));
        column(blocks, |prefixes, to| write_blocks(prefixes.iter().map(|prefix| prefix.key), to));
        column(count, |prefixes, to| fill(to, prefixes.iter().map(|prefix| prefix.len), |length| [length]));
        column(
            value_width * count,
            match value_width {
                1 => |prefixes, to| fill(to, numbers(prefixes), |number| [number as u8]),
                2 => |prefixes, to| fill(to, numbers(prefixes), |number| (number as u16).to_le_bytes()),
                _ => |prefixes, to| fill(to, numbers(prefixes), u32::to_le_bytes),
            },
        );
        let (code, lines) = (LineCode::of(&self.lines), self.lines);
        sections.push(code.map_or(0, |code| code.length(count)), move |to| {
            code.into_iter().for_each(|code| code.write(&lines, to));
        });
        let (expiring, untils): (Vec<u32>, Vec<Until>) = self.untils.into_iter().unzip();
        sections.push_words(expiring);
        sections.push(8 * untils.len(), move |to| {
            fill(to, untils.iter().map(|until| until.unix_micros()), i64::to_le_bytes);
        });
    }
}

/// The value numbers of prefixes.
fn numbers<K>(prefixes: &[Prefix<K>]) -> impl Iterator<Item = u32> {
    prefixes.iter().map(|prefix| prefix.value)
}

// What makes the number of entries a table never has to refuse.
const _: () = assert!(2 * List::MAX_ENTRIES <= MAX_PREFIXES);
