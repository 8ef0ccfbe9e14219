//! A line for each app.

use std::fmt;
use std::io::Write;

use ipgate::Shown;
use ipgate::space::Space;
use serde::Serialize;

use super::compare::{Before, Compared};
use super::values::{Access, Gate};
use crate::output::{self, Counts, Failure, Out};

#[derive(Serialize)]
struct Line<'a> {
    app: &'a str,
    before: State,
    after: State,
    same: bool,
    gained: Vec<String>,
    lost: Vec<String>,
    addresses_gained: Counts,
    addresses_lost: Counts,
    why: &'a [String],
}

/// What a router does for an app.
#[derive(Serialize)]
struct State {
    state: &'static str,
    entries: Option<usize>,
    /// Who is let in; not where everyone is, and where it is not known.
    prefixes: Option<Vec<String>>,
    addresses: Option<Counts>,
    /// Of a router that is stuck, what would be in force otherwise.
    otherwise: Option<Box<State>>,
}

pub(super) fn write_json(out: &mut Out, compared: &Compared<'_>) -> Result<(), Failure> {
    let Compared { name, before, after, is_same, gained, lost, why } = compared;
    let line = Line {
        app: name,
        before: State::of_before(before),
        after: State::of(after),
        same: *is_same,
        gained: prefixes(gained),
        lost: prefixes(lost),
        addresses_gained: Counts::of(gained),
        addresses_lost: Counts::of(lost),
        why,
    };
    output::json(out, &line)
}

pub(super) fn write_text(out: &mut Out, compared: &Compared<'_>) -> Result<(), Failure> {
    let Compared { name, before, after, why, .. } = compared;
    let why = if why.is_empty() { "-".to_owned() } else { why.join("; and ") };
    Ok(writeln!(out, "{}\t{before}\t{after}\t{why}", Shown(name))?)
}

impl State {
    fn new(state: &'static str) -> State {
        State { state, entries: None, prefixes: None, addresses: None, otherwise: None }
    }

    fn of(access: &Access) -> State {
        match access.gate {
            Gate::Open => State::new("open"),
            Gate::Closed => State::new("nobody"),
            Gate::List(entries) => State {
                entries: Some(entries),
                prefixes: Some(prefixes(&access.space)),
                addresses: Some(Counts::of(&access.space)),
                ..State::new("list")
            },
        }
    }

    fn of_before(before: &Before) -> State {
        match before {
            Before::Unrouted => State::new("unrouted"),
            Before::Stuck(would) => {
                State { otherwise: would.as_ref().map(State::of).map(Box::new), ..State::new("stuck") }
            }
            Before::Does(access) => State::of(access),
        }
    }
}

fn prefixes(space: &Space) -> Vec<String> {
    space.prefixes().map(|prefix| prefix.to_string()).collect()
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.gate {
            Gate::Open => f.write_str("open"),
            Gate::Closed => f.write_str("nobody"),
            Gate::List(entries) => {
                let entries = output::count(entries, "entry", "entries");
                write!(f, "list: {entries}, {} IPv4, {} IPv6", self.space.v4_count(), self.space.v6_count())
            }
        }
    }
}

impl fmt::Display for Before {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Before::Unrouted => f.write_str("unrouted"),
            Before::Stuck(None) => f.write_str("stuck"),
            Before::Stuck(Some(would)) => write!(f, "stuck, otherwise {would}"),
            Before::Does(access) => access.fmt(f),
        }
    }
}
