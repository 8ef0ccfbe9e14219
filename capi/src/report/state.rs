//! What reports say of lists and sites alike.

use serde::Serialize;

use crate::error::ipgate_error;

use super::time::Time;

/// What a list or a site is called, and where it comes from.
#[derive(Debug, Serialize)]
pub(super) struct Source {
    pub(super) name: String,
    /// A path, or `inline`.
    pub(super) source: String,
    /// How often the path is looked at.
    pub(super) interval_ms: Option<u64>,
}

/// What there is to say of something that is in force, or that it never was.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum State<S> {
    InForce(S),
    Never(Never),
}

impl<S> State<S> {
    pub(super) fn in_force(&self) -> Option<&S> {
        match self {
            State::InForce(state) => Some(state),
            State::Never(_) => None,
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Never {
    last_result: &'static str,
    last_error: &'static str,
}

impl Never {
    pub(super) fn new(last_error: &'static str) -> Never {
        Never { last_result: "failed", last_error }
    }
}

/// Whether what is in force is what there is.
#[derive(Debug, Serialize)]
pub(super) struct Health {
    last_result: &'static str,
    /// Since it was good last.
    pub(super) failures: u64,
    pub(super) last_failure: Time,
    last_error: Option<String>,
    /// Bad pieces of the list that was taken last, which are not in force.
    pub(super) left_out: usize,
    pub(super) warnings: usize,
}

impl Health {
    pub(super) fn new(
        failures: u64,
        last_failure_micros: i64,
        last: &ipgate_error,
        warnings: &ipgate_error,
    ) -> Health {
        Health {
            last_result: if failures > 0 { "failed" } else { "ok" },
            failures,
            last_failure: Time(last_failure_micros),
            last_error: last.complaint(),
            left_out: warnings.error_count(),
            warnings: warnings.warning_count(),
        }
    }
}
