//! Two entries or more with something other than a comma between them.

use std::collections::HashSet;

use super::label;
use super::length::{is_netmask, length_behind, netmask_length};
use super::parts::Parts;
use super::problem::{Problem, is_entry, say, target, write};
use super::token::Token;
use super::words::AND;
use crate::address::{parse_v4, parse_v6};
use crate::list::diagnostic::Code;
use crate::list::grammar::{self, Item};
use crate::list::label::BLANKS;

const MARKS: [char; 4] = [' ', '\t', '|', ';'];

/// What to do where the entries themselves cannot be told.
pub(super) const APART: &str = "write a comma or a line break between entries";

/// More entries than a person would read in one suggestion.
const MOST: usize = 8;

pub(super) fn separator(piece: &str) -> Option<Problem> {
    for (at, mark) in piece.char_indices().filter(|(_, c)| MARKS.contains(c)) {
        let (left, right) = around(piece, at)?;
        if left.is_empty() || !is_entry(left) || !begins_with_address(right) {
            continue;
        }
        if let Some(problem) = netmask(piece, left, at) {
            return Some(problem);
        }
        let name = match mark {
            ' ' | '\t' => "a blank".to_owned(),
            mark => format!("`{mark}`"),
        };
        let token = Token { text: piece.get(at..at + 1)?, start: at };
        let entries = entries(piece).filter(|entries| entries.len() <= MOST);
        let advice = match entries.filter(|entries| !contradict(entries)) {
            Some(entries) => write(entries.join(",")),
            None => say(APART),
        };
        return Some(token.problem(Code::Separator, format!("{name} does not separate entries"), advice));
    }
    None
}

/// What stands before and behind a mark, without blanks and without a word between two entries.
fn around(piece: &str, at: usize) -> Option<(&str, &str)> {
    let left = piece.get(..at)?.trim_end_matches(BLANKS);
    let right = piece.get(at + 1..)?.trim_start_matches(BLANKS);
    let word = AND.iter().find_map(|word| right.strip_prefix(word));
    Some((left, word.unwrap_or(right).trim_start_matches(BLANKS)))
}

/// The entries that a text is made of, where all of it is: each as it was written.
fn entries(piece: &str) -> Option<Vec<&str>> {
    let mut found = Vec::new();
    let mut rest = piece;
    'entry: while found.len() <= MOST {
        for (at, _) in rest.char_indices().filter(|(_, c)| MARKS.contains(c)) {
            let (left, right) = around(rest, at)?;
            if !left.is_empty() && is_entry(left) && begins_with_address(right) {
                found.push(left);
                rest = right;
                continue 'entry;
            }
        }
        let is_last =
            grammar::item(rest).is_some_and(|item| item.label.is_none_or(|l| label::looks_like(l).is_none()));
        found.push(rest);
        return is_last.then_some(found);
    }
    Some(found)
}

/// Whether one prefix is allowed by one entry and denied by another.
fn contradict(entries: &[&str]) -> bool {
    let items = || entries.iter().filter_map(|entry| grammar::item(entry));
    let prefixes = |deny: bool| {
        let mut prefixes = HashSet::new();
        let mut add =
            |item: Item<'_>| item.target.for_each_prefix(|prefix| _ = prefixes.insert(prefix.trunc()));
        items().filter(|item| item.deny == deny).for_each(&mut add);
        prefixes
    };
    !prefixes(true).is_disjoint(&prefixes(false))
}

/// `10.0.0.0 255.0.0.0` and `10.0.0.0 netmask 255.0.0.0`, as routers write it, and `10.0.0.0 0.255.255.255`.
fn netmask(piece: &str, left: &str, at: usize) -> Option<Problem> {
    let address = parse_v4(left.strip_prefix('!').unwrap_or(left))?;
    let behind = piece.get(at..)?;
    let (length, len) = length_behind(behind, 32)?;
    let mask = behind.get(..len)?.split(BLANKS).next_back()?;
    let rest = behind.get(len..)?.trim_start_matches(BLANKS);
    let length = length.filter(|_| is_netmask(mask) && netmask_length(mask).is_some())?;
    let advice = match rest.is_empty() || rest.starts_with(';') {
        true => target(format_args!("{address}/{length}")),
        false => say(format!("write the length /{length} in the place of the netmask")),
    };
    let message = format!("`{mask}` is a netmask, not an entry");
    Some(Token::within(piece, mask).problem(Code::Netmask, message, advice))
}

/// The netmask behind a word for it: `10.0.0.0 netmask 255.0.0.0`.
pub(super) fn named_netmask(piece: &str) -> Option<Problem> {
    let at = piece.find(BLANKS)?;
    let word = piece.get(at..)?.trim_start_matches(BLANKS);
    let is_named = ["netmask", "mask"].iter().any(|name| word.starts_with(name));
    is_named.then(|| netmask(piece, piece.get(..at)?, at))?
}

/// Whether the first word of a text is an address, a prefix or `!` and one of them.
pub(super) fn begins_with_address(text: &str) -> bool {
    let word = text.split([' ', '\t', '|', ';', ',', '/']).next().unwrap_or(text).trim_start_matches('!');
    let word = word.trim_start_matches('[').trim_end_matches(']');
    let first = word.split('-').next().unwrap_or(word);
    let before_label = word.split(':').next().unwrap_or(word);
    [word, first, before_label].iter().any(|word| parse_v4(word).is_some()) || parse_v6(first).is_some()
}

/// What to do where a label holds an address that is meant as an entry.
pub(super) fn split_label(piece: &str, label: &str, address: &str) -> String {
    let parts = Parts::of(piece);
    let split = || {
        let at = Token::within(label, address).start;
        let is_loose = |c: char| BLANKS.contains(&c) || matches!(c, '|' | '!' | '-' | '>' | '=' | '&' | '+');
        let name = label.get(..at)?.trim_end_matches(is_loose);
        let has_mark = label.get(name.len()..at)?.contains(['|', ' ', '\t']);
        let rest = label.get(at.checked_sub(usize::from(label.get(..at)?.ends_with('!')))?..)?;
        let word = AND.iter().find_map(|word| name.strip_suffix(word.trim_end())?.strip_suffix(' '));
        let name = word.unwrap_or(name).trim_end_matches(is_loose);
        let first = piece.get(..Token::within(piece, label).start + name.len())?;
        let attributes =
            if parts.attributes.is_empty() { String::new() } else { format!(";{}", parts.attributes) };
        let (first, rest) = (format!("{first}{attributes}"), format!("{rest}{attributes}"));
        let is_pair = has_mark && is_entry(&first) && is_entry(&rest) && !contradict(&[&first, &rest]);
        is_pair.then(|| format!("if it is meant as one, write `{first},{rest}`"))
    };
    let split = if address == "all" { None } else { split() };
    split.unwrap_or_else(|| "if it is meant as one, write it as an entry of its own".to_owned())
}
