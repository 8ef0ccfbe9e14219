//! The app list before the default list: where an entry of the app list covers an address, the longest of them decides,
//! whatever the default list has inside.
//!
//! Prefixes lie in each other or apart, so a prefix of the default list decides for all of its addresses or, where one of
//! the app list is around it, for none. Such a prefix stays in the table: it decides again when what is around it has
//! expired. Until then the compiled structures give it the value of the app list's entry, so that a lookup finds that
//! value in one search, as in any other table; only the name of the entry takes a look at what is around.

use ipgate_lpm::{Key, Prefix};
use ipnet::IpNet;

use super::entries::Origin;
use super::entry::EntryRef;

/// Sorted prefixes as they decide, where those with a value that `is_first` precede the others: a prefix of the others
/// inside of one of these says what the innermost of these says. `None` where all say what they say by themselves. O(n)
/// for n prefixes.
pub(super) fn deciding<K: Key>(
    prefixes: &[Prefix<K>],
    is_first: impl Fn(u32) -> bool,
) -> Option<Vec<Prefix<K>>> {
    let mut around: Vec<&Prefix<K>> = Vec::new();
    let mut deciding = None;
    for (place, prefix) in prefixes.iter().enumerate() {
        while around.pop_if(|outer| !covers(outer, prefix)).is_some() {}
        if is_first(prefix.value) {
            around.push(prefix);
        } else if let Some(first) = around.last()
            && let Some(inside) = deciding.get_or_insert_with(|| prefixes.to_vec()).get_mut(place)
        {
            (inside.allow, inside.value) = (first.allow, first.value);
        }
    }
    deciding
}

fn covers<K: Key>(outer: &Prefix<K>, inner: &Prefix<K>) -> bool {
    outer.len <= inner.len && outer.key == inner.key.masked(outer.len)
}

/// Sorted entries of a table without those of the default list inside of which nothing of it decides.
pub(super) fn in_force<'t>(
    entries: impl Iterator<Item = EntryRef<'t>>,
) -> impl Iterator<Item = EntryRef<'t>> {
    let mut outermost = None; // prefix of the app list around the place
    entries.filter(move |entry| {
        if !entry.table().app_precedes() {
            return true;
        }
        let prefix = entry.prefix();
        let is_inside = outermost.is_some_and(|outermost: IpNet| outermost.contains(&prefix));
        let is_of_app = entry.origin() == Origin::App;
        if is_of_app && !is_inside {
            outermost = Some(prefix);
        }
        is_of_app || !is_inside
    })
}

impl<'t> EntryRef<'t> {
    /// The entry that decides where this one has the longest prefix: itself, unless an entry of the app list around it
    /// precedes it.
    /// O(log n) for each prefix length and n entries, at once where it is itself of the app list.
    pub(super) fn or_preceding(self) -> EntryRef<'t> {
        if !self.table().app_precedes() {
            return self;
        }
        self.around().find(|outer| outer.origin() == Origin::App).unwrap_or(self)
    }
}
