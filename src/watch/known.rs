//! What is known of a file that is looked at now and then: whether it has settled, and what was taken of it.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use super::outcome::WatchError;
use super::stamp::Stamp;
use crate::content::Content;
use crate::limits::TooLarge;
use crate::list::Parser;

/// How long a file must have been unchanged before it is read, unless set otherwise.
pub(super) const DEFAULT_SETTLE: Duration = Duration::from_millis(100);
/// The same for a file of no bytes, which usually is one that was truncated to be written anew. An empty
/// list shuts everyone out, so it has to look meant.
const EMPTY_SETTLE: Duration = Duration::from_secs(2);
/// The same while a program that has written to the file still has it open, where the system tells.
const WRITER_SETTLE: Duration = Duration::from_secs(5);
/// After this long without settling, the file is reported.
const NEVER_SETTLES: Duration = Duration::from_secs(60);

/// What is known of a file, whichever it is: a site has ten thousand, so that it is little while nothing happens.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    /// What was last read, or reported where it could not be read.
    handled: Option<Sight>,
    /// `handled` could not be read.
    failing: bool,
    /// What was seen since.
    moving: Option<Box<Moving>>,
}

/// What a file shows that is not handled yet.
#[derive(Debug, Clone)]
struct Moving {
    /// What was last seen, and since when; nothing where it changed while it was read.
    seen: Option<(Sight, Instant)>,
    /// Since when it has not settled.
    since: Instant,
}

/// Which file it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'p> {
    /// As it was given, for messages and as the name of the list.
    pub(super) name: &'p Path,
    /// Symlinks are followed anew each time.
    pub(super) path: &'p Path,
    /// For how long it must have been unchanged before it is read.
    pub(super) settle: Duration,
    /// A program that has written to it has it open.
    pub(super) is_being_written: bool,
}

/// What a path shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    Something(Stamp),
    Nothing(io::ErrorKind),
}

impl Sight {
    /// What a path shows now.
    pub(super) fn now(path: &Path) -> Sight {
        Sight::of(&fs::metadata(path))
    }

    fn of(found: &io::Result<Metadata>) -> Sight {
        match found {
            Ok(metadata) => Sight::Something(Stamp::of(metadata)),
            Err(error) => Sight::Nothing(error.kind()),
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

impl Known {
    /// Forgets what was seen: the file is read again once it has settled.
    pub(super) fn forget(&mut self) {
        (self.handled, self.failing) = (None, false);
        self.moving.iter_mut().for_each(|moving| moving.seen = None);
    }

    /// As [`Followed::look`](super::file::Followed::look).
    pub(super) fn look(&mut self, place: Place<'_>, now: Instant, retry: bool, parser: &Parser) -> Look {
        let found = fs::metadata(place.path);
        let sight = Sight::of(&found);
        match self.glance_at(sight, place, now, retry) {
            Glance::Same => return Look::Same,
            Glance::Unsettled(_) if retry && self.never_settles(now) => {
                return Look::Failed(WatchError::Unsettled { path: place.name.to_owned() });
            }
            Glance::Unsettled(until) => return Look::Unsettled(until),
            Glance::Settled => {}
        }
        let text = match place.read(found, sight, parser) {
            Ok(Some(text)) => Ok(text),
            Ok(None) => {
                self.moves(now).seen = None;
                return Look::Unsettled(now + place.settle);
            }
            Err(error) => Err(error),
        };
        // Its size is seen without reading: a file that is too large is looked at again when it changes.
        let failing = matches!(&text, Err(error) if !matches!(error, WatchError::TooLarge { .. }));
        *self = Known { handled: Some(sight), failing, moving: None };
        text.map_or_else(Look::Failed, Look::Text)
    }

    /// As [`Followed::glance`](super::file::Followed::glance).
    pub(super) fn glance(&mut self, place: Place<'_>, now: Instant, retry: bool) -> Glance {
        match self.glance_at(Sight::now(place.path), place, now, retry) {
            Glance::Unsettled(_) if retry && self.never_settles(now) => Glance::Settled,
            glance => glance,
        }
    }

    fn glance_at(&mut self, sight: Sight, place: Place<'_>, now: Instant, retry: bool) -> Glance {
        if self.handled == Some(sight) {
            self.moving = None;
            return if retry && self.failing { Glance::Settled } else { Glance::Same };
        }
        let since = self.since(sight, now);
        let until = since + place.patience(sight);
        if now >= until {
            return Glance::Settled;
        }
        self.moves(now).seen = Some((sight, since));
        Glance::Unsettled(until)
    }

    /// It has not settled.
    fn moves(&mut self, now: Instant) -> &mut Moving {
        self.moving.get_or_insert_with(|| Box::new(Moving { seen: None, since: now }))
    }

    fn never_settles(&self, now: Instant) -> bool {
        let since = self.moving.as_ref().map(|moving| moving.since);
        since.is_some_and(|since| now.saturating_duration_since(since) > NEVER_SETTLES)
    }

    /// Since when the path has shown `sight`. A file that is seen for the first time has been as it is for
    /// as long as its times say; later, only what was observed counts.
    fn since(&self, sight: Sight, now: Instant) -> Instant {
        let seen = self.moving.as_ref().and_then(|moving| moving.seen);
        let age = match (self.handled, seen, sight) {
            (_, Some((seen, since)), _) if seen == sight => return since,
            (None, None, Sight::Something(stamp)) => stamp.age(SystemTime::now()),
            _ => Duration::ZERO,
        };
        now.checked_sub(age).unwrap_or(now)
    }
}

impl<'p> Place<'p> {
    /// One of many, of which nobody is told who writes to them.
    #[cfg(feature = "site-text")]
    pub(super) fn of(path: &'p Path, settle: Duration) -> Place<'p> {
        Place { name: path, path, settle, is_being_written: false }
    }

    /// For how long a file must show the same before that counts.
    fn patience(&self, sight: Sight) -> Duration {
        let least = match sight {
            Sight::Something(_) if self.is_being_written => WRITER_SETTLE,
            Sight::Something(stamp) if stamp.is_empty() => EMPTY_SETTLE,
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
            io::ErrorKind::NotFound => WatchError::Missing { path: self.name.to_owned() },
            _ => match TooLarge::of(&error) {
                Some(error) => WatchError::TooLarge { path: self.name.to_owned(), error },
                None => WatchError::Unreadable { path: self.name.to_owned(), error },
            },
        };
        if !found.map_err(unreadable)?.is_file() {
            // Opening a pipe would wait for its writer.
            return Err(WatchError::NotAFile { path: self.name.to_owned() });
        }
        let file = File::open(self.path).map_err(unreadable)?;
        let is_as_seen = || file.metadata().map(|now| Sight::Something(Stamp::of(&now)) == sight);
        if !is_as_seen().map_err(unreadable)? {
            return Ok(None);
        }
        let text = Content::of_file(&file, parser.limits()).map_err(unreadable)?;
        Ok(is_as_seen().map_err(unreadable)?.then_some(text))
    }
}
