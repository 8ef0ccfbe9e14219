//! From changed prefixes to the patch of a table.

use std::collections::BTreeMap;
use std::collections::hash_map::{Entry as Slot, HashMap};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use foldhash::fast::RandomState;
use ipgate_lpm::{Family, Prefix};
use ipnet::IpNet;

use super::build::Row;
use super::compiled::Table;
use super::entries::{Origin, Value};
use super::entry::EntryRef;
use super::layout::Note;
use super::patch::{self, Part, Patch, Places, Spot, decides_between, shifts_of};
use super::shifts::Shifts;
#[cfg(feature = "watch")]
use super::shifts::{ChangedLines, line_after};
use super::width::Width;

/// Tables of fewer compiled entries are compiled anew with every change: that takes less than a millisecond.
const SMALL: usize = 4096;
/// So is one of which more than this part was changed, which bounds time and memory.
const PART: usize = 16;

/// A compiled table, and what stands at those of its prefixes that were changed.
pub(super) struct Amended<'a> {
    table: &'a Table,
    v4: Rows<'a, u32>,
    v6: Rows<'a, u128>,
    digests: [Option<[u8; 32]>; 2],
    shifts: [Shifts; 2],
}

/// All entries of each changed prefix, the one that decides last.
type Rows<'a, K> = BTreeMap<(K, u8), Vec<Row<'a>>>;

impl<'a> Amended<'a> {
    /// A table, and what was changed in it so far.
    pub(super) fn of(table: &'a Table) -> Amended<'a> {
        Amended {
            table,
            v4: changed(&[table], table),
            v6: changed(&[table], table),
            digests: digests(table),
            shifts: shifts(table),
        }
    }

    /// A table that was compiled of the entries of another as it was `before`, and what was changed in that up to `now`. What
    /// was changed before and has been changed back is among it, though the other table has forgotten it.
    pub(super) fn since(table: &'a Table, before: &'a Table, now: &'a Table) -> Amended<'a> {
        let both = [before, now];
        let (v4, v6) = (changed(&both, now), changed(&both, now));
        Amended { table, v4, v6, digests: digests(now), shifts: shifts(table) }
    }

    /// The entries of a prefix, to be changed.
    pub(super) fn at(&mut self, prefix: IpNet) -> &mut Vec<Row<'a>> {
        match prefix {
            IpNet::V4(net) => at(self.table, &mut self.v4, (net.network().into(), net.prefix_len())),
            IpNet::V6(net) => at(self.table, &mut self.v6, (net.network().into(), net.prefix_len())),
        }
    }

    /// To be told where a list is no longer that of its text.
    pub(super) fn is_beyond_text(&mut self, origin: Origin) {
        self.digests[usize::from(origin == Origin::App)] = None;
    }

    /// To be told of changed lines of a list's text, ascending, whose entries are to be gone from all prefixes that were
    /// given to be changed.
    #[cfg(feature = "watch")]
    pub(super) fn change_lines(&mut self, origin: Origin, changes: &[ChangedLines]) {
        for rows in self.v4.values_mut().chain(self.v6.values_mut()) {
            rows.retain_mut(|row| {
                if row.origin == origin && row.line != 0 {
                    let Some(line) = line_after(changes, row.line) else { return false };
                    row.line = line;
                }
                true
            });
        }
        if let Some(shifts) = self.shifts.get_mut(usize::from(origin == Origin::App)) {
            shifts.change(changes);
        }
    }

    /// The table with the changes: beside what is compiled, or compiled anew where that is better.
    pub(super) fn into_table(self) -> Table {
        let compiled = {
            let (v4, v6) = self.table.entries.counts();
            v4 + v6
        };
        let table = self.patched();
        let changes = table.patch.as_ref().map_or(0, |patch| patch.size());
        // What precedes what is known to whole tables alone.
        let is_anew = compiled < SMALL || changes > compiled / PART || table.app_precedes();
        if is_anew { table.recompiled() } else { table }
    }

    /// The table with the changes beside what is compiled.
    pub(super) fn patched(mut self) -> Table {
        let table = self.table;
        self.v4.retain(|prefix, rows| *rows != compiled(table, &self.shifts, *prefix));
        self.v6.retain(|prefix, rows| *rows != compiled(table, &self.shifts, *prefix));
        let rows = || self.v4.values().flatten().chain(self.v6.values().flatten());
        let mut labels = Labels::of(table, rows().filter_map(|row| row.label));
        let scope = table.scope.listed();
        let created =
            SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64);
        let note =
            Note { generation: 0, created_micros: created, scope: scope.code(), digests: self.digests };
        let (v4, v6) = (part(table, &self.v4, &mut labels), part(table, &self.v6, &mut labels));
        let is_as_compiled =
            self.v4.is_empty() && self.v6.is_empty() && self.shifts.iter().all(Shifts::is_empty);
        let labels = labels.own;
        let patch = (!is_as_compiled).then(|| Arc::new(Patch { v4, v6, labels, note, shifts: self.shifts }));
        let mut patched = Table { patch, scope, left_out: None, ..table.alone() };
        patched.next_expiry = patched.expiring().filter_map(|entry| entry.until()).min();
        patched
    }
}

fn digests(table: &Table) -> [Option<[u8; 32]>; 2] {
    let info = table.info();
    [info.default_digest, info.app_digest]
}

/// Where the lines of the compiled entries of each list stand now.
fn shifts(table: &Table) -> [Shifts; 2] {
    table.patch.as_ref().map_or_else(Default::default, |patch| patch.shifts.clone())
}

