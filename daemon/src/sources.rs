//! From the configuration to sources, and to the stores that changes go to: the one place that knows every kind.

use std::sync::Arc;

use ipgate::list::Parser;
use ipgate_sources::{FolderSource, FolderStore, Source, Store};

use crate::config::{Config, SourceConfig};

/// The sources that a configuration names, in the order of their word.
///
/// # Errors
///
/// A sentence where a file that one of them needs cannot be read.
pub fn sources(config: &Config) -> Result<Vec<Box<dyn Source>>, String> {
    let parser = parser(config);
    config.sources.iter().map(|source| self::source(source, &parser)).collect()
}

/// How lists are parsed.
#[must_use]
pub fn parser(config: &Config) -> Parser {
    Parser::new().lenient(config.lenient)
}

fn source(config: &SourceConfig, parser: &Parser) -> Result<Box<dyn Source>, String> {
    match config {
        SourceConfig::Folder(folder) => Ok(Box::new(FolderSource::new(&folder.path).parser(parser.clone()))),
    }
}

/// Where changes go: the first source that can be written.
///
/// # Errors
///
/// A sentence where a file that it needs cannot be read, or none can be written.
pub fn store(config: &Config) -> Result<Arc<dyn Store>, String> {
    let mut stores = config.sources.iter().filter_map(|source| self::store_of(source).transpose());
    stores.next().unwrap_or_else(|| {
        Err("`control` is asked for, and no source can be written; an image and a web address cannot, a folder can".to_owned())
    })
}

fn store_of(config: &SourceConfig) -> Result<Option<Arc<dyn Store>>, String> {
    match config {
        SourceConfig::Folder(folder) if folder.path.is_file() => Ok(None),
        SourceConfig::Folder(folder) => Ok(Some(Arc::new(FolderStore::new(&folder.path)))),
    }
}
