//! Where the access to an app can differ at all: a default list of a million entries is not gone through for each of ten
//! thousand apps because one entry has changed.

use std::collections::BTreeSet;

use ipgate::diff::Diff;
use ipgate::ipnet::IpNet;
use ipgate::{Entry, List, Mode, Policy};

/// The default lists of two sites, ready to have parts cut out of them.
pub(super) struct Defaults<'s> {
    /// Their entries by prefix; those of one prefix keep their order, of which the last one decides.
    sorted: [Vec<&'s Entry>; 2],
    /// The prefixes of entries that are not in both.
    changed: Vec<IpNet>,
}

/// The addresses for which two policies of an app may decide differently.
enum Region {
    Anywhere,
    Within(Vec<IpNet>),
}

impl<'s> Defaults<'s> {
    /// `diff` is what changes between the two.
    pub(super) fn new(lists: [Option<&'s List>; 2], diff: Option<&Diff>) -> Defaults<'s> {
        let sorted = lists.map(|list| {
            let mut entries: Vec<&Entry> = list.into_iter().flatten().collect();
            entries.sort_by_key(|entry| entry.prefix());
            entries
        });
        Defaults { sorted, changed: diff.map(changed).unwrap_or_default() }
    }

    /// The old and the new policy of an app, with as much of the default lists as it takes to see all that differs; nothing
    /// where nothing can.
    pub(super) fn narrowed(&self, policies: [Policy; 2]) -> Option<[Policy; 2]> {
        let region = match self.region(&policies) {
            Region::Anywhere => return Some(policies),
            Region::Within(region) if region.is_empty() => return None,
            Region::Within(region) => IpNet::aggregate(&region),
        };
        let [old, new] = policies;
        let [of_old, of_new] = &self.sorted;
        Some([(old, of_old), (new, of_new)].map(|(policy, sorted)| {
            let part = policy.default_list().map(|_| List::from_entries(overlapping(sorted, &region)));
            match part {
                Some(Ok(part)) => policy.with_default(part),
                // A part of a list is a list, and the whole one does as well.
                Some(Err(_)) | None => policy,
            }
        }))
    }

    /// Follows the table of [`Policy`].
    fn region(&self, policies: &[Policy; 2]) -> Region {
        let [old, new] = policies;
        let is_unset = |policy: &Policy| policy.default_list().is_none() && policy.app_list().is_none();
        let is_app_alone = |policy: &Policy| {
            policy.app_list().is_some()
                && (policy.mode() == Mode::Override || policy.default_list().is_none())
        };
        let empty = List::new();
        let apps = policies.each_ref().map(|policy| policy.app_list().unwrap_or(&empty));
        let changed_of_app =
            || if apps[0] == apps[1] { Vec::new() } else { changed(&Diff::between(apps[0], apps[1])) };
        match policies.each_ref().map(|policy| (is_unset(policy), is_app_alone(policy))) {
            [(true, _), (true, _)] if old.is_enforced() == new.is_enforced() => Region::Within(Vec::new()),
            [(true, _), _] | [_, (true, _)] => Region::Anywhere,
            [(_, true), (_, true)] => Region::Within(changed_of_app()),
            [(_, true), _] | [_, (_, true)] => Region::Anywhere,
            // Both lists have a say, where the app's is set.
            _ if old.mode() == new.mode() => {
                Region::Within([changed_of_app(), self.changed.clone()].concat())
            }
            _ => {
                let of_apps = apps.into_iter().flatten().map(Entry::prefix);
                Region::Within(of_apps.chain(self.changed.iter().copied()).collect())
            }
        }
    }
}

/// The prefixes of all entries that are not in both lists.
fn changed(diff: &Diff) -> Vec<IpNet> {
    let relabelled = diff.relabelled().iter().map(|pair| &pair.new);
    diff.added().iter().chain(diff.removed()).chain(relabelled).map(Entry::prefix).collect()
}

/// The entries in some prefixes, and those around them: all that decides there. O(log n) for n entries and each prefix,
/// beside what is found.
fn overlapping(sorted: &[&Entry], prefixes: &[IpNet]) -> Vec<Entry> {
    let mut places = BTreeSet::new();
    let mut take = |first: IpNet, is_meant: &dyn Fn(IpNet) -> bool| {
        let start = sorted.partition_point(|entry| entry.prefix() < first);
        let found = sorted.iter().enumerate().skip(start).take_while(|(_, entry)| is_meant(entry.prefix()));
        places.extend(found.map(|(place, _)| place));
    };
    for prefix in prefixes {
        take(*prefix, &|inside| prefix.contains(&inside));
        for around in std::iter::successors(prefix.supernet(), IpNet::supernet) {
            take(around, &|same| same == around);
        }
    }
    places.into_iter().filter_map(|place| sorted.get(place).map(|entry| (*entry).clone())).collect()
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use ipgate::Table;
    use ipgate::space::Space;

    use super::*;

    fn list(text: &str) -> List {
        text.parse().unwrap()
    }

    fn gained_and_lost(policies: &[Policy; 2]) -> [Space; 2] {
        let now = SystemTime::now();
        let [old, new] = policies.each_ref().map(|policy| Table::from_policy_at(policy, now).allowed_space());
        [new.difference(&old), old.difference(&new)]
    }

    /// Of all policies over some lists, what is cut out says what the whole says.
    #[test]
    fn a_part_shows_all_that_differs() {
        let texts = [
            "",
            "10.0.0.0/8:corp,!10.9.0.0/16:lab,10.9.1.0/24,192.0.2.7",
            "10.0.0.0/8:corp,10.9.1.0/25,!10.9.1.64/26,2001:db8::/32",
            "!10.9.1.0/24,all",
        ];
        let mut all = Vec::new();
        for default in [None, Some(texts[0]), Some(texts[1]), Some(texts[2]), Some(texts[3])] {
            for app in [None, Some(texts[0]), Some(texts[1]), Some(texts[2]), Some(texts[3])] {
                for mode in [Mode::Extend, Mode::Override, Mode::Precede] {
                    for enforce in [false, true] {
                        let mut policy = Policy::new().with_mode(mode).with_enforce(enforce);
                        policy =
                            default.into_iter().fold(policy, |policy, text| policy.with_default(list(text)));
                        all.push(app.into_iter().fold(policy, |policy, text| policy.with_app(list(text))));
                    }
                }
            }
        }
        let mut narrowed = 0;
        for old in &all {
            for new in &all {
                let lists = [old.default_list(), new.default_list()];
                let empty = List::new();
                let diff = Diff::between(lists[0].unwrap_or(&empty), lists[1].unwrap_or(&empty));
                let whole = gained_and_lost(&[old.clone(), new.clone()]);
                let part = Defaults::new(lists, Some(&diff)).narrowed([old.clone(), new.clone()]);
                let Some(part) = part else {
                    assert!(whole.iter().all(Space::is_empty), "{old:?} {new:?}");
                    continue;
                };
                let length = |policy: &Policy| policy.default_list().map_or(0, List::len);
                narrowed += usize::from(length(&part[0]) < length(old) || length(&part[1]) < length(new));
                assert_eq!(gained_and_lost(&part), whole, "{old:?} {new:?}");
            }
        }
        assert!(narrowed > 500, "{narrowed}");
    }

    #[test]
    fn what_overlaps() {
        let list = list("10.0.0.0/8,!10.9.0.0/16,10.9.1.0/24,10.9.1.0/24:b,10.9.2.0/24,11.0.0.0/8,::/0");
        let mut sorted: Vec<&Entry> = list.entries().iter().collect();
        sorted.sort_by_key(|entry| entry.prefix());
        let overlapping = |prefix: &str| {
            let found = overlapping(&sorted, &[prefix.parse().unwrap()]);
            found.iter().map(Entry::to_string).collect::<Vec<_>>().join(",")
        };
        assert_eq!(overlapping("10.9.1.128/25"), "10.0.0.0/8,!10.9.0.0/16,10.9.1.0/24,10.9.1.0/24:b");
        assert_eq!(overlapping("10.9.2.0/23"), "10.0.0.0/8,!10.9.0.0/16,10.9.2.0/24");
        assert_eq!(overlapping("2001:db8::1/128"), "::/0");
        assert_eq!(overlapping("192.0.2.1/32"), "");
    }
}
