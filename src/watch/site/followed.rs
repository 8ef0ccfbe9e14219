//! A followed site: from what stands at a path to its gate.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::folder::Folder;
use super::gathered::Gathered;
use super::image::ImageFile;
use crate::list::{Parser, Until};
use crate::site::{Changes, Permit, SiteGate, SiteParser, SiteRefusal, SiteRefused, SiteSnapshot};
use crate::watch::file::START_PATIENCE;
use crate::watch::known::{DEFAULT_SETTLE, Glance};
use crate::watch::outcome::{Outcome, WatchError};
use crate::watch::repeats::Repeats;
use crate::watch::thread::Follow;

/// A folder or an image that is looked at now and then, and brought into a gate: for programs with an event loop of their own.
/// [`SiteWatch`](super::SiteWatch) does the looking on a thread.
///
/// Every list is followed by itself. One that is bad changes nothing for its app, whose last good list stays; an app that
/// never had one denies everyone. A list that is gone is unset when it has been gone for 2 s. `site.toml`, `hosts`, the folder
/// `apps` and the site itself are never unset: without them, what they said last stays. Where the gate's guard refuses some of
/// what is new, the rest comes into force ([`SiteGate::apply_allowed`]), and what was refused is tried again with the next
/// change.
///
/// ```
/// use std::time::Instant;
/// use ipgate::site::{Site, SiteGate};
/// use ipgate::watch::FollowedSite;
/// # let folder = tempfile::tempdir()?;
/// # std::fs::create_dir(folder.path().join("apps"))?;
/// # std::fs::write(folder.path().join("apps/shop.list"), "192.0.2.7:partner")?;
/// # let path = folder.path();
/// let gate = SiteGate::new(&Site::new().with_enforce(true))?; // denies everyone until the site is loaded
/// let mut site = FollowedSite::new(&gate, path)?;
/// for outcome in site.load()? {
///     eprintln!("{outcome}");
/// }
/// assert!(gate.is_allowed("shop", "192.0.2.7".parse()?));
/// let (outcomes, look_again_at) = site.look(Instant::now(), true);
/// assert!(outcomes.is_empty() && look_again_at.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct FollowedSite {
    gate: SiteGate,
    path: PathBuf,
    parser: SiteParser,
    settle: Duration,
    source: Source,
    /// Nothing of the source is in force yet.
    is_first: bool,
    /// Something of an earlier source may be.
    was_loaded: bool,
    /// What was read and is not in force.
    owed: Gathered,
    /// Whether that waits for the rest.
    waits: bool,
    /// What a load that failed had to tell.
    untold: Vec<Outcome>,
    /// What the guard refused.
    refusals: Repeats,
}

/// What stands at the path.
enum Source {
    Folder(Box<Folder>),
    Image(Box<ImageFile>),
}

impl Source {
    fn at(path: &Path, settle: Duration) -> io::Result<Source> {
        match path.is_dir() {
            true => Folder::new(path, settle).map(|folder| Source::Folder(Box::new(folder))),
            false => ImageFile::new(path, settle).map(|image| Source::Image(Box::new(image))),
        }
    }

    /// Whether it may be what stands there now; so may what is gone.
    fn fits(&self, path: &Path) -> bool {
        match self {
            Source::Folder(_) => !path.is_file(),
            Source::Image(_) => !path.is_dir(),
        }
    }

    fn gather(
        &mut self,
        now: Instant,
        retry: bool,
        parser: &Parser,
        current: &SiteSnapshot,
        gathered: &mut Gathered,
    ) {
        match self {
            Source::Folder(folder) => folder.gather(now, retry, parser, current, gathered),
            Source::Image(image) => image.gather(now, retry, parser, gathered),
        }
    }

    /// What is to be different from what is in force.
    fn changes(&mut self, current: &SiteSnapshot) -> Changes {
        match self {
            Source::Folder(folder) => folder.changes(current),
            Source::Image(image) => image.take_changes(),
        }
    }

    fn comes_into_force(&mut self, refusals: &[SiteRefusal]) {
        match self {
            Source::Folder(folder) => folder.comes_into_force(refusals),
            Source::Image(_) => {} // nothing of it is kept
        }
    }
}

