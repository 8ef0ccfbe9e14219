//! Files written whole or not at all: whoever reads one meanwhile, or after a loss of power, finds the old
//! bytes or the new ones, and never a part.
//!
//! The bytes go into a temporary file in the same directory (`.ipgate-` and six random characters), which is
//! synced and renamed over the file; then the directory is synced. A replaced file keeps its permissions and, where
//! that may be set, its owner and group; access control lists and other attributes are not copied, and another hard
//! link keeps the old bytes. A new file has the permissions that the process's umask leaves. A symbolic link stays,
//! and the file that it leads to is replaced.
//!
//! Whoever writes what another may be editing locks the directory: [`write()`] for as long as it writes,
//! [`Edit`] from before the file is read. Locks are advisory (`flock`): other programs do not see them.
//!
//! ```
//! use ipgate::whole_file::{self, Edit};
//!
//! let directory = tempfile::tempdir()?;
//! let path = directory.path().join("office.list");
//! whole_file::write(&path, b"10.0.1.0/24:office_ABC\n")?;
//!
//! let edit = Edit::of(&path)?;
//! let mut text = std::fs::read(edit.path())?; // nobody else edits it until `edit` is dropped
//! text.extend_from_slice(b"192.0.2.7:partner\n");
//! edit.write(&text)?;
//! # assert_eq!(std::fs::read_to_string(&path)?, "10.0.1.0/24:office_ABC\n192.0.2.7:partner\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::shown::ShownPath;

/// What the name of a temporary file begins with; six random characters follow.
const PREFIX: &str = ".ipgate-";

/// Puts `bytes` in a file, in the place of what it holds, or makes the file. O(n) for n bytes, and waits for
/// the disk. Where the directory cannot be locked against other edits, that does not stop it.
///
/// # Errors
///
/// [`WriteError`]; with any but [`WriteError::Unsynced`] nothing has changed.
pub fn write(path: impl AsRef<Path>, bytes: &[u8]) -> Result<(), WriteError> {
    Edit::at(path)?.write(bytes)
}

/// A file that is about to be replaced. Until this is dropped, other edits of files in its directory wait.
///
/// See the [module](self) for an example.
#[derive(Debug)]
pub struct Edit {
    /// The file itself, where a symbolic link was named.
    target: PathBuf,
    directory: PathBuf,
    /// Whether the file is there already.
    exists: bool,
    /// Held until this is dropped.
    lock: io::Result<File>,
}

impl Edit {
    /// Finds the file behind any symbolic links and locks its directory, for which it may wait.
    ///
    /// # Errors
    ///
    /// [`WriteError::Missing`], [`WriteError::DanglingLink`], [`WriteError::NotAFile`] or
    /// [`WriteError::Unreachable`].
    pub fn of(path: impl AsRef<Path>) -> Result<Edit, WriteError> {
        let path = path.as_ref();
        let named = || path.to_owned();
        let target = fs::canonicalize(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound if path.is_symlink() => WriteError::DanglingLink { path: named() },
            io::ErrorKind::NotFound => WriteError::Missing { path: named() },
            _ => WriteError::Unreachable { path: named(), error },
        })?;
        match fs::metadata(&target) {
            Ok(metadata) if metadata.is_file() => {}
            Ok(_) => return Err(WriteError::NotAFile { path: named() }),
            // It went just now.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(WriteError::Missing { path: named() });
            }
            Err(error) => return Err(WriteError::Unreachable { path: named(), error }),
        }
        let directory = target.parent().map_or_else(PathBuf::new, Path::to_owned);
        let lock = lock(&directory);
        Ok(Edit { target, directory, exists: true, lock })
    }

    /// The same for a file that may not be there yet; its directory has to be.
    ///
    /// ```
    /// use ipgate::whole_file::Edit;
    /// let directory = tempfile::tempdir()?;
    /// let edit = Edit::at(directory.path().join("office.list"))?;
    /// assert!(!edit.exists()); // and nobody else makes it until `edit` is dropped
    /// edit.write(b"10.0.1.0/24:office_ABC\n")?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Edit::of`], but for [`WriteError::Missing`].
    pub fn at(path: impl AsRef<Path>) -> Result<Edit, WriteError> {
        let path = path.as_ref();
        loop {
            match Edit::of(path) {
                Err(WriteError::Missing { .. }) => {}
                Ok(edit) if !edit.target.exists() => continue, // somebody has removed it while this waited
                edit => return edit,
            }
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            let directory = parent.unwrap_or(Path::new(".")).to_owned();
            let lock = lock(&directory);
            if !path.exists() {
                return Ok(Edit { target: path.to_owned(), directory, exists: false, lock });
            }
        }
    }

    /// Whether the file was there when it was locked.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.exists
    }

    /// The file itself: read it here once it is locked.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.target
    }

    /// Why the directory could not be locked, where it could not (some network file systems): another edit at
    /// the same time may then be lost. O(1).
    #[must_use]
    pub fn not_locked(&self) -> Option<&io::Error> {
        self.lock.as_ref().err()
    }

    /// Puts `bytes` in the place of what the file holds. O(n) for n bytes, and waits for the disk.
    ///
    /// # Errors
    ///
    /// [`WriteError::Unchanged`], and the file is as it was; [`WriteError::Unsynced`], and it holds `bytes`.
    pub fn write(&self, bytes: &[u8]) -> Result<(), WriteError> {
        let path = || self.target.clone();
        let directory = || self.directory.clone();
        self.replace(bytes).map_err(|error| WriteError::Unchanged {
            path: path(),
            directory: directory(),
            error,
        })?;
        sync(&self.directory).map_err(|error| WriteError::Unsynced { path: path(), error })
    }

    /// Removes the file, where it is there. Waits for the disk.
    ///
    /// # Errors
    ///
    /// [`WriteError::Unchanged`], and the file is as it was; [`WriteError::Unsynced`], and it is gone.
    pub fn remove(&self) -> Result<(), WriteError> {
        let path = || self.target.clone();
        match fs::remove_file(&self.target) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                let directory = self.directory.clone();
                Err(WriteError::Unchanged { path: path(), directory, error })
            }
            _ => sync(&self.directory).map_err(|error| WriteError::Unsynced { path: path(), error }),
        }
    }

    fn replace(&self, bytes: &[u8]) -> io::Result<()> {
        let old = self.exists.then(|| fs::metadata(&self.target)).transpose()?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(OsStr::new(PREFIX));
        if old.is_none() {
            as_created(&mut builder);
        }
        let mut file = builder.tempfile_in(&self.directory)?;
        file.as_file_mut().write_all(bytes)?; // its own errors would name the temporary file
        if let Some(old) = old {
            keep_owner(file.as_file(), &old)?;
            file.as_file().set_permissions(old.permissions())?;
        }
        file.as_file().sync_all()?;
        file.persist(&self.target).map_err(|error| error.error)?;
        Ok(())
    }
}

