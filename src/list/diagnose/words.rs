//! Signs and words that people write where a list has marks of its own.

/// Words for everyone, `all` among them.
pub(super) const EVERYONE: [&str; 6] = ["all", "any", "*", "everyone", "everybody", "world"];

/// The dash of a range: from hyphen to horizontal bar, and the minus sign.
pub(super) const DASHES: [char; 8] =
    ['-', '\u{2010}', '\u{2011}', '\u{2012}', '\u{2013}', '\u{2014}', '\u{2015}', '\u{2212}'];

/// Words between the ends of a range.
pub(super) const TO: [&str; 4] = ["to ", "through ", "thru ", "bis "];

/// Words between two entries.
pub(super) const AND: [&str; 4] = ["and ", "or ", "& ", "+ "];

/// What begins a comment elsewhere.
pub(super) const COMMENTS: [&str; 7] = ["//", "--", "/*", "<!--", ";", "rem ", "REM "];
