//! From a source's bytes to something that a gate can hold: here, and nowhere else, text and images part
//! ways.

use std::path::Path;

use ipgate::{
    Content, Gate, Table,
    gate::Guard,
    list::{Parsed, Parser, ReadError, Report},
};

use crate::error::ipgate_error;
use crate::failure::Failure;

/// A table ready to be swapped in.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) table: Table,
    /// What there was to say about its source.
    report: Report,
    pub(crate) origin: Origin,
    /// The generation of the table that the guard has compared this one with.
    compared: Option<u64>,
}

/// Where a table comes from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Origin {
    /// The name of the source; empty without one.
    pub(crate) name: String,
    is_image: bool,
    /// SHA-256 of the texts of the default and the app list.
    digests: [Option<[u8; 32]>; 2],
}

impl Origin {
    /// SHA-256 of the list's text, of the app list's where there are two; zeros where there was no text.
    pub(crate) fn digest(&self) -> [u8; 32] {
        let [default, app] = self.digests;
        app.or(default).unwrap_or_default()
    }

    /// Whether the other is the same text of the same name. Images of the same texts may differ, in what the
    /// policy made of them.
    pub(crate) fn is_same_text(&self, other: &Origin) -> bool {
        let is_text = |origin: &Origin| !origin.is_image && origin.digests != [None; 2];
        is_text(self) && is_text(other) && self.name == other.name && self.digests == other.digests
    }
}

impl Loaded {
    pub(crate) fn new(table: Table, report: Report, name: &str, is_image: bool) -> Loaded {
        let info = table.info();
        let origin =
            Origin { name: name.to_owned(), is_image, digests: [info.default_digest, info.app_digest] };
        Loaded { table, report, origin, compared: None }
    }

    /// A table from text.
    pub(crate) fn text(text: Content, parser: &Parser) -> Result<Loaded, Failure> {
        let Parsed { list, report } =
            parser.parse_content(text).map_err(|rejected| Failure::rejected(&rejected))?;
        Ok(Loaded::new(Table::new(&list), report, list.source().unwrap_or_default(), false))
    }

    /// A table from a compiled image.
    pub(crate) fn image(name: &str, content: Content) -> Result<Loaded, Failure> {
        let table = Table::from_content(content).map_err(|error| Failure::image(&error))?;
        Ok(Loaded::new(table, Report::default(), name, true))
    }

    /// A table from the bytes of a file, text or image.
    pub(crate) fn file(name: &str, content: Content, parser: &Parser) -> Result<Loaded, Failure> {
        let loaded = match Table::is_image(&content) {
            true => Loaded::image(name, content),
            false => Loaded::text(content, &parser.clone().source(name)),
        };
        loaded.map_err(|failure| failure.of(name))
    }

    /// A list from a text file.
    pub(crate) fn list(path: &Path, parser: &Parser) -> Result<Parsed, Failure> {
        let name = path.to_string_lossy();
        parser.read(path).map_err(|error| match error {
            ReadError::Rejected { rejected, .. } => Failure::rejected(&rejected).of(&name),
            error => Failure::io(error.to_string()),
        })
    }

    /// The same, if the guard lets it replace the gate's table. Compares only with a table that it was not
    /// compared with before.
    pub(crate) fn guarded(self, guard: &Guard, gate: &Gate) -> Result<Loaded, Failure> {
        let current = gate.snapshot();
        let compared = Some(current.generation());
        if self.compared != compared {
            let refused = |refused| Failure::refused(&refused).of(&self.origin.name);
            guard.check(current.table(), &self.table).map_err(refused)?;
        }
        Ok(Loaded { compared, ..self })
    }

    pub(crate) fn warnings(&self) -> ipgate_error {
        ipgate_error::warnings(&self.report)
    }
}

impl From<Table> for Loaded {
    fn from(table: Table) -> Loaded {
        Loaded::new(table, Report::default(), "", false)
    }
}