/// Removes the temporary files that writers left in a directory which were killed while they wrote, and says how many there
/// were. The directory is locked for that, so that none of them is being written; where it cannot be locked, they stay.
///
/// # Errors
///
/// The directory cannot be locked, or read.
///
/// ```
/// use ipgate::whole_file;
/// let directory = tempfile::tempdir()?;
/// std::fs::write(directory.path().join(".ipgate-a1B2c3"), "10.0.")?;
/// assert_eq!(whole_file::sweep(directory.path())?, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn sweep(directory: impl AsRef<Path>) -> io::Result<usize> {
    let directory = directory.as_ref();
    let _lock = lock(directory)?;
    let mut removed = 0;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_ours = name
            .to_str()
            .and_then(|name| name.strip_prefix(PREFIX))
            .is_some_and(|rest| rest.len() == 6 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        if is_ours && entry.file_type()?.is_file() && fs::remove_file(entry.path()).is_ok() {
            removed += 1;
        }
    }
    Ok(removed)
}

fn lock(directory: &Path) -> io::Result<File> {
    let file = File::open(directory)?;
    file.lock()?;
    Ok(file)
}

/// Temporary files are private unless told otherwise; this is what the umask is taken from.
#[cfg(unix)]
fn as_created(builder: &mut tempfile::Builder<'_, '_>) {
    use std::os::unix::fs::PermissionsExt;
    builder.permissions(fs::Permissions::from_mode(0o666));
}

#[cfg(not(unix))]
fn as_created(_: &mut tempfile::Builder<'_, '_>) {}

/// Gives the new file the old one's owner and group, each where that may be done.
#[cfg(unix)]
fn keep_owner(file: &File, old: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let allowed = |outcome: io::Result<()>| match outcome {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        outcome => outcome,
    };
    allowed(fchown(file, None, Some(old.gid())))?;
    allowed(fchown(file, Some(old.uid()), None))
}

#[cfg(not(unix))]
fn keep_owner(_: &File, _: &Metadata) -> io::Result<()> {
    Ok(())
}

/// Makes the rename last, where directories can be synced.
fn sync(directory: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(directory)?.sync_all() } else { Ok(()) }
}

