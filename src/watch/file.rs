//! One followed file: when it has settled, and what it then holds.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::known::{DEFAULT_SETTLE, Glance, Known, Look, Place};
use crate::list::Parser;

/// How long a first load waits for files that are being written.
pub(super) const START_PATIENCE: Duration = Duration::from_secs(10);

/// A file that is looked at now and then, and what is known of it: for programs with an event loop of their
/// own. [`Watch`](crate::Watch) does the looking on a thread.
///
/// ```
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("office.list");
/// # std::fs::write(&path, "10.0.1.0/24:office_ABC")?;
/// use ipgate::{watch::{Followed, Look}, list::Parser};
/// use std::time::Instant;
/// let mut file = Followed::new(path)?;
/// match file.look(Instant::now(), true, &Parser::new()) {
///     Look::Text(text) => println!("{} bytes to parse", text.len()),
///     Look::Unsettled(until) => println!("it is being written, look again at {until:?}"),
///     Look::Failed(error) => eprintln!("{error}"),
///     Look::Same => {}
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Followed {
    /// As it was given.
    name: PathBuf,
    /// Absolute, so that a later change of directory does not matter.
    path: PathBuf,
    settle: Duration,
    is_being_written: bool,
    known: Known,
}

impl Followed {
    /// Will look at that file, which need not exist yet. A relative path is taken from the directory that is
    /// current now.
    ///
    /// # Errors
    ///
    /// The path is empty, or the current directory cannot be told.
    pub fn new(path: impl Into<PathBuf>) -> io::Result<Followed> {
        let name = path.into();
        let path = std::path::absolute(&name)?;
        let (settle, known) = (DEFAULT_SETTLE, Known::default());
        Ok(Followed { name, path, settle, is_being_written: false, known })
    }

    /// The same file, read when it has been unchanged for that long; 100 ms unless set.
    pub(super) fn settle(self, settle: Duration) -> Followed {
        Followed { settle, ..self }
    }