impl FollowedSite {
    /// Will bring what stands at that path into that gate; nothing else should change it meanwhile. A relative path is taken
    /// from the directory that is current now.
    ///
    /// # Errors
    ///
    /// The path is empty, or the current directory cannot be told.
    pub fn new(gate: &SiteGate, path: impl AsRef<Path>) -> io::Result<FollowedSite> {
        let path = std::path::absolute(path.as_ref())?;
        let (parser, settle) = (SiteParser::new(), DEFAULT_SETTLE);
        let source = Source::at(&path, settle)?;
        let (owed, refusals) = (Gathered::default(), Repeats::default());
        let (gate, is_first, was_loaded, waits, untold) = (gate.clone(), true, false, false, Vec::new());
        Ok(FollowedSite {
            gate,
            path,
            parser,
            settle,
            source,
            is_first,
            was_loaded,
            owed,
            waits,
            untold,
            refusals,
        })
    }

    /// The same, where lists are parsed like that; strictly unless set.
    #[must_use]
    pub fn parser(self, parser: SiteParser) -> FollowedSite {
        FollowedSite { parser, ..self }
    }

    /// The same, where files are read when they have been unchanged for that long; 100 ms unless set.
    pub(super) fn settle(self, settle: Duration) -> io::Result<FollowedSite> {
        Ok(FollowedSite { settle, source: Source::at(&self.path, settle)?, ..self })
    }

    /// The gate.
    #[must_use]
    pub fn gate(&self) -> &SiteGate {
        &self.gate
    }

    /// Forgets what it has seen: everything is read again, and what the guard refused is tried again.
    pub fn forget(&mut self) {
        match &mut self.source {
            Source::Folder(folder) => folder.forget(),
            Source::Image(image) => image.file.forget(),
        }
    }

    /// What [`FollowedSite::look`] would find, without reading. For an image one `stat`; a folder is always to be looked at.
    pub fn glance(&mut self, now: Instant, retry: bool) -> Glance {
        match &mut self.source {
            Source::Image(image) if !self.path.is_dir() => image.file.glance(now, retry),
            _ => Glance::Settled,
        }
    }

    /// Loads the site now, and waits where it was written to a moment ago, for 10 s at the most. Lists of apps that are bad are
    /// told, and these apps closed.
    ///
    /// # Errors
    ///
    /// [`WatchError`] where there is no site, or what is of all its apps is bad: settings, hosts, the default list, a folder,
    /// the image; or where the guard refuses all of it. The gate holds what it held until a look: that brings in what is good,
    /// unless settings, hosts or a folder are not known.
    pub fn load(&mut self) -> Result<Vec<Outcome>, WatchError> {
        let deadline = Instant::now() + START_PATIENCE;
        self.forget();
        let (mut all, mut outcomes) = (Gathered::default(), Vec::new());
        loop {
            let now = Instant::now();
            let mut gathered = self.gather(now, true);
            gathered.errors.drain(..).for_each(|error| self.gate.record_failure(error));
            let fatal = gathered.fatal();
            outcomes.append(&mut gathered.outcomes);
            gathered.add_earlier(all);
            all = gathered;
            let error = match (fatal, all.settles) {
                (Some(error), _) => error,
                (None, Some(until)) if now < deadline => {
                    std::thread::sleep(until.saturating_duration_since(now));
                    continue;
                }
                (None, Some(_)) => WatchError::Unsettled { path: self.path.clone() },
                (None, None) => break,
            };
            // What is good is left to the next look, and so is what else there is to tell.
            (self.owed, self.untold) = (all, outcomes);
            return Err(error);
        }
        outcomes.extend(self.bring_into_force(all).map_err(|refused| WatchError::SiteGuard { refused })?);
        Ok(outcomes)
    }

    fn gather(&mut self, now: Instant, retry: bool) -> Gathered {
        let mut gathered = Gathered::default();
        self.source.gather(now, retry, self.parser.list_parser(), &self.gate.snapshot(), &mut gathered);
        gathered
    }

    /// Looks at everything and brings the gate up to date. Returns what is to be told, and when to look again although nothing
    /// may happen until then. `retry` tries again what could not be read.
    pub fn look(&mut self, now: Instant, retry: bool) -> (Vec<Outcome>, Option<Instant>) {
        let (mut outcomes, settles) = self.read(now, retry);
        outcomes.extend(self.apply());
        (outcomes, settles)
    }

    /// The first half of a look: reads what is new, parses and compiles it, and changes nothing in the gate, of which it frees
    /// the states of before.
    pub fn read(&mut self, now: Instant, retry: bool) -> (Vec<Outcome>, Option<Instant>) {
        self.gate.sweep();
        if !self.source.fits(&self.path) {
            // A folder in the place of an image, or an image in that of a folder: another site.
            match Source::at(&self.path, self.settle) {
                Ok(source) => (self.source, self.is_first) = (source, true),
                Err(error) => self.owed.errors.push(error.to_string()),
            }
        }
        let mut gathered = self.gather(now, retry);
        let mut outcomes = std::mem::take(&mut self.untold);
        outcomes.append(&mut gathered.outcomes);
        let settles = gathered.settles;
        self.waits = self.is_first && (gathered.is_blocked || settles.is_some());
        gathered.add_earlier(std::mem::take(&mut self.owed));
        self.owed = gathered;
        (outcomes, settles)
    }

