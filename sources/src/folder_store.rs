//! The folder of a site as a store: lists of apps read and written where they stand.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use futures_util::future::BoxFuture;
use ipgate::site::{AppName, SiteParser};
use ipgate::whole_file::{Edit, WriteError};
use sha2::{Digest, Sha256};

use crate::store::{Store, StoreError, Stored};

/// What stands for the version of a list that is not there.
const ABSENT: &str = "absent";

/// The folder of a site, whose lists of apps are read and written: `apps/NAME.list`.
///
/// A version is the digest of the text. A write locks the folder of the list, as `ipgate add` does, looks whether the list still
/// is as it was read, and puts the new one in its place whole.
#[derive(Debug, Clone)]
pub struct FolderStore {
    path: PathBuf,
}

impl FolderStore {
    /// The folder of the site at that path.
    pub fn new(path: impl Into<PathBuf>) -> FolderStore {
        FolderStore { path: path.into() }
    }

    /// The file of an app's list.
    fn file(&self, app: &AppName) -> PathBuf {
        self.path.join("apps").join(format!("{app}.list"))
    }

    fn read_now(&self, app: &AppName) -> Result<Option<Stored>, StoreError> {
        if let Some(text) = text_of(&self.file(app))? {
            return Ok(Some(Stored { version: version(Some(&text)), text: Some(text), caution: None }));
        }
        // Without a list, a host or the settings may name it.
        let named = SiteParser::new().apps(&self.path);
        let named = named.map_err(|error| StoreError::Unreachable(error.to_string()))?;
        Ok(named.contains(app).then(|| Stored { version: version(None), text: None, caution: None }))
    }

    fn write_now(&self, app: &AppName, text: Option<&str>, read: &Stored) -> Result<(), StoreError> {
        if app.as_str().split('/').any(|part| part.starts_with(['.', '#']) || part.ends_with('~')) {
            let sentence = format!("a folder has no list for {app}: its name is one of editors' own files");
            return Err(StoreError::CannotSay(sentence));
        }
        let file = self.file(app);
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).map_err(|error| unreachable(folder, &error))?;
        }
        let edit = Edit::at(&file).map_err(unwritten)?;
        if version(text_of(edit.path())?.as_deref()) != read.version {
            return Err(StoreError::Conflict);
        }
        match text {
            Some(text) => edit.write(text.as_bytes()),
            None => edit.remove(),
        }
        .map_err(unwritten)
    }
}

impl Store for FolderStore {
    fn name(&self) -> String {
        format!("folder {}", self.path.display())
    }

    fn is_one_line(&self) -> bool {
        false
    }

    fn read<'s>(&'s self, app: &'s AppName) -> BoxFuture<'s, Result<Option<Stored>, StoreError>> {
        let (store, app) = (self.clone(), app.clone());
        Box::pin(aside(move || store.read_now(&app)))
    }

    fn write<'s>(
        &'s self,
        app: &'s AppName,
        text: Option<&'s str>,
        read: &'s Stored,
    ) -> BoxFuture<'s, Result<(), StoreError>> {
        let (store, app, text, read) = (self.clone(), app.clone(), text.map(str::to_owned), read.clone());
        Box::pin(aside(move || store.write_now(&app, text.as_deref(), &read)))
    }
}

/// Away from the threads that wait for sockets.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(StoreError::Unreachable(error.to_string())))
}

fn text_of(file: &Path) -> Result<Option<String>, StoreError> {
    match fs::read(file) {
        Ok(bytes) => String::from_utf8(bytes).map(Some).map_err(|_| {
            let name = file.display();
            StoreError::CannotSay(format!("{name} is no text, perhaps a compiled list, and cannot be edited"))
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreachable(file, &error)),
    }
}

fn version(text: Option<&str>) -> String {
    let Some(text) = text else { return ABSENT.to_owned() };
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unreachable(path: &Path, error: &io::Error) -> StoreError {
    StoreError::Unreachable(format!("{}: {error}", path.display()))
}

fn unwritten(error: WriteError) -> StoreError {
    match &error {
        WriteError::Unchanged { error: cause, .. } if cause.kind() == io::ErrorKind::PermissionDenied => {
            StoreError::Denied(error.to_string())
        }
        _ => StoreError::Unreachable(error.to_string()),
    }
}
