//! What must hold for every text, valid or not: nothing panics, positions are right, what is told to be
//! written can be written, and a text that was cut off gives nothing that was not in it.

mod support;

use std::path::Path;

use ipgate::{Diagnostic, Entry, List, Parser, Report, Until, format_text, parse_address};
use proptest::prelude::*;
use support::cases::read_all;
use support::generate::{NOW, entry, spell, spelling, written};

fn parser() -> Parser {
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
fn check_bytes(text: &[u8]) {
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
fn check_suggestions(text: &[u8]) {
    let [report, _] = reports(text);
    for diagnostic in report.diagnostics() {
        for entry in told_to_write(diagnostic) {
            let parsed = entry.parse::<List>();
            let list =
                parsed.unwrap_or_else(|error| panic!("{text:?}: told to write {entry:?}, yet {error}"));
            assert!(!list.is_empty(), "{text:?}: told to write {entry:?}");
            let error = diagnostic.severity() == ipgate::Severity::Error;
            let denied = error && text.starts_with(b"!") && !text.contains(&b',') && !text.contains(&b'\n');
            assert!(
                !denied || entry.starts_with('!'),
                "{:?} becomes {entry:?}",
                String::from_utf8_lossy(text)
            );
        }
    }
}

/// Cuts a valid text at every byte.
fn check_truncations(text: &[u8]) {
    let Ok(full) = parser().parse(text) else { return };
    for end in 0..text.len() {
        let cut = &text[..end];
        let Ok(parsed) = parser().lenient(true).parse(cut) else { continue };
        let reaches_end = |entry: &&Entry| {
            let at = entry.position().unwrap();
            let last = at.offset as usize + at.len as usize;
            cut[last..].iter().all(|byte| matches!(byte, b' ' | b'\t'))
        };
        // Each is one of the whole list's, in its order; a cut-off deny may have thrown an allow out.
        let mut whole = full.list.entries().iter();
        for kept in parsed.list.entries().iter().filter(|entry| !reaches_end(entry)) {
            assert!(whole.any(|entry| entry == kept), "{kept} in {:?}", String::from_utf8_lossy(cut));
        }
        for last in parsed.list.entries().iter().filter(reaches_end) {
            let token = parsed.list.original(last).unwrap();
            let alone = parser().parse(token).expect("a shorter token that is itself an entry");
            assert!(alone.list.entries().contains(last), "{token:?}");
        }
    }
}

fn corpus() -> Vec<Vec<u8>> {
    let cases = read_all(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases")));
    cases.into_iter().flat_map(|case| [case.list, case.default]).flatten().collect()
}

#[test]
fn the_corpus_keeps_the_rules() {
    let corpus = corpus();
    assert!(corpus.len() > 300);
    for text in corpus {
        check_bytes(&text);
        check_suggestions(&text);
        check_truncations(&text);
    }
}

/// Small changes to good entries: the mistakes that people make.
fn mutated() -> impl Strategy<Value = String> {
    let snippets = vec![
        "!",
        "[",
        "]",
        ":",
        "::",
        "/",
        "/8",
        "/33",
        ".",
        "..",
        "0",
        "00",
        "1",
        "256",
        "-",
        " ",
        "\t",
        ";",
        "|",
        "%eth0",
        "+",
        "x",
        "0x",
        "until=",
        ";until=",
        ";until=2999-12-31",
        "#",
        " #",
        "all",
        "beef",
        "*",
        "/255.0.0.0",
        "é",
        "'",
        " 10.0.0.1",
        ";10.0.0.1",
        "|::1",
        " office",
        "\"",
        "_",
        "255.255.0.0",
        "localhost",
        "a.example",
    ];
    let change = (any::<prop::sample::Index>(), prop::sample::select(snippets), 0usize..3);
    (entry(), spelling(), prop::collection::vec(change, 1..4)).prop_map(|(entry, how, changes)| {
        let mut text: Vec<char> = spell(&entry, how).chars().filter(|c| *c != '`').collect();
        for (at, snippet, remove) in changes {
            let at = at.index(text.len() + 1);
            let end = (at + remove).min(text.len());
            text.splice(at..end, snippet.chars());
        }
        text.into_iter().collect()
    })
}

/// Bytes that look like a list from afar.
fn list_like() -> impl Strategy<Value = Vec<u8>> {
    let tokens = vec![
        &b"10.0.0.1"[..],
        b"10.0.0.0/8",
        b"2001:db8::1",
        b"::/0",
        b"[::1]",
        b"!",
        b":",
        b";",
        b",",
        b"\n",
        b"\r\n",
        b"\r",
        b" ",
        b"\t",
        b"#",
        b" #",
        b"until=",
        b"2999-12-31",
        b"all",
        b"-",
        b"/",
        b"label",
        b"\xff",
        b"\xc3\xbc",
        b"\xc3",
        b"\0",
        b"\x07",
        b"\xef\xbb\xbf",
        b"\xe2\x80\xa8",
        b"0",
        b"255",
        b".",
        b"::ffff:10.0.0.1",
        b"/96",
        b"%1",
        b"|",
    ];
    prop::collection::vec(prop::sample::select(tokens), 0..40).prop_map(|tokens| tokens.concat())
}

proptest! {
    #[test]
    fn any_bytes(text in prop::collection::vec(any::<u8>(), 0..200)) {
        check_bytes(&text);
    }

    #[test]
    fn any_text(text in "\\PC{0,80}") {
        check_bytes(text.as_bytes());
        let _ = parse_address(&text);
    }

    #[test]
    fn bytes_that_look_like_a_list(text in list_like()) {
        check_bytes(&text);
    }

    #[test]
    fn mistakes(text in mutated()) {
        check_bytes(text.as_bytes());
        check_suggestions(text.as_bytes());
    }

    /// A client's address is read as the standard library reads it, mapped ones as IPv4.
    #[test]
    fn addresses(bits in any::<u128>(), v4 in any::<u32>()) {
        let v4 = std::net::Ipv4Addr::from(v4);
        prop_assert_eq!(parse_address(&v4.to_string()), Ok(v4.into()));
        prop_assert_eq!(parse_address(&v4.to_ipv6_mapped().to_string()), Ok(v4.into()));
        let v6 = std::net::Ipv6Addr::from(bits | 1 << 127);
        prop_assert_eq!(parse_address(&v6.to_string()), Ok(v6.into()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))] // each parses as many texts as it has bytes

    #[test]
    fn a_list_cut_off_gives_nothing_new((_, text) in written()) {
        let at = text.char_indices().map(|(at, _)| at).take_while(|at| *at <= 800).last().unwrap_or(0);
        let line_end = text[..at].rfind('\n').map_or(0, |end| end + 1);
        check_truncations(if text.len() > 800 { &text.as_bytes()[..line_end] } else { text.as_bytes() });
    }
}
