//! What can be followed, and how each is named.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// A place where lists are kept. `crate::sources` makes a source of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum SourceConfig {
    /// The folder of a site, or its image.
    Folder(FolderConfig),
}

/// The folder of a site, or its image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FolderConfig {
    /// Where it is.
    pub path: PathBuf,
}

impl SourceConfig {
    /// The folder of a site, or its image.
    #[must_use]
    pub fn of_folder(path: PathBuf) -> SourceConfig {
        SourceConfig::Folder(FolderConfig { path })
    }

    /// The folder that is followed, where it is one.
    pub(super) fn folder(&self) -> Option<&Path> {
        match self {
            SourceConfig::Folder(folder) => Some(&folder.path),
        }
    }

    /// What is wrong with it.
    pub(super) fn problems(&self) -> Vec<String> {
        match self {
            SourceConfig::Folder(_) => Vec::new(),
        }
    }
}
