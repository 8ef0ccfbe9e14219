//! Canonical text of a whole file, its comments kept.

use std::io::Write as _;

use super::parse::Parser;
use super::rejected::Rejected;
use super::report::Report;
use super::{grammar, scan};

/// The canonical form of a list's text: an entry a line in canonical spelling, comments and single blank
/// lines kept, ranges and `all` left as they are. Formatting twice changes nothing more, and the result
/// parses to a list equal to that of `text`.
///
/// # Errors
///
/// [`Rejected`] where the text is not a valid list.
///
/// ```
/// let text = "10.0.1.7/24:office ,  2001:DB8::/32   # both sites";
/// assert_eq!(ipgate::list::format_text(text)?, "10.0.1.0/24:office\n2001:db8::/32 # both sites\n");
/// # Ok::<(), ipgate::list::Rejected>(())
/// ```
pub fn format_text(text: impl AsRef<[u8]>) -> Result<String, Rejected> {
    let formatted = Parser::new().format(text)?;
    Ok(String::from_utf8(formatted.text).unwrap_or_default()) // a strict parse has checked it
}

/// A list's text in canonical form.
#[derive(Debug, Clone)]
pub struct Formatted {
    /// The text; UTF-8 where the list was taken strictly.
    pub text: Vec<u8>,
    /// What was found, as parsing the text found it.
    pub report: Report,
}

impl Parser {
    /// The canonical form of a text, as [`format_text`] has it, for whatever this parser takes. What a lenient one
    /// leaves out of a list stays in the text as it is written, on a line of its own, and is reported: the text
    /// parses to an equal list with the same errors.
    ///
    /// # Errors
    ///
    /// As [`Parser::parse`].
    ///
    /// ```
    /// let formatted = ipgate::List::parser().lenient(true).format("10.0.1.7/24:office , 10.1 # both")?;
    /// assert_eq!(formatted.text, b"10.0.1.0/24:office\n10.1 # both\n");
    /// assert_eq!(formatted.report.error_count(), 1);
    /// # Ok::<(), ipgate::list::Rejected>(())
    /// ```
    pub fn format(&self, text: impl AsRef<[u8]>) -> Result<Formatted, Rejected> {
        let text = text.as_ref();
        let report = self.parse(text)?.report;
        Ok(Formatted { text: canonical(text), report })
    }
}

fn canonical(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut blank_lines = 0;
    for line in scan::lines(text) {
        let mut pieces = line.pieces().peekable();
        let is_bare = pieces.peek().is_none();
        if is_bare && line.comment.is_none() {
            blank_lines += 1;
            continue;
        }
        if blank_lines > 0 && !out.is_empty() {
            out.push(b'\n');
        }
        blank_lines = 0;
        let mut separator: &[u8] = b"";
        for piece in pieces {
            out.extend_from_slice(separator);
            separator = b"\n";
            match std::str::from_utf8(piece.bytes).ok().and_then(grammar::item) {
                Some(item) => {
                    let _ = write!(out, "{item}"); // writing to memory does not fail
                }
                None => push_verbatim(&mut out, piece.bytes),
            }
        }
        if let Some(comment) = line.comment {
            out.extend_from_slice(if is_bare { b"" } else { b" " });
            let trimmed = std::str::from_utf8(comment.bytes).map(|comment| comment.trim_end().as_bytes());
            out.extend_from_slice(trimmed.unwrap_or(comment.bytes));
        }
        out.push(b'\n');
    }
    out
}

/// What is no entry, so that it is none on a line of its own either: a comma keeps `#` from beginning a comment,
/// a byte-order mark from being passed over, and CR from being part of the line's end.
fn push_verbatim(out: &mut Vec<u8>, piece: &[u8]) {
    if piece.starts_with(b"#") || piece.starts_with("\u{feff}".as_bytes()) {
        out.push(b',');
    }
    out.extend_from_slice(piece);
    if piece.ends_with(b"\r") {
        out.push(b',');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_single_blank_lines_stay() {
        let text = "\n\n# offices\r\n10.0.0.1/8, ,1.2.3.4/32:x\t# both  \n\n\n\t\n10.0.0.1-10.0.0.9:r;until=2027-01-01T00:00:00Z\nall";
        let formatted = format_text(text).unwrap();
        assert_eq!(
            formatted,
            "# offices\n10.0.0.0/8\n1.2.3.4:x # both\n\n10.0.0.1-10.0.0.9:r;until=2026-12-31\nall\n"
        );
        assert_eq!(format_text(&formatted).unwrap(), formatted);
    }

    #[test]
    fn a_bad_list_is_not_formatted() {
        assert!(format_text("10.1").is_err());
    }

    /// Whatever stands between entries, nothing of it is lost, and none of it becomes an entry or a comment.
    #[test]
    fn what_is_no_entry_stays_as_it_is_written() {
        let parser = Parser::new().lenient(true);
        let lenient = |text: &[u8]| parser.format(text).unwrap().text;
        let text = b"10.0.0.1/8, 10.1:a  b ,1.1.1.1#x # both\r\n\xff,2.2.2.2\n# \xff \n";
        let expected = b"10.0.0.0/8\n10.1:a  b\n1.1.1.1#x # both\n\xff\n2.2.2.2\n# \xff \n";
        assert_eq!(lenient(text), expected);
        const BAD: [&str; 6] = ["#x", "10.1", "1.1.1.1\r", "\u{feff}1.1.1.1", "!", "a;b"];
        for (one, other) in (0..36).map(|i| (BAD[i / 6], BAD[i % 6])) {
            for text in [
                format!(",{one},{other}"),
                format!("\u{feff},{one},10.0.0.1/8,{other},\n2.2.2.2"),
                format!(",{one} # c\n,{other},\n\n"),
            ] {
                let text = format!("9.9.9.9,8.8.8.8,7.7.7.7\n{text}");
                let formatted = lenient(text.as_bytes());
                assert_eq!(lenient(&formatted), formatted, "{text:?}");
                let [old, new] = [text.as_bytes(), &formatted].map(|text| parser.parse(text).unwrap());
                assert_eq!(
                    (old.list, old.report.error_count()),
                    (new.list, new.report.error_count()),
                    "{text:?}"
                );
                let formatted = String::from_utf8(formatted).unwrap();
                assert!(formatted.contains(one) && formatted.contains(other), "{text:?}");
            }
        }
    }
}
