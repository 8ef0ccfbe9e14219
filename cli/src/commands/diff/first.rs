//! The first instant at which two things differ: what is the same today and not next year is not the same.

use std::collections::BTreeSet;
use std::time::SystemTime;

use ipgate::List;
use ipgate::list::Until;

/// The difference now, or the first one at an instant at which entries of some lists expire, with that instant. As many
/// comparisons as there are such instants.
pub(super) fn first_difference<'l, T>(
    lists: impl IntoIterator<Item = &'l List>,
    compare: impl Fn(SystemTime) -> T,
    is_same: impl Fn(&T) -> bool,
) -> (Option<Until>, T) {
    let now = SystemTime::now();
    let today = compare(now);
    if !is_same(&today) {
        return (None, today);
    }
    let expiries = lists.into_iter().flatten().filter_map(|entry| entry.until());
    let instants: BTreeSet<Until> = expiries.filter(|until| !until.has_passed(now)).collect();
    let mut later = instants.into_iter().map(|at| (Some(at), compare(at.system_time())));
    later.find(|(_, difference)| !is_same(difference)).unwrap_or((None, today))
}
