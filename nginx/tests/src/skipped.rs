//! What a test does not do.

use std::io::Write;

/// Says so on standard error, where `cargo test` does not hold it back.
pub fn skipped(what: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED: {what}");
}
