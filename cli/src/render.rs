//! Diagnostics for people: in one line, or with the source line and a caret under the token.

use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};
use ipgate::list::{Diagnostic, Position, Severity};

pub(crate) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// `office.list:3:5: error: message; suggestion`, as compilers write it and editors read it.
pub(crate) fn line(name: &str, diagnostic: &Diagnostic) -> String {
    let place = diagnostic.position().map_or_else(String::new, |at| format!(":{}:{}", at.line, at.column));
    let severity = severity(diagnostic.severity());
    let suggestion = diagnostic.suggestion().map_or_else(String::new, |text| format!("; {text}"));
    format!("{name}{place}: {severity}: {}{suggestion}", diagnostic.message())
}

/// How diagnostics look on standard output.
pub(crate) fn renderer(colours: bool) -> Renderer {
    if colours { Renderer::styled() } else { Renderer::plain() }.decor_style(DecorStyle::Ascii)
}

/// The diagnostic with its line of `text`, and what to write instead.
pub(crate) fn snippet(renderer: &Renderer, name: &str, text: &[u8], diagnostic: &Diagnostic) -> String {
    let level = match diagnostic.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(diagnostic.message()).id(diagnostic.code().as_str());
    let mut group = match diagnostic.position() {
        None => title.element(Origin::path(name)),
        Some(at) => {
            let line = at.line as usize;
            let Excerpt { source, token, cut } = Excerpt::new(text, at);
            let snippet =
                Snippet::source(source).line_start(line).annotation(AnnotationKind::Primary.span(token));
            match cut {
                // The renderer would count columns from where the line was cut.
                true => title
                    .element(Origin::path(name).line(line).char_column(at.column as usize))
                    .element(snippet),
                false => title.element(snippet.path(name)),
            }
        }
    };
    if let Some(suggestion) = diagnostic.suggestion() {
        group = group.element(Level::HELP.message(suggestion));
    }
    renderer.render(&[group])
}

/// How much of a long line is shown on either side of a token: lists may be one line of megabytes.
const AROUND: usize = 80;

/// The line on which something stands.
#[derive(Debug, PartialEq, Eq)]
struct Excerpt {
    /// The line, or what is near the token where the line is long.
    source: String,
    /// The bytes of the token in `source`.
    token: Range<usize>,
    /// Whether `source` begins later than the line.
    cut: bool,
}

impl Excerpt {
    /// Looks at no more than [`AROUND`] bytes on either side, however long the line is.
    fn new(text: &[u8], at: Position) -> Excerpt {
        let is_newline = |byte: &u8| *byte == b'\n';
        let (before, rest) = text.split_at((at.offset as usize).min(text.len()));
        let (token, after) = rest.split_at((at.len as usize).min(rest.len()));

        let near = before.get(before.len().saturating_sub(AROUND)..).unwrap_or_default();
        let line_start = near.iter().rposition(is_newline).map(|newline| newline + 1);
        let cut = line_start.is_none() && near.len() < before.len();
        let near = near.get(line_start.unwrap_or(0)..).unwrap_or_default();
        let mut source = match cut {
            true => format!("...{}", lossy(near)),
            false => lossy(near).trim_start_matches('\u{feff}').to_owned(),
        };
        let start = source.len();
        source.push_str(&lossy(token));
        let token = start..source.len();
        let near = after.get(..AROUND).unwrap_or(after);
        match near.iter().position(is_newline) {
            Some(end) => source.push_str(lossy(near.get(..end).unwrap_or_default()).trim_end_matches('\r')),
            None if near.len() < after.len() => source.push_str(&format!("{}...", lossy(near))),
            None => source.push_str(&lossy(near)),
        }
        Excerpt { source, token, cut }
    }
}

/// Bytes as text; what is not UTF-8, or was cut in the middle of a character, is shown as U+FFFD.
fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_cut_around_the_token() {
        let text = format!("first\n{}TOKEN{}\nlast", "a".repeat(200), "b".repeat(200));
        let at = Position { line: 2, column: 201, offset: 206, len: 5 };
        let source = format!("...{}TOKEN{}...", "a".repeat(80), "b".repeat(80));
        assert_eq!(Excerpt::new(text.as_bytes(), at), Excerpt { source, token: 83..88, cut: true });
    }

    #[test]
    fn short_lines_stay_whole() {
        let whole = |source: &str, token| Excerpt { source: source.to_owned(), token, cut: false };
        let at = Position { line: 1, column: 1, offset: 3, len: 4 };
        assert_eq!(Excerpt::new("\u{feff}10.1,x\r\ny".as_bytes(), at), whole("10.1,x", 0..4));
        let at = Position { line: 1, column: 1, offset: 0, len: 2 };
        assert_eq!(Excerpt::new(b"\xff\xfe,x", at), whole("\u{fffd}\u{fffd},x", 0..6));
    }
}
