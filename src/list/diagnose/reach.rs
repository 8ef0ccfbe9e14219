//! What a refused text names at most, read as loosely as people write: the bounds of every correction.

use std::net::IpAddr;

use ipnet::IpNet;

use super::expiry;
use super::length::{Octets, length_behind, octets};
use super::words::{DASHES, EVERYONE, TO};
use crate::address::{canonical_address, canonical_prefix, parse_v6};
use crate::list::grammar::{self, Item, Target};

/// The addresses of a text with the lengths and the `!` that are written there.
pub(super) struct Reach {
    spans: Vec<Span>,
    /// A word for everyone stands there, and no address.
    everyone: bool,
    /// An expiry is written.
    expires: bool,
    /// A `!` stands before something that may be an address, and is none: nobody knows whom it denies.
    denies_unknown: bool,
}

/// Addresses of one family from the first to the last.
struct Span {
    first: IpAddr,
    last: IpAddr,
    deny: bool,
}

/// Characters of the longest address and a group of four behind it that may be its label.
const LONGEST_V6: usize = 50;

/// An address as it was found.
struct Found {
    address: IpAddr,
    /// Bytes that it takes.
    len: usize,
    /// Some of its octets or groups are missing: it names nothing without a length.
    cut: bool,
}

impl Reach {
    pub(super) fn of(text: &str) -> Reach {
        let expires = expiry::is_written(text);
        let mut reach = Reach { spans: Vec::new(), everyone: false, expires, denies_unknown: false };
        reach.scan(text);
        if text.contains(". ") || text.contains(" .") {
            reach.scan(&text.replace(". ", ".").replace(" .", ".")); // `10.0. 0.1` is one address
        }
        let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '*');
        let is_one = |word: &str| EVERYONE.iter().any(|everyone| word.eq_ignore_ascii_case(everyone));
        // The marks of addresses belong to some address, however little of it is left.
        let named = text.split(';').next().unwrap_or(text);
        let is_bare = !named.contains(['/', '.', '[', ']']) && named.matches(':').count() <= 1;
        reach.everyone = reach.spans.is_empty() && is_bare && words.any(is_one);
        reach
    }

    /// Notes every address of a text.
    fn scan(&mut self, text: &str) {
        let mut at = 0;
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            let before = text.get(..at).unwrap_or_default();
            let found = if before.ends_with(is_inner) { Vec::new() } else { addresses(rest) };
            self.denies_unknown |= found.is_empty() && is_denied(before) && is_like_an_address(rest);
            for found in &found {
                self.add(found, rest.get(found.len..).unwrap_or_default(), is_denied(before));
            }
            at += match found.first() {
                Some(longest) => longest.len.max(1),
                None => rest.chars().next().map_or(1, char::len_utf8),
            };
        }
    }

    /// Notes what an address names, with what stands behind it.
    fn add(&mut self, found: &Found, mut behind: &str, deny: bool) {
        let max = if found.address.is_ipv4() { 32 } else { 128 };
        let mut add = |first, last| self.spans.push(Span { first, last, deny });
        if !found.cut {
            add(canonical_address(found.address), canonical_address(found.address));
        }
        while let Some((length, len)) = length_behind(behind, max) {
            if let Some(net) = length.and_then(|length| IpNet::new(found.address, length).ok()) {
                let net = canonical_prefix(net).prefix;
                add(net.network(), net.broadcast());
            }
            behind = behind.get(len..).unwrap_or_default();
        }
        for other in range_ends(behind) {
            let (one, other) = (canonical_address(found.address), canonical_address(other));
            if one.is_ipv4() == other.is_ipv4() {
                add(one.min(other), one.max(other));
            }
        }
    }

    /// Whether entries let in nobody whom the text does not name, and keep an expiry that is written there.
    pub(super) fn holds(&self, entries: &str) -> bool {
        let items: Option<Vec<Item<'_>>> = entries.split(',').map(grammar::item).collect();
        let Some(items) = items else { return false };
        let denied: Vec<IpNet> = items.iter().filter(|item| item.deny).flat_map(prefixes).collect();
        let stays_denied = |first: IpAddr| denied.iter().any(|net| net.contains(&first));
        let is_named = |deny: bool, net: IpNet| {
            let lies_in = |span: &Span| span.first <= net.network() && net.broadcast() <= span.last;
            let holds_denied =
                |span: &Span| span.deny && net.contains(&span.first) && !stays_denied(span.first);
            let of_family = || self.spans.iter().filter(|span| span.first.is_ipv4() == net.addr().is_ipv4());
            of_family().any(|span| span.deny == deny && lies_in(span))
                && (deny || !self.denies_unknown && !of_family().any(holds_denied))
        };
        let names = |item: &Item<'_>| match item.target {
            Target::All => self.everyone,
            _ => prefixes(item).into_iter().all(|net| is_named(item.deny, net)),
        };
        items.iter().all(names) && (!self.expires || items.iter().any(|item| item.until.is_some()))
    }
}

/// The canonical prefixes of an item.
fn prefixes(item: &Item<'_>) -> Vec<IpNet> {
    let mut found = Vec::new();
    item.target.for_each_prefix(|prefix| found.push(canonical_prefix(prefix).prefix));
    found
}

/// Whether an address does not begin behind such a character: it would be a part of something else.
fn is_inner(before: char) -> bool {
    before.is_alphanumeric() || matches!(before, '.' | '_')
}

/// Whether a text begins as an address does.
fn is_like_an_address(text: &str) -> bool {
    let word = text.split([' ', '\t']).next().unwrap_or(text);
    word.starts_with(|c: char| c.is_ascii_hexdigit() || c == ':') && word.contains(['.', ':'])
}

/// Whether `!` stands before what follows.
fn is_denied(before: &str) -> bool {
    before.trim_end_matches(['[', ' ', '\t']).ends_with('!')
}

/// The addresses at the start of a text, the longest first: IPv6 may have a label behind it that reads as its end,
/// and the end of an address may be missing.
fn addresses(text: &str) -> Vec<Found> {
    if let Some(Octets { address, len, cut }) = octets(text) {
        return vec![Found { address: address.into(), len, cut }];
    }
    let is_part = |c: char| c.is_ascii_hexdigit() || matches!(c, ':' | '.');
    let run = text.char_indices().take(LONGEST_V6).take_while(|(_, c)| is_part(*c)).count();
    let run = text.get(..run).unwrap_or_default();
    let colons = run.rmatch_indices(':').map(|(at, _)| at);
    let v6 = |len| Some(Found { address: parse_v6(run.get(..len)?)?.into(), len, cut: false });
    let mut found: Vec<Found> = std::iter::once(run.len()).chain(colons).filter_map(v6).collect();
    if found.is_empty()
        && run.contains(':')
        && let Some(v6) = parse_v6(&format!("{run}::"))
    {
        found.push(Found { address: v6.into(), len: run.len(), cut: true });
    }
    found
}

/// The addresses behind a dash, whatever stands for the dash.
fn range_ends(text: &str) -> Vec<IpAddr> {
    let text = text.trim_start_matches([' ', '\t', ']']);
    let behind = text.strip_prefix(DASHES).or_else(|| TO.iter().find_map(|word| text.strip_prefix(word)));
    let found = addresses(behind.unwrap_or_default().trim_start_matches([' ', '\t', '[']));
    found.into_iter().filter(|found| !found.cut).map(|found| found.address).collect()
}
