//! How messages show a text that somebody else has written.

use std::fmt;
use std::path::Path;

use crate::invisible::is_invisible;

/// A text in a message: what cannot be seen, or changes how the rest is seen, is written out (`\u{202e}`, `\n`), and
/// all else, quotes and backslashes too, stands as it is.
///
/// ```
/// use ipgate::Shown;
/// assert_eq!(Shown("say \"x\"\n").to_string(), "say \"x\"\\n");
/// assert_eq!(Shown("a\u{202e}b\u{a0}").to_string(), "a\\u{202e}b\\u{a0}");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Shown<'t>(pub &'t str);

/// The name of a file in a message, in the same way; bytes that are no UTF-8 become U+FFFD.
///
/// ```
/// use ipgate::ShownPath;
/// assert_eq!(ShownPath("lists/a\u{1b}[31m.list".as_ref()).to_string(), "lists/a\\u{1b}[31m.list");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct ShownPath<'p>(pub &'p Path);

impl fmt::Display for ShownPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Shown(&self.0.to_string_lossy()).fmt(f)
    }
}

/// What Rust would escape although it is plain to see.
const PLAIN: [char; 3] = ['"', '\'', '\\'];

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Of the invisible ones, Rust lets through what counts as a letter or a mark.
        let is_end = |c: char| PLAIN.contains(&c) || is_invisible(c);
        self.0.split_inclusive(is_end).try_for_each(|part| {
            let text = part.trim_end_matches(is_end);
            let end = part.get(text.len()..).unwrap_or_default();
            write!(f, "{}", text.escape_debug())?;
            if end.contains(is_invisible) { write!(f, "{}", end.escape_unicode()) } else { f.write_str(end) }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_seen_stands_as_it_is() {
        for text in ["", "10.0.0.0/8:büro ☃", "\"'\\", "\"a\" 'b' c:\\d", "e\u{301}", "`"] {
            assert_eq!(Shown(text).to_string(), text);
        }
    }

    #[test]
    fn what_cannot_be_seen_is_written_out() {
        for (text, shown) in [
            ("\0\t\r\n\u{1b}[31m", "\\0\\t\\r\\n\\u{1b}[31m"),
            ("\u{200b}\u{feff}\u{ad}", "\\u{200b}\\u{feff}\\u{ad}"),
            ("a\u{3164}b\u{fe0f}\u{115f}", "a\\u{3164}b\\u{fe0f}\\u{115f}"),
            ("\"\u{2028}\"", "\"\\u{2028}\""),
            ("\u{2066}x\u{2069}\u{e0041}", "\\u{2066}x\\u{2069}\\u{e0041}"),
        ] {
            assert_eq!(Shown(text).to_string(), shown);
        }
    }
}
