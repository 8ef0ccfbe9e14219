//! Canonical text of a whole file, its comments kept.

use std::fmt::Write as _;

use super::parse::Parser;
use super::rejected::Rejected;
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
    let text = text.as_ref();
    Parser::new().parse(text)?;
    let utf8 = |bytes| std::str::from_utf8(bytes).unwrap_or_default(); // a strict parse has checked it
    let mut out = String::with_capacity(text.len());
    let mut blank_lines = 0;
    for line in scan::lines(text) {
        let items: Vec<_> = line.pieces().filter_map(|piece| grammar::item(utf8(piece.bytes))).collect();
        let comment = line.comment.map(|comment| utf8(comment.bytes).trim_end());
        if items.is_empty() && comment.is_none() {
            blank_lines += 1;
            continue;
        }
        if blank_lines > 0 && !out.is_empty() {
            out.push('\n');
        }
        blank_lines = 0;
        for (i, item) in items.iter().enumerate() {
            let separator = if i == 0 { "" } else { "\n" };
            let _ = write!(out, "{separator}{item}"); // writing to a String does not fail
        }
        if let Some(comment) = comment {
            let separator = if items.is_empty() { "" } else { " " };
            let _ = write!(out, "{separator}{comment}");
        }
        out.push('\n');
    }
    Ok(out)
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
}
