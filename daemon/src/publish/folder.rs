//! The site as a folder of lists: files that differ are written, each whole, and those that are gone are removed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ipgate::site::{Site, SiteParser};
use ipgate::whole_file::{self, Edit, WriteError};
use sha2::{Digest, Sha256};

use super::state::Written;
use super::{file, text};

/// What says that a folder is written by this program. A folder of lists without it is somebody else's.
const MARK: &str = ".ipgated";
const MARK_TEXT: &[u8] =
    b"The lists beside this file are written by ipgated; whatever else is below `apps` is removed.\n";

/// A folder of lists.
#[derive(Debug)]
pub(super) struct FolderTarget {
    path: PathBuf,
    /// What stands in each file, as its digest; nothing where that is not known.
    known: Option<BTreeMap<String, [u8; 32]>>,
}

impl FolderTarget {
    pub(super) fn at(path: &Path) -> FolderTarget {
        FolderTarget { path: path.to_owned(), known: None }
    }

    /// Writes what differs, reads that back, and removes what is gone, which comes last, since it may open.
    pub(super) fn write(&mut self, site: &Site) -> Result<Written, String> {
        // Whatever fails on the way: afterwards it is looked at anew.
        let mut known = match self.known.take() {
            Some(known) => known,
            None => self.look()?,
        };
        let files = text::files(site)?;
        let bytes = files.iter().map(|(_, text)| text.len()).sum();
        let names: BTreeSet<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
        let gone: Vec<String> = known.keys().filter(|name| !names.contains(name.as_str())).cloned().collect();
        let mut written = 0;
        for (name, text) in &files {
            let digest: [u8; 32] = Sha256::digest(text).into();
            if known.get(name) != Some(&digest) {
                self.put(name, text)?;
                known.insert(name.clone(), digest);
                written += 1;
            }
        }
        for name in gone {
            self.remove(&name)?;
            known.remove(&name);
            written += 1;
        }
        self.known = Some(known);
        Ok(Written::of_files(written, bytes))
    }

    /// What stands there, of a folder that is this program's or holds no site.
    fn look(&self) -> Result<BTreeMap<String, [u8; 32]>, String> {
        let said = |error: &dyn std::fmt::Display| format!("{}: {error}", self.path.display());
        let mark = self.path.join(MARK);
        if !mark.exists() {
            if SiteParser::is_site(&self.path) {
                let sentence = "lists are there already that ipgated did not write, and would be lost; name an empty folder, or one that is not there";
                return Err(said(&sentence));
            }
            fs::create_dir_all(&self.path).map_err(|error| said(&error))?;
            whole_file::write(&mark, MARK_TEXT).map_err(|error| error.to_string())?;
        }
        sweep(&self.path);
        let mut files = ["default.list", "hosts", "site.toml"].map(|name| self.path.join(name)).to_vec();
        lists_below(&self.path.join("apps"), &mut files).map_err(|error| said(&error))?;
        let mut known = BTreeMap::new();
        for path in files {
            let Some(name) = path.strip_prefix(&self.path).ok().and_then(Path::to_str) else { continue };
            match fs::read(&path) {
                Ok(bytes) => drop(known.insert(name.to_owned(), Sha256::digest(bytes).into())),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(format!("{}: {error}", path.display())),
            }
        }
        Ok(known)
    }

    fn put(&self, name: &str, text: &str) -> Result<(), String> {
        let path = self.path.join(name);
        file::make_folder(&path)?;
        file::put(&path, text.as_bytes())
    }

    fn remove(&self, name: &str) -> Result<(), String> {
        let path = self.path.join(name);
        match Edit::of(&path) {
            Ok(edit) => edit.remove().map_err(|error| error.to_string())?,
            Err(WriteError::Missing { .. }) => {}
            Err(error) => return Err(error.to_string()),
        }
        // Folders of apps that are gone; one that is not empty stays.
        for folder in path
            .ancestors()
            .skip(1)
            .take_while(|folder| *folder != self.path.join("apps") && *folder != self.path)
        {
            if fs::remove_dir(folder).is_err() {
                break;
            }
        }
        Ok(())
    }
}

/// Clears away what a predecessor has left that was killed. Where that cannot be done, it is in nobody's way.
fn sweep(folder: &Path) {
    let _ = whole_file::sweep(folder);
}

/// The lists in a folder and in those in it. One that is not there has none.
fn lists_below(folder: &Path, into: &mut Vec<PathBuf>) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    sweep(folder);
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            lists_below(&entry.path(), into)?;
        } else if entry.path().extension().is_some_and(|extension| extension == "list") {
            into.push(entry.path());
        }
    }
    Ok(())
}
