//! One followed file: when it has settled, and what it then holds.

use std::collections::HashMap;
use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use super::outcome::WatchError;
use super::stamp::Stamp;
use crate::content::Content;
use crate::limits::TooLarge;
use crate::list::Parser;

/// How long a first load waits for files that are being written.
pub(super) const START_PATIENCE: Duration = Duration::from_secs(10);
/// How long a file must have been unchanged before it is read, unless set otherwise.
pub(super) const DEFAULT_SETTLE: Duration = Duration::from_millis(100);
/// The same for a file of no bytes, which usually is one that was truncated to be written anew. An empty
/// list shuts everyone out, so it has to look meant.
const EMPTY_SETTLE: Duration = Duration::from_secs(2);
/// The same while a program that has written to the file still has it open, where the system tells.
const WRITER_SETTLE: Duration = Duration::from_secs(5);
/// After this long without settling, the file is reported.
const NEVER_SETTLES: Duration = Duration::from_secs(60);

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
    /// As it was given, for messages and as the name of the list.
    name: PathBuf,
    /// Absolute, so that a later change of directory does not matter; symlinks are followed anew each time.
    path: PathBuf,
    settle: Duration,
    /// What was last seen but is not handled yet, and since when.
    seen: Option<(Sight, Instant)>,
    /// What was last read, or reported where it could not be read.
    handled: Option<Sight>,
    /// `handled` could not be read.
    failing: bool,
    /// Since when it has not settled.
    moving: Option<Instant>,
    /// A program that has written to it has it open.
    being_written: bool,
}

/// What a path shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sight {
    File(Stamp),
    NoFile(io::ErrorKind),
}

impl Sight {
    fn of(found: &io::Result<Metadata>) -> Sight {
        match found {
            Ok(metadata) => Sight::File(Stamp::of(metadata)),
            Err(error) => Sight::NoFile(error.kind()),
        }
    }
}

/// What a look at a file comes to.
#[derive(Debug)]
pub enum Look {
    /// Nothing that was not handled before.
    Same,
    /// Something has changed, and may still be changing; worth another look then.
    Unsettled(Instant),
    /// Something has changed and settled: the whole text, or an image.
    Text(Content),
    /// The file is not there or not readable.
    Failed(WatchError),
}

/// What can be told of a file without opening it.
#[derive(Debug)]
pub enum Glance {
    /// Nothing that was not handled before.
    Same,
    /// Something has changed, and may still be changing; worth another look then.
    Unsettled(Instant),
    /// Something has changed and settled, so that a look will read it; or it does not settle, as a look will say.
    Settled,
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
        let (seen, handled, moving, settle) = (None, None, None, DEFAULT_SETTLE);
        Ok(Followed { name, path, settle, seen, handled, failing: false, moving, being_written: false })
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
            self.being_written = written;
        }
    }

    /// Forgets what it has seen: the file is read again once it has settled.
    pub fn forget(&mut self) {
        (self.seen, self.handled, self.failing) = (None, None, false);
    }

    /// Looks at the file at `now`. It is read once it has settled: it has shown the same for long enough, and
    /// still does when it has been read whole. `retry` tries again what failed.
    pub fn look(&mut self, now: Instant, retry: bool, parser: &Parser) -> Look {
        let found = fs::metadata(&self.path);
        let sight = Sight::of(&found);
        match self.glance_at(sight, now, retry) {
            Glance::Same => return Look::Same,
            Glance::Unsettled(_) if retry && self.never_settles(now) => {
                return Look::Failed(WatchError::Unsettled { path: self.name.clone() });
            }
            Glance::Unsettled(until) => return Look::Unsettled(until),
            Glance::Settled => {}
        }
        let text = match self.read(found, sight, parser) {
            Ok(Some(text)) => Ok(text),
            Ok(None) => {
                self.seen = None;
                return Look::Unsettled(now + self.settle);
            }
            Err(error) => Err(error),
        };
        (self.handled, self.seen, self.moving) = (Some(sight), None, None);
        // Its size is seen without reading: a file that is too large is looked at again when it changes.
        self.failing = matches!(&text, Err(error) if !matches!(error, WatchError::TooLarge { .. }));
        text.map_or_else(Look::Failed, Look::Text)
    }

    /// What [`Followed::look`] would find, without reading: one `stat`, for programs that read elsewhere.
    pub fn glance(&mut self, now: Instant, retry: bool) -> Glance {
        match self.glance_at(Sight::of(&fs::metadata(&self.path)), now, retry) {
            Glance::Unsettled(_) if retry && self.never_settles(now) => Glance::Settled,
            glance => glance,
        }
    }

    fn glance_at(&mut self, sight: Sight, now: Instant, retry: bool) -> Glance {
        if self.handled == Some(sight) {
            (self.seen, self.moving) = (None, None);
            return if retry && self.failing { Glance::Settled } else { Glance::Same };
        }
        let until = self.since(sight, now) + self.patience(sight);
        if now >= until {
            return Glance::Settled;
        }
        self.moving.get_or_insert(now);
        Glance::Unsettled(until)
    }

    fn never_settles(&self, now: Instant) -> bool {
        self.moving.is_some_and(|since| now.saturating_duration_since(since) > NEVER_SETTLES)
    }

    /// Since when the path has shown `sight`. A file that is seen for the first time has been as it is for
    /// as long as its times say; later, only what was observed counts.
    fn since(&mut self, sight: Sight, now: Instant) -> Instant {
        if let Some((seen, since)) = self.seen
            && seen == sight
        {
            return since;
        }
        let age = match (self.handled, self.seen, sight) {
            (None, None, Sight::File(stamp)) => stamp.age(SystemTime::now()),
            _ => Duration::ZERO,
        };
        let since = now.checked_sub(age).unwrap_or(now);
        self.seen = Some((sight, since));
        since
    }

    /// For how long a file must show the same before that counts.
    fn patience(&self, sight: Sight) -> Duration {
        let least = match sight {
            Sight::File(_) if self.being_written => WRITER_SETTLE,
            Sight::File(stamp) if stamp.is_empty() => EMPTY_SETTLE,
            _ => Duration::ZERO,
        };
        self.settle.max(least)
    }

    /// The text, or `None` where the file is no longer what was seen.
    fn read(
        &self,
        found: io::Result<Metadata>,
        sight: Sight,
        parser: &Parser,
    ) -> Result<Option<Content>, WatchError> {
        let unreadable = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => WatchError::Missing { path: self.name.clone() },
            _ => match TooLarge::of(&error) {
                Some(error) => WatchError::TooLarge { path: self.name.clone(), error },
                None => WatchError::Unreadable { path: self.name.clone(), error },
            },
        };
        if !found.map_err(unreadable)?.is_file() {
            // Opening a pipe would wait for its writer.
            return Err(WatchError::NotAFile { path: self.name.clone() });
        }
        let file = File::open(&self.path).map_err(unreadable)?;
        let is_as_seen = || file.metadata().map(|now| Sight::File(Stamp::of(&now)) == sight);
        if !is_as_seen().map_err(unreadable)? {
            return Ok(None);
        }
        let text = Content::of_file(&file, parser.limits()).map_err(unreadable)?;
        Ok(is_as_seen().map_err(unreadable)?.then_some(text))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

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
        bench.file.being_written = true;
        assert!(bench.waits(300_000));
        assert!(bench.waits(304_999));
        bench.file.being_written = false;
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
