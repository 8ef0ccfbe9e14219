//! How publishing is.

use std::time::SystemTime;

use ipgate::Table;
use ipgate::site::SiteDigest;

/// How publishing is, everywhere: a target each, that of `publish.path` first. None where nothing is published.
#[derive(Debug, Clone, Default)]
pub struct Publishing {
    targets: Vec<Published>,
}

/// What is published at one place, and whether the next can be.
#[derive(Debug, Clone)]
pub struct Published {
    /// What it is: `image`, `folder`, or the program that enforces it.
    pub kind: &'static str,
    /// Where.
    pub place: String,
    /// The generation that stands there: written, and read back.
    pub generation: Option<u64>,
    /// The digest of the site that stands there, or of which an app does.
    pub digest: Option<SiteDigest>,
    /// Since when.
    pub at: Option<SystemTime>,
    /// How many bytes it takes.
    pub bytes: usize,
    /// How often anything was written.
    pub writes: u64,
    /// How often that could not be done.
    pub failures: u64,
    /// Why it cannot be done now.
    pub failing: Option<Failing>,
}

/// What keeps the site from being published.
#[derive(Debug, Clone)]
pub struct Failing {
    /// Why.
    pub why: String,
    /// Since when.
    pub since: SystemTime,
    /// Attempts since then.
    pub attempts: u64,
}

impl Publishing {
    pub(super) fn of(targets: impl IntoIterator<Item = Published>) -> Publishing {
        Publishing { targets: targets.into_iter().collect() }
    }

    pub(super) fn target(&mut self, number: usize) -> Option<&mut Published> {
        self.targets.get_mut(number)
    }

    /// The places.
    #[must_use]
    pub fn targets(&self) -> &[Published] {
        &self.targets
    }

    /// The target that is furthest behind: what it has is everywhere, or was. `None` where nothing is published.
    #[must_use]
    pub fn last(&self) -> Option<&Published> {
        self.targets.iter().min_by_key(|target| target.generation)
    }

    /// The first that fails.
    #[must_use]
    pub fn failing(&self) -> Option<(&Published, &Failing)> {
        self.targets.iter().find_map(|target| Some((target, target.failing.as_ref()?)))
    }
}

impl Published {
    pub(super) fn new(kind: &'static str, place: String) -> Published {
        Published {
            kind,
            place,
            generation: None,
            digest: None,
            at: None,
            bytes: 0,
            writes: 0,
            failures: 0,
            failing: None,
        }
    }

    /// What it is called where several are told apart, as `haproxy /etc/haproxy/shop.acl`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} {}", self.kind, self.place)
    }
}

impl Failing {
    /// One more attempt that failed.
    pub(super) fn after(before: Option<Failing>, why: String) -> Failing {
        let (since, attempts) =
            before.map_or((SystemTime::now(), 0), |before| (before.since, before.attempts));
        Failing { why, since, attempts: attempts + 1 }
    }
}

/// What was written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written {
    /// Files that differed, and were put in place or removed; lists of a proxy.
    pub(super) files: usize,
    pub(super) bytes: usize,
    /// When it is no longer right although nothing has changed.
    pub(super) expires: Option<SystemTime>,
}

impl Written {
    /// Files that say themselves when which of their entries expires.
    pub(super) fn of_files(files: usize, bytes: usize) -> Written {
        Written { files, bytes, expires: None }
    }

    /// What a table lets in now, whether or not it was there already.
    pub(super) fn of_table(is_new: bool, bytes: usize, table: &Table) -> Written {
        let expires = table.next_expiry().map(ipgate::list::Until::system_time);
        Written { files: usize::from(is_new), bytes, expires }
    }
}
