//! Any list: some of the fixes that lint offers, and all of them, change no verdict, no label and no expiry, now or
//! later. The input is list text, or numbers that make pieces which meet more often.
#![no_main]

#[allow(dead_code)] // the tests use all of it
#[path = "../../tests/support/fixes.rs"]
mod fixes;
#[allow(dead_code)]
#[path = "../../tests/support/golden.rs"]
mod golden;

use std::fmt::Write;
use std::time::SystemTime;

use ipgate::list::{Parser, Until};
use libfuzzer_sys::fuzz_target;
use xxhash_rust::xxh3::xxh3_64;

/// Between the expiries of [`UNTIL`].
const NOW: &str = "2030-06-15T12:00:00Z";
const UNTIL: [&str; 8] =
    ["", "", "", "", ";until=2030-06-15", ";until=2030-06-17", ";until=2031-01-01", ";until=2030-06-14"];
const LABEL: [&str; 4] = ["", "", ":a", ":b"];
const SEPARATOR: [&str; 8] = [",", ", ", "\n", "\n", "\r\n", " # c\n", ",\n", " ,\t"];
const WIDE: [&str; 8] =
    ["all", "0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1", "2001:db8::/32"];
/// The golden model looks at every entry for every address at every time.
const MOST_ENTRIES: usize = 48;

fn target(kind: u8, one: u8, two: u8) -> String {
    let (host, other) = (one % 16, two % 16);
    let (first, last) = (host.min(other), host.max(other));
    match kind % 8 {
        0..3 => format!("10.0.0.{host}/{}", 28 + two % 5),
        3 => format!("10.0.0.{first}-10.0.0.{last}"),
        4 => format!("2001:db8::{host:x}/{}", 124 + two % 5),
        5 => format!("[2001:db8::{first:x}]-[2001:db8::{last:x}]"),
        6 => format!("[::ffff:10.0.0.{host}]/{}", 124 + two % 5),
        _ => WIDE[usize::from(one % 8)].to_owned(),
    }
}

/// Pieces of which none is refused beside those before it: few of the lists would be taken otherwise.
fn pieces(bytes: &[u8], now: SystemTime) -> String {
    let mut text = String::new();
    for &[kind, one, two, rest] in bytes.as_chunks::<4>().0.iter().take(24) {
        let before = text.len();
        let deny = if kind >= 208 { "!" } else { "" };
        let choose = |from: &[&'static str], bits: u8| from[usize::from(bits) % from.len()];
        let (label, until) = (choose(&LABEL, rest), choose(&UNTIL, rest >> 2));
        let separator = choose(&SEPARATOR, rest >> 5);
        write!(text, "{deny}{}{label}{until}{separator}", target(kind, one, two)).expect("a string takes it");
        if Parser::new().at(now).parse(&text).is_err() {
            text.truncate(before);
        }
    }
    text
}

fuzz_target!(|bytes: &[u8]| {
    let now = NOW.parse::<Until>().expect("a date-time").system_time();
    let chosen = xxh3_64(bytes);
    let text = match bytes.split_first() {
        Some((0, numbers)) => pieces(numbers, now).into_bytes(),
        _ => bytes.to_vec(),
    };
    let entries = Parser::new().at(now).parse(&text).map_or(0, |parsed| parsed.list.len());
    if entries <= MOST_ENTRIES {
        fixes::check_fixes(&text, now, |fix| chosen >> (fix % 64) & 1 == 1);
    }
});
