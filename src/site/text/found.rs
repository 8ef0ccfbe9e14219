//! The files of a site's folder, found and not read.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::problem::Problem;
use crate::site::name::AppName;

pub(crate) const SETTINGS: &str = "site.toml";
pub(crate) const DEFAULT: &str = "default.list";
pub(crate) const APPS: &str = "apps";
pub(crate) const HOSTS: &str = "hosts";
/// What begins the name of the link by which an editor locks a file.
const LOCK: &str = ".#";
/// What the name of a list's file ends with.
const LIST: &str = ".list";

/// The lists of a site.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The default list, if there is one, readable or not.
    pub(crate) default: Option<PathBuf>,
    pub(crate) lists: BTreeMap<AppName, PathBuf>,
    /// `apps` and the folders in it, whether `apps` is there or not.
    pub(crate) folders: Vec<PathBuf>,
    /// What stands among the lists and is none.
    pub(crate) strange: Vec<Problem>,
    /// Folders that cannot be read, with the start of the names of the apps whose lists they may hold. Not to be told from
    /// those without lists, which would open these apps.
    pub(crate) unreadable: Vec<(String, Problem)>,
}

impl Found {
    /// Finds them.
    pub(crate) fn of(folder: &Path) -> Found {
        let default = Some(folder.join(DEFAULT)).filter(|path| path.symlink_metadata().is_ok());
        let mut found = Found { default, ..Found::default() };
        found.walk(folder.join(APPS), "");
        found
    }

    /// Whether a folder holds any part of a site.
    pub(crate) fn is_any(folder: &Path) -> bool {
        [SETTINGS, DEFAULT, APPS, HOSTS].iter().any(|part| folder.join(part).exists())
    }

    /// What a folder is that holds no part of a site.
    pub(crate) fn none(folder: &Path) -> Problem {
        let why = match fs::metadata(folder) {
            Ok(metadata) if !metadata.is_dir() => "it is no folder and no image, and no site".to_owned(),
            Ok(_) => format!(
                "it is no site: there is none of `{SETTINGS}`, `{DEFAULT}`, `{APPS}` and `{HOSTS}` in it"
            ),
            Err(error) => error.to_string(),
        };
        Problem::new(folder, why)
    }

    /// Goes through a folder, `above` being the start of the names in it.
    fn walk(&mut self, folder: PathBuf, above: &str) {
        let entries = fs::read_dir(&folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        self.folders.push(folder.clone());
        let entries = match entries {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound && above.is_empty() => return,
            Err(error) => {
                let problem = Problem::new(&folder, error.to_string());
                return self.unreadable.push((above.to_owned(), problem));
            }
        };
        for entry in entries {
            let path = entry.path();
            let file = entry.file_name();
            let Some(file) = file.to_str() else {
                self.strange.push(Problem::new(&path, "its name is no UTF-8 text, and no name of an app"));
                continue;
            };
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if file.starts_with(['.', '#']) || file.ends_with('~') {
                if !is_folder && file.ends_with(LIST) && !file.starts_with(LOCK) {
                    let message = "it is passed over, since its name begins as those of editors' own files do; rename the app";
                    self.strange.push(Problem::new(&path, message));
                }
                continue;
            }
            let name =
                format!("{above}{}", if is_folder { file } else { file.strip_suffix(LIST).unwrap_or(file) });
            match AppName::new(&name) {
                Err(error) => self.strange.push(Problem::new(&path, error.to_string())),
                Ok(_) if is_folder => self.walk(path, &format!("{name}/")),
                Ok(_) if !file.ends_with(LIST) => {
                    let message = format!(
                        "it is no list of an app, whose name would end with `{LIST}`; rename or remove it"
                    );
                    self.strange.push(Problem::new(&path, message));
                }
                Ok(name) => drop(self.lists.insert(name, path)),
            }
        }
    }
}
