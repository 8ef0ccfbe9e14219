//! Expiries as people write them: where one stands in a text, and which instant it names, as far as that is
//! plain. A date that could be two is none.

use crate::list::label::BLANKS;
use crate::list::until::Until;

/// An expiry in a text that is not an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mention<'a> {
    /// The text before it, without what separates it.
    pub(super) before: &'a str,
    /// The word and what follows it.
    pub(super) text: &'a str,
    /// What stands behind the word.
    pub(super) value: &'a str,
}

/// Words before a date that make it an expiry.
const WORDS: [&str; 9] = ["until", "expires", "expiry", "expire", "expired", "exp", "valid", "ends", "till"];

/// What may stand between such a word and its date.
const BETWEEN: [char; 7] = ['=', ':', ' ', '\t', '-', '_', '('];

/// What separates an expiry from a label before it.
const AROUND: [char; 9] = [' ', '\t', ':', '(', '[', ',', '-', '|', ';'];

/// The first expiry in a text: a word for it with a date behind, or `until=` whatever follows.
pub(super) fn mention(text: &str) -> Option<Mention<'_>> {
    let mut at = 0;
    for word in text.split(|c: char| !c.is_alphabetic()) {
        let start = at;
        at += word.len() + text.get(at + word.len()..)?.chars().next().map_or(0, char::len_utf8);
        if !WORDS.iter().any(|w| word.eq_ignore_ascii_case(w)) {
            continue;
        }
        let behind = text.get(start + word.len()..)?;
        let value = behind.trim_start_matches(BETWEEN);
        let value = value.strip_prefix("on ").or_else(|| value.strip_prefix("until ")).unwrap_or(value);
        let is_attribute = word.eq_ignore_ascii_case("until") && behind.trim_start().starts_with('=');
        if is_attribute || begins_with_date(value) {
            let before = text.get(..start)?.trim_end_matches(AROUND);
            return Some(Mention { before, text: text.get(start..)?, value });
        }
    }
    None
}

/// Whether an expiry is written anywhere in a text.
pub(super) fn is_written(text: &str) -> bool {
    let is_dated = |attribute: &str| begins_with_date(attribute.trim_start_matches(BLANKS));
    mention(text).is_some() || text.split(';').skip(1).any(is_dated)
}

/// Whether a text begins with numbers that a date could be: `2026-12-31`, `31.12.2026`, `2026/12/31`.
fn begins_with_date(text: &str) -> bool {
    let len = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '-' | '.' | '/')).unwrap_or(text.len());
    let numbers: Vec<&str> =
        text.get(..len).unwrap_or_default().split(['-', '.', '/']).filter(|part| !part.is_empty()).collect();
    matches!(numbers.as_slice(), [a, b, c, ..] if a.len().max(c.len()) == 4 && b.len() <= 2)
}

/// The expiry among attributes, the text behind the first `;`: the earliest where there are several. `None` where
/// something there can be no expiry that is plain.
pub(super) fn of_attributes(attributes: &str) -> Option<Option<Until>> {
    let mut found: Option<Until> = None;
    for attribute in attributes.split(';').map(|a| a.trim_matches(BLANKS)).filter(|a| !a.is_empty()) {
        let until = match mention(attribute) {
            Some(mention) => read(mention.value)?,
            None if begins_with_date(attribute) => read(attribute)?,
            None => continue,
        };
        found = Some(found.map_or(until, |earlier| earlier.min(until)));
    }
    Some(found)
}

