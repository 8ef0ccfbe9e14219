//! Where the lists of a site stand: found again where a folder may have changed.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::site::AppName;
use crate::site::text::{Item, Problem, walk};
use crate::watch::known::Sight;

/// For how long folders must have looked the same before what was found in them is believed: a later change shows then,
/// however coarse the times of files are (2 s, at the worst).
const COARSEST: Duration = Duration::from_secs(2);
/// For how long it is believed: not every file system tells of changes by the times of a folder.
const LONGEST: Duration = Duration::from_secs(10);

/// What was found among the lists of a site, other than the lists.
#[derive(Debug)]
pub(super) struct Listing {
    /// Of how many it is the last; what it found is known by it.
    number: u32,
    /// `apps` and the folders in it, there or not, each as it looked before it was listed.
    folders: Vec<(PathBuf, Sight)>,
    /// What is no list.
    pub(super) strange: Vec<Problem>,
    /// Folders that cannot be read, with the start of the names of the apps whose lists they may hold.
    pub(super) unreadable: Vec<(String, Problem)>,
    /// Since when the folders look as they do.
    same_since: Instant,
    /// When they were listed.
    listed: Instant,
}

impl Listing {
    /// Before the first look.
    pub(super) fn new(now: Instant) -> Listing {
        let (folders, strange, unreadable) = (Vec::new(), Vec::new(), Vec::new());
        Listing { number: 0, folders, strange, unreadable, same_since: now, listed: now }
    }

    /// Believes nothing of it any more. The folders stay, so that notifications come from them.
    pub(super) fn forget(&mut self) {
        self.same_since = self.listed;
    }

    /// `apps` and the folders in it, there or not.
    pub(super) fn folders(&self) -> impl Iterator<Item = &Path> {
        self.folders.iter().map(|(folder, _)| folder.as_path())
    }

    /// Its number. Lists that were found with an earlier one are not there.
    pub(super) fn number(&self) -> u32 {
        self.number
    }

    /// Looks whether any folder has changed, at `now` by the clock of the system and no other; where it may have, `found` is
    /// told of every list that there is, with the number of that listing.
    pub(super) fn look(&mut self, site: &Path, now: Instant, mut found: impl FnMut(u32, AppName)) {
        if self.is_believed(now) && self.folders.iter().all(|(folder, sight)| Sight::now(folder) == *sight) {
            return;
        }
        let mut next = Listing { number: self.number.wrapping_add(1), ..Listing::new(now) };
        walk(site, &mut |item| match item {
            Item::Folder(folder) => next.folders.push((folder.to_owned(), Sight::now(folder))),
            Item::List(app) => found(next.number, app),
            Item::Strange(problem) => next.strange.push(problem),
            Item::Unreadable(above, problem) => next.unreadable.push((above.to_owned(), problem)),
        });
        if next.folders == self.folders {
            next.same_since = self.same_since;
        }
        *self = next;
    }

