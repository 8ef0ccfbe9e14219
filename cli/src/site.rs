//! Sites: the policy of one of their apps, and all of them in a table.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use ipgate::list::ReadError;
use ipgate::site::{App, AppName, ListSlot, ParsedSite, Problem, Site, SiteGate, SiteParser, SiteSnapshot};
use ipgate::{List, Mode, Shown, ShownPath};
use serde::Serialize;

use crate::args::{Around, OfSite, Reading};
use crate::output::{self, Exit, Failure, Outcome, complain, count};
use crate::source::{self, Loaded};
use crate::stream::Input;

/// Reads a folder; what is wrong with the lists of apps is not told.
fn read(folder: &Path, reading: Reading) -> Result<ParsedSite, Failure> {
    let parsed = SiteParser::new().lists(source::parser(reading)).read(folder);
    parsed.map_err(|error| Failure::Told(error.to_string()))
}

/// What is said of an option that names an app where no site is given.
pub(crate) fn without_site(option: &str) -> Failure {
    Failure::Told(format!("{option} is of a site; give its folder with --site FOLDER"))
}

fn refuse_around(folder: &Path, around: &Around) -> Result<(), Failure> {
    if around.default.is_none() && !around.enforce && around.mode == Mode::default() {
        return Ok(());
    }
    let site = ShownPath(folder);
    Err(Failure::Told(format!("{site} is a site, which says --default, --mode and --enforce itself")))
}

/// The policy of the app that the options name.
pub(crate) fn load(folder: &Path, of: &OfSite, around: &Around, reading: Reading) -> Result<Loaded, Failure> {
    refuse_around(folder, around)?;
    let parsed = read(folder, reading)?;
    parsed.strange.iter().for_each(complain);
    let name = app_name(&parsed.site, folder, of)?;
    let name = name.as_ref();
    let rejected = |of: &Option<AppName>| of.is_none() || of.as_ref() == name;
    if let Some((_, error)) = parsed.rejected.iter().find(|(of, _)| rejected(of)) {
        return Err(match error {
            ReadError::Rejected { path, rejected } => {
                source::tell_rejected(&ShownPath(path).to_string(), rejected)
            }
            ReadError::Io { path, error } => source::cannot_read(ShownPath(path), error),
            other => Failure::Told(other.to_string()),
        });
    }
    if !parsed.rejected.is_empty() {
        let lists = count(parsed.rejected.len(), "list of another app is", "lists of other apps are");
        complain(format_args!("{lists} rejected, which `ipgate lint {}` shows", ShownPath(folder)));
    }
    let site = &parsed.site;
    let app = name.and_then(|name| site.apps().get(name));
    let slots = [Some(site.default_list()), app.map(App::list)];
    if slots.contains(&Some(&ListSlot::Waiting)) {
        let site = ShownPath(folder);
        return Err(Failure::Told(format!(
            "{site} waits for a list of this app: everyone is denied until it comes"
        )));
    }
    let [default, own] = slots.map(|slot| slot.and_then(ListSlot::list));
    if default.is_none() && own.is_none() && !site.is_enforced() {
        complain(format_args!(
            "{}: there is no list for this app, and none is required (`enforce`): everyone is allowed",
            ShownPath(folder)
        ));
    }
    let mode = app.and_then(App::mode).unwrap_or(site.mode());
    let named = match (name, app) {
        (Some(name), Some(_)) => {
            format!("The app is {} of the site {}.", Shown(name.as_str()), ShownPath(folder))
        }
        (Some(name), None) => format!(
            "The site {} names no app {}: it has no list of its own.",
            ShownPath(folder),
            Shown(name.as_str())
        ),
        (None, _) => {
            format!("The site {} names no app for that host: there is no list of its own.", ShownPath(folder))
        }
    };
    Ok(Loaded { site: Some(named), ..source::compiled(default, own, mode, site.is_enforced()) })
}

/// All of a site. What is said of all of its apps must leave none out, so that each of its lists has to be taken.
pub(crate) fn read_whole(folder: &Path, reading: Reading) -> Result<Site, Failure> {
    let ParsedSite { site, reports, rejected, strange } = read(folder, reading)?;
    strange.iter().for_each(complain);
    for (path, report) in reports.iter().filter(|(_, report)| report.error_count() > 0) {
        let errors = count(report.error_count(), "error", "errors");
        complain(format_args!("{}: what has errors is left out: {errors}", ShownPath(path)));
    }
    refuse_rejected(folder, rejected.len()).map(|()| site)
}

