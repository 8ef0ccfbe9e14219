//! Any bytes as list text: strict and lenient agree, positions lie inside the text, canonical text is the same
//! list, formatting twice changes nothing, and what is told to be written can be written.
#![no_main]

#[path = "../../tests/support/reach.rs"]
mod reach;
#[path = "../../tests/support/texts.rs"]
mod texts;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    texts::check_bytes(text);
    if !text.contains(&b'`') {
        texts::check_suggestions(text); // which stand in backticks
    }
});