/// Why a file was not written. `Display` is a sentence that names the file.
#[derive(Debug)]
#[non_exhaustive]
pub enum WriteError {
    /// There is no such file to edit.
    #[non_exhaustive]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The path is a symbolic link, and what it leads to does not exist.
    #[non_exhaustive]
    DanglingLink {
        /// The link.
        path: PathBuf,
    },
    /// The path leads to a directory, pipe or device, which cannot be replaced.
    #[non_exhaustive]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The path cannot be followed.
    #[non_exhaustive]
    Unreachable {
        /// The path.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The bytes could not be written; the file, if there is one, is as it was.
    #[non_exhaustive]
    Unchanged {
        /// The file.
        path: PathBuf,
        /// Where the new one was to be made.
        directory: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The file holds the new bytes, but the directory could not be synced.
    #[non_exhaustive]
    Unsynced {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WriteError::Missing { path } => write!(f, "{} does not exist", ShownPath(path)),
            WriteError::DanglingLink { path } => {
                write!(f, "{} is a symbolic link to a file that does not exist", ShownPath(path))
            }
            WriteError::NotAFile { path } => {
                write!(f, "{} is not a regular file and cannot be replaced", ShownPath(path))
            }
            WriteError::Unreachable { path, error } => {
                write!(f, "{} cannot be reached: {error}", ShownPath(path))
            }
            WriteError::Unchanged { path, directory, error } => {
                write!(f, "{} cannot be written; nothing has changed: ", ShownPath(path))?;
                cause(f, directory, error)
            }
            WriteError::Unsynced { path, error } => {
                write!(f, "{} is written, but may not survive a loss of power: {error}", ShownPath(path))
            }
        }
    }
}

/// Why a file was not replaced, as something that can be changed: of its directory, not of the temporary file.
fn cause(f: &mut fmt::Formatter<'_>, directory: &Path, error: &io::Error) -> fmt::Result {
    use io::ErrorKind::{
        CrossesDevices, NotFound, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, ResourceBusy,
        StorageFull,
    };
    let directory = match directory.to_str() {
        Some("" | ".") => "the current directory".to_owned(),
        _ => ShownPath(directory).to_string(),
    };
    match error.kind() {
        PermissionDenied => write!(f, "you have no permission to make and replace files in {directory}"),
        ReadOnlyFilesystem => write!(f, "{directory} is on a file system that is read-only"),
        StorageFull => write!(f, "no space is left in {directory}"),
        QuotaExceeded => write!(f, "your quota in {directory} is used up"),
        NotFound => write!(f, "the file, or {directory}, is not there"),
        ResourceBusy | CrossesDevices => write!(
            f,
            "the file is mounted by itself, as containers do it, and cannot be replaced; mount its directory, \
             {directory}, instead"
        ),
        _ => write!(f, "{error}"),
    }
}

impl std::error::Error for WriteError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            WriteError::Unreachable { error, .. }
            | WriteError::Unchanged { error, .. }
            | WriteError::Unsynced { error, .. } => Some(error),
            WriteError::Missing { .. } | WriteError::DanglingLink { .. } | WriteError::NotAFile { .. } => {
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_directory_and_what_can_be_done() {
        for (kind, told) in [
            (
                io::ErrorKind::PermissionDenied,
                "you have no permission to make and replace files in /etc/lists",
            ),
            (io::ErrorKind::ReadOnlyFilesystem, "/etc/lists is on a file system that is read-only"),
            (io::ErrorKind::StorageFull, "no space is left in /etc/lists"),
            (io::ErrorKind::QuotaExceeded, "your quota in /etc/lists is used up"),
            (
                io::ErrorKind::ResourceBusy,
                "the file is mounted by itself, as containers do it, and cannot be replaced; mount its directory, \
                 /etc/lists, instead",
            ),
            (
                io::ErrorKind::CrossesDevices,
                "the file is mounted by itself, as containers do it, and cannot be replaced; mount its directory, \
                 /etc/lists, instead",
            ),
            (io::ErrorKind::NotFound, "the file, or /etc/lists, is not there"),
        ] {
            // As `tempfile` wraps it, with the name of its own file.
            let error = io::Error::new(kind, "at path \"/etc/lists/.ipgate-x\"");
            let error =
                WriteError::Unchanged { path: "a.list".into(), directory: "/etc/lists".into(), error };
            assert_eq!(error.to_string(), format!("a.list cannot be written; nothing has changed: {told}"));
        }
    }

    /// The numbers by which the system says so.
    #[cfg(target_os = "linux")]
    #[test]
    fn numbers_of_the_system_have_their_sentences() {
        for (number, told) in [(1, "permission"), (13, "permission"), (16, "mounted"), (18, "mounted")]
            .into_iter()
            .chain([(28, "no space"), (30, "read-only"), (122, "quota")])
        {
            let error = io::Error::from_raw_os_error(number);
            let error = WriteError::Unchanged { path: "a".into(), directory: ".".into(), error }.to_string();
            assert!(error.contains(told) && !error.contains("os error"), "{number}: {error}");
            assert!(error.contains("the current directory"), "{number}: {error}");
        }
    }
}
