//! Texts in double quotes, as servers write them into logs.

use std::borrow::Cow;

/// The text of a field that stands in double quotes, as servers write it there: `\"`, `\x22` or `""` for a quote.
pub(crate) fn unescaped(quoted: &str) -> Cow<'_, str> {
    if !quoted.contains(['\\', '"']) {
        return Cow::Borrowed(quoted);
    }
    let mut text = String::with_capacity(quoted.len());
    let mut rest = quoted;
    while let Some(at) = rest.find(['\\', '"']) {
        let (before, from) = rest.split_at(at);
        text.push_str(before);
        let known =
            [("\\x22", '"'), ("\\\"", '"'), ("\"\"", '"'), ("\\x5C", '\\'), ("\\x5c", '\\'), ("\\\\", '\\')];
        let found = known.iter().find_map(|&(written, meant)| Some((meant, from.strip_prefix(written)?)));
        let mut characters = from.chars();
        let (meant, behind) = match found {
            Some(found) => found,
            None => (characters.next().unwrap_or_default(), characters.as_str()),
        };
        text.push(meant);
        rest = behind;
    }
    text.push_str(rest);
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_in_a_quoted_field() {
        for (quoted, text) in [
            ("for=192.0.2.1", "for=192.0.2.1"),
            (r"for=\x22[2001:db8::1]:1\x22", r#"for="[2001:db8::1]:1""#),
            (r#"for=\"[2001:db8::1]:1\""#, r#"for="[2001:db8::1]:1""#),
            (r#"for=""[2001:db8::1]:1"""#, r#"for="[2001:db8::1]:1""#),
            (r"a\\x22", r"a\x22"),
            (r"a\x5Cx22", r"a\x22"),
            (r"\xC3\n", r"\xC3\n"),
            ("a\"", "a\""),
            ("\u{fc}\\", "\u{fc}\\"),
        ] {
            assert_eq!(unescaped(quoted), text, "{quoted}");
        }
    }
}
