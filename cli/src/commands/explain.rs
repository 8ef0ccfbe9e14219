//! `explain`: every entry that covers an address, which one decides, and why.

use std::io::{self, Write};
use std::net::IpAddr;
use std::time::SystemTime;

use ipgate::{
    Entry, Label, List, Mode, Reason, Shown, canonical_address, parse_address,
    table::{EntryRef, Origin},
};
use serde::Serialize;

use crate::addresses::{Answers, Place, answer_all};
use crate::args::{Form, Lists};
use crate::output::{self, Exit, Failure, Out, Outcome, action, complain, decision};
use crate::source::{self, Loaded};
use crate::stream::Client;

/// Everything there is to say about one address.
#[derive(Serialize)]
struct Explanation<'a> {
    address: &'a str,
    /// What matching looked up; another address for an IPv4-mapped one.
    canonical: IpAddr,
    decision: &'static str,
    #[serde(serialize_with = "output::as_text")]
    reason: Reason,
    #[serde(serialize_with = "output::as_text")]
    mode: Mode,
    /// The first one decides.
    covering: Vec<Covering>,
    /// Entries that would cover the address if they had not expired: often the answer to "why am I denied
    /// since today?".
    expired: Vec<Covering>,
}

/// One entry that covers the address, or did.
#[derive(Serialize)]
struct Covering {
    entry: String,
    prefix: String,
    action: &'static str,
    label: Option<String>,
    until: Option<String>,
    list: &'static str,
    source: Option<String>,
    line: Option<u32>,
    decides: bool,
    why: String,
}

impl Covering {
    fn place(&self) -> String {
        match (&self.source, self.line) {
            (Some(source), Some(line)) => format!("{}:{line}", Shown(source)),
            (Some(source), None) => Shown(source).to_string(),
            (None, _) => "-".to_owned(),
        }
    }
}

/// Explains one address after another.
struct Explainer {
    loaded: Loaded,
    out: Out,
    json: bool,
    /// Whether there is something above the next explanation.
    begun: bool,
    exit: Exit,
}

