//! What must hold for any text, whatever it says. Tests and fuzz targets ask it of theirs.

use ipgate::{
    List,
    list::{Diagnostic, Parser, Report, Severity, Until, format_text},
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
    assert_eq!(strict.error_count(), lenient.error_count(), "{text:?}");
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

/// Whoever writes what is suggested gets a list, and never one that allows what was denied.
pub(crate) fn check_suggestions(text: &[u8]) {
    let [report, _] = reports(text);
    for diagnostic in report.diagnostics() {
        for entry in told_to_write(diagnostic) {
            let parsed = entry.parse::<List>();
            let list =
                parsed.unwrap_or_else(|error| panic!("{text:?}: told to write {entry:?}, yet {error}"));
            assert!(!list.is_empty(), "{text:?}: told to write {entry:?}");
            let error = diagnostic.severity() == Severity::Error;
            let denied = error && text.starts_with(b"!") && !text.contains(&b',') && !text.contains(&b'\n');
            assert!(
                !denied || entry.starts_with('!'),
                "{:?} becomes {entry:?}",
                String::from_utf8_lossy(text)
            );
        }
    }
}
