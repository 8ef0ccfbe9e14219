//! What decides about the clients of a log, and what it says of each.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use ipgate::ipnet::IpNet;
use ipgate::site::{AppName, SiteSnapshot};
use ipgate::table::EntryRef;
use ipgate::{Reason, Table};
use serde::Serialize;

use super::tally::{Clients, Tally};
use crate::args::{Lists, LogForm};
use crate::output::{self, Failure, decision};
use crate::{site, source};

/// What decides: one policy for all lines, or that of the app to which a line's host belongs.
pub(super) enum Policies {
    One(Box<Table>),
    Apps(Apps),
}

/// The apps of a site by numbers. Number 0 is for hosts that the site does not name.
pub(super) struct Apps {
    site: Arc<SiteSnapshot>,
    names: Vec<AppName>,
    numbers: HashMap<AppName, usize>,
}

/// What was said of the clients of one app.
pub(super) struct Judged {
    /// Whose they are, where hosts say so: an app's, or nobody's.
    pub(super) app: Option<Option<AppName>>,
    pub(super) counts: Counts,
    /// The most frequent first.
    pub(super) denied: Vec<Denied>,
}

#[derive(Serialize, Default, Clone, Copy)]
pub(super) struct Counts {
    pub(super) allowed_lines: u64,
    pub(super) denied_lines: u64,
    pub(super) allowed_clients: usize,
    pub(super) denied_clients: usize,
}

/// A client that would be denied.
#[derive(Serialize)]
pub(super) struct Denied {
    pub(super) address: IpAddr,
    pub(super) lines: u64,
    decision: &'static str,
    #[serde(serialize_with = "output::as_text")]
    reason: Reason,
    #[serde(serialize_with = "output::maybe_text")]
    pub(super) prefix: Option<IpNet>,
    pub(super) label: Option<String>,
}

impl Policies {
    pub(super) fn load(lists: &Lists, form: &LogForm) -> Result<Policies, Failure> {
        if form.host_field.is_none() {
            return Ok(Policies::One(source::load(lists)?.table.into()));
        }
        let Some(folder) = &lists.site.site else { return Err(site::without_site("--host-field")) };
        let site = site::snapshot(folder, &lists.around, lists.reading)?;
        let mut names: Vec<AppName> = site.apps().map(|app| app.name.clone()).collect();
        names.sort_unstable();
        let numbers = names.iter().cloned().zip(1..).collect();
        Ok(Policies::Apps(Apps { site, names, numbers }))
    }

    /// How many there are: their numbers are those below.
    pub(super) fn count(&self) -> usize {
        match self {
            Policies::One(_) => 1,
            Policies::Apps(apps) => 1 + apps.names.len(),
        }
    }

    /// The number of the policy that decides for a request with that host.
    pub(super) fn of_host(&self, host: &str) -> usize {
        match self {
            Policies::One(_) => 0,
            Policies::Apps(apps) => {
                apps.site.host(host).and_then(|app| apps.numbers.get(app)).map_or(0, |n| *n)
            }
        }
    }

    /// What becomes of all clients. Of apps, those that have any, the one of which the most lines are denied first.
    pub(super) fn judge(&self, tally: &Tally) -> Vec<Judged> {
        let Policies::Apps(apps) = self else {
            return tally.apps.iter().map(|clients| self.judge_one(None, clients)).collect();
        };
        let names = std::iter::once(None).chain(apps.names.iter().cloned().map(Some));
        let with_clients = names.zip(&tally.apps).filter(|(_, clients)| !clients.is_empty());
        let judged = with_clients.map(|(name, clients)| self.judge_one(Some(name), clients));
        let mut judged: Vec<Judged> = judged.collect();
        judged.sort_by_key(|of_app| Reverse(of_app.counts.denied_lines)); // by name where that is the same
        judged
    }

    fn judge_one(&self, app: Option<Option<AppName>>, clients: &Clients) -> Judged {
        let mut counts = Counts::default();
        let mut denied = Vec::new();
        let (addresses, lines): (Vec<IpAddr>, Vec<u64>) = clients.iter().unzip();
        // No app has the empty name.
        let name = app.as_ref().and_then(Option::as_ref).map_or("", AppName::as_str);
        let reasons: Vec<Reason> = match self {
            Policies::One(table) => table.lookup_many(&addresses).map(|of| of.reason()).collect(),
            Policies::Apps(apps) => addresses.iter().map(|at| apps.site.check(name, *at).reason()).collect(),
        };
        for ((&address, lines), reason) in addresses.iter().zip(lines).zip(reasons) {
            if reason.is_allowed() {
                counts.allowed_lines += lines;
                counts.allowed_clients += 1;
                continue;
            }
            counts.denied_lines += lines;
            counts.denied_clients += 1;
            denied.push(match self {
                Policies::One(table) => Denied::by(table.matched(address), address, lines, reason),
                Policies::Apps(apps) => {
                    Denied::by(apps.site.check(name, address).entry(), address, lines, reason)
                }
            });
        }
        denied.sort_unstable_by_key(|client| (Reverse(client.lines), client.address));
        Judged { app, counts, denied }
    }
}

impl Denied {
    fn by(entry: Option<EntryRef<'_>>, address: IpAddr, lines: u64, reason: Reason) -> Denied {
        let (prefix, label) = (entry.map(|entry| entry.prefix()), entry.and_then(|entry| entry.label()));
        Denied { address, lines, decision: decision(reason), reason, prefix, label: label.map(str::to_owned) }
    }
}

impl Counts {
    /// Those of all apps together. A client of two apps is two clients.
    pub(super) fn of_all(judged: &[Judged]) -> Counts {
        judged.iter().fold(Counts::default(), |all, Judged { counts, .. }| Counts {
            allowed_lines: all.allowed_lines + counts.allowed_lines,
            denied_lines: all.denied_lines + counts.denied_lines,
            allowed_clients: all.allowed_clients + counts.allowed_clients,
            denied_clients: all.denied_clients + counts.denied_clients,
        })
    }
}
