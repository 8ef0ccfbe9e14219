//! The state folder: what each source said last, for a restart while it is away.
//!
//! A source has one file, a site image, whose name is made of the source's name, so that another source does not take it for
//! its own. It is written beside, synced and renamed over what was there ([`whole_file`]): whoever is killed in between leaves
//! the state before or the one after.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ipgate::Content;
use ipgate::site::Site;
use ipgate::whole_file;
use sha2::{Digest, Sha256};

/// A folder of states.
#[derive(Debug, Clone)]
pub struct StateFolder {
    path: PathBuf,
}

impl StateFolder {
    /// The folder at that path, which is made where it is missing. What writers left in it that were killed is removed.
    ///
    /// # Errors
    ///
    /// It cannot be made.
    pub fn open(path: impl Into<PathBuf>) -> io::Result<StateFolder> {
        let path = path.into();
        fs::create_dir_all(&path)?;
        let _ = whole_file::sweep(&path); // where that cannot be done, it is in nobody's way
        Ok(StateFolder { path })
    }

    /// The file of a source.
    #[must_use]
    pub fn file(&self, source: &str) -> PathBuf {
        self.path.join(file_name(source))
    }

    /// What a source said last; nothing where it never was kept.
    ///
    /// # Errors
    ///
    /// A sentence where there is a file that cannot be read or is damaged.
    pub fn load(&self, source: &str) -> Result<Option<Site>, String> {
        let path = self.file(source);
        let bad = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(bad(&error)),
        };
        Site::from_content(Content::from(bytes.as_slice())).map(Some).map_err(|error| bad(&error))
    }

    /// Keeps what a source says. O(n) for the bytes of its image, and waits for the disk.
    ///
    /// # Errors
    ///
    /// A sentence; what was kept before is still there.
    pub fn save(&self, source: &str, site: &Site) -> Result<(), String> {
        let image = site.to_image().map_err(|refused| refused.to_string())?;
        whole_file::write(self.file(source), &image).map_err(|error| error.to_string())
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// What begins like the source's name, and is different for different sources.
fn file_name(source: &str) -> String {
    let is_plain = |character: &char| character.is_ascii_alphanumeric() || *character == '-';
    let start: String = source.chars().map(|c| if is_plain(&c) { c } else { '_' }).take(60).collect();
    let digest = Sha256::digest(source.as_bytes());
    let digest: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("{start}-{digest}.image")
}