    /// The path as it was given.
    #[must_use]
    pub fn name(&self) -> &Path {
        &self.name
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Takes note of who writes to it, where the system tells.
    pub(super) fn heed(&mut self, writers: &HashMap<PathBuf, bool>) {
        if writers.is_empty() {
            return;
        }
        let target = self.path.canonicalize().ok();
        if let Some(&written) = target.and_then(|target| writers.get(&target)) {
            self.is_being_written = written;
        }
    }

    /// Forgets what it has seen: the file is read again once it has settled.
    pub fn forget(&mut self) {
        self.known.forget();
    }

    /// Looks at the file at `now`. It is read once it has settled: it has shown the same for long enough, and
    /// still does when it has been read whole. `retry` tries again what failed.
    pub fn look(&mut self, now: Instant, retry: bool, parser: &Parser) -> Look {
        let (place, known) = self.parts();
        known.look(place, now, retry, parser)
    }

    /// What [`Followed::look`] would find, without reading: one `stat`, for programs that read elsewhere.
    pub fn glance(&mut self, now: Instant, retry: bool) -> Glance {
        let (place, known) = self.parts();
        known.glance(place, now, retry)
    }

    fn parts(&mut self) -> (Place<'_>, &mut Known) {
        let Followed { name, path, settle, is_being_written, known } = self;
        let (settle, is_being_written) = (*settle, *is_being_written);
        (Place { name, path, settle, is_being_written }, known)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use super::*;
    use crate::watch::outcome::WatchError;

    const TICK: Duration = Duration::from_millis(30);

    /// A file in a directory of its own, and looks at it at times that the test chooses.
    struct Bench {
        directory: tempfile::TempDir,
        file: Followed,
        start: Instant,
    }

    impl Bench {
        fn new(text: &str) -> Bench {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("office.list");
            fs::write(&path, text).unwrap();
            let file = Followed::new(path).unwrap();
            let mut bench = Bench { directory, file, start: Instant::now() };
            assert!(matches!(bench.at(0), Look::Unsettled(_)), "just written");
            assert_eq!(bench.text(200_000).as_deref(), Some(text.as_bytes()));
            bench
        }

        /// A look so many milliseconds after the start.
        fn at(&mut self, millis: u64) -> Look {
            self.file.look(self.start + Duration::from_millis(millis), false, &Parser::new())
        }

        fn text(&mut self, millis: u64) -> Option<Vec<u8>> {
            match self.at(millis) {
                Look::Text(text) => Some(text.to_vec()),
                _ => None,
            }
        }

        fn waits(&mut self, millis: u64) -> bool {
            matches!(self.at(millis), Look::Unsettled(_))
        }

        /// Waits until a file written now has a later time than one written before.
        fn tick(&self) {
            let probe = |name: &str| {
                let path = self.directory.path().join(name);
                fs::write(&path, "").unwrap();
                fs::metadata(path).unwrap().modified().unwrap()
            };
            let before = probe("before");
            while probe("after") <= before {
                std::thread::sleep(TICK);
            }
        }

        fn append(&self, text: &str) {
            self.tick();
            fs::OpenOptions::new()
                .append(true)
                .open(self.file.path())
                .unwrap()
                .write_all(text.as_bytes())
                .unwrap();
        }
    }

    #[test]
    fn a_file_is_read_when_it_has_not_changed_for_the_settle_time() {
        let mut bench = Bench::new("10.0.0.1\n");
        bench.append("10.0.0.2\n");
        assert!(bench.waits(300_000));
        assert!(bench.waits(300_099));
        bench.append("10.0.0.3\n");
        assert!(bench.waits(300_100), "it has changed again");
        assert!(bench.waits(300_199));
        assert_eq!(bench.text(300_200).as_deref(), Some(b"10.0.0.1\n10.0.0.2\n10.0.0.3\n".as_slice()));
        assert!(matches!(bench.at(300_201), Look::Same));
    }

    #[test]
    fn a_truncated_file_has_two_seconds_to_be_written() {
        let mut bench = Bench::new("10.0.0.1\n");
        bench.tick();
        fs::write(bench.file.path(), "").unwrap();
        assert!(bench.waits(300_000));
        assert!(bench.waits(301_999));
        bench.append("10.0.0.2\n");
        assert!(bench.waits(302_000));
        assert_eq!(bench.text(302_100).as_deref(), Some(b"10.0.0.2\n".as_slice()));
        bench.tick();
        fs::write(bench.file.path(), "").unwrap();
        assert!(bench.waits(400_000));
        assert_eq!(bench.text(402_000).as_deref(), Some(b"".as_slice()), "it stayed empty");
    }

    #[test]
    fn an_open_writer_has_five_seconds_to_go_on() {
        let mut bench = Bench::new("10.0.0.1\n");
        bench.append("10.0.0.2\n");
        bench.file.is_being_written = true;
        assert!(bench.waits(300_000));
        assert!(bench.waits(304_999));
        bench.file.is_being_written = false;
        assert!(bench.text(304_999).is_some(), "it was closed, and has not changed since");
    }

    #[test]
    fn a_file_that_never_settles_is_reported() {
        let mut bench = Bench::new("10.0.0.1\n");
        let mut at = Duration::from_secs(300);
        for _ in 0..40 {
            bench.append("10.0.0.2\n");
            match bench.file.look(bench.start + at, true, &Parser::new()) {
                Look::Unsettled(_) => at += Duration::from_secs(2),
                Look::Failed(WatchError::Unsettled { .. }) => {
                    assert!(at > Duration::from_secs(360));
                    return;
                }
                other => panic!("{other:?}"),
            }
        }
        panic!("not reported by {at:?}");
    }

    #[test]
    fn a_missing_file_is_retried_and_a_short_absence_is_none() {
        let mut bench = Bench::new("10.0.0.1\n");
        let aside = bench.directory.path().join("aside");
        fs::rename(bench.file.path(), &aside).unwrap();
        assert!(bench.waits(300_000));
        assert!(matches!(bench.at(300_100), Look::Failed(WatchError::Missing { .. })));
        assert!(matches!(bench.at(300_200), Look::Same));
        let retried = bench.file.look(bench.start + Duration::from_secs(301), true, &Parser::new());
        assert!(matches!(retried, Look::Failed(WatchError::Missing { .. })));
        fs::rename(&aside, bench.file.path()).unwrap();
        assert!(bench.waits(302_000));
        assert!(bench.text(302_100).is_some());
    }

    /// By its size, which takes no disk. It is looked at again when it changes, and not before.
    #[test]
    fn a_file_that_is_too_large_is_not_read() {
        let mut bench = Bench::new("10.0.0.1\n");
        let file = fs::OpenOptions::new().write(true).open(bench.file.path()).unwrap();
        file.set_len((1 << 30) + 1).unwrap();
        let parser = Parser::new();
        let mut look = |seconds| bench.file.look(bench.start + Duration::from_secs(seconds), true, &parser);
        assert!(matches!(look(300), Look::Unsettled(_)));
        let Look::Failed(error) = look(301) else { panic!("it is too large") };
        assert!(
            error.to_string().ends_with(
                "the text has 1073741825 bytes, and the limit for a list's text is 1073741824; \
                 split the list or raise the limit"
            ),
            "{error}"
        );
        assert!(matches!(look(302), Look::Same), "not read again while it stays the same");
        file.set_len(9).unwrap();
        assert!(matches!(look(303), Look::Unsettled(_)));
        assert!(matches!(look(304), Look::Text(text) if *text == *b"10.0.0.1\n"));
    }

    #[test]
    fn what_is_no_file_is_not_opened() {
        let directory = tempfile::tempdir().unwrap();
        let mut file = Followed::new(directory.path()).unwrap();
        let start = Instant::now();
        let _ = file.look(start, false, &Parser::new());
        let later = file.look(start + Duration::from_secs(60), false, &Parser::new());
        assert!(matches!(later, Look::Failed(WatchError::NotAFile { .. })));
    }
}
