//! Formats that show at the start of a text. No list begins as they do.

use super::kind::Kind;
use super::line;

/// What compressed files begin with (`file`'s magic numbers).
const COMPRESSED: [(&[u8], &str); 4] =
    [(b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"), (b"\xfd7zXZ\0", "xz"), (b"PK\x03\x04", "zip")];

/// So much of a text is looked at.
const HEAD: usize = 2048;

/// The format of a text by its start; `first_error` is where its first line with an error begins.
pub(super) fn kind(text: &[u8], first_error: usize) -> Option<Kind> {
    let compressed = COMPRESSED.iter().find(|(magic, _)| text.starts_with(magic));
    if let Some((_, program)) = compressed {
        return Some(Kind::Compressed(program));
    }
    if text.starts_with(b"BZh") && text.get(4..).is_some_and(|block| block.starts_with(b"1AY&SY")) {
        return Some(Kind::Compressed("bzip2")); // its first letters alone may begin the name of a host
    }
    if let Some(encoding) = wide(text) {
        return Some(Kind::Wide(encoding));
    }
    let head = text.get(first_error..)?;
    let before = text.get(..first_error)?;
    let is_first =
        before.strip_prefix("\u{feff}".as_bytes()).unwrap_or(before).iter().all(u8::is_ascii_whitespace);
    let head = String::from_utf8_lossy(head.get(..HEAD).unwrap_or(head));
    let head = head.trim_start();
    if is_first { markup(head).or_else(|| json(head)).or_else(|| csv(head)) } else { None }
}

/// The encoding of text with more than a byte a character: by its byte-order mark, or by a NUL in every second place.
fn wide(text: &[u8]) -> Option<&'static str> {
    match text {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => return Some("UTF-32"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => return Some("UTF-16"),
        _ => {}
    }
    let pairs = text.get(..64).unwrap_or(text).as_chunks::<2>().0;
    let all = |is: fn(&[u8; 2]) -> bool| pairs.len() > 1 && pairs.iter().all(is);
    if all(|[low, high]| *low != 0 && *high == 0) {
        Some("UTF-16LE")
    } else if all(|[high, low]| *low != 0 && *high == 0) {
        Some("UTF-16BE")
    } else {
        None
    }
}

/// HTML or XML; the sections of Apache's configuration look alike and are neither.
fn markup(head: &str) -> Option<Kind> {
    let name = head.strip_prefix('<')?;
    if !name.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '!' | '?' | '/')) {
        return None;
    }
    let head = head.to_ascii_lowercase();
    let is_apache =
        ["<require", "<limit", "<directory", "<location", "<files", "<if", "<virtualhost", "<proxy"];
    if is_apache.iter().any(|section| head.starts_with(section)) {
        return None;
    }
    let is_html = ["<!doctype html", "<html", "<head", "<body", "<title", "<p>", "<div", "<script", "<pre"];
    Some(if is_html.iter().any(|tag| head.contains(tag)) { Kind::Html } else { Kind::Xml })
}

/// An object, or an array of texts or objects: other brackets may be those of an address.
fn json(head: &str) -> Option<Kind> {
    let inside = |rest: &str| rest.trim_start().starts_with(['"', '{', '}']);
    head.strip_prefix(['{', '[']).is_some_and(inside).then_some(Kind::Json)
}

/// A header, which names columns, above a line with as many of them and an address among them.
fn csv(head: &str) -> Option<Kind> {
    let mut lines = head.lines().filter(|line| !line.trim().is_empty());
    let (header, row) = (lines.next()?, lines.next()?);
    let is_name = |field: &str| {
        let field = field.trim().trim_matches('"');
        field.starts_with(|c: char| c.is_ascii_alphabetic())
            && field.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ' '))
    };
    let is_csv = [',', ';', '\t'].into_iter().any(|separator| {
        let columns = header.split(separator).count();
        columns > 1
            && header.split(separator).all(is_name)
            && row.split(separator).count() >= columns
            && row.split(separator).any(|field| line::is_address(field.trim().trim_matches('"')))
    });
    is_csv.then_some(Kind::Csv)
}
