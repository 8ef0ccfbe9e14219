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

/// Whether a folder holds any part of a site.
pub(crate) fn is_site(folder: &Path) -> bool {
    [SETTINGS, DEFAULT, APPS, HOSTS].iter().any(|part| folder.join(part).exists())
}

/// What a folder is that holds no part of a site.
pub(crate) fn no_site(folder: &Path) -> Problem {
    let why = match fs::metadata(folder) {
        Ok(metadata) if !metadata.is_dir() => "it is no folder and no image, and no site".to_owned(),
        Ok(_) => {
            format!("it is no site: there is none of `{SETTINGS}`, `{DEFAULT}`, `{APPS}` and `{HOSTS}` in it")
        }
        Err(error) => error.to_string(),
    };
    Problem::new(folder, why)
}

/// Makes of `path` that of an app's list in a site's folder, in the memory that it has: there are many.
pub(crate) fn write_list_path(path: &mut PathBuf, site: &Path, app: &AppName) {
    path.as_mut_os_string().clear();
    path.extend([site, APPS.as_ref(), app.as_str().as_ref()]);
    path.as_mut_os_string().push(LIST);
}

/// The lists of a site.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The default list, if there is one, readable or not.
    pub(super) default: Option<PathBuf>,
    pub(super) lists: BTreeMap<AppName, PathBuf>,
    /// What stands among the lists and is none.
    pub(super) strange: Vec<Problem>,
    pub(super) unreadable: Vec<Problem>,
}

impl Found {
    /// Finds them.
    pub(super) fn of(folder: &Path) -> Found {
        let default = Some(folder.join(DEFAULT)).filter(|path| path.symlink_metadata().is_ok());
        let mut found = Found { default, ..Found::default() };
        walk(folder, &mut |item| match item {
            Item::Folder(_) => {}
            Item::List(name) => {
                let mut path = PathBuf::new();
                write_list_path(&mut path, folder, &name);
                found.lists.insert(name, path);
            }
            Item::Strange(problem) => found.strange.push(problem),
            Item::Unreadable(_, problem) => found.unreadable.push(problem),
        });
        found
    }
}

/// What stands among the lists of a site. Who reads them once needs less than who follows them.
#[cfg_attr(not(feature = "watch"), allow(dead_code))]
pub(crate) enum Item<'w> {
    /// `apps` or a folder in it, there or not. What is in it comes later.
    Folder(&'w Path),
    /// The list of that app ([`write_list_path`]).
    List(AppName),
    /// What is no list.
    Strange(Problem),
    /// A folder that cannot be read, or not to its end, with the start of the names of the apps whose lists it may hold. Not
    /// to be told from one without lists, which would open these apps.
    Unreadable(&'w str, Problem),
}

/// Goes through the lists of a site, whose folder that is.
pub(crate) fn walk(site: &Path, take: &mut impl FnMut(Item<'_>)) {
    walk_folder(&site.join(APPS), "", take);
}

/// Goes through a folder, `above` being the start of the names in it.
fn walk_folder(folder: &Path, above: &str, take: &mut impl FnMut(Item<'_>)) {
    take(Item::Folder(folder));
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && above.is_empty() => return,
        entries => entries,
    };
    let mut folders = Vec::new();
    let walk_entries = || {
        for entry in entries? {
            let entry = entry?;
            if let Some(folder) = walk_entry(&entry, above, take) {
                folders.push((entry.path(), folder));
            }
        }
        io::Result::Ok(())
    };
    if let Err(error) = walk_entries() {
        take(Item::Unreadable(above, Problem::new(folder, error.to_string())));
    }
    folders.iter().for_each(|(folder, above)| walk_folder(folder, above, take));
}

/// Takes what stands in a folder, unless that is one with lists in it: then returns the start of the names in that.
fn walk_entry(entry: &fs::DirEntry, above: &str, take: &mut impl FnMut(Item<'_>)) -> Option<String> {
    let mut strange = |message: &str| take(Item::Strange(Problem::new(&entry.path(), message)));
    let file = entry.file_name();
    let Some(file) = file.to_str() else {
        strange("its name is no UTF-8 text, and no name of an app");
        return None;
    };
    let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
    if file.starts_with(['.', '#']) || file.ends_with('~') {
        if !is_folder && file.ends_with(LIST) && !file.starts_with(LOCK) {
            strange(
                "it is passed over, since its name begins as those of editors' own files do; rename the app",
            );
        }
        return None;
    }
    let name = format!("{above}{}", if is_folder { file } else { file.strip_suffix(LIST).unwrap_or(file) });
    match AppName::new(&name) {
        Err(error) => strange(&error.to_string()),
        Ok(_) if is_folder => return Some(name + "/"),
        Ok(_) if !file.ends_with(LIST) => {
            strange(&format!(
                "it is no list of an app, whose name would end with `{LIST}`; rename or remove it"
            ));
        }
        Ok(name) => take(Item::List(name)),
    }
    None
}
