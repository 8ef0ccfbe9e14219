//! Elements of fields that proxies append to: X-Forwarded-For, and Forwarded (RFC 7239).

use std::borrow::Cow;

/// The `nth` element from the right, from 0 on. A comma in quotes is part of an element.
///
/// Read from the right, since what stands at the left came with the request: a quote that somebody opened there closes
/// nothing that a proxy has written.
pub(crate) fn nth_from_the_right(text: &str, nth: usize) -> Option<&str> {
    let mut end = text.len();
    let mut in_quotes = false;
    let mut left = nth;
    for (at, byte) in text.bytes().enumerate().rev() {
        match byte {
            b'"' if !is_escaped(text, at) => in_quotes = !in_quotes,
            b',' if !in_quotes && left == 0 => return text.get(at + 1..end),
            b',' if !in_quotes => (left, end) = (left - 1, at),
            _ => {}
        }
    }
    (left == 0).then(|| text.get(..end)).flatten()
}

/// The node of an element's `for`, such as `[2001:db8::1]:4711`; `None` where the element is not what RFC 7239 writes,
/// or does not have one `for`.
pub(crate) fn node(element: &str) -> Option<Cow<'_, str>> {
    let mut rest = element;
    let mut node = None;
    loop {
        let (name, behind) = rest.split_once('=')?;
        let name = name.trim_start_matches([' ', '\t']);
        if name.is_empty() || !name.bytes().all(is_token) {
            return None;
        }
        let (value, behind) = value(behind)?;
        if name.eq_ignore_ascii_case("for") && node.replace(value).is_some() {
            return None;
        }
        let behind = behind.trim_start_matches([' ', '\t']);
        if behind.is_empty() {
            return node;
        }
        rest = behind.strip_prefix(';')?;
    }
}

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

/// A value at the start, in quotes or not, and what is behind it. Addresses as they are often written, with colons and
/// brackets outside of quotes, are taken too.
fn value(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let is_end = |c: char| !c.is_ascii() || !(is_token(c as u8) || matches!(c, ':' | '[' | ']'));
        let (value, behind) = text.split_at(text.find(is_end).unwrap_or(text.len()));
        return (!value.is_empty()).then_some((Cow::Borrowed(value), behind));
    };
    let close = (0..).zip(quoted.bytes()).find(|&(at, byte)| byte == b'"' && !is_escaped(quoted, at));
    let (value, behind) = quoted.split_at(close?.0);
    Some((unescaped(value), behind.strip_prefix('"')?))
}

/// Whether an odd number of backslashes stands before it.
fn is_escaped(text: &str, at: usize) -> bool {
    let before = text.as_bytes().get(..at).unwrap_or_default();
    before.iter().rev().take_while(|&&byte| byte == b'\\').count() % 2 == 1
}

/// What RFC 9110 lets a token have.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_counted_from_the_right() {
        for (text, elements) in [
            ("a", &["a"][..]),
            ("", &[""]),
            ("a, b,c", &["c", " b", "a"]),
            (r#"for=a;host="x, y", for=b"#, &[" for=b", r#"for=a;host="x, y""#]),
            (r#"h="x\", y", b"#, &[" b", r#"h="x\", y""#]),
            (r#"h="x\\", b"#, &[" b", r#"h="x\\""#]),
            // Opened by whoever asked, and never closed.
            (r#"for="x, for=a, for=b"#, &[" for=b", " for=a"]),
        ] {
            for (nth, element) in elements.iter().enumerate() {
                assert_eq!(nth_from_the_right(text, nth), Some(*element), "{text}");
            }
        }
        assert_eq!(nth_from_the_right("a,b", 2), None);
        assert_eq!(nth_from_the_right("", 1), None);
    }

    #[test]
    fn the_node_of_an_element() {
        for (element, expected) in [
            ("for=192.0.2.60;proto=http;by=203.0.113.43", Some("192.0.2.60")),
            (r#" For="[2001:db8:cafe::17]:4711""#, Some("[2001:db8:cafe::17]:4711")),
            ("proto=https; for=[2001:db8::1]:80 ;host=x", Some("[2001:db8::1]:80")),
            (r#"for="192.0.2.\4\3:4711""#, Some(r"192.0.2.\4\3:4711")),
            (r#"host="a;for=6.6.6.6";for=192.0.2.1"#, Some("192.0.2.1")),
            (r#"host="a\";for=6.6.6.6;x=\"";for=192.0.2.1"#, Some("192.0.2.1")),
            ("for=unknown", Some("unknown")),
            ("for=1.1.1.1;for=2.2.2.2", None),
            ("for=1.1.1.1;FOR=2.2.2.2", None),
            ("proto=http", None),
            ("for=", None),
            ("for=1.1.1.1;", None),
            (r#"for="1.1.1.1"#, None),
            (r#"for=1.1.1.1;a""#, None),
            (r#"for="1.1.1.1"x"#, None),
            ("x for=1.1.1.1", None),
            ("for=1.1.1.1, for=2.2.2.2", None),
            ("for=\u{fc}", None),
            ("192.0.2.1", None),
            ("", None),
        ] {
            assert_eq!(node(element).as_deref(), expected, "{element}");
        }
    }

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
