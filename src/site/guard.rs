//! The guard of a site: which changes its gate refuses although everything in them is valid.

use std::fmt;

use super::changes::Permit;
use super::host::Host;
use super::name::AppName;
use super::snapshot::SiteSnapshot;
use crate::gate::{Guard, Refused};

/// What must not happen to a site by mistake. Everything is off by default.
///
/// ```
/// use ipgate::site::{Changes, Permit, Site, SiteGate, SiteGuard};
/// let gate = SiteGate::new(&Site::new().with_enforce(true))?;
/// gate.set_guard(SiteGuard::new().keep_enforced(true));
/// let off = Changes::new().with_enforce(false);
/// let refused = gate.apply(&off).unwrap_err();
/// assert!(refused.to_string().contains("permit `enforce-off`"));
/// assert_eq!(gate.apply(&off.permitting(Permit::EnforceOff)), Ok(2));
/// # Ok::<(), ipgate::site::SiteRefused>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct SiteGuard {
    max_removed: Option<f64>,
    keep_enforced: bool,
    pub(super) default: Guard,
    pub(super) app: Guard,
}

impl SiteGuard {
    /// A guard that refuses nothing.
    #[must_use]
    pub fn new() -> SiteGuard {
        SiteGuard::default()
    }

    /// Refuses changes after which more than that part of the apps with lists have none, in percent.
    #[must_use]
    pub fn max_removed(self, percent: f64) -> SiteGuard {
        SiteGuard { max_removed: Some(percent), ..self }
    }

    /// Whether changes are refused after which lists are no longer required.
    #[must_use]
    pub fn keep_enforced(self, keep: bool) -> SiteGuard {
        SiteGuard { keep_enforced: keep, ..self }
    }

    /// The guard of the default list: asked about each new one, and where it is unset.
    #[must_use]
    pub fn of_default(self, guard: Guard) -> SiteGuard {
        SiteGuard { default: guard, ..self }
    }

    /// The guard of each app's list: asked about each new one. Where an app has had none, nobody was let in by one.
    #[must_use]
    pub fn of_apps(self, guard: Guard) -> SiteGuard {
        SiteGuard { app: guard, ..self }
    }

    /// What speaks against a change of the whole, after which so many apps have no list any more. O(a) for a apps where that
    /// is any.
    pub(super) fn check(
        &self,
        old: &SiteSnapshot,
        new: &SiteSnapshot,
        removed: usize,
        permits: &[Permit],
    ) -> Vec<SiteRefusal> {
        let mut refusals = Vec::new();
        if self.keep_enforced && old.enforce && !new.enforce && !permits.contains(&Permit::EnforceOff) {
            refusals.push(SiteRefusal::EnforceOff);
        }
        if let Some(limit) = self.max_removed.filter(|_| removed > 0 && !permits.contains(&Permit::Removal)) {
            let of = old.apps.iter().filter(|(_, app)| app.list.is_some()).count();
            if 100.0 * removed as f64 / of as f64 > limit {
                refusals.push(SiteRefusal::Removal { removed, of, limit });
            }
        }
        refusals
    }
}

/// One thing that speaks against a change of a site.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum SiteRefusal {
    /// Too many apps would lose their lists.
    Removal {
        /// How many would.
        removed: usize,
        /// How many have one.
        of: usize,
        /// How much of them may, in percent.
        limit: f64,
    },
    /// Lists would no longer be required.
    EnforceOff,
    /// The guard of the default list refuses the new one.
    Default(Refused),
    /// The guard of app lists refuses that of an app.
    App {
        /// The app.
        app: AppName,
        /// What speaks against its list.
        refused: Refused,
    },
    /// A host would be of two apps.
    Host {
        /// The host.
        host: Host,
        /// The two apps.
        apps: [AppName; 2],
    },
}

impl fmt::Display for SiteRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SiteRefusal::Removal { removed, of, limit } => write!(
                f,
                "{removed} of the {of} apps with lists would have none, at most {limit} % may; permit `{}` if it is meant",
                Permit::Removal.as_str()
            ),
            SiteRefusal::EnforceOff => write!(
                f,
                "lists would no longer be required (`enforce`); permit `{}` if it is meant",
                Permit::EnforceOff.as_str()
            ),
            SiteRefusal::Default(refused) => write!(f, "default list: {refused}"),
            SiteRefusal::App { app, refused } => write!(f, "app {app}: {refused}"),
            SiteRefusal::Host { host, apps: [first, second] } => {
                write!(
                    f,
                    "the host {host} is of the app {first} and of the app {second}; take it from one of them"
                )
            }
        }
    }
}

/// A change of a site that was refused; the site is unchanged.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteRefused {
    pub(crate) refusals: Vec<SiteRefusal>,
}

impl SiteRefused {
    /// Everything that spoke against it, at least one thing.
    #[must_use]
    pub fn refusals(&self) -> &[SiteRefusal] {
        &self.refusals
    }
}

impl fmt::Display for SiteRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("site change refused: ")?;
        for (i, refusal) in self.refusals.iter().enumerate() {
            let separator = if i == 0 { "" } else { "; " };
            write!(f, "{separator}{refusal}")?;
        }
        Ok(())
    }
}

impl std::error::Error for SiteRefused {}