    /// The second half of a look: brings into force what was read. Another site than before comes into force as a whole, when
    /// all of it has settled and nothing is wrong with what is of all its apps. Microseconds for each app that has changed.
    pub fn apply(&mut self) -> Vec<Outcome> {
        self.owed.errors.drain(..).for_each(|error| self.gate.record_failure(error));
        if self.waits {
            return Vec::new();
        }
        if !self.owed.is_new {
            return self.is_back().into_iter().collect();
        }
        let gathered = std::mem::take(&mut self.owed);
        match self.bring_into_force(gathered) {
            Ok(outcomes) => outcomes,
            Err(refused) => self.refused(refused).into_iter().collect(),
        }
    }

    /// What could not be read can be again, and nothing in it is new.
    fn is_back(&mut self) -> Option<Outcome> {
        let failures = std::mem::take(&mut self.owed.failures);
        let generation = self.gate.snapshot().generation();
        (failures > 0).then_some(Outcome::Unchanged { generation, left_out: 0, failures })
    }

    fn bring_into_force(&mut self, gathered: Gathered) -> Result<Vec<Outcome>, SiteRefused> {
        let current = self.gate.snapshot();
        let mut changes = self.source.changes(&current);
        if !self.was_loaded {
            // What the gate held until now is no site that could have been changed by mistake.
            changes = changes.permitting(Permit::Removal).permitting(Permit::EnforceOff);
        }
        let (generation, refusals) = self.gate.apply_allowed(changes)?;
        self.source.comes_into_force(&refusals);
        (self.is_first, self.was_loaded) = (false, true);
        let mut outcomes = Vec::new();
        if generation != current.generation() {
            outcomes.push(self.swapped(generation, gathered));
        } else if refusals.is_empty() {
            let failures = gathered.failures + self.refusals.recovered();
            outcomes.push(Outcome::Unchanged { generation, left_out: 0, failures });
        }
        match refusals.is_empty() {
            true => drop(self.refusals.recovered()),
            false => outcomes.extend(self.refused(SiteRefused { refusals })),
        }
        Ok(outcomes)
    }

    fn swapped(&self, generation: u64, gathered: Gathered) -> Outcome {
        let apps = self.gate.snapshot().app_count();
        Outcome::SiteSwapped { generation, apps, reports: gathered.reports, failures: gathered.failures }
    }

    fn refused(&mut self, refused: SiteRefused) -> Option<Outcome> {
        let error = WatchError::SiteGuard { refused };
        let times = self.refusals.failed(error.to_string())?;
        Some(Outcome::Refused { error, times })
    }
}

impl Follow for FollowedSite {
    fn start(&mut self) -> Result<Vec<Outcome>, WatchError> {
        self.load()
    }

    fn paths(&self) -> Vec<PathBuf> {
        match &self.source {
            Source::Folder(folder) => folder.paths(),
            Source::Image(image) => vec![image.file.path().to_owned()],
        }
    }

    /// Of a folder's files it is not known who writes to them: there are too many.
    fn heed(&mut self, writers: &HashMap<PathBuf, bool>) {
        if let Source::Image(image) = &mut self.source {
            image.file.heed(writers);
        }
    }

    fn forget(&mut self) {
        FollowedSite::forget(self);
    }

    fn look(&mut self, now: Instant, retry: bool) -> (Vec<Outcome>, Option<Instant>) {
        FollowedSite::look(self, now, retry)
    }

    fn upkeep(&mut self, _: Instant) -> Vec<Outcome> {
        let expired = self.gate.drop_expired();
        expired.map(|generation| self.swapped(generation, Gathered::default())).into_iter().collect()
    }

    /// Verdicts heed the clock themselves, and that of ten thousand lists is not asked for at each look.
    fn next_expiry(&self) -> Option<Until> {
        None
    }

    fn recorder(&self) -> Box<dyn Fn(&str) + Send> {
        let gate = self.gate.clone();
        Box::new(move |failure| gate.record_failure(failure))
    }
}

impl fmt::Debug for FollowedSite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FollowedSite").field("path", &self.path).finish_non_exhaustive()
    }
}
