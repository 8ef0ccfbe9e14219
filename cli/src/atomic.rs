//! A file replaced whole or not at all.

use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::output::{Failure, complain};
use crate::source::cannot_read;

/// A file that is about to be replaced. Other `ipgate` commands that edit files of the same directory wait
/// until it is dropped, so that no edit is lost.
pub(crate) struct Replacement {
    /// The file itself, where a symbolic link was named.
    target: PathBuf,
    directory: PathBuf,
    _lock: Option<File>,
}

impl Replacement {
    /// Finds the file behind any symbolic links and locks its directory.
    pub(crate) fn of(path: &Path) -> Result<Replacement, Failure> {
        let target = fs::canonicalize(path).map_err(|error| cannot_read(path.display(), &error))?;
        if !target.is_file() {
            return Err(format!("{} is not a regular file and cannot be replaced", path.display()).into());
        }
        let directory = target.parent().map_or_else(PathBuf::new, Path::to_owned);
        let _lock = match lock(&directory) {
            Ok(lock) => Some(lock),
            Err(error) => {
                let shown = directory.display();
                complain(format_args!(
                    "{shown} cannot be locked against other edits, which goes on: {error}"
                ));
                None
            }
        };
        Ok(Replacement { target, directory, _lock })
    }

    /// The file itself.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Puts `bytes` in the place of the file's: a temporary file beside it, synced, renamed over it.
    pub(crate) fn write(&self, bytes: &[u8]) -> Result<(), Failure> {
        let target = self.target.display();
        self.replace(bytes).map_err(|error| {
            Failure::Told(format!("{target} cannot be written and is unchanged: {error}"))
        })?;
        sync_directory(&self.directory).map_err(|error| {
            Failure::Told(format!("{target} was replaced, but may not survive a loss of power: {error}"))
        })
    }

    fn replace(&self, bytes: &[u8]) -> io::Result<()> {
        let metadata = fs::metadata(&self.target)?;
        let mut file = tempfile::Builder::new().prefix(".ipgate-").tempfile_in(&self.directory)?;
        file.write_all(bytes)?;
        keep_owner(file.as_file(), &metadata)?;
        file.as_file().set_permissions(metadata.permissions())?;
        file.as_file().sync_all()?;
        file.persist(&self.target).map_err(|error| error.error)?;
        Ok(())
    }
}

/// Puts `bytes` in a file, whether or not there is one already.
pub(crate) fn put(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    if fs::exists(path).map_err(|error| cannot_read(path.display(), &error))? {
        return Replacement::of(path)?.write(bytes);
    }
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let create = || -> io::Result<()> {
        let mut file = tempfile::Builder::new().prefix(".ipgate-").tempfile_in(directory)?;
        file.write_all(bytes)?;
        open_as_created(file.as_file())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        sync_directory(directory)
    };
    create().map_err(|error| Failure::Told(format!("{} cannot be written: {error}", path.display())))
}

/// Temporary files are private; an image is as readable as the list that it comes from usually is.
#[cfg(unix)]
fn open_as_created(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn open_as_created(_: &File) -> io::Result<()> {
    Ok(())
}

fn lock(directory: &Path) -> io::Result<File> {
    let file = File::open(directory)?;
    file.lock()?;
    Ok(file)
}

/// Gives the new file the old one's owner and group, where that may be done.
#[cfg(unix)]
fn keep_owner(file: &File, metadata: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    match fchown(file, Some(metadata.uid()), Some(metadata.gid())) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        outcome => outcome,
    }
}

#[cfg(not(unix))]
fn keep_owner(_: &File, _: &Metadata) -> io::Result<()> {
    Ok(())
}

/// Makes the rename last, where directories can be synced.
fn sync_directory(directory: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(directory)?.sync_all() } else { Ok(()) }
}
