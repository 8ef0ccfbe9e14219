//! The image of a site, followed as one file.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use super::gathered::Gathered;
use crate::list::Parser;
use crate::site::{Changes, Site};
use crate::watch::file::Followed;
use crate::watch::known::Look;
use crate::watch::outcome::WatchError;
use crate::watch::repeats::Repeats;

/// An image's file.
pub(super) struct ImageFile {
    pub(super) file: Followed,
    /// What was read and is not in force.
    held: Option<Site>,
    repeats: Repeats,
}

impl ImageFile {
    pub(super) fn new(path: &Path, settle: Duration) -> io::Result<ImageFile> {
        let file = Followed::new(path)?.settle(settle);
        Ok(ImageFile { file, held: None, repeats: Repeats::default() })
    }

    pub(super) fn gather(&mut self, now: Instant, retry: bool, parser: &Parser, gathered: &mut Gathered) {
        let error = match self.file.look(now, retry, parser) {
            Look::Same => return,
            Look::Unsettled(until) => return gathered.settles_at(until),
            Look::Failed(error) => error,
            Look::Text(content) => match Site::from_content(content) {
                Ok(site) => {
                    (self.held, gathered.is_new) = (Some(site), true);
                    gathered.failures += self.repeats.recovered();
                    return;
                }
                Err(error) => WatchError::Unreadable {
                    path: self.file.name().to_owned(),
                    error: io::Error::new(io::ErrorKind::InvalidData, error),
                },
            },
        };
        gathered.failed_for_all(&mut self.repeats, error);
    }

    /// What is to be different from what is in force: it is to be this very site. What is refused of it is tried again with
    /// the next image.
    pub(super) fn take_changes(&mut self) -> Changes {
        self.held.take().map_or(Changes::new(), Changes::from)
    }
}
