//! A file that is put in its place whole, and read back.

use std::fs;
use std::path::Path;

use ipgate::whole_file::{self, WriteError};

/// Makes the folder of a file.
pub(super) fn make_folder(path: &Path) -> Result<(), String> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder
        .map_or(Ok(()), fs::create_dir_all)
        .map_err(|error| format!("{} cannot be made: {error}", folder.unwrap_or(Path::new(".")).display()))
}

/// Puts a file in its place, and reads it back.
pub(super) fn put(path: &Path, bytes: &[u8]) -> Result<(), String> {
    match whole_file::write(path, bytes) {
        Ok(()) | Err(WriteError::Unsynced { .. }) => {}
        Err(error) => return Err(error.to_string()),
    }
    let said = |what: &dyn std::fmt::Display| format!("{}: {what}", path.display());
    match fs::read(path) {
        Ok(read) if read == bytes => Ok(()),
        Ok(_) => Err(said(&"it holds something else than was written; does something else write there?")),
        Err(error) => Err(said(&format!("it cannot be read back: {error}"))),
    }
}

/// Puts a file in its place where something else stands there. Whether that was so.
pub(super) fn put_where_it_differs(path: &Path, bytes: &[u8]) -> Result<bool, String> {
    if fs::read(path).is_ok_and(|read| read == bytes) {
        return Ok(false);
    }
    make_folder(path)?;
    put(path, bytes).map(|()| true)
}
