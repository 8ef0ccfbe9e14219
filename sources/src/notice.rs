//! What a runner tells an operator, each thing once.

use std::fmt;
use std::time::Duration;

use ipgate::site::{AppName, SiteRefusal};

use crate::failure::Failure;

/// A part of a site that is kept by itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Part {
    /// The default list.
    Default,
    /// Whom a source denies beside the default list.
    Denials,
    /// The mode of the site.
    Mode,
    /// Whether lists are required.
    Enforce,
    /// The hosts of an app.
    AppHosts(AppName),
    /// The list of an app.
    AppList(AppName),
    /// The mode of an app.
    AppMode(AppName),
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Part::Default => f.write_str("the default list"),
            Part::Denials => f.write_str("the list of those who are denied"),
            Part::Mode => f.write_str("the mode of the site"),
            Part::Enforce => f.write_str("the setting `enforce`"),
            Part::AppHosts(app) => write!(f, "a host of the app {app}"),
            Part::AppList(app) => write!(f, "the list of the app {app}"),
            Part::AppMode(app) => write!(f, "the mode of the app {app}"),
        }
    }
}

/// Something that an operator should know. Its text is a sentence; it names no secret.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Notice {
    /// A source has answered for the first time, or again after so many failures.
    Connected {
        /// Failures before.
        failures: u64,
    },
    /// A source cannot be followed. Told once until it has answered again.
    Away {
        /// Why.
        failure: Failure,
    },
    /// A source is followed in a worse way than it should be.
    Degraded {
        /// Why.
        why: String,
    },
    /// It is followed as it should be again.
    Recovered,
    /// Part of a site is bad.
    Bad {
        /// What.
        part: Part,
        /// What is wrong, and where.
        message: String,
        /// Whether there is a good one that stays.
        has_good: bool,
    },
    /// It is good again.
    Good {
        /// What.
        part: Part,
    },
    /// A part is gone, and held for a while.
    Held {
        /// What.
        part: Part,
        /// For how long at least.
        settle: Duration,
    },
    /// A part that was held is removed: a second reading did not find it either.
    Unset {
        /// What.
        part: Part,
    },
    /// A source that had lists says that it has none at all, which changes nothing.
    Emptied {
        /// How many apps it had.
        apps: usize,
    },
    /// The guard of the site refuses some of what is new. The rest is in force.
    Refused {
        /// What.
        refusal: SiteRefusal,
    },
    /// Changes came into force.
    Swapped {
        /// The generation of the site.
        generation: u64,
        /// How many apps changed.
        apps: usize,
    },
    /// What is in force could not be kept for a restart.
    Unkept {
        /// Why.
        why: String,
    },
    /// What is in force here cannot be told to the fleet. Told once until it can be again.
    Unconfirmed {
        /// Why.
        failure: Failure,
    },
    /// What is in force here was told to the fleet for the first time, or again after so many failures.
    Confirmed {
        /// Failures before.
        failures: u64,
    },
    /// Something that was passed over.
    Remark(String),
}

impl Notice {
    /// Whether it is something to look into, not only to know.
    #[must_use]
    pub fn is_problem(&self) -> bool {
        !matches!(
            self,
            Notice::Connected { .. }
                | Notice::Recovered
                | Notice::Good { .. }
                | Notice::Held { .. }
                | Notice::Unset { .. }
                | Notice::Swapped { .. }
                | Notice::Confirmed { .. }
        )
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Notice::Connected { failures: 0 } => f.write_str("connected"),
            Notice::Connected { failures } => write!(f, "connected again after {failures} failed attempts"),
            Notice::Away { failure } => write!(f, "{failure}; what is in force stays, and it is tried again"),
            Notice::Degraded { why } => write!(f, "degraded: {why}"),
            Notice::Recovered => f.write_str("followed as it should be again"),
            Notice::Bad { part, message, has_good: true } => {
                write!(f, "{part} is bad, and the last good one stays: {message}")
            }
            Notice::Bad { part, message, has_good: false } => {
                write!(
                    f,
                    "{part} is bad, and there was no good one; until there is one, whom it may decide for is denied: {message}"
                )
            }
            Notice::Good { part } => write!(f, "{part} is good again"),
            Notice::Held { part, settle } => write!(
                f,
                "{part} is gone; it stays in force until it has been gone for {} s and a second reading does not find it either",
                settle.as_secs_f64()
            ),
            Notice::Unset { part } => write!(f, "{part} is gone, and is not in force any more"),
            Notice::Emptied { apps } => write!(
                f,
                "it says that it has no list at all, and had {apps} apps; nothing changes: where that is meant, remove them one by one or permit `removal`"
            ),
            Notice::Refused { refusal } => write!(f, "{refusal}; the rest is in force"),
            Notice::Swapped { generation, apps } => {
                write!(f, "generation {generation} is in force, {apps} apps changed")
            }
            Notice::Unkept { why } => {
                write!(f, "what is in force could not be kept for a restart: {why}; it is tried again")
            }
            Notice::Unconfirmed { failure } => write!(
                f,
                "what this router enforces cannot be told to its fleet: {failure}; what is in force stays, what was told expires, and it is tried again"
            ),
            Notice::Confirmed { failures: 0 } => {
                f.write_str("what this router enforces is told to its fleet")
            }
            Notice::Confirmed { failures } => {
                write!(
                    f,
                    "what this router enforces is told to its fleet again after {failures} failed attempts"
                )
            }
            Notice::Remark(remark) => f.write_str(remark),
        }
    }
}
