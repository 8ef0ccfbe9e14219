//! What must hold for any text, whatever it says. Tests and fuzz targets ask it of theirs.

use super::reach::Reach;
use ipgate::{
    List,
    list::{Code, Diagnostic, Parser, Report, Severity, Until, format_text},
};

/// The time by which the tests' lists are read, between the expiries that generators give.
pub(crate) const NOW: &str = "2030-06-15T12:00:00Z";

/// A parser that goes by [`NOW`].
pub(crate) fn parser() -> Parser {
    Parser::new().at(NOW.parse::<Until>().unwrap().system_time())
}

/// What a strict and a lenient parse have to say of a text.
fn reports(text: &[u8]) -> [Report; 2] {
    [false, true].map(|lenient| match parser().lenient(lenient).deny_warnings(true).parse(text) {
        Ok(parsed) => parsed.report,
        Err(rejected) => rejected.report().clone(),
    })
}

/// Line and column of an offset, counted the slow way.
fn line_and_column(text: &[u8], offset: usize) -> (u32, u32) {
    let start = if text.starts_with("\u{feff}".as_bytes()) { 3 } else { 0 };
    let (mut line, mut column) = (1, 1);
    for byte in &text[start..offset] {
        match byte {
            b'\n' => (line, column) = (line + 1, 1),
            0x80..=0xbf => {} // inside a character
            _ => column += 1,
        }
    }
    (line, column)
}

fn check_position(text: &[u8], diagnostic: &Diagnostic) {
    let Some(at) = diagnostic.position() else { return };
    let (start, end) = (at.offset as usize, at.offset as usize + at.len as usize);
    let token = text.get(start..end).unwrap_or_else(|| panic!("{diagnostic:?} is not inside {text:?}"));
    assert_eq!(String::from_utf8_lossy(token), diagnostic.token(), "{diagnostic:?} of {text:?}");
    assert_eq!((at.line, at.column), line_and_column(text, start), "{diagnostic:?} of {text:?}");
    if let Ok(text) = std::str::from_utf8(text) {
        assert!(text.is_char_boundary(start) && text.is_char_boundary(end), "{diagnostic:?} of {text:?}");
    }
}

/// Everything that must hold for any bytes.
pub(crate) fn check_bytes(text: &[u8]) {
    let [strict, lenient] = reports(text);
    // A comment right behind an entry, and an entry without its label, are what a lenient parser takes and a strict one
    // does not.
    let differ = |d: &Diagnostic| matches!(d.code(), Code::CommentBehindEntry | Code::LabelDropped);
    if lenient.omitted() == 0 && !lenient.diagnostics().iter().any(differ) {
        assert_eq!(strict.error_count(), lenient.error_count(), "{text:?}");
    }
    for diagnostic in strict.diagnostics().iter().chain(lenient.diagnostics()) {
        check_position(text, diagnostic);
        assert!(!diagnostic.message().contains('\n') && !diagnostic.message().is_empty());
        assert!(diagnostic.suggestion().is_some(), "{diagnostic:?} does not say what to do");
    }
    let (strict, lenient) = (parser().parse(text), parser().lenient(true).parse(text));
    if let Ok(strict) = strict {
        let lenient = lenient.expect("lenient takes what strict takes");
        assert_eq!(strict.list, lenient.list);
        assert_eq!(strict.report, lenient.report);
        assert_eq!(
            parser().parse(strict.list.to_string()).expect("canonical text is a list").list,
            strict.list
        );
    } else if let Ok(lenient) = lenient {
        let again = parser().parse(lenient.list.to_string()).expect("what lenient keeps is a good list");
        assert_eq!(again.list, lenient.list);
    }
    if let Ok(formatted) = format_text(text) {
        assert_eq!(format_text(&formatted).as_ref(), Ok(&formatted), "{text:?}");
    }
}

/// The texts in backticks behind "write".
fn told_to_write(diagnostic: &Diagnostic) -> Vec<String> {
    let suggestion = diagnostic.suggestion().unwrap_or_default();
    let told = |(at, start): (usize, &str)| {
        let rest = &suggestion[at + start.len()..];
        rest.split_once('`').map(|(entry, _)| entry.to_owned())
    };
    suggestion.match_indices("write `").filter_map(told).collect()
}

/// The piece of a text that a diagnostic is about.
fn piece<'t>(text: &'t str, diagnostic: &Diagnostic) -> &'t str {
    let at = diagnostic.position().map_or(0, |at| at.offset as usize);
    let is_end = |c: char| matches!(c, ',' | '\n');
    let start = text[..at].rfind(is_end).map_or(0, |at| at + 1);
    let end = text[at..].find(is_end).map_or(text.len(), |len| at + len);
    let piece = &text[start..end];
    let comment = [" #", "\t#"].iter().filter_map(|mark| piece.find(mark)).min();
    piece[..comment.unwrap_or(piece.len())].trim_matches(['\u{feff}', ' ', '\t', '\r'])
}

/// Whoever writes what is suggested gets a list that lets in nobody but whom the text names, that denies whom it
/// denies, and that expires where it does.
pub(crate) fn check_suggestions(text: &[u8]) {
    let [report, _] = reports(text);
    let Ok(text) = std::str::from_utf8(text) else { return };
    for diagnostic in report.diagnostics() {
        let piece = piece(text, diagnostic);
        let mut reach = Reach::of(piece);
        if diagnostic.severity() == Severity::Warning {
            reach.denied.clear(); // an entry that is accepted denies by its own mark alone
        }
        for entry in told_to_write(diagnostic) {
            let parsed = entry.parse::<List>();
            let list =
                parsed.unwrap_or_else(|error| panic!("{piece:?}: told to write {entry:?}, yet {error}"));
            assert!(!list.is_empty(), "{piece:?}: told to write {entry:?}");
            assert!(reach.holds(&list), "{piece:?} names less than {entry:?}, which it is told to write");
            let denied = piece.starts_with('!') && diagnostic.severity() == Severity::Error;
            assert!(!denied || entry.starts_with('!'), "{piece:?} becomes {entry:?}");
            let expires = list.entries().iter().any(|entry| entry.until().is_some());
            assert!(
                !reach.expires || expires,
                "{piece:?} expires, and not {entry:?}, which it is told to write"
            );
        }
    }
}
