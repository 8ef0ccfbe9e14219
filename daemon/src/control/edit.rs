//! Edits of a list's text: comments, labels and layout of what stays are as they were.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use ipgate::list::{Edit, Parser, append_lines, apply_edits};
use ipgate::{Entry, List};

use super::answer::Refusal;
use super::body::Given;

/// A list, edited.
#[derive(Debug, Clone)]
pub(super) struct Edited {
    /// Its text; none where nothing is left, so that there is no list.
    pub(super) text: Option<String>,
    pub(super) list: List,
    pub(super) added: Vec<String>,
    pub(super) removed: Vec<String>,
}

impl Edited {
    /// What is in it, as it is written.
    pub(super) fn addresses(&self) -> Vec<String> {
        addresses(&self.list)
    }
}

/// What is in a list, as it is written.
pub(super) fn addresses(list: &List) -> Vec<String> {
    list.pieces().map(|piece| piece.text().to_owned()).collect()
}

/// The list as it is kept.
pub(super) fn parsed(text: Option<&str>, parser: &Parser) -> Result<List, Refusal> {
    let parsed = parser.parse(text.unwrap_or_default()).map_err(|rejected| {
        let sentence = format!("the list as it is kept is bad; mend it there, or PUT another: {rejected}");
        Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, sentence)
    })?;
    Ok(parsed.list)
}

/// With these added, of which some have to be new.
pub(super) fn add(
    text: Option<&str>,
    given: &[Given],
    one_line: bool,
    parser: &Parser,
    user: &str,
) -> Result<Edited, Refusal> {
    let before = parsed(text, parser)?;
    let mut there: BTreeSet<&str> = before.pieces().map(|piece| piece.text()).collect();
    let new: Vec<&Given> = given.iter().filter(|given| there.insert(&given.text)).collect();
    if new.is_empty() {
        return Err(Refusal::new(StatusCode::CONFLICT, format!("{user} changed nothing")));
    }
    let added: Vec<String> = new.iter().map(|given| given.text.clone()).collect();
    let edited = appended(text.unwrap_or_default(), &added, one_line);
    let expected = before.entries().iter().chain(new.iter().flat_map(|given| &given.entries));
    let list = checked(&edited, expected, parser)?;
    Ok(Edited { text: Some(edited), list, added, removed: Vec::new() })
}

/// Without these, all of which have to be there, by their text.
pub(super) fn remove(text: Option<&str>, given: &[String], parser: &Parser) -> Result<Edited, Refusal> {
    let before = parsed(text, parser)?;
    let sought: BTreeSet<&str> = given.iter().map(String::as_str).collect();
    let there: BTreeSet<&str> = before.pieces().map(|piece| piece.text()).collect();
    let missing: Vec<&str> = sought.difference(&there).copied().collect();
    if !missing.is_empty() {
        let sentence = format!("{} is not in the list, and nothing was removed", missing.join(", "));
        return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, sentence));
    }
    let (gone, kept): (Vec<_>, Vec<_>) = before.pieces().partition(|piece| sought.contains(piece.text()));
    let edits: Vec<Edit> = gone.iter().map(|piece| Edit::new(piece.range(), "")).collect();
    let edited = String::from_utf8(apply_edits(text.unwrap_or_default(), &edits));
    let edited = edited.map_err(|error| Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()))?;
    let list = checked(&edited, kept.iter().flat_map(|piece| piece.entries()), parser)?;
    let removed = gone.iter().map(|piece| piece.text().to_owned()).collect();
    Ok(Edited { text: (!list.is_empty()).then_some(edited), list, added: Vec::new(), removed })
}

/// Another list in the place of it.
pub(super) fn set(text: Option<&str>, new: &str, parser: &Parser) -> Result<Edited, Refusal> {
    // What was there may be bad: this is how it is mended.
    let before = parser.parse(text.unwrap_or_default()).map(|parsed| parsed.list).unwrap_or_default();
    let parsed = Parser::new().parse(new);
    let list = parsed.map_err(|rejected| Refusal::bad(format!("that is no list: {rejected}")))?.list;
    let (old, all) = (addresses(&before), addresses(&list));
    let without = |all: &[String], other: &[String]| {
        let other: BTreeSet<&String> = other.iter().collect();
        all.iter().filter(|text| !other.contains(text)).cloned().collect::<Vec<_>>()
    };
    let (added, removed) = (without(&all, &old), without(&old, &all));
    Ok(Edited { text: (!list.is_empty()).then(|| new.to_owned()), list, added, removed })
}

