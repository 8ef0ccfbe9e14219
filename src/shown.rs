//! How messages show a text that somebody else has written.

use std::fmt;

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

/// What Rust would escape although it is plain to see.
const PLAIN: [char; 3] = ['"', '\'', '\\'];

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.split_inclusive(PLAIN).try_for_each(|part| {
            let text = part.trim_end_matches(PLAIN);
            write!(f, "{}{}", text.escape_debug(), part.get(text.len()..).unwrap_or_default())
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
            ("\"\u{2028}\"", "\"\\u{2028}\""),
            ("\u{2066}x\u{2069}\u{e0041}", "\\u{2066}x\\u{2069}\\u{e0041}"),
        ] {
            assert_eq!(Shown(text).to_string(), shown);
        }
    }
}
