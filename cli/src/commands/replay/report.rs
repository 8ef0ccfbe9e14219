//! What is told of a log: totals, apps where hosts name them, and denied clients.

use std::io::{self, Write};

use ipgate::Shown;
use ipgate::site::AppName;
use serde::Serialize;

use super::judge::{Counts, Denied, Judged};
use super::tally::Tally;
use crate::args::LogForm;
use crate::output::{self, Failure, Out, count};

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Line<'r> {
    Totals {
        lines: u64,
        without_address: u64,
        #[serde(flatten)]
        counts: Counts,
    },
    App {
        app: Option<&'r str>,
        #[serde(flatten)]
        counts: Counts,
    },
    Client {
        #[serde(flatten)]
        denied: &'r Denied,
        /// Left out where hosts do not say whose clients they are.
        #[serde(skip_serializing_if = "Option::is_none")]
        app: Option<Option<&'r str>>,
    },
}

pub(super) fn write(out: &mut Out, tally: &Tally, judged: &[Judged], form: &LogForm) -> io::Result<()> {
    let all = Counts::of_all(judged);
    let lines = count(tally.lines, "line", "lines");
    writeln!(out, "# {lines}, {} without a {}", tally.without_address, form.needed())?;
    writeln!(out, "# allowed: {}", of_clients(all.allowed_lines, all.allowed_clients))?;
    writeln!(out, "# denied: {}", of_clients(all.denied_lines, all.denied_clients))?;
    for Judged { app, counts, denied } in judged {
        let mut start = String::new();
        if let Some(app) = app {
            let name = app.as_ref().map(|app| Shown(app.as_str()).to_string());
            let allowed = of_clients(counts.allowed_lines, counts.allowed_clients);
            let denied = of_clients(counts.denied_lines, counts.denied_clients);
            let of = name.as_ref().map_or_else(|| "no app".to_owned(), |name| format!("app {name}"));
            writeln!(out, "# {of}: allowed: {allowed}; denied: {denied}")?;
            start = format!("{}\t", name.as_deref().unwrap_or("-"));
        }
        for Denied { address, lines, prefix, label, .. } in denied {
            let label = label.as_deref().unwrap_or("-");
            match prefix {
                Some(prefix) => writeln!(out, "{start}{address}\t{lines}\t{prefix}\t{label}")?,
                None => writeln!(out, "{start}{address}\t{lines}\t-\t{label}")?,
            }
        }
    }
    Ok(())
}

fn of_clients(lines: u64, clients: usize) -> String {
    format!("{} of {}", count(lines, "line", "lines"), count(clients, "client", "clients"))
}

pub(super) fn write_json(out: &mut Out, tally: &Tally, judged: &[Judged]) -> Result<(), Failure> {
    let (lines, without_address) = (tally.lines, tally.without_address);
    output::json(out, &Line::Totals { lines, without_address, counts: Counts::of_all(judged) })?;
    for Judged { app, counts, denied } in judged {
        let app = app.as_ref().map(|app| app.as_ref().map(AppName::as_str));
        if let Some(app) = app {
            output::json(out, &Line::App { app, counts: *counts })?;
        }
        denied.iter().try_for_each(|denied| output::json(out, &Line::Client { denied, app }))?;
    }
    Ok(())
}