/// A site that is taken whole, without options that make a policy around it.
pub(crate) fn alone(folder: &Path, around: &Around, reading: Reading) -> Result<Site, Failure> {
    refuse_around(folder, around)?;
    read_whole(folder, reading)
}

/// All of a site, ready to be asked about each of its apps.
pub(crate) fn snapshot(
    folder: &Path,
    around: &Around,
    reading: Reading,
) -> Result<Arc<SiteSnapshot>, Failure> {
    let site = alone(folder, around, reading)?;
    if site.default_list().is_unset() && !site.is_enforced() {
        complain(format_args!(
            "{}: there is no default list, and none is required (`enforce`): apps without a list of their own allow everyone",
            ShownPath(folder)
        ));
    }
    let gate = SiteGate::new(&site).map_err(|refused| format!("{}: {refused}", ShownPath(folder)))?;
    Ok(gate.snapshot())
}

fn refuse_rejected(folder: &Path, rejected: usize) -> Result<(), Failure> {
    if rejected == 0 {
        return Ok(());
    }
    let lists = count(rejected, "list is", "lists are");
    Err(Failure::Told(format!("{lists} rejected, which `ipgate lint {}` shows", ShownPath(folder))))
}

/// The app that is meant; none for a host that the site does not name.
fn app_name(site: &Site, folder: &Path, of: &OfSite) -> Result<Option<AppName>, Failure> {
    match (&of.app, &of.host) {
        (Some(name), _) => Ok(Some(name.clone())),
        (None, Some(host)) => Ok(site.app_of_host(host).cloned()),
        (None, None) => {
            let sentence = format!(
                "{} is a site; name one of its apps with --app NAME or --host HOST",
                ShownPath(folder)
            );
            Err(Failure::Told(sentence))
        }
    }
}

/// The list of the app that the options name.
pub(crate) fn list(folder: &Path, of: &OfSite, reading: Reading) -> Result<Arc<List>, Failure> {
    let Loaded { app, .. } = load(folder, of, &Around::default(), reading)?;
    app.ok_or_else(|| Failure::Told("the app has no list of its own".to_owned()))
}

/// The same files, with all lists of a site in the place of its folder; and what is wrong with sites beside their lists.
pub(crate) fn files(inputs: &[Input]) -> (Vec<Input>, Vec<Problem>) {
    let (mut files, mut problems) = (Vec::new(), Vec::new());
    for input in inputs {
        match input {
            Input::File(folder) if SiteParser::is_site(folder) => match SiteParser::new().files(folder) {
                Ok((lists, strange)) => {
                    files.extend(lists.into_iter().map(Input::File));
                    problems.extend(strange);
                }
                Err(error) => problems.extend(error.problems().iter().cloned()),
            },
            other => files.push(other.clone()),
        }
    }
    (files, problems)
}

#[derive(Serialize)]
struct AppLine<'a> {
    app: &'a str,
    list: &'static str,
    entries: Option<usize>,
    mode: &'static str,
    hosts: Vec<&'a str>,
}

/// All apps of a site, a line each.
pub(crate) fn apps(folder: &Path, reading: Reading, json: bool) -> Outcome {
    let ParsedSite { site, rejected, .. } = read(folder, reading)?;
    let mut out = output::stdout();
    for (name, app) in site.apps() {
        let line = AppLine {
            app: name.as_str(),
            list: match app.list() {
                ListSlot::Unset => "unset",
                ListSlot::Waiting if rejected.is_empty() => "waiting", // an image says so
                ListSlot::Waiting => "rejected",
                ListSlot::List(_) | ListSlot::Table(_) => "set",
            },
            entries: app.list().entry_count(),
            mode: app.mode().unwrap_or(site.mode()).as_str(),
            hosts: app.hosts().iter().map(|host| host.as_str()).collect(),
        };
        if json {
            output::json(&mut out, &line)?;
            continue;
        }
        let entries = match (line.list, line.entries) {
            (_, Some(entries)) => entries.to_string(),
            ("unset", None) => "-".to_owned(),
            (state, None) => state.to_owned(),
        };
        let hosts = if line.hosts.is_empty() { "-".to_owned() } else { line.hosts.join(",") };
        writeln!(out, "{}\t{entries}\t{}\t{hosts}", Shown(line.app), line.mode)?;
    }
    out.flush()?;
    refuse_rejected(folder, rejected.len()).map(|()| Exit::Yes)
}