/// The instant that a text names, where it is plain: RFC 3339, or nearly.
pub(super) fn read(text: &str) -> Option<Until> {
    let text = text.trim_matches(['"', '\'', ')', ']', ' ', '\t']);
    if let Ok(until) = text.parse() {
        return Some(until);
    }
    if let (10 | 13, Ok(epoch)) = (text.len(), text.parse::<i64>()) {
        let scale = if text.len() == 10 { 1_000_000 } else { 1_000 };
        return text
            .starts_with(|c: char| c.is_ascii_digit())
            .then(|| Until::from_unix_micros(epoch * scale))?;
    }
    let end = text.find(['T', 't', ' ', '\t']).unwrap_or(text.len());
    let (day, rest) = (date(text.get(..end)?)?, text.get(end..)?.trim_start_matches(['T', 't', ' ', '\t']));
    match rest.starts_with(|c: char| c.is_ascii_digit()) {
        true => date_time(&day, rest),
        // What follows is no time of that day: without one the expiry is the day's end.
        false if text.get(end..)?.starts_with(BLANKS) || rest.is_empty() => day.parse().ok(),
        false => None,
    }
}

/// A date-time whose seconds may be missing or whose time zone may stand behind a blank; none without a zone.
fn date_time(day: &str, time: &str) -> Option<Until> {
    let time: String = time.split(BLANKS).take(2).collect();
    let zone = time.find(['Z', 'z', '+', '-']).filter(|at| *at > 0)?;
    let (clock, zone) = time.split_at_checked(zone)?;
    let seconds = if clock.matches(':').count() == 1 { ":00" } else { "" };
    format!("{day}T{clock}{seconds}{zone}").parse().ok()
}

/// A date in RFC 3339, from one with other separators, without zeros or, where only one reading is a date, with
/// the day first.
fn date(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.split(['-', '.', '/']).collect();
    let &[first, second, third] = parts.as_slice() else { return None };
    if ![first, second, third].iter().all(|part| part.bytes().all(|b| b.is_ascii_digit())) {
        return None;
    }
    let (year, month, day) = match (first.len(), third.len(), first.parse::<u8>(), second.parse::<u8>()) {
        (4, 1 | 2, ..) => (first, second, third),
        (1 | 2, 4, Ok(day), Ok(month)) if day > 12 || day == month => (third, second, first),
        (1 | 2, 4, Ok(_), Ok(day)) if day > 12 => (third, first, second),
        _ => return None,
    };
    (month.len() <= 2 && day.len() <= 2).then(|| format!("{year}-{month:0>2}-{day:0>2}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_dates_are_read_and_others_are_not() {
        for (text, expected) in [
            ("2026-12-31", Some("2026-12-31")),
            ("2026-12-31 office", Some("2026-12-31")),
            ("2026-3-1", Some("2026-03-01")),
            ("2026/12/31", Some("2026-12-31")),
            ("31.12.2026", Some("2026-12-31")),
            ("12/31/2026", Some("2026-12-31")),
            ("\"2026-12-31\"", Some("2026-12-31")),
            ("2026-12-31 18:00:00Z", Some("2026-12-31T18:00:00Z")),
            ("2026-12-31T18:00Z", Some("2026-12-31T18:00:00Z")),
            ("2026-12-31 18:00 +02:00", Some("2026-12-31T16:00:00Z")),
            ("1798740000", Some("2026-12-31T18:00:00Z")),
            ("1798740000000", Some("2026-12-31T18:00:00Z")),
            ("05.06.2026", None),
            ("2026-13-01", None),
            ("2026-12-31 18:00", None),
            ("2026-12-31T18:00:00", None),
            ("2026-12-31x", None),
            ("tomorrow", None),
            ("-179874000", None),
            ("", None),
        ] {
            assert_eq!(read(text).map(|until| until.to_string()).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn expiries_are_found_in_other_text() {
        for (text, expected) in [
            ("corp until=2020-01-01", Some("corp")),
            ("corp (until=x)", Some("corp")),
            ("corp expires 2020-01-01", Some("corp")),
            ("corp - valid until 2020-01-01", Some("corp")),
            ("UNTIL = soon", Some("")),
            ("untilled", None),
            ("until further notice", None),
            ("expires", None),
            ("corp 2020-01-01", None),
        ] {
            assert_eq!(mention(text).map(|mention| mention.before), expected, "{text:?}");
        }
    }
}