impl Answers for Explainer {
    fn answer(&mut self, text: &str, place: Place) -> Result<(), Failure> {
        let address = match parse_address(text) {
            Ok(address) => address,
            Err(error) => {
                complain(format_args!("{place}{error}; denied"));
                self.exit = Exit::Error;
                return Ok(());
            }
        };
        let lookup = self.loaded.table.lookup(address);
        self.exit = self.exit.max(Exit::of(lookup.is_allowed()));
        let entries: Vec<_> = self.loaded.table.covering(address).collect();
        let app_precedes = self.loaded.table.app_precedes();
        let explanation = Explanation {
            address: text,
            canonical: address,
            decision: decision(lookup.reason()),
            reason: lookup.reason(),
            mode: self.loaded.mode,
            covering: entries.iter().map(|entry| covering(entry, entries.first(), app_precedes)).collect(),
            expired: expired(&self.loaded, address),
        };
        if self.json {
            return output::json(&mut self.out, &explanation);
        }
        if std::mem::replace(&mut self.begun, true) {
            writeln!(self.out)?;
        }
        Ok(write(&mut self.out, &explanation, &self.loaded)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

pub(crate) fn run(lists: &Lists, addresses: &[Client], Form { json }: Form) -> Outcome {
    let loaded = source::load(lists)?;
    let mut explainer = Explainer { loaded, out: output::stdout(), json, begun: false, exit: Exit::Yes };
    answer_all(addresses, &mut explainer)?;
    Ok(explainer.exit)
}

/// An entry that covers the address, where `decides` is the one that decides of all these, and `app_precedes` says
/// whether one of the app list does before any of the default list.
fn covering(entry: &EntryRef<'_>, decides: Option<&EntryRef<'_>>, app_precedes: bool) -> Covering {
    let place = |entry: &EntryRef<'_>| (entry.prefix(), entry.origin(), entry.line());
    let first = decides.filter(|first| place(first) != place(entry));
    let why = match first {
        None if app_precedes => match entry.origin() {
            Origin::App => {
                "decides: the app list precedes, and no longer prefix of it covers the address".to_owned()
            }
            Origin::Default => {
                "decides: no entry of the app list covers the address, and no longer prefix does".to_owned()
            }
        },
        Some(first) if app_precedes && first.origin() != entry.origin() => {
            format!("yields to the app list, which precedes the default list, by its {}", first.prefix())
        }
        None => "decides: no longer prefix covers the address".to_owned(),
        Some(first) if first.prefix() != entry.prefix() => {
            format!("yields to the longer prefix {}", first.prefix())
        }
        Some(first) if first.origin() != entry.origin() => {
            "yields to the app list, which wins on equal prefixes".to_owned()
        }
        Some(_) => "yields to a later entry with the same prefix".to_owned(),
    };
    Covering {
        entry: entry.to_string(),
        prefix: entry.prefix().to_string(),
        action: action(entry.action()),
        label: entry.label().map(str::to_owned),
        until: entry.until().map(|until| until.to_string()),
        list: list_name(entry.origin()),
        source: entry.source().map(str::to_owned),
        line: entry.line(),
        decides: first.is_none(),
        why,
    }
}

/// The entries that would cover the address if they had not expired, of the lists that count.
fn expired(loaded: &Loaded, address: IpAddr) -> Vec<Covering> {
    let now = SystemTime::now();
    let overridden = loaded.mode == Mode::Override && loaded.app.is_some();
    let default = loaded.default.as_deref().filter(|_| !overridden);
    let lists = [(Origin::App, loaded.app.as_deref()), (Origin::Default, default)];
    let mut all = Vec::new();
    for (origin, list) in lists.into_iter().filter_map(|(origin, list)| Some((origin, list?))) {
        let is_expired = |entry: &&Entry| entry.prefix().contains(&address) && !entry.is_live(now);
        all.extend(list.entries().iter().filter(is_expired).map(|entry| Covering {
            entry: entry.to_string(),
            prefix: entry.prefix().to_string(),
            action: action(entry.action()),
            label: entry.label().map(Label::to_string),
            until: entry.until().map(|until| until.to_string()),
            list: list_name(origin),
            source: list.source().map(str::to_owned),
            line: entry.position().map(|at| at.line),
            decides: false,
            why: "has expired".to_owned(),
        }));
    }
    all
}

fn list_name(origin: Origin) -> &'static str {
    match origin {
        Origin::Default => "default",
        Origin::App => "app",
    }
}

fn write(out: &mut Out, explanation: &Explanation<'_>, loaded: &Loaded) -> io::Result<()> {
    let Explanation { address, canonical, covering, expired, .. } = explanation;
    let verdict = if explanation.reason.is_allowed() { "allowed" } else { "denied" };
    writeln!(out, "{canonical} is {verdict}: {}.", because(explanation, loaded))?;
    if address.parse().is_ok_and(|given: IpAddr| canonical_address(given) != given) {
        writeln!(out, "{address} is an IPv4-mapped address: it stands for the IPv4 client {canonical}.")?;
    }
    if let Some(site) = &loaded.site {
        writeln!(out, "{site}")?;
    }
    writeln!(out, "{}", lists(loaded))?;
    if !covering.is_empty() {
        writeln!(out, "\nEntries that cover {canonical}, the one that decides first:")?;
        write_entries(out, covering)?;
    }
    if !expired.is_empty() {
        writeln!(out, "\nEntries that would cover {canonical} if they had not expired:")?;
        write_entries(out, expired)?;
    }
    Ok(())
}

/// Entries in columns.
fn write_entries(out: &mut Out, entries: &[Covering]) -> io::Result<()> {
    let width = |of: fn(&Covering) -> usize| entries.iter().map(of).max().unwrap_or_default();
    let entry_width = width(|entry| entry.entry.chars().count());
    let place_width = width(|entry| entry.place().chars().count());
    for entry in entries {
        let mark = if entry.decides { '*' } else { ' ' };
        let Covering { entry: text, action, why, .. } = entry;
        let place = entry.place();
        writeln!(out, "{mark} {text:entry_width$}  {action:5}  {place:place_width$}  {why}")?;
    }
    Ok(())
}

/// The reason in words.
fn because(explanation: &Explanation<'_>, loaded: &Loaded) -> String {
    let decides = explanation
        .covering
        .first()
        .map_or_else(String::new, |first| format!("`{}` ({})", first.entry, first.place()));
    match explanation.reason {
        Reason::AllowEntry => format!("the entry {decides} lets it in"),
        Reason::DenyEntry => format!("the deny entry {decides} keeps it out"),
        Reason::NoEntry => "no entry covers it".to_owned(),
        Reason::NoList if loaded.site.is_some() => {
            "no list is set, and the site requires one (`enforce`)".to_owned()
        }
        Reason::NoList => "no list is set, and --enforce requires one".to_owned(),
        Reason::NoGate => "no list is set, and none is required".to_owned(),
        other => other.to_string(),
    }
}

/// Which lists were looked at, and how they combine.
fn lists(loaded: &Loaded) -> String {
    let name = |list: &List| {
        let entries = output::count(list.len(), "entry", "entries");
        format!("{} ({entries})", list.source().unwrap_or("-"))
    };
    if let Some(image) = &loaded.image {
        let entries = output::count(loaded.table.len(), "entry", "entries");
        let precedes = if loaded.table.app_precedes() {
            " Mode precede: its app list decides wherever an entry of it covers the address, its default list elsewhere."
        } else {
            ""
        };
        return format!("The table is the image {image} ({entries}).{precedes}");
    }
    match (loaded.default.as_deref(), loaded.app.as_deref(), loaded.mode) {
        (None, None, _) => "There is no list.".to_owned(),
        (None, Some(only), _) => format!("The list is {}.", name(only)),
        (Some(only), None, _) => format!("The list is the default list, {}.", name(only)),
        (Some(default), Some(app), Mode::Extend) => {
            format!(
                "Mode extend: the list {} and the default list {} count together.",
                name(app),
                name(default)
            )
        }
        (Some(default), Some(app), Mode::Override) => {
            format!(
                "Mode override: the list {} counts alone, the default list {} does not.",
                name(app),
                name(default)
            )
        }
        (Some(default), Some(app), Mode::Precede) => {
            format!(
                "Mode precede: the list {} decides wherever an entry of it covers the address, the default list {} \
                 elsewhere.",
                name(app),
                name(default)
            )
        }
    }
}
