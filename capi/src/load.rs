//! From a source's bytes to something that a gate can hold: here, and nowhere else, text and images part
//! ways.

use std::path::Path;

use ipgate::{Gate, Guard, Parsed, Parser, ReadError, Report, Table};
use sha2::{Digest, Sha256};

use crate::error::{Failure, ipgate_error};
use crate::list::ipgate_list;

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
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The name of the source; empty without one.
    pub(crate) name: String,
    /// SHA-256 of the bytes; zeros for what was not given as bytes.
    pub(crate) digest: [u8; 32],
}

impl Origin {
    pub(crate) fn new(name: &str, bytes: &[u8]) -> Origin {
        Origin { name: name.to_owned(), digest: Sha256::digest(bytes).into() }
    }
}

impl Loaded {
    fn new(table: Table, report: Report, origin: Origin) -> Loaded {
        Loaded { table, report, origin, compared: None }
    }

    /// A table from text.
    pub(crate) fn text(bytes: &[u8], parser: &Parser) -> Result<Loaded, Failure> {
        let Parsed { list, report } = parser.parse(bytes).map_err(|rejected| Failure::rejected(&rejected))?;
        let origin = Origin::new(list.source().unwrap_or_default(), bytes);
        Ok(Loaded::new(Table::new(&list), report, origin))
    }

    /// A table from the bytes of a file, text or image.
    pub(crate) fn file(name: &str, bytes: &[u8], parser: &Parser) -> Result<Loaded, Failure> {
        Loaded::text(bytes, &parser.clone().source(name)).map_err(|failure| failure.of(name))
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
        Loaded::new(table, Report::default(), Origin::default())
    }
}

impl From<&ipgate_list> for Loaded {
    fn from(list: &ipgate_list) -> Loaded {
        let origin = Origin::new(list.list.source().unwrap_or_default(), list.list.text());
        Loaded::new(Table::new(&list.list), list.report.clone(), origin)
    }
}
