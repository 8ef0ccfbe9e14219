//! The directories whose changes concern a followed file, and the notifications from them.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};

use super::mailbox::Mailbox;
use super::stamp::{Identity, identity};
use crate::shown::ShownPath;

/// As many symlinks as Linux follows in one path.
const MAX_LINKS: usize = 40;

/// Watches directories rather than files, since a file that is renamed over, re-created or reached by
/// another symlink is another file.
pub(super) struct Directories {
    mailbox: Arc<Mailbox>,
    watcher: Option<RecommendedWatcher>,
    /// What is watched: a directory that was re-created at the same path is another one.
    watched: BTreeMap<PathBuf, Identity>,
}

impl Directories {
    pub(super) fn new(mailbox: Arc<Mailbox>) -> Directories {
        Directories { mailbox, watcher: None, watched: BTreeMap::new() }
    }

    /// Watches the directories on the ways to these files, and no others. Cheap where nothing has changed.
    ///
    /// # Errors
    ///
    /// The first directory from which no notifications will come, and why.
    pub(super) fn follow<'p>(&mut self, files: impl Iterator<Item = &'p Path>) -> Result<(), String> {
        let trails: Vec<Trail> = files.map(Trail::of).collect();
        let wanted: BTreeSet<&PathBuf> = trails.iter().flat_map(|trail| &trail.directories).collect();
        let exists = |path: &&PathBuf| Some(((*path).clone(), identity(&fs::metadata(path).ok()?)));
        let wanted: BTreeMap<PathBuf, Identity> = wanted.iter().filter_map(exists).collect();
        self.mailbox.set_targets(trails.into_iter().map(|trail| trail.target).collect());
        if wanted == self.watched {
            return Ok(());
        }
        let watcher = match &mut self.watcher {
            Some(watcher) => watcher,
            none => {
                let mailbox = Arc::clone(&self.mailbox);
                let watcher = notify::recommended_watcher(move |event| mailbox.notified(event));
                none.insert(watcher.map_err(|error| error.to_string())?)
            }
        };
        self.watched.retain(|path, identity| {
            let keep = wanted.get(path) == Some(identity);
            if !keep {
                let _ = watcher.unwatch(path); // a directory that is gone is not watched any more
            }
            keep
        });
        let mut result = Ok(());
        for (path, identity) in wanted {
            let Entry::Vacant(place) = self.watched.entry(path) else { continue };
            match watcher.watch(place.key(), RecursiveMode::NonRecursive) {
                Ok(()) => {
                    place.insert(identity);
                }
                Err(error) => result = result.and(Err(format!("{}: {error}", ShownPath(place.key())))),
            }
        }
        result
    }
}

/// The way from a path to its file, as the system goes it.
struct Trail {
    /// The directories in which a name decides where the path leads: those that hold a symlink on the way,
    /// and the one that holds the file.
    directories: BTreeSet<PathBuf>,
    /// The file, without symlinks on the way; or where it would be.
    target: PathBuf,
}

impl Trail {
    fn of(path: &Path) -> Trail {
        let mut trail = Trail { directories: BTreeSet::new(), target: PathBuf::new() };
        let mut ahead: VecDeque<PathBuf> = parts(path).collect();
        let mut links = 0;
        while let Some(part) = ahead.pop_front() {
            if part.as_os_str() == ".." {
                trail.target.pop();
                continue;
            }
            let next = trail.target.join(&part); // an absolute link's first part replaces all before it
            let link = fs::read_link(&next).ok().filter(|_| links < MAX_LINKS);
            if link.is_some() || ahead.is_empty() {
                trail.directories.insert(trail.target.clone());
            }
            match link {
                Some(link) => {
                    links += 1;
                    parts(&link).rev().for_each(|part| ahead.push_front(part));
                }
                None => trail.target = next,
            }
        }
        trail
    }
}

fn parts(path: &Path) -> impl DoubleEndedIterator<Item = PathBuf> {
    path.components().filter(|part| *part != Component::CurDir).map(|part| PathBuf::from(part.as_os_str()))
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A ConfigMap as Kubernetes mounts it, behind one more link from elsewhere.
    #[test]
    fn a_trail_has_every_directory_that_decides() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("map/..2026")).unwrap();
        fs::create_dir_all(root.join("etc")).unwrap();
        fs::write(root.join("map/..2026/office.list"), "").unwrap();
        symlink("..2026", root.join("map/..data")).unwrap();
        symlink("..data/office.list", root.join("map/office.list")).unwrap();
        symlink("../map/office.list", root.join("etc/office.list")).unwrap();

        let trail = Trail::of(&root.join("etc/office.list"));
        let expected: BTreeSet<PathBuf> = ["etc", "map", "map/..2026"].map(|d| root.join(d)).into();
        assert_eq!(trail.directories, expected);
        assert_eq!(trail.target, root.join("map/..2026/office.list"));
    }

    #[test]
    fn links_in_a_circle_end() {
        let root = tempfile::tempdir().unwrap();
        symlink("b", root.path().join("a")).unwrap();
        symlink("a", root.path().join("b")).unwrap();
        let trail = Trail::of(&root.path().join("a"));
        assert_eq!(trail.directories.len(), 1);
    }
}
