//! The site as one file, compiled.

use std::fs;
use std::path::{Path, PathBuf};

use ipgate::Content;
use ipgate::site::{Site, SiteDigest};
use ipgate::whole_file::{self, WriteError};

use super::state::Written;

/// An image of the site.
#[derive(Debug)]
pub(super) struct ImageTarget {
    path: PathBuf,
    /// Whether what a killed predecessor has left was cleared away.
    is_swept: bool,
}

impl ImageTarget {
    pub(super) fn at(path: &Path) -> ImageTarget {
        ImageTarget { path: path.to_owned(), is_swept: false }
    }

    /// Puts the site in its place, and reads it back. An image of the same site stays, so that nobody loads it again.
    pub(super) fn write(&mut self, site: &Site, digest: SiteDigest) -> Result<Written, String> {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        fs::create_dir_all(folder)
            .map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;
        if !self.is_swept {
            // Where that cannot be done, it is in nobody's way.
            self.is_swept = whole_file::sweep(folder).is_ok();
        }
        if let Ok((there, bytes)) = self.read()
            && there == digest
        {
            return Ok(Written { files: 0, bytes });
        }
        let image = site.to_image().map_err(|refused| refused.to_string())?;
        match whole_file::write(&self.path, &image) {
            Ok(()) | Err(WriteError::Unsynced { .. }) => {}
            Err(error) => return Err(error.to_string()),
        }
        match self.read()? {
            (read, bytes) if read == digest => Ok(Written { files: 1, bytes }),
            (read, _) => Err(format!(
                "{} holds another site than was written (digest {read} in the place of {digest}); does something else write there?",
                self.path.display()
            )),
        }
    }

    fn read(&self) -> Result<(SiteDigest, usize), String> {
        let said =
            |error: &dyn std::fmt::Display| format!("{} cannot be read back: {error}", self.path.display());
        let bytes = fs::read(&self.path).map_err(|error| said(&error))?;
        let len = bytes.len();
        let site = Site::from_content(Content::from(bytes.as_slice())).map_err(|error| said(&error))?;
        Ok((site.digest(), len))
    }
}
