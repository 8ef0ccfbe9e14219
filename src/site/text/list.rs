//! The list of an app, or the default list: text, or the image of one.

use std::io;
use std::path::Path;

use crate::content::Content;
use crate::limits::TooLarge;
use crate::list::{Parsed, Parser, ReadError, Report};
use crate::site::description::ListSlot;
use crate::table::Table;

/// Reads a file.
pub(super) fn read(parser: &Parser, path: &Path) -> Result<(ListSlot, Report), ReadError> {
    match Content::of_path(path, parser.limits()) {
        Ok(content) => of_content(parser, path, content),
        // The parser says it with its own limit, and reads nothing of it either.
        Err(error) if TooLarge::of(&error).is_some() => parser.read(path).map(of_parsed),
        Err(error) => Err(ReadError::Io { path: path.to_owned(), error }),
    }
}

/// Takes what a file holds.
pub(crate) fn of_content(
    parser: &Parser,
    path: &Path,
    content: Content,
) -> Result<(ListSlot, Report), ReadError> {
    let damaged = |error: Box<dyn std::error::Error + Send + Sync>| ReadError::Io {
        path: path.to_owned(),
        error: io::Error::new(io::ErrorKind::InvalidData, error),
    };
    if Table::is_image(&content) {
        let table = Table::from_content(content).map_err(|error| damaged(error.into()))?;
        let slot = ListSlot::of_table(table)
            .ok_or_else(|| damaged("the image is of a policy, and the image of one list is needed".into()))?;
        return Ok((slot, Report::default()));
    }
    let parsed = parser.named(path).parse_content(content);
    parsed.map(of_parsed).map_err(|rejected| ReadError::Rejected { path: path.to_owned(), rejected })
}

fn of_parsed(parsed: Parsed) -> (ListSlot, Report) {
    (parsed.list.into(), parsed.report)
}
