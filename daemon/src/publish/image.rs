//! The site as one file, compiled.

use std::fs;
use std::path::{Path, PathBuf};

use ipgate::Content;
use ipgate::site::{Site, SiteDigest};
use ipgate::whole_file;

use super::file;
use super::state::Written;

/// An image of the site.
#[derive(Debug)]
pub(super) struct ImageTarget {
    path: PathBuf,
    /// Whether this process has written what stands there.
    is_own: bool,
}

impl ImageTarget {
    pub(super) fn at(path: &Path) -> ImageTarget {
        ImageTarget { path: path.to_owned(), is_own: false }
    }

    /// Puts the site in its place, and reads it back. An image of the same site that is there from before stays, so that
    /// nobody loads it again.
    pub(super) fn write(&mut self, site: &Site, digest: SiteDigest) -> Result<Written, String> {
        if !self.is_own
            && let Some(bytes) = self.take_over(digest)?
        {
            return Ok(Written::of_files(0, bytes));
        }
        let image = site.to_image().map_err(|refused| refused.to_string())?;
        file::put(&self.path, &image)?;
        self.is_own = true;
        Ok(Written::of_files(1, image.len()))
    }

    /// Makes the folder, clears away what a predecessor has left that was killed, and says how long the image is that stands
    /// there, where it is of that very site.
    fn take_over(&self, digest: SiteDigest) -> Result<Option<usize>, String> {
        file::make_folder(&self.path)?;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        // Where that cannot be done, it is in nobody's way.
        let _ = whole_file::sweep(folder);
        let Ok(bytes) = fs::read(&self.path) else { return Ok(None) };
        let there = Site::from_content(Content::from(bytes.as_slice())).ok();
        Ok(there.filter(|there| there.digest() == digest).map(|_| bytes.len()))
    }
}
