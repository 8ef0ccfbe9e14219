//! The folder or image that a site is polled for.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use ipgate::{
    ShownPath,
    list::{Parser, Report},
    site::{SiteGate, SiteParser, SiteSnapshot},
    watch::{FollowedSite, Outcome},
};

use crate::failure::Failure;
use crate::job::Job;

/// What stands at a path, and what was seen of it.
#[derive(Debug)]
pub(super) struct SiteFile {
    path: PathBuf,
    parser: Parser,
    pub(super) site: FollowedSite,
}

/// What to begin with again where a thread is lost with what it looked at.
#[derive(Debug, Clone)]
pub(super) struct Again {
    path: PathBuf,
    parser: Parser,
}

/// What a look came to.
#[derive(Debug, Default)]
pub(super) struct News {
    /// What came into force, and what there was to say about it.
    pub(super) taken: Option<Report>,
    pub(super) failures: Vec<Failure>,
    /// What was read is good, and in force already.
    pub(super) is_good_again: bool,
    /// Something is being written.
    pub(super) is_unsettled: bool,
}

/// A look on a thread: with the file again, and what came of it.
pub(super) type Look = Job<Again, (Option<SiteFile>, Result<News, Failure>), Arc<SiteSnapshot>>;

/// What is followed, if anything is.
#[derive(Debug, Default)]
pub(super) struct Followed {
    /// Not here while a thread has it.
    pub(super) file: Option<SiteFile>,
    pub(super) job: Option<Look>,
    /// The look before, and the state that its own replaced, which its thread frees at the next poll: those who read have let
    /// go of it by then.
    pub(super) former: Option<(Look, Option<Arc<SiteSnapshot>>)>,
    /// What is to be reported by the next polls, one at a time.
    pub(super) owed: VecDeque<Failure>,
}

impl SiteFile {
    pub(super) fn new(gate: &SiteGate, path: &Path, parser: Parser) -> Result<SiteFile, Failure> {
        let site = FollowedSite::new(gate, path);
        let site = site.map_err(|error| Failure::io(format!("{}: {error}", ShownPath(path))))?;
        let site = site.parser(SiteParser::new().lists(parser.clone()));
        // As the program named it: a later change of directory does not matter.
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        Ok(SiteFile { path, parser, site })
    }

    pub(super) fn again(&self) -> Again {
        Again { path: self.path.clone(), parser: self.parser.clone() }
    }

    /// Loads what is there now.
    pub(super) fn load_now(&mut self) -> Result<News, Failure> {
        let outcomes = self.site.load().map_err(|error| Failure::watch(&error))?;
        Ok(News::of(outcomes))
    }

    /// Reads and compiles what is new. `put_off` runs what touches the gate.
    pub(super) fn look(&mut self, put_off: impl FnOnce(&mut dyn FnMut())) -> News {
        let (mut outcomes, settles) = self.site.read(Instant::now(), true);
        put_off(&mut || {
            outcomes.extend(self.site.apply());
            self.site.gate().drop_expired();
        });
        News { is_unsettled: settles.is_some(), ..News::of(outcomes) }
    }
}

impl Again {
    pub(super) fn file(self, gate: &SiteGate) -> Result<SiteFile, Failure> {
        SiteFile::new(gate, &self.path, self.parser)
    }
}

impl News {
    fn of(outcomes: Vec<Outcome>) -> News {
        let mut news = News::default();
        for outcome in outcomes {
            match outcome {
                Outcome::SiteSwapped { reports, .. } => {
                    let report = reports.into_iter().map(|(_, report)| report).next();
                    news.taken = Some(report.unwrap_or_default());
                }
                Outcome::Unchanged { .. } => news.is_good_again = true,
                Outcome::Refused { error, .. } => news.failures.push(Failure::watch(&error)),
                _ => {}
            }
        }
        news
    }
}
