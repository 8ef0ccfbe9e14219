//! What must hold of the fixes that are offered for a list, whatever it says. Tests and a fuzz target ask it of theirs.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use ipgate::ipnet::IpNet;
use ipgate::list::{Edit, Linter, Parsed, Parser, Rejected, apply_edits};
use ipgate::{List, Reason};

use super::golden::Golden;

/// A strict reading at `now` with every lint.
pub(crate) fn lint(text: &[u8], now: SystemTime) -> Result<Parsed, Rejected> {
    Parser::new().at(now).lint(Linter::new()).max_diagnostics(usize::MAX).parse(text)
}

/// The fixes that are offered, each of one diagnostic or more.
pub(crate) fn fixes(parsed: &Parsed) -> Vec<&[Edit]> {
    parsed
        .report
        .diagnostics()
        .iter()
        .map(|diagnostic| diagnostic.fix())
        .filter(|fix| !fix.is_empty())
        .collect()
}

/// The text with all fixes made, and made again until none is left.
pub(crate) fn fixed(text: &[u8], now: SystemTime) -> Vec<u8> {
    let mut text = text.to_vec();
    loop {
        let parsed = lint(&text, now).expect("a fixed list is a list");
        let edits = fixes(&parsed).concat();
        if edits.is_empty() {
            return text;
        }
        let next = apply_edits(&text, &edits);
        assert!(next != text, "the fixes of {:?} change nothing", String::from_utf8_lossy(&text));
        text = next;
    }
}

/// Some of the fixes, and all of them, change no verdict, no label and no expiry of any address at any time. Of a
/// list that is rejected none is offered. `chosen` says of each fix whether it is made.
pub(crate) fn check_fixes(text: &[u8], now: SystemTime, mut chosen: impl FnMut(usize) -> bool) {
    let parsed = match lint(text, now) {
        Ok(parsed) => parsed,
        Err(rejected) => {
            assert!(rejected.report().diagnostics().iter().all(|diagnostic| diagnostic.fix().is_empty()));
            return;
        }
    };
    let offered = fixes(&parsed);
    if offered.is_empty() {
        return;
    }
    let some: Vec<&[Edit]> =
        offered.iter().enumerate().filter(|(i, _)| chosen(*i)).map(|(_, fix)| *fix).collect();
    let results = [apply_edits(text, &some.concat()), apply_edits(text, &offered.concat()), fixed(text, now)];
    for result in results {
        let what =
            || format!("{:?} became {:?}", String::from_utf8_lossy(text), String::from_utf8_lossy(&result));
        let left = lint(&result, now).unwrap_or_else(|rejected| panic!("{}: {rejected}", what())).list;
        check_alike(&parsed.list, &left, now, &what);
        assert!(parsed.list.decides_as(&left, now), "{}", what());
    }
}

/// Whether two lists say the same, by the golden model.
fn check_alike(old: &List, new: &List, now: SystemTime, what: &dyn Fn() -> String) {
    let (before, after) = (Golden::of_list(old), Golden::of_list(new));
    for time in times(old, now) {
        for address in edges(old) {
            let said = |golden: &Golden| -> (Reason, Option<String>, Option<SystemTime>) {
                let verdict = golden.decide(address, time);
                let until = verdict.entry.as_ref().and_then(|entry| entry.until());
                (verdict.reason, verdict.label().map(str::to_owned), until.map(|until| until.system_time()))
            };
            assert_eq!(said(&before), said(&after), "{address} at {time:?}: {}", what());
        }
    }
}

/// The time of the lint, and those before, at and after which an entry expires later.
fn times(list: &List, now: SystemTime) -> Vec<SystemTime> {
    let step = Duration::from_micros(1);
    let ends = list.entries().iter().filter_map(|entry| entry.until()).map(|until| until.system_time());
    let mut times: Vec<SystemTime> =
        ends.flat_map(|end| [end - step, end, end + step]).chain([now]).collect();
    times.retain(|time| *time >= now);
    times.sort();
    times.dedup();
    times
}

/// Addresses at and around the edges of every entry.
fn edges(list: &List) -> Vec<IpAddr> {
    let mut edges: Vec<IpAddr> = list
        .entries()
        .iter()
        .flat_map(|entry| match entry.prefix() {
            IpNet::V4(net) => {
                let (first, last) = (u32::from(net.network()), u32::from(net.broadcast()));
                let edges =
                    [first.wrapping_sub(1), first, first + (last - first) / 2, last, last.wrapping_add(1)];
                edges.map(|bits| IpAddr::V4(bits.into()))
            }
            IpNet::V6(net) => {
                let (first, last) = (u128::from(net.network()), u128::from(net.broadcast()));
                let edges =
                    [first.wrapping_sub(1), first, first + (last - first) / 2, last, last.wrapping_add(1)];
                edges.map(|bits| IpAddr::V6(bits.into()))
            }
        })
        .collect();
    edges.sort();
    edges.dedup();
    edges
}