/// What a table has now at the prefixes of a family that were changed in any of these.
fn changed<'a, K: Width>(tables: &[&'a Table], now: &'a Table) -> Rows<'a, K> {
    let parts = tables.iter().filter_map(|table| K::part(table));
    let prefixes = parts.flat_map(|part| part.prefixes.iter().copied());
    prefixes.map(|prefix| (prefix, standing(now, prefix))).collect()
}

/// The entries that stand at a prefix.
fn standing<K: Width>(table: &Table, prefix: (K, u8)) -> Vec<Row<'_>> {
    let spot =
        K::part(table).and_then(|part| part.places.spots.get(part.prefixes.binary_search(&prefix).ok()?));
    spot.map_or_else(|| standing_since(table, prefix), |spot| rows::<K>(table, spot.now.clone()))
}

fn at<'r, 'a, K: Width>(
    table: &'a Table,
    changed: &'r mut Rows<'a, K>,
    prefix: (K, u8),
) -> &'r mut Vec<Row<'a>> {
    changed.entry(prefix).or_insert_with(|| standing_since(table, prefix))
}

/// The compiled entries of a prefix, which was not changed.
fn standing_since<K: Width>(table: &Table, prefix: (K, u8)) -> Vec<Row<'_>> {
    rows::<K>(table, table.entries.columns(K::VERSION).range_of(prefix))
}

/// The same, with their lines where these shifts have them.
fn compiled<'a, K: Width>(table: &'a Table, shifts: &[Shifts; 2], prefix: (K, u8)) -> Vec<Row<'a>> {
    let entries = table.entries.columns(K::VERSION).range_of(prefix);
    let row = |index| {
        let entry = EntryRef::new(table, K::VERSION, index);
        let shifts = shifts_of(shifts, entry.origin());
        Row { line: entry.compiled_line().map_or(0, |line| shifts.line(line)), ..Row::of_table(entry) }
    };
    entries.map(row).collect()
}

fn rows<K: Width>(table: &Table, entries: impl Iterator<Item = usize>) -> Vec<Row<'_>> {
    entries.map(|index| Row::of_table(EntryRef::new(table, K::VERSION, index))).collect()
}

fn part<'a, K: Width>(table: &'a Table, changed: &Rows<'a, K>, labels: &mut Labels<'a>) -> Part<K> {
    let columns = table.entries.columns(K::VERSION);
    let mut places = Places { compiled: columns.count(), ..Places::default() };
    // Places of the prefixes around the one that is looked at, the longest last.
    let mut around: Vec<usize> = Vec::new();
    let mut list = Vec::with_capacity(changed.len());
    let prefixes: Vec<(K, u8)> = changed.keys().copied().collect();
    for (at, (prefix, rows)) in changed.iter().enumerate() {
        let covers = |outer: &usize| {
            prefixes.get(*outer).is_some_and(|(key, length)| prefix.0.masked(*length) == *key)
        };
        while around.pop_if(|outer| !covers(outer)).is_some() {}
        let first = places.compiled + places.rows.len();
        places.rows.extend(rows.iter().map(|row| labels.row(at, row)));
        let now = first..places.compiled + places.rows.len();
        let decides = if now.is_empty() {
            let compiled = columns.above(*prefix).map(|index| (index, columns.length(index)));
            decides_between(compiled, around.last().and_then(|outer| places.spots.get(*outer)))
        } else {
            Some(now.end - 1)
        };
        let (gone, has_inside) = (columns.range_of(*prefix), columns.has_inside(*prefix));
        places.gone += gone.len();
        places.spots.push(Spot { length: prefix.1, gone, now, decides, has_inside });
        list.push(Prefix { key: prefix.0, len: prefix.1, allow: true, value: at as u32 });
        around.push(at);
    }
    let family = Family::build(&list).expect("as many prefixes as a table has entries, at the most");
    Part { family, prefixes, places }
}

/// Numbers of labels: those that the table has, and more.
struct Labels<'a> {
    numbers: HashMap<&'a str, Option<u32>, RandomState>,
    /// How many the table has.
    compiled: usize,
    own: Vec<Box<str>>,
}

impl<'a> Labels<'a> {
    /// Room for these labels. O(l) for l labels of the table, if there are any.
    fn of(table: &'a Table, labels: impl Iterator<Item = &'a str>) -> Labels<'a> {
        let mut numbers: HashMap<_, _, RandomState> = labels.map(|label| (label, None)).collect();
        let compiled = table.entries.label_count();
        let known = if numbers.is_empty() { 0 } else { compiled as u32 };
        for number in 0..known {
            let label =
                table.entries.label_numbered(number).and_then(|label| std::str::from_utf8(label).ok());
            if let Some(to) = label.and_then(|label| numbers.get_mut(label)) {
                *to = Some(number);
            }
        }
        Labels { numbers, compiled, own: Vec::new() }
    }

    fn number(&mut self, label: &'a str) -> u32 {
        let next = (self.compiled + self.own.len()) as u32;
        let number = match self.numbers.entry(label) {
            Slot::Occupied(slot) => slot.into_mut(),
            Slot::Vacant(slot) => slot.insert(None),
        };
        *number.get_or_insert_with(|| {
            self.own.push(label.into());
            next
        })
    }

    fn row(&mut self, spot: usize, row: &Row<'a>) -> patch::Row {
        let label = row.label.map(|label| self.number(label));
        let value = Value::new(row.action, row.origin, label);
        patch::Row { spot, value, until: row.until, line: row.line }
    }
}
