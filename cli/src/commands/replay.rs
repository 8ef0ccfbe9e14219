//! `replay`: what lists would do to the clients of an access log.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::IpAddr;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use ipgate::ipnet::IpNet;
use ipgate::{Reason, Table};
use serde::Serialize;

use crate::args::{Form, Lists, LogForm};
use crate::lines::{Line, Lines};
use crate::output::{self, Exit, Failure, Out, Outcome, complain, count, decision};
use crate::source::{self, cannot_read};
use crate::stream::{Input, STDIN};

/// How many lines without a usable address are named.
const NAMED: u64 = 5;
/// Lines counted by client.
#[derive(Default)]
struct Tally {
    clients: HashMap<IpAddr, u64>,
    lines: u64,
    without_address: u64,
}

impl Tally {
    fn add(&mut self, line: &Line<'_>, form: &LogForm) {
        self.lines += 1;
        if line.cut {
            let max = Lines::<&[u8]>::MAX;
            return self
                .without(|| format!("line {} is longer than {max} bytes and is not looked at", line.number));
        }
        match form.client(line.bytes) {
            Ok(address) => *self.clients.entry(address).or_default() += 1,
            Err(trouble) => self.without(|| trouble.sentence(line.number, form)),
        }
    }

    fn without(&mut self, sentence: impl FnOnce() -> String) {
        self.without_address += 1;
        if self.without_address <= NAMED {
            complain(sentence());
        }
    }
}

/// A client that would be denied.
#[derive(Serialize)]
struct Denied<'t> {
    address: IpAddr,
    lines: u64,
    decision: &'static str,
    #[serde(serialize_with = "output::as_text")]
    reason: Reason,
    #[serde(serialize_with = "output::maybe_text")]
    prefix: Option<IpNet>,
    label: Option<&'t str>,
}

#[derive(Serialize, Default)]
struct Totals {
    lines: u64,
    without_address: u64,
    allowed_lines: u64,
    denied_lines: u64,
    allowed_clients: usize,
    denied_clients: usize,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Report<'r, 't> {
    Totals(&'r Totals),
    Client(&'r Denied<'t>),
}

pub(crate) fn run(lists: &Lists, log_form: &LogForm, log: &Input, form: Form) -> Outcome {
    let table = source::load(lists)?.table;
    let tally = match log {
        Input::Stdin => read(STDIN, io::stdin().lock(), progress(None), log_form)?,
        Input::File(path) => {
            let file = source::open(path)?;
            let length = file.metadata().map_or(0, |metadata| metadata.len());
            let progress = progress(Some(length).filter(|length| *length > 0));
            read(&log.to_string(), file, progress, log_form)?
        }
    };
    let (totals, denied) = judge(&table, &tally);
    let mut out = output::stdout();
    match form.json {
        true => write_json(&mut out, &totals, &denied)?,
        false => write(&mut out, &totals, &denied)?,
    }
    out.flush()?;
    if tally.without_address > NAMED {
        let more = count(tally.without_address - NAMED, "line has", "lines have");
        complain(format_args!("{more} no usable address either"));
    }
    if tally.lines > 0 && tally.clients.is_empty() {
        let option = if log_form.json_key.is_some() { "--json-key" } else { "--client-field" };
        let sentence = format!("no line has a usable address: is {option} right, and the log plain text?");
        return Err(Failure::Told(sentence));
    }
    Ok(Exit::Yes)
}

fn read(name: &str, log: impl Read, progress: ProgressBar, form: &LogForm) -> Result<Tally, Failure> {
    let mut lines = Lines::new(progress.wrap_read(log));
    let mut tally = Tally::default();
    while let Some(line) = lines.next().map_err(|error| cannot_read(name, &error))? {
        tally.add(&line, form);
    }
    progress.finish_and_clear();
    Ok(tally)
}

/// A bar on standard error where that is a terminal, and nothing elsewhere.
fn progress(length: Option<u64>) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr());
    let template = match length {
        Some(_) => "{wide_bar} {bytes}/{total_bytes} {binary_bytes_per_sec} {eta}",
        None => "{spinner} {bytes} {binary_bytes_per_sec}",
    };
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar, // its own style will do
    }
}

/// Totals, and the denied clients, the most frequent first.
fn judge<'t>(table: &'t Table, tally: &Tally) -> (Totals, Vec<Denied<'t>>) {
    let mut totals =
        Totals { lines: tally.lines, without_address: tally.without_address, ..Totals::default() };
    let mut denied = Vec::new();
    let (addresses, lines): (Vec<IpAddr>, Vec<u64>) = tally.clients.iter().unzip();
    let decisions = table.lookup_many(&addresses);
    for ((&address, lines), reason) in addresses.iter().zip(lines).zip(decisions.map(|of| of.reason())) {
        if reason.is_allowed() {
            totals.allowed_lines += lines;
            totals.allowed_clients += 1;
            continue;
        }
        totals.denied_lines += lines;
        totals.denied_clients += 1;
        let entry = table.matched(address);
        let (prefix, label) = (entry.map(|entry| entry.prefix()), entry.and_then(|entry| entry.label()));
        denied.push(Denied { address, lines, decision: decision(reason), reason, prefix, label });
    }
    denied.sort_unstable_by_key(|client| (Reverse(client.lines), client.address));
    (totals, denied)
}

fn write(out: &mut Out, totals: &Totals, denied: &[Denied<'_>]) -> io::Result<()> {
    writeln!(
        out,
        "# {}, {} without a usable address",
        count(totals.lines, "line", "lines"),
        totals.without_address
    )?;
    let clients = |n: usize| count(n, "client", "clients");
    writeln!(
        out,
        "# allowed: {} of {}",
        count(totals.allowed_lines, "line", "lines"),
        clients(totals.allowed_clients)
    )?;
    writeln!(
        out,
        "# denied: {} of {}",
        count(totals.denied_lines, "line", "lines"),
        clients(totals.denied_clients)
    )?;
    for Denied { address, lines, prefix, label, .. } in denied {
        let label = label.unwrap_or("-");
        match prefix {
            Some(prefix) => writeln!(out, "{address}\t{lines}\t{prefix}\t{label}")?,
            None => writeln!(out, "{address}\t{lines}\t-\t{label}")?,
        }
    }
    Ok(())
}

fn write_json(out: &mut Out, totals: &Totals, denied: &[Denied<'_>]) -> Result<(), Failure> {
    output::json(out, &Report::Totals(totals))?;
    denied.iter().try_for_each(|client| output::json(out, &Report::Client(client)))
}