/// The text with lines at its end; in one line where it is kept so.
pub(super) fn appended(text: &str, added: &[String], one_line: bool) -> String {
    if one_line && !text.contains(['\n', '#']) {
        let text = text.trim_end_matches([',', ' ', '\t']);
        let start = if text.is_empty() { String::new() } else { format!("{text},") };
        return start + &added.join(",");
    }
    let mut bytes = text.as_bytes().to_vec();
    append_lines(&mut bytes, added.iter().map(String::as_str));
    String::from_utf8_lossy(&bytes).into_owned() // what was text, with text behind it
}

/// The edited list, once it is sure to hold exactly what is expected.
fn checked<'e>(
    text: &str,
    expected: impl Iterator<Item = &'e Entry>,
    parser: &Parser,
) -> Result<List, Refusal> {
    let list = parser
        .parse(text)
        .map_err(|rejected| Refusal::bad(format!("with that, the list would be bad: {rejected}")))?
        .list;
    if list.entries().iter().eq(expected) {
        return Ok(list);
    }
    let sentence =
        "the list cannot be edited here without other changes; edit it where it is kept, or PUT another";
    Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, sentence))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(texts: &[&str]) -> Vec<Given> {
        let entries = |text: &str| text.parse::<List>().unwrap().entries().to_vec();
        texts.iter().map(|text| Given { text: (*text).to_owned(), entries: entries(text) }).collect()
    }

    fn added(text: Option<&str>, texts: &[&str], one_line: bool) -> Result<String, StatusCode> {
        let edited = add(text, &given(texts), one_line, &Parser::new(), "anna");
        edited.map(|edited| edited.text.unwrap()).map_err(|refusal| refusal.code)
    }

    #[test]
    fn what_stays_is_as_it_was() {
        let lines = "# partners\n192.0.2.7:partner # since May\n";
        assert_eq!(added(Some(lines), &["192.0.2.8"], false).unwrap(), format!("{lines}192.0.2.8\n"));
        assert_eq!(added(None, &["192.0.2.8", "::1"], false).unwrap(), "192.0.2.8\n::1\n");
        assert_eq!(added(None, &["192.0.2.8", "::1"], true).unwrap(), "192.0.2.8,::1");
        assert_eq!(added(Some("1.2.3.4:a b, "), &["::1"], true).unwrap(), "1.2.3.4:a b,::1");
        assert_eq!(added(Some("1.2.3.4 # c"), &["::1"], true).unwrap(), "1.2.3.4 # c\n::1\n");
        let removed = remove(Some(lines), &["192.0.2.7:partner".to_owned()], &Parser::new()).unwrap();
        assert_eq!((removed.text, removed.removed.len()), (None, 1));
        let text = "1.2.3.4, 1.2.3.5:b # c\n1.2.3.4\n";
        let removed = remove(Some(text), &["1.2.3.4".to_owned()], &Parser::new()).unwrap();
        assert_eq!(removed.text.as_deref(), Some("1.2.3.5:b # c\n"));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        assert_eq!(added(Some("1.2.3.4"), &["1.2.3.4", "1.2.3.4"], true), Err(StatusCode::CONFLICT));
        assert_eq!(added(Some("1.2.3.4"), &["!1.2.3.4"], true), Err(StatusCode::BAD_REQUEST));
        assert_eq!(added(Some("foobar"), &["1.2.3.4"], true), Err(StatusCode::UNPROCESSABLE_ENTITY));
        for text in ["1.2.3.4/32", "1.2.3.5"] {
            let refused = remove(Some("1.2.3.4"), &[text.to_owned()], &Parser::new()).unwrap_err();
            assert_eq!(refused.code, StatusCode::UNPROCESSABLE_ENTITY);
            assert!(refused.detail.contains(text), "{refused:?}");
        }
    }
}