    fn is_believed(&self, now: Instant) -> bool {
        let passed = |since| now.saturating_duration_since(since);
        let had_settled = self.listed.saturating_duration_since(self.same_since) >= COARSEST;
        !self.folders.is_empty() && self.unreadable.is_empty() && had_settled && passed(self.listed) < LONGEST
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    use super::*;

    /// A site's folder with these lists, and looks at it at times that the test chooses.
    struct Bench {
        folder: tempfile::TempDir,
        listing: Listing,
        start: Instant,
    }

    impl Bench {
        fn new(lists: &[&str]) -> Bench {
            let (folder, start) = (tempfile::tempdir().unwrap(), Instant::now());
            let bench = Bench { folder, listing: Listing::new(start), start };
            lists.iter().for_each(|list| bench.write(list));
            bench
        }

        fn path(&self, list: &str) -> PathBuf {
            self.folder.path().join("apps").join(list)
        }

        fn write(&self, list: &str) {
            let path = self.path(list);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "10.0.0.0/8\n").unwrap();
        }

        /// What is found so many milliseconds after the start; nothing where the folders are not listed.
        fn at(&mut self, millis: u64) -> Option<String> {
            let (before, mut apps) = (self.listing.number(), BTreeSet::new());
            let now = self.start + Duration::from_millis(millis);
            self.listing.look(self.folder.path(), now, |_, app| {
                apps.insert(app.to_string());
            });
            (self.listing.number() != before).then(|| apps.into_iter().collect::<Vec<_>>().join(" "))
        }

        /// Waits until a folder that changes now has a later time than one that changed before.
        fn tick(&self) {
            let changes = || {
                let probe = self.folder.path().join("probe");
                fs::write(&probe, "").unwrap();
                fs::remove_file(probe).unwrap();
                Sight::now(self.folder.path())
            };
            let before = changes();
            while changes() == before {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }

    #[test]
    fn folders_that_have_not_changed_are_not_listed() {
        let mut bench = Bench::new(&["shop.list", "deis/controller.list"]);
        let all = Some("deis/controller shop".to_owned());
        assert_eq!((bench.at(0), bench.at(1999), bench.at(2000)), (all.clone(), all.clone(), all.clone()));
        assert_eq!((bench.at(2001), bench.at(11_999)), (None, None), "they looked the same for 2 s");
        assert_eq!((bench.at(12_000), bench.at(12_001)), (all, None), "now and then they are listed anyway");
        let folders: BTreeSet<_> = bench.listing.folders().map(Path::to_owned).collect();
        assert_eq!(folders, BTreeSet::from(["", "deis"].map(|folder| bench.path(folder))));
    }

    /// Files change within a tick of the clock by which they are stamped: only time tells.
    #[test]
    fn a_folder_that_has_just_changed_is_listed_until_a_later_change_would_show() {
        let mut bench = Bench::new(&["shop.list"]);
        assert!([0, 2000, 2001].map(|millis| bench.at(millis).is_some()) == [true, true, false]);
        bench.tick();
        bench.write("blog.list");
        let mut said = BTreeSet::new();
        for millis in (3000..5000).step_by(100) {
            said.insert(bench.at(millis));
        }
        assert_eq!(said, BTreeSet::from([Some("blog shop".to_owned())]));
        assert_eq!((bench.at(5000), bench.at(5001)), (Some("blog shop".to_owned()), None));
    }

    #[test]
    fn whatever_changes_in_any_folder_is_found() {
        let mut bench = Bench::new(&["shop.list", "deis/controller.list"]);
        let mut millis = 0;
        let mut settled = |bench: &mut Bench| {
            millis += 10_000;
            let found = [0, 2000, 4000].map(|later| bench.at(millis + later));
            assert_eq!((&found[0], &found[2]), (&found[1], &None), "listed until it is believed");
            found[0].clone().unwrap()
        };
        assert_eq!(settled(&mut bench), "deis/controller shop");
        bench.tick();
        bench.write("deis/builder.list");
        assert_eq!(settled(&mut bench), "deis/builder deis/controller shop");
        bench.tick();
        fs::remove_file(bench.path("deis/controller.list")).unwrap();
        assert_eq!(settled(&mut bench), "deis/builder shop");
        bench.tick();
        fs::rename(bench.path("deis"), bench.path("deis2")).unwrap();
        assert_eq!(settled(&mut bench), "deis2/builder shop");
        bench.tick();
        fs::rename(bench.path(""), bench.folder.path().join("aside")).unwrap();
        assert_eq!(settled(&mut bench), "");
        fs::rename(bench.folder.path().join("aside"), bench.path("")).unwrap();
        assert_eq!(settled(&mut bench), "deis2/builder shop");
    }

    #[test]
    fn what_is_forgotten_is_found_again() {
        let mut bench = Bench::new(&["shop.list"]);
        assert!([0, 2000, 2001].map(|millis| bench.at(millis).is_some()) == [true, true, false]);
        bench.listing.forget();
        assert_eq!(bench.listing.folders().count(), 1);
        assert!([2002, 4001, 4002].map(|millis| bench.at(millis).is_some()) == [true, true, false]);
    }

    #[test]
    fn a_folder_that_cannot_be_read_is_tried_again() {
        let mut bench = Bench::new(&["shop.list"]);
        let unreadable = Problem::new(&bench.path(""), "it has gone wrong");
        assert!([0, 2000, 2001].map(|millis| bench.at(millis).is_some()) == [true, true, false]);
        bench.listing.unreadable.push((String::new(), unreadable));
        assert!(bench.at(2002).is_some() && bench.listing.unreadable.is_empty());
    }
}
