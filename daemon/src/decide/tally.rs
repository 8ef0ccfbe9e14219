//! What was decided, counted.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use ipgate::Reason;
use ipgate::site::SiteSnapshot;

use super::cause::Cause;
use crate::config::Profile;

/// What a listener has decided: by reason, for each app of the site. Names come from the site alone, so that requests cannot
/// add any.
#[derive(Debug)]
pub struct Tally {
    profile: Profile,
    apps: RwLock<HashMap<Box<str>, Arc<Counts>>>,
    /// Of hosts and names that the site does not know.
    unnamed: Counts,
    /// Of apps beyond [`Tally::APPS`], and of those that are gone.
    other: Counts,
    /// Of requests about which no list was asked.
    refused: Mutex<BTreeMap<&'static str, u64>>,
}

/// A count, and of what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// The app; [`Tally::UNNAMED`], [`Tally::OTHER`].
    pub app: String,
    /// Whether they passed.
    pub is_allowed: bool,
    /// Why.
    pub reason: &'static str,
    /// How many.
    pub count: u64,
}

#[derive(Debug, Default)]
struct Counts([AtomicU64; Reason::ALL.len()]);

impl Tally {
    /// The most apps that are told apart.
    pub const APPS: usize = 200;
    /// What stands for requests of no app of the site.
    pub const UNNAMED: &str = "(none)";
    /// What stands for apps that are not told apart.
    pub const OTHER: &str = "(other)";

    pub(super) fn new(profile: Profile) -> Tally {
        Tally {
            profile,
            apps: RwLock::default(),
            unnamed: Counts::default(),
            other: Counts::default(),
            refused: Mutex::default(),
        }
    }

    /// Who asks there.
    #[must_use]
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// Counts one decision, of an app that the site names, or of none. O(1); allocates for the first of an app.
    pub(super) fn count(&self, app: Option<&str>, cause: Cause) {
        let Cause::Lists(reason) = cause else {
            let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
            *refused.entry(cause.as_str()).or_default() += 1;
            return;
        };
        let Some(app) = app else { return self.unnamed.count(reason) };
        let apps = self.apps.read().unwrap_or_else(PoisonError::into_inner);
        match apps.get(app) {
            Some(counts) => counts.count(reason),
            None => {
                drop(apps);
                self.begin(app, reason);
            }
        }
    }

    #[cold]
    fn begin(&self, app: &str, reason: Reason) {
        let mut apps = self.apps.write().unwrap_or_else(PoisonError::into_inner);
        // What stands for others is nobody's name.
        if apps.len() >= Tally::APPS && !apps.contains_key(app) || app.starts_with('(') {
            return self.other.count(reason);
        }
        apps.entry(app.into()).or_default().count(reason);
    }

    /// Everything that was counted. Apps that the site no longer names are put together. O(n) for n apps.
    #[must_use]
    pub fn counts(&self, site: &SiteSnapshot) -> Vec<Counted> {
        let mut apps = self.apps.write().unwrap_or_else(PoisonError::into_inner);
        apps.retain(|app, counts| {
            let is_there = site.check_without_address(app).app().is_some();
            if !is_there {
                self.other.add(counts);
            }
            is_there
        });
        let mut apps: Vec<_> =
            apps.iter().map(|(app, counts)| (app.to_string(), Arc::clone(counts))).collect();
        apps.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut all: Vec<Counted> = apps.iter().flat_map(|(app, counts)| counts.of(app)).collect();
        all.extend(self.unnamed.of(Tally::UNNAMED));
        all.extend(self.other.of(Tally::OTHER));
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend(refused.iter().map(|(reason, count)| Counted {
            app: Tally::UNNAMED.to_owned(),
            is_allowed: false,
            reason,
            count: *count,
        }));
        all
    }
}

impl Counts {
    fn count(&self, reason: Reason) {
        if let Some(count) = self.0.get(usize::from(reason.code()).wrapping_sub(1)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn add(&self, other: &Counts) {
        for (count, more) in self.0.iter().zip(&other.0) {
            count.fetch_add(more.load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }

    /// Those that are not 0.
    fn of(&self, app: &str) -> Vec<Counted> {
        let counted = |(reason, count): (Reason, &AtomicU64)| Counted {
            app: app.to_owned(),
            is_allowed: reason.is_allowed(),
            reason: reason.as_str(),
            count: count.load(Ordering::Relaxed),
        };
        Reason::ALL.iter().copied().zip(&self.0).map(counted).filter(|counted| counted.count > 0).collect()
    }
}
