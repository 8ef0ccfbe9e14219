//! The file that a gate is polled for: whether it has changed, and what it holds.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use ipgate::Parser;

use crate::error::Failure;
use crate::load::Loaded;

/// A file, and the state in which it was last handled.
#[derive(Debug, Clone)]
pub(crate) struct FollowedFile {
    path: PathBuf,
    parser: Parser,
    handled: Option<Stamp>,
}

/// What tells one state of a file from another without reading it: device, inode, size, and the times of
/// the last modification and of the last change of anything, in seconds and nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp(u64, u64, u64, (i64, i64), (i64, i64));

impl Stamp {
    fn of(metadata: &Metadata) -> Stamp {
        let modified = (metadata.mtime(), metadata.mtime_nsec());
        let changed = (metadata.ctime(), metadata.ctime_nsec());
        Stamp(metadata.dev(), metadata.ino(), metadata.len(), modified, changed)
    }
}

impl FollowedFile {
    pub(crate) fn new(path: &Path, parser: Parser) -> Result<FollowedFile, Failure> {
        let path =
            std::path::absolute(path).map_err(|error| Failure::io(format!("{}: {error}", path.display())))?;
        Ok(FollowedFile { path, parser, handled: None })
    }

    /// Takes the next look for the first one.
    pub(crate) fn forget(&mut self) {
        self.handled = None;
    }

    /// Whether there is something to load that was not loaded before. One `stat`.
    pub(crate) fn has_changed(&self) -> bool {
        match fs::metadata(&self.path) {
            Ok(metadata) => self.handled != Some(Stamp::of(&metadata)),
            Err(_) => true,
        }
    }

    /// Reads, parses and compiles.
    pub(crate) fn load(&mut self) -> Result<Loaded, Failure> {
        let name = self.path.to_string_lossy().into_owned();
        let bytes = self.read().map_err(|error| Failure::io(format!("{name}: {error}")))?;
        Loaded::file(&name, &bytes, &self.parser)
    }

    fn read(&mut self) -> io::Result<Vec<u8>> {
        let mut file = File::open(&self.path)?;
        let stamp = Stamp::of(&file.metadata()?);
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        self.handled = Some(stamp);
        Ok(bytes)
    }
}
