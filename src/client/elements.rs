//! The elements of a line that proxies append to: X-Forwarded-For, and Forwarded (RFC 7239).

use memchr::{memchr, memchr_iter, memrchr};

/// The elements between commas, from the right to the left. A comma in quotes is part of an element.
///
/// Read from the right, since what stands at the left came with the request: a quote that somebody opened there closes
/// nothing that a proxy has written. O(n) for a line of n bytes, and no more than what is asked for.
///
/// ```
/// use ipgate::client::Elements;
/// assert!(Elements::new(b"192.0.2.7, 10.0.0.1").eq([&b" 10.0.0.1"[..], b"192.0.2.7"]));
/// assert_eq!(Elements::new(br#"for="203.0.113.7, for=10.9.9.9""#).count(), 1);
/// ```
#[derive(Debug, Clone)]
pub struct Elements<'t> {
    /// What is to the left of the last one; `None` when all were given.
    rest: Option<&'t [u8]>,
    commas: Commas,
}

/// Which commas are between elements.
#[derive(Debug, Clone, Copy)]
enum Commas {
    All,
    OutsideOfQuotes,
    None,
}

impl<'t> Elements<'t> {
    /// The elements of a line. An empty line has one, which is empty.
    #[inline]
    #[must_use]
    pub fn new(line: &'t [u8]) -> Elements<'t> {
        let commas = if memchr(b'"', line).is_some() { Commas::OutsideOfQuotes } else { Commas::All };
        Elements { rest: Some(line), commas }
    }

    /// A line that is one element.
    #[inline]
    pub(super) fn whole(line: &'t [u8]) -> Elements<'t> {
        Elements { rest: Some(line), commas: Commas::None }
    }

    /// The most that a line can have: a comma in quotes counts, too.
    #[inline]
    pub(super) fn at_most(line: &[u8]) -> usize {
        memchr_iter(b',', line).count() + 1
    }
}

impl<'t> Iterator for Elements<'t> {
    type Item = &'t [u8];

    #[inline]
    fn next(&mut self) -> Option<&'t [u8]> {
        let line = self.rest.take()?;
        let comma = match self.commas {
            Commas::All => memrchr(b',', line),
            Commas::OutsideOfQuotes => last_comma_outside_of_quotes(line),
            Commas::None => None,
        };
        let Some((left, [_, element @ ..])) = comma.and_then(|at| line.split_at_checked(at)) else {
            return Some(line);
        };
        self.rest = Some(left);
        Some(element)
    }
}

fn last_comma_outside_of_quotes(line: &[u8]) -> Option<usize> {
    let mut is_quoted = false;
    for (at, byte) in line.iter().enumerate().rev() {
        match byte {
            b'"' if !is_escaped(line, at) => is_quoted = !is_quoted,
            b',' if !is_quoted => return Some(at),
            _ => {}
        }
    }
    None
}

/// Whether an odd number of backslashes stands before it.
pub(super) fn is_escaped(text: &[u8], at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    before.iter().rev().take_while(|&&byte| byte == b'\\').count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_come_from_the_right() {
        for (text, elements) in [
            ("a", &["a"][..]),
            ("", &[""]),
            (",", &["", ""]),
            ("a, b,c", &["c", " b", "a"]),
            (r#"for=a;host="x, y", for=b"#, &[" for=b", r#"for=a;host="x, y""#]),
            (r#"h="x\", y", b"#, &[" b", r#"h="x\", y""#]),
            (r#"h="x\\", b"#, &[" b", r#"h="x\\""#]),
            // Opened by whoever asked, and never closed.
            (r#"for="x, for=a, for=b"#, &[" for=b", " for=a", r#"for="x"#]),
            (r#"for=a", for=b"#, &[" for=b", r#"for=a""#]),
        ] {
            assert!(
                Elements::new(text.as_bytes()).eq(elements.iter().map(|element| element.as_bytes())),
                "{text}"
            );
            assert!(Elements::at_most(text.as_bytes()) >= elements.len());
        }
    }

    /// Looking for an escaped quote is linear in the backslashes before it, and each of them stands before one quote alone.
    #[test]
    fn a_line_of_backslashes_and_quotes_is_read_in_time() {
        let line: Vec<u8> = br#"\\\\\\\""#.iter().copied().cycle().take(1 << 20).collect();
        assert_eq!(Elements::new(&line).count(), 1);
    }
}
